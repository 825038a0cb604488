"""Figures of many runs over months: lines on an axis of days, steps of their level, and marks.

Everything is placed in a drawing of WIDE by HIGH; runs too near to tell apart are drawn as one
point at their middle, with the range of all of them behind it.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median

from harness.report.charts.axis import Tick, even_marks, round_step

WIDE, HIGH = 360, 168
LEFT, RIGHT, TOP, BOTTOM = 46, 352, 14, 132
"""Where the field of the lines lies in the drawing."""

_MOST_TICKS = 6
_WIDEST = 2
"""How many times the largest figure an interval may raise the axis."""
_DAY = timedelta(days=1)
_SHORT = timedelta(days=75)
"""A history shorter than that has days on its axis, not months."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A figure of one run; `words` say it in full."""

    at: datetime
    value: float
    low: float | None = None
    high: float | None = None
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One figure over time, and the levels between its changes as `from, to, level`."""

    name: str
    moments: Sequence[Moment]
    levels: Sequence[tuple[datetime, datetime, float]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A vertical mark at a day.

    `kind` is `worse`, `better`, `other`, `documents`, `harness` or `plan`. `anchor` is where the
    page says more; empty where nowhere.
    """

    at: datetime
    kind: str
    words: str
    anchor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnPoint:
    """One or more runs at a place, in words."""

    x: float
    y: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnLine:
    """A line's paths: through its points, the range of the runs in each, its levels.

    `tone` is its colour.
    """

    name: str
    tone: int
    path: str
    ranges: str
    levels: str
    points: tuple[DrawnPoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnSign:
    """A mark at its place."""

    x: float
    kind: str
    words: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A drawing: its ticks are places on it, `left` and `days` of the two axes."""

    left: tuple[Tick, ...]
    days: tuple[Tick, ...]
    lines: tuple[DrawnLine, ...]
    signs: tuple[DrawnSign, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """From days and values to places."""

    first: datetime
    last: datetime
    most: float

    def x(self, at: datetime) -> float:
        share = (at - self.first) / (self.last - self.first)
        return round(LEFT + (RIGHT - LEFT) * min(max(share, 0.0), 1.0), 1)

    def y(self, value: float) -> float:
        share = min(max(value / self.most, 0.0), 1.0)
        return round(BOTTOM - (BOTTOM - TOP) * share, 1)


def draw_timeline(  # noqa: PLR0913 - what a drawing is of
    lines: Sequence[Line],
    signs: Sequence[Sign],
    *,
    first: datetime,
    last: datetime,
    most_points: int,
    label: Callable[[float], str],
    least_top: float = 0.0,
    whole: bool = False,
) -> Timeline:
    """Draw lines on the days from `first` to `last`, their values from 0 to the largest.

    `label` words a value of the left axis; `whole` says that only whole numbers are values.
    """
    if last - first < _DAY:
        first, last = first - _DAY / 2, last + _DAY / 2
    moments = [each for line in lines for each in line.moments]
    highest = max((each.value for each in moments), default=0.0)
    if len(moments) <= most_points:  # each with its interval, if that leaves the lines to see
        bounds = [each.high for each in moments if each.high is not None]
        highest = max([highest, *(min(bound, _WIDEST * highest) for bound in bounds)])
    marks = _marks(max(highest, least_top), whole=whole)
    field = _Field(first=first, last=last, most=marks[-1])
    drawn = [
        _line(line, field, most_points, tone=tone, words=tone == 0)
        for tone, line in enumerate(lines)
        if line.moments
    ]
    return Timeline(
        left=tuple(Tick(x=field.y(mark), label=label(mark)) for mark in marks),
        days=tuple(_days(field)),
        lines=tuple(drawn),
        signs=tuple(
            DrawnSign(x=field.x(sign.at), kind=sign.kind, words=sign.words, anchor=sign.anchor)
            for sign in signs
            if first <= sign.at <= last
        ),
    )


def _marks(highest: float, *, whole: bool) -> list[float]:
    if highest <= 0:
        return [0.0, 1.0]
    if whole and round_step(highest) < 1:
        return [float(mark) for mark in range(math.ceil(highest) + 1)]
    return even_marks(highest)


def _line(line: Line, field: _Field, most_points: int, *, tone: int, words: bool) -> DrawnLine:
    groups = [*_grouped(line.moments, field, most_points)]
    middles = [
        (field.x(group[len(group) // 2].at), field.y(median(each.value for each in group)))
        for group in groups
    ]
    ranges = []
    single = len(groups) == len(line.moments)
    for (x, _), group in zip(middles, groups, strict=True):
        low, high = _range(group, single=single)
        if field.y(low) != field.y(high):
            ranges.append(f"M{x:g} {field.y(low):g}V{field.y(high):g}")
    points = tuple(
        DrawnPoint(x=x, y=y, words=_words(group))
        for (x, y), group in zip(middles, groups, strict=True)
        if words
    )
    levels = "".join(
        f"M{field.x(begin):g} {field.y(level):g}H{field.x(end):g}"
        for begin, end, level in line.levels
    )
    return DrawnLine(
        name=line.name,
        tone=tone,
        path="M" + " ".join(f"{x:g} {y:g}" for x, y in middles),
        ranges="".join(ranges),
        levels=levels,
        points=points,
    )


def _grouped(moments: Sequence[Moment], field: _Field, most: int) -> Iterator[list[Moment]]:
    """Yield the runs that are drawn as one point: all of one narrow strip, if they are many."""
    if len(moments) <= most:
        yield from ([each] for each in moments)
        return
    strip = (RIGHT - LEFT) / most
    group: list[Moment] = []
    at = -1
    for each in moments:
        place = int((field.x(each.at) - LEFT) / strip)
        if group and place != at:
            yield group
            group = []
        group.append(each)
        at = place
    if group:
        yield group


def _range(group: Sequence[Moment], *, single: bool) -> tuple[float, float]:
    """Return a run's interval, or where some points are several runs the range of each."""
    one = group[0]
    if single and one.low is not None and one.high is not None:
        return one.low, one.high
    values = [each.value for each in group]
    return min(values), max(values)


def _words(group: Sequence[Moment]) -> str:
    if len(group) == 1:
        return group[0].words
    return f"{len(group)} runs: {group[0].words} to {group[-1].words}"


def _days(field: _Field) -> Iterator[Tick]:
    """Yield the beginnings of months, or days where the whole is short, each with its label."""
    if field.last - field.first < _SHORT:
        every = max(1, math.ceil((field.last - field.first) / _DAY / _MOST_TICKS))
        begin = field.first.replace(hour=0, minute=0, second=0, microsecond=0)
        day = begin if begin >= field.first else begin + _DAY
        while day <= field.last:
            yield Tick(x=field.x(day), label=f"{day.day} {day:%b}")
            day += _DAY * every
        return
    months = [*_months(field.first, field.last)]
    every = next(n for n in (1, 2, 3, 6, 12, 24, 60, 120, 1200) if len(months) / n <= _MOST_TICKS)
    chosen = [month for month in months if (month.year * 12 + month.month - 1) % every == 0]
    year = 0
    for month in chosen:
        label = f"{month:%b}" if month.year == year else f"{month:%b %Y}"
        if every >= 12:  # noqa: PLR2004 - months of a year
            label = f"{month.year}"
        year = month.year
        yield Tick(x=field.x(month), label=label)


def _months(first: datetime, last: datetime) -> Iterator[datetime]:
    year, month = first.year, first.month
    while (begin := datetime(year, month, 1, tzinfo=UTC)) <= last:
        if begin >= first:
            yield begin
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)  # noqa: PLR2004 - of a year
