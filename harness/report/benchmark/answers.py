"""What a report says of a benchmark: its answers in sentences, its cautions, its figures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.core.benchmark import Benchmark, Design
from harness.core.verdict import Estimate
from harness.core.workload import Fit, Workload
from harness.report.benchmark.cautions import Caution, cautions
from harness.report.benchmark.words import TOO_FEW, differing, evidence, name, ratio, span_s
from harness.report.figures import money_text
from harness.report.text import count, one_line
from harness.stats.benchmark.model import Comparison, Measured, Ranking, Saved, Speed

NO_WORD = "says nothing about the real providers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a benchmark came to at one workload, on one kind of evidence.

    `sentence` ranks the providers and says who is not ranked and why; `sure` says how sure that
    is. `basis` is the evidence in words; `emulated` where it is about no real provider.
    """

    workload: str
    basis: str
    emulated: bool
    decided: bool
    sentence: str
    sure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmarked:
    """A benchmark as every format shows it.

    `savings` says in sentences what stopping early saved, and `stopped` why what was asked no
    more. `methods` cites every method that made an interval, once. `recorded` names the providers
    whose times are those of a recording, not of the day of this run.
    """

    benchmark: Benchmark
    measured: Measured
    cautions: tuple[Caution, ...]
    answers: tuple[Answer, ...]
    savings: tuple[str, ...]
    stopped: tuple[str, ...]
    methods: tuple[str, ...]
    recorded: frozenset[str] = frozenset()

    @property
    def providers(self) -> tuple[str, ...]:
        """The providers of the benchmark, in the order in which they were fitted or measured."""
        named = [fit.provider for fit in self.benchmark.design.fits]
        return tuple(dict.fromkeys([*named, *(row.provider for row in self.measured.spend)]))

    @property
    def emulated(self) -> frozenset[str]:
        """The providers whose place the emulator took."""
        measured = self.measured
        rows = [(row.provider, row.emulated) for row in measured.spend]
        rows += [(row.provider, row.emulated) for row in measured.speeds]
        return frozenset(provider for provider, emulated in rows if emulated)

    def marks(self, provider: str) -> str:
        """Return what must never be left out beside a provider's name: `(emulator)`, or nothing."""
        words = (("emulator", self.emulated), ("recorded", self.recorded))
        told = ", ".join(word for word, names in words if provider in names)
        return f"({told})" if told else ""

    def label(self, provider: str) -> str:
        """Return a provider's name with its marks."""
        return f"{one_line(provider, 40)} {self.marks(provider)}".rstrip()


def benchmarked(
    benchmark: Benchmark, measured: Measured, *, recorded: frozenset[str] = frozenset()
) -> Benchmarked:
    """Choose and word what was measured; equal values in, equal words out."""
    return Benchmarked(
        benchmark=benchmark,
        measured=measured,
        cautions=cautions(benchmark, measured),
        answers=tuple(_answers(benchmark.design, measured)),
        savings=tuple(_savings(measured.saved)),
        stopped=tuple(
            f"{one_line(place, 120)}: {one_line(why, 200)}"
            for place, why in (benchmark.stopped or {}).items()
        ),
        methods=methods(measured),
        recorded=recorded,
    )


def methods(measured: Measured) -> tuple[str, ...]:
    """Return the method of each interval, once, in the order of the tables."""
    found: dict[str, None] = {}
    for item in _estimates(measured):
        if item.method and not item.method.startswith(TOO_FEW) and item.value is not None:
            found[item.method] = None
    return tuple(found)


def _estimates(measured: Measured) -> Iterator[Estimate]:
    yield from (one.ratio for one in measured.comparisons)
    for speed in measured.speeds:
        yield from (speed.median, speed.p95, speed.p99, speed.mean)
        ends = speed.completion
        yield from speed.phases.values()
        yield from (ends.after, ends.before) if ends else ()
        yield from speed.server.values()
    for row in measured.reliability:
        yield from (row.served, row.usable, *(error.share for error in row.errors))
        if row.within is not None:
            yield row.within


def _answers(design: Design, measured: Measured) -> Iterator[Answer]:
    for workload in design.workloads:
        own = [one for one in measured.rankings if one.workload == workload.name]
        if not own:
            yield _answer(workload, None, design, measured)
        for ranking in own:
            yield _answer(workload, ranking, design, measured)


def _answer(
    workload: Workload, ranking: Ranking | None, design: Design, measured: Measured
) -> Answer:
    rows = [one for one in measured.speeds if one.workload == workload.name]
    placed = [rank.provider for rank in ranking.places] if ranking else []
    told = [row for row in rows if row.provider in placed] or rows
    emulated = any(row.emulated for row in told)
    parts = [_places(ranking, rows)] if ranking and placed else ["Nobody is ranked"]
    parts += _unranked(workload, design, measured)
    if emulated:
        parts.append(f"Measured on the emulator, which {NO_WORD}")
    return Answer(
        workload=name(workload.name),
        basis=one_line(told[0].basis, 120) if told else "none",
        emulated=emulated,
        decided=ranking is not None and ranking.decided,
        sentence=f"{'. '.join(parts)}.",
        sure=_sure(ranking, design, measured) if ranking else "",
    )


