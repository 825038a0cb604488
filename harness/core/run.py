"""What a run folder says of itself: `run.json`."""

from dataclasses import dataclass, field

from harness.core.benchmark import Benchmark
from harness.core.record import Provenance


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
    format: int = 1
    """How the folder is written (`harness.store.line`); version 0.1 did not say it."""
