"""Where values and pairs stand in a map of coverage: a triangle under its diagonal.

All cells of one shade are one path, so that thousands of them take little room.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

LEFT, TOP = 254, 6
"""Where the first cell begins, in pixels: names of parameters and values stand left of it."""

_NAMES = 150
"""The room right of the diagonal, where each value's name stands again."""

_WIDEST, _NARROWEST, _ROOM = 18, 12, 700
_SHADES = (2, 4, 8)
"""From how many served requests on the second, third and fourth shade begin."""

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Standing:
    """How many requests held some values, how many were served, and how many got no answer."""

    served: int = 0
    tried: int = 0
    faults: int = 0

    def plus(self, times: int, kind: str) -> "Standing":
        """Return it with so many more requests, whose outcome was of one kind."""
        return Standing(
            served=self.served + times * (kind == "images"),
            tried=self.tried + times,
            faults=self.faults + times * (kind == "fault"),
        )

    @property
    def shade(self) -> str:
        """The class of its cell: `served1` to `served4`, `refused`, `unknown` or `untried`."""
        if self.served:
            return f"served{1 + sum(self.served >= least for least in _SHADES)}"
        if not self.tried:
            return "untried"
        return "unknown" if self.faults == self.tried else "refused"

    @property
    def sign(self) -> str:
        """A sign: how many were served, in base 36; `!` none, `?` unanswered, `.` untried."""
        if self.served:
            return _DIGITS[min(self.served, len(_DIGITS) - 1)]
        return {"untried": "_", "unknown": "?", "refused": "!"}[self.shade]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A map in pixels: cells of `step`, paths by shade, rules between parameters, all signs.

    `signs` are those of the rows of the triangle, with a blank between rows and `-` for pairs that
    no request may hold.
    """

    step: int
    width: int
    height: int
    paths: tuple[tuple[str, str], ...]
    rules: tuple[int, ...]
    signs: str

    def y(self, row: int) -> int:
        """Return the middle of a row."""
        return TOP + row * self.step + self.step // 2

    def x(self, column: int) -> int:
        """Return where a column begins."""
        return LEFT + column * self.step


def drawing(names: Sequence[str], standing: Callable[[int, int], Standing | None]) -> Drawing:
    """Return the map of values, each known by its parameter's name.

    `standing` tells what became of two of them by their places, None where they exclude each other.
    """
    count = len(names)
    step = max(_NARROWEST, min(_WIDEST, _ROOM // max(count, 1)))
    by_shade: dict[str, list[str]] = {}
    rows = []
    for row in range(count):
        signs = []
        for column in range(row + 1):
            one = standing(row, column)
            signs.append(one.sign if one else "-")
            if one is not None:
                by_shade.setdefault(one.shade, []).append(_cell(one.shade, column, row, step))
        rows.append("".join(signs))
    return Drawing(
        step=step,
        width=LEFT + count * step + _NAMES,
        height=TOP + count * step + TOP,
        paths=tuple((shade, "".join(by_shade[shade])) for shade in sorted(by_shade)),
        rules=tuple(at for at, (one, next_) in enumerate(pairwise(names), 1) if one != next_),
        signs=" ".join(rows),
    )


def _cell(shade: str, column: int, row: int, step: int) -> str:
    """Return a cell's part of its path: a square, a cross, a question's bar or a dot."""
    x, y, side = LEFT + column * step + 1, TOP + row * step + 1, step - 2
    if shade == "refused":
        return f"M{x + 1} {y + 1}l{side - 2} {side - 2}m0 {2 - side}l{2 - side} {side - 2}"
    if shade == "unknown":
        return f"M{x + 1} {y + side // 2}h{side - 2}"
    if shade == "untried":
        return f"M{x + side // 2} {y + side // 2}h1"
    return f"M{x} {y}h{side}v{side}h-{side}z"
