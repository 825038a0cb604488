"""For each rule: the values on its boundary that it allows, and the nearest that it forbids.

Written down, not drawn: these are the cases that a person would want to see in every run. Which
they are, the rule itself knows.
"""

from harness.cases import references
from harness.core.jsonvalue import Json
from harness.core.placeholders import WEBHOOKS
from harness.spec.evaluate import of_type
from harness.spec.provider import Constraint, Operation
from harness.spec.request import carried
from harness.spec.rules import Choice, Scalar
from harness.spec.rules.base import Context, short
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

WRONG_TYPES: dict[str, tuple[Json, ...]] = {
    "string": (123, {"value": "x"}),
    "integer": (1.5, "two"),
    "boolean": (2,),
    "images": ({"url": 1},),
    "file": (7,),
}
"""Values of another JSON type. None of them is one that a lenient parser would turn into a right
one (`"2"`, `true`), so accepting them can only be a missing check."""


def allowed_values(constraint: Constraint, operation: Operation) -> tuple[Choice, ...]:
    """Return the values that an `accept` case should try for the sake of this constraint."""
    return constraint.rule.allowed(context(constraint, operation))


def forbidden_values(constraint: Constraint, operation: Operation) -> tuple[Choice, ...]:
    """Return values that break this constraint and no other, nearest first; open ones may."""
    choices = constraint.rule.forbidden(context(constraint, operation))
    return (*choices, *_wrong_types(constraint, operation))


def _wrong_types(constraint: Constraint, operation: Operation) -> tuple[Choice, ...]:
    """Return values of another JSON type, for the rule that watches over the argument's."""
    name, argument = constraint.parameter, operation.arguments[constraint.parameter]
    in_form = operation.body == "form" and argument.type in ("images", "file")
    if in_form or argument.type_rule is not constraint.rule or constraint.rule.presence:
        return ()
    return tuple(
        Choice(value=value, slug=short(value), wrong_type=True)
        for value in WRONG_TYPES[argument.type]
        if not of_type(argument, carried(operation, {name: value}).get(name))
    )


def context(constraint: Constraint, operation: Operation) -> Context:
    """Return what a rule's boundary values depend on beside itself."""
    name = constraint.parameter
    hook = operation.webhook is not None and operation.webhook.argument == name
    token = operation.title.lower().replace(" ", "-")
    whole = references.plain_recipe(name, operation)
    return references.Making(
        name=name,
        arguments=operation.arguments,
        body=operation.body,
        foreign_values=FOREIGN_VALUES.get(name, ()),
        webhook=f"{WEBHOOKS}{token}" if hook else "",
        formats=references.types(name, operation),
        plain_format=whole.format,
        operation=operation,
        whole=whole,
    )


def companion_values(name: str, operation: Operation) -> dict[str, Json]:
    """Return what must stand beside an argument for its cross-parameter rules to hold."""
    needed = {
        rule.argument: next(iter(rule.wanted(None, None)))
        for _, rule in operation.arguments[name].rules
        if isinstance(rule, Conditional) and not rule.excludes
    }
    return {**needed, **references.partner_references(name, operation)}
