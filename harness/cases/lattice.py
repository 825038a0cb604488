"""The finite set of sizes that a provider's five rules allow, and its nearest outsiders.

Everything is listed, nothing is filtered at random: the allowed sizes, and for each rule the sizes
that break that rule and no other.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from harness.spec import rules as r
from harness.spec.provider import Argument

Size = tuple[int, int]
"""Width and height in pixels."""


def size_text(size: Size) -> str:
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

    def corners(self, rule: r.AnyRule) -> tuple[Size, ...]:
        """Return allowed sizes on the rule's boundary: few, telling, in both orientations."""
        match rule:
            case r.MultipleOf():
                odd = self.step
                found = [s for s in self.sizes if s[0] % (2 * odd) and s[1] % (2 * odd)]
                return (found[len(found) // 3], found[0])
            case r.MaxEdge():
                found = [size for size in self.sizes if max(size) == self.edge]
                return _spread(found, key=lambda size: size[0] * size[1])
            case r.MaxRatio():
                found = [size for size in self.sizes if max(size) == self.ratio * min(size)]
                return _spread(found, key=lambda size: size[0] * size[1])
            case r.MinPixels():
                return self._exact(min(width * height for width, height in self.sizes))
            case r.MaxPixels():
                return self._exact(max(width * height for width, height in self.sizes))
            case _:
                return ()

    def _exact(self, pixels: int) -> tuple[Size, ...]:
        found = [size for size in self.sizes if size[0] * size[1] == pixels]
        return _spread(found, key=lambda size: max(size) / min(size))

    def outsiders(self, rule: r.AnyRule) -> tuple[Size, ...]:
        """Return sizes that break this rule and no other, nearest first."""
        match rule:
            case r.MultipleOf():
                squarish = [size for size in self.off_step if 2 * max(size) < 3 * min(size)]
                if not squarish:
                    return ()
                grown = min(squarish, key=lambda size: (size[0] * size[1], size))  # costs least
                return (
                    (grown[0] + 1, grown[1]),
                    (grown[0], grown[1] + 1),
                    (grown[0] + self.step // 2, grown[1] + self.step // 2),
                    (grown[0] + self.step - 1, grown[1]),
                )
            case r.MaxEdge():
                return self.over_edge
            case r.MaxRatio():
                return self.over_ratio
            case r.MinPixels():
                return self.too_small
            case r.MaxPixels():
                return self.too_large
            case _:
                return ()


def _spread(found: list[Size], *, key: Callable[[Size], float]) -> tuple[Size, ...]:
    """Return the two ends of a list under `key`, each in both orientations."""
    ordered = sorted(found, key=lambda size: (key(size), size))
    ends = dict.fromkeys([*_both(ordered[0]), *_both(ordered[-1])])
    return tuple(ends)


def _both(size: Size) -> tuple[Size, Size]:
    return (max(size), min(size)), (min(size), max(size))


_KNOWN: dict[tuple[int, int, int, int, int], Lattice] = {}


def lattice(argument: Argument) -> Lattice | None:
    """Return the lattice that an argument's rules span, or None where they span none."""
    match argument:
        case Argument(
            multiple_of=r.MultipleOf(pixels=step),
            max_edge=r.MaxEdge(pixels=edge),
            max_ratio=r.MaxRatio(ratio=ratio),
            min_pixels=r.MinPixels(pixels=least),
            max_pixels=r.MaxPixels(pixels=most),
        ):
            key = (step, edge, ratio, least, most)
            return _KNOWN.setdefault(key, Lattice(*key))
        case _:
            return None
