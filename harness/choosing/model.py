"""What a choice of a provider rests on, and what it comes to; every value of JSON and of pages."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from harness.core.benchmark import Design, Purchase
from harness.core.case import FitKind
from harness.core.record import EvidenceKind, Provenance
from harness.core.verdict import Estimate
from harness.core.workload import Workload
from harness.spec.expressions import Status
from harness.stats.benchmark.model import Measured, SloWord

Standing = Literal["qualifies", "near", "undecided", "excluded"]
"""`qualifies`: every ceiling is met for certain; `near`: the documents allow something like it
only; `undecided`: a ceiling is open, or unknown; `excluded`: the documents have no such request, or
a ceiling is exceeded for certain."""

Word = Literal["met", "exceeded", "open", "unknown"]
"""Whether a ceiling is certainly met, certainly exceeded, or neither; `unknown`: nothing tells."""

PriceBasis = Literal["listed", "measured", "said"]
"""By the documents, as spent in real runs, or by the user where the documents name no price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRun:
    """A benchmark to choose by: its folder's or its own name, its day, and what it measured."""

    name: str
    day: str
    design: Design
    measured: Measured
    evidence: dict[str, Provenance]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPrice:
    """What a usable image (or a month of them) costs in `unit`.

    It lies between `low` and `high`: equal for a price list that names it, at 95 % for one that was
    `measured` as spent. `low` is missing where only the most is known. `status` is that of the
    list: only a `documented` price, or a measured one, decides anything.
    """

    value: Decimal
    low: Decimal | None
    high: Decimal
    unit: str
    basis: PriceBasis
    status: Status = "documented"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEvidence:
    """What one run saw of a provider at a workload, at one load (`stage`); warm-up left out.

    `n` attempts that we did not cut off. `median` and `p95` are time to pixels, timeouts censored.
    `failure` is the share of the `n` that brought no usable image, with its Wilson interval; `slo`
    what follows for the ceiling on time, None without one. `per_image` is what the whole run spent
    for each usable image, in the provider's own `unit`. `day` is the day of the replies.
    """

    run: str
    day: str
    kind: EvidenceKind
    emulated: bool
    basis: str
    stage: str
    fit: FitKind
    n: int
    median: Estimate
    p95: Estimate
    failure: Estimate
    within: Estimate | None
    slo: SloWord | None
    per_image: Decimal | None
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """A ceiling of the purchase and what is known of it, in a word and a phrase."""

    about: Literal["time", "failure", "price", "month"]
    word: Word
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One provider at one workload.

    `differs` says in sentences what the nearest request changes, or why there is none. `listed` is
    the price by the documents; `measured` what was spent for a usable image in real runs, missing
    where none tells. `evidence` is of every run; only that of one kind decides (`Choice.emulated`).
    """

    workload: str
    fit: FitKind
    differs: tuple[str, ...]
    listed: UnitPrice | None
    measured: UnitPrice | None
    evidence: tuple[RunEvidence, ...]
    ceilings: tuple[Ceiling, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One provider for all workloads together.

    `place` is one more than the number of those that are better for certain (cheaper, or equally
    dear and faster); missing where it does not qualify, or its price in US dollars is not certain.
    `emulated` says that its standing rests on the emulator. `reasons` say why it stands so, in
    phrases. `price` is that of the mix of workloads in the provider's own unit, `usd` the same in
    US dollars, `month` that of all images of a month.
    """

    provider: str
    place: int | None
    standing: Standing
    emulated: bool
    reasons: tuple[str, ...]
    price: UnitPrice | None
    usd: UnitPrice | None
    month: UnitPrice | None
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which provider for a purchase of workloads.

    `sentence` answers. `candidates` stand by place, then by standing. `emulated` says that all that
    was measured is about the emulator, which says nothing about the real providers; what was
    measured of it decides nothing where a real provider was measured. `runs` are those that
    measured, `notes` say what of them counts for nothing, and why.
    """

    sentence: str
    workloads: tuple[Workload, ...]
    purchase: Purchase
    candidates: tuple[Candidate, ...]
    emulated: bool
    runs: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def qualified(self) -> tuple[Candidate, ...]:
        """Those that meet every ceiling for certain."""
        return tuple(each for each in self.candidates if each.standing == "qualifies")

    @property
    def exit_code(self) -> int:
        """The exit code: 0 where one qualifies, 1 where all are excluded, else 4: nothing decided.

        What rests on the emulator decides nothing about a provider.
        """
        if any(not each.emulated for each in self.qualified):
            return 0
        out = [each.standing == "excluded" and not each.emulated for each in self.candidates]
        return 1 if all(out) else 4
