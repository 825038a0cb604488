"""For each rule: the values on its boundary that it allows, and the nearest that it forbids.

Written down, not drawn: these are the cases that a person would want to see in every run. Which
they are, the rule itself knows.
"""

from harness.cases import references
from harness.cases.declared import known_values, plain_items, plain_number, unlisted
from harness.core.jsonvalue import Json, canonical
from harness.core.placeholders import NO_SUCH_MODEL, WEBHOOKS
from harness.spec.evaluate import of_type
from harness.spec.jsonpath import adds
from harness.spec.places import can_be_sent
from harness.spec.provider import PARAMETERS, Argument, Constraint, Operation
from harness.spec.request import carried
from harness.spec.rules import Choice, Count, Scalar
from harness.spec.rules.base import ArgumentType, Context
from harness.spec.rules.body import UnknownFields
from harness.spec.rules.pairs import Conditional

FOREIGN_VALUES: dict[str, tuple[Scalar, ...]] = {
    "model": (NO_SUCH_MODEL,),
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
    whole = valid if isinstance(valid, int) else 1
    optional_null: dict[str, Json] = {"null": None} if argument.required is not None else {}
    of_type: dict[ArgumentType, dict[str, Json]] = {
        "integer": {
            "text": str(whole), "1.5": 1.5, "two": "two", "true": True, **inside,
            "1.0": float(whole), "null": None,
        },
        "number": {
            "text": canonical(valid), "two": "two", "true": True, **inside, "null": None,
        },
        "boolean": {"text": "true", "1": 1, "0": 0, "2": 2, **inside, "null": None},
        "string": {"123": 123, "true": True, "1.5": 1.5, **inside, **optional_null},
        "array": {**_alone(valid), "text": canonical(valid), "7": 7, "true": True, "null": None},
        "object": {
            "text": canonical(valid), "7": 7, "true": True, "in-a-list": [valid], "null": None,
        },
        "images": {"an-object": {"url": 1}, "7": 7, "of-numbers": [7], "true": True},
        "file": {"7": 7},
    }  # fmt: skip
    values = of_type[argument.type]
    if argument.edges:  # an object is how such a size is written
        values.pop("an-object")
    return values


def _alone(valid: Json) -> dict[str, Json]:
    """Return the first entry of a list without the list."""
    return {"no-list": valid[0]} if isinstance(valid, list) and valid else {}


def plain_value(argument: Argument) -> Json:
    """Return the value of an argument that costs least, or any that its own rules allow."""
    if argument.cheapest is not None:
        return argument.cheapest
    if argument.type in ("array", "object"):
        whole = known_values(argument)
        return whole[0] if whole else plain_items(argument, 1) or {"harness": 1}
    if argument.one_of is not None:
        return argument.one_of.values[0]
    if argument.type == "integer":
        low, high = argument.bounds
        return low if low is not None else min(high or 0, 1)
    if argument.type == "boolean":
        return argument.default if argument.default is not None else False
    if argument.type == "number":
        return argument.examples[0] if argument.examples else plain_number(argument)
    words = (*argument.format.words, *argument.format.examples) if argument.format else ()
    return words[0] if words else "a red cube"


def allowed_values(constraint: Constraint, operation: Operation) -> tuple[Choice, ...]:
    """Return the values that an `accept` case should try for the sake of this constraint."""
    choices = constraint.rule.allowed(context(constraint, operation))
    return _sendable(choices, constraint, operation)


def _sendable(
    choices: tuple[Choice, ...], constraint: Constraint, operation: Operation
) -> tuple[Choice, ...]:
    """Leave out what has no place on the wire: a word for a size of two whole numbers."""
    argument = operation.arguments[constraint.parameter]
    return tuple(choice for choice in choices if can_be_sent(argument, choice.value))


def forbidden_values(constraint: Constraint, operation: Operation) -> tuple[Choice, ...]:
    """Return values that break this constraint and no other, nearest first; open ones may."""
    if isinstance(constraint.rule, UnknownFields):
        field = constraint.rule.place(UNKNOWN_FIELD)
        return (Choice(value={field: "x"}, slug=UNKNOWN_FIELD),)
    choices = constraint.rule.forbidden(context(constraint, operation))
    types = _wrong_types(constraint, operation)
    nearer = operation.arguments[constraint.parameter].type == "boolean"  # `"true"` than `"yes"`
    ordered = (*types, *choices) if nearer else (*choices, *types)
    return _sendable(ordered, constraint, operation)


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
        and not operation.omits(name, value)
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
        foreign_values=_foreign_values(name, operation.arguments[name]),
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


def _foreign_values(name: str, argument: Argument) -> tuple[Json, ...]:
    """Return what other dialects know under this name; of a declared one, what is not listed."""
    return FOREIGN_VALUES.get(name, ()) if name in PARAMETERS else unlisted(argument)


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
