"""Which provider for a purchase of workloads: what the documents allow, and what runs measured."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.choosing import ceilings
from harness.choosing.answer import answer
from harness.choosing.evidence import (
    as_today,
    evidence,
    faster,
    names_in,
    spends,
)
from harness.choosing.model import (
    Candidate,
    Ceiling,
    Choice,
    MeasuredRun,
    Offer,
    Standing,
    UnitPrice,
)
from harness.choosing.prices import IMAGE, in_usd, listed_price, measured_price, mixed, of_month
from harness.choosing.rank import placed
from harness.choosing.words import price as price_text
from harness.core.benchmark import Purchase
from harness.core.rate import Rate
from harness.core.workload import Workload
from harness.spec.provider import Provider
from harness.spec.workload.fit import fit

MEASURED = ("time", "failure")
"""The ceilings of which only measuring tells."""

ON_EMULATOR = "measured on the emulator only, which says nothing about the provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is chosen for, and by what; `emulated` where all that was measured is the emulator's."""

    workloads: Sequence[Workload]
    purchase: Purchase
    runs: Sequence[MeasuredRun]
    rates: Mapping[str, Rate]
    emulated: bool


def choose(  # noqa: PLR0913 - what a choice depends on
    workloads: Sequence[Workload],
    providers: Sequence[Provider],
    *,
    purchase: Purchase | None = None,
    runs: Sequence[MeasuredRun] = (),
    rates: Mapping[str, Rate] | None = None,
    unmeasured: Sequence[str] = (),
) -> Choice:
    """Return which of the providers serves the workloads as the purchase asks.

    Equal input, equal choice: no clock is read. What was measured counts where a run asked for the
    same as the documents allow today; what was measured of the emulator decides only where nothing
    else was measured, and then says so. `rates` say what a provider's unit is worth in US dollars;
    `unmeasured` are the names of runs that are no benchmark, to be told of.
    """
    asked = _Asked(
        workloads=workloads,
        purchase=purchase or Purchase(),
        runs=runs,
        rates=rates or {},
        emulated=_all_emulated(runs, workloads),
    )
    candidates = placed(
        [_candidate(provider, asked) for provider in providers],
        faster([run for run in runs if not _emulated(run)], workloads),
    )
    measuring = [run for run in runs if any(names_in(run, each) for each in workloads)]
    return Choice(
        sentence=answer(candidates, emulated=asked.emulated),
        workloads=tuple(workloads),
        purchase=asked.purchase,
        candidates=candidates,
        emulated=asked.emulated,
        runs=tuple(run.name for run in measuring),
        notes=(
            *(
                f"{name} is no benchmark: it measured none of these workloads"
                for name in unmeasured
            ),
            *_notes(asked, providers),
        ),
    )


def _emulated(run: MeasuredRun) -> bool:
    return all(each.emulated for each in run.measured.spend)


def _all_emulated(runs: Sequence[MeasuredRun], workloads: Sequence[Workload]) -> bool:
    kinds = {
        row.emulated
        for run in runs
        for workload in workloads
        for row in run.measured.speeds
        if row.workload in names_in(run, workload)
    }
    return kinds == {True}


def _candidate(provider: Provider, asked: _Asked) -> Candidate:
    offers = [_offer(provider, workload, asked) for workload in asked.workloads]
    price = mixed([offer.measured or offer.listed for offer in offers], asked.workloads)
    usd = in_usd(provider.name, price, asked.rates)
    month = of_month(usd or price, asked.purchase.images_per_month)
    held = [ceiling for offer in offers for ceiling in offer.ceilings]
    if asked.purchase.usd_per_month is not None and price is not None:
        known = month if usd is not None else None
        held.append(
            ceilings.of_month(asked.purchase.usd_per_month, known, _lacking(provider, price))
        )
    standing, reasons = _standing(offers, held)
    return Candidate(
        provider=provider.name,
        place=None,
        standing=standing,
        emulated=asked.emulated and _rests_on_measuring(standing, offers, held),
        reasons=(*reasons, *_unpriced(provider, price, usd, standing)),
        price=price,
        usd=usd,
        month=month,
        offers=tuple(offers),
    )


def _offer(provider: Provider, workload: Workload, asked: _Asked) -> Offer:
    fitted = fit(provider, workload)
    rows = evidence(asked.runs, fitted, workload, asked.purchase.slo)
    listed = listed_price(provider, workload, fitted)
    measured = measured_price(spends(asked.runs, fitted, workload))
    known = measured or listed
    usd = in_usd(provider.name, known, asked.rates)
    held: tuple[Ceiling, ...] = ()
    if fitted.kind != "unsupported":
        deciding = [row for row in rows if row.emulated == asked.emulated]
        held = ceilings.of_offer(asked.purchase, deciding, usd, _lacking(provider, known))
    return Offer(
        workload=workload.name,
        fit=fitted.kind,
        differs=tuple(each.why for each in fitted.differences),
        listed=listed,
        measured=measured,
        evidence=rows,
        ceilings=held,
    )


