"""Arguments of which a recording holds a placeholder only."""

from collections.abc import Sequence

from harness.spec.provider import Constraint, Operation
from harness.spec.request import Reading
from harness.transport.foreign.sanitised import placeholders


def hidden_arguments(
    operation: Operation, reading: Reading, outside: Sequence[Constraint]
) -> tuple[str, ...]:
    """Return the arguments whose placeholders a verdict would rest on.

    A placeholder for a free text that keeps every rule is as good as the text.
    """
    names = tuple(placeholders(reading.arguments))
    touched = {constraint.parameter for constraint in outside}
    free = {
        name
        for name in names
        if operation.arguments[name].type == "string" and operation.arguments[name].one_of is None
    }
    if touched.isdisjoint(names) and set(names) <= free:
        return ()
    return names
