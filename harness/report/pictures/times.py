"""Time to pixels as curves with their intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.core.record import Record
from harness.report.benchmark.words import quantiles_text
from harness.report.charts.axis import TONES
from harness.report.charts.curves import Chart, Curve, draw_chart
from harness.report.text import count, one_line
from harness.spec.provider import Provider
from harness.stats.conformance.served import ServedTimes, served_by_operation


@dataclass(frozen=True, slots=True, kw_only=True)
class TimesChart:
    """The share served over time, of the providers of one operation on one axis.

    `emulated` says that all that it shows is an emulator's; where only some is, their names say it.
    `untimed` says in a sentence of whose requests a recording kept no times; empty where of none.
    """

    operation: str
    chart: Chart
    emulated: bool
    untimed: str


def times_charts(
    records: Sequence[Record],
    providers: Mapping[str, Provider],
) -> tuple[TimesChart, ...]:
    """Return the curves of a run, an operation each, over its valid requests, timeouts censored.

    A benchmark's curves stand with its figures: its records are in none of these.
    """
    rows: dict[str, list[ServedTimes]] = {}
    for row in served_by_operation(records):
        rows.setdefault(row.operation, []).append(row)
    tones = {name: at % TONES for at, name in enumerate(providers)}
    charts = (_chart(operation, rows[operation], tones) for operation in rows)
    return tuple(chart for chart in charts if chart is not None)


def _chart(
    operation: str, rows: Sequence[ServedTimes], tones: Mapping[str, int]
) -> TimesChart | None:
    alike = all(row.emulated for row in rows)
    chart = draw_chart([_curve(row, tones[row.provider], alike=alike) for row in rows if row.n])
    if chart is None:
        return None
    untimed = ", ".join(f"{row.untimed} of {row.provider}" for row in rows if row.untimed)
    return TimesChart(
        operation=operation,
        chart=chart,
        emulated=alike,
        untimed=f"Served without a recorded time: {one_line(untimed)}." if untimed else "",
    )


def _curve(row: ServedTimes, tone: int, *, alike: bool) -> Curve:
    mark = " (emulator)" if row.emulated and not alike else ""
    beside = [
        count(row.timeouts, "timeout") if row.timeouts else "",
        f"{row.cut_off} cut off by us" if row.cut_off else "",
    ]
    return Curve(
        name=f"{one_line(row.provider, 40)}{mark}",
        tone=tone,
        n=row.n,
        steps=row.curve,
        given_up_s=row.given_up_s,
        horizon_s=row.horizon_s,
        median=row.median,
        p95=row.p95,
        figures=", ".join(filter(None, (quantiles_text(row.median, row.p95), *beside))),
    )
