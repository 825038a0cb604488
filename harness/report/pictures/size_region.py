"""What the documents say of sizes, drawn: a region, single sizes, lines of aspect ratios."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from harness.report.pictures.size_limits import Limit
from harness.report.pictures.size_scale import HalfPlane, Point, Scale, cut, region
from harness.spec.provider import Operation
from harness.spec.rules.lattice import Size, edges
from harness.spec.rules.size import SizeRule, sides


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A documented size in the picture, with its name."""

    at: Point
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ray:
    """All sizes of a documented aspect ratio, as a line from one end to the other."""

    start: Point
    end: Point
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Documented:
    """What the documents allow: `region` is the points of an SVG polygon, empty without a rule.

    `certain` is false where a rule is undocumented or contradicted; `rules` word all of them.
    """

    region: str
    certain: bool
    places: tuple[Place, ...]
    rays: tuple[Ray, ...]
    rules: tuple[str, ...]


def documented(operation: Operation, scale: Scale) -> Documented:
    """Return what the documents of an operation say of sizes, as it stands on a scale."""
    rules = [constraint for constraint in operation.constraints if constraint.parameter in _NAMES]
    spatial = [one.rule for one in rules if isinstance(one.rule, SizeRule)]
    corners = region(scale, sides(spatial)) if spatial else []
    told = [one for one in rules if isinstance(one.rule, SizeRule) or one.rule.listing]
    return Documented(
        region=scale.polygon(corners),
        certain=all(operation.is_judged(one) for one in told),
        places=tuple(Place(at=scale.place(size), name=name) for name, size in _listed(operation)),
        rays=tuple(_rays(operation, scale)),
        rules=tuple(one.describe() for one in told),
    )


def has_region(operation: Operation) -> bool:
    """Tell whether rules on sizes span a region, and not only a list."""
    return any(isinstance(one.rule, SizeRule) for one in operation.constraints)


_NAMES = ("size", "resolution", "aspect_ratio")


def extent(operation: Operation) -> Iterator[Size]:
    """Yield the outermost sizes that the documents name or allow."""
    yield from (size for _, size in _listed(operation))
    limits = sides(one.rule for one in operation.constraints if one.parameter == "size")
    if "edge" in limits:
        yield limits["edge"], limits["edge"]
    if "least" in limits:
        short = math.isqrt(limits["least"] // limits.get("ratio", 1))
        yield short, short


def far_side(limit: Limit, figure: float, operation: Operation, scale: Scale) -> tuple[str, ...]:
    """Return the parts of the documented region beyond a figure of a limit, `near` or `far`.

    Each is the points of an SVG polygon.
    """
    limits = sides(one.rule for one in operation.constraints if one.parameter == "size")
    parts = []
    for halves in _halves(limit, figure):
        part = region(scale, limits)
        for half in halves:
            part = cut(part, half)
        if part:
            parts.append(scale.polygon(part))
    return tuple(parts)


def _halves(limit: Limit, figure: float) -> tuple[tuple[HalfPlane, ...], ...]:
    """Return convex parts, which do not overlap, of what lies beyond a figure."""
    log = math.log2(figure)
    if limit.measure in _LINES:
        a, b = _LINES[limit.measure]
        return (((-a, -b, -log) if limit.above else (a, b, log),),)
    if limit.measure == "ratio":
        wide, high = (-1.0, 1.0, -log), (1.0, -1.0, -log)
        return ((wide,), (high,)) if limit.above else (((1, -1, log), (-1, 1, log)),)
    both_above = limit.measure == "shorter edge"
    if limit.above == both_above:
        return (((-1, 0, -log), (0, -1, -log)),) if limit.above else (((1, 0, log), (0, 1, log)),)
    if limit.above:
        return ((-1, 0, -log),), ((0, -1, -log), (1, 0, log))
    return ((1, 0, log),), ((0, 1, log), (-1, 0, -log))


_LINES = {
    "width": (1.0, 0.0),
    "height": (0.0, 1.0),
    "pixels": (1.0, 1.0),
    "shape": (-1.0, 1.0),
}


def _listed(operation: Operation) -> Iterator[tuple[str, Size]]:
    """Yield the single sizes that an argument lists, each with its name."""
    argument = operation.arguments.get("size")
    for value in argument.listing if argument else ():
        word = value if isinstance(value, str) else ""
        size = edges(argument.word_sizes.get(word, word) if argument else None)
        if size is not None:
            yield word, size


def _rays(operation: Operation, scale: Scale) -> Iterator[Ray]:
    argument = operation.arguments.get("aspect_ratio")
    for value in argument.listing if argument else ():
        wide, _, high = str(value).partition(":")
        if not (wide.isdecimal() and high.isdecimal() and int(wide) and int(high)):
            continue
        ends = scale.ray(int(wide) / int(high))
        if ends is not None:
            yield Ray(start=ends[0], end=ends[1], name=str(value))
