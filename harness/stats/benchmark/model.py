"""What a benchmark measured, as values: every figure with its n, its interval and its method.

Rows are kept apart by what they rest on: `basis` is the evidence in words, and `emulated` rows say
nothing about the provider whose place the emulator took. Seconds count from the *intended* start.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from harness.core.case import FitKind
from harness.core.outcome import ErrorClass
from harness.core.verdict import Estimate
from harness.stats.curves import CurveStep

End = Literal["served", "timeout", "refused", "failed", "cut_off"]
"""How an attempt ended. `timeout` and `cut_off` (by us) are censored: it would have taken longer.
`refused` (by the provider, for its content) and `failed` (a fault) are competing outcomes."""

PHASES = (
    *("late", "dns", "connect", "tls", "upload", "headers", "first_byte", "first_partial"),
    *("completion", "webhook", "download", "decode", "pixels"),
)
"""The measured parts of an attempt. `late` is our own lateness, `dns`, `connect`, `tls`, `upload`,
`download` and `decode` are durations; the others are counted from the intended start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndBounds:
    """When a job ended, as the polls bound it: seconds from the intended start."""

    after_s: float
    before_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EndMedians:
    """The medians of the bounds of when jobs ended: the true median lies between their values."""

    after: Estimate
    before: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorShare:
    """How many attempts ended with an error of one class, and their share of all that were sent."""

    error_class: ErrorClass
    count: int
    share: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Rank:
    """A provider's place, from 1 on; who is not told apart shares a place."""

    place: Annotated[int, Field(ge=1)]
    provider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt. `seconds` is time to pixels where it was served, else how long we waited.

    `phases` holds what was measured of `PHASES`, in seconds; `completion` is when a job ended, as
    the polls bound it. `server_s` are the provider's own clocks by name, kept apart. `listed` and
    `charged` (missing where no reply names it) are in the provider's own `unit`; `may_be_paid` says
    that an attempt that brought nothing may have cost `listed`. `rate_limited` counts the replies
    that told us to slow down, `waited_s` what we waited for them. `limit_s` is how long a reply was
    waited for at most, missing where that is not known. `bounded` says that `listed` is the most
    that it may have cost: its reply does not count what the price depends on.
    """

    seconds: float
    phases: dict[str, float]
    provider: str
    basis: str
    emulated: bool
    workload: str
    fit: FitKind
    stage: str
    block: int
    warm_up: bool
    case: str
    due_s: float
    end_s: float
    end: End
    completion: EndBounds | None
    server_s: dict[str, float]
    error_class: ErrorClass | None
    images: int
    body_bytes: int
    unit: str
    listed: Decimal
    charged: Decimal | None
    may_be_paid: bool
    usable: bool
    rate_limited: int
    waited_s: float
    limit_s: float | None = None
    bounded: bool = False
    vantage: Annotated[str, Field(exclude_if=lambda name: not name)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a comparison of providers takes of one attempt: small, and sent between processes.

    `seconds` and `limit_s` are as in `Attempt`; `end_s` is when it ended, on the clock of whoever
    measured it, and orders pairs that were whole together. Its place in the design is told by
    `workload`, `stage`, `block` and `case`; with `provider` and `vantage` it is one attempt.
    """

    provider: str
    workload: str
    stage: str
    block: int
    case: str
    warm_up: bool
    end: End
    seconds: float
    end_s: float
    limit_s: float | None = None
    emulated: bool = False
    vantage: str = ""


