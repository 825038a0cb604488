"""Jobs that were paid for and not seen to their end, in every format."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from harness.cli.conclude import publish
from harness.core.outcome import Outcome
from harness.core.record import Provenance
from harness.report.formats.html import html
from harness.report.formats.markdown import markdown
from harness.report.formats.summary_json import summary_json
from harness.report.model import Report
from tests.report import builders as b
from tests.report.formats.test_html import Page
from tests.report.formats.test_summary_json import SCHEMA

STUCK = b.fault("timeout", why="stuck: job j<1> is still PROCESSING", may_be_paid=True, job="j<1>")


def report(evidence: Provenance = b.LIVE) -> Report:
    outcomes: dict[str, Outcome] = {
        "stuck": STUCK,
        "failed": b.fault("job_failed", job="j2"),
        "lost": b.fault("network", may_be_paid=True),
        "served": replace(b.images(), job="j3"),
    }
    records = [
        b.record(b.case(name="apiframe", operation="edit", id=name), one, evidence=evidence)
        for name, one in outcomes.items()
    ]
    return b.report(records, names=("apiframe",))


def printed(made: Report, folder: Path | None, capsys: pytest.CaptureFixture[str]) -> str:
    publish(made, "", folder, as_json=False)
    return capsys.readouterr().out


def test_only_a_job_that_may_still_bring_its_images_waits() -> None:
    assert [(item.case, item.job) for item in report().waiting] == [("stuck", "j<1>")]


def test_the_summary_lists_it_with_its_id_and_why() -> None:
    found = json.loads(summary_json(report()))

    assert list(Draft202012Validator(SCHEMA).iter_errors(found)) == []
    assert found["run"]["jobs_to_pick_up"] == [
        {
            "provider": "apiframe",
            "operation": "edit",
            "case": "stuck",
            "job": "j<1>",
            "why": "timeout: stuck: job j<1> is still PROCESSING",
        }
    ]


def test_the_page_leads_to_it_and_names_the_command() -> None:
    page = Page(html(report()))

    assert "#waiting" in [attributes.get("href") for tag, attributes in page.tags if tag == "a"]
    assert "harness run --resume ." in page.text
    assert "apiframe edit j<1> stuck timeout: stuck: job j<1> is still PROCESSING" in page.text


def test_the_comment_lists_it_and_names_the_command() -> None:
    text = markdown(report())

    assert "## Jobs to pick up" in text
    assert "```sh\nharness run --resume .\n```" in text
    assert "- apiframe, edit, `stuck`: job `j<1>`, timeout: stuck: job j&lt;1&gt;" in text


def test_the_terminal_names_it_and_the_command_with_the_runs_folder(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = printed(report(), tmp_path, capsys)

    assert "to pick up: apiframe edit, job j<1> (stuck): timeout: stuck" in out
    assert f"harness run --resume {tmp_path}" in out.replace("\n", "")


@pytest.mark.parametrize("evidence", [b.EMULATOR, b.REPLAY])
def test_a_job_of_an_emulator_or_of_a_tape_is_listed_without_a_command(
    evidence: Provenance, capsys: pytest.CaptureFixture[str]
) -> None:
    made = report(evidence)
    told = html(made) + markdown(made) + printed(made, None, capsys)

    assert len(made.waiting) == 1
    assert "--resume ." not in told
    assert told.count("ended with the emulator or the recording") == 3


def test_without_such_a_job_nothing_is_said_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    made = b.report([b.record(b.case(), b.images())])
    told = html(made) + markdown(made) + printed(made, None, capsys)

    assert "pick up" not in told
    assert 'id="waiting"' not in told


def test_a_flood_of_jobs_still_fits_a_comment() -> None:
    asked = b.case(name="apiframe")
    records = [b.record(replace(asked, id=f"{at}"), STUCK) for at in range(5000)]
    text = markdown(b.report(records, names=("apiframe",)))

    assert len(text) < 60_000
    assert "more jobs; `index.html` of this run shows them all" in text


def test_the_terminal_says_at_which_operation_a_promise_was_broken(
    capsys: pytest.CaptureFixture[str],
) -> None:
    records = [b.record(b.case(operation=one), b.images()) for one in ("edit", "generate")]
    made = b.report(records, [], [b.finding(one) for one in records])
    lines = printed(made, None, capsys).splitlines()

    assert [line for line in lines if line.startswith("broken")] == [
        "broken: sub2api generate n.range: served 11 images",
        "broken: sub2api edit n.range: served 11 images",
    ]


def test_the_terminals_tables_fit_eighty_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = printed(b.sample(), None, capsys)
    table = [line for line in out.splitlines() if not line.startswith(("broken", "to pick"))]

    assert max(map(len, table)) <= 80
    assert "…" not in "".join(table)
