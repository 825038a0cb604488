"""What the rules say of a request's arguments: satisfied, violated or unspecified."""

from harness.core.jsonvalue import Json
from harness.spec.provider import Argument, Constraint, Operation
from harness.spec.request import carried
from harness.spec.rules.base import PYTHON_TYPES, Arguments, Evaluation, Rule


def evaluate(constraint: Constraint, operation: Operation, arguments: Arguments) -> Evaluation:
    """Evaluate a constraint on canonical arguments; an omitted partner has its default."""
    name, rule = constraint.parameter, constraint.rule
    if name not in arguments:
        return "violated" if rule.presence == "required" else "satisfied"
    value, argument = arguments[name], operation.arguments.get(name)
    if rule.presence is None and operation.omits(name, value):
        return "satisfied"
    if argument is not None and rule.presence is None and not of_type(argument, value):
        return _of_another_type(argument, value) if rule is argument.type_rule else "satisfied"
    other = _partner_value(rule.partner, operation, arguments)
    if argument is None or argument.type != "array":
        return rule.evaluate(value, other)
    evaluations = {rule.evaluate(subject, other) for subject in _subjects(rule, argument, value)}
    return next((worst for worst in _WORST_FIRST if worst in evaluations), "satisfied")


_WORST_FIRST: tuple[Evaluation, ...] = ("violated", "unspecified", "satisfied")


def _partner_value(partner: str | None, operation: Operation, arguments: Arguments) -> Json:
    """Return what the other argument of a rule has, or what its absence means."""
    if partner is None:
        return None
    value = arguments.get(partner)
    omitted = partner not in arguments or operation.omits(partner, value)
    return operation.default(partner) if omitted else value


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
    plain = PYTHON_TYPES.get(argument.type)
    if plain is not None:
        return type(value) in plain
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
        if constraint.parameter in arguments
        and constraint.rule.presence != "forbidden"
        and _is_used(constraint, operation, arguments[constraint.parameter])
        for boundary in _boundaries(constraint, operation, arguments)
    )


def _is_used(constraint: Constraint, operation: Operation, value: Json) -> bool:
    """Tell whether a value is about a rule: `null` is about `nullable` alone, others never are."""
    argument = operation.arguments.get(constraint.parameter)
    if argument is None or argument.nullable is None or constraint.rule.presence is not None:
        return True
    return (value is None) == (constraint.rule is argument.nullable)


def _subjects(rule: Rule, argument: Argument | None, value: Json) -> list[Json]:
    """Return what of a value a rule speaks of: the value, or each entry of an array.

    As the rules of an argument speak of values of its type only, those of entries do.
    """
    if argument is None or not rule.of_entries or not isinstance(value, list):
        return [value]
    if argument.type != "array":
        return [value]
    types = PYTHON_TYPES[argument.array.items] if argument.array and argument.array.items else ()
    return [entry for entry in value if not types or type(entry) in types]


def _boundaries(
    constraint: Constraint, operation: Operation, arguments: Arguments
) -> tuple[str, ...]:
    rule, value = constraint.rule, arguments[constraint.parameter]
    argument, other = (
        operation.arguments.get(constraint.parameter),
        arguments.get(rule.partner or ""),
    )
    found = [
        boundary
        for subject in _subjects(rule, argument, value)
        for boundary in rule.boundaries(subject, other)
    ]
    return tuple(dict.fromkeys(found)) or ("",)
