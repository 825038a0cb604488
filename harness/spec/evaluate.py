"""What the rules say of a request's arguments: kept, broken or unspecified."""

from typing import assert_never

from harness.core.jsonvalue import Json
from harness.spec.provider import Argument, Constraint, Operation
from harness.spec.request import carried
from harness.spec.rules import Arguments, Evaluation


def evaluate(constraint: Constraint, operation: Operation, arguments: Arguments) -> Evaluation:
    """Return the word of one constraint on a request with these canonical arguments.

    The default of another argument stands in where that is omitted.
    """
    name, rule = constraint.parameter, constraint.rule
    if name not in arguments:
        return "violated" if rule.presence == "required" else "satisfied"
    value, argument = arguments[name], operation.arguments[name]
    if rule.presence is None and not of_type(argument, value):
        return "violated" if rule is argument.type_rule else "satisfied"
    partner = rule.partner
    other = None if partner is None else arguments.get(partner, operation.default(partner))
    return rule.evaluate(value, other)


def broken(
    operation: Operation, arguments: Arguments
) -> tuple[tuple[Constraint, ...], tuple[Constraint, ...]]:
    """Return the constraints that a request breaks, and those on which the documents are silent."""
    words = [
        (constraint, evaluate(constraint, operation, arguments))
        for constraint in operation.constraints
    ]
    return (
        tuple(constraint for constraint, said in words if said == "violated"),
        tuple(constraint for constraint, said in words if said == "unspecified"),
    )


def broken_when_sent(
    operation: Operation, arguments: Arguments
) -> tuple[tuple[Constraint, ...], tuple[Constraint, ...]]:
    """Return what `broken` does of the arguments as they reach the provider."""
    return broken(operation, carried(operation, arguments))


def of_type(argument: Argument, value: Json) -> bool:
    """Tell whether a value is of the argument's own JSON type."""
    match argument.type:
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "images":
            return isinstance(value, list) and all(isinstance(item, str | dict) for item in value)
        case "file":
            return isinstance(value, str | dict)
        case _:
            assert_never(argument.type)


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
