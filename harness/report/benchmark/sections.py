"""The sections of a benchmark in the order in which a buyer asks, as tables in plain text."""

from collections.abc import Sequence
from decimal import Decimal

from harness.core.benchmark import Calibration, Slo
from harness.core.workload import Fit
from harness.report.benchmark.answers import Benchmarked
from harness.report.benchmark.tables import (
    Head,
    Section,
    Table,
    TableCell,
    method_notes,
    phases_section,
    provider_cell,
    share_cell,
    text_cell,
    times_section,
)
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
from harness.report.text import count, money_text, one_line, seconds
from harness.stats.benchmark.model import Comparison, Reliability, Spend


def sections(value: Benchmarked) -> tuple[Section, ...]:
    """Return all sections that have a row, in their order; the answers stand before them."""
    found = (
        _comparisons(value),
        _mapping(value),
        times_section(value),
        phases_section(value),
        _reliability(value),
        _money(value),
        _own_error(value),
    )
    return tuple(section for section in found if any(table.rows for table in section.tables))


def _comparisons(value: Benchmarked) -> Section:
    lead = (
        "Each pair of attempts of one block, asked in the same minutes with the same prompt. The"
        " e-value may be looked at any time: it weighs the evidence that the two differ, and what"
        " is needed bounds false alarms. The log-rank p-value holds for one look at the end only."
    )
    rows = value.measured.comparisons
    head = (
        Head(text="pair"),
        Head(text="which is faster"),
        Head(
            text="ratio",
            number=True,
            notes=method_notes((row.ratio for row in rows), value.methods),
        ),
        Head(text="e-value", number=True),
        Head(text="pairs", number=True),
        Head(text="log-rank p", number=True),
    )
    tables = tuple(
        Table(
            caption=name(workload),
            head=head,
            rows=tuple(_compared(row, value) for row in rows if row.workload == workload),
        )
        for workload in dict.fromkeys(row.workload for row in rows)
    )
    return Section(id="sure", title="How sure", lead=lead, tables=tables)


def _compared(comparison: Comparison, value: Benchmarked) -> tuple[TableCell, ...]:
    words = {
        "first": one_line(comparison.first, 40),
        "second": one_line(comparison.second, 40),
        "equal": "alike within the margin",
        "open": "not decided",
    }
    marks = dict.fromkeys(filter(None, map(value.marks, (comparison.first, comparison.second))))
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


def _mapping(value: Benchmarked) -> Section:
    lead = "Only exact requests share a ranking; of what is merely near, the figures stand alone."
    design = value.benchmark.design
    head = (
        Head(text="provider"),
        Head(text="as asked for"),
        Head(text="listed price", number=True),
    )
    tables = tuple(
        Table(
            caption=f"{name(workload.name)}: {workload_label(workload)}",
            head=head,
            rows=tuple(_fitted(fit, value) for fit in design.fits if fit.workload == workload.name),
        )
        for workload in design.workloads
    )
    return Section(id="mapping", title="What each was asked for", lead=lead, tables=tables)


def _fitted(fit: Fit, value: Benchmarked) -> tuple[TableCell, ...]:
    price = "-" if fit.price is None else money_text(fit.price.amount, fit.price.unit)
    return (
        provider_cell(fit.provider, value),
        TableCell(text=FIT_WORDS[fit.kind], small=differs(fit), loud=fit.kind == "exact"),
        text_cell(price, longest=60),
    )


def _reliability(value: Benchmarked) -> Section:
    slo = value.benchmark.design.slo
    lead = (
        "Warm-up left out. Served: images came; usable: and no check of them failed. Shares are of"
        " all requests sent, with 95 % intervals."
    )
    if slo is not None:
        lead += f" {_told(slo)}"
    tables = tuple(
        _kept_table(workload.name, value) for workload in value.benchmark.design.workloads
    )
    return Section(id="reliability", title="Reliability", lead=lead, tables=tables)


def _kept_table(workload: str, value: Benchmarked) -> Table:
    design, methods = value.benchmark.design, value.methods
    slo, staged = design.slo, len(design.stages) > 1
    rows = [
        reliability
        for reliability in value.measured.reliability
        if reliability.workload == workload
    ]
    head = (
        Head(text="provider"),
        *((Head(text="load"),) if staged else ()),
        Head(text="sent", number=True),
        Head(text="served", number=True, notes=method_notes((row.served for row in rows), methods)),
        Head(text="usable", number=True, notes=method_notes((row.usable for row in rows), methods)),
        *((Head(text=ceiling(slo), number=True),) if slo is not None else ()),
        Head(text="usable per minute", number=True),
        Head(text="rate limits met", number=True),
        Head(text="errors"),
    )
    cells = tuple(_kept(row, value, staged=staged) for row in rows)
    return Table(caption=name(workload), head=head, rows=cells)


def _told(slo: Slo) -> str:
    return (
        f"The ceiling {ceiling(slo)} is met or missed where the whole interval of the share within"
        f" {slo.seconds:g} s says so, else open; usable per minute counts those within it."
    )


