"""A repetition under its key that was cut off: the case is asked again in other words."""

from harness.adaptive.sent import SentCases
from harness.adaptive.under_key import REPETITIONS, after_cut_off
from harness.core.case import Case
from harness.core.outcome import CUT_OFF_WHY, FollowUpResult, Images
from harness.core.record import Record
from harness.planning.plan import planned_request
from tests.plans import plan_of
from tests.runner.journals import EVIDENCE
from tests.shipped import shipped_provider

PROVIDER = shipped_provider("apiframe")
BASE = next(
    shot
    for shot in plan_of("apiframe", seed=0, operations=("generate",)).shots
    if "same_key" in shot.case.follow_ups
)
HONOURED = FollowUpResult(kind="same_key", status=200, job="first")
BROKEN = FollowUpResult(kind="same_key", status=200, job="second")
CUT = FollowUpResult(kind="same_key", why=CUT_OFF_WHY)


def asked_until(*repetitions: FollowUpResult) -> list[Case]:
    """The cases that are asked after these repetitions, each of the case asked last."""
    sent = SentCases(PROVIDER)
    shot, cases = BASE, []
    for after in repetitions:
        outcome = Images(pictures=(), job="first", after=(after,))
        record = Record(shot=shot, evidence=EVIDENCE, outcome=outcome)
        sent.on_record(record)
        again = list(after_cut_off(sent, record))
        assert len(again) <= 1
        if not again:
            break
        cases += again
        shot = planned_request(PROVIDER, again[0])
    return cases


def test_it_is_asked_until_it_is_shown() -> None:
    assert len(asked_until(CUT, HONOURED, CUT)) == 1
    assert len(asked_until(CUT, BROKEN, BROKEN, CUT)) == 2
    assert len(asked_until(CUT, CUT, HONOURED, CUT)) == 2


def test_what_was_not_cut_off_is_not_repeated() -> None:
    assert asked_until(HONOURED) == []
    assert asked_until(BROKEN) == []


def test_no_body_is_sent_twice_and_no_end_is_passed() -> None:
    cases = asked_until(*[CUT] * (REPETITIONS + 3))

    assert len(cases) == REPETITIONS
    assert len({case.id for case in cases}) == REPETITIONS
    prompts = {str(case.arguments["prompt"]) for case in cases}
    assert len(prompts | {str(BASE.case.arguments["prompt"])}) == REPETITIONS + 1
    assert all(case.follows == BASE.case.id for case in cases)
