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
    """Sizes with edges in multiples of `step` up to `edge`, `ratio`:1 at most, in pixel bounds.

    With `any_edge`, edges need be no multiples: the longest one is among them, whatever it is.
    """

    step: int
    edge: int
    ratio: int
    least: int
    most: int
    any_edge: bool = False

    @cached_property
    def _line(self) -> tuple[int, ...]:
        line = range(self.step, self.edge + 1, self.step)
        return (*line, self.edge) if self.any_edge and self.edge % self.step else tuple(line)

    def _narrow(self, size: Size) -> bool:
        return max(size) > self.ratio * min(size)

    def _of_area(self, size: Size) -> bool:
        return self.least <= area(size) <= self.most

    @cached_property
    def sizes(self) -> tuple[Size, ...]:
        """Every allowed size, by width, then height."""
        line, ratio, least, most = self._line, self.ratio, self.least, self.most
        return tuple(
            (width, height)
            for width in line
            for height in line
            if least <= width * height <= most
            and width <= ratio * height
            and height <= ratio * width
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
        too_long = [
            size
            for long in range((self.edge // self.step + 1) * self.step, longest + 1, self.step)
            for short in self._line
            if self._of_area((long, short)) and not self._narrow((long, short))
            for size in ((long, short), (short, long))
        ]
        return tuple(sorted(too_long, key=lambda size: (max(size), min(size), size)))

    @cached_property
    def over_ratio(self) -> tuple[Size, ...]:
        """Sizes that are only too narrow: nearest to the allowed ratio first."""
        line, ratio, least, most = self._line, self.ratio, self.least, self.most
        narrow = [
            (width, height)
            for width in line
            for height in line
            if least <= width * height <= most
            and (width > ratio * height or height > ratio * width)
        ]
        return tuple(sorted(narrow, key=lambda size: (max(size) / min(size), size)))

    @cached_property
    def too_small(self) -> tuple[Size, ...]:
        """Sizes that only have too few pixels: largest first."""
        line, ratio, least = self._line, self.ratio, self.least
        small = [
            (width, height)
            for width in line
            for height in line
            if width * height < least and width <= ratio * height and height <= ratio * width
        ]
        return tuple(sorted(small, key=lambda size: (-area(size), size)))

    @cached_property
    def too_large(self) -> tuple[Size, ...]:
        """Sizes that only have too many pixels: smallest first."""
        line, ratio, most = self._line, self.ratio, self.most
        large = [
            (width, height)
            for width in line
            for height in line
            if width * height > most and width <= ratio * height and height <= ratio * width
        ]
        return tuple(sorted(large, key=lambda size: (area(size), size)))


def spread(sizes: Iterable[Size], *, key: Callable[[Size], float]) -> tuple[Size, ...]:
    """Return the two ends of a list under `key`, each in both orientations."""
    ranked = [(key(size), size) for size in sizes]
    if not ranked:
        return ()
    both = ((max(size), min(size)) for _, size in (min(ranked), max(ranked)))
    return tuple(dict.fromkeys(size for wide in both for size in (wide, wide[::-1])))
