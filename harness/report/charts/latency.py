"""Medians and tails of latency on one axis."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.charts.axis import Tick, even_marks
from harness.stats.conformance.latency import Latency


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
    places = even_marks(most * scale)
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
