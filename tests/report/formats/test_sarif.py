"""`harness.sarif` keeps the schema of SARIF 2.1.0 and GitHub's limits, and points at the TOML."""

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from harness.known.model import KnownDeviation
from harness.report.formats.sarif import MOST_RESULTS, sarif
from harness.report.formats.toml_places import promise_place, repository
from harness.spec.catalogue import catalogue_of
from tests.known.entries import N_RANGE, known
from tests.report import builders as b
from tests.report.formats import judged as j
from tests.report.formats.schemas import sarif_log
from tests.report.test_known import conclude

PROVIDERS = Path(__file__).parents[3] / "harness" / "providers"


def run_of(text: str) -> Any:  # noqa: ANN401 - JSON
    (run,) = sarif_log(text)["runs"]
    return run


def test_each_finding_is_a_result_at_the_line_of_its_promise() -> None:
    run = run_of(sarif(j.sample()))
    places = [each["locations"][0]["physicalLocation"] for each in run["results"]]
    rows = (PROVIDERS / "sub2api.toml").read_text("utf-8").splitlines()

    assert [each["ruleId"] for each in run["results"]] == [
        "sub2api/generate/n.range",
        "sub2api/generate/size.multiple_of",
    ]
    assert {each["artifactLocation"]["uri"] for each in places} == {
        "harness/providers/sub2api.toml"
    }
    for place, rule in zip(places, ("range", "multiple_of"), strict=True):
        row = rows[place["region"]["startLine"] - 1]
        assert row.startswith(rule)
        assert place["region"]["snippet"]["text"] == " ".join(row.split())


