"""Tables as values, from which pages of any kind are drawn."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from harness.core.verdict import Estimate
from harness.report.benchmark.answers import Benchmarked
from harness.report.benchmark.words import (
    PHASE_WORDS,
    TOO_FEW,
    bounds_s,
    figure_s,
    load_label,
    name,
    quantiles_text,
)
from harness.report.charts.axis import TONES
from harness.report.charts.curves import Chart, Curve, draw_chart
from harness.report.text import one_line, seconds
from harness.stats.benchmark.model import PHASES, Speed


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCell:
    """A cell in plain text: what it says, and what it says beside that, smaller."""

    text: str
    small: str = ""
    loud: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A column's head; a `number` stands right. `notes` are the footnotes of its methods."""

    text: str
    number: bool = False
    notes: tuple[int, ...] = ()


def heads(*texts: str) -> tuple[Head, ...]:
    """Return the heads of columns of figures."""
    return tuple(Head(text=text, number=True) for text in texts)


def figures_head(text: str, estimates: Iterable[Estimate | None], methods: Sequence[str]) -> Head:
    """Return the head of a column of estimates, with the numbers of their methods from 1."""
    used = {estimate.method for estimate in estimates if estimate is not None}
    notes = tuple(number for number, method in enumerate(methods, 1) if method in used)
    return Head(text=text, number=True, notes=notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table, the first cell of each row its name; a picture of the same figures before it."""

    caption: str
    head: tuple[Head, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    picture: Chart | None = None


def workload_tables(
    head: tuple[Head, ...], rows: Iterable[tuple[str, tuple[TableCell, ...]]]
) -> tuple[Table, ...]:
    """Return a table for each workload, of the rows that name it."""
    by_workload: dict[str, list[tuple[TableCell, ...]]] = {}
    for workload, cells in rows:
        by_workload.setdefault(workload, []).append(cells)
    return tuple(
        Table(caption=name(workload), head=head, rows=tuple(cells))
        for workload, cells in by_workload.items()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Tables about one question; `lead` says how to read them."""

    id: str
    title: str
    lead: str
    tables: tuple[Table, ...]


def provider_cell(provider: str, benchmark: Benchmarked, small: str = "") -> TableCell:
    """Return the first cell of a row: its provider with its marks, of which none is left out."""
    beside = ", ".join(filter(None, (benchmark.marks(provider), small)))
    return TableCell(text=one_line(provider, 40), small=beside)


def duration_cell(duration: Estimate) -> TableCell:
    """Return a duration with its interval."""
    return TableCell(text=figure_s(duration), small=bounds_s(duration))


def tail_cell(quantile: Estimate) -> TableCell:
    """Return a quantile in the tail with its interval; no figure where samples are too few."""
    if quantile.method.startswith(TOO_FEW):
        return TableCell(text="-", small=bounds_s(quantile))
    return duration_cell(quantile)


def share_cell(share: Estimate) -> TableCell:
    """Return a share with its interval in percent."""
    if share.value is None:
        return TableCell(text="-")
    small = ""
    if share.low is not None and share.high is not None:
        small = f"[{share.low * 100:.1f}, {share.high * 100:.1f}]"
    return TableCell(text=f"{share.value * 100:.1f} %", small=small)


_TIMES = (
    "From the intended start of a request until its images were decoded, in our hands: the one"
    " time that is fair between replies that hold images and jobs that have to be fetched. Small"
    " print: 95 % intervals. A timeout counts as not served yet, never as left out; > stands for a"
    " bound beyond which nothing was observed."
)
_PHASES = (
    "Medians of the served attempts: durations, and moments counted from the intended start. What a"
    " provider's own clock says stands apart: it knows nothing of the way."
)


def times_section(benchmark: Benchmarked) -> Section:
    """Return time to pixels: a table and a picture for each workload under each load."""
    tables = tuple(
        _speeds(caption, rows, benchmark) for caption, rows in comparable_rows(benchmark)
    )
    return Section(id="pixels", title="Time to pixels", lead=_TIMES, tables=tables)


def phases_section(benchmark: Benchmarked) -> Section:
    """Return where the time goes: the medians of the parts, a column for each provider."""
    tables = tuple(
        _parts(caption, served, benchmark)
        for caption, rows in comparable_rows(benchmark)
        if (served := [row for row in rows if row.served])
    )
    return Section(id="phases", title="Where the time goes", lead=_PHASES, tables=tables)


def comparable_rows(benchmark: Benchmarked) -> Iterator[tuple[str, list[Speed]]]:
    """Yield the rows that may stand side by side: of one workload under one load, fastest first."""
    design = benchmark.design
    loads = {stage.name: load_label(stage) for stage in design.stages}
    speeds: dict[tuple[str, str], list[Speed]] = {}
    for row in benchmark.measured.speeds:
        speeds.setdefault((row.workload, row.stage), []).append(row)
    for (workload, stage), unsorted in speeds.items():
        rows = sorted(unsorted, key=_pace)
        under = f", {loads.get(stage, name(stage))}" if len(loads) > 1 else ""
        yield f"{name(workload)}{under}", rows


def _pace(row: Speed) -> tuple[bool, float]:
    """Sort exact requests first, then by median; a median beyond what was observed comes last."""
    return row.fit != "exact", math.inf if row.median.value is None else row.median.value


def _speeds(caption: str, rows: Sequence[Speed], benchmark: Benchmarked) -> Table:
    methods = benchmark.methods
    cut_off = any(row.cut_off for row in rows)
    alike = all(row.emulated for row in rows)  # then the caption says it, and labels are short
    head = (
        Head(text="provider"),
        figures_head("median", (row.median for row in rows), methods),
        *heads("n", "timeouts", *(["cut off by us"] if cut_off else [])),
        figures_head("p95", (row.p95 for row in rows), methods),
        figures_head("p99", (row.p99 for row in rows), methods),
        figures_head("restricted mean", (row.mean for row in rows), methods),
    )
    return Table(
        caption=f"{caption} (emulator)" if alike else caption,
        head=head,
        rows=tuple(_speed(row, benchmark, cut_off=cut_off) for row in rows),
        picture=draw_chart([_curve(row, benchmark, alike=alike) for row in rows]),
    )


def _curve(row: Speed, benchmark: Benchmarked, *, alike: bool) -> Curve:
    """Return what is drawn of a row; where all rows have the same marks, the caption has them."""
    return Curve(
        name=one_line(row.provider, 40) if alike else benchmark.label(row.provider),
        tone=benchmark.providers.index(row.provider) % TONES,
        n=row.n,
        steps=row.curve,
        given_up_s=row.given_up_s,
        horizon_s=row.horizon_s,
        median=row.median,
        p95=row.p95,
        mean=row.mean,
        figures=quantiles_text(row.median, row.p95),
    )


def _speed(row: Speed, benchmark: Benchmarked, *, cut_off: bool) -> tuple[TableCell, ...]:
    mean, horizon = duration_cell(row.mean), f"up to {seconds(row.horizon_s)}"
    return (
        provider_cell(row.provider, benchmark, "nearest only" if row.fit == "nearest" else ""),
        replace(duration_cell(row.median), loud=True),
        TableCell(text=f"{row.n:,}"),
        TableCell(text=f"{row.timeouts:,}"),
        *((TableCell(text=f"{row.cut_off:,}"),) if cut_off else ()),
        tail_cell(row.p95),
        tail_cell(row.p99),
        replace(mean, small="; ".join(filter(None, (horizon, mean.small)))),
    )


def _parts(caption: str, rows: Sequence[Speed], benchmark: Benchmarked) -> Table:
    used = [
        part
        for part in PHASES
        if any(part in row.phases or (part == "completion" and row.completion) for row in rows)
    ]
    medians = [
        estimate
        for row in rows
        for estimate in (*row.phases.values(), *row.server.values(), *_ends(row))
    ]
    clocks = sorted({clock for row in rows for clock in row.server})
    lines = []
    for part in used:
        label = TableCell(text=part.replace("_", " "), small=PHASE_WORDS[part])
        lines.append((label, *(_phase(part, row) for row in rows)))
    for clock in clocks:
        label = TableCell(text=one_line(clock, 60), small="the provider's own clock")
        lines.append((label, *(_at(row.server.get(clock), row) for row in rows)))
    return Table(
        caption=caption,
        head=(
            replace(figures_head("part", medians, benchmark.methods), number=False),
            *heads(*(benchmark.label(row.provider) for row in rows)),
        ),
        rows=tuple(lines),
    )


def _ends(row: Speed) -> tuple[Estimate, ...]:
    ends = row.completion
    return (ends.after, ends.before) if ends else ()


def _phase(part: str, row: Speed) -> TableCell:
    """Return a part's median; of a job's end, which polls only bound, both bounds' medians."""
    if part == "completion" and row.completion is not None:
        after, before = _ends(row)
        return TableCell(
            text=f"{seconds(after.value)} to {seconds(before.value)}", small="by polls"
        )
    return _at(row.phases.get(part), row)


def _at(estimate: Estimate | None, row: Speed) -> TableCell:
    """Return a part's median; a narrow column has no room for more than its n beside it."""
    if estimate is None:
        return TableCell(text="-")
    small = f"n = {estimate.n}" if estimate.n != row.served else ""
    return TableCell(text=figure_s(estimate), small=small)
