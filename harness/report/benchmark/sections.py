"""The sections of a benchmark in the order in which a buyer asks, as tables in plain text."""

from decimal import Decimal

from harness.core.benchmark import Calibration
from harness.core.workload import Fit
from harness.report.benchmark.answers import Benchmarked
from harness.report.benchmark.reference import reference_section
from harness.report.benchmark.tables import (
    Head,
    Section,
    Table,
    TableCell,
    figures_head,
    heads,
    phases_section,
    provider_cell,
    share_cell,
    times_section,
    workload_tables,
)
from harness.report.benchmark.vantages import vantages_section
from harness.report.benchmark.words import (
    FIT_WORDS,
    ceiling,
    differs,
    evidence,
    load_label,
    name,
    ratio,
    rounded,
    size,
    workload_label,
)
from harness.report.text import count, money_text, one_line, percent, seconds
from harness.stats.benchmark.model import Comparison, Reliability, Spend


def sections(benchmark: Benchmarked) -> tuple[Section, ...]:
    """Return all sections that have a row, in their order; the answers stand before them."""
    all_sections = (
        reference_section(benchmark),
        times_section(benchmark),
        vantages_section(benchmark),
        _comparisons(benchmark),
        _reliability(benchmark),
        _money(benchmark),
        phases_section(benchmark),
        _mapping(benchmark),
        _own_error(benchmark),
    )
    return tuple(section for section in all_sections if any(table.rows for table in section.tables))


def _comparisons(benchmark: Benchmarked) -> Section:
    lead = (
        "Each pair of attempts of one block, asked in the same minutes with the same prompt. The"
        " e-value may be looked at any time: it weighs the evidence that the two differ, and what"
        " is needed bounds false alarms. The log-rank p-value holds for one look at the end only."
    )
    rows = benchmark.measured.comparisons
    head = (
        Head(text="pair"),
        Head(text="which is faster"),
        figures_head("ratio", (row.ratio for row in rows), benchmark.methods),
        *heads("e-value", "pairs", "log-rank p"),
    )
    tables = workload_tables(head, ((row.workload, _compared(row, benchmark)) for row in rows))
    return Section(id="sure", title="How sure", lead=lead, tables=tables)


def _compared(comparison: Comparison, benchmark: Benchmarked) -> tuple[TableCell, ...]:
    words = {
        "first": one_line(comparison.first, 40),
        "second": one_line(comparison.second, 40),
        "equal": "alike within the margin",
        "open": "not decided",
    }
    marks = dict.fromkeys(filter(None, map(benchmark.marks, (comparison.first, comparison.second))))
    p_value = "-" if comparison.p_fixed is None else f"{comparison.p_fixed:.2g}"
    return (
        TableCell(
            text=f"{one_line(comparison.first, 40)} : {one_line(comparison.second, 40)}",
            small=" ".join(marks),
        ),
        TableCell(text=words[comparison.word], loud=comparison.word in {"first", "second"}),
        TableCell(text=ratio(comparison.ratio)),
        TableCell(
            text=evidence(comparison.evidence), small=f"needed {evidence(comparison.needed)}"
        ),
        TableCell(text=f"{comparison.pairs:,}"),
        TableCell(text=p_value),
    )


def _mapping(benchmark: Benchmarked) -> Section:
    lead = "Only exact requests share a ranking; of what is merely near, the figures stand alone."
    design = benchmark.design
    head = (Head(text="provider"), Head(text="as asked for"), *heads("listed price"))
    tables = tuple(
        Table(
            caption=f"{name(workload.name)}: {workload_label(workload)}",
            head=head,
            rows=tuple(
                _fitted(fit, benchmark) for fit in design.fits if fit.workload == workload.name
            ),
        )
        for workload in design.workloads
    )
    return Section(id="mapping", title="What each was asked for", lead=lead, tables=tables)


def _fitted(fit: Fit, benchmark: Benchmarked) -> tuple[TableCell, ...]:
    price = "-" if fit.price is None else money_text(fit.price.amount, fit.price.unit)
    return (
        provider_cell(fit.provider, benchmark),
        TableCell(text=FIT_WORDS[fit.kind], small=differs(fit), loud=fit.kind == "exact"),
        TableCell(text=one_line(price, 60)),
    )


def _reliability(benchmark: Benchmarked) -> Section:
    slo = benchmark.design.slo
    lead = (
        "Warm-up left out. Served: images came; usable: and no check of them failed. Shares are of"
        " all requests sent, with 95 % intervals."
    )
    if slo is not None:
        lead += (
            f" The ceiling {ceiling(slo)} is met or missed where the whole interval of the share"
            f" within {slo.seconds:g} s says so, else open; usable per minute counts those within"
            " it."
        )
    tables = tuple(
        _reliability_table(workload.name, benchmark) for workload in benchmark.design.workloads
    )
    return Section(id="reliability", title="Reliability", lead=lead, tables=tables)


def _reliability_table(workload: str, benchmark: Benchmarked) -> Table:
    design, methods = benchmark.design, benchmark.methods
    slo, staged = design.slo, len(design.stages) > 1
    rows = [row for row in benchmark.measured.reliability if row.workload == workload]
    head = (
        Head(text="provider"),
        *((Head(text="load"),) if staged else ()),
        *heads("sent"),
        figures_head("served", (row.served for row in rows), methods),
        figures_head("usable", (row.usable for row in rows), methods),
        *heads(*([ceiling(slo)] if slo else []), "usable per minute", "rate limits met"),
        Head(text="errors"),
    )
    cells = tuple(_reliable(row, benchmark, staged=staged) for row in rows)
    return Table(caption=name(workload), head=head, rows=cells)


