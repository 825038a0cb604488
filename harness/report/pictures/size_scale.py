"""Where sizes stand in a picture: one logarithmic scale for width and height.

On it every rule on sizes is a straight line: edges upright or level, areas falling, ratios rising.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from harness.report.charts.axis import Tick
from harness.spec.rules.lattice import Size
from harness.spec.rules.size import Side

LEFT, TOP, SIDE = 44.0, 8.0, 300.0
"""The square of the plane within its picture, in the picture's units."""

_LEAST_OCTAVES = 2.0
_MARGIN = 0.12
"""How much room is left beyond the outermost size, in doublings."""
_MOST_TICKS = 6

Point = tuple[float, float]
"""Binary logarithms of a width and a height."""

HalfPlane = tuple[float, float, float]
"""`(a, b, c)`: the points with a * u + b * v <= c."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The range of both axes, as binary logarithms of pixels."""

    low: float
    high: float

    @classmethod
    def around(cls, sizes: Iterable[Size]) -> "Scale":
        """Return the scale that holds all these sizes; at least one."""
        logs = [math.log2(edge) for size in sizes for edge in size]
        low, high = min(logs) - _MARGIN, max(logs) + _MARGIN
        missing = max(0.0, _LEAST_OCTAVES - (high - low)) / 2
        return cls(low=low - missing, high=high + missing)

    def along(self, log: float) -> float:
        """Return how far from the start of an axis a value stands."""
        return (log - self.low) / (self.high - self.low) * SIDE

    def place(self, size: Size) -> Point:
        """Return where a size stands in the picture."""
        return self._drawn((math.log2(size[0]), math.log2(size[1])))

    def polygon(self, points: Iterable[Point]) -> str:
        """Return the `points` of an SVG polygon."""
        return " ".join(f"{x:g},{y:g}" for x, y in map(self._drawn, points))

    def _drawn(self, point: Point) -> Point:
        x, y = LEFT + self.along(point[0]), TOP + SIDE - self.along(point[1])
        return round(x, 1), round(y, 1)

    @property
    def square(self) -> list[Point]:
        """The corners of the whole plane."""
        low, high = self.low, self.high
        return [(low, low), (high, low), (high, high), (low, high)]

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Powers of two on an axis, as many as there is room for."""
        powers = range(math.ceil(self.low), math.floor(self.high) + 1)
        step = max(1, math.ceil(len(powers) / _MOST_TICKS))
        return tuple(
            Tick(x=round(self.along(power), 1), label=f"{2**power:,}")
            for power in powers
            if power % step == 0
        )

    def ray(self, ratio: float) -> tuple[Point, Point] | None:
        """Return the ends, in the picture, of the line of all sizes of one ratio."""
        log = math.log2(ratio)
        start, end = max(self.low, self.low + log), min(self.high, self.high + log)
        if start >= end:
            return None
        return self._drawn((start, start - log)), self._drawn((end, end - log))


def cut(polygon: list[Point], half: HalfPlane) -> list[Point]:
    """Return the part of a convex polygon that lies in a half-plane."""
    a, b, c = half
    kept: list[Point] = []
    for at, point in enumerate(polygon):
        before = polygon[at - 1]
        here, there = (a * u + b * v - c for u, v in (point, before))
        if (here <= 0) != (there <= 0):
            share = there / (there - here)
            kept.append(
                (
                    before[0] + share * (point[0] - before[0]),
                    before[1] + share * (point[1] - before[1]),
                )
            )
        if here <= 0:
            kept.append(point)
    return kept


def region(scale: Scale, limits: dict[Side, int]) -> list[Point]:
    """Return the corners of what these rules allow, as far as the scale reaches."""
    logs = {side: math.log2(limit) for side, limit in limits.items()}
    halves: list[HalfPlane] = []
    if "edge" in logs:
        halves += [(1, 0, logs["edge"]), (0, 1, logs["edge"])]
    if "ratio" in logs:
        halves += [(1, -1, logs["ratio"]), (-1, 1, logs["ratio"])]
    if "least" in logs:
        halves.append((-1, -1, -logs["least"]))
    if "most" in logs:
        halves.append((1, 1, logs["most"]))
    corners = scale.square
    for half in halves:
        corners = cut(corners, half)
    return corners
