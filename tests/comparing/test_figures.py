"""Whether a figure moved again, and what stood beside it did not: comparisons made by hand."""

from dataclasses import replace

import pytest

from harness.comparing.asked_again.figures import Fresh, figure_standing, moved_as_well
from harness.comparing.model import Change, ChangeKind, Comparison, Thresholds
from harness.core.case import Case, PlannedRequest, Price, Slot
from harness.core.exchange import Request
from harness.core.jsonvalue import Amount
from harness.core.verdict import Estimate

SURE = 0.001


def estimate(value: float | None, low: float | None, high: float | None) -> Estimate:
    return Estimate(
        value=value, low=low, high=high, confidence=0.95, n=20, unit="ratio", method="by hand"
    )


def compared(
    workload: str, value: float, p: float, *, kind: ChangeKind = "slower", wide: float = 1.1
) -> Comparison:
    bounds = (value / wide, value * wide) if kind == "slower" else (value - wide, value + wide)
    return Comparison(
        kind=kind,
        provider="nanobanana",
        operation="generate",
        workload=workload,
        promise="",
        base=estimate(1.0, None, None),
        head=estimate(value, None, None),
        change=estimate(value, *bounds),
        p=p,
        p_better=1 - p,
        method="by hand",
    )


def change(kind: ChangeKind = "slower") -> Change:
    return Change(
        kind=kind,
        direction="worse",
        standing="certain",
        provider="nanobanana",
        operation="generate",
        workload="small",
        sentence="it moved",
    )


def control(workload: str) -> PlannedRequest:
    price = Price(amount=Amount(1), unit="credit", images=1)
    slot = Slot(workload=workload, fit="exact", stage="c4", block=1)
    case = Case(
        id=f"bench-{workload}",
        provider="nanobanana",
        operation="generate",
        expect="accept",
        about=None,
        breaks=None,
        covers=(),
        arguments={},
    )
    request = Request(method="POST", target="/", headers=())
    return PlannedRequest(case=case, request=request, price=price, at_risk=price, slot=slot)


def standing(*comparisons: Comparison, kind: ChangeKind = "slower") -> tuple[str, str]:
    fresh = Fresh(comparisons=comparisons, thresholds=Thresholds())
    return figure_standing(change(kind), fresh, [control("large")])


def test_what_is_slower_again_beside_what_is_not_is_confirmed() -> None:
    found, said = standing(compared("small", 1.3, SURE), compared("large", 1.01, 0.5))

    assert found == "confirmed"
    assert "1.30 times BASE's in 20 requests" in said
    assert "beside it 1.01 times" in said


def test_what_is_as_fast_as_before_is_refuted() -> None:
    assert standing(compared("small", 1.02, 0.4), compared("large", 1.0, 0.5))[0] == "refuted"


def test_where_everything_is_slower_alike_nobody_is_accused() -> None:
    found, said = standing(compared("small", 1.3, SURE), compared("large", 1.28, SURE))

    assert found == "suspected"
    assert "our network, our machine or an outage" in said


def test_what_is_much_slower_than_controls_that_are_slower_too_is_confirmed() -> None:
    assert standing(compared("small", 2.5, SURE), compared("large", 1.2, SURE))[0] == "confirmed"


def test_too_few_requests_leave_it_suspected() -> None:
    found, said = standing(compared("small", 1.3, 0.1), compared("large", 1.0, 0.5))

    assert found == "suspected"
    assert "too few to decide (p 0.1)" in said


def test_without_anything_beside_it_the_sentence_says_so() -> None:
    found, said = standing(compared("small", 1.3, SURE))

    assert (found, "nothing unchanged stood beside it" in said) == ("confirmed", True)


def test_what_cannot_be_compared_stays_suspected() -> None:
    assert standing(compared("large", 1.0, 0.5))[0] == "suspected"


@pytest.mark.parametrize(("beside", "expected"), [(0.5, "confirmed"), (38.0, "suspected")])
def test_failures_are_held_against_those_of_the_controls(beside: float, expected: str) -> None:
    found, _ = standing(
        compared("small", 40.0, SURE, kind="failing", wide=10),
        compared("large", beside, 0.3, kind="failing", wide=10),
        kind="failing",
    )

    assert found == expected


def test_what_moved_between_the_two_runs_is_no_control_of_what_moved_more() -> None:
    rows = (
        compared("small", 1.4, SURE),
        compared("large", 1.3, 0.05),
        compared("other", 1.01, 0.4),
    )
    found = moved_as_well(replace(change(), comparison=rows[0]), rows)

    assert [*found] == [("nanobanana", "generate", "large")]


def test_what_our_own_busy_process_may_have_taken_is_not_confirmed() -> None:
    late = replace(compared("small", 1.4, SURE), own_s=0.5)  # by 0.4 s

    found, said = standing(late, compared("large", 1.0, 0.5))
    assert found == "suspected"
    assert "our own process: it woke up 0.5 s late" in said
