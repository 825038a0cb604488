"""When errors came: their classes over the minutes of a run."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.core.exchange import Reply
from harness.core.outcome import ErrorClass, error_of
from harness.core.record import Record
from harness.report.charts.axis import Axis, even_marks, marked_axis
from harness.spec.provider import Provider
from harness.stats.conformance.errors import occasion_of

MOST_BINS = 60

LETTERS: Mapping[ErrorClass, str] = {
    "rate_limit": "R",
    "quota": "Q",
    "server": "S",
    "job_failed": "J",
    "timeout": "T",
    "network": "N",
    "protocol": "P",
    "auth": "A",
    "moderation": "M",
    "content": "C",
    "validation": "V",
    "not_found": "F",
    "conflict": "X",
    "unknown": "U",
}
"""Each class of error by a letter, in the order in which they are stacked."""

PATTERNS: Mapping[ErrorClass, str] = {
    "rate_limit": "slowed",
    "quota": "slowed",
    "server": "down",
    "job_failed": "down",
    "timeout": "late",
    "network": "cut",
    "protocol": "cut",
}
"""Each class of error by the pattern that fills it; all others are refusals."""

REFUSED = "refused"
SERVED = "served"

_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
_IN_MINUTES_S = 180
_TOO_MANY = 429
_SPACE = 3.2
"""The least distance of two letters, in percent of a narrow picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of one bar: requests that ended alike, in percent from the left and the top."""

    x: float
    width: float
    y: float
    height: float
    pattern: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A letter above a bar: the class of most of its errors."""

    x: float
    letter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCount:
    """How many requests ended with an error of one class, and how it is drawn."""

    error_class: ErrorClass
    count: int

    @property
    def letter(self) -> str:
        """The letter of the class."""
        return LETTERS[self.error_class]

    @property
    def pattern(self) -> str:
        """The name of the pattern that fills its blocks."""
        return PATTERNS.get(self.error_class, REFUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorTimeline:
    """The errors of one provider by class, over the minutes of the run, behind them the served.

    `blocks` are errors, `behind` the requests that were served; `most` in one bar fill the height.
    `as_asked` were refused as their cases asked for, and stand in no bar. `limited` are the times
    in percent at which a reply told us to slow down, whatever came of its request. `counts` are
    the errors by class, the most first; `untimed` requests have no recorded time and stand in no
    bar.
    """

    provider: str
    emulated: bool
    axis: Axis
    bin_s: float
    most: int
    blocks: tuple[Block, ...]
    behind: tuple[Block, ...]
    signs: tuple[Sign, ...]
    limited: tuple[float, ...]
    counts: tuple[ClassCount, ...]
    ended: int
    as_asked: int
    untimed: int


Bins = dict[int, Counter[ErrorClass | None]]
"""How many requests ended in which bar, by class; None stands for the served."""


def error_timelines(
    records: Sequence[Record],
    providers: Mapping[str, Provider],
) -> tuple[ErrorTimeline, ...]:
    """Return a timeline for each provider that had any error, all on one axis.

    Seconds count from the run's start; those of a replay are the recording's. A refusal that its
    case asked for is no error.
    """
    last_s = max(
        (_ended_s(record) for record in records if record.outcome is not None), default=0.0
    )
    if last_s <= 0:
        return ()
    axis, bin_s = _run_axis(last_s), _bin_s(last_s)
    counted = {name: _Counted(axis, bin_s) for name in providers}
    for record in records:
        if record.outcome is not None and (its := counted.get(record.shot.case.provider)):
            its.add(record)
    rows = (_timeline(name, its, axis, bin_s) for name, its in counted.items())
    return tuple(row for row in rows if row is not None)


class _Counted:
    """How one provider's requests ended: counted, bar by bar."""

    def __init__(self, axis: Axis, bin_s: float) -> None:
        self._axis, self._bin_s = axis, bin_s
        self.counts: Counter[ErrorClass] = Counter()
        self.limited: set[float] = set()
        self.bins: Bins = {}
        self.emulated = False
        self.ended = self.as_asked = self.untimed = 0

    def add(self, record: Record) -> None:
        """Add a request that was sent."""
        self.emulated = self.emulated or record.evidence.emulated
        ended_s = _ended_s(record)
        if _as_asked(record):
            self.as_asked += 1
        elif ended_s <= 0:
            self.untimed += 1
        else:
            self.ended += 1
            error = _error(record)
            self.bins.setdefault(int(ended_s / self._bin_s), Counter())[error] += 1
            if error is not None:
                self.counts[error] += 1
            self.limited.update(map(self._axis.place, _limited(record)))


def _run_axis(last_s: float) -> Axis:
    """Return an axis of the run, in minutes from three on."""
    unit, unit_s = ("s", 1.0) if last_s < _IN_MINUTES_S else ("min", 60.0)
    return marked_axis(even_marks(last_s / unit_s), unit=unit, unit_s=unit_s)


def _ended_s(record: Record) -> float:
    return max((one.times.end_s for one in record.exchanges), default=0.0)


def _timeline(provider: str, counted: _Counted, axis: Axis, bin_s: float) -> ErrorTimeline | None:
    bins = counted.bins
    if not counted.counts and not counted.limited:
        return None
    most = max(sum(held.values()) for held in bins.values())
    bars = [_bar(at, bins[at], (bin_s, most), axis) for at in sorted(bins)]
    blocks = [block for bar in bars for block in bar]
    return ErrorTimeline(
        provider=provider,
        emulated=counted.emulated,
        axis=axis,
        bin_s=bin_s,
        most=most,
        blocks=tuple(block for block in blocks if block.pattern != SERVED),
        behind=tuple(block for block in blocks if block.pattern == SERVED),
        signs=tuple(_signs(bins, bin_s, axis)),
        limited=_spaced(sorted(counted.limited)),
        counts=tuple(
            ClassCount(error_class=error, count=number)
            for error, number in sorted(
                counted.counts.items(), key=lambda item: (-item[1], item[0])
            )
        ),
        ended=counted.ended,
        as_asked=counted.as_asked,
        untimed=counted.untimed,
    )


def _error(record: Record) -> ErrorClass | None:
    error = error_of(record.outcome)
    return None if error is None else error[0]


def _as_asked(record: Record) -> bool:
    error = _error(record)
    return error is not None and occasion_of(record, error) == "asked_for"


def _limited(record: Record) -> Iterator[float]:
    for one in record.exchanges:
        if isinstance(one.answer, Reply) and one.answer.status == _TOO_MANY:
            yield one.times.end_s


def _bin_s(last_s: float) -> float:
    """Return the shortest round width of a bar of which at most 60 hold the run."""
    fits = (step for step in _STEPS if last_s / step < MOST_BINS)
    return next(fits, math.ceil(last_s / MOST_BINS / 3600 + 1e-9) * 3600.0)


def _bar(
    at: int, held: Counter[ErrorClass | None], scale: tuple[float, int], axis: Axis
) -> list[Block]:
    """Return a bar's blocks from the floor up: errors first, so that one alone is seen."""
    bin_s, most = scale
    left, right = axis.place(at * bin_s), axis.place((at + 1) * bin_s)
    blocks, floor = [], 100.0
    for error in (*LETTERS, None):
        if not held[error]:
            continue
        height = held[error] / most * 100
        floor -= height
        word = error.replace("_", " ") if error else SERVED
        blocks.append(
            Block(
                x=left,
                width=round(max(right - left, 0.2), 2),
                y=round(floor, 2),
                height=round(height, 2),
                pattern=PATTERNS.get(error, REFUSED) if error else SERVED,
                title=f"{held[error]:,} {word}, {at * bin_s:g} to {(at + 1) * bin_s:g} s",
            )
        )
    return blocks


def _signs(bins: Bins, bin_s: float, axis: Axis) -> Iterator[Sign]:
    """Yield letters that do not touch each other; a burst has one where it begins."""
    last_x, last = -100.0, ""
    for at in sorted(bins):
        errors = [(number, error) for error, number in bins[at].items() if error is not None]
        if not errors:
            last = ""
            continue
        _, error = max(errors, key=lambda item: (item[0], item[1]))
        x = axis.place((at + 0.5) * bin_s)
        if LETTERS[error] != last and x - last_x >= _SPACE:
            last_x, last = x, LETTERS[error]
            yield Sign(x=x, letter=last)


def _spaced(places: Sequence[float]) -> tuple[float, ...]:
    """Return places of which no two are one stroke on a screen."""
    kept: list[float] = []
    for place in places:
        if not kept or place - kept[-1] >= 0.3:  # noqa: PLR2004 - a pixel of a wide picture
            kept.append(place)
    return tuple(kept)