def ended(attempt: Attempt) -> Ended:
    """Return of an attempt what a comparison takes."""
    return Ended(**{each.name: getattr(attempt, each.name) for each in fields(Ended)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Time to pixels of one provider at one workload and stage, warm-up left out.

    `median`, `p95` and `p99` count timeouts and what we cut off as censored; a bound that lies
    beyond what was observed is missing. `mean` is the mean up to `horizon_s`. `phases` are medians
    of served attempts. `curve` is the share not yet served over time, `given_up_s` when timeouts
    and what we cut off were given up, in order; both show at most a thousand moments. `vantage` is
    where it was measured from, empty where that is not known or where it is all places together.
    """

    provider: str
    basis: str
    emulated: bool
    workload: str
    stage: str
    fit: FitKind
    n: int
    served: int
    timeouts: int
    cut_off: int
    median: Estimate
    p95: Estimate
    p99: Estimate
    mean: Estimate
    horizon_s: float
    phases: dict[str, Estimate]
    completion: EndMedians | None
    server: dict[str, Estimate]
    curve: tuple[CurveStep, ...]
    body_bytes: Estimate
    given_up_s: tuple[float, ...] = ()
    vantage: Annotated[str, Field(exclude_if=lambda name: not name)] = ""


SloWord = Literal["met", "missed", "open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """What became of the attempts of one provider at one workload and stage, warm-up left out.

    `served`, `usable` (all checks of the images passed) and each of `errors` are shares of the
    `sent`, with Wilson intervals. `within` is the share that was usable within the ceiling, `slo`
    what follows from it; both are missing without one. `goodput_per_min` counts usable images (of
    those within the ceiling, where there is one) per minute of the stage. `vantage` is as in
    `Speed`.
    """

    provider: str
    basis: str
    emulated: bool
    workload: str
    stage: str
    fit: FitKind
    sent: int
    served: Estimate
    usable: Estimate
    errors: tuple[ErrorShare, ...]
    within: Estimate | None
    slo: SloWord | None
    goodput_per_min: float | None
    rate_limited: int
    waited_s: float
    vantage: Annotated[str, Field(exclude_if=lambda name: not name)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What one provider's requests of a workload cost, warm-up included, in its own `unit`.

    `listed` is by the price list for the `images` delivered, `charged` by the provider's own
    figures and missing where it gives none; `spent` is the one of the two that holds. `per_image`
    is `spent` for each usable image. `wasted` was paid for what is not usable, `unsettled` may have
    been paid for what never came. `at_most` says that some of it is no more than a bound.
    """

    provider: str
    basis: str
    emulated: bool
    workload: str
    fit: FitKind
    unit: str
    requests: int
    images: int
    usable: int
    listed: Decimal
    charged: Decimal | None
    spent: Decimal
    per_image: Decimal | None
    wasted: Decimal
    unsettled: Decimal
    at_most: bool = False


Word = Literal["first", "second", "equal", "open"]
"""Which of two is faster; `equal` within the margin; `open` is not decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two providers at one workload (all stages), by pairs of one block each.

    `ratio` is how many times as long `second` takes as `first`, with a bound that holds at any
    moment of looking; `evidence` is the e-value against both being alike (null in JSON where it
    is beyond all numbers), `needed` what it takes.
    `p_fixed` is the log-rank test's p-value, which holds for one look at the end only; None where
    there is nothing to test.
    """

    first: str
    second: str
    workload: str
    pairs: int
    ratio: Estimate
    evidence: Annotated[float, WithJsonSchema({"type": ["number", "null"]})]
    needed: float
    word: Word
    p_fixed: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Providers that serve a workload exactly, the fastest first.

    `decided` says that the first place is one provider's, or that those who share it are equally
    fast within the margin.
    """

    workload: str
    places: tuple[Rank, ...]
    decided: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What stopping early saved at one provider against the fixed design, in its own `unit`.

    `designed` is what the whole design would have cost at what was charged for the part of it that
    was asked; by the price list where none was.
    """

    provider: str
    unit: str
    spent: Decimal
    designed: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """A provider beside the reference at one workload (all stages), in the same blocks.

    `time` is how many times as long it takes, of which `n` blocks with `pairs` tell; `price` how
    many times as much a usable image costs, in one currency; `usable` the share of attempts of
    which all images were usable (decoded, and as asked), less the reference's, in percentage
    points. `why` says why the two are not compared, `price_why` why their prices are not.
    """

    provider: str
    reference: str
    workload: str
    emulated: bool
    pairs: int
    time: Estimate
    price: float | None
    price_why: str
    usable: Estimate
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AtVantage:
    """What a benchmark came to at one of several vantage points; an empty name is not known.

    Comparisons are decided at the error rate of the whole race over the number of vantage points,
    so that all of them hold together.
    """

    vantage: str
    attempts: int
    speeds: tuple[Speed, ...]
    reliability: tuple[Reliability, ...]
    comparisons: tuple[Comparison, ...]
    rankings: tuple[Ranking, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All that a benchmark came to, the attempts of all vantage points together.

    `observations` are read when they are used. `by_vantage` has a value for each vantage point
    where there are several.
    """

    observations: Sequence[Attempt]
    speeds: tuple[Speed, ...]
    reliability: tuple[Reliability, ...]
    spend: tuple[Spend, ...]
    comparisons: tuple[Comparison, ...]
    rankings: tuple[Ranking, ...]
    saved: tuple[Saved, ...]
    relative: tuple[Relative, ...] = ()
    by_vantage: tuple[AtVantage, ...] = ()