def _reliable(row: Reliability, benchmark: Benchmarked, *, staged: bool) -> tuple[TableCell, ...]:
    loads = {stage.name: load_label(stage) for stage in benchmark.design.stages}
    within = share_cell(row.within) if row.within is not None else TableCell(text="-")
    slo = TableCell(
        text=row.slo or "-", small=f"{within.text} {within.small} in time", loud=row.slo == "missed"
    )
    per_minute = "-" if row.goodput_per_min is None else f"{row.goodput_per_min:.3g}"
    waited = f"{seconds(row.waited_s)} waited" if row.rate_limited else ""
    errors = [
        f"{error.error_class.replace('_', ' ')} {error.count:,} ({percent(error.share)})"
        for error in row.errors
    ]
    return (
        provider_cell(row.provider, benchmark),
        *((TableCell(text=loads.get(row.stage, name(row.stage))),) if staged else ()),
        TableCell(text=f"{row.sent:,}"),
        share_cell(row.served),
        share_cell(row.usable),
        *((slo,) if benchmark.design.slo is not None else ()),
        TableCell(text=per_minute),
        TableCell(text=f"{row.rate_limited:,}", small=waited),
        TableCell(text=", ".join(errors) or "none"),
    )


def _money(benchmark: Benchmarked) -> Section:
    lead = (
        "In each provider's own unit, warm-up included. Charged is what its own replies say, listed"
        " what its price list says for the images that came; where they differ and the"
        " list is documented, see the findings."
        " Wasted was paid for images that failed a check; unsettled may have been paid for images"
        " that never came."
    )
    figures = heads(
        *("per usable image", "requests", "images", "usable"),
        *("listed", "charged", "wasted", "unsettled"),
    )
    head = (Head(text="provider"), *figures)
    spend = benchmark.measured.spend
    tables = tuple(
        Table(
            caption=name(workload.name),
            head=head,
            rows=tuple(_spent(row, benchmark) for row in spend if row.workload == workload.name),
        )
        for workload in benchmark.design.workloads
    )
    return Section(id="money", title="Money", lead=lead, tables=tables)


def _spent(row: Spend, benchmark: Benchmarked) -> tuple[TableCell, ...]:
    each = "-" if row.per_image is None else one_line(rounded(row.per_image, row.unit), 60)
    each = f"at most {each}" if row.at_most and row.per_image is not None else each
    charged = TableCell(text="not told")
    if row.charged is not None:
        apart = row.charged - row.listed
        small = f"{_amount(abs(apart), row.unit)} {'over' if apart > 0 else 'under'} the list"
        charged = TableCell(
            text=_amount(row.charged, row.unit), small=small if apart else "", loud=bool(apart)
        )
    return (
        provider_cell(row.provider, benchmark),
        TableCell(text=each, loud=True),
        TableCell(text=f"{row.requests:,}"),
        TableCell(text=f"{row.images:,}"),
        TableCell(text=f"{row.usable:,}"),
        TableCell(text=_amount(row.listed, row.unit)),
        charged,
        TableCell(text=_amount(row.wasted, row.unit) if row.wasted else "-"),
        TableCell(text=f"up to {_amount(row.unsettled, row.unit)}" if row.unsettled else "-"),
    )


def _amount(amount: Decimal, unit: str) -> str:
    return one_line(money_text(amount, unit), 60)


def _own_error(benchmark: Benchmarked) -> Section:
    lead = (
        "What we reported less what a server of ours with known delays did, at the same number of"
        " requests at once, with bodies as large: the harness's own part in every figure above."
    )
    figures = heads(
        *("body", "n", "to the last byte, p50", "p99", "to the first byte, p50", "p99"),
    )
    rows = tuple(map(_calibrated, benchmark.benchmark.calibrations))
    table = Table(caption="", head=(Head(text="at once"), *figures), rows=rows)
    lead = f"{lead} {watched(benchmark)}".rstrip()
    return Section(id="own-error", title="Our own error", lead=lead, tables=(table,))


def _calibrated(calibration: Calibration) -> tuple[TableCell, ...]:
    failed = one_line(f"failed: {calibration.failed}", 300) if calibration.failed else ""
    return (
        TableCell(text=f"{calibration.concurrency:,}", small=failed),
        TableCell(text=size(calibration.body_bytes)),
        TableCell(text=f"{calibration.n:,}"),
        TableCell(text=seconds(calibration.p50_s)),
        TableCell(text=seconds(calibration.p99_s)),
        TableCell(text=seconds(calibration.first_p50_s)),
        TableCell(text=seconds(calibration.first_p99_s)),
    )


def watched(benchmark: Benchmarked) -> str:
    """Return what was measured of our own machine in a sentence; empty where nothing was."""
    runs = benchmark.benchmark.watched
    if not runs:
        return ""
    lag, worst = max(run.lag_p99_s for run in runs), max(run.lag_max_s for run in runs)
    parts = [
        f"the event loop woke up {seconds(lag)} late at p99 and {seconds(worst)} at most",
        f"the harness took {max(run.own_cpu_share for run in runs) * 100:.0f} % of one core",
    ]
    peaks = [run.memory_peak_bytes for run in runs if run.memory_peak_bytes is not None]
    if peaks:
        parts.append(f"its memory peaked at {size(max(peaks))}")
    sittings = f" in {count(len(runs), 'sitting')}" if len(runs) > 1 else ""
    return f"While the benchmark ran{sittings}, {', '.join(parts)}."
