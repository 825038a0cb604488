"""A constraint in words."""

from harness.spec import rules as r
from harness.spec.provider import Constraint


def describe(constraint: Constraint) -> str:
    """Return what a constraint asks, in one short phrase: `n is between 1 and 10`."""
    return f"{constraint.parameter} {_phrase(constraint.rule)}"


def _phrase(rule: r.AnyRule) -> str:  # noqa: C901, PLR0911, PLR0912 - one phrase per kind of rule
    match rule:
        case r.Required():
            return "is required"
        case r.Absent():
            return "must be left out"
        case r.OneOf(values=values):
            return f"is one of {', '.join(map(_word, values))}"
        case r.Range(min=low, max=None):
            return f"is at least {low}"
        case r.Range(min=None, max=high):
            return f"is at most {high}"
        case r.Range(min=low, max=high):
            return f"is {low}" if low == high else f"is between {low} and {high}"
        case r.Integer():
            return "is a whole number"
        case r.MaxLength(characters=most):
            return f"has at most {most:,} characters"
        case r.Count(min=least, max=most):
            return f"has {least} to {most} entries"
        case r.Format(shape="size", words=words):
            return f"is {' or '.join((*words, 'WIDTHxHEIGHT'))}"
        case r.Format(shape=shape):
            return f"is a {'URL' if shape == 'url' else shape}"
        case r.MultipleOf(pixels=step):
            return f"has edges that are multiples of {step} px"
        case r.MaxEdge(pixels=edge):
            return f"has no edge above {edge} px"
        case r.MaxRatio(ratio=ratio):
            return f"has a ratio of at most {ratio}:1"
        case r.MinPixels(pixels=least):
            return f"has at least {least:,} pixels"
        case r.MaxPixels(pixels=most):
            return f"has at most {most:,} pixels"
        case r.UrlOnly():
            return "are public URLs only"
        case r.MaxBytes(bytes=most, or_bytes=larger, under=under):
            read = f" (or {larger:,})" if larger else ""
            return f"has {'fewer than' if under else 'at most'} {most:,}{read} bytes"
        case r.MediaType(values=values):
            return f"is of type {', '.join(values)}"
        case r.Alpha():
            return "has an alpha channel"
        case r.SameSize(argument=other):
            return f"has the dimensions of {other}"
        case r.SameFormat(argument=other):
            return f"has the format of {other}"
        case r.OnlyWith(argument=other, values=values):
            return f"counts only where {other} is {' or '.join(map(_word, values))}"
        case r.NeverWith(argument=other, values=values, above=above):
            against = f"above {above}" if above is not None else " or ".join(map(_word, values))
            return f"excludes {other} {against}"


def _word(value: r.Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
