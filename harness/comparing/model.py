"""What one run showed, small enough to keep, and what differs between two of them."""

from dataclasses import dataclass, field
from typing import Literal

from harness.core.case import FitKind
from harness.core.jsonvalue import Amount, Charged, Seconds
from harness.core.outcome import ErrorClass
from harness.core.record import Provenance
from harness.core.verdict import Estimate
from harness.known.model import KnownDeviation, KnownShown
from harness.planning import diff_options

PromiseState = Literal[
    "held",
    "broken",
    "flaky",
    "unconfirmed",
    "undocumented",
    "inconclusive",
    "not tried",
    "absent",
]
"""What became of a promise in a run, as the matrix of its report has it."""

Figure = Literal["drawn as asked", "with a manifest", "signed by the maker", "fresh"]
"""What is counted of a provider's images."""

SampleEnd = Literal["served", "timeout", "refused", "failed", "cut_off"]
"""How a valid request ended; `timeout` and `cut_off` (by us) would have taken longer."""


# ------------------------------------------------------------------------------ one run
@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationShown:
    """What one check says of a promise that it found broken, flaky or suspects.

    `failed` of `tried` repetitions of one question broke it; `questions` are digests of what was
    asked, as `Sample.question` has them. `of_refusal` tells that it is about requests that the
    documents promise to refuse.
    """

    check: str
    state: Literal["broken", "flaky", "unconfirmed"]
    failed: int
    tried: int
    observed: str
    questions: tuple[str, ...] = ()
    of_refusal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseShown:
    """One promise of one provider's operation, as a run showed it.

    `promise` is a constraint's id, the name of a combination, or a check's name where the promise
    is about a reply as a whole. `rule` words it (empty where no document does). `checks` are
    those that say it is broken; `observed` says what came instead. `failed` of `tried` first
    askings broke it: what was repeated because it had failed is in neither, and in `deviations`.
    `refusals` of the `tried` were requests that the documents promise to refuse.
    `fingerprint` is a digest of the rule as its document has it, by which a moved document shows.
    """

    provider: str
    operation: str
    promise: str
    kind: Literal["constraint", "combination", "reply"]
    state: PromiseState
    rule: str = ""
    source: str = ""
    checks: tuple[str, ...] = ()
    failed: int = 0
    tried: int = 0
    observed: str = ""
    refusals: int = 0
    fingerprint: str = ""
    deviations: tuple[DeviationShown, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A valid request that was sent, without what it brought.

    `question` is a digest of its arguments without the prompt: equal ones are asked for alike.
    `place` pairs it with the same request of another run (its case's id, or its slot in a
    benchmark). `workload` is empty in a run for conformance. `seconds` are those to pixels where it
    was served, else how long it was waited for; None where nothing was timed. `spent` is in `unit`
    for `images` images, None where nothing was paid or nobody knows.
    """

    provider: str
    operation: str
    workload: str
    place: str
    question: str
    end: SampleEnd
    seconds: Seconds | None
    error_class: ErrorClass | None
    images: int
    spent: Charged
    listed: Amount
    unit: str
    fit: FitKind = "exact"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorShown:
    """How often one class of errors came where it was not asked for, `of` so many requests."""

    provider: str
    operation: str
    error_class: ErrorClass
    count: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticityShown:
    """One figure of a provider's images: `count` of the `of` that carry the evidence."""

    provider: str
    figure: Figure
    count: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """All of a run that another one is compared with; `harness report --baseline` writes it.

    `documents` are the TOMLs by which it was planned, as texts by provider: those of a run that
    kept none are missing. `evidence`, `spec_digests` and `plan_digests` are the run header's.
    `own_s` is how late our own process woke up in a benchmark (99 of 100 times it was less): on a
    busy machine, so much of a time may be its own.
    `requests` counts what was sent, valid or not, by `PROVIDER OPERATION`; repetitions are left
    out.
    """

    run: str
    harness: str
    created: str
    finished: str | None
    interrupted: bool
    against: str
    seed: int
    benchmark: bool
    evidence: dict[str, Provenance]
    spec_digests: dict[str, str]
    plan_digests: dict[str, str]
    documents: dict[str, str] = field(default_factory=dict)
    promises: tuple[PromiseShown, ...] = ()
    samples: tuple[Sample, ...] = ()
    requests: dict[str, int] = field(default_factory=dict)
    errors: tuple[ErrorShown, ...] = ()
    authenticity: tuple[AuthenticityShown, ...] = ()
    notes: tuple[str, ...] = ()
    own_s: Seconds = 0.0


# ------------------------------------------------------------------------------ two runs
ChangeKind = Literal[
    "broken", "slower", "dearer", "failing", "document", "flaky", "errors", "authenticity", "tried"
]
"""What a change is about, whichever way it went; `--fail-on` names the first eight. `tried`: a
promise that only one of the two runs asked for."""

Direction = Literal["worse", "better", "other"]

Standing = Literal["certain", "suspected", "confirmed", "refuted"]
"""`certain`: by the two runs alone; `suspected`: they do not decide it; `confirmed` and `refuted`:
it was asked again, and came again or did not."""

FAIL_ON: tuple[ChangeKind, ...] = diff_options.KINDS
DEFAULT_FAIL_ON: tuple[ChangeKind, ...] = diff_options.DEFAULT_KINDS

HELD, REGRESSED, NOTHING, UNCLEAR, INTERRUPTED = 0, 1, 2, 4, 130
"""Exit codes of a diff, as `harness.policy` has them: nothing fails; something does; nothing could
be compared; HEAD was unreachable, or inconclusive throughout; asking again was interrupted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From which size on a change is worth an alarm, and how sure it has to be.

    `slower` and `dearer` are relative (0.1 is 10 %), `failing`, `flaky` and `authenticity` are
    percentage points. What is slower is so by at least `slower_s` seconds, too: less than that may
    be our own. `alarm` and `suspicion` bound the share of false discoveries among all
    comparisons of one diff; most of `alarm` goes to failure rates, which take the most samples to
    be told apart, and only where there are enough of them.
    """

    slower: float = diff_options.SLOWER
    slower_s: float = 0.02
    dearer: float = diff_options.DEARER
    failing: float = diff_options.FAILING
    flaky: float = 20.0
    authenticity: float = 5.0
    alarm: float = diff_options.ALARM
    suspicion: float = diff_options.SUSPICION


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One figure of both runs, whether it changed or not.

    `change` is a ratio (time, price) or a difference in percentage points (failure, flaky rates),
    with its interval at 95 %. `p` is one-sided: how likely a change for the worse as large as this
    is where nothing changed; `p_better` the same for the better. Both are None where nothing is
    left to chance (a price list). `least_p` is the smallest p that so many samples could have come
    to: what could not have come to anything does not count among many. `pairs` is how many requests
    were compared with their like in the other run, 0 where all were with all that asked the same.
    `method` cites the test.
    `operation` and `workload` are empty where all of a provider is compared. A time that moved by
    less than `own_s` may be our own machine's.
    """

    kind: ChangeKind
    provider: str
    operation: str
    workload: str
    promise: str
    base: Estimate
    head: Estimate
    change: Estimate
    p: float | None
    p_better: float | None
    method: str
    least_p: float = 0.0
    pairs: int = 0
    own_s: Seconds = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What differs between two runs, in a sentence; `comparison` holds its figures, if it has any.

    `p_adjusted` is the comparison's p by Benjamini and Hochberg over all of them. `known` is the
    known deviation that expects it: it fails no build. `request` is the smallest request that
    shows it, on one line, and `reproduction` the script that sends it again, below HEAD's run
    folder; both are empty where HEAD is a baseline's file, or no single request shows it.
    """

    kind: ChangeKind
    direction: Direction
    standing: Standing
    provider: str
    sentence: str
    operation: str = ""
    workload: str = ""
    promise: str = ""
    check: str = ""
    comparison: Comparison | None = None
    p_adjusted: float | None = None
    known: KnownDeviation | None = None
    request: str = ""
    reproduction: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """What asking again came to: how many requests and images it took, of how many a run would.

    `spent` are amounts by unit. `sentence` says it in words; `run` is the folder of the run, empty
    where nothing was sent. One that was `interrupted` can go on.
    """

    run: str
    requests: int
    images: int
    spent: dict[str, Amount]
    whole_requests: int
    whole_images: int
    sentence: str
    interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two runs: what it is called, its day, and what it rests on by provider."""

    source: str
    run: str
    created: str
    harness: str
    against: str
    evidence: dict[str, Provenance]
    exit_why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """Two runs beside each other.

    `providers` are those that were compared. `changes` stand by weight: what fails the build first.
    `comparisons` are all that were made, `not_compared` says in sentences what could not be, and
    why. `known` are the known deviations with what HEAD says of them. `promises_compared` counts
    those of which both runs know whether they hold. `unclear` says why HEAD tells nothing at all,
    and is empty where it tells anything.
    """

    base: Side
    head: Side
    changes: tuple[Change, ...]
    comparisons: tuple[Comparison, ...]
    not_compared: tuple[str, ...]
    fail_on: tuple[ChangeKind, ...]
    thresholds: Thresholds
    known: tuple[KnownShown, ...] = ()
    recheck: Recheck | None = None
    providers: tuple[str, ...] = ()
    promises_compared: int = 0
    unclear: str = ""

    @property
    def exit_code(self) -> int:
        """`REGRESSED` where anything fails the build, else `UNCLEAR`, `NOTHING` or `HELD`.

        `INTERRUPTED` where asking again was.

        A known deviation fails it that is stale or expired: HEAD alone says so.
        """
        if self.recheck is not None and self.recheck.interrupted:
            return INTERRUPTED
        if self.failing or any(each.fails for each in self.known):
            return REGRESSED
        if self.unclear:
            return UNCLEAR
        return HELD if self.compared else NOTHING

    @property
    def failing(self) -> tuple[Change, ...]:
        """The changes that fail the build: for the worse, sure enough, asked for and not known."""
        return tuple(each for each in self.changes if self.fails(each))

    def fails(self, change: Change) -> bool:
        """Tell whether a change fails the build.

        A document may move either way. Where HEAD tells nothing at all, that its requests failed is
        no change of the provider's: it may not have been reached.
        """
        if self.unclear and change.kind in ("failing", "errors"):
            return False
        worse = change.direction == "worse" or change.kind == "document"
        sure = change.standing in ("certain", "confirmed")
        return worse and sure and change.kind in self.fail_on and change.known is None

    @property
    def compared(self) -> bool:
        """Whether anything of the two could be compared at all, but for their documents."""
        moved = any(each.kind != "document" for each in self.changes)
        return moved or bool(self.comparisons or self.promises_compared)
