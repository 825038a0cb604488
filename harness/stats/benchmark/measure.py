"""Records of a benchmark to all of its figures."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from harness.core.benchmark import Design
from harness.core.case import Price
from harness.core.record import Record
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
    Attempt,
    AtVantage,
    Comparison,
    Measured,
    Ranking,
    Reliability,
    Speed,
)
from harness.stats.benchmark.observed import Observed, Row
from harness.stats.benchmark.relative import relative_to_reference
from harness.stats.benchmark.tallies import RowTally, SavedTally, SpendTally, Times
from harness.stats.survival import CensoredTimes

POOLED = "; attempts of all vantage points together, each by its number of attempts"
WITHIN = "; pairs stand within a vantage point, those of all together"


def measure(
    records: Iterable[Record],
    *,
    providers: Mapping[str, Provider],
    design: Design,
    usable: Callable[[Record], bool],
    designed: Mapping[str, Price] | None = None,
) -> Measured:
    """Return all that a benchmark's records come to, in one pass over them.

    `usable` says of a record whether all checks of its images passed. `designed` is what all
    planned requests of each provider would cost; without it nothing is said of what was saved.
    Records without a slot, and those that were never sent, count nowhere. The order of the records
    does not matter. KeyError for a provider that is not given.
    """
    attempts = (
        attempt_of(record, providers[record.shot.case.provider], usable=usable(record))
        for record in records
    )
    return of_observations(
        (attempt for attempt in attempts if attempt is not None), design=design, designed=designed
    )


def of_observations(
    attempts: Iterable[Attempt], *, design: Design, designed: Mapping[str, Price] | None = None
) -> Measured:
    """Return the same of attempts that are read already."""
    observed = Observed(attempts, _rank(design))
    figures = _Figures(design, observed, designed or {})
    for row in observed.rows:
        figures.add(row, observed.of(row))
    return figures.measured()


def _rank(design: Design) -> Callable[[Row], tuple[int, ...]]:
    """Return the order of a report's rows: by workload, stage and provider as designed."""
    workloads = {workload.name: place for place, workload in enumerate(design.workloads)}
    stages = {stage.name: place for place, stage in enumerate(design.stages)}
    names = {name: at for at, name in enumerate(dict.fromkeys(fit.provider for fit in design.fits))}

    def rank(row: Row) -> tuple[int, ...]:
        return (
            workloads.get(row.workload, len(workloads)),
            stages.get(row.stage, len(stages)),
            names.get(row.provider, len(names)),
        )

    return rank


TimesKey = tuple[str, str, str]
"""A vantage point, a workload and a provider."""


class _Kind:
    """What may be compared: the attempts of providers, or those of the emulator in their place."""

    def __init__(self, design: Design, vantages: Sequence[str]) -> None:
        self.counted = 0
        self.times: dict[TimesKey, Times] = {}
        self.comparisons = pairwise_comparisons(design)
        rate = design.alpha / max(len(vantages), 1)
        self.at = {
            name: pairwise_comparisons(replace(design, alpha=rate))
            for name in (vantages if len(vantages) > 1 else ())
        }

    def add(self, attempt: Attempt) -> None:
        self.counted += 1
        key = (attempt.vantage, attempt.workload, attempt.provider)
        self.times.setdefault(key, Times()).add(attempt)
        self.comparisons.add(attempt)
        if self.at:
            self.at[attempt.vantage].add(attempt)

    def settle(self) -> None:
        for comparisons in (self.comparisons, *self.at.values()):
            comparisons.settle()


Figures = TypeVar("Figures", Speed, Reliability)


@dataclass(slots=True)
class _Rows:
    speeds: list[Speed] = field(default_factory=list)
    reliability: list[Reliability] = field(default_factory=list)

    def add(self, tally: RowTally, vantage: str) -> None:
        self.speeds.append(replace(tally.speed(), vantage=vantage))
        self.reliability.append(replace(tally.reliability(), vantage=vantage))


