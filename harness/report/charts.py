"""Pictures of times to pixels: who still waits after how long, and how sure that is.

Places are in percent of a picture's width and height, so that one drawing fits every screen.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from harness.core.verdict import Estimate
from harness.stats.benchmark.model import Speed
from harness.stats.conformance.latency import Latency


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A labelled place on the axis."""

    x: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """One row's marks in percent; missing where the figure is."""

    fastest: float | None
    slowest: float | None
    low: float | None
    high: float | None
    median: float | None
    p95: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """The common axis in `unit` and the marks of each row, in the rows' order."""

    unit: str
    ticks: tuple[Tick, ...]
    marks: tuple[Marks, ...]


def plot(rows: Sequence[Latency]) -> Plot:
    """Place the rows on one linear axis from 0 to the slowest reply or bound."""
    figures = [_figures(row) for row in rows]
    most = max((at_s for row in figures for at_s in row.values() if at_s is not None), default=1.0)
    scale, unit = (1.0, "s") if most >= 1 else (1000.0, "ms")
    places = _even_marks(most * scale)
    end, count = places[-1] / scale, len(places) - 1
    ticks = tuple(
        Tick(x=round(at / count * 100, 3), label=f"{place:,g}") for at, place in enumerate(places)
    )
    marks = tuple(
        Marks(
            **{
                name: None if at_s is None else round(at_s / end * 100, 3)
                for name, at_s in row.items()
            }
        )
        for row in figures
    )
    return Plot(unit=unit, ticks=ticks, marks=marks)


def _figures(row: Latency) -> dict[str, float | None]:
    """Return the figures of a row in seconds, by the name of their mark."""
    median = row.median
    return {
        "fastest": row.fastest_s,
        "slowest": row.slowest_s,
        "low": median.low,
        "high": median.high,
        "median": median.value,
        "p95": row.p95.value,
    }


def round_step(most: float) -> float:
    """Return a step of 1, 2 or 5 times a power of ten that makes 2 to 5 parts of the axis."""
    power: float = 10.0 ** math.floor(math.log10(most)) if most > 0 else 1.0
    steps = (power * factor for factor in (0.2, 0.5, 1, 2))
    return next((step for step in steps if most / step <= 5), 2 * power)  # noqa: PLR2004 - parts


TONES = 6
"""How many colours, each with its own dashes, tell providers apart; a seventh shares the first."""

_LOG_FROM = 12
"""The ratio of the longest to the shortest time from which short ones drown on an even axis."""

_MOST_TICKS = 7
_CHARACTER = 2.3
"""The width of a label's letter, in percent of the narrowest picture (340 px) that we draw."""

_LINE = 8.0
"""The height of a label's line, in percent of a picture."""

_LEVELS = (0.5, 0.62, 0.38, 0.74, 0.26, 0.86, 0.14, 0.94, 0.06)
"""The shares at which a label may stand beside its curve, the best first."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartLabel:
    """A line's own name beside it: where, and on which side of that place it ends or starts."""

    x: float
    y: float
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartLine:
    """One provider's curve: the share still waiting, as an SVG path in a square of 100."""

    name: str
    tone: int
    path: str
    label: ChartLabel


@dataclass(frozen=True, slots=True, kw_only=True)
class Whisker:
    """A quantile with its interval; `open` where there is no upper bound, it ends at the edge."""

    at: float | None
    low: float | None
    high: float | None
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartMarks:
    """One provider's median, p95 and restricted mean on the axis."""

    name: str
    tone: int
    median: Whisker
    p95: Whisker
    mean: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Curves and whiskers of one workload under one load, on one axis."""

    axis: Axis
    lines: tuple[ChartLine, ...]
    marks: tuple[ChartMarks, ...]


def draw_chart(rows: Sequence[Speed], names: Sequence[str], tones: Sequence[int]) -> Chart | None:
    """Draw one workload's rows, each under its name and in its tone; None without any figure."""
    axis = _axis([at_s for row in rows for at_s in _moments(row)])
    if axis is None:
        return None
    whole = list(zip(rows, names, tones, strict=True))
    drawn = [(_points(row, axis), name, tone) for row, name, tone in whole if row.n and row.curve]
    labels = _labels([points for points, _, _ in drawn], [name for _, name, _ in drawn])
    return Chart(
        axis=axis,
        lines=tuple(
            ChartLine(
                name=name,
                tone=tone,
                path="M" + " L".join(f"{x:g} {y:g}" for x, y in points),
                label=label,
            )
            for (points, name, tone), label in zip(drawn, labels, strict=True)
        ),
        marks=tuple(
            ChartMarks(
                name=name,
                tone=tone,
                median=_whisker(row.median, axis),
                p95=_whisker(row.p95, axis),
                mean=_placed(row.mean.value, axis),
            )
            for row, name, tone in whole
        ),
    )


