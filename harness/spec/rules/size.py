"""Rules about the edges and the pixels of a size, and the lattice of sizes that they span."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from math import isqrt
from typing import ClassVar, Literal, get_args

from harness.core.errors import Mistake
from harness.core.jsonvalue import Json
from harness.spec.rules.base import (
    Choices,
    Context,
    Described,
    Evaluation,
    Positive,
    Rule,
    Schema,
    Table,
    choice,
    toml_table,
)
from harness.spec.rules.lattice import Lattice, Size, area, edges, spread, text

Side = Literal["step", "edge", "ratio", "least", "most"]

_AT_MOST = 4
"""How many of its outsiders a rule has as cases of their own."""


_CORNERS: dict[tuple[type, int, Lattice], tuple[Size, ...]] = {}
"""The corners of a kind of rule with its figure, on a lattice."""


class SizeRule(Rule):
    """A rule about a `WIDTHxHEIGHT`; other texts keep it. `side` is its part in a lattice."""

    speaks_of = ("string",)
    keywords = "JSON Schema has no keyword for a number inside a text"
    side: ClassVar[Side]

    @property
    @abstractmethod
    def limit(self) -> int:
        """The figure of the rule."""

    @abstractmethod
    def fits(self, width: int, height: int) -> bool:
        """Tell whether a size keeps the rule."""

    @abstractmethod
    def touches(self, width: int, height: int) -> bool:
        """Tell whether an allowed size lies on the rule's boundary."""

    def corners(self, grid: Lattice) -> tuple[Size, ...]:
        """Return allowed sizes on the boundary: few, telling, in both orientations."""
        return spread((size for size in grid.sizes if self.touches(*size)), key=area)

    @abstractmethod
    def outsiders(self, grid: Lattice) -> tuple[Size, ...]:
        """Return sizes that break this rule and no other, nearest first."""

    def evaluate(self, value: Json, other: Json) -> Evaluation:
        size = edges(value)
        return "satisfied" if size is None or self.fits(*size) else "violated"

    def allowed(self, context: Context) -> Choices:
        grid = lattice(context.argument)
        if grid is None:
            return ()
        known = (type(self), self.limit, grid)
        if known not in _CORNERS:  # a search through thousands of sizes
            _CORNERS[known] = self.corners(grid)
        return tuple(choice(text(size)) for size in _CORNERS[known])

    def forbidden(self, context: Context) -> Choices:
        grid = lattice(context.argument)
        return tuple(choice(text(size)) for size in self.outsiders(grid)[:_AT_MOST]) if grid else ()

    def boundaries(self, value: Json, other: Json) -> tuple[str, ...]:
        size = edges(value)
        return (str(self.limit) if size is not None and self.touches(*size) else "",)


class _InPixels(SizeRule):
    """A rule whose figure is a number of pixels."""

    pixels: Positive
    """The figure, in pixels: `pixels = 3840`."""

    @property
    def limit(self) -> int:
        return self.pixels


