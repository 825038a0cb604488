"""What is booked of a request whose price only its reply tells."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from harness.core.case import Case, FollowUp, PlannedRequest
from harness.core.outcome import FollowUpResult, Usage
from harness.planning.plan import planned_request
from harness.runner.execution.budget import (
    Budget,
    charged_reservation,
    most_at_risk,
)
from harness.spec import price
from harness.spec.provider import Provider
from tests.spec.priced import by_token, counted, picture, served

COUNTS = st.one_of(st.none(), st.integers(0, 10**7))


def planned(one: Provider, n: int, *follow_ups: FollowUp) -> PlannedRequest:
    case = Case(
        id=f"generate/{n}",
        provider=one.name,
        operation="generate",
        expect="accept",
        about=None,
        breaks=None,
        covers=(),
        arguments={"prompt": "a fox", "n": n},
        follow_ups=follow_ups,
    )
    return planned_request(one, case)


@given(
    n=st.integers(1, 10),
    usage=st.one_of(
        st.none(),
        st.builds(counted, COUNTS, COUNTS, text_input=st.integers(0, 10**6)),
    ),
    charged=st.one_of(st.none(), st.decimals(0, 100, places=4).map(str)),
)
def test_no_more_is_booked_than_was_set_aside_unless_the_reply_says_so(
    n: int, usage: Usage | None, charged: str | None
) -> None:
    one = by_token()
    shot = planned(one, n)
    outcome = served(*[picture()] * n, usage=usage, charged=charged)
    booked = charged_reservation(shot, outcome, [], provider=one).price
    told = price.worked_out(one, one.operation("generate"), {"n": n}, outcome)

    assert shot.at_risk.amount == Decimal("0.5") * n
    assert not booked.at_most
    if charged is not None:
        assert booked.amount == Decimal(charged)
    elif told is not None:
        assert booked.amount == told.high
    else:
        assert booked.amount == shot.at_risk.amount
    if booked.amount > shot.at_risk.amount:
        assert charged is not None or (usage is not None and told is not None)


def test_a_budget_sets_the_most_aside_and_gets_the_rest_back() -> None:
    one = by_token()
    shot, budget = planned(one, 1), Budget(amount=Decimal("0.9"))
    most = most_at_risk(shot)
    outcome = served(usage=counted(76, 120, text_input=12, image_input=64))

    assert budget.reserve(most) is None
    assert budget.reserve(most) is not None  # two of them might pass it
    budget.settle(most, charged_reservation(shot, outcome, [], provider=one))
    assert budget.spent == Decimal("0.004172")
    assert budget.reserve(most) is None


def test_a_second_job_that_nobody_tells_of_costs_what_was_set_aside_for_it() -> None:
    one = by_token()
    shot = planned(one, 1, "same_key")
    outcome = served(usage=counted(0, 1000, text_input=0, image_input=0))
    again = FollowUpResult(kind="same_key", status=200, job="another")
    twice = replace(outcome, job="a job", after=(again,))
    once = replace(outcome, job="a job", after=(replace(again, job="a job"),))

    assert shot.at_risk.amount == Decimal(1)
    assert charged_reservation(shot, twice, [], provider=one).price.amount == Decimal(1)
    assert charged_reservation(shot, once, [], provider=one).price.amount == Decimal("0.03")
