"""What is asked again: other words, controls beside it, and never more than the limits carry."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from harness import api
from harness.core.case import Plan, PlannedRequest
from harness.planning.doubts import PromiseDoubt, RecheckPlan, SampleDoubt
from harness.planning.plan import Limits, plan_from_json, plan_to_json, request_digest
from harness.planning.recheck import recheck_plan
from harness.spec.catalogue import catalogue_of

NAME = "nanobanana"
ENTRY = catalogue_of().entry(NAME)
SENT: Plan = api.plan(NAME, max_images=24, max_requests=60)


def promise(planned: PlannedRequest) -> PromiseDoubt:
    return PromiseDoubt(
        name=planned.case.id,
        planned=planned,
        check="refuses_what_it_forbids",
        constraint=planned.case.breaks,
        most=3,
        enough=1,
    )


REFUSED = [promise(each) for each in SENT.shots if each.case.expect == "refuse"]
SLOWER = SampleDoubt(name="slower", provider=NAME, operation="generate", workload="", requests=8)


def made(
    *promises: PromiseDoubt,
    samples: tuple[SampleDoubt, ...] = (),
    limits: Limits = Limits(),  # noqa: B008 - frozen
    sent: Sequence[PlannedRequest] = SENT.shots,
) -> RecheckPlan:
    return recheck_plan(
        {NAME: ENTRY},
        sent,
        promises=promises,
        samples=samples,
        limits={NAME: limits},
        seed=7,
    )


def test_no_request_is_one_that_was_sent_before() -> None:
    plan = made(*REFUSED, samples=(SLOWER,))
    (ours,) = plan.plans.values()
    sent = {request_digest(each) for each in SENT.shots}

    assert len(ours.shots) > len(REFUSED)
    assert not {request_digest(each) for each in ours.shots} & sent
    assert len({each.case.id for each in ours.shots}) == len(ours.shots)


def test_what_was_asked_again_before_is_asked_in_other_words_still() -> None:
    earlier = made(*REFUSED).plans[NAME].shots
    again = made(*REFUSED, sent=(*SENT.shots, *earlier)).plans[NAME].shots

    assert not {request_digest(each) for each in again} & {request_digest(each) for each in earlier}


def test_equal_input_makes_an_equal_plan_that_reads_back() -> None:
    plan = made(*REFUSED[:3], samples=(SLOWER,))
    ours = plan.plans[NAME]
    read = plan_from_json(plan_to_json(ours), provider=ENTRY.provider, where="plan.json")

    assert plan == made(*REFUSED[:3], samples=(SLOWER,))
    assert read == ours
    assert len(ours.askings) == 3


def test_a_promise_is_asked_for_after_a_plain_request_and_keeps_its_words_for_later() -> None:
    plan = made(REFUSED[0])
    first, second = plan.plans[NAME].shots
    (asking,) = plan.plans[NAME].askings

    assert first.case.id == f"{first.case.operation}/base"
    assert second.case.depends_on == (first.case.id,)
    assert [case.expect for case in asking.controls] == ["accept", "accept"]
    assert len({str(case.arguments) for case in asking.cases}) == len(asking.cases) == 3


def test_controls_of_a_figure_are_of_what_did_not_seem_to_move() -> None:
    plan = made(samples=(SLOWER,))

    assert plan.asked == ("slower",)
    assert {each.case.operation for each in plan.controls["slower"]} == {"edit"}


@pytest.mark.parametrize(
    "limits",
    [Limits(images=0), Limits(requests=0), Limits(amount=Decimal(0)), Limits(images=5)],
)
def test_what_the_limits_do_not_carry_is_not_planned_and_said(limits: Limits) -> None:
    plan = made(*REFUSED[:4], samples=(SLOWER,), limits=limits)
    shots = [each for ours in plan.plans.values() for each in ours.shots]

    assert sum(each.price.images for each in shots) <= (limits.images or 5)
    assert "slower" in plan.unasked
    assert {*plan.asked} | {*plan.unasked} == {"slower", *(each.name for each in REFUSED[:4])}
