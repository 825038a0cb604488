"""All providers that serve a workload exactly, compared two by two, by pairs of attempts."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import inf

from harness.core.benchmark import Design
from harness.stats.benchmark.model import Attempt, Rank, Ranking, Word
from harness.stats.sequential import Comparing, Time

MARGIN = 1.1
"""Two providers are equally fast where the ratio of their times lies within 1 / 1.1 and 1.1."""

HOPELESS = 10
"""A provider that served none of its first 10 attempts at a workload is not waited for."""

Two = tuple[str, str, str]
"""A workload and two providers, in the order of the design."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    end_s: float
    key: tuple[str, int, str]
    of: Two
    times: tuple[Time, Time]


@dataclass(slots=True, kw_only=True)
class PairwiseComparisons:
    """Which provider is faster than which, at any moment, at an error rate of `alpha` over all.

    Pairs are attempts of one stage, block and case at two providers. Warm-ups, and attempts that
    were refused, failed or cut off by us, make no pair. Rows of an emulator are paired among
    themselves only. Pairs count in the order in which they were whole.

    Each of the comparisons is decided at `alpha` over their number (the union bound).
    """

    contenders: Mapping[str, tuple[str, ...]]
    alpha: float = 0.05
    comparing: dict[Two, Comparing] = field(init=False)
    _times: dict[tuple[object, ...], dict[str, tuple[float, Time]]] = field(default_factory=dict)
    _pending: list[_Pair] = field(default_factory=list)
    _tried: Counter[tuple[str, str]] = field(default_factory=Counter)
    _served: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        every = [
            (workload, first, second)
            for workload, names in self.contenders.items()
            for first, second in combinations(names, 2)
        ]
        self.comparing = {two: Comparing(needed=len(every) / self.alpha) for two in every}

    def add(self, attempt: Attempt) -> None:
        """Take note of an attempt; those that are not compared are left out."""
        if attempt.warm_up or attempt.provider not in self.contenders.get(attempt.workload, ()):
            return
        self._tried[attempt.workload, attempt.provider] += 1
        self._served[attempt.workload, attempt.provider] += attempt.end == "served"
        if attempt.end not in ("served", "timeout"):
            return
        time = Time(
            seconds=attempt.seconds, served=attempt.end == "served", limit_s=attempt.limit_s
        )
        place = (attempt.emulated, attempt.workload, attempt.stage, attempt.block, attempt.case)
        others = self._times.setdefault(place, {})
        if attempt.provider not in others:
            others[attempt.provider] = (attempt.end_s, time)
            self._pending += self._pairs(attempt, others)

    def settle(self) -> None:
        """Let all pairs count that are whole by now."""
        for pair in sorted(self._pending, key=lambda pair: (pair.end_s, pair.key, pair.of)):
            self.comparing[pair.of].add(*pair.times)
        self._pending.clear()

    def word(self, two: Two) -> Word:
        """Return which of two is faster, as far as it is decided."""
        comparing = self.comparing[two]
        if comparing.slower is not None:
            return "first" if comparing.slower else "second"
        return "equal" if comparing.within(MARGIN) else "open"

    def beaten(self, workload: str) -> dict[str, str]:
        """Return which providers of a workload are slower for certain, and than which."""
        out: dict[str, str] = {}
        for two in self._of(workload):
            _, first, second = two
            word = self.word(two)
            if word in ("first", "second"):
                slower, faster = (second, first) if word == "first" else (first, second)
                out.setdefault(slower, faster)
        return out

    def hopeless(self, workload: str) -> tuple[str, ...]:
        """Return who has served nothing of a workload in many attempts."""
        return tuple(
            name
            for name in self.contenders[workload]
            if self._tried[workload, name] >= HOPELESS and not self._served[workload, name]
        )

    def serving(self, workload: str) -> tuple[str, ...]:
        """Return who has served a workload at least once."""
        return tuple(name for name in self.contenders[workload] if self._served[workload, name])

    def undecided(self, workload: str) -> tuple[Two, ...]:
        """Return the open comparisons between those who may still be the fastest."""
        out = {*self.beaten(workload), *self.hopeless(workload)}
        return tuple(
            two for two in self._of(workload) if not out & {*two[1:]} and self.word(two) == "open"
        )

    def _of(self, workload: str) -> Iterator[Two]:
        return (two for two in self.comparing if two[0] == workload)

    def _pairs(self, attempt: Attempt, others: Mapping[str, tuple[float, Time]]) -> Iterator[_Pair]:
        for two in self._of(attempt.workload):
            if attempt.provider in two[1:] and all(name in others for name in two[1:]):
                (first_s, first), (second_s, second) = (others[name] for name in two[1:])
                key = (attempt.stage, attempt.block, attempt.case)
                end_s = max(first_s, second_s)
                yield _Pair(end_s=end_s, key=key, of=two, times=(first, second))


