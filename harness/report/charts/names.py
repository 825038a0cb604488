"""Where a curve's own name stands: beside it, where it hides least."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_CHARACTER = 2.3
"""The width of a label's letter, in percent of the narrowest picture (340 px) that we draw."""

_LINE = 8.0
"""The height of a label's line, in percent of a picture."""

_LEVELS = (0.5, 0.62, 0.38, 0.74, 0.26, 0.86, 0.14, 0.94, 0.06)
"""The shares at which a label may stand beside its curve, the best first."""

Points = list[tuple[float, float]]
"""A curve as corners: percent of the axis, percent from the top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartLabel:
    """A line's own name beside it: where, and on which side of that place it ends or starts."""

    x: float
    y: float
    anchor: str


def labels_beside(curves: Sequence[Points], names: Sequence[str]) -> list[ChartLabel]:
    """Put each name beside its rising curve where it hides no name, and few other curves."""
    taken: list[_Box] = []
    labels = []
    drawn = [[_leg(*ends) for ends in pairwise(points)] for points in curves]
    for points, name in zip(curves, names, strict=True):
        places = [
            _beside(place, name, to_right=to_right)
            for place in _places(points)
            for to_right in (True, False)
        ]
        label, box = min(places, key=lambda place: _hidden(place[1], taken, drawn))
        taken.append(box)
        labels.append(label)
    return labels


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    left: float
    right: float
    top: float
    bottom: float

    def meets(self, other: "_Box") -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


def _places(points: Points) -> list[tuple[float, float]]:
    """Return where a curve comes up to a level, and places over and under its end."""
    places = []
    for y in ((1 - level) * 100 for level in _LEVELS):
        reached = [x for x, height in points if height <= y]
        places += [(reached[0], y)] if reached else []
    x, y = points[-1]
    return [*places, *((x, min(max(y + away, 3.0), 97.0)) for away in (-5, 5, -12, 12))]


def _beside(place: tuple[float, float], name: str, *, to_right: bool) -> tuple[ChartLabel, _Box]:
    x, y = place
    x += 1.5 if to_right else -1.5
    width = len(name) * _CHARACTER
    box = _Box(
        left=x if to_right else x - width,
        right=x + width if to_right else x,
        top=y - _LINE / 2,
        bottom=y + _LINE / 2,
    )
    anchor = "start" if to_right else "end"
    return ChartLabel(x=round(x, 2), y=round(y, 2), anchor=anchor), box


def _hidden(box: _Box, taken: Sequence[_Box], curves: Sequence[Sequence[_Box]]) -> int:
    outside = box.left < 0 or box.right > 100  # noqa: PLR2004 - percent
    crossed = sum(any(map(box.meets, legs)) for legs in curves)
    return 100 * outside + 20 * sum(box.meets(other) for other in taken) + crossed


def _leg(start: tuple[float, float], end: tuple[float, float]) -> _Box:
    (left, right), (top, bottom) = (sorted(pair) for pair in zip(start, end, strict=True))
    return _Box(left=left, right=right + 1e-6, top=top, bottom=bottom + 1e-6)