class _Figures:
    """All figures of a benchmark, told its rows one after the other."""

    def __init__(self, design: Design, observed: Observed, designed: Mapping[str, Price]) -> None:
        self._design, self._observed = design, observed
        self._vantages = sorted({row.vantage for row in observed.rows})
        self._kinds = {emulated: _Kind(design, self._vantages) for emulated in (False, True)}
        self._rows, self._at = _Rows(), {name: _Rows() for name in self._vantages}
        self._spends: dict[tuple[str, str, str], SpendTally] = {}
        self._saved = SavedTally(designed)
        self._open: tuple[Row | None, RowTally] = (None, RowTally())

    def add(self, row: Row, attempts: Iterator[Attempt]) -> None:
        """Take note of a row; those that differ in their vantage point only come together."""
        whole = row._replace(vantage="")
        if self._open[0] != whole:
            self._close()
            self._open = (whole, RowTally(self._design.slo))
        tally, own = self._open[1], RowTally(self._design.slo)
        several = len(self._vantages) > 1
        spends = self._spends.setdefault((row.provider, row.basis, row.workload), SpendTally())
        for attempt in attempts:
            spends.add(attempt)
            self._saved.add(attempt)
            if not attempt.warm_up:
                tally.add(attempt)
                if several:
                    own.add(attempt)
                self._kinds[attempt.emulated].add(attempt)
        if own.sent:
            self._at[row.vantage].add(own, row.vantage)

    def _close(self) -> None:
        if self._open[1].sent:
            self._rows.add(self._open[1], "")
        self._open = (None, RowTally())

    def measured(self) -> Measured:
        """Return the figures of all rows."""
        self._close()
        emulated = not self._kinds[False].counted
        kind = self._kinds[emulated]
        kind.settle()
        several = len(self._vantages) > 1
        spends = tuple(tally.spend() for tally in self._spends.values())
        return Measured(
            observations=self._observed,
            speeds=tuple(map(_pooled_speed, self._rows.speeds) if several else self._rows.speeds),
            reliability=tuple(self._rows.reliability),
            spend=spends,
            comparisons=_comparisons(kind.comparisons, kind, self._vantages),
            rankings=_rankings(kind.comparisons, kind, self._vantages),
            saved=self._saved.saved(),
            relative=relative_to_reference(self._design, self._observed, spends, emulated=emulated),
            by_vantage=tuple(self._at_vantage(name, kind) for name in kind.at),
        )

    def _at_vantage(self, name: str, kind: _Kind) -> AtVantage:
        rows = self._at[name]
        return AtVantage(
            vantage=name,
            attempts=sum(row.sent for row in rows.reliability),
            speeds=tuple(rows.speeds),
            reliability=tuple(rows.reliability),
            comparisons=_comparisons(kind.at[name], kind, (name,)),
            rankings=_rankings(kind.at[name], kind, (name,)),
        )


def _pooled_speed(row: Speed) -> Speed:
    figures = {
        name: replace(estimate, method=estimate.method + POOLED)
        for name in ("median", "p95", "p99", "mean")
        if (estimate := getattr(row, name)).value is not None
    }
    return replace(row, **figures)


def _comparisons(
    comparisons: PairwiseComparisons, kind: _Kind, vantages: Sequence[str]
) -> tuple[Comparison, ...]:
    return tuple(_comparison(comparisons, two, kind, vantages) for two in comparisons.comparing)


def _comparison(
    comparisons: PairwiseComparisons, two: Two, kind: _Kind, vantages: Sequence[str]
) -> Comparison:
    workload, first, second = two
    comparing = comparisons.comparing[two]
    ratio = comparing.ratio()
    strata = [
        (_times(kind, (name,), workload, first), _times(kind, (name,), workload, second))
        for name in vantages
    ]
    return Comparison(
        first=first,
        second=second,
        workload=workload,
        pairs=comparing.pairs,
        ratio=replace(ratio, method=ratio.method + WITHIN) if len(vantages) > 1 else ratio,
        evidence=comparing.evidence,
        needed=comparing.needed,
        word=comparisons.word(two),
        p_fixed=survival.log_rank(*strata[0])
        if len(strata) == 1
        else survival.stratified_log_rank(strata),
    )


def _times(kind: _Kind, vantages: Sequence[str], workload: str, provider: str) -> CensoredTimes:
    whole = Times()
    for name in vantages:
        times = kind.times.get((name, workload, provider))
        if times is not None:
            whole.extend(times)
    return whole.censored()


def _rankings(
    comparisons: PairwiseComparisons, kind: _Kind, vantages: Sequence[str]
) -> tuple[Ranking, ...]:
    return tuple(
        rank_providers(
            comparisons,
            workload,
            {
                name: survival.censored_quantile(_times(kind, vantages, workload, name), 0.5).value
                for name in names
            },
        )
        for workload, names in comparisons.contenders.items()
        if names
    )
