"""The figures of each vantage point, where a benchmark has several."""

from collections.abc import Iterator

from harness.report.benchmark.answers import Benchmarked
from harness.report.benchmark.tables import (
    Head,
    Section,
    Table,
    TableCell,
    comparable_rows,
    duration_cell,
    figures_head,
    heads,
    provider_cell,
    share_cell,
    tail_cell,
)
from harness.report.benchmark.words import vantage_word
from harness.stats.benchmark.model import Reliability, Speed

_LEAD = (
    "The same figures from where they were measured. All other tables are of all vantage points"
    " together, each by its number of attempts; there, too, pairs of attempts stand within one"
    " vantage point, and the log-rank test is stratified by them."
)


def vantages_section(benchmark: Benchmarked) -> Section:
    """Return times and shares by vantage point; no table where there is one only."""
    tables = tuple(_tables(benchmark)) if benchmark.measured.by_vantage else ()
    return Section(id="vantages", title="By vantage point", lead=_LEAD, tables=tables)


def _tables(benchmark: Benchmarked) -> Iterator[Table]:
    methods, places = benchmark.methods, benchmark.measured.by_vantage
    speeds = {_place(row): row for place in places for row in place.speeds}
    shares = {_place(row): row for place in places for row in place.reliability}
    for caption, rows in comparable_rows(benchmark):
        lines = [
            (speeds[key], shares.get(key))
            for row in rows
            for place in places
            if (key := (*_place(row)[:-1], place.vantage)) in speeds
        ]
        yield Table(
            caption=caption,
            head=(
                Head(text="provider"),
                Head(text="from"),
                figures_head("median", (speed.median for speed, _ in lines), methods),
                *heads("n"),
                figures_head("p95", (speed.p95 for speed, _ in lines), methods),
                figures_head("served", (share.served for _, share in lines if share), methods),
                figures_head("usable", (share.usable for _, share in lines if share), methods),
            ),
            rows=tuple(_cells(speed, share, benchmark) for speed, share in lines),
        )


def _place(row: Speed | Reliability) -> tuple[str, str, str, str, str]:
    return row.workload, row.stage, row.provider, row.basis, row.vantage


def _cells(
    speed: Speed, share: Reliability | None, benchmark: Benchmarked
) -> tuple[TableCell, ...]:
    return (
        provider_cell(speed.provider, benchmark),
        TableCell(text=vantage_word(speed.vantage)),
        duration_cell(speed.median),
        TableCell(text=f"{speed.n:,}"),
        tail_cell(speed.p95),
        *(
            (share_cell(share.served), share_cell(share.usable))
            if share
            else (TableCell(text="-"),) * 2
        ),
    )
