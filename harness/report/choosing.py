"""A report's benchmark as a choice of a provider rests on it, and the choice in words."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.choosing.choose import of_one_run
from harness.choosing.model import (
    Candidate,
    Choice,
    MeasuredRun,
    Offer,
    RunEvidence,
    Standing,
    UnitPrice,
)
from harness.choosing.prices import IMAGE
from harness.choosing.words import amount, price, share
from harness.core.benchmark import Purchase
from harness.core.money import unit_of
from harness.core.record import RunHeader
from harness.report.benchmark.answers import Benchmarked
from harness.report.benchmark.words import FIT_WORDS, ceiling, span_s
from harness.report.model import Report
from harness.report.text import one_line, percent
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
    """Return a price for a narrow column: `0.05 usd`, `<= 4 credits`, `no price`."""
    if known is None or known.unit == IMAGE:
        return "no price"
    return price(known).replace("at most", "<=")


def paid(row: RunEvidence) -> str:
    """Return what a run spent for a usable image, in the provider's own unit; `-` for nothing."""
    if row.per_image is None or row.unit == IMAGE:
        return "-"
    return f"{amount(row.per_image)} {unit_of(row.per_image, row.unit)}"


def basis(known: UnitPrice | None) -> str:
    """Return what a price rests on in a word: `listed`, `measured`, `your rate`, `undocumented`."""
    if known is None or known.unit == IMAGE:
        return "-"
    word = "your rate" if known.basis == "said" else known.basis
    return word if known.status == "documented" else known.status


def date_and_kind(row: RunEvidence) -> str:
    """Return the day of the replies and what made them: `2026-12-01, live`."""
    kind = row.kind if row.kind == "emulator" or not row.emulated else f"emulator, {row.kind}"
    return f"{row.day}, {kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceRow:
    """One provider of a choice in words; `state` is the class of its tag.

    `documents` say how near it comes to each workload, `measured` what this run saw of it.
    """

    place: str
    provider: str
    standing: str
    state: str
    documents: tuple[str, ...]
    listed: str
    price: str
    basis: str
    month: str
    measured: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceSection:
    """A choice as a page shows it; `months` where a price of a month is known for anybody."""

    sentence: str
    asked: str
    months: bool
    rows: tuple[ChoiceRow, ...]
    notes: tuple[str, ...]


_STATES: dict[Standing, str] = {
    "qualifies": "held",
    "near": "inconclusive",
    "undecided": "inconclusive",
    "excluded": "broken",
}


def choice_section(choice: Choice | None) -> ChoiceSection | None:
    """Return a choice in words; None without one."""
    if choice is None:
        return None
    several = len(choice.workloads) > 1
    return ChoiceSection(
        sentence=choice.sentence,
        asked=asked_sentence(choice.purchase),
        months=choice.purchase.images_per_month is not None,
        rows=tuple(_row(each, several=several) for each in choice.candidates),
        notes=choice.notes,
    )


def _row(each: Candidate, *, several: bool) -> ChoiceRow:
    known = each.usd or each.price
    mark = " (emulator)" if each.emulated else ""
    return ChoiceRow(
        place=f"{each.place}." if each.place is not None else "-",
        provider=each.provider,
        standing=f"{STANDING_WORDS[each.standing]}{mark}",
        state=_STATES[each.standing],
        documents=tuple(
            _named(offer, FIT_WORDS[offer.fit], several=several) for offer in each.offers
        ),
        listed="; ".join(dict.fromkeys(price_cell(offer.listed) for offer in each.offers)),
        price=price_cell(known),
        basis=basis(known),
        month=price_cell(each.month),
        measured=tuple(
            _named(offer, _seen(row), several=several)
            for offer in each.offers
            for row in offer.evidence
        ),
        reasons=each.reasons,
    )


def _named(offer: Offer, text: str, *, several: bool) -> str:
    return f"{one_line(offer.workload, 60)}: {text}" if several else text


def _seen(row: RunEvidence) -> str:
    """Return what a run saw in a line: `n 8, median 8.4 s, 5.1 to 10.1; failed ...`."""
    mark = f", {date_and_kind(row)}" if row.emulated or row.kind == "recorded" else ""
    spent = f"; {paid(row)} a usable image" if paid(row) != "-" else ""
    return (
        f"n {row.n}, median {span_s(row.median)}; p95 {span_s(row.p95)};"
        f" failed {percent(row.failure)}{spent} ({row.stage}{mark})"
    )
