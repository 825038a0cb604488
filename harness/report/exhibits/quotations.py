"""The words of a document behind a promise, and their place."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.report.text import one_line
from harness.report.transcripts.model import Quotation
from harness.spec.credentials import constraint_of
from harness.spec.provider import Operation, Provider

if TYPE_CHECKING:
    from harness.spec.expressions import Sourced

_LONGEST = 600


def quotations(provider: Provider, operation: Operation, promise: str) -> tuple[Quotation, ...]:
    """Return what the documents say of a promise, word for word where the words are kept.

    What speaks of a reply as a whole is promised where the operation is described.
    """
    constraint = constraint_of(provider, operation, promise)
    if constraint is None:
        place = one_line(str(operation.source), 200)
        return (Quotation(text=one_line(operation.quote, _LONGEST), place=place),)
    return tuple(_of_rule(constraint.rule))


def _of_rule(rule: "Sourced") -> Iterator[Quotation]:
    places = (rule.source, rule.second_source)
    words = (rule.quote, rule.second_quote)
    for place, text in zip(places, words, strict=True):
        if place is not None:
            yield Quotation(text=one_line(text, _LONGEST), place=one_line(str(place), 200))
