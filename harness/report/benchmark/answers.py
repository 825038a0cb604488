"""What a report says of a benchmark: its answers in sentences, its cautions, its figures."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter

from harness.checks.check import CHECKS
from harness.core.benchmark import Benchmark, Design
from harness.core.case import Price
from harness.core.record import Record, RunHeader
from harness.core.verdict import Estimate, Verdict
from harness.core.workload import Fit, Workload
from harness.report.benchmark.cautions import Caution, cautions
from harness.report.benchmark.places import places_text
from harness.report.benchmark.words import TOO_FEW, differing, evidence, name, ratio
from harness.report.text import count, money_text, one_line
from harness.spec.provider import Provider
from harness.stats.benchmark.measure import measure
from harness.stats.benchmark.model import Comparison, Measured, Ranking, Saved

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
    def design(self) -> Design:
        """What was decided before the first request left."""
        return self.benchmark.design

    @property
    def providers(self) -> tuple[str, ...]:
        """The providers of the benchmark, in the order in which they were fitted or measured."""
        named = [fit.provider for fit in self.design.fits]
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
        marks = ", ".join(word for word, names in words if provider in names)
        return f"({marks})" if marks else ""

    def label(self, provider: str) -> str:
        """Return a provider's name with its marks."""
        return f"{one_line(provider, 40)} {self.marks(provider)}".rstrip()


def benchmarked(
    benchmark: Benchmark, measured: Measured, *, recorded: frozenset[str] = frozenset()
) -> Benchmarked:
    """Return a benchmark with its cautions, answers and savings; equal input, equal words."""
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
    cited = (
        estimate.method
        for estimate in _estimates(measured)
        if estimate.value is not None and not estimate.method.startswith(TOO_FEW)
    )
    return tuple(dict.fromkeys(filter(None, cited)))


def _estimates(measured: Measured) -> Iterator[Estimate]:
    for beside in measured.relative:
        yield from (beside.time, beside.usable)
    yield from (comparison.ratio for comparison in measured.comparisons)
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
        rankings = [row for row in measured.rankings if row.workload == workload.name]
        for ranking in rankings or (None,):
            yield _answer(workload, ranking, design, measured)


def _answer(
    workload: Workload, ranking: Ranking | None, design: Design, measured: Measured
) -> Answer:
    rows = [speed for speed in measured.speeds if speed.workload == workload.name]
    placed = [rank.provider for rank in ranking.places] if ranking else []
    speeds = [row for row in rows if row.provider in placed] or rows
    emulated = any(row.emulated for row in speeds)
    parts = ["Nobody is ranked"]
    if ranking and placed:
        parts = [places_text(ranking, rows, measured.comparisons)]
    parts += _unranked(workload, design, measured)
    if emulated:
        parts.append(f"Measured on the emulator, which {NO_WORD}")
    return Answer(
        workload=name(workload.name),
        basis=one_line(speeds[0].basis, 120) if speeds else "none",
        emulated=emulated,
        decided=ranking is not None and ranking.decided,
        sentence=f"{'. '.join(parts)}.",
        sure=_certainty(ranking, design, measured) if ranking else "",
    )


def _unranked(workload: Workload, design: Design, measured: Measured) -> Iterator[str]:
    """Name the providers without a rank: only near the workload, unable to serve it, no figure."""
    fits = [fit for fit in design.fits if fit.workload == workload.name]
    near = [fit for fit in fits if fit.kind == "nearest"]
    if near:
        yield f"Nearest only, not ranked: {', '.join(map(_why, near))}"
    never = [fit for fit in fits if fit.kind == "unsupported"]
    if never:
        yield f"Cannot be asked for it: {', '.join(map(_why, never))}"
    rankings = [row for row in measured.rankings if row.workload == workload.name]
    placed = {rank.provider for ranking in rankings for rank in ranking.places}
    unplaced = [fit for fit in fits if fit.kind == "exact" and fit.provider not in placed]
    if unplaced:
        yield f"Not ranked: {', '.join(_unplaced(fit, measured) for fit in unplaced)}"


