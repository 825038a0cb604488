"""The same question once more, with nothing changed that it is about."""

from collections.abc import Callable
from dataclasses import replace

from harness.cases.rewording import same_question, variants
from harness.core.case import Case
from harness.core.outcome import Refused
from harness.core.record import Record
from harness.spec.provider import Operation, Provider

Taken = Callable[[Case], bool]
"""Tells whether a body was sent before."""


def repeat_case(provider: Provider, record: Record, taken: Taken) -> Case | None:
    """Return a case that repeats a record's request as `<id>/again`, or None.

    Its body was not sent before, unless the first was refused and nothing in it can be changed: a
    refusal is free. None where that leaves no way to ask without paying twice for one body.
    """
    first = record.shot.case
    operation = provider.operation(first.operation)
    again = replace(first, id=f"{first.id}/again", stage="confirm", follows=first.id)
    for arguments in variants(operation, first):
        case = replace(again, arguments=arguments)
        if not taken(case) and same_question(operation, first, case):
            return case
    return again if isinstance(record.outcome, Refused) else None


def reprompted(operation: Operation, case: Case, taken: Taken) -> Case | None:
    """Return the case itself, or with the first other prompt under which it was not sent before."""
    if not taken(case):
        return case
    others = (replace(case, arguments=variant) for variant in variants(operation, case))
    return next((other for other in others if not taken(other)), None)
