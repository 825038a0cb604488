"""The words of a document behind a promise, and their place."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.checks.check import CHECKS, Part
from harness.report.text import one_line
from harness.report.transcripts.model import Quotation
from harness.spec.credentials import constraint_of
from harness.spec.provider import Operation, Provider

if TYPE_CHECKING:
    from harness.spec.error_rules import ErrorRules
    from harness.spec.expressions import Sourced

_LONGEST = 600


def quotations(provider: Provider, operation: Operation, promise: str) -> tuple[Quotation, ...]:
    """Return what the documents say of a promise, word for word where the words are kept.

    What speaks of a reply as a whole is promised where its check says (`promised_in`).
    """
    constraint = constraint_of(provider, operation, promise)
    if constraint is not None:
        return tuple(_of(constraint.rule))
    part = CHECKS[promise].promised_in if promise in CHECKS else "operation"
    if part == "failed_free" and provider.prices.failed_free is not None:
        prices = provider.prices
        return (_quotation(prices.failed_free, prices.failed_free_quote),)
    said = _part(provider, operation, part)
    # The sentence that describes an operation promises nothing of its replies in particular.
    return (_quotation(operation.source, ""),) if said is None else tuple(_of(said))


def _part(provider: Provider, operation: Operation, part: Part) -> "Sourced | ErrorRules | None":
    match part:
        case "errors":
            return provider.errors
        case "prices":
            return provider.prices
        case "job":
            return operation.job
        case "idempotency":
            return operation.idempotency
        case "stream":
            return operation.stream
        case "webhook":
            return operation.webhook
        case "operation" | "failed_free":
            return None


def _of(said: "Sourced | ErrorRules") -> Iterator[Quotation]:
    yield _quotation(said.source, said.quote)
    if said.second_source is not None:
        yield _quotation(said.second_source, said.second_quote)


def _quotation(place: object, text: str) -> Quotation:
    return Quotation(text=one_line(text, _LONGEST), place=one_line(str(place), 200))