def _lacking(provider: Provider, known: UnitPrice | None) -> str:
    """Say what would tell the price in US dollars."""
    unit = provider.prices.unit if known is None else known.unit
    named = "its documents name no price; " if unit == IMAGE else ""
    return f"{named}--exchange-rate {provider.name}=USD would decide"


def _standing(offers: Sequence[Offer], held: Sequence[Ceiling]) -> tuple[Standing, tuple[str, ...]]:
    """Return how a provider stands, and the reasons for just that."""
    out = [reason for offer in offers if offer.fit == "unsupported" for reason in offer.differs] + [
        ceiling.why for ceiling in held if ceiling.word == "exceeded"
    ]
    if out:
        return "excluded", _once(out)
    open_ = [ceiling.why for ceiling in held if ceiling.word in ("open", "unknown")]
    near = [reason for offer in offers if offer.fit == "nearest" for reason in offer.differs]
    if near:
        return "near", _once([*near, *open_])
    if open_:
        return "undecided", _once(open_)
    kept = [ceiling.why for ceiling in held if ceiling.about in MEASURED]
    return "qualifies", _once([*kept, *([] if kept else _measured(offers))])


def _rests_on_measuring(
    standing: Standing, offers: Sequence[Offer], held: Sequence[Ceiling]
) -> bool:
    """Tell whether a standing would be another one without what was measured."""
    words = {ceiling.word for ceiling in held if ceiling.about in MEASURED}
    if standing != "excluded":
        return standing != "near" and ("open" if standing == "undecided" else "met") in words
    by_documents = any(offer.fit == "unsupported" for offer in offers)
    prices = {ceiling.word for ceiling in held if ceiling.about not in MEASURED}
    return "exceeded" in words and not by_documents and "exceeded" not in prices


def _measured(offers: Sequence[Offer]) -> Iterator[str]:
    """Say where nothing was measured, and nothing that was asked needs it."""
    if not any(offer.evidence for offer in offers):
        yield f"by its documents; {ceilings.NOT_MEASURED}"
    else:
        yield "by its documents; no ceiling on time or failures is asked"


def _once(reasons: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reasons))


def _unpriced(
    provider: Provider, price: UnitPrice | None, usd: UnitPrice | None, standing: Standing
) -> Iterator[str]:
    """Say why one that qualifies has no place: its price in US dollars is not certain."""
    if standing != "qualifies":
        return
    if usd is None:
        own = f"{price_text(price)} an image, " if price and price.unit != IMAGE else ""
        yield f"{own}not ranked by price: {_lacking(provider, price)}"
    elif usd.status != "documented":
        yield (
            f"not ranked by price: {price_text(usd)} an image is {usd.status};"
            " a live run would measure it"
        )


def _notes(asked: _Asked, providers: Sequence[Provider]) -> Iterator[str]:
    """Say of which runs nothing counts, and why."""
    for run in asked.runs:
        if not any(names_in(run, workload) for workload in asked.workloads):
            yield f"{run.name} measured none of these workloads"
        elif _emulated(run):
            decides = "" if asked.emulated else "; it decides nothing here"
            yield f"{run.name} was {ON_EMULATOR}{decides}"
        for workload in asked.workloads:
            changed = [
                provider.name for provider in providers if _asked_otherwise(run, provider, workload)
            ]
            if changed:
                yield (
                    f"{run.name} asked {', '.join(changed)} for {workload.name} otherwise than the"
                    " documents have it today; that counts for nothing here"
                )


def _asked_otherwise(run: MeasuredRun, provider: Provider, workload: Workload) -> bool:
    names = names_in(run, workload)
    sent = any(
        row.provider == provider.name and row.workload in names for row in run.measured.speeds
    )
    return sent and not as_today(run, fit(provider, workload), workload)


def of_one_run(run: MeasuredRun, providers: Sequence[Provider]) -> Choice:
    """Return the choice that a benchmark's own workloads, purchase, ceiling and rates make."""
    design = run.design
    purchase = design.purchase or Purchase()
    if purchase.slo is None:
        purchase = replace(purchase, slo=design.slo)
    return choose(
        design.workloads, providers, purchase=purchase, runs=[run], rates=design.exchange_rates
    )
