"""For each rule: the values on its boundary that it allows, and the nearest that it forbids.

Written down, not drawn: these are the cases that a person would want to see in every run.
"""

from typing import assert_never

from harness.cases import prompts, references
from harness.cases.choice import Choice
from harness.cases.lattice import lattice, size_text
from harness.core.jsonvalue import Json
from harness.core.placeholders import WEBHOOKS
from harness.spec import rules as r
from harness.spec.evaluate import of_type
from harness.spec.provider import Argument, Constraint, Operation
from harness.spec.request import carried

ALIEN: dict[str, tuple[r.Scalar, ...]] = {
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

FEW = 5
"""A range of fewer values than this is tried whole, like a list."""

WRONG_TYPES: dict[str, tuple[Json, ...]] = {
    "string": (123, {"value": "x"}),
    "integer": (1.5, "two"),
    "boolean": (2,),
    "images": ({"url": 1},),
    "file": (7,),
}
"""Values of another JSON type. None of them is one that a lenient parser would turn into a right
one (`"2"`, `true`), so accepting them can only be a missing check."""


def allowed_values(  # noqa: C901, PLR0911 - one answer per kind of rule
    constraint: Constraint, operation: Operation
) -> tuple[Choice, ...]:
    """Return the values that an `accept` case should try for the sake of this constraint."""
    argument = operation.arguments[constraint.parameter]
    match constraint.rule:
        case r.OneOf() as rule:
            return tuple(
                _choice(value, open_=not _certain(rule, value, argument)) for value in rule.values
            )
        case r.Range(min=low, max=high):
            several = 2 if constraint.parameter == "n" and (high or 0) > 2 else None  # noqa: PLR2004
            bounds = dict.fromkeys(one for one in (low, several, high) if one is not None)
            if low is not None and high is not None and high - low < FEW:
                return tuple(_choice(value) for value in range(low, high + 1))
            return tuple(_choice(bound) for bound in bounds)
        case r.MaxLength(characters=most):
            return (
                _choice(prompts.plain_prompt(most), slug=f"{most}-ascii"),
                _choice(prompts.wide_prompt(most), slug=f"{most}-wide"),
                _choice(prompts.astral_prompt(most), slug=f"{most}-astral", open_=True),
            )
        case r.Format(shape="size", words=words, examples=examples):
            return tuple(_choice(value) for value in (*words, *examples))
        case r.Format(shape="string") if argument.one_of is None and argument.required is None:
            return (_choice("harness-7f3a"),)
        case r.Format(shape="url") if _is_webhook(constraint.parameter, operation):
            token = operation.title.lower().replace(" ", "-")
            return (_choice(f"{WEBHOOKS}{token}", slug="delivered"),)
        case r.OnlyWith() as rule:
            return _paired(rule, argument)
        case rule if argument.type in ("images", "file"):
            return references.allowed_references(constraint, operation)
        case rule:
            found = lattice(argument)
            corners = found.corners(rule) if found else ()
            return tuple(_choice(size_text(size)) for size in corners)


def _is_webhook(name: str, operation: Operation) -> bool:
    return operation.webhook is not None and operation.webhook.argument == name


def forbidden_values(  # noqa: C901, PLR0911 - one answer per kind of rule
    constraint: Constraint, operation: Operation
) -> tuple[Choice, ...]:
    """Return values that break this constraint and no other, nearest to the boundary first.

    An open one may break it: whether an empty prompt counts as a prompt is not said.
    """
    argument = operation.arguments[constraint.parameter]
    wrong_type = tuple(
        Choice(value=value, slug=_slug(value), wrong_type=True)
        for value in WRONG_TYPES[argument.type]
        if argument.type_rule is constraint.rule
        and not of_type(
            argument, carried(operation, {constraint.parameter: value}).get(constraint.parameter)
        )
        and (operation.body == "json" or argument.type not in ("images", "file"))
    )
    match constraint.rule:
        case r.Required():
            empty = _choice("", slug="empty", open_=True)
            return (empty,) if constraint.parameter == "prompt" else ()
        case r.OneOf() | r.Range() | r.MaxLength():
            return (*_outside(constraint.rule, argument, constraint.parameter), *wrong_type)
        case r.Format(shape="size"):
            return (_choice("bogus"), _choice("1024x"), *wrong_type)
        case r.Format(shape="url"):
            return (_choice("not-a-url"), *wrong_type)
        case r.OnlyWith() as rule:
            return _unpaired(rule, argument, operation)
        case r.NeverWith() as rule:
            return _clashing(rule)
        case r.Integer() | r.Format():
            return wrong_type
        case r.Absent():
            return tuple(_choice(value) for value in ALIEN[constraint.parameter])
        case rule if argument.type in ("images", "file"):
            return (*references.forbidden_references(constraint, operation), *wrong_type)
        case rule:
            found = lattice(argument)
            outsiders = found.outsiders(rule) if found else ()
            return tuple(_choice(size_text(size)) for size in outsiders[:4])


def _outside(
    rule: r.OneOf | r.Range | r.MaxLength, argument: Argument, name: str
) -> tuple[Choice, ...]:
    """Return values of the right type just outside a list, a range or a length."""
    match rule:
        case r.OneOf(values=values):
            alien = (value for value in ALIEN.get(name, ()) if not r.member(value, values))
            return tuple(_choice(value) for value in alien if _shaped_like(argument, value))
        case r.Range(min=low, max=high):
            below = () if low is None else (low - 1,)
            above = () if high is None else (high + 1,)
            return tuple(_choice(value) for value in (*below, *above))
        case r.MaxLength(characters=most):
            return (
                _choice(prompts.plain_prompt(most + 1), slug=f"{most + 1}-ascii"),
                _choice(prompts.wide_prompt(most + 1), slug=f"{most + 1}-wide"),
            )
        case _:
            assert_never(rule)


def companion_values(name: str, operation: Operation) -> dict[str, Json]:
    """Return what must stand beside an argument for its cross-parameter rules to hold."""
    rule = operation.arguments[name].only_with
    partner = {} if rule is None else {rule.argument: rule.values[0]}
    return {**partner, **references.partner_references(name, operation)}


def _certain(rule: r.OneOf, value: r.Scalar, argument: Argument) -> bool:
    listed = rule.status == "documented" or r.member(value, rule.shown)
    return listed and argument.status == "documented"


def _shaped_like(argument: Argument, value: Json) -> bool:
    """Tell whether a value is of the type that another rule of the argument watches over."""
    wanted = {"string": str, "integer": int, "boolean": bool}.get(argument.type)
    own_type = wanted is not None and type(value) is wanted
    return own_type or argument.type_rule is argument.one_of


def _paired(rule: r.OnlyWith, argument: Argument) -> tuple[Choice, ...]:
    value = _typical(argument)
    return tuple(
        Choice(value=value, slug=f"{value}-with-{_slug(other)}", beside={rule.argument: other})
        for other in rule.values
    )


def _unpaired(rule: r.OnlyWith, argument: Argument, operation: Operation) -> tuple[Choice, ...]:
    value = _typical(argument)
    other_argument = operation.arguments[rule.argument]
    others = other_argument.one_of.values if other_argument.one_of else ()
    return tuple(
        Choice(value=value, slug=f"{value}-with-{_slug(other)}", beside={rule.argument: other})
        for other in others
        if not r.member(other, rule.values)
    )


def _clashing(rule: r.NeverWith) -> tuple[Choice, ...]:
    other: Json = rule.values[0] if rule.values else (rule.above or 0) + 1
    return tuple(
        Choice(value=own, slug=f"{_slug(own)}-with-{_slug(other)}", beside={rule.argument: other})
        for own in rule.when
    )


def _typical(argument: Argument) -> int:
    """Return a value in the middle of an integer's range: no default, no boundary."""
    bounds = argument.range
    low = bounds.min if bounds and bounds.min is not None else 0
    high = bounds.max if bounds and bounds.max is not None else low + 100
    return (low + high + 1) // 2


def _choice(value: Json, *, slug: str = "", open_: bool = False) -> Choice:
    return Choice(value=value, slug=slug or _slug(value), open=open_)


def _slug(value: Json) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str() | int() | float():
            return str(value).replace("/", "-").replace(" ", "-")
        case dict():
            return "an-object"
        case _:
            return "a-list"
