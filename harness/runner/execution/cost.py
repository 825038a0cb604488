"""What a shot may take before it is sent, and what it took once it has ended."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from harness.core.case import PlannedRequest, Price
from harness.core.exchange import Exchange
from harness.core.outcome import Fault, Images, Outcome
from harness.runner.execution.budget import Reservation
from harness.runner.execution.drive import CUT_OFF
from harness.wire.retry import TRIES

CLIENT_ERROR = 400
SUBMISSIONS = ("submit", "follow_up")


def most_at_risk(shot: PlannedRequest) -> Reservation:
    """Return the most that a shot may take: its price at risk, and each POST that asks for images.

    Each of them is made again where it is answered too early. Uploads ask for none.
    """
    posts = 1 + ("same_key" in shot.case.follow_ups)
    return Reservation(operation=shot.case.operation, price=shot.at_risk, requests=TRIES * posts)


def charged_reservation(
    shot: PlannedRequest, outcome: Outcome, exchanges: Sequence[Exchange]
) -> Reservation:
    """Return what a shot has taken: its cost, and the submissions that were made or may have been.

    What was under way when an earlier run was cut off left no exchange, and counts.
    """
    posts = [one for one in exchanges if one.request.method == "POST" and one.step in SUBMISSIONS]
    in_doubt = [outcome.why] if isinstance(outcome, Fault) else []
    in_doubt += [told.why for told in outcome.after] if isinstance(outcome, Images) else []
    return Reservation(
        operation=shot.case.operation,
        price=cost_of(outcome, shot.at_risk, twice="same_key" in shot.case.follow_ups),
        requests=len(posts) + in_doubt.count(CUT_OFF.why),
    )


def cost_of(outcome: Outcome, at_risk: Price, *, twice: bool = False) -> Price:
    """Return what an outcome has cost: the provider's own figure, else the list price.

    A fault that may have been paid counts in full: a limit must hold in the worst case. With
    `twice`, half of what is at risk is for a repetition, which only a served request sees.
    """
    share = 2 if twice else 1
    once = replace(at_risk, amount=at_risk.amount / share, images=at_risk.images // share)
    match outcome:
        case Images(charged=charged, pictures=pictures):
            amount = once.amount if charged is None else max(charged, Decimal(0))
            images = max(len(pictures), once.images)
            if _made_twice(outcome):  # the second one is not told: at least as listed
                return replace(
                    at_risk,
                    amount=max(amount + once.amount, at_risk.amount),
                    images=images + once.images,
                )
            return replace(once, amount=amount, images=images)
        case Fault(may_be_paid=True):
            return once
        case _:
            return replace(at_risk, amount=Decimal(0), images=0)


def _made_twice(outcome: Images) -> bool:
    """Tell whether a repeated submission may have made a second job: at worst it has."""
    return any(
        told.kind == "same_key" and told.job != outcome.job and (told.status or 0) < CLIENT_ERROR
        for told in outcome.after
    )
