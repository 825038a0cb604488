"""For each rule: the values on its boundary that it allows, and the nearest that it forbids.

Written down, not drawn: these are the cases that a person would want to see in every run. Which
they are, the rule itself knows.
"""

from harness.cases import references
from harness.core.jsonvalue import Json
from harness.core.placeholders import WEBHOOKS
from harness.spec.evaluate import of_type
from harness.spec.jsonpath import adds
from harness.spec.provider import Argument, Constraint, Operation
from harness.spec.request import carried
from harness.spec.rules import Choice, Count, Scalar
from harness.spec.rules.base import Context
from harness.spec.rules.body import UnknownFields
from harness.spec.rules.pairs import Conditional

FOREIGN_VALUES: dict[str, tuple[Scalar, ...]] = {
    "model": ("no-such-image-model",),
    "mode": ("text_to_video",),
    "aspect_ratio": ("21:9", "16x9"),
    "resolution": ("8K", "1024x1024"),
    "quality": ("ultra", "hd"),
    "output_format": ("gif", "bmp"),
    "background": ("transparent", "green"),
    "moderation": ("none", "high"),
    "stream": ("yes",),
    "response_format": ("binary",),
    "size": ("1000x1000", "2048x2048", "auto"),
    "n": (2, 0),
    "input_fidelity": ("high",),
}
"""Values that other dialects know, or that look right: what a list must exclude if it does not
name them. Values that the list does name are left out where it is used."""

UNKNOWN_FIELD = "harness_unknown"
"""A field that no provider has."""

_NULL = "undocumented: whether null counts as left out is not said"
_WHOLE = "undocumented: JSON calls 1.0 an integer, too; the documents do not say"
_OPEN = {"null": _NULL, "1.0": _WHOLE}
"""Values of another type of which no document speaks: they are observed."""

_AS_TEXT = ("1.5", "two", "2")
"""Values of another type in a form, too, which knows texts only: `1` may be how it writes true."""


def wrong_types(argument: Argument) -> dict[str, Json]:
    """Return values of another JSON type by a short name each, nearest first.

    A lenient parser turns some of them into a right value (`"1"`, `"true"`, `[1]`): where the
    documents give a type, serving them breaks that promise all the same.
    """
    valid = plain_value(argument)
    inside: dict[str, Json] = {"in-a-list": [valid], "an-object": {"value": valid}}
    match argument.type:
        case "integer":
            number = valid if isinstance(valid, int) else 1
            return {
                "text": str(number), "1.5": 1.5, "two": "two", "true": True, **inside,
                "1.0": float(number), "null": None,
            }  # fmt: skip
        case "boolean":
            return {"text": "true", "1": 1, "0": 0, "2": 2, **inside, "null": None}
        case "string":
            null: dict[str, Json] = {"null": None} if argument.required is not None else {}
            return {"123": 123, "true": True, "1.5": 1.5, **inside, **null}
        case "images":
            return {"an-object": {"url": 1}, "7": 7, "of-numbers": [7], "true": True}
        case "file":
            return {"7": 7}


def plain_value(argument: Argument) -> Json:
    """Return the value of an argument that costs least, or any that its own rules allow."""
    if argument.cheapest is not None:
        return argument.cheapest
    if argument.one_of is not None:
        return argument.one_of.values[0]
    low, high = argument.span("number")
    if argument.type == "integer":
        return low if low is not None else min(high or 0, 1)
    words = (*argument.format.words, *argument.format.examples) if argument.format else ()
    return words[0] if words else "a red cube"


def allowed_values(constraint: Constraint, operation: Operation) -> tuple[Choice, ...]:
    """Return the values that an `accept` case should try for the sake of this constraint."""
    return constraint.rule.allowed(context(constraint, operation))


def forbidden_values(constraint: Constraint, operation: Operation) -> tuple[Choice, ...]:
    """Return values that break this constraint and no other, nearest first; open ones may."""
    if isinstance(constraint.rule, UnknownFields):
        field = constraint.rule.place(UNKNOWN_FIELD)
        return (Choice(value={field: "x"}, slug=UNKNOWN_FIELD),)
    choices = constraint.rule.forbidden(context(constraint, operation))
    types = _wrong_types(constraint, operation)
    nearer = operation.arguments[constraint.parameter].type == "boolean"  # `"true"` than `"yes"`
    return (*types, *choices) if nearer else (*choices, *types)


def _wrong_types(constraint: Constraint, operation: Operation) -> tuple[Choice, ...]:
    """Return values of another JSON type, for the rule that watches over the argument's."""
    name, argument = constraint.parameter, operation.arguments[constraint.parameter]
    in_form = operation.body == "form" and argument.type in ("images", "file")
    if in_form or argument.type_rule is not constraint.rule or constraint.rule.presence:
        return ()
    lone = _lone(name, operation)
    return tuple(
        Choice(value=value, slug=slug, wrong_type=True, open=slug in _OPEN, why=_OPEN.get(slug, ""))
        for slug, value in {**lone, **wrong_types(argument)}.items()
        if not of_type(argument, carried(operation, {name: value}).get(name))
        and (not operation.writes_text(name) or slug in _AS_TEXT)
        and not (slug == "of-numbers" and (argument.single or isinstance(constraint.rule, Count)))
    )


def _lone(name: str, operation: Operation) -> dict[str, Json]:
    """Return an address without its list, where the documents want a list of addresses."""
    argument = operation.arguments[name]
    alone = argument.single or operation.writes_text(name) or adds(argument.wire)
    if argument.type != "images" or alone:
        return {}
    images = references.plain_reference(name, operation)
    return {"no-list": images[0]} if isinstance(images, list) else {}


def context(constraint: Constraint, operation: Operation) -> Context:
    """Return what a rule's boundary values depend on beside itself."""
    name = constraint.parameter
    hook = operation.webhook is not None and operation.webhook.argument == name
    token = operation.title.lower().replace(" ", "-")
    whole = references.plain_recipe(name, operation)
    return references.Making(
        name=name,
        arguments=operation.arguments,
        body="form" if operation.writes_text(name) or _added(name, operation) else "json",
        foreign_values=FOREIGN_VALUES.get(name, ()),
        webhook=f"{WEBHOOKS}{token}" if hook else "",
        formats=references.types(name, operation),
        plain_format=whole.format,
        operation=operation,
        whole=whole,
    )


def _added(name: str, operation: Operation) -> bool:
    """Tell whether an argument's values are added to a list: an empty one then leaves no trace."""
    argument = operation.arguments.get(name)
    return argument is not None and adds(argument.wire)


def companion_values(name: str, operation: Operation) -> dict[str, Json]:
    """Return what must stand beside an argument for its cross-parameter rules to hold."""
    if name not in operation.arguments:
        return {}
    needed = {
        rule.argument: next(iter(rule.wanted(None, None)))
        for _, rule in operation.arguments[name].rules
        if isinstance(rule, Conditional) and not rule.excludes
    }
    return {**needed, **references.partner_references(name, operation)}
