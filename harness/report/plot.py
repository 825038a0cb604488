"""Where the marks of an interval plot stand, in percent of one axis that all rows share."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

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
    figures = [value for row in rows for value in _figures(row) if value is not None]
    most = max(figures, default=1.0)
    scale, unit = (1.0, "s") if most >= 1 else (1000.0, "ms")
    step = round_step(most * scale)
    count = max(1, math.ceil(most * scale / step - 1e-9))
    end = count * step / scale
    ticks = tuple(
        Tick(x=round(at / count * 100, 3), label=f"{at * step:,g}") for at in range(count + 1)
    )
    return Plot(unit=unit, ticks=ticks, marks=tuple(_marks(row, end) for row in rows))


def _figures(row: Latency) -> tuple[float | None, ...]:
    return (
        row.fastest_s,
        row.slowest_s,
        row.median.low,
        row.median.high,
        row.median.value,
        row.p95.value,
    )


def _marks(row: Latency, end: float) -> Marks:
    places = [None if value is None else round(value / end * 100, 3) for value in _figures(row)]
    fastest, slowest, low, high, median, p95 = places
    return Marks(fastest=fastest, slowest=slowest, low=low, high=high, median=median, p95=p95)


def round_step(most: float) -> float:
    """Return a step of 1, 2 or 5 times a power of ten that makes 2 to 5 parts of the axis."""
    power: float = 10.0 ** math.floor(math.log10(most)) if most > 0 else 1.0
    steps = (power * factor for factor in (0.2, 0.5, 1, 2))
    return next((step for step in steps if most / step <= 5), 2 * power)  # noqa: PLR2004 - parts
