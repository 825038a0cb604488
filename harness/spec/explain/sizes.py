"""The allowed size that is nearest to a forbidden one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isqrt

from harness.spec.rules.base import Rule
from harness.spec.rules.lattice import Size
from harness.spec.rules.size import sides

KEPT = 0.01
"""How far a ratio may be off and still count as kept: edges come in steps."""

_STEP_PX = 16
_EDGE_PX = 16_384
"""Where no rule names a step or an edge: fine enough to be near, few enough to be tried at once."""


def nearest_size(rules: Sequence[Rule], wanted: Size) -> Size | None:
    """Return the size that keeps these rules and is nearest to `wanted`; None where there is none.

    Nearest is, in this order: the aspect ratio kept (within `KEPT`, else the nearest that any
    allowed size has), more edges left as they are, fewer times more or less pixels, the larger one.
    """
    rows = tuple(_rows(rules))
    bends = (_bend((row.width, high), wanted) for row in rows for high in row.beside(wanted))
    limit = max(KEPT, min(bends, default=KEPT))
    found = (
        (row.width, high)
        for row in rows
        for high in row.within(wanted, limit)
        if _bend((row.width, high), wanted) <= limit
    )
    return min(found, key=lambda size: _distance(size, wanted), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """The allowed heights of one width: multiples of `step` from `low` to `high`."""

    width: int
    step: int
    low: int
    high: int

    def _clamped(self, height: int) -> int:
        return min(max(height, self.low), self.high)

    def beside(self, wanted: Size) -> tuple[int, int]:
        """Return the allowed heights on either side of the one that keeps the ratio."""
        below = self.width * wanted[1] // wanted[0] // self.step * self.step
        return self._clamped(below), self._clamped(below + self.step)

    def within(self, wanted: Size, limit: float) -> range:
        """Return the heights whose ratio is off by about `limit` at most, and a few around them."""
        line = self.width * wanted[1] / wanted[0]
        low = int(line / (1 + limit)) // self.step * self.step
        high = int(line * (1 + limit)) + self.step
        return range(max(self.low, low), min(self.high, high) + 1, self.step)


def _rows(rules: Sequence[Rule]) -> Iterator[_Row]:
    stated = sides(rules)
    step, ratio = stated.get("step", _STEP_PX), stated.get("ratio", _EDGE_PX)
    least, most = stated.get("least", 1), stated.get("most", _EDGE_PX**2)
    edge = stated.get("edge", min(_EDGE_PX, isqrt(most * ratio)))
    for width in range(step, edge + 1, step):
        low = max(-(-width // ratio), -(-least // width), 1)
        high = min(edge, width * ratio, most // width)
        row = _Row(width=width, step=step, low=-(-low // step) * step, high=high // step * step)
        if row.low <= row.high:
            yield row


def _bend(size: Size, wanted: Size) -> float:
    """Return by which part the ratio of a size is off: 0 where it is kept."""
    one, other = size[0] * wanted[1], size[1] * wanted[0]
    return max(one, other) / min(one, other) - 1


def _distance(size: Size, wanted: Size) -> tuple[int, float, int, float]:
    pixels, meant = size[0] * size[1], wanted[0] * wanted[1]
    moved = (size[0] != wanted[0]) + (size[1] != wanted[1])
    factor = max(pixels, meant) / min(pixels, meant)
    return (moved, factor, -pixels, _bend(size, wanted))