def _moments(row: Speed) -> list[float]:
    moments = [step.at_s for step in row.curve]
    for estimate in (row.median, row.p95, row.mean):
        moments += [at_s for at_s in (estimate.value, estimate.low, estimate.high) if at_s]
    if row.curve and row.curve[-1].waiting > 0:
        moments.append(row.horizon_s)
    return [at_s for at_s in moments if at_s > 0]


def _axis(moments: Sequence[float]) -> Axis | None:
    """Return an axis that holds all moments: logarithmic where they lie far apart."""
    if not moments:
        return None
    least, most = min(moments), max(moments)
    scale, unit = (1.0, "s") if most >= 1 else (1000.0, "ms")
    log = most / least >= _LOG_FROM
    marks = _decades(least * scale, most * scale) if log else _even_marks(most * scale)
    axis = Axis(unit=unit, log=log, low_s=marks[0] / scale, high_s=marks[-1] / scale, ticks=())
    ticks = (Tick(x=axis.place(mark / scale), label=f"{mark:,g}") for mark in marks)
    return replace(axis, ticks=tuple(ticks))


def _even_marks(most: float) -> list[float]:
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


Points = list[tuple[float, float]]
"""A curve as corners: percent of the axis, percent from the top."""


def _points(row: Speed, axis: Axis) -> Points:
    points: Points = [(0.0, 0.0)]
    for step in row.curve:
        x = axis.place(step.at_s)
        points += [(x, points[-1][1]), (x, round((1 - step.waiting) * 100, 2))]
    if row.curve[-1].waiting > 0:  # somebody waits still: nobody saw how long
        points.append((axis.place(max(row.horizon_s, row.curve[-1].at_s)), points[-1][1]))
    return points


def _whisker(estimate: Estimate, axis: Axis) -> Whisker:
    unbounded = estimate.low is not None and estimate.high is None
    return Whisker(
        at=_placed(estimate.value, axis),
        low=_placed(estimate.low, axis),
        high=100.0 if unbounded else _placed(estimate.high, axis),
        open=unbounded,
    )


def _placed(at_s: float | None, axis: Axis) -> float | None:
    return None if at_s is None else axis.place(at_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    left: float
    right: float
    top: float
    bottom: float

    def meets(self, other: "_Box") -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


def _labels(curves: Sequence[Points], names: Sequence[str]) -> list[ChartLabel]:
    """Put each name beside its curve where it hides least: no name, and few other curves."""
    taken: list[_Box] = []
    labels = []
    for points, name in zip(curves, names, strict=True):
        places = [
            _beside(points, level, name, to_right=to_right)
            for level in _LEVELS
            for to_right in (True, False)
        ]
        label, box = min(places, key=lambda place: _hidden(place[1], taken, curves))
        taken.append(box)
        labels.append(label)
    return labels


def _beside(points: Points, level: float, name: str, *, to_right: bool) -> tuple[ChartLabel, _Box]:
    y = (1 - level) * 100
    # Where the curve has come down to that height; at its end where it never does.
    x = next((x for x, height in points if height >= y), points[-1][0])
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


def _hidden(box: _Box, taken: Sequence[_Box], curves: Sequence[Points]) -> int:
    outside = box.left < 0 or box.right > 100  # noqa: PLR2004 - percent
    crossed = sum(any(box.meets(_leg(*ends)) for ends in pairwise(points)) for points in curves)
    return 100 * outside + 20 * sum(box.meets(other) for other in taken) + crossed


def _leg(start: tuple[float, float], end: tuple[float, float]) -> _Box:
    (left, right), (top, bottom) = (sorted(pair) for pair in zip(start, end, strict=True))
    return _Box(left=left, right=right + 1e-6, top=top, bottom=bottom + 1e-6)
