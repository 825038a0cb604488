"""What a report holds; every format is drawn from these values and computes nothing of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from harness.adaptive.discovery.question import Discovered
from harness.choosing.model import Choice
from harness.core.record import Provenance, RunHeader
from harness.core.verdict import Estimate, Finding, Status, Verdict
from harness.known.model import KnownDeviation, KnownShown
from harness.report.authenticity.sections import Evidence
from harness.report.benchmark.answers import Benchmarked
from harness.report.pictures.model import Pictures
from harness.report.transcripts.model import Transcripts
from harness.stats.authenticity.model import Authenticity
from harness.stats.conformance.behaviour import Behaviour
from harness.stats.conformance.completion import Completion
from harness.stats.conformance.cost import Cost
from harness.stats.conformance.doubt import InDoubtCounts
from harness.stats.conformance.errors import ErrorCounts
from harness.stats.conformance.faults import FaultCounts
from harness.stats.conformance.latency import Latency
from harness.stats.conformance.streams import Streams
from harness.stats.money.model import BillingNote, MakerCost, PriceComparison
from harness.stats.suspicions.model import Suspicion

State = Literal[
    "held",
    "broken",
    "flaky",
    "unconfirmed",
    "undocumented",
    "inconclusive",
    "not tried",
    "absent",
]
"""What became of one promise: `broken` by a confirmed finding, `flaky` or `unconfirmed` by one that
is no more than that; `undocumented` promises nothing and was only observed; `absent` has no such
promise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixCell:
    """One promise of one provider's operation.

    `fails` counts the cases that break it or seem to, `accepts` and `refuses` those whose passing
    verdicts support it; `served`, `turned_away` and `unanswered` count what came of the cases that
    only observed it. `rule` words the promise, `source` is its document and section, `note` says
    why where the state alone does not. `known` is the day until which it is expected to be broken;
    empty where nobody expects it.
    """

    state: State
    fails: int = 0
    accepts: int = 0
    refuses: int = 0
    served: int = 0
    turned_away: int = 0
    unanswered: int = 0
    rule: str = ""
    source: str = ""
    note: str = ""
    known: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One provider's operation, of which at least one case was planned."""

    provider: str
    operation: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One promise across all columns; a `reply` row is a check on replies as a whole."""

    id: str
    kind: Literal["constraint", "reply"]
    parameter: str
    cells: tuple[MatrixCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """Values with which a promise fails, though others keep it: no cell can hold them."""

    provider: str
    operation: str
    name: str
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Promises against providers; `unplanned` names the operations without a single case."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    unplanned: tuple[Column, ...]
    interactions: tuple[Interaction, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """What this report is a statement about, in a title and a sentence.

    `emulated` where nothing in it is about a real provider, `mixed` where some of it is not.
    """

    level: Literal["emulated", "mixed", "recorded", "live", "empty"]
    title: str
    text: str


Standing = Literal["broken", "held", "unclear", "untested"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One provider in a line; `sentence` is the verdict in words.

    `about_provider` is false where the replies were an emulator's. `cases` were sent, `skipped`
    were not. `held` to `not_tried` count the promises of all its operations, and each combination
    of values that fails together as one more promise. `faults` counts what was not answered,
    `known` the findings that a known deviation expects.
    """

    provider: str
    title: str
    evidence: Provenance | None
    about_provider: bool
    cases: int
    skipped: int
    cost: Cost
    held: int
    broken: int
    flaky: int
    unconfirmed: int
    undocumented: int
    inconclusive: int
    not_tried: int
    standing: Standing
    sentence: str
    faults: FaultCounts
    known: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """A folder of the run folder with all that it takes to see a finding again.

    `texts` are its files by name, `files` the reference images beside them; `no_test` says why no
    ready test is among them, where none is.
    """

    folder: str
    texts: Mapping[str, str]
    files: tuple[str, ...]
    no_test: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A finding with the lines that repeat its request, and the place of the promise.

    `name` says what it is about; `share` is how often the promise was broken, of all times that it
    was asked for, `other_share` how often requests without these values failed, where that counts.
    `curl` holds one command a line, uploads first; `notes` say what to do before they run. `cases`
    are the ids of the cases that show it, with what they do where the id does not say. `known` is
    the known deviation that expects it: it fails no build.
    """

    finding: Finding
    name: str
    title: str
    share: Estimate
    curl: str
    source: str
    reproduction: Reproduction
    notes: tuple[str, ...] = ()
    cases: tuple[tuple[str, str], ...] = ()
    other_share: Estimate | None = None
    known: KnownDeviation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A job that was paid for and not seen to its end: it may be picked up again by its id."""

    provider: str
    operation: str
    case: str
    job: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explored:
    """How many requests were drawn after the plan and sent, and what came of them.

    `valid` ones keep every rule, `violating` ones break one. `failing` ones broke a promise,
    `faults` ended without a reply that says anything of one.
    """

    provider: str
    sent: int
    valid: int
    violating: int
    failing: int
    faults: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestionResult:
    """What came of a request on which the documents are silent or disagree."""

    provider: str
    operation: str
    case: str
    constraint: str | None
    asked: str
    outcome: Literal["served", "refused", "no answer", "not sent"]
    came: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnjudgedCase:
    """A case without a judgement; `why` is its reason word for word, where others differ in it."""

    operation: str
    case: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """Verdicts of one provider that neither pass nor fail, gathered by their reason.

    `why` has `…` for what differs from case to case: ids, numbers, addresses. Each case stands
    once, by however many of the `checks` it was not judged; of very many the first ones, and how
    many `more` there are.
    """

    provider: str
    status: Status
    why: str
    operations: tuple[str, ...]
    checks: tuple[str, ...]
    cases: tuple[UnjudgedCase, ...]
    more: int = 0

    @property
    def number(self) -> int:
        """How many cases there are, named or not."""
        return len(self.cases) + self.more


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """The exit code that follows from a report, and the sentence that says why."""

    code: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that a page of any format says.

    `findings` are the confirmed ones. `case_times_s` is the duration of each sent case in seconds,
    by provider, operation and case; `case_words` says what a case does whose id does not tell, by
    provider and case. `discovered` are the answers to open questions, `discovered_toml` the same by
    provider, to be pasted into its TOML. `files` names the reference images that findings need and
    the run folder holds. `benchmark` is missing where the run only asked for conformance, and
    with it `choice`: which provider serves its workloads.
    `behaviours` is what replies showed beside the promises; it convicts nobody. `in_doubt` counts
    the requests that were cut off without a reply, and the questions that are open for that; the
    header's notes say it in words. `authenticity` to `maker_costs` are told beside the promises,
    and convict nobody. `transcripts` hold what was sent and came behind each promise. `thumbnails`
    are small copies of images by digest, as `data:` addresses. `known` are the known deviations
    with what this run says of them. `exit` is missing until a policy has concluded it.
    """

    header: RunHeader
    banner: Banner
    providers: tuple[Summary, ...]
    matrix: Matrix
    findings: tuple[Shown, ...]
    flaky: tuple[Shown, ...]
    unconfirmed: tuple[Shown, ...]
    verdicts: Sequence[Verdict]
    observations: tuple[OpenQuestionResult, ...]
    discovered: tuple[Discovered, ...]
    discovered_toml: Mapping[str, str]
    unjudged: tuple[Unjudged, ...]
    errors: tuple[ErrorCounts, ...]
    latency: tuple[Latency, ...]
    completion: tuple[Completion, ...]
    streams: tuple[Streams, ...]
    waiting: tuple[Waiting, ...]
    files: tuple[str, ...]
    case_times_s: Mapping[tuple[str, ...], float]
    case_words: Mapping[tuple[str, str], str]
    benchmark: Benchmarked | None = None
    choice: Choice | None = None
    behaviours: tuple[Behaviour, ...] = ()
    explored: tuple[Explored, ...] = ()
    in_doubt: tuple[InDoubtCounts, ...] = ()
    authenticity: tuple[Authenticity, ...] = ()
    suspicions: tuple[Suspicion, ...] = ()
    billing: tuple[BillingNote, ...] = ()
    price_comparison: tuple[PriceComparison, ...] = ()
    maker_costs: tuple[MakerCost, ...] = ()
    transcripts: Transcripts = field(default_factory=Transcripts)
    pictures: Pictures = field(default_factory=Pictures)
    thumbnails: Mapping[str, str] = field(default_factory=dict)
    known: tuple[KnownShown, ...] = ()
    exit: Exit | None = None

    @property
    def all_findings(self) -> tuple[Shown, ...]:
        """Findings of every standing: confirmed, flaky, unconfirmed."""
        return (*self.findings, *self.flaky, *self.unconfirmed)

    @property
    def broken(self) -> tuple[Shown, ...]:
        """The confirmed findings that no known deviation expects: they fail a build."""
        return tuple(shown for shown in self.findings if shown.known is None)

    @property
    def doubted(self) -> tuple[Shown, ...]:
        """The flaky and unconfirmed findings that no known deviation expects."""
        doubts = (*self.flaky, *self.unconfirmed)
        return tuple(shown for shown in doubts if shown.known is None)

    @property
    def expected(self) -> tuple[Shown, ...]:
        """The findings of every standing that a known deviation expects."""
        return tuple(shown for shown in self.all_findings if shown.known is not None)

    @property
    def failing_known(self) -> tuple[KnownShown, ...]:
        """The known deviations that fail a build: stale or expired ones."""
        return tuple(each for each in self.known if each.fails)

    @property
    def harness_errors(self) -> tuple[Unjudged, ...]:
        """The checks that crashed: bugs of the harness, which say nothing about a provider."""
        return tuple(unjudged for unjudged in self.unjudged if unjudged.status == "error")

    @property
    def recorded(self) -> tuple[str, ...]:
        """The providers whose replies, and whose times, were read from a recording."""
        kinds = {row.provider: row.evidence.kind for row in self.providers if row.evidence}
        return tuple(name for name, kind in kinds.items() if kind == "recorded")

    @property
    def evidence(self) -> Evidence:
        """What is known of images and money beside the promises."""
        rows = (row for row in self.providers if row.evidence is not None)
        return Evidence(
            authenticity=self.authenticity,
            suspicions=self.suspicions,
            billing=self.billing,
            price_comparison=self.price_comparison,
            maker_costs=self.maker_costs,
            emulated={row.provider for row in rows if not row.about_provider},
        )

    @property
    def can_resume(self) -> bool:
        """Tell whether `--resume` reaches the endpoint that made the jobs: others are gone."""
        return self.header.against == "live"
