"""What a request exercises: every constraint on its arguments, with the boundary it stands on."""

from harness.spec.provider import Operation
from harness.spec.rules import Arguments


def tokens(operation: Operation, arguments: Arguments) -> tuple[str, ...]:
    """Return the tokens of every constraint that speaks of a given argument.

    A token is the constraint's id, with `=value` where the value is a member of a list or lies
    on the constraint's boundary. Files of several media types have one for each.
    """
    return tuple(
        f"{constraint.id}={boundary}" if boundary else constraint.id
        for constraint in operation.constraints
        if constraint.parameter in arguments and constraint.rule.presence != "forbidden"
        for boundary in constraint.rule.boundaries(
            arguments[constraint.parameter],
            arguments.get(constraint.rule.partner or ""),
        )
    )
