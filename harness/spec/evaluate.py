"""What the rules say of a request's arguments: kept, broken or unsaid."""

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
        return "breaks" if rule.presence == "required" else "holds"
    value, argument = arguments[name], operation.arguments[name]
    if rule.presence is None and not of_type(argument, value):
        return "breaks" if rule is argument.type_rule else "holds"
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
        tuple(constraint for constraint, said in words if said == "breaks"),
        tuple(constraint for constraint, said in words if said == "unsaid"),
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