def _kept(row: Reliability, value: Benchmarked, *, staged: bool) -> tuple[TableCell, ...]:
    loads = {stage.name: load_label(stage) for stage in value.benchmark.design.stages}
    within = share_cell(row.within) if row.within is not None else TableCell(text="-")
    slo = TableCell(
        text=row.slo or "-", small=f"{within.text} {within.small} in time", loud=row.slo == "missed"
    )
    per_minute = "-" if row.goodput_per_min is None else f"{row.goodput_per_min:.3g}"
    limits = TableCell(text=f"{row.rate_limited:,}")
    if row.rate_limited:
        limits = TableCell(text=limits.text, small=f"{seconds(row.waited_s)} waited")
    errors = [
        f"{error.error_class.replace('_', ' ')} {error.count:,} ({_share(share_cell(error.share))})"
        for error in row.errors
    ]
    return (
        provider_cell(row.provider, value),
        *((TableCell(text=loads.get(row.stage, name(row.stage))),) if staged else ()),
        TableCell(text=f"{row.sent:,}"),
        share_cell(row.served),
        share_cell(row.usable),
        *((slo,) if value.benchmark.design.slo is not None else ()),
        TableCell(text=per_minute),
        limits,
        TableCell(text=", ".join(errors) or "none"),
    )


def _share(cell: TableCell) -> str:
    return f"{cell.text} {cell.small}".strip()


def _money(value: Benchmarked) -> Section:
    lead = (
        "In each provider's own unit, warm-up included. Charged is what its own replies say, listed"
        " what its price list says for the images that came; where they differ and the"
        " list is documented, see the findings."
        " Wasted was paid for images that failed a check; unsettled may have been paid for images"
        " that never came."
    )
    head = (
        Head(text="provider"),
        Head(text="per usable image", number=True),
        Head(text="requests", number=True),
        Head(text="images", number=True),
        Head(text="usable", number=True),
        Head(text="listed", number=True),
        Head(text="charged", number=True),
        Head(text="wasted", number=True),
        Head(text="unsettled", number=True),
    )
    spend, design = value.measured.spend, value.benchmark.design
    tables = tuple(
        Table(
            caption=name(workload.name),
            head=head,
            rows=tuple(_spent(row, value) for row in spend if row.workload == workload.name),
        )
        for workload in design.workloads
    )
    return Section(id="money", title="Money", lead=lead, tables=tables)


def _spent(row: Spend, value: Benchmarked) -> tuple[TableCell, ...]:
    each = "-" if row.per_image is None else one_line(rounded(row.per_image, row.unit), 60)
    charged = TableCell(text="not told")
    if row.charged is not None:
        apart = row.charged - row.listed
        small = f"{_amount(abs(apart), row.unit)} {'over' if apart > 0 else 'under'} the list"
        charged = TableCell(
            text=_amount(row.charged, row.unit), small=small if apart else "", loud=bool(apart)
        )
    return (
        provider_cell(row.provider, value),
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


def _own_error(value: Benchmarked) -> Section:
    lead = (
        "What we reported less what a server of ours with known delays did, at the same number of"
        " requests at once, with bodies as large: the harness's own part in every figure above."
    )
    head = (
        Head(text="at once"),
        Head(text="body", number=True),
        Head(text="n", number=True),
        Head(text="to the last byte, p50", number=True),
        Head(text="p99", number=True),
        Head(text="to the first byte, p50", number=True),
        Head(text="p99", number=True),
    )
    rows = tuple(_calibrated(calibration) for calibration in value.benchmark.calibrations)
    table = Table(caption="", head=head, rows=rows)
    return Section(
        id="own-error",
        title="Our own error",
        lead=f"{lead} {watched(value)}".rstrip(),
        tables=(table,),
    )


def _calibrated(calibration: Calibration) -> tuple[TableCell, ...]:
    figures: Sequence[float | None] = (
        calibration.p50_s,
        calibration.p99_s,
        calibration.first_p50_s,
        calibration.first_p99_s,
    )
    return (
        text_cell(
            f"{calibration.concurrency:,}",
            f"failed: {calibration.failed}" if calibration.failed else "",
        ),
        TableCell(text=size(calibration.body_bytes)),
        TableCell(text=f"{calibration.n:,}"),
        *(TableCell(text=seconds(figure)) for figure in figures),
    )


def watched(value: Benchmarked) -> str:
    """Say what was seen of our own machine; empty where nothing was."""
    watcheds = value.benchmark.watched
    if not watcheds:
        return ""
    lag, worst = max(one.lag_p99_s for one in watcheds), max(one.lag_max_s for one in watcheds)
    parts = [
        f"the event loop woke up {seconds(lag)} late at p99 and {seconds(worst)} at most",
        f"the harness took {max(one.own_cpu_share for one in watcheds) * 100:.0f} % of one core",
    ]
    peaks = [one.memory_peak_bytes for one in watcheds if one.memory_peak_bytes is not None]
    if peaks:
        parts.append(f"its memory peaked at {size(max(peaks))}")
    sittings = f" in {count(len(watcheds), 'sitting')}" if len(watcheds) > 1 else ""
    return f"While the benchmark ran{sittings}, {', '.join(parts)}."
