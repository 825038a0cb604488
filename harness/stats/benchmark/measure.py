"""Records of a benchmark to all of its figures."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

from harness.core.benchmark import Design, Slo
from harness.core.case import Price
from harness.core.record import Record
from harness.core.verdict import Estimate
from harness.spec.provider import Provider
from harness.stats import survival
from harness.stats.benchmark.attempts import attempt_of
from harness.stats.benchmark.comparison import (
    PairwiseComparisons,
    Two,
    pairwise_comparisons,
    rank_providers,
)
from harness.stats.benchmark.model import (
    PHASES,
    Attempt,
    Comparison,
    EndMedians,
    ErrorShare,
    Measured,
    Reliability,
    Saved,
    SloWord,
    Speed,
    Spend,
)
from harness.stats.benchmark.relative import relative_to_reference
from harness.stats.curves import curve_steps
from harness.stats.intervals import median_estimate, proportion_estimate
from harness.stats.survival import CensoredTimes

NOTHING = Decimal(0)


def spend(attempts: Sequence[Attempt]) -> Spend:
    """Return the row of these attempts, which are of one provider, workload and basis.

    An attempt costs what its reply says it was charged, else what the price list says of what was
    delivered; one that brought nothing is free, or unsettled.
    """
    attempt = attempts[0]
    served = [each for each in attempts if each.end == "served"]
    paid = [each for each in attempts if _charge(each) is not None]
    spent = _sum(_charge(each) for each in paid)
    usable = sum(each.images for each in served if each.usable)
    charged = [each.charged for each in attempts if each.charged is not None]
    return Spend(
        provider=attempt.provider,
        basis=attempt.basis,
        emulated=attempt.emulated,
        workload=attempt.workload,
        fit=attempt.fit,
        unit=attempt.unit,
        requests=len(attempts),
        images=sum(each.images for each in served),
        usable=usable,
        listed=_sum(each.listed for each in served),
        charged=_sum(charged) if charged else None,
        spent=spent,
        per_image=spent / usable if usable else None,
        wasted=_sum(_charge(each) for each in paid if not each.usable),
        unsettled=_sum(each.listed for each in attempts if _unsettled(each)),
        at_most=any(each.bounded and each.charged is None for each in served),
    )


def saved(attempts: Sequence[Attempt], designed: Mapping[str, Price]) -> tuple[Saved, ...]:
    """Return what each provider's part of the design would have cost, and what was spent of it.

    `designed` is by the price list. Where a provider charges otherwise, or fails for nothing, its
    whole design is taken to cost more or less in the proportion of what was asked. What may have
    been paid for what never came counts as spent.
    """
    return tuple(
        _saved([attempt for attempt in attempts if attempt.provider == name], name, price)
        for name, price in designed.items()
    )


def _saved(attempts: Sequence[Attempt], name: str, price: Price) -> Saved:
    spent = _sum(
        attempt.listed if _unsettled(attempt) else _charge(attempt) for attempt in attempts
    )
    asked = _sum(attempt.listed for attempt in attempts)
    designed = price.amount * spent / asked if asked else price.amount
    return Saved(provider=name, unit=price.unit, spent=spent, designed=max(designed, spent))


def _unsettled(attempt: Attempt) -> bool:
    return attempt.may_be_paid and _charge(attempt) is None


def _charge(attempt: Attempt) -> Decimal | None:
    """Return what an attempt cost; None where nothing came and nothing was charged."""
    if attempt.charged is not None:
        return attempt.charged
    return attempt.listed if attempt.end == "served" else None


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((amount for amount in amounts if amount is not None), NOTHING)


def reliability(attempts: Sequence[Attempt], slo: Slo | None) -> Reliability:
    """Return the row of these attempts, which are of one provider, workload, stage and basis.

    `within` leaves out what we cut off before the ceiling was reached; a timeout counts as not
    within it, however short we waited: nothing had come.
    """
    attempt = attempts[0]
    errors = Counter(each.error_class for each in attempts if each.error_class is not None)
    ranked = sorted(errors.items(), key=lambda item: (-item[1], item[0]))
    within = _within(attempts, slo)
    return Reliability(
        provider=attempt.provider,
        basis=attempt.basis,
        emulated=attempt.emulated,
        workload=attempt.workload,
        stage=attempt.stage,
        fit=attempt.fit,
        sent=len(attempts),
        served=proportion_estimate(sum(each.end == "served" for each in attempts), len(attempts)),
        usable=proportion_estimate(sum(each.usable for each in attempts), len(attempts)),
        errors=tuple(
            ErrorShare(
                error_class=name,
                count=count,
                share=proportion_estimate(count, len(attempts)),
            )
            for name, count in ranked
        ),
        within=within,
        slo=None if slo is None or within is None else slo_word(within, slo.quantile),
        goodput_per_min=_goodput_per_min(attempts, slo),
        rate_limited=sum(each.rate_limited for each in attempts),
        waited_s=sum(each.waited_s for each in attempts),
    )


def slo_word(within: Estimate, quantile: float) -> SloWord:
    """Tell whether a share is known to be at least `quantile`, known to be less, or neither."""
    if within.low is not None and within.low >= quantile:
        return "met"
    if within.high is not None and within.high < quantile:
        return "missed"
    return "open"


def _within(attempts: Sequence[Attempt], slo: Slo | None) -> Estimate | None:
    if slo is None:
        return None
    counted = [
        attempt
        for attempt in attempts
        if attempt.end != "cut_off" or attempt.seconds >= slo.seconds
    ]
    return proportion_estimate(sum(_good(attempt, slo) for attempt in counted), len(counted))


def _good(attempt: Attempt, slo: Slo | None) -> bool:
    return attempt.usable and (slo is None or attempt.seconds <= slo.seconds)


def _goodput_per_min(attempts: Sequence[Attempt], slo: Slo | None) -> float | None:
    """Return usable images per minute, from the first intended start to the last end."""
    minutes = (
        max(attempt.end_s for attempt in attempts) - min(attempt.due_s for attempt in attempts)
    ) / 60
    good = sum(attempt.images for attempt in attempts if _good(attempt, slo))
    return good / minutes if minutes > 0 else None


def times_of(attempts: Iterable[Attempt]) -> CensoredTimes:
    """Return the times to pixels: ended where they were served, else only waited for.

    Refused and failed attempts are in no time: they are competing outcomes.
    """
    counted = [attempt for attempt in attempts if attempt.end in ("served", "timeout", "cut_off")]
    return CensoredTimes(
        seconds=tuple(attempt.seconds for attempt in counted),
        ended=tuple(attempt.end == "served" for attempt in counted),
    )


def speed(attempts: Sequence[Attempt]) -> Speed:
    """Return the row of these attempts, which are of one provider, workload, stage and basis."""
    attempt, times = attempts[0], times_of(attempts)
    served = [each for each in attempts if each.end == "served"]
    clocks = sorted({name for each in served for name in each.server_s})
    return Speed(
        provider=attempt.provider,
        basis=attempt.basis,
        emulated=attempt.emulated,
        workload=attempt.workload,
        stage=attempt.stage,
        fit=attempt.fit,
        n=times.n,
        served=len(served),
        timeouts=sum(each.end == "timeout" for each in attempts),
        cut_off=sum(each.end == "cut_off" for each in attempts),
        median=survival.censored_quantile(times, 0.5),
        p95=survival.censored_quantile(times, 0.95),
        p99=survival.censored_quantile(times, 0.99),
        mean=survival.restricted_mean_estimate(times),
        horizon_s=survival.horizon_s(times),
        phases={
            name: median_estimate(seconds)
            for name in PHASES
            if (seconds := [each.phases[name] for each in served if name in each.phases])
        },
        completion=_completion(served),
        server={
            name: median_estimate([each.server_s[name] for each in served if name in each.server_s])
            for name in clocks
        },
        curve=curve_steps(times),
        given_up_s=times.given_up_s,
        body_bytes=median_estimate([each.body_bytes for each in served], "bytes"),
    )


def _completion(served: Iterable[Attempt]) -> EndMedians | None:
    """Return the medians of the two bounds of when jobs ended: the true median lies between them.

    Each end is bounded by the polls on both sides; an interval from the lower interval's low to the
    upper one's high holds the true median at their confidence.
    """
    bounds = [attempt.completion for attempt in served if attempt.completion is not None]
    if not bounds:
        return None
    return EndMedians(
        after=median_estimate([bound.after_s for bound in bounds]),
        before=median_estimate([bound.before_s for bound in bounds]),
    )


Key = tuple[str, ...]


def measure(
    records: Iterable[Record],
    *,
    providers: Mapping[str, Provider],
    design: Design,
    usable: Mapping[tuple[str, str], bool],
    designed: Mapping[str, Price] | None = None,
) -> Measured:
    """Return all that a benchmark's records come to.

    `usable` says by provider and case whether all checks of the images passed; what it does not
    name is not usable. `designed` is what all planned requests of each provider would cost; without
    it nothing is said of what was saved. Records without a slot, and those that were never sent,
    count nowhere. The order of the records does not matter. KeyError for a provider that is not
    given.
    """
    attempts = []
    for record in records:
        case = record.shot.case
        good = usable.get((case.provider, case.id), False)
        if (attempt := attempt_of(record, providers[case.provider], usable=good)) is not None:
            attempts.append(attempt)
    return of_observations(attempts, design=design, designed=designed)


def of_observations(
    attempts: Iterable[Attempt], *, design: Design, designed: Mapping[str, Price] | None = None
) -> Measured:
    """Return the same of attempts that are read already."""
    ordered = sorted(attempts, key=_order(design))
    counted = [attempt for attempt in ordered if not attempt.warm_up]
    by_stage = _grouped(
        counted, lambda attempt: (attempt.provider, attempt.basis, attempt.workload, attempt.stage)
    )
    spends = tuple(
        map(
            spend,
            _grouped(ordered, lambda attempt: (attempt.provider, attempt.basis, attempt.workload)),
        )
    )
    comparisons = pairwise_comparisons(design)
    comparable = _of_one_kind(counted)
    for attempt in comparable:
        comparisons.add(attempt)
    comparisons.settle()
    return Measured(
        observations=tuple(ordered),
        speeds=tuple(map(speed, by_stage)),
        reliability=tuple(reliability(group, design.slo) for group in by_stage),
        spend=spends,
        comparisons=tuple(
            _comparison(comparisons, two, comparable) for two in comparisons.comparing
        ),
        rankings=tuple(
            rank_providers(comparisons, workload, _medians(comparisons, workload, comparable))
            for workload, names in comparisons.contenders.items()
            if names
        ),
        saved=saved(ordered, designed or {}),
        relative=relative_to_reference(design, comparable, spends),
    )


def _order(design: Design) -> Callable[[Attempt], tuple[object, ...]]:
    """Return the order of a report: by workload, stage and provider as designed, then by time."""
    workloads = {workload.name: place for place, workload in enumerate(design.workloads)}
    stages = {stage.name: place for place, stage in enumerate(design.stages)}
    names = list(dict.fromkeys(fit.provider for fit in design.fits))

    def order(attempt: Attempt) -> tuple[object, ...]:
        return (
            workloads.get(attempt.workload, len(workloads)),
            stages.get(attempt.stage, len(stages)),
            names.index(attempt.provider) if attempt.provider in names else len(names),
            attempt.provider,
            attempt.basis,
            attempt.due_s,
            attempt.case,
        )

    return order


def _of_one_kind(counted: list[Attempt]) -> list[Attempt]:
    """Return what may be compared: an emulator's attempts only where no provider answered."""
    emulated = all(attempt.emulated for attempt in counted)
    return [attempt for attempt in counted if attempt.emulated == emulated]