def _why(fit: Fit) -> str:
    # The table of what each was asked for has the reasons behind the colon, too.
    fields = "; ".join(difference.partition(": ")[0] for difference in differing(fit))
    return one_line(fit.provider, 40) + (f" ({fields})" if fields else "")


def _unplaced(fit: Fit, measured: Measured) -> str:
    place = attrgetter("provider", "workload")
    served = sum(row.served for row in measured.speeds if place(row) == place(fit))
    sent = sum(row.sent for row in measured.reliability if place(row) == place(fit))
    served_text = f"{served} of {sent} served" if sent else "nothing was sent"
    return f"{one_line(fit.provider, 40)} ({served_text})"


def _certainty(ranking: Ranking, design: Design, measured: Measured) -> str:
    """Say whether the first place is decided, and on which evidence against the next."""
    word = "Decided" if ranking.decided else "Not decided"
    parts = [f"{word}: {one_line(ranking.why, 300)}" if ranking.why else word]
    rivals = {rank.provider for rank in ranking.places[:2]}
    if design.until_decided:
        parts += [
            _comparison(pair)
            for pair in measured.comparisons
            if pair.workload == ranking.workload and {pair.first, pair.second} == rivals
        ][:1]
    return "; ".join(parts).rstrip(".") + "."


def _comparison(pair: Comparison) -> str:
    """Say a comparison in words: the ratio, the evidence for it, and what it takes."""
    return (
        f"{one_line(pair.second, 40)} takes {ratio(pair.ratio)} times as long as"
        f" {one_line(pair.first, 40)} (e-value {evidence(pair.evidence)}, needed"
        f" {evidence(pair.needed)}, {count(pair.pairs, 'pair')})"
    )


def _savings(rows: Sequence[Saved]) -> Iterator[str]:
    saveds = [row for row in rows if row.spent < row.designed]
    if rows and not saveds:
        yield "Nothing was saved: all that was designed was asked."
    yield from map(_saving, saveds)


def _saving(saved: Saved) -> str:
    spent, designed, difference = (
        one_line(money_text(amount, saved.unit), 60)
        for amount in (saved.spent, saved.designed, saved.designed - saved.spent)
    )
    return (
        f"{one_line(saved.provider, 40)}: {spent} spent of the {designed} that the fixed design"
        f" costs: {difference} saved."
    )


def of_run(
    header: RunHeader,
    records: Iterable[Record],
    verdicts: Iterable[Verdict],
    providers: Mapping[str, Provider],
) -> Benchmarked | None:
    """Return what a run measured; None where it is no benchmark."""
    if header.benchmark is None:
        return None
    decisive = {name for name, check in CHECKS.items() if check.usability}
    failed = {
        (verdict.provider, verdict.case)
        for verdict in verdicts
        if verdict.status == "fail" and verdict.check in decisive
    }
    design, recorded = header.benchmark.design, set[str]()

    def usable(record: Record) -> bool:
        if record.evidence.kind == "recorded":
            recorded.add(record.shot.case.provider)
        return (record.shot.case.provider, record.shot.case.id) not in failed

    measured = measure(
        records,
        providers=providers,
        design=design,
        usable=usable,
        designed=designed(design) if design.until_decided else None,
    )
    return benchmarked(header.benchmark, measured, recorded=frozenset(recorded))


def designed(design: Design) -> dict[str, Price]:
    """Return what the whole design costs at each provider by its price list, warm-up included."""
    weights = {workload.name: workload.weight for workload in design.workloads}
    blocks = sum(design.warm_up + stage.blocks for stage in design.stages)
    prices: dict[str, Price] = {}
    for fit in design.fits:
        if fit.price is None:
            continue
        times = blocks * weights[fit.workload]
        before = prices.get(fit.provider)
        prices[fit.provider] = Price(
            amount=fit.price.amount * times + (before.amount if before else Decimal(0)),
            unit=fit.price.unit,
            images=fit.price.images * times + (before.images if before else 0),
        )
    return prices
