import pytest

from harness.core.case import Plan
from harness.planning.plan import Limits, request_digest
from harness.planning.rewording import reworded
from harness.spec.evaluate import broken_when_sent, tokens
from tests.plans import plan_of
from tests.shipped import NAMES, shipped_provider


def _plan(name: str) -> Plan:
    return plan_of(name, seed=0, operations=("generate",), limits=Limits(images=12, requests=24))


@pytest.mark.parametrize("name", NAMES)
def test_every_question_can_be_asked_twice_more_in_requests_of_their_own(name: str) -> None:
    provider, plan = shipped_provider(name), _plan(name)
    sent = {request_digest(shot) for shot in plan.shots}
    for shot in plan.shots:
        operation = provider.operation(shot.case.operation)
        for number in (2, 3):
            other = reworded(
                provider, shot, number=number, taken=lambda one: request_digest(one) in sent
            )
            assert other is not None, shot.case.id
            sent.add(request_digest(other))

            before, after = (
                broken_when_sent(operation, one.case.arguments) for one in (shot, other)
            )
            assert before == after
            assert {*tokens(operation, shot.case.arguments)} <= {
                *tokens(operation, other.case.arguments)
            }
            assert (other.case.id, other.price, other.at_risk) == (
                shot.case.id,
                shot.price,
                shot.at_risk,
            )
    assert len(sent) == 3 * len(plan.shots)


def test_equal_numbers_give_equal_requests_under_keys_of_their_own() -> None:
    provider, shot = shipped_provider("apiframe"), _plan("apiframe").shots[0]

    first, again, later = (
        reworded(provider, shot, number=number, taken=lambda _one: False) for number in (2, 2, 3)
    )

    assert first == again != later
    assert first is not None
    assert later is not None
    keys = [dict(one.request.headers)["Idempotency-Key"] for one in (shot, first, later)]
    assert keys == [f"this-run-{shot.case.id}{end}" for end in ("", "-2", "-3")]
