"""What a request has cost, told by what came of it: images, money, or that nobody knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from harness.core.case import PlannedRequest, Price
from harness.core.exchange import Exchange, Reply
from harness.core.jsonvalue import Json, read_amount
from harness.core.outcome import Fault, Images, Outcome, Refused
from harness.spec.price import listed_by_request, worked_out
from harness.spec.provider import Operation, Provider
from harness.wire.images import image_texts, said_charged

Basis = Literal["stated", "listed", "bounded", "free"]
IMAGE_CALL = "image_generation_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What a request cost: images, an amount in the provider's own unit, and what that rests on.

    It is `stated` in the reply, `listed` in the price list, `bounded` by the most that the list
    allows, or `free`.
    """

    images: int
    amount: Decimal
    basis: Basis


FREE = Paid(images=0, amount=Decimal(0), basis="free")


def paid(
    provider: Provider,
    shot: PlannedRequest,
    outcome: Outcome | None,
    exchanges: Sequence[Exchange] = (),
) -> Paid | None:
    """Return what a request cost; None where nobody knows: it is unsettled.

    Images are paid that a reply shows, held or named by an address that was not obtainable. Where
    the price list asks for the whole request, or the reply states a charge that buys more of them
    by that list, it is as many as that. What an agent answers in words has no image; partial
    images of a stream are none. A refusal, and a job that failed where that is free, cost what
    their reply states, else nothing.
    """
    match outcome:
        case None:
            return FREE
        case Images():
            return _served(provider, shot, outcome)
        case Fault(may_be_paid=True, error_class="job_failed") | Refused():
            stated = _stated(provider.operation(shot.case.operation), exchanges)
            if stated is not None:
                images = _bought(provider, shot, stated, shown=0)
                return Paid(images=images, amount=stated, basis="stated")
            return None if isinstance(outcome, Fault) else FREE
        case Fault(may_be_paid=True):
            return _lost(provider, shot, exchanges)
        case Fault():
            return FREE


def images_at_worst(
    provider: Provider,
    shot: PlannedRequest,
    outcome: Outcome | None,
    exchanges: Sequence[Exchange] = (),
) -> int:
    """Return how many images a limit has to count, which must hold in the worst reading.

    They are all that were asked for, or more that came, wherever any of them may be paid.
    """
    cost, asked = paid(provider, shot, outcome, exchanges), shot.at_risk_once.images
    counted = 0 if cost is None else cost.images
    match outcome:
        case Images(pictures=pictures):
            in_words = cost is not None and cost.basis == "listed" and not counted
            return 0 if in_words else max(counted, len(pictures), asked)
        case Fault(may_be_paid=True):
            return max(counted, asked)
        case _:
            return counted


def _served(provider: Provider, shot: PlannedRequest, outcome: Images) -> Paid | None:
    case, price, shown = shot.case, _price(shot), len(outcome.pictures)
    if outcome.charged is not None:
        images = _bought(provider, shot, outcome.charged, shown=shown)
        return Paid(images=images, amount=outcome.charged, basis="stated")
    operation = provider.operation(case.operation)
    if not shown and not _only_words(operation, outcome):
        return None
    if not price.at_most:
        return _listed(provider, shot, shown)
    worked = worked_out(provider, operation, case.arguments, outcome)
    if worked is None:
        return Paid(images=shown, amount=price.amount, basis="bounded")
    return Paid(images=shown, amount=worked.high, basis="listed")


def _listed(provider: Provider, shot: PlannedRequest, shown: int) -> Paid:
    """Return what the list asks for the images shown; a whole request where it is priced so."""
    price = _price(shot)
    if not price.images or _by_request(provider, shot):
        return Paid(images=max(shown, price.images), amount=price.amount, basis="listed")
    return Paid(images=shown, amount=price.amount * shown / price.images, basis="listed")


def _lost(provider: Provider, shot: PlannedRequest, exchanges: Sequence[Exchange]) -> Paid | None:
    """Return what a request cost whose reply named images that could not be downloaded."""
    operation, documents = provider.operation(shot.case.operation), _documents(exchanges)
    fetched = {each.request.target for each in exchanges if each.step == "download"}
    if not fetched:
        return None
    listed = next(
        (texts for each in documents if (texts := image_texts(operation.reply, each))), ()
    )
    named = max(len(fetched), len(listed))
    stated = read_amount(said_charged(operation.reply, documents))
    if stated is not None:
        images = _bought(provider, shot, stated, shown=named)
        return Paid(images=images, amount=stated, basis="stated")
    if _price(shot).at_most:
        return Paid(images=named, amount=_price(shot).amount, basis="bounded")
    return _listed(provider, shot, named)


def _price(shot: PlannedRequest) -> Price:
    """Return the price of a served request.

    One that the documents promise to refuse has none: it is taken to cost what was set aside.
    """
    return shot.at_risk if shot.case.expect == "refuse" else shot.price


def _by_request(provider: Provider, shot: PlannedRequest) -> bool:
    operation = provider.operation(shot.case.operation)
    return listed_by_request(provider, operation, shot.case.arguments)


def _bought(provider: Provider, shot: PlannedRequest, charged: Decimal, *, shown: int) -> int:
    """Return how many images a charge is for: those shown, or more where it buys more."""
    price = _price(shot)
    if charged <= 0:
        return 0
    if price.at_most or price.amount <= 0:
        return shown
    if _by_request(provider, shot):
        return max(shown, price.images) if charged >= price.amount else shown
    return max(shown, min(int(charged * price.images / price.amount), price.images))


def _only_words(operation: Operation, outcome: Images) -> bool:
    """Tell whether an agent ended its answer and drew nothing."""
    document = outcome.document
    whole = document.get("response", document) if isinstance(document, dict) else None
    output = whole.get("output") if isinstance(whole, dict) else None
    if operation.protocol != "responses" or outcome.partials or not isinstance(output, list):
        return False
    return not any(isinstance(each, dict) and each.get("type") == IMAGE_CALL for each in output)


def _stated(operation: Operation, exchanges: Sequence[Exchange]) -> Decimal | None:
    return read_amount(said_charged(operation.reply, _documents(exchanges)[:1]))


def _documents(exchanges: Sequence[Exchange]) -> list[Json]:
    """Return what was answered to a submission, its polls and its result, the last first."""
    return [
        exchange.answer.document
        for exchange in reversed(exchanges)
        if exchange.step in ("submit", "poll", "result") and isinstance(exchange.answer, Reply)
    ]
