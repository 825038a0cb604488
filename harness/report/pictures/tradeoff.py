"""Cost against time: who is dominated by another, and who is not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from harness.core.case import FitKind
from harness.core.money import currency
from harness.core.rate import rate_of
from harness.core.verdict import Estimate
from harness.report.benchmark.answers import Benchmarked
from harness.report.benchmark.words import bounds_s, figure_s, load_label, name, rounded
from harness.report.charts.axis import TONES, Axis, Tick, even_marks, time_axis
from harness.report.charts.curves import Whisker, whisker
from harness.stats.benchmark.model import Comparison, Speed, Spend

Standing = Literal["front", "dominated", "open", "apart"]
"""`front`: no other one placed is both as cheap and as fast; `dominated`: another is no dearer and
was found faster; `open`: the run does not decide it; `apart`: only near the workload, compared with
none."""

WORDS: Mapping[Standing, str] = {
    "front": "on the front: none placed here is both as cheap and as fast",
    "dominated": "dominated",
    "open": "not decided",
    "apart": "asked for something near it only, compared with nobody",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """One provider at a workload: what a usable image cost at least and at most, and how fast."""

    provider: str
    label: str
    tone: int
    fit: FitKind
    time: Estimate
    low: Decimal
    high: Decimal
    unit: str
    by: tuple[str, ...] = ()
    standing: Standing = "open"

    @property
    def sentence(self) -> str:
        """Its figures and its standing in words."""
        price = rounded(self.low, self.unit)
        if self.high > self.low:
            price = f"{price} to {rounded(self.high, self.unit)}"
        by = f" by {', '.join(self.by)}" if self.by else ""
        time = f"median {figure_s(self.time)} {bounds_s(self.time)}, n = {self.time.n:,}"
        return f"{price} a usable image, {time}: {WORDS[self.standing]}{by}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Where a provider stands in a picture, in percent from the left and from the top.

    `y` is missing where its price is in no common currency; `below` says on which side its name
    hides no other.
    """

    priced: Priced
    time: Whisker
    y: float | None
    y_high: float | None
    below: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeOff:
    """Price and time of the providers at one workload, with the Pareto front.

    `unit` is the currency that prices are placed in, empty where no two share one; `front` is an
    SVG path through those that are surely on it. `apart` says whose prices cannot be placed.
    """

    workload: str
    load: str
    emulated: bool
    unit: str
    axis: Axis
    prices: tuple[Tick, ...]
    points: tuple[Point, ...]
    front: str
    apart: str


def tradeoffs(benchmark: Benchmarked | None) -> tuple[TradeOff, ...]:
    """Return a picture for each workload at which two providers or more have both figures."""
    if benchmark is None:
        return ()
    pictures = (_picture(workload.name, benchmark) for workload in benchmark.design.workloads)
    return tuple(picture for picture in pictures if picture is not None)


def _picture(workload: str, benchmark: Benchmarked) -> TradeOff | None:
    """Draw a workload under its first load: under others the price is the same."""
    stages = benchmark.design.stages
    both = _both_figures(workload, benchmark)
    axis = time_axis([at_s for row in both for at_s in _moments(row.time)])
    if len({row.provider for row in both}) < 2 or axis is None:  # noqa: PLR2004 - two to compare
        return None
    unit, placed, others = _in_one_unit(both)
    comparisons = [row for row in benchmark.measured.comparisons if row.workload == workload]
    stood = [_stood(row, placed, comparisons) for row in placed]
    stood.sort(key=lambda row: (row.fit != "exact", row.time.value or 0.0, row.provider))
    scale = even_marks(float(max((row.high for row in stood), default=Decimal(1))) or 1.0)
    points = _apart_names([_point(row, axis, scale[-1]) for row in stood])
    return TradeOff(
        workload=name(workload),
        load=load_label(stages[0]) if len(stages) > 1 else "",
        emulated=all(row.provider in benchmark.emulated for row in both),
        unit=unit,
        axis=axis,
        prices=_price_ticks(scale) if unit else (),
        points=(*points, *(_point(row, axis, None) for row in others)),
        front=_front(points),
        apart=_apart(others, unit),
    )


def _price_ticks(scale: Sequence[float]) -> tuple[Tick, ...]:
    return tuple(
        Tick(x=round(100 - mark / scale[-1] * 100, 2), label=f"{mark:.12g}") for mark in scale
    )


def _both_figures(workload: str, benchmark: Benchmarked) -> list[Priced]:
    """Return who has a median under the first load and a price of a usable image."""
    measured, stages = benchmark.measured, benchmark.design.stages
    first = stages[0].name if stages else ""
    spends = {row.provider: row for row in measured.spend if row.workload == workload}
    return [
        _priced(row, spends[row.provider], benchmark)
        for row in measured.speeds
        if (row.workload, row.stage) == (workload, first) and _timed(row) and _paid(row, spends)
    ]


def _timed(row: Speed) -> bool:
    return row.median.value is not None


def _paid(row: Speed, spends: Mapping[str, Spend]) -> bool:
    spent = spends.get(row.provider)
    return spent is not None and spent.per_image is not None and spent.basis == row.basis


