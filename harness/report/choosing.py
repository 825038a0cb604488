"""A report's benchmark as a choice of a provider rests on it, and the choice in words."""

from collections.abc import Mapping

from harness.choosing.choose import of_one_run
from harness.choosing.model import Choice, MeasuredRun, RunEvidence, Standing, UnitPrice
from harness.choosing.words import price, share
from harness.core.benchmark import Purchase
from harness.core.record import RunHeader
from harness.report.benchmark.answers import Benchmarked
from harness.report.benchmark.words import ceiling
from harness.report.model import Report
from harness.spec.provider import Provider


def measured_run(report: Report) -> MeasuredRun | None:
    """Return what a report's run measured; None where it is no benchmark."""
    return None if report.benchmark is None else _of(report.header, report.benchmark)


def choice_of_run(
    header: RunHeader, benchmark: Benchmarked | None, providers: Mapping[str, Provider]
) -> Choice | None:
    """Return which of a benchmark's providers serves its workloads; None for another run."""
    if benchmark is None:
        return None
    return of_one_run(_of(header, benchmark), [*providers.values()])


def _of(header: RunHeader, benchmark: Benchmarked) -> MeasuredRun:
    return MeasuredRun(
        name=header.run,
        day=header.created[:10],
        design=benchmark.design,
        measured=benchmark.measured,
        evidence=header.evidence,
    )


STANDING_WORDS: dict[Standing, str] = {
    "qualifies": "qualifies",
    "near": "near only",
    "undecided": "not decided",
    "excluded": "excluded",
}


def asked_sentence(purchase: Purchase) -> str:
    """Say what is asked of a provider: `Asked: p95 < 60 s; ...`; empty where nothing is."""
    parts = [
        f"{purchase.images_per_month:,} images a month" if purchase.images_per_month else "",
        ceiling(purchase.slo) if purchase.slo else "",
        f"failures <= {share(purchase.failure_share)}"
        if purchase.failure_share is not None
        else "",
        f"<= {purchase.usd_per_image.normalize():f} usd a usable image"
        if purchase.usd_per_image
        else "",
        f"<= {purchase.usd_per_month.normalize():f} usd a month" if purchase.usd_per_month else "",
    ]
    said = "; ".join(filter(None, parts))
    return f"Asked: {said}." if said else ""


def price_cell(known: UnitPrice | None) -> str:
    """Return a price for a narrow column: `0.05 usd`, with its interval; `unknown` without one."""
    return "unknown" if known is None else price(known)


def basis(known: UnitPrice | None) -> str:
    """Return what a price rests on in a word: `listed`, `measured`, `undocumented`."""
    if known is None:
        return "-"
    return known.basis if known.status == "documented" else known.status


def date_and_kind(row: RunEvidence) -> str:
    """Return the day of the replies and what made them: `2026-12-01, live`."""
    kind = row.kind if row.kind == "emulator" or not row.emulated else f"emulator, {row.kind}"
    return f"{row.day}, {kind}"
