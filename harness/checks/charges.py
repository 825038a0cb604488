"""What a served reply says it cost, held against the price list."""

from collections.abc import Iterator

from harness.checks.check import (
    Assertion,
    CheckInput,
    CheckResult,
    Reproduced,
    check,
    failed,
    passed,
    skipped,
)
from harness.core.exchange import Reply
from harness.core.jsonvalue import Json
from harness.core.outcome import Images
from harness.spec import price
from harness.wire.images import A_NUMBER, no_price, said_charged


def _charge_lines(again: Reproduced) -> tuple[str, ...]:
    listed = again.finding.record.shot.price
    if listed.at_most:
        return ()  # what is right depends on what the next reply counts
    places = again.places(again.operation.reply.charged)
    return (f"assert [float(one) for one in found(content, {places})] == [{listed.amount:f}]",)


@check(rank=150, assertion=Assertion(lines=_charge_lines), promised_in="prices")
def charges_the_list_price(subject: CheckInput) -> tuple[CheckResult, ...]:
    """What a reply says it cost is what the price list asks, of what the reply itself counts."""
    served = subject.served
    if served is None:
        return ()
    if served.charged is not None:
        return _compared(subject, f"{served.charged} {subject.record.shot.price.unit}")
    words = no_price(said_charged(subject.operation.reply, [*_replies(subject, served)]))
    if words is None:
        return ()
    charged = f"{words}, which is no price"
    if not A_NUMBER.fullmatch(words):  # it says something else, and not what it costs
        return skipped(f"charged {charged}")
    return _compared(subject, charged)


def _replies(subject: CheckInput, served: Images) -> Iterator[Json]:
    """Yield the reply that brought the images, and that of the last poll of their job."""
    yield served.document
    for exchange in reversed(subject.record.exchanges):
        if exchange.step in ("submit", "poll") and isinstance(exchange.answer, Reply):
            yield exchange.answer.document
            return


def _compared(subject: CheckInput, words: str) -> tuple[CheckResult, ...]:
    asked = _asked(subject)
    if asked is None:
        return skipped(f"charged {words}; the reply does not count what the price depends on")
    comparison = f"charged {words}, listed {_words(asked)}"
    arguments = subject.case.arguments
    status = price.price_status(subject.provider, subject.operation, arguments)
    if status != "documented":
        return skipped(f"{comparison} (the listed price is {status})")
    if subject.case.expect == "observe":
        return skipped(comparison)
    charged = subject.served.charged if subject.served else None
    listed = subject.record.shot.price
    agrees = charged is not None and price.agrees(
        charged, asked, listed.unit, worked=listed.at_most
    )
    return passed(comparison) if agrees else failed(comparison)


def _asked(subject: CheckInput) -> price.WorkedOut | None:
    """Return what the list asks; None where the reply lacks what that depends on."""
    listed = subject.record.shot.price
    if not listed.at_most:
        return price.WorkedOut(low=listed.amount, high=listed.amount)
    if subject.served is None:
        return None
    provider, operation = subject.provider, subject.operation
    return price.worked_out(provider, operation, subject.case.arguments, subject.served)


def _words(asked: price.WorkedOut) -> str:
    low, high = (f"{amount.normalize():f}" for amount in (asked.low, asked.high))
    return low if low == high else f"{low} to {high}"
