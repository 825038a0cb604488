"""Each provider beside the reference, in plain words."""

from collections.abc import Callable, Iterator

from harness.core.verdict import Estimate
from harness.report.benchmark.answers import Benchmarked
from harness.report.benchmark.tables import (
    Head,
    Section,
    TableCell,
    figures_head,
    heads,
    provider_cell,
    workload_tables,
)
from harness.report.benchmark.words import TOO_FEW, name
from harness.report.text import count, one_line
from harness.stats.benchmark.model import Relative

_LEAD = (
    "Each provider beside {reference}, asked with the same prompt in the same minutes: time to"
    " pixels, the price of a usable image in one currency, and the share of attempts of which all"
    " images could be used (whole, and of the number, size and format asked for) as a difference in"
    " percentage points. In brackets: 95 % intervals."
)


def reference_section(benchmark: Benchmarked) -> Section:
    """Return the comparison with the reference: a table for each workload, none without one."""
    rows = benchmark.measured.relative
    reference = one_line(benchmark.design.reference or "", 40)
    rates = "; ".join(_rates(benchmark))
    head = (
        Head(text="provider"),
        figures_head("time", (row.time for row in rows), benchmark.methods),
        *heads("price"),
        figures_head("usable images", (row.usable for row in rows), benchmark.methods),
        *heads("blocks"),
    )
    tables = workload_tables(head, ((row.workload, _cells(row, benchmark)) for row in rows))
    lead = _LEAD.format(reference=reference) + (f" Rates: {rates}." if rates else "")
    return Section(id="reference", title=f"Beside {reference}", lead=lead, tables=tables)


def _rates(benchmark: Benchmarked) -> Iterator[str]:
    """Say what a unit is worth, and who says so."""
    units = {row.provider: row.unit for row in benchmark.measured.spend}
    for provider, rate in benchmark.design.exchange_rates.items():
        if provider in units:
            said = ", ".join(filter(None, (one_line(rate.source, 60), rate.date)))
            source = f" ({said})" if said else ""
            unit = one_line(rate.unit or units[provider], 20)
            yield f"1 {unit} of {one_line(provider, 40)} = {rate.usd.normalize():f} usd{source}"


def _cells(row: Relative, benchmark: Benchmarked) -> tuple[TableCell, ...]:
    who = provider_cell(row.provider, benchmark)
    if row.why:
        why = TableCell(text="not compared", small=one_line(row.why, 120))
        return (who, why, *(TableCell(text="-") for _ in range(3)))
    usable = row.usable
    return (
        who,
        TableCell(
            text=time_words(row.time, row.reference),
            small=_few(row.time),
            loud=not _holds(row.time, 1.0),
        ),
        TableCell(
            text="not comparable" if row.price is None else price_words(row.price),
            small=one_line(row.price_why, 120),
        ),
        TableCell(text=points_words(usable), loud=not _holds(usable, 0.0)),
        TableCell(text=f"{row.time.n:,}", small=count(row.pairs, "pair")),
    )


def reference_sentences(benchmark: Benchmarked) -> Iterator[str]:
    """Yield the same in a sentence for each provider and workload."""
    for row in benchmark.measured.relative:
        who = f"{name(row.workload)}: {benchmark.label(row.provider)}"
        reference = benchmark.label(row.reference)
        if row.why:
            yield f"{who} is not compared with {reference}: {one_line(row.why, 120)}."
            continue
        price = f"price not comparable: {one_line(row.price_why, 120)}"
        if row.price is not None:
            price = f"{price_words(row.price)} for a usable image"
        yield (
            f"{who} takes {time_words(row.time, reference)}; {price}; usable images"
            f" {points_words(row.usable)}."
        )


def time_words(ratio: Estimate, reference: str) -> str:
    """Return how long it takes: `1.4 times as long as openai (1.2 to 1.7)`."""
    if ratio.value is None:
        return "an unknown time: no pair was served or timed out"
    longer = f"{_times(ratio.value)} times as long as {one_line(reference, 60)}"
    return f"{longer}{_span(ratio, _times)}"


def price_words(ratio: float) -> str:
    """Return how dear it is: `2.3 times the price`."""
    return f"{_times(ratio)} times the price"


def points_words(points: Estimate) -> str:
    """Return by how much a share differs: `-3.1 points (-9.0 to 1.2)`."""
    if points.value is None:
        return "nothing to compare"
    return f"{_signed(points.value)} points{_span(points, _signed)}"


def _times(ratio: float) -> str:
    """Return a ratio with two digits that say something: 1.4, 0.87, 23."""
    return f"{ratio:.2g}" if ratio < 10 else f"{ratio:,.0f}"  # noqa: PLR2004 - two digits


def _signed(points: float) -> str:
    text = f"{points:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text


def _span(estimate: Estimate, text: Callable[[float], str]) -> str:
    """Return an interval behind a figure; an open one with the bound that there is."""
    match estimate.low, estimate.high:
        case None, None:
            return ""
        case None, float(high):
            return f" (at most {text(high)})"
        case float(low), None:
            return f" (at least {text(low)})"
        case low, high:
            return f" ({text(low or 0)} to {text(high or 0)})"


def _few(estimate: Estimate) -> str:
    few = estimate.value is not None and estimate.method.startswith(TOO_FEW)
    return "too few blocks for an interval" if few else ""


def _holds(estimate: Estimate, nothing: float) -> bool:
    """Tell whether an interval holds what would be no difference; also where there is none."""
    low, high = estimate.low, estimate.high
    if low is None and high is None:
        return True
    return not ((low is not None and low > nothing) or (high is not None and high < nothing))
