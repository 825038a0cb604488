"""What a fault planted at values must lead to, and whether a finding names exactly these values.

A fault is KIND[@RATE]:VALUE[+VALUE ...]: the emulator's own names, read here by themselves.
"""

import re
from dataclasses import dataclass

from harness.core.verdict import Finding
from harness.spec.provider import Argument, Operation
from tests.shipped import shipped_provider as shipped

Promise = tuple[str | None, str]
"""A finding's constraint and check."""

FAILS = "fails_where_it_should_serve"
SHAPE = "refusal_has_the_documented_shape"
REFUSES, ACCEPTS = "refuses_what_it_forbids", "accepts_what_it_documents"
CLASSES = frozenset(
    (
        *("n=many", "size=largest", "size=smallest", "size=3:1", "size=portrait"),
        *("prompt=longest", "images=many", "mask=given"),
    )
)
"""Values that stand for several: a finding names one of them."""

SIZES = {"buble": "images_have_the_asked_aspect_ratio"}
DIMENSIONS = "images_have_the_asked_dimensions"
CHECKS = {
    "refused": ACCEPTS,
    **dict.fromkeys(
        ("fails", "unavailable", "error_200", "unanswered", "hangs", "unfinished_stream"), FAILS
    ),
    **dict.fromkeys(("ends_failed", "never_ends"), FAILS),
    "other_format": "images_have_the_asked_format",
    **dict.fromkeys(("fewer", "more"), "serves_as_many_images_as_asked"),
    "lower_quality": "images_have_the_asked_quality",
    "undecodable": "images_decode",
}
"""By kind; what wrong dimensions break differs by provider."""

RULES = ("one_of", "range", "format", "count", "max_length")
"""The rule under which a value alone is a finding: the first of these that its parameter has."""

SHAPED = ("buble", "sub2api", "apiframe", "openai")
"""Their documents show an error with its fields; those of the others show none, or two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A fault at values: its kind, how often it strikes, and its values as written."""

    kind: str
    rate: float
    values: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """The parameters of its values."""
        return frozenset(text.partition("=")[0] for text in self.values)


def planted(fault: str) -> Planted | None:
    """Read a fault's name; None where it is another fault."""
    head, _, values = fault.partition(":")
    kind, _, rate = head.partition("@")
    if not values or not (kind in CHECKS or kind in ("other_size", "swapped_size")):
        return None
    return Planted(kind=kind, rate=float(rate or 1), values=tuple(values.split("+")))


def promises(provider: str, operation: str, fault: str) -> list[Promise] | None:
    """Return what one of these faults breaks on an operation; None where it is another fault."""
    at = planted(fault)
    if at is not None:
        promise = promise_at_values(provider, operation, at)
    elif fault.startswith("takes:"):
        promise = promise_of_type(provider, operation, fault)
    elif fault.startswith("other_shape:"):
        promise = promise_of_shape(provider, operation, fault)
    else:
        return None
    return [promise] if promise else []


def promise_at_values(provider: str, operation: str, fault: Planted) -> Promise | None:
    """Return the promise that it breaks where the operation documents all its values."""
    described = shipped(provider).operation(operation)
    if shipped(provider).kind(operation) == "respond":
        return None  # no document says which parameters the tool of the Responses API has
    if not all(_is_documented(described, text) for text in fault.values):
        return None
    check = CHECKS.get(fault.kind) or SIZES.get(provider, DIMENSIONS)
    return _alone(described, fault), check


def _alone(described: Operation, fault: Planted) -> str | None:
    if len(fault.values) > 1 or fault.kind == "undecodable":
        return None
    parameter = fault.values[0].partition("=")[0]
    rules = (f"{parameter}.{rule}" for rule in RULES)
    return next((rule for rule in rules if described.constraint(rule) is not None), None)


def _is_documented(described: Operation, text: str) -> bool:
    name, _, written = text.partition("=")
    argument = described.arguments.get(name)
    if argument is None or argument.status != "documented":
        return False
    if name == "n" and _most_images(argument) < (10 if written == "10" else 2):
        return False
    if argument.one_of is None or text in CLASSES:
        return True
    return written in {
        str(value).lower() if isinstance(value, bool) else str(value)
        for value in argument.one_of.certain
    }


def _most_images(argument: Argument) -> int:
    if argument.one_of is not None:
        return 1
    span = argument.range
    return int(span.max or 1) if span is not None and span.status == "documented" else 1


def names_the_values(finding: Finding, fault: Planted) -> bool:
    """Tell whether a finding names all values of a fault and nothing else.

    Of a single value, a rule of its parameter is as good; of a class of values, its parameter.
    """
    if finding.combination:
        return _parameters(finding) == fault.names and covers_the_values(finding, fault)
    parameter = (finding.constraint or "").partition(".")[0]
    return len(fault.values) == 1 and parameter in fault.names


def covers_the_values(finding: Finding, fault: Planted) -> bool:
    """Tell whether a fault explains a finding: it names all its values, or no value at all."""
    if not finding.combination:
        return finding.constraint is None or names_the_values(finding, fault)
    named = {text.lower() for text in finding.combination}
    exact = {text.lower() for text in fault.values if text not in CLASSES}
    return fault.names <= _parameters(finding) and exact <= named


def _parameters(finding: Finding) -> frozenset[str]:
    """Return the parameters that a combination names: `quality=high`, `prompt of 9 characters`."""
    return frozenset(re.split("[= ]", text)[0] for text in finding.combination)


def promise_of_type(provider: str, operation: str, fault: str) -> Promise | None:
    """Return what `takes:PARAMETER=FORM` breaks: the rule of a parameter's documented type."""
    described = shipped(provider).operation(operation)
    argument = described.arguments.get(fault.partition(":")[2].partition("=")[0])
    if argument is None or argument.status != "documented" or described.body != "json":
        return None
    rule = argument.type_rule
    if rule is None or rule.status != "documented":
        return None
    return next((each.id for each in described.constraints if each.rule is rule), None), REFUSES


def promise_of_shape(provider: str, operation: str, fault: str) -> Promise | None:
    """Return what `other_shape:PARAMETER` breaks where the document shows the shape of errors."""
    argument = shipped(provider).operation(operation).arguments.get(fault.partition(":")[2])
    if provider not in SHAPED or argument is None or argument.status != "documented":
        return None
    return None if shipped(provider).kind(operation) == "respond" else (None, SHAPE)