def _places(ranking: Ranking, rows: Sequence[Speed]) -> str:
    groups: dict[int, list[str]] = {}
    for rank in ranking.places:
        own = [row for row in rows if row.provider == rank.provider]
        groups.setdefault(rank.place, []).append(_placed(rank.provider, own))
    first = min(groups, default=1)
    return "; ".join(
        f"{place}. {who[0]}"
        if len(who) == 1
        else f"{place}. {', '.join(who[:-1])} and {who[-1]},"
        f" {'equally fast' if ranking.decided and place == first else 'not told apart'}"
        for place, who in groups.items()
    )


def _placed(provider: str, rows: Sequence[Speed]) -> str:
    """Return a provider with its median; of several stages, the first's and the last's."""
    if not rows:
        return f"{one_line(provider, 40)} (no figure)"
    if len(rows) == 1:
        return f"{one_line(provider, 40)} (median {span_s(rows[0].median)})"
    ends = (rows[0], rows[-1])
    told = "; ".join(f"{name(one.stage)}: {span_s(one.median)}" for one in ends)
    return f"{one_line(provider, 40)} (median at {told})"


def _unranked(workload: Workload, design: Design, measured: Measured) -> Iterator[str]:
    """Say who is in no ranking: asked for something near, not askable, or without a figure."""
    fits = [one for one in design.fits if one.workload == workload.name]
    near = [one for one in fits if one.kind == "nearest"]
    if near:
        yield f"Nearest only, not ranked: {', '.join(map(_why, near))}"
    never = [one for one in fits if one.kind == "unsupported"]
    if never:
        yield f"Cannot be asked for it: {', '.join(map(_why, never))}"
    rankings = [one for one in measured.rankings if one.workload == workload.name]
    placed = {rank.provider for ranking in rankings for rank in ranking.places}
    silent = [one for one in fits if one.kind == "exact" and one.provider not in placed]
    if silent:
        yield f"Not ranked: {', '.join(_silent(one, measured) for one in silent)}"


def _why(fit: Fit) -> str:
    # The table of what each was asked for has the reasons behind the colon, too.
    told = "; ".join(one.partition(": ")[0] for one in differing(fit))
    return f"{one_line(fit.provider, 40)} ({told})" if told else one_line(fit.provider, 40)


def _silent(fit: Fit, measured: Measured) -> str:
    here = (fit.provider, fit.workload)
    served = sum(one.served for one in measured.speeds if (one.provider, one.workload) == here)
    sent = sum(one.sent for one in measured.reliability if (one.provider, one.workload) == here)
    if not sent:
        return f"{one_line(fit.provider, 40)} (nothing was sent)"
    return f"{one_line(fit.provider, 40)} ({served} of {sent} served)"


def _sure(ranking: Ranking, design: Design, measured: Measured) -> str:
    """Say whether the first place is decided, and on which evidence against the next."""
    word = "Decided" if ranking.decided else "Not decided"
    parts = [f"{word}: {one_line(ranking.why, 300)}" if ranking.why else word]
    rivals = [rank.provider for rank in ranking.places]
    pair = _between(rivals[:2], ranking, measured)
    if pair is not None and design.until_decided:
        parts.append(weighed(pair))
    return "; ".join(parts).rstrip(".") + "."


def _between(rivals: Sequence[str], ranking: Ranking, measured: Measured) -> Comparison | None:
    return next(
        (
            one
            for one in measured.comparisons
            if one.workload == ranking.workload and {one.first, one.second} == set(rivals)
        ),
        None,
    )


def weighed(pair: Comparison) -> str:
    """Say a comparison in words: the ratio, the evidence for it, and what it takes."""
    return (
        f"{one_line(pair.second, 40)} takes {ratio(pair.ratio)} times as long as"
        f" {one_line(pair.first, 40)} (e-value {evidence(pair.evidence)}, needed"
        f" {evidence(pair.needed)}, {count(pair.pairs, 'pair')})"
    )


def _savings(rows: Sequence[Saved]) -> Iterator[str]:
    kept = [one for one in rows if one.spent < one.designed]
    if rows and not kept:
        yield "Nothing was saved: all that was designed was asked."
    yield from map(_saving, kept)


def _saving(one: Saved) -> str:
    spent, designed = money_text(one.spent, one.unit), money_text(one.designed, one.unit)
    kept = one.designed - one.spent
    head = (
        f"{one_line(one.provider, 40)}: {one_line(spent, 60)} spent of the {one_line(designed, 60)}"
    )
    return f"{head} that the fixed design costs: {one_line(money_text(kept, one.unit), 60)} saved."