def test_a_rule_words_the_promise_and_quotes_the_document() -> None:
    run = run_of(sarif(j.sample()))
    rules = run["tool"]["driver"]["rules"]
    rule = rules[[each["id"] for each in rules].index("sub2api/generate/n.range")]
    entry = j.entries()["sub2api"].provider.operation("generate").constraint("n.range")
    assert entry is not None

    assert rule["shortDescription"]["text"] == entry.describe()
    assert entry.rule.quote.split()[0] in rule["fullDescription"]["text"]
    assert "repeat.sh" in rule["help"]["text"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_what_repeats_a_finding_and_how_the_run_ended_are_in_the_log() -> None:
    run = run_of(sarif(j.sample()))
    invocation = run["invocations"][0]

    assert invocation["exitCode"] == 1
    assert invocation["executionSuccessful"] is True
    assert invocation["startTimeUtc"] == "2026-12-01T09:30:00Z"
    assert "curl -sS" in run["results"][0]["properties"]["request"]
    assert run["automationDetails"]["id"].startswith("image-provider-harness/cassettes/")


def test_a_fingerprint_is_the_same_in_every_run_and_another_for_each_promise() -> None:
    def marks(run: Any) -> list[Any]:  # noqa: ANN401 - JSON
        return [each["partialFingerprints"] for each in run["results"]]

    first = j.sample()
    header = replace(first.report.header, run="another", created="2027-01-01T00:00:00Z")
    second = replace(first, report=replace(first.report, header=header))

    assert marks(run_of(sarif(first))) == marks(run_of(sarif(second)))
    assert len({json.dumps(each) for each in marks(run_of(sarif(first)))}) == 2


@pytest.mark.parametrize(
    ("standing", "level"), [("confirmed", "error"), ("flaky", "warning"), ("unconfirmed", "note")]
)
def test_a_level_follows_from_how_sure_a_finding_is(standing: Any, level: str) -> None:  # noqa: ANN401 - a literal
    served = b.record(b.case(expect="refuse", breaks="n.range"), b.images(11))
    finding = replace(b.finding(served), standing=standing)
    run = run_of(sarif(j.judged(b.report([served], [], [finding]))))

    assert [each["level"] for each in run["results"]] == [level]


def test_a_known_deviation_is_suppressed_with_its_reason() -> None:
    (result,) = run_of(sarif(j.concluded(conclude(N_RANGE))))["results"]
    (suppression,) = result["suppressions"]

    assert result["level"] == "note"
    assert suppression["kind"] == "external"
    assert N_RANGE.reason in suppression["justification"]


@pytest.mark.parametrize(
    ("entry", "broken", "state"),
    [(N_RANGE, False, "stale"), (known(expires="2000-01-01"), True, "expired")],
)
def test_a_known_deviation_that_fails_a_build_is_an_error(
    entry: KnownDeviation,
    broken: bool,  # noqa: FBT001 - a parameter of the test
    state: str,
) -> None:
    run = run_of(sarif(j.concluded(conclude(entry, broken=broken))))

    assert run["results"][0]["ruleId"] == f"known-deviation/{state}"
    assert run["results"][0]["level"] == "error"


@pytest.mark.parametrize("records", [[], [b.record(b.case(), b.images())]])
def test_a_clean_or_empty_run_has_no_result(records: list[Any]) -> None:
    run = run_of(sarif(j.judged(b.report(records))))

    assert run["results"] == []
    assert run["tool"]["driver"]["rules"] == []


def test_more_findings_than_github_shows_are_counted() -> None:
    log = json.loads(sarif(j.broken("served", times=MOST_RESULTS + 7)))  # the schema takes 3 s
    (run,) = log["runs"]
    said = [each["message"]["text"] for each in run["invocations"][0]["toolExecutionNotifications"]]

    assert len(run["results"]) == MOST_RESULTS
    assert any(each.startswith("8 more results left out") for each in said)


def test_results_that_github_would_not_take_for_their_size_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("harness.report.formats.sarif.MOST_BYTES", 5_000)
    text = sarif(j.broken("served", times=300))
    left = 301 - len(run_of(text)["results"])

    assert len(gzip.compress(text.encode())) < 8_000
    assert 0 < left < 300
    assert f"{left} more results left out" in text


@given(j.HOSTILE)
@settings(max_examples=25)
def test_any_text_of_a_provider_keeps_the_schema_and_links_nothing(text: str) -> None:
    log = sarif(j.broken(text))
    run = run_of(log)

    assert len(run["results"]) == 2
    assert "](" not in "".join(each["message"]["text"] for each in run["results"])
    assert "\x1b" not in log


def test_a_megabyte_of_text_is_cut() -> None:
    assert len(sarif(j.broken(j.MEGABYTE))) < 50_000


def test_a_users_toml_is_addressed_from_the_repository_that_holds_it(tmp_path: Path) -> None:
    text = (PROVIDERS / "sub2api.toml").read_text("utf-8")
    file = tmp_path / "my specs" / "own.toml"
    file.parent.mkdir()
    file.write_text(text.replace('name = "sub2api"', 'name = "own"', 1), "utf-8")
    (tmp_path / ".git").mkdir()
    entry = catalogue_of([file])["own"]
    root = repository(file.parent)
    inside = promise_place(entry, "generate", "n.range", folder=tmp_path, root=root)
    outside = promise_place(entry, "generate", "n.range", folder=tmp_path, root=tmp_path / "other")
    kept = promise_place(
        replace(entry, kind="kept"), "generate", "n.range", folder=tmp_path, root=root
    )

    assert root == tmp_path
    assert (inside.uri, inside.base) == ("my%20specs/own.toml", "%SRCROOT%")
    assert (outside.uri, outside.base) == (file.as_uri(), "")
    assert (kept.uri, kept.base) == ("documents/own.toml", "RUN")
    assert inside.snippet.startswith("range = ")


def test_every_promise_of_every_provider_has_a_line_that_names_it() -> None:
    lost = []
    for entry in j.entries().values():
        for name, operation in entry.provider.operations.items():
            for constraint in operation.constraints:
                place = promise_place(entry, name, constraint.id, folder=Path(), root=Path())
                if constraint.id.rpartition(".")[2] not in place.snippet:
                    lost.append((entry.name, name, constraint.id, place.line, place.snippet[:40]))

    assert lost == []


@pytest.mark.parametrize(
    ("promise", "snippet"),
    [
        ("images_decode", "[operations.edit]"),
        ("auth.required", "required = {"),
        ("no_such.rule", "[operations.edit"),
    ],
)
def test_what_is_no_rule_of_an_argument_has_the_line_of_what_holds_it(
    promise: str, snippet: str
) -> None:
    entry = j.entries()["apiframe"]
    place = promise_place(entry, "edit", promise, folder=Path(), root=Path())

    assert place.snippet.startswith(snippet)
