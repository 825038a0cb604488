"""What the rules say of a request's arguments: satisfied, violated or unspecified."""

from harness.core.jsonvalue import Json
from harness.spec.provider import Argument, Constraint, Operation
from harness.spec.request import carried
from harness.spec.rules.base import PYTHON_TYPES, Arguments, Evaluation


def evaluate(constraint: Constraint, operation: Operation, arguments: Arguments) -> Evaluation:
    """Evaluate a constraint on canonical arguments; an omitted partner has its default."""
    name, rule = constraint.parameter, constraint.rule
    if name not in arguments:
        return "violated" if rule.presence == "required" else "satisfied"
    value, argument = arguments[name], operation.arguments.get(name)
    if argument is not None and rule.presence is None and not of_type(argument, value):
        return _of_another_type(argument, value) if rule is argument.type_rule else "satisfied"
    partner = rule.partner
    other = None if partner is None else arguments.get(partner, operation.default(partner))
    return rule.evaluate(value, other)


def _of_another_type(argument: Argument, value: Json) -> Evaluation:
    """Judge a value of another type by the rule that wants a type.

    `null` often means that an argument is left out, and JSON calls 1.0 an integer, too: no document
    speaks of either.
    """
    whole = isinstance(value, float) and value.is_integer() and argument.type == "integer"
    return "unspecified" if value is None or whole else "violated"


def broken(
    operation: Operation, arguments: Arguments
) -> tuple[tuple[Constraint, ...], tuple[Constraint, ...]]:
    """Return the constraints that a request breaks, and those on which the documents are silent."""
    evaluations = [
        (constraint, evaluate(constraint, operation, arguments))
        for constraint in operation.constraints
    ]
    return (
        tuple(constraint for constraint, evaluation in evaluations if evaluation == "violated"),
        tuple(constraint for constraint, evaluation in evaluations if evaluation == "unspecified"),
    )


def broken_when_sent(
    operation: Operation, arguments: Arguments
) -> tuple[tuple[Constraint, ...], tuple[Constraint, ...]]:
    """Return what `broken` does of the arguments as they reach the provider."""
    return broken(operation, carried(operation, arguments))


def is_valid(operation: Operation, arguments: Arguments) -> bool:
    """Tell whether a request breaks no rule, and leaves none open."""
    return broken_when_sent(operation, arguments) == ((), ())


def of_type(argument: Argument, value: Json) -> bool:
    """Tell whether a value is of the argument's own JSON type."""
    scalar = PYTHON_TYPES.get(argument.type)
    if scalar is not None:
        return type(value) is scalar
    if argument.type == "file":
        return isinstance(value, str | dict)
    return isinstance(value, list) and all(isinstance(entry, str | dict) for entry in value)


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
