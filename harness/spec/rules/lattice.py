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


def area(size: Size) -> int:
    """Return a size's pixels."""
    return size[0] * size[1]


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

    def _grid(self, keeps: Callable[[Size], bool]) -> list[Size]:
        """Return the sizes on the grid, by width, then height, that have some property."""
        line = range(self.step, self.edge + 1, self.step)
        return [(width, height) for width in line for height in line if keeps((width, height))]

    def _narrow(self, size: Size) -> bool:
        return max(size) > self.ratio * min(size)

    def _of_area(self, size: Size) -> bool:
        return self.least <= area(size) <= self.most

    @cached_property
    def sizes(self) -> tuple[Size, ...]:
        """Every allowed size, by width, then height."""
        return tuple(self._grid(lambda size: self._of_area(size) and not self._narrow(size)))

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
        too_long = [
            size
            for long in range(self.edge + self.step, longest + 1, self.step)
            for short in range(self.step, self.edge + 1, self.step)
            if self._of_area((long, short)) and not self._narrow((long, short))
            for size in ((long, short), (short, long))
        ]
        return tuple(sorted(too_long, key=lambda size: (max(size), min(size), size)))

    @cached_property
    def over_ratio(self) -> tuple[Size, ...]:
        """Sizes that are only too narrow: nearest to the allowed ratio first."""
        narrow = self._grid(lambda size: self._of_area(size) and self._narrow(size))
        return tuple(sorted(narrow, key=lambda size: (max(size) / min(size), size)))

    @cached_property
    def too_small(self) -> tuple[Size, ...]:
        """Sizes that only have too few pixels: largest first."""
        small = self._grid(lambda size: area(size) < self.least and not self._narrow(size))
        return tuple(sorted(small, key=lambda size: (-area(size), size)))

    @cached_property
    def too_large(self) -> tuple[Size, ...]:
        """Sizes that only have too many pixels: smallest first."""
        large = self._grid(lambda size: area(size) > self.most and not self._narrow(size))
        return tuple(sorted(large, key=lambda size: (area(size), size)))


def spread(sizes: Iterable[Size], *, key: Callable[[Size], float]) -> tuple[Size, ...]:
    """Return the two ends of a list under `key`, each in both orientations."""
    ordered = sorted(sizes, key=lambda size: (key(size), size))
    both = ((max(size), min(size)) for size in (ordered[0], ordered[-1]))
    return tuple(dict.fromkeys(size for wide in both for size in (wide, wide[::-1])))
