"""Records of a benchmark to all of its figures."""

from collections.abc import Callable, Iterable, Mapping

from harness.core.benchmark import Design
from harness.core.case import Price
from harness.core.record import Record
from harness.spec.provider import Provider
from harness.stats import survival
from harness.stats.benchmark.attempts import attempt_of
from harness.stats.benchmark.model import Attempt, Comparison, Measured
from harness.stats.benchmark.reliability import reliability
from harness.stats.benchmark.speed import speed, times_of
from harness.stats.benchmark.spending import saved, spend
from harness.stats.comparison import PairwiseComparisons, Two, pairwise_comparisons
from harness.stats.ranking import rank_providers

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
    name is not usable. `designed` is what all planned shots of each provider would cost; without it
    nothing is said of what was saved. Records without a slot, and those that were never sent, count
    nowhere. The order of the records does not matter. KeyError for a provider that is not given.
    """
    seen = []
    for record in records:
        case = record.shot.case
        good = usable.get((case.provider, case.id), False)
        if (attempt := attempt_of(record, providers[case.provider], usable=good)) is not None:
            seen.append(attempt)
    return of_observations(seen, design=design, designed=designed)


def of_observations(
    seen: Iterable[Attempt], *, design: Design, designed: Mapping[str, Price] | None = None
) -> Measured:
    """Return the same of attempts that are read already."""
    ordered = sorted(seen, key=_order(design))
    counted = [attempt for attempt in ordered if not attempt.warm_up]
    by_stage = _grouped(counted, lambda one: (one.provider, one.basis, one.workload, one.stage))
    spends = tuple(
        map(spend, _grouped(ordered, lambda one: (one.provider, one.basis, one.workload)))
    )
    race = pairwise_comparisons(design)
    racing = _of_one_kind(counted)
    for attempt in racing:
        race.add(attempt)
    race.settle()
    return Measured(
        observations=tuple(ordered),
        speeds=tuple(map(speed, by_stage)),
        reliability=tuple(reliability(group, design.slo) for group in by_stage),
        spend=spends,
        comparisons=tuple(_comparison(race, two, racing) for two in race.comparing),
        rankings=tuple(
            rank_providers(race, workload, _medians(race, workload, racing))
            for workload, names in race.contenders.items()
            if names
        ),
        saved=saved(ordered, designed or {}),
    )


def _order(design: Design) -> Callable[[Attempt], tuple[object, ...]]:
    """Return the order of a report: by workload, stage and provider as designed, then by time."""
    workloads = {workload.name: place for place, workload in enumerate(design.workloads)}
    stages = {stage.name: place for place, stage in enumerate(design.stages)}
    names = list(dict.fromkeys(fit.provider for fit in design.fits))

    def order(one: Attempt) -> tuple[object, ...]:
        return (
            workloads.get(one.workload, len(workloads)),
            stages.get(one.stage, len(stages)),
            names.index(one.provider) if one.provider in names else len(names),
            one.provider,
            one.basis,
            one.due_s,
            one.case,
        )

    return order


def _of_one_kind(counted: list[Attempt]) -> list[Attempt]:
    """Return what may be compared: where any provider answered itself, no emulator stands in."""
    emulated = all(attempt.emulated for attempt in counted)
    return [attempt for attempt in counted if attempt.emulated == emulated]


def _grouped(attempts: Iterable[Attempt], key: Callable[[Attempt], Key]) -> list[list[Attempt]]:
    groups: dict[Key, list[Attempt]] = {}
    for attempt in attempts:
        groups.setdefault(key(attempt), []).append(attempt)
    return list(groups.values())


def _comparison(race: PairwiseComparisons, two: Two, counted: Iterable[Attempt]) -> Comparison:
    workload, first, second = two
    comparing = race.comparing[two]
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
        word=race.word(two),
        p_fixed=survival.log_rank(of[first], of[second]),
    )


def _medians(
    race: PairwiseComparisons, workload: str, counted: Iterable[Attempt]
) -> dict[str, float | None]:
    groups = _grouped(
        (attempt for attempt in counted if attempt.workload == workload),
        lambda attempt: (attempt.provider,),
    )
    by_name = {group[0].provider: times_of(group) for group in groups}
    return {
        name: survival.censored_quantile(by_name[name], 0.5).value
        for name in race.contenders[workload]
        if name in by_name
    }
