"""What the rules say of a request's arguments: kept, broken or unsaid."""

from typing import assert_never

from harness.core.jsonvalue import Json
from harness.core.reference import ReferenceImage, references
from harness.spec import rules as r
from harness.spec.provider import Argument, Constraint, Operation
from harness.spec.request import carried


def evaluate(constraint: Constraint, operation: Operation, arguments: r.Arguments) -> r.Evaluation:
    """Return the word of one constraint on a request with these canonical arguments."""
    name, rule = constraint.parameter, constraint.rule
    argument = operation.arguments[name]
    if name not in arguments:
        return "breaks" if isinstance(rule, r.Required) else "holds"
    if isinstance(rule, r.Required):
        return "holds"
    if isinstance(rule, r.Absent):
        return "breaks"
    value = arguments[name]
    if not of_type(argument, value):
        return "breaks" if rule is argument.type_rule else "holds"
    if isinstance(rule, r.OnlyWith | r.NeverWith):
        return _across(rule, value, operation, arguments)
    if isinstance(rule, r.SameSize | r.SameFormat):
        return _alike(rule, value, arguments)
    if isinstance(rule, r.MaxBytes):
        return _light(rule, value)
    return "holds" if _alone(rule, value) else "breaks"


def broken(
    operation: Operation, arguments: r.Arguments
) -> tuple[tuple[Constraint, ...], tuple[Constraint, ...]]:
    """Return the constraints that a request breaks, and those on which the documents are silent."""
    words = [(item, evaluate(item, operation, arguments)) for item in operation.constraints]
    return (
        tuple(item for item, said in words if said == "breaks"),
        tuple(item for item, said in words if said == "unsaid"),
    )


def broken_when_sent(
    operation: Operation, arguments: r.Arguments
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


def _alone(rule: r.AnyRule, value: Json) -> bool:
    match rule:
        case r.OneOf(values=values):
            return r.member(value, values)
        case r.Range(min=low, max=high):
            number = value if isinstance(value, int) else 0
            return (low is None or number >= low) and (high is None or number <= high)
        case r.MaxLength(characters=most):
            return len(value) <= most if isinstance(value, str) else True
        case r.Count(min=least, max=most):
            return least <= len(value) <= most if isinstance(value, list) else True
        case r.Format():
            return _shaped(rule, value)
        case r.MultipleOf() | r.MaxEdge() | r.MaxRatio() | r.MinPixels() | r.MaxPixels():
            found = r.edges(value)
            return found is None or r.of_size(rule, *found)
        case _:
            return all(
                _file(rule, item) for item in (value if isinstance(value, list) else [value])
            )


def _shaped(rule: r.Format, value: Json) -> bool:
    if not isinstance(value, str):
        return False
    match rule.shape:
        case "string":
            return True
        case "size":
            return value in rule.words or r.edges(value) is not None
        case "url":
            return value.startswith(("http://", "https://"))
        case _:
            assert_never(rule.shape)


def _file(rule: r.AnyRule, item: Json) -> bool:
    """Judge one image: a URL or base64 text, or the description of a file."""
    if isinstance(rule, r.UrlOnly):
        return isinstance(item, str) and item.startswith(("http://", "https://"))
    image = ReferenceImage.of(item)
    if image is None:
        return True  # an address tells nothing of the file behind it
    match rule:
        case r.MediaType(values=values):
            return image.media_type in (*values, None)
        case r.Alpha():
            return image.alpha is not False
        case _:
            return True


def _light(rule: r.MaxBytes, value: Json) -> r.Evaluation:
    """Judge the size of files; between two readings of "MB" the documents are silent."""
    known = [image.size_bytes for image in references(value) if image.size_bytes is not None]
    if any(size >= rule.least_too_big for size in known):
        return "breaks"
    return "unsaid" if any(size > rule.most for size in known) else "holds"


def _across(
    rule: r.OnlyWith | r.NeverWith, value: Json, operation: Operation, arguments: r.Arguments
) -> r.Evaluation:
    """Judge a rule about two arguments, the other one's default standing in where it is omitted."""
    other = arguments.get(rule.argument, operation.default(rule.argument))
    if isinstance(rule, r.OnlyWith):
        if r.member(other, rule.values):
            return "holds"
        if other is None or r.member(value, rule.unless):
            return "unsaid"  # no default is named; or a value that changes nothing
        return "breaks"
    if rule.when and not r.member(value, rule.when):
        return "holds"
    above = rule.above is not None and isinstance(other, int) and other > rule.above
    return "breaks" if above or r.member(other, rule.values) else "holds"


def _alike(rule: r.SameSize | r.SameFormat, value: Json, arguments: r.Arguments) -> r.Evaluation:
    other = arguments.get(rule.argument)
    mask = ReferenceImage.of(value)
    first = ReferenceImage.of(other[0] if isinstance(other, list) and other else other)
    if mask is None or first is None:
        return "unsaid"
    own, wanted = _facts(rule, mask), _facts(rule, first)
    if None in own or None in wanted:
        return "unsaid"
    return "holds" if own == wanted else "breaks"


def _facts(rule: r.SameSize | r.SameFormat, image: ReferenceImage) -> tuple[object, ...]:
    if isinstance(rule, r.SameSize):
        return (image.width_px, image.height_px)
    return (image.media_type,)
