"""An axis with round marks: even, or logarithmic where what it holds lies far apart."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

TONES = 6
"""How many colours, each with its own dashes, tell providers apart; a seventh shares the first."""

_LOG_FROM = 12
"""The ratio of the longest to the shortest time from which short ones drown on an even axis."""

_MOST_TICKS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A labelled place on the axis."""

    x: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """An axis of time, even or logarithmic (`log`), from `low_s` to `high_s` in `unit`."""

    unit: str
    log: bool
    low_s: float
    high_s: float
    ticks: tuple[Tick, ...]

    def place(self, at_s: float) -> float:
        """Return where a moment stands, in percent; what lies outside stands on the edge."""
        at_s = min(max(at_s, self.low_s), self.high_s)
        if self.log:
            whole = math.log(self.high_s / self.low_s)
            return round(math.log(at_s / self.low_s) / whole * 100, 2)
        return round((at_s - self.low_s) / (self.high_s - self.low_s) * 100, 2)


def round_step(most: float) -> float:
    """Return a step of 1, 2 or 5 times a power of ten that makes 2 to 5 parts of the axis."""
    power: float = 10.0 ** math.floor(math.log10(most)) if most > 0 else 1.0
    steps = (power * factor for factor in (0.2, 0.5, 1, 2))
    return next((step for step in steps if most / step <= 5), 2 * power)  # noqa: PLR2004 - parts


def time_axis(moments: Sequence[float], *, log: bool | None = None) -> Axis | None:
    """Return an axis that holds all moments: logarithmic where they lie far apart.

    `log` decides it otherwise. None where there is no moment after 0.
    """
    moments = [at_s for at_s in moments if at_s > 0]
    if not moments:
        return None
    least, most = min(moments), max(moments)
    scale, unit = (1.0, "s") if most >= 1 else (1000.0, "ms")
    log = most / least >= _LOG_FROM if log is None else log
    marks = _decades(least * scale, most * scale) if log else even_marks(most * scale)
    return marked_axis(marks, unit=unit, unit_s=1 / scale, log=log)


def marked_axis(marks: Sequence[float], *, unit: str, unit_s: float, log: bool = False) -> Axis:
    """Return the axis from the first to the last mark, each with its label in `unit`."""
    axis = Axis(unit=unit, log=log, low_s=marks[0] * unit_s, high_s=marks[-1] * unit_s, ticks=())
    ticks = (Tick(x=axis.place(mark * unit_s), label=f"{mark:,g}") for mark in marks)
    return replace(axis, ticks=tuple(ticks))


def even_marks(most: float) -> list[float]:
    """Return the places of 3 to 6 round marks from 0 to at least `most`."""
    step = round_step(most)
    return [at * step for at in range(max(1, math.ceil(most / step - 1e-9)) + 1)]


def _decades(least: float, most: float) -> list[float]:
    """Return 1, 2 and 5 of each power of ten between; fewer where they would be too many."""
    powers = range(math.floor(math.log10(least)) - 1, math.ceil(math.log10(most)) + 2)
    marks: list[float] = []
    for steps in ((1, 2, 5), (1, 3), (1,)):
        marks = [float(f"{step}e{power}") for power in powers for step in steps]
        first = max(at for at, mark in enumerate(marks) if mark <= least)
        last = min(at for at, mark in enumerate(marks) if mark >= most)
        marks = marks[first : last + 1]
        if len(marks) <= _MOST_TICKS:
            break
    return marks
