"""Pictures of times to pixels: which share was served after how long, and how sure that is."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.core.verdict import Estimate
from harness.report.charts.axis import Axis, time_axis
from harness.report.charts.names import ChartLabel, Points, labels_beside
from harness.stats.curves import BAND, CurveStep

FINEST = 0.5
"""The least height of a step of a drawing, in percent: smaller ones are drawn together, which
moves no point of a curve by more than a pixel, and keeps 10,000 attempts small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What is drawn of one provider: `figures` are its figures in words, `tone` its colour.

    `steps` are its shares not yet served, `given_up_s` when what was not served was given up.
    """

    name: str
    tone: int
    n: int
    steps: Sequence[CurveStep]
    given_up_s: Sequence[float]
    horizon_s: float
    median: Estimate
    p95: Estimate
    mean: Estimate | None = None
    figures: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Censor:
    """Where on a curve waiting was given up, and for how many requests."""

    x: float
    y: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartLine:
    """One provider's curve: the share served, as an SVG path in a square of 100, with its band.

    `band` is empty where there is none.
    """

    name: str
    tone: int
    path: str
    band: str
    censored: tuple[Censor, ...]
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
    """One provider's median, p95 and restricted mean on the axis, and its figures in words.

    `line` is the place of its curve among the lines; missing where it has none.
    """

    name: str
    tone: int
    line: int | None
    median: Whisker
    p95: Whisker
    mean: float | None
    figures: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Curves and whiskers of one workload under one load, on one axis.

    `method` cites what draws the curves and their bands.
    """

    axis: Axis
    lines: tuple[ChartLine, ...]
    marks: tuple[ChartMarks, ...]
    method: str = BAND

    @property
    def banded(self) -> bool:
        """Whether any curve has a band."""
        return any(line.band for line in self.lines)

    @property
    def given_up(self) -> int:
        """How many requests were given up."""
        return sum(tick.count for line in self.lines for tick in line.censored)


def draw_chart(curves: Sequence[Curve]) -> Chart | None:
    """Draw the curves on one axis; None without any figure."""
    axis = time_axis([at_s for curve in curves for at_s in _moments(curve)])
    if axis is None:
        return None
    drawn = [(curve, _thinned(curve.steps, axis)) for curve in curves if curve.n and curve.steps]
    served = [_corners(steps, axis, _end(curve, axis)) for curve, steps in drawn]
    labels = labels_beside(served, [curve.name for curve, _ in drawn])
    return Chart(
        axis=axis,
        lines=tuple(
            ChartLine(
                name=curve.name,
                tone=curve.tone,
                path=_path(points),
                band=_band(steps, axis, _end(curve, axis)),
                censored=tuple(_censored(curve, axis)),
                label=label,
            )
            for (curve, steps), points, label in zip(drawn, served, labels, strict=True)
        ),
        marks=tuple(_marks(curve, axis, [curve for curve, _ in drawn]) for curve in curves),
    )


def _marks(curve: Curve, axis: Axis, drawn: Sequence[Curve]) -> ChartMarks:
    mean = curve.mean.value if curve.mean else None
    return ChartMarks(
        name=curve.name,
        tone=curve.tone,
        line=next((at for at, one in enumerate(drawn) if one is curve), None),
        median=whisker(curve.median, axis),
        p95=whisker(curve.p95, axis),
        mean=_placed(mean, axis),
        figures=curve.figures,
    )


def _moments(curve: Curve) -> list[float]:
    moments = [step.at_s for step in curve.steps]
    for estimate in filter(None, (curve.median, curve.p95, curve.mean)):
        moments += [at_s for at_s in (estimate.value, estimate.low, estimate.high) if at_s]
    if curve.steps and curve.steps[-1].waiting > 0:
        moments.append(curve.horizon_s)
    return moments


def _thinned(steps: Sequence[CurveStep], axis: Axis) -> list[CurveStep]:
    """Return the steps that can be told apart, the first and the last among them."""
    kept = [steps[0]]
    for step in steps[1:-1]:
        higher = (kept[-1].waiting - step.waiting) * 100 >= FINEST
        later = axis.place(step.at_s) - axis.place(kept[-1].at_s) >= FINEST
        if higher or later:
            kept.append(step)
    return [*kept, steps[-1]] if len(steps) > 1 else kept


def _end(curve: Curve, axis: Axis) -> float | None:
    """Return up to where a curve goes on level: somebody waits still, nobody saw how long."""
    last = curve.steps[-1]
    return axis.place(max(curve.horizon_s, last.at_s)) if last.waiting > 0 else None


def _corners(
    steps: Iterable[CurveStep], axis: Axis, end: float | None, heights: Sequence[float] = ()
) -> Points:
    """Return the corners of a rising curve; `heights` are the shares waiting, if not the steps'."""
    steps = list(steps)
    shares = heights or [step.waiting for step in steps]
    points: Points = [(0.0, 100.0)]
    for step, share in zip(steps, shares, strict=True):
        x = round(axis.place(step.at_s), 1) if step.at_s > 0 else 0.0
        points += [(x, points[-1][1]), (x, round(share * 100, 1))]
    return points if end is None else [*points, (end, points[-1][1])]


def _path(points: Points) -> str:
    """Return corners of a stair as an SVG path: across and up, each where it moves at all."""
    x, y = points[0]
    parts = [f"M{x:g} {y:g}"]
    for to_x, to_y in points[1:]:
        parts += [f"H{to_x:g}"] * (to_x != x) + [f"V{to_y:g}"] * (to_y != y)
        x, y = to_x, to_y
    return "".join(parts)


def _band(steps: Sequence[CurveStep], axis: Axis, end: float | None) -> str:
    """Return the band's outline: along its upper edge, and back along its lower one."""
    lows = [step.low for step in steps if step.low is not None]
    highs = [step.high for step in steps if step.high is not None]
    if not (len(lows) == len(highs) == len(steps)):
        return ""
    upper = _corners(steps, axis, end, lows)
    lower = _corners(steps, axis, end, highs)
    return f"{_path(upper)}{_path(lower[::-1]).replace('M', 'L')}Z"


def _censored(curve: Curve, axis: Axis) -> Iterable[Censor]:
    """Return where requests were given up; those at one place of the drawing are counted."""
    places: Counter[tuple[int, int]] = Counter()
    steps = list(curve.steps)
    at, waiting = 0, steps[0].waiting
    for given_up_s in curve.given_up_s:
        while at < len(steps) and steps[at].at_s <= given_up_s:
            waiting = steps[at].waiting
            at += 1
        places[round(axis.place(given_up_s)), round(waiting * 100)] += 1
    return [Censor(x=x, y=y, count=count) for (x, y), count in places.items()]


def whisker(estimate: Estimate, axis: Axis) -> Whisker:
    """Place a quantile and its interval on an axis."""
    unbounded = estimate.low is not None and estimate.high is None
    return Whisker(
        at=_placed(estimate.value, axis),
        low=_placed(estimate.low, axis),
        high=100.0 if unbounded else _placed(estimate.high, axis),
        open=unbounded,
    )


def _placed(at_s: float | None, axis: Axis) -> float | None:
    return None if at_s is None else axis.place(at_s)