def _moments(time: Estimate) -> list[float]:
    return [at_s for at_s in (time.value, time.low, time.high) if at_s is not None]


def _priced(row: Speed, spent: Spend, benchmark: Benchmarked) -> Priced:
    """Return a provider's figures, its price in dollars where that is known."""
    each, usable = spent.per_image or Decimal(0), spent.usable or 1
    unit, factor = spent.unit, Decimal(1)
    rate = rate_of(row.provider, unit, benchmark.design.exchange_rates)
    if rate is not None and not currency(unit):
        unit, factor = "usd", rate.usd
    return Priced(
        provider=row.provider,
        label=benchmark.label(row.provider),
        tone=benchmark.providers.index(row.provider) % TONES,
        fit=row.fit,
        time=row.median,
        # A price that is only bounded may be anything below it: nobody is beaten by that.
        low=Decimal(0) if spent.at_most else each * factor,
        high=(each + spent.unsettled / usable) * factor,
        unit=unit,
    )


def _in_one_unit(rows: Sequence[Priced]) -> tuple[str, list[Priced], list[Priced]]:
    """Return the currency that most share, whose prices are in it, and the others.

    One provider's credit is not another's; only currencies are one unit.
    """
    shared: dict[str, list[Priced]] = {}
    for row in rows:
        if currency(row.unit):
            shared.setdefault(currency(row.unit), []).append(row)
    unit = max(shared, key=lambda one: (len(shared[one]), one == "usd"), default="")
    if len(shared.get(unit, ())) < 2:  # noqa: PLR2004 - one price alone has no plane
        return "", [], [*rows]
    return unit, shared[unit], [row for row in rows if currency(row.unit) != unit]


def _stood(row: Priced, rows: Sequence[Priced], comparisons: Sequence[Comparison]) -> Priced:
    """Return a row with its standing among those that can be compared with it."""
    if row.fit != "exact":
        return replace(row, standing="apart")
    rivals = [other for other in rows if other is not row and other.fit == "exact"]
    by = tuple(each.provider for each in rivals if _dominates(each, row, comparisons))
    if by:
        return replace(row, standing="dominated", by=by)
    safe = all(_cannot_dominate(each, row, comparisons) for each in rivals)
    return replace(row, standing="front" if safe else "open")


def _dominates(one: Priced, other: Priced, comparisons: Sequence[Comparison]) -> bool:
    word = _faster(one, other, comparisons)
    if word == one.provider:
        return one.high <= other.low
    return word == "equal" and one.high < other.low


def _cannot_dominate(one: Priced, other: Priced, comparisons: Sequence[Comparison]) -> bool:
    return one.low > other.high or _faster(one, other, comparisons) == other.provider


def _faster(one: Priced, other: Priced, comparisons: Sequence[Comparison]) -> str:
    """Return which of two the pairs showed to be faster, `equal`, or `open`."""
    for row in comparisons:
        if {row.first, row.second} == {one.provider, other.provider}:
            return {"first": row.first, "second": row.second}.get(row.word, row.word)
    return "open"


def _point(row: Priced, axis: Axis, most: float | None) -> Point:
    def height(amount: Decimal) -> float | None:
        return None if most is None else round(100 - float(amount) / most * 100, 2)

    return Point(
        priced=row,
        time=whisker(row.time, axis),
        y=height(row.low),
        y_high=height(row.high) if row.high > row.low else None,
    )


_NAME = (20, 12)
"""How wide and high a name is at most, in percent of a narrow picture."""


def _apart_names(points: Sequence[Point]) -> list[Point]:
    """Put a name below its point where one above would hide that of an earlier point."""
    put: list[Point] = []
    for point in points:
        near = [one for one in put if not one.below and _near(one, point)]
        put.append(replace(point, below=bool(near)))
    return put


def _near(one: Point, other: Point) -> bool:
    if None in (one.y, other.y, one.time.at, other.time.at):
        return False
    across = abs((one.time.at or 0) - (other.time.at or 0))
    return across < _NAME[0] and abs((one.y or 0) - (other.y or 0)) < _NAME[1]


def _front(points: Sequence[Point]) -> str:
    """Return the stair through those on the front, from the fastest to the cheapest."""
    front = sorted(
        (point.time.at, point.y)
        for point in points
        if point.priced.standing == "front" and point.time.at is not None and point.y is not None
    )
    if len(front) < 2:  # noqa: PLR2004 - a line has two ends
        return ""
    (x, y), *rest = front
    return f"M{x:g} {y:g}" + "".join(f"H{to_x:g}V{to_y:g}" for to_x, to_y in rest)


def _apart(rows: Sequence[Priced], unit: str) -> str:
    if not rows:
        return ""
    names = ", ".join(row.provider for row in rows)
    if not unit:
        return (
            f"No two prices are in one currency ({names}): only their times share an axis."
            " --exchange-rate NAME=USD places them."
        )
    return f"Not in {unit}, so that only the time is placed: {names} (--exchange-rate NAME=USD)."