def pairwise_comparisons(design: Design) -> PairwiseComparisons:
    """Return the comparisons of a benchmark, of those who serve a workload exactly."""
    return PairwiseComparisons(
        contenders={
            workload.name: tuple(
                fit.provider
                for fit in design.fits
                if fit.workload == workload.name and fit.kind == "exact"
            )
            for workload in design.workloads
        },
        alpha=design.alpha,
    )


def rank_providers(
    comparisons: PairwiseComparisons, workload: str, medians: Mapping[str, float | None]
) -> Ranking:
    """Return the places of one workload; who served nothing has none.

    A place begins only where each provider before it is decided to be faster than each one from it
    on, or than one that is; a provider of which that is open shares the place of those before it.
    Within a place the lower median stands first, which says nothing more.
    """
    serving = comparisons.serving(workload)
    faster = _with_chains({*_decided_pairs(comparisons, workload, serving)})
    lead = {
        name: sum(name == one for one, _ in faster) - sum(name == other for _, other in faster)
        for name in serving
    }

    def order(name: str) -> tuple[int, float, str]:
        median = medians.get(name)
        return -lead[name], inf if median is None else median, name

    places = tuple(_places(sorted(serving, key=order), faster))
    beaten = {slower for _, slower in faster}
    decided, why = _why(
        comparisons, workload, [rank.provider for rank in places if rank.provider not in beaten]
    )
    silent = [name for name in comparisons.contenders[workload] if name not in serving]
    if silent and serving:
        why += f"; {' and '.join(silent)} served nothing that counts here"
    return Ranking(workload=workload, places=places, decided=decided, why=why)


def _decided_pairs(
    comparisons: PairwiseComparisons, workload: str, serving: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Yield who is decided to be faster than whom, the faster one first."""
    for two in comparisons.comparing:
        of, first, second = two
        word = comparisons.word(two)
        if of == workload and {first, second} <= {*serving} and word in ("first", "second"):
            yield (first, second) if word == "first" else (second, first)


def _with_chains(faster: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the pairs with those that follow: faster than one that is faster than a third."""
    chained = {(one, third) for one, two in faster for other, third in faster if two == other}
    return faster if chained <= faster else _with_chains(faster | chained)


def _places(order: Sequence[str], faster: Collection[tuple[str, str]]) -> Iterator[Rank]:
    """Yield a place for each provider of an order: a new one where all before it are faster.

    In an order by decided pairs won less those lost, whoever beats all others of a workload stands
    before them, so that no place is overlooked.
    """
    place = 1
    for at, name in enumerate(order):
        if all((one, other) in faster for one in order[:at] for other in order[at:]):
            place = at + 1
        yield Rank(place=place, provider=name)


def _why(comparisons: PairwiseComparisons, workload: str, first: list[str]) -> tuple[bool, str]:
    """Tell whether the first place is decided, and what that rests on."""
    if not first:
        return False, "nothing was served"
    if len(comparisons.serving(workload)) == 1:
        return True, f"only {first[0]} served it exactly"
    if len(first) == 1:
        return (
            True,
            f"{first[0]} is faster at an error rate of {comparisons.alpha:.2g} for the whole race",
        )
    words = {
        two: comparisons.word(two)
        for two in comparisons.comparing
        if two[0] == workload and {*two[1:]} <= {*first}
    }
    if all(word == "equal" for word in words.values()):
        return True, f"{' and '.join(first)} are equally fast within {MARGIN - 1:.0%}"
    undecided = [
        f"{name} and {other}" for (_, name, other), word in words.items() if word == "open"
    ]
    return False, f"not told apart: {', '.join(undecided)}"
