"""The exit code and the closing line, by what was found and how sure that is."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

import harness.policy
from harness.api import report
from harness.cli.conclude import publish
from harness.cli.main import status
from harness.core.exchange import Failure
from harness.core.outcome import Outcome
from harness.core.record import Record, RunHeader
from harness.policy import Conclusion
from tests.plugin.sessions import CRASHING
from tests.report import builders as b
from tests.report.folders import BASE, ENDINGS, HEADER, SHORT, asked, over, written
from tests.shipped import NAMES, conclude

TAPE = replace(HEADER, against="cassettes")
TRAFFIC = replace(HEADER, against="recordings")


def _concluded(*outcomes: Outcome, header: RunHeader = HEADER) -> Conclusion:
    """Conclude a run that asked for 11 images as often as there are outcomes."""
    return conclude(header, asked(*outcomes))


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_door_ends_with_the_same_code_and_sentence(
    ending: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code, header, records = ENDINGS[ending]
    folder = written(tmp_path / "run", header, records)
    if ending == "crashed":
        monkeypatch.setattr(harness.policy, "judge_records", CRASHING)

    by_python = report(folder)
    typed = status(["report", str(folder)])
    printed = capsys.readouterr().err

    assert (by_python.exit_code, typed) == (code, code)
    assert by_python.why in printed
    assert by_python.records == tuple(records)
    if ending != "killed":  # which only its folder tells
        assert conclude(header, records).code == code


def test_a_promise_broken_twice_is_broken() -> None:
    done = _concluded(b.images(11), b.images(11))

    assert (done.code, done.why) == (1, "1 promise broken")
    assert len(done.report.findings) == 1


def test_a_suspicion_that_could_not_be_asked_again_is_no_finding() -> None:
    done = _concluded(b.images(11))

    assert done.code == 4
    assert done.why.startswith("1 suspicion could not be confirmed: not asked again")
    assert (len(done.report.findings), len(done.report.unconfirmed)) == (0, 1)


def test_a_flaky_one_alone_fails_nothing_but_is_named() -> None:
    done = _concluded(b.images(11), b.refused("Invalid value for n"))

    assert done.code == 0
    assert done.why == (
        "no promise broken for certain; 1 flaky: sub2api generate n.range (1 of 2 times)"
    )


def test_what_held_is_said_to_have_held() -> None:
    done = _concluded(b.refused("Invalid value for n"))

    assert (done.code, done.why) == (0, "all promises that were tried held")


@pytest.mark.parametrize("header", [TAPE, TRAFFIC])
def test_what_nobody_could_ask_again_counts_as_seen(header: RunHeader) -> None:
    done = _concluded(b.images(11), header=header)

    assert (done.code, done.why) == (1, "1 promise broken")


def test_a_tape_with_a_repetition_on_it_needs_one() -> None:
    other = replace(over(b.images(12)).shot.case, id="generate/n.range/refuse/12")
    lone = replace(over(b.images(12)), shot=replace(over(b.images(12)).shot, case=other))
    again = replace(over(b.refused(), stage="confirm", at=1), outcome=b.refused())
    done = conclude(TAPE, [BASE, lone, again])

    assert done.code == 4


LOOKED_AT = b.case(id="generate/looked-at", expect="observe")
PROMISED = b.case(id="generate/promised")
OUTSIDE = b.case(
    id="generate/outside", expect="observe", why="outside sub2api's documents: n.range (11)"
)
UNJUDGED = "sub2api: not judged. Every verdict is inconclusive"
NOT_SAID = "no promise broken: the documents do not say whether these requests are served, and"


@pytest.mark.parametrize(
    ("records", "code", "why", "held"),
    [
        ([b.record(LOOKED_AT, b.images())], 0, f"{NOT_SAID} {{held}} about the replies held", True),
        ([b.record(OUTSIDE, b.images())], 0, f"{NOT_SAID} {{held}} about the replies held", True),
        (
            [b.record(LOOKED_AT, b.images()), b.record(PROMISED, b.images())],
            0,
            "all promises that were tried held",
            True,
        ),
        ([b.record(PROMISED, b.images())], 0, "all promises that were tried held", True),
        (
            [b.record(LOOKED_AT, b.fault())],
            4,
            f"{UNJUDGED}: connection reset. 1 of 1 request ended in a fault.",
            False,
        ),
        (
            [b.record(PROMISED, b.fault())],
            4,
            f"{UNJUDGED}: connection reset. 1 of 1 valid request ended in a fault (network 1).",
            False,
        ),
        ([], 2, "sub2api: not tested. No case was planned.", False),
    ],
)
def test_the_closing_line_agrees_with_what_the_table_counts_as_held(
    records: list[Record], code: int, why: str, *, held: bool
) -> None:
    done = conclude(TRAFFIC, records)
    (row,) = done.report.providers
    counted = f"{row.held} promise{'' if row.held == 1 else 's'}"

    assert (done.code, done.why) == (code, why.format(held=counted))
    assert (row.held > 0) == held


UNKNOWN = "job j is in a state that no document knows: 'odd'"
UNSENT_WHY = "webhooks have no public address to go to: give one with --webhook-url"
STOPPED_WHY = "because 5 requests in a row were not answered"


@pytest.mark.parametrize(
    ("outcomes", "skipped", "why"),
    [
        (1, UNSENT_WHY, f"{UNJUDGED}: {UNKNOWN}. 1 of 1 valid request ended in a fault"),
        (2, SHORT, f"{UNJUDGED}: {UNKNOWN}. 2 of 2 valid requests ended in faults"),
        (1, STOPPED_WHY, f"sub2api: not judged, {STOPPED_WHY}. 1 of 1 valid request ended"),
        (0, UNSENT_WHY, f"sub2api: not tested. {UNSENT_WHY}."),
    ],
)
def test_what_could_not_be_sent_is_no_reason_for_what_failed(
    outcomes: int, skipped: str, why: str
) -> None:
    odd = b.fault("protocol", why=UNKNOWN, may_be_paid=True, job="j")
    failed = [b.record(b.case(id=f"generate/{at}"), odd) for at in range(outcomes)]
    unsent = b.record(b.case(id="generate/webhook"), None, skipped=skipped)

    done = conclude(HEADER, [unsent, *failed])

    assert done.why.startswith(why)


def told(done: Conclusion) -> None:
    publish(done.report, done.why, None, as_json=False)


def test_the_terminal_tells_each_finding_with_its_standing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told(_concluded(b.images(11), b.images(11)))
    told(_concluded(b.images(11), b.refused("Invalid value for n")))
    told(_concluded(b.images(11)))
    printed = capsys.readouterr().out

    assert "broken: sub2api generate n.range: served with 11 images" in printed
    assert "flaky: sub2api generate n.range: 1 of 2 times, 50.0 % [9.5, 90.5]: served" in printed
    assert (
        "suspected: sub2api generate n.range: served with 11 images (not confirmed: not" in printed
    )


def test_what_was_not_tested_is_told_with_the_limit_that_was_too_low() -> None:
    _, header, records = ENDINGS["nothing tested"]

    assert conclude(header, records).why == f"sub2api: not tested. {SHORT[len('budget: ') :]}."


def test_one_provider_that_was_tested_leaves_the_others_unclear() -> None:
    _, _, unsent = ENDINGS["nothing tested"]
    others = [
        replace(one, shot=replace(one.shot, case=replace(one.shot.case, provider="apiframe")))
        for one in unsent
    ]
    header = replace(HEADER, evidence={"sub2api": b.EMULATOR, "apiframe": b.EMULATOR})

    done = conclude(header, [*asked(b.refused("Invalid value for n")), *others])

    assert done.code == 4
    assert done.why.startswith("apiframe: not tested. --max-requests 1 is too low: ")


def test_what_was_sent_and_told_nothing_was_not_judged() -> None:
    _, header, records = ENDINGS["inconclusive"]

    assert conclude(header, records).why == (
        f"{UNJUDGED}: connection refused."
        " 1 of 1 valid request ended in a fault (network 1); 1 of 1 other request did."
    )


def test_a_reason_that_begins_with_because_follows_a_comma() -> None:
    blocked = over(None, skipped="because generate/base met network: connection refused")
    down = replace(BASE, outcome=b.fault())

    done = conclude(HEADER, [down, blocked])

    assert done.why == (
        "sub2api: not judged, because generate/base met network: connection refused."
        " 1 of 1 valid request ended in a fault (network 1)."
    )


def test_traffic_that_lacks_an_exchange_is_no_failure_of_ours() -> None:
    missing = b.fault("network", why="GET /poll was not recorded")
    lacking = replace(over(b.refused()), outcome=missing)
    exchange = replace(
        lacking.exchanges[0], answer=Failure(kind="not_on_tape", why=missing.why, sent=False)
    )
    records = [BASE, replace(lacking, exchanges=(exchange,))]

    assert conclude(TAPE, records).code == 3
    assert conclude(TRAFFIC, records).code == 0


def test_the_terminal_says_why_a_request_was_not_made_smaller(
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = _concluded(b.images(11), b.images(11))
    (shown,) = done.report.findings
    large = replace(shown, finding=replace(shown.finding, not_reduced="the budget ended"))
    publish(replace(done.report, findings=(large,)), done.why, None, as_json=False)

    assert "11 images (not made smaller: the budget ended)" in capsys.readouterr().out


def test_six_providers_fit_eighty_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    records = [
        b.record(b.case(name=name), b.images(charged="123.4567"), evidence=b.REPLAY)
        for name in NAMES
    ]
    publish(b.report(records, names=NAMES), "why", None, as_json=False)
    lines = capsys.readouterr().out.splitlines()

    assert max(len(line.rstrip()) for line in lines if line.startswith((" ", "─"))) <= 80
    heads = [line.split() for line in lines if line.startswith(" provider ")]
    assert heads[0] == ["provider", *NAMES]


def test_the_request_that_shows_a_finding_stands_below_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told(_concluded(b.images(11), b.images(11)))
    lines = capsys.readouterr().out.splitlines()

    at = next(at for at, line in enumerate(lines) if line.startswith("broken: "))
    assert lines[at + 1].startswith("    POST /v1/images/generations n=11")


def test_no_figure_of_the_comparison_is_broken_into_two_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    made = b.sample()
    dear = tuple(
        replace(row, cost=replace(row.cost, amount=Decimal("123456789.25"), requests=1_234_567))
        for row in made.providers
    )
    publish(replace(made, providers=dear), "why", None, as_json=False)
    table = capsys.readouterr().out.partition(" operation ")[0]

    assert table.count("1,234,567") == table.count("123,456,789.25") == len(dear)
    assert max(map(len, table.splitlines())) <= 80
