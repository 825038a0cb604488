"""What a request exercises: every constraint on its arguments, with the boundary it stands on."""

from harness.cases.lattice import lattice
from harness.core.jsonvalue import Json
from harness.core.reference import references
from harness.spec import rules as r
from harness.spec.provider import Argument, Constraint, Operation
from harness.spec.rules import Arguments


def tokens(operation: Operation, arguments: Arguments) -> tuple[str, ...]:
    """Return the tokens of every constraint that speaks of a given argument.

    A token is the constraint's id, with `=value` where the value is a member of a list or lies
    on the constraint's boundary. Files of several media types have one for each.
    """
    return tuple(
        token
        for constraint in operation.constraints
        if constraint.parameter in arguments and not isinstance(constraint.rule, r.Absent)
        for token in _tokens(constraint, operation.arguments[constraint.parameter], arguments)
    )


def _tokens(constraint: Constraint, argument: Argument, arguments: Arguments) -> tuple[str, ...]:
    value = arguments[constraint.parameter]
    if isinstance(constraint.rule, r.MediaType):
        types = {image.media_type for image in references(value) if image.media_type}
        return tuple(f"{constraint.id}={kind}" for kind in sorted(types)) or (constraint.id,)
    boundary = _boundary(constraint.rule, argument, value, arguments)
    return (f"{constraint.id}={boundary}" if boundary else constraint.id,)


def _boundary(rule: r.AnyRule, argument: Argument, value: Json, arguments: Arguments) -> str:
    match rule:
        case r.OneOf():
            return _word(value)
        case r.Range(min=low, max=high):
            return _word(value) if value in (low, high) else ""
        case r.MaxLength(characters=most):
            full = isinstance(value, str) and len(value) == most
            return str(most) if full else ""
        case r.Format(shape="size", words=words, examples=examples):
            return _word(value) if value in (*words, *examples) else ""
        case r.Count(min=least, max=most):
            number = len(value) if isinstance(value, list) else 0
            return str(number) if number in (least, most) else ""
        case r.MaxBytes() as limit:
            full = any(image.size_bytes == limit.most for image in references(value))
            return str(limit.most) if full else ""
        case r.OnlyWith(argument=other):
            return f"{other}:{_word(arguments.get(other))}"
        case _:
            return _on_lattice(rule, argument, value)


def _on_lattice(rule: r.AnyRule, argument: Argument, value: Json) -> str:
    size, found = r.edges(value), lattice(argument)
    if size is None or found is None:
        return ""
    long, short, pixels = max(size), min(size), size[0] * size[1]
    match rule:
        case r.MultipleOf(pixels=step):
            return str(step) if size[0] % (2 * step) or size[1] % (2 * step) else ""
        case r.MaxEdge(pixels=edge):
            return str(edge) if long == edge else ""
        case r.MaxRatio(ratio=ratio):
            return f"{ratio}:1" if long == ratio * short else ""
        case r.MinPixels(pixels=least):
            return str(least) if pixels == least else ""
        case r.MaxPixels(pixels=most):
            return str(most) if pixels == most else ""
        case _:
            return ""


def _word(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
