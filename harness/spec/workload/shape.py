"""The size of an image in the words that a provider has for it: pixels, or a ratio and a class."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.core.jsonvalue import Json
from harness.core.workload import Difference
from harness.spec.evaluate import evaluate
from harness.spec.explain.neighbours import near
from harness.spec.provider import Argument, Operation
from harness.spec.request import carried
from harness.spec.rules import edges
from harness.spec.tell import describe

RATIO = 0.05
"""How far the ratio of the edges may be off, as a part of it, to be the same job for a buyer."""

PIXELS = 2.0
"""By which factor the number of pixels may be off."""

_UNASKED = (1024, 1024)
"""What this family of models makes where no shape and no amount of pixels is asked for."""
_EXPECTED = "a square of about a megapixel is expected unasked"

_MOST_PIXELS = 8_294_400
"""The model's own ceiling (nanobanana, sub2api: `size.max_pixels`), so that 4K is not 4096x4096."""

_RATIO = re.compile(r"([1-9]\d{0,3}):([1-9]\d{0,3})", re.ASCII)
_CLASS = re.compile(r"([1-9]\d?)[kK]", re.ASCII)
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What is sent for a size, and how it differs; `near` is False where it is another job."""

    sent: dict[str, Json] = field(default_factory=dict)
    difference: Difference | None = None
    near: bool = True


def shape(operation: Operation, size: str) -> Shape:
    """Return how a provider is asked for `WIDTHxHEIGHT` pixels.

    A size that keeps all rules is asked for as it is; else the nearest allowed one, if it is near
    (`RATIO`, `PIXELS`). A provider without sizes is asked for the nearest of the ratios and of the
    classes (`1K`) that it lists: 1K counts as 1024x1024 pixels, and so on up to what the model can.
    """
    wanted = edges(size)
    if wanted is None:
        raise ValueError(f"{size!r} is no WIDTHxHEIGHT")
    if documented(operation, "size") is None:
        return _in_words(operation, size, wanted)
    if keeps(operation, "size", size):
        return Shape(sent={"size": size})
    return _near_size(operation, size, wanted)


def documented(operation: Operation, name: str) -> Argument | None:
    """Return an argument that the document itself has; nothing for one that is in doubt."""
    argument = operation.arguments.get(name)
    return argument if argument is not None and argument.status == "documented" else None


def lacks(operation: Operation, name: str) -> str:
    """Say why an argument that is not `documented` is not used."""
    argument = operation.arguments.get(name)
    if argument is None:
        return f"its documents have no {name}"
    return f"whether it has {name} is {argument.status}, so that is not used"


def keeps(operation: Operation, name: str, value: Json) -> bool:
    """Tell whether a value keeps every rule about its argument alone."""
    return _objection(operation, name, value) is None


def _objection(operation: Operation, name: str, value: Json) -> str | None:
    """Return the rules that a value does not keep, in words; nothing where it keeps all."""
    seen = carried(operation, {name: value})
    broken = (
        constraint
        for constraint in operation.constraints
        if constraint.parameter == name and evaluate(constraint, operation, seen) != "holds"
    )
    return " and ".join(map(describe, broken)) or None


def _near_size(operation: Operation, size: str, wanted: tuple[int, int]) -> Shape:
    rule = _objection(operation, "size", size) or ""
    for value in near(operation, "size", size, {}):
        found = edges(value)
        if found is None or not keeps(operation, "size", value):
            continue
        if _ratio_kept(found, wanted) and _pixels_kept(found[0] * found[1], wanted):
            why = f"{value} in place of {size}: {rule}"
            return Shape(
                sent={"size": value},
                difference=Difference(parameter="size", asked=size, sent=value, why=why),
            )
    return _far(size, f"{rule}, and no allowed size is near")


def _far(size: str, why: str) -> Shape:
    told = f"{size} cannot be asked for: {why}"
    return Shape(
        difference=Difference(parameter="size", asked=size, sent=None, why=told), near=False
    )


def _ratio_kept(size: tuple[int, int], wanted: tuple[int, int]) -> bool:
    return _bend(size, wanted) <= RATIO + _ROUNDING


def _pixels_kept(pixels: int, wanted: tuple[int, int]) -> bool:
    return _times(pixels, wanted[0] * wanted[1]) <= PIXELS + _ROUNDING


def _bend(size: tuple[int, int], wanted: tuple[int, int]) -> float:
    """Return by which part the ratio of the edges is off: 0 where it is kept."""
    return _times(size[0] * wanted[1], size[1] * wanted[0]) - 1


def _times(one: int, other: int) -> float:
    return max(one, other) / min(one, other)


def _in_words(operation: Operation, size: str, wanted: tuple[int, int]) -> Shape:
    """Ask for a ratio and a class of pixels, as far as the documents list any."""
    shapes = {
        value: (int(found[1]), int(found[2]))
        for value, found in _listed(operation, "aspect_ratio", _RATIO)
    }
    classes = {
        value: min((int(found[1]) * 1024) ** 2, _MOST_PIXELS)
        for value, found in _listed(operation, "resolution", _CLASS)
    }
    pixels = wanted[0] * wanted[1]
    ratio = min(shapes, key=lambda one: _bend(shapes[one], wanted), default=None)
    amount = min(classes, key=lambda one: _times(classes[one], pixels), default=None)
    said = {"resolution": amount, "aspect_ratio": ratio}
    sent: dict[str, Json] = {name: value for name, value in said.items() if value is not None}
    known = f"it has {' and '.join(sent)} only" if sent else _no_words(operation)
    if not _ratio_kept(_UNASKED if ratio is None else shapes[ratio], wanted):
        return _far(size, f"{known}, and no such ratio" if sent else f"{known}; {_EXPECTED}")
    if not _pixels_kept(_UNASKED[0] * _UNASKED[1] if amount is None else classes[amount], wanted):
        return _far(size, f"{known}, and not so many pixels" if sent else f"{known}; {_EXPECTED}")
    told = " at ".join(map(str, sent.values())) or None
    why = (
        f"{told} in place of {size}: the pixel sizes this produces are not documented"
        if told
        else f"{size} cannot be asked for: {known}; it chooses"
    )
    return Shape(sent=sent, difference=Difference(parameter="size", asked=size, sent=told, why=why))


def _listed(
    operation: Operation, name: str, pattern: re.Pattern[str]
) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield the listed values of an argument that are written as a measure."""
    argument = documented(operation, name)
    values = argument.one_of.values if argument and argument.one_of else ()
    for value in values:
        if isinstance(value, str) and (found := pattern.fullmatch(value)):
            yield value, found


def _no_words(operation: Operation) -> str:
    """Say why there are no words for a size."""
    if "size" not in operation.arguments and "aspect_ratio" in operation.arguments:
        return f"its documents have no size, and {lacks(operation, 'aspect_ratio')}"
    return lacks(operation, "size")