class MultipleOf(_InPixels):
    """Both edges are multiples of `pixels`."""

    side = "step"
    phrase = "has edges that are multiples of {pixels} px"

    def fits(self, width: int, height: int) -> bool:
        return width % self.pixels == 0 and height % self.pixels == 0

    def edge_schema(self) -> Schema | None:
        return {"multipleOf": self.pixels}

    def touches(self, width: int, height: int) -> bool:
        return bool(width % (2 * self.pixels) or height % (2 * self.pixels))

    def corners(self, grid: Lattice) -> tuple[Size, ...]:
        twice = 2 * self.pixels
        odd = [size for size in grid.sizes if size[0] % twice and size[1] % twice]
        return (odd[len(odd) // 3], odd[0]) if odd else ()

    def outsiders(self, grid: Lattice) -> tuple[Size, ...]:
        squarish = [size for size in grid.off_step if 2 * max(size) < 3 * min(size)]
        if not squarish:
            return ()
        wide, high = min(squarish, key=lambda size: (area(size), size))  # costs least
        half, most = self.pixels // 2, self.pixels - 1
        # First what a check of half the step would let pass, too.
        return (wide + half, high + half), (wide + 1, high), (wide, high + 1), (wide + most, high)


class MaxEdge(_InPixels):
    """No edge is longer than `pixels`."""

    side = "edge"
    phrase = "has no edge above {pixels} px"

    def fits(self, width: int, height: int) -> bool:
        return max(width, height) <= self.pixels

    def edge_schema(self) -> Schema | None:
        return {"maximum": self.pixels}

    def touches(self, width: int, height: int) -> bool:
        return max(width, height) == self.pixels

    def outsiders(self, grid: Lattice) -> tuple[Size, ...]:
        return grid.over_edge


class MaxRatio(SizeRule):
    """The long edge is at most `ratio` times the short one."""

    ratio: Positive
    """How many times the short edge the long one may be: `ratio = 3`."""

    side = "ratio"
    phrase = "has a ratio of at most {ratio}:1"

    @property
    def limit(self) -> int:
        return self.ratio

    def fits(self, width: int, height: int) -> bool:
        return max(width, height) <= self.ratio * min(width, height)

    def touches(self, width: int, height: int) -> bool:
        return max(width, height) == self.ratio * min(width, height)

    def outsiders(self, grid: Lattice) -> tuple[Size, ...]:
        return grid.over_ratio

    def boundaries(self, value: Json, other: Json) -> tuple[str, ...]:
        return tuple(boundary and f"{boundary}:1" for boundary in super().boundaries(value, other))


class _OfArea(_InPixels):
    """A rule about width times height."""

    def touches(self, width: int, height: int) -> bool:
        return width * height == self.pixels

    def _corners(self, grid: Lattice, pixels: int) -> tuple[Size, ...]:
        sizes = (size for size in grid.sizes if area(size) == pixels)
        return spread(sizes, key=lambda size: max(size) / min(size))


class MinPixels(_OfArea):
    """Width times height is at least `pixels`."""

    side = "least"
    phrase = "has at least {pixels:,} pixels"

    def fits(self, width: int, height: int) -> bool:
        return width * height >= self.pixels

    def corners(self, grid: Lattice) -> tuple[Size, ...]:
        return self._corners(grid, min(map(area, grid.sizes), default=0))

    def outsiders(self, grid: Lattice) -> tuple[Size, ...]:
        return grid.too_small

    @classmethod
    def disagreements(
        cls, place: str, rule: Table, argument: Table, arguments: Table
    ) -> Iterator[Mistake | str]:
        least, most = rule.get("pixels"), toml_table(argument.get("max_pixels")).get("pixels")
        if isinstance(least, int) and isinstance(most, int) and least > most:
            yield f"{place}: {least} is above max_pixels, {most}"


class MaxPixels(_OfArea):
    """Width times height is at most `pixels`."""

    side = "most"
    phrase = "has at most {pixels:,} pixels"

    def fits(self, width: int, height: int) -> bool:
        return width * height <= self.pixels

    def corners(self, grid: Lattice) -> tuple[Size, ...]:
        return self._corners(grid, max(map(area, grid.sizes), default=0))

    def outsiders(self, grid: Lattice) -> tuple[Size, ...]:
        return grid.too_large


def sides(rules: Iterable[Rule]) -> dict[Side, int]:
    """Return what the rules say of sizes, each under its part in a lattice."""
    return {rule.side: rule.limit for rule in rules if isinstance(rule, SizeRule)}


_KNOWN: dict[tuple[tuple[Side, int], ...], Lattice] = {}


def lattice(argument: Described) -> Lattice | None:
    """Return the lattice that an argument's rules span, or None where none speaks of sizes.

    What they leave open is chosen so that nobody minds: sizes as most providers have them.
    """
    stated = sides(rule for _, rule in argument.rules)
    if not stated:
        return None
    return _KNOWN.setdefault(tuple(stated.items()), _filled(stated))


def is_bounded(argument: Described) -> bool:
    """Tell whether rules say all that there is to sizes: steps, edges, ratio and both areas."""
    return len(sides(rule for _, rule in argument.rules)) == len(get_args(Side))


_STEP_PX = 16
_RATIO = 3
_LEAST_PIXELS, _MOST_PIXELS = 512 * 512, 1024 * 1024
_FINEST = 512
"""Into so many steps an edge is cut where no document names its steps."""


def _filled(stated: Mapping[Side, int]) -> Lattice:
    """Return a lattice within what is stated."""
    ratio = stated.get("ratio", _RATIO)
    edge = stated.get("edge", 0)
    step = stated.get("step", _STEP_PX * max(1, -(-edge // (_STEP_PX * _FINEST))))
    most = stated.get("most", edge * edge or max(_MOST_PIXELS, stated.get("least", 0)))
    edge = edge or isqrt(most * ratio) // step * step
    least = stated.get("least", min(_LEAST_PIXELS, most, edge * edge))
    return Lattice(
        step=step, edge=edge, ratio=ratio, least=least, most=most, any_edge="step" not in stated
    )
