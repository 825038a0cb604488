"""The only thing persisted: a request, its outcome, and every round trip behind it."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from harness.core.benchmark import Benchmark
from harness.core.case import PlannedRequest
from harness.core.exchange import Exchange, Failure
from harness.core.jsonvalue import Json, Seconds
from harness.core.outcome import Outcome
from harness.core.slicing import Part, Slice

EvidenceKind = Literal["emulator", "recorded", "live"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a result rests on.

    `source` says where the replies were made: `emulator` or a live endpoint's address. A replay is
    `recorded`, with the day it was recorded and by whom; a replay of the emulator stays labelled
    with `source="emulator"`, and never reads as a statement about the real provider. `vantage` is
    where it was measured from, as whoever ran it calls that place; empty where nobody said.
    """

    kind: EvidenceKind
    source: str
    date: str
    by: str
    vantage: Annotated[str, Field(exclude_if=lambda name: not name)] = ""

    @property
    def emulated(self) -> bool:
        """Whether the replies were an emulator's, live or recorded."""
        return "emulator" in (self.kind, self.source)

    @property
    def words(self) -> str:
        """What a result rests on as a phrase: a recording's day, author and source; no live day."""
        match self:
            case Provenance(kind="emulator"):
                return "emulator"
            case Provenance(kind="recorded", source="emulator", date=date, by=by):
                return f"emulator, recorded {date} by {by}"
            case Provenance(kind="recorded", source=source, date=date, by=by):
                return f"recorded {date} by {by} from {source}"
            case _:
                return f"{self.kind}, {self.source}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One finished shot.

    `skipped` gives the reason where nothing was sent (budget, interruption); then `outcome` is
    missing and `exchanges` is empty. Times inside are seconds on the run's monotonic clock.
    `in_doubt` are earlier askings of the same question, in the order of their sending, that a crash
    cut off: each may have been paid for, and nobody knows.
    """

    shot: PlannedRequest
    evidence: Provenance
    outcome: Outcome | None
    exchanges: tuple[Exchange, ...] = ()
    skipped: str | None = None
    in_doubt: tuple[PlannedRequest, ...] = ()

    @property
    def ended_unsent(self) -> bool:
        """Whether its last round trip never left us, as to a private address.

        What our own receiver was asked for is no such round trip.
        """
        answers = [one.answer for one in self.exchanges if one.step != "deliveries"]
        return bool(answers) and isinstance(answers[-1], Failure) and not answers[-1].sent


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """What our wall clock showed (`unix_s`, since 1970 in UTC) as the run's clock showed `at_s`."""

    at_s: Seconds
    unix_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHeader:
    """The header of a run.

    Dates are ISO 8601 in UTC. Digests are SHA-256 by provider name. `notes` are plain sentences
    that every report prints on top (what was left out, what was not reached).
    """

    run: str
    harness: str
    created: str
    against: str
    seed: int
    evidence: dict[str, Provenance]
    spec_digests: dict[str, str]
    plan_digests: dict[str, str]
    versions: dict[str, str] = field(default_factory=dict)
    finished: str | None = None
    interrupted: bool = False
    word: str = ""
    """A word of the run's own, by which what it submits is known (idempotency keys)."""
    notes: tuple[str, ...] = ()
    benchmark: Benchmark | None = None
    """How its benchmark was laid out and measured, where it is one."""
    choices: dict[str, Json] = field(default_factory=dict)
    """The limits and options that a run which goes on has again (`harness.planning.kept`)."""
    seals: dict[str, str] = field(default_factory=dict)
    """By provider, the proof that a live run began at its address with the key it goes on with
    (`harness.runner.addresses`)."""
    format: int = 1
    """How the folder is written (`harness.store.line`); version 0.1 did not say it."""
    unchecked_bytes: int = 0
    """How much of the journal's start an older format has written, whose lines have no checksum."""
    sealed_lines: int = 0
    """How many lines with a checksum were on the disk when this header was written."""
    frozen: dict[str, str] = field(default_factory=dict)
    """By provider, the day of the frozen documents by which it was planned, where it was so."""
    clocks: dict[str, tuple[ClockReading, ...]] = field(default_factory=dict)
    """By provider, both clocks as the run began and each time it went on; runs of before, and
    what others recorded, have none."""
    slice: Annotated[Slice | None, Field(exclude_if=lambda part: part is None)] = None
    """Which part of its plans this run sends; `plan_digests` are of the whole ones."""
    vantage: Annotated[str, Field(exclude_if=lambda name: not name)] = ""
    """Where it was measured from."""
    parts: Annotated[tuple[Part, ...], Field(exclude_if=lambda parts: not parts)] = ()
    """What a merged run was made of; none in any other."""
