"""Sizes in pixels: how they are written, the finite set that five rules allow, its outsiders.

Everything is listed, nothing is filtered at random: the allowed sizes, and for each rule the sizes
that break that rule and no other.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from harness.core.jsonvalue import Json

Size = tuple[int, int]
"""Width and height in pixels."""

SIZE = re.compile(r"([1-9]\d{0,5})x([1-9]\d{0,5})", re.ASCII)


def edges(value: Json) -> Size | None:
    """Return the width and height of a `WIDTHxHEIGHT` text, or nothing."""
    match = SIZE.fullmatch(value) if isinstance(value, str) else None
    return (int(match[1]), int(match[2])) if match else None


def text(size: Size) -> str:
    """Return a size as providers write it."""
    return f"{size[0]}x{size[1]}"


@dataclass(frozen=True)
class Lattice:
    """Sizes with edges in multiples of `step` up to `edge`, `ratio`:1 at most, in pixel bounds."""

    step: int
    edge: int
    ratio: int
    least: int
    most: int

    def _line(self, limit: int) -> range:
        return range(self.step, limit + 1, self.step)

    def _narrow(self, size: Size) -> bool:
        return max(size) <= self.ratio * min(size)

    @cached_property
    def sizes(self) -> tuple[Size, ...]:
        """Every allowed size, by width, then height."""
        return tuple(
            (width, height)
            for width in self._line(self.edge)
            for height in self._line(self.edge)
            if self.least <= width * height <= self.most and self._narrow((width, height))
        )

    @cached_property
    def off_step(self) -> tuple[Size, ...]:
        """Allowed sizes from which either edge may grow by less than a step and break only that."""
        allowed = set(self.sizes)
        step = self.step
        return tuple(
            (width, height)
            for width, height in self.sizes
            if {(width + step, height), (width, height + step), (width + step, height + step)}
            <= allowed
        )

    @cached_property
    def over_edge(self) -> tuple[Size, ...]:
        """Sizes that are only too long: nearest first."""
        longest = int((self.most * self.ratio) ** 0.5)
        beyond = range(self.edge + self.step, longest + 1, self.step)
        found = [
            size
            for long in beyond
            for short in self._line(self.edge)
            if self.least <= long * short <= self.most and long <= self.ratio * short
            for size in ((long, short), (short, long))
        ]
        return tuple(sorted(found, key=lambda size: (max(size), min(size), size)))

    @cached_property
    def over_ratio(self) -> tuple[Size, ...]:
        """Sizes that are only too narrow: nearest to the allowed ratio first."""
        found = [
            (width, height)
            for width in self._line(self.edge)
            for height in self._line(self.edge)
            if self.least <= width * height <= self.most and not self._narrow((width, height))
        ]
        return tuple(sorted(found, key=lambda size: (max(size) / min(size), size)))

    @cached_property
    def too_small(self) -> tuple[Size, ...]:
        """Sizes that only have too few pixels: largest first."""
        found = self._in_shape(lambda pixels: pixels < self.least)
        return tuple(sorted(found, key=lambda size: (-size[0] * size[1], size)))

    @cached_property
    def too_large(self) -> tuple[Size, ...]:
        """Sizes that only have too many pixels: smallest first."""
        found = self._in_shape(lambda pixels: pixels > self.most)
        return tuple(sorted(found, key=lambda size: (size[0] * size[1], size)))

    def _in_shape(self, wanted: Callable[[int], bool]) -> Iterable[Size]:
        return (
            (width, height)
            for width in self._line(self.edge)
            for height in self._line(self.edge)
            if wanted(width * height) and self._narrow((width, height))
        )


def spread(found: Iterable[Size], *, key: Callable[[Size], float]) -> tuple[Size, ...]:
    """Return the two ends of a list under `key`, each in both orientations."""
    ordered = sorted(found, key=lambda size: (key(size), size))
    ends = dict.fromkeys([*_both(ordered[0]), *_both(ordered[-1])])
    return tuple(ends)


def _both(size: Size) -> tuple[Size, Size]:
    return (max(size), min(size)), (min(size), max(size))
