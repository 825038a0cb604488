"""The exit code and the closing line, by what was found and how sure that is."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.cli.conclude import Conclusion, conclude, publish
from harness.core.case import Stage
from harness.core.outcome import Outcome
from harness.core.record import Record
from harness.core.run import RunHeader
from tests.report import builders as b

BASE = b.record(b.case(id="generate/base"), b.images(), evidence=b.EMULATOR)
HEADER = replace(b.header({"sub2api": b.EMULATOR}), against="emulator")
TAPE = replace(HEADER, against="cassettes")


def _over(outcome: Outcome, *, stage: Stage = "plan", at: int = 0) -> Record:
    asked = b.case(
        id=f"generate/n.range/refuse/11{f'/{stage}-{at}' if at else ''}",
        expect="refuse",
        breaks="n.range",
        arguments={"model": "gpt-image-2", "prompt": f"a red fox {at}", "n": 11},
    )
    follows = "generate/n.range/refuse/11" if at else None
    record = b.record(asked, outcome, evidence=b.EMULATOR)
    case = replace(record.shot.case, stage=stage, follows=follows)
    return replace(record, shot=replace(record.shot, case=case))


def _concluded(*outcomes: Outcome, header: RunHeader = HEADER, traffic: bool = False) -> Conclusion:
    """Conclude a run that asked for 11 images as often as there are outcomes."""
    records: Sequence[Record] = [
        _over(outcome, stage="confirm" if at else "plan", at=at)
        for at, outcome in enumerate(outcomes)
    ]
    return conclude(header, [BASE, *records], traffic=traffic)


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


@pytest.mark.parametrize(("header", "traffic"), [(TAPE, False), (HEADER, True)])
def test_what_nobody_could_ask_again_counts_as_seen(header: RunHeader, traffic: bool) -> None:  # noqa: FBT001 - a parameter of the test
    done = _concluded(b.images(11), header=header, traffic=traffic)

    assert (done.code, done.why) == (1, "1 promise broken")


def test_a_tape_with_a_repetition_on_it_needs_one() -> None:
    other = replace(_over(b.images(12)).shot.case, id="generate/n.range/refuse/12")
    lone = replace(_over(b.images(12)), shot=replace(_over(b.images(12)).shot, case=other))
    again = replace(_over(b.refused(), stage="confirm", at=1), outcome=b.refused())
    done = conclude(TAPE, [BASE, lone, again])

    assert done.code == 4


def test_the_terminal_tells_each_finding_with_its_standing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    publish(_concluded(b.images(11), b.images(11)), None, as_json=False)
    publish(_concluded(b.images(11), b.refused("Invalid value for n")), None, as_json=False)
    publish(_concluded(b.images(11)), None, as_json=False)
    printed = capsys.readouterr().out

    assert "broken: sub2api generate n.range: served with 11 images" in printed
    assert "flaky: sub2api generate n.range: 1 of 2 times, 50.0 % [9.5, 90.5]: served" in printed
    assert (
        "suspected: sub2api generate n.range: served with 11 images (not confirmed: not" in printed
    )
