"""What `summary.json` holds, as types: it is written from them, and so is its JSON Schema."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, NotRequired

from typing_extensions import TypedDict  # before Python 3.12 pydantic reads no other one

from harness.adaptive.discovery.question import Discovered
from harness.choosing.model import Choice
from harness.core.benchmark import Calibration, Design, Watched
from harness.core.jsonvalue import Json
from harness.core.rate import Rate
from harness.core.record import EvidenceKind
from harness.core.verdict import Estimate, Verdict
from harness.core.workload import Fit
from harness.known.model import KnownState
from harness.report.benchmark.answers import Answer
from harness.report.benchmark.cautions import Caution
from harness.report.model import Explored, Standing, Waiting
from harness.stats.authenticity.model import Authenticity
from harness.stats.benchmark.model import (
    Attempt,
    AtVantage,
    Comparison,
    Ranking,
    Relative,
    Reliability,
    Saved,
    Speed,
    Spend,
)
from harness.stats.conformance.behaviour import Behaviour
from harness.stats.conformance.completion import Completion
from harness.stats.conformance.errors import ErrorCounts
from harness.stats.conformance.streams import Streams
from harness.stats.money.model import BillingNote, MakerCost, PriceComparison
from harness.stats.suspicions.model import Suspicion


class PartSummary(TypedDict):
    """A run folder that a merged run was made of: the slice `1/4`, from where it was measured.

    `moved_s` is by how many seconds its times were moved onto the merged run's clock; `cases` are
    what it holds, `images_paid` what was paid for, at worst.
    """

    run: str
    slice: str
    vantage: str
    created: str
    finished: str | None
    interrupted: bool
    moved_s: float
    cases: int
    images_paid: int


class RunSummary(TypedDict):
    """The run. `about_providers` is false where every reply was an emulator's.

    `files` are the reference images that findings name, in the run folder under `files/`.
    `jobs_to_pick_up` were paid for and not seen to their end; a live run fetches them with
    `--resume`. `slice` (`1/4`) and `vantage` are there only in the run of a slice or of a named
    place, `parts` only in a merged run: what it was made of.
    """

    run: str
    harness: str
    created: str
    finished: str | None
    interrupted: bool
    against: str
    seed: int
    about_providers: bool
    banner: str
    spec_digests: dict[str, str]
    plan_digests: dict[str, str]
    versions: dict[str, str]
    notes: tuple[str, ...]
    files: tuple[str, ...]
    jobs_to_pick_up: tuple[Waiting, ...]
    slice: NotRequired[str]
    vantage: NotRequired[str]
    parts: NotRequired[tuple[PartSummary, ...]]


class OverviewSummary(TypedDict):
    """The verdict in a sentence, how sure it is and what it rests on.

    `tone` is `bad` where a promise is broken, `open` where something is not decided or not known.
    """

    sentence: str
    certainty: str
    tone: Literal["good", "bad", "open"]


class CostSummary(TypedDict):
    """Amounts in `unit`: `wasted` went to what was to be refused, `unsettled` may come on top."""

    amount: Decimal
    unit: str
    basis: str
    wasted: Decimal
    unsettled: Decimal


class InDoubtSummary(TypedDict):
    """What was cut off without a reply: `requests` that may have made `images` and cost `amount`.

    `cases` are the questions that are open because of that; the others were asked again. Summaries
    of before have no such key.
    """

    cases: Sequence[str]
    requests: int
    images: int
    amount: Decimal


class PromiseCounts(TypedDict):
    """How many promises ended so; a combination of values that fails together is one more."""

    held: int
    broken: int
    flaky: int
    unconfirmed: int
    undocumented: int
    inconclusive: int
    not_tried: int


class ProviderSummary(TypedDict):
    """One provider. `about_provider` is false where an emulator made the replies, recorded or not.

    `cases` were sent. `requests` are HTTP round trips, polls and downloads included. `faults` of
    the `valid_requests` that were sent ended in faults; `images_unsettled` may be paid and were not
    received.
    """

    evidence: EvidenceKind | None
    source: str | None
    date: str | None
    by: str | None
    about_provider: bool
    standing: Standing
    sentence: str
    cases: int
    skipped: int
    requests: int
    images_paid: int
    images_delivered: int
    valid_requests: int
    faults: int
    faults_by_class: dict[str, int]
    images_unsettled: int
    cost: CostSummary
    in_doubt: NotRequired[InDoubtSummary]
    promises: PromiseCounts


class NeighbourSummary(TypedDict):
    """The valid requests without a finding's values: `failed` of `tried` failed, too.

    `chance` is how likely the difference is if both fail alike (Fisher's exact test, one-sided).
    """

    failed: int
    tried: int
    interval: Estimate
    chance: float | None


class KnownSummary(TypedDict):
    """A known deviation with what this run says of it; `promise` is empty for a whole reply.

    `stale` and `expired` ones fail a build. `expires` is the last day on which it is expected.
    """

    provider: str
    operation: str
    promise: str
    check: str
    reason: str
    link: str
    since: str
    expires: str
    state: KnownState
    sentence: str


class FindingSummary(TypedDict):
    """A broken promise. `constraint` is null where it is about a `combination` or a whole reply.

    A `combination` are the values, as argument=value, that fail together and not each alone, or the
    one with which a promise about another argument fails. It
    failed `failed` times of the `tried` askings of the same question. `curl` holds one command a
    line, uploads first, joined by &&, and runs in the run folder; `notes` say what to do before.
    `reproduction` is a folder of the run folder with request.json, repeat.sh and, where one can
    be, a ready pytest. `not_reduced` says why the request was not made smaller, and is empty where
    it is the smallest one. `interval` is the share of askings that broke the promise; `neighbours`
    are there where the finding rests on a comparison with them. `known` is true where a known
    deviation expects it, with its `known_reason`: it fails no build; else neither key is there.
    Of more than 1,000 cases the first are named, and `cases_left_out` says how many are not.
    """

    provider: str
    operation: str
    constraint: str | None
    combination: tuple[str, ...]
    check: str
    expected: str
    observed: str
    failed: int
    tried: int
    arguments: dict[str, Json]
    curl: str
    notes: tuple[str, ...]
    cases: Sequence[str]
    source: str
    evidence: EvidenceKind
    reproduction: str
    not_reduced: str
    interval: Estimate
    neighbours: NeighbourSummary | None
    cases_left_out: NotRequired[int]
    known: NotRequired[bool]
    known_reason: NotRequired[str]


class DoubtfulSummary(FindingSummary):
    """A finding that is not confirmed, and why."""

    doubt: str


class LatencySummary(TypedDict):
    """Time to images; `recorded` where the times are those of a recording.

    `median` and `p95` are of the `n` valid requests that were served or given up: timeouts, and
    what we `cut_off`, count as longer than they were waited for. `fastest` and `slowest` are of the
    `served`.
    """

    provider: str
    operation: str
    n: int
    unit: Literal["s"]
    median: Estimate
    p95: Estimate
    fastest: float | None
    slowest: float | None
    served: int
    timeouts: int
    cut_off: int
    untimed: int
    left_out: str
    recorded: bool
    completion: Completion | None
    streams: Streams | None


class BenchmarkSummary(TypedDict):
    """What a benchmark measured: seconds count from the intended start.

    Figures with an interval name their unit; other durations end in _s. `stopped` says why
    NAME/WORKLOAD was asked no more; `calibrations` are the harness's own error. `relative` compares
    each provider with the `reference`; both and the known `exchange_rates` are there only where
    there is one. `by_vantage` has the figures of each vantage point where there are several; all
    others are of all together.
    """

    design: Design
    fits: tuple[Fit, ...]
    answers: tuple[Answer, ...]
    rankings: tuple[Ranking, ...]
    comparisons: tuple[Comparison, ...]
    speeds: tuple[Speed, ...]
    reliability: tuple[Reliability, ...]
    spend: tuple[Spend, ...]
    saved: tuple[Saved, ...]
    stopped: dict[str, str]
    calibrations: tuple[Calibration, ...]
    watched: tuple[Watched, ...]
    cautions: tuple[Caution, ...]
    observations: Sequence[Attempt]
    by_vantage: NotRequired[tuple[AtVantage, ...]]
    observations_left_out: NotRequired[int]
    reference: NotRequired[str]
    exchange_rates: NotRequired[dict[str, Rate]]
    relative: NotRequired[tuple[Relative, ...]]


class RunReport(TypedDict):
    """Durations are seconds, amounts are in the provider's own unit, shares lie between 0 and 1.

    Dates are ISO 8601 in UTC. What is not known is null. `findings` are confirmed broken promises,
    one each; `flaky` ones were broken at one time and kept at another, `unconfirmed` ones could
    not be confirmed by asking again. `discovered` is what was measured where the documents are
    silent or at odds; never a judgement. `behaviours` are limits that a provider named, delays and
    states of jobs, sizes that are slow: what replies showed beside the promises; summaries of
    before have no such key. `authenticity` says of each provider's images whether they were drawn
    as asked, by whom, and for these requests; `suspicions` are weak signs, `billing` how it bills,
    `price_comparison` its list and `maker_costs` its charges beside the maker's prices: all of them
    convict nobody, and summaries of before have no such keys. `explored` counts what was drawn
    after the plan, and is there only where something was; `benchmark` only where the run is one,
    and with it `choice`: which of its providers serves its workloads, as `harness choose` has it.
    `overview` is the verdict in a sentence; summaries of before have no such key. `known` are the
    known deviations, and is there only where there are some. Of more than 200,000 verdicts those
    that passed are left out, and `verdicts_left_out` says how many; of more than 20,000 requests of
    a benchmark all but the first, and `observations_left_out` says how many. `--format csv` and
    `--format parquet` hold every one.
    """

    schema: Literal[1]
    run: RunSummary
    overview: NotRequired[OverviewSummary]
    providers: dict[str, ProviderSummary]
    verdicts: Sequence[Verdict]
    findings: tuple[FindingSummary, ...]
    flaky: tuple[DoubtfulSummary, ...]
    unconfirmed: tuple[DoubtfulSummary, ...]
    discovered: tuple[Discovered, ...]
    latency: tuple[LatencySummary, ...]
    errors: tuple[ErrorCounts, ...]
    behaviours: NotRequired[tuple[Behaviour, ...]]
    authenticity: NotRequired[tuple[Authenticity, ...]]
    suspicions: NotRequired[tuple[Suspicion, ...]]
    billing: NotRequired[tuple[BillingNote, ...]]
    price_comparison: NotRequired[tuple[PriceComparison, ...]]
    maker_costs: NotRequired[tuple[MakerCost, ...]]
    verdicts_left_out: NotRequired[int]
    known: NotRequired[tuple[KnownSummary, ...]]
    explored: NotRequired[tuple[Explored, ...]]
    benchmark: NotRequired[BenchmarkSummary]
    choice: NotRequired[Choice]