def _grouped(attempts: Iterable[Attempt], key: Callable[[Attempt], Key]) -> list[list[Attempt]]:
    groups: dict[Key, list[Attempt]] = {}
    for attempt in attempts:
        groups.setdefault(key(attempt), []).append(attempt)
    return list(groups.values())


def _comparison(
    comparisons: PairwiseComparisons, two: Two, counted: Iterable[Attempt]
) -> Comparison:
    workload, first, second = two
    comparing = comparisons.comparing[two]
    of = {
        name: times_of(
            attempt
            for attempt in counted
            if (attempt.workload, attempt.provider) == (workload, name)
        )
        for name in (first, second)
    }
    return Comparison(
        first=first,
        second=second,
        workload=workload,
        pairs=comparing.pairs,
        ratio=comparing.ratio(),
        evidence=comparing.evidence,
        needed=comparing.needed,
        word=comparisons.word(two),
        p_fixed=survival.log_rank(of[first], of[second]),
    )


def _medians(
    comparisons: PairwiseComparisons, workload: str, counted: Iterable[Attempt]
) -> dict[str, float | None]:
    groups = _grouped(
        (attempt for attempt in counted if attempt.workload == workload),
        lambda attempt: (attempt.provider,),
    )
    by_name = {group[0].provider: times_of(group) for group in groups}
    return {
        name: survival.censored_quantile(by_name[name], 0.5).value
        for name in comparisons.contenders[workload]
        if name in by_name
    }
