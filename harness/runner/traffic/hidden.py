"""Arguments of which a recording holds a placeholder only."""

from collections.abc import Sequence

from harness.core.elided import is_filtered
from harness.core.jsonvalue import Json
from harness.spec.provider import Constraint, Operation
from harness.spec.request import Reading


def hidden_arguments(
    operation: Operation, reading: Reading, outside: Sequence[Constraint]
) -> tuple[str, ...]:
    """Return the arguments whose placeholders a verdict would rest on.

    A placeholder for a free text that keeps every rule is as good as the text.
    """
    names = tuple(name for name, content in reading.arguments.items() if _stands(content))
    touched = {constraint.parameter for constraint in outside}
    free = {
        name
        for name in names
        if operation.arguments[name].type == "string" and operation.arguments[name].one_of is None
    }
    if touched.isdisjoint(names) and set(names) <= free:
        return ()
    return names


def _stands(content: Json) -> bool:
    """Tell whether a placeholder stands for an argument, alone or in a list."""
    return any(map(is_filtered, content if isinstance(content, list) else [content]))
