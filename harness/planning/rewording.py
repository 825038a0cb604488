"""A planned request in other words: for a question whose request is in doubt."""

from collections.abc import Callable
from dataclasses import replace

from harness.cases.rewording import numbered_variants, same_boundaries, same_question
from harness.core.case import PlannedRequest
from harness.planning.plan import planned_request
from harness.spec.provider import Provider

Taken = Callable[[PlannedRequest], bool]
"""Tells whether what a request carries was sent before."""


def reworded(
    provider: Provider, planned: PlannedRequest, *, number: int, taken: Taken
) -> PlannedRequest | None:
    """Return the same question, under the same id, in a request that was not sent before.

    It keeps and breaks the same rules, and covers what the first one covers. Equal numbers give
    equal requests. None where all that can be changed is what the case is about.
    """
    case = planned.case
    operation = provider.operation(case.operation)
    for arguments in numbered_variants(operation, case, number):
        other = replace(case, arguments=arguments)
        if not same_question(operation, case, other) or not same_boundaries(operation, case, other):
            continue
        asked = planned_request(provider, other, attempt=number)
        if not taken(asked):
            return replace(planned, case=other, request=asked.request)
    return None
