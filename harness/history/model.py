"""A history: runs in order of their time, the series of their figures, and what changed when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Base = Literal["live", "recorded", "emulator", "emulator, recorded", "unknown"]
"""What figures rest on; those of one base are never in a series with those of another."""

Figure = Literal[
    "median",
    "p95",
    "price",
    "failed",
    "drawn as asked",
    "with a manifest",
    "signed by the maker",
    "fresh",
    "held",
    "broken",
    "flaky",
    "unconfirmed",
    "not tried",
]
"""`median` and `p95` are seconds to pixels, `price` an amount for each image, `failed` the share of
valid requests that brought none, the four after it shares of images (or requests) that carry the
evidence, the others numbers of promises."""

MarkKind = Literal["documents", "harness", "plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSeen:
    """One run of a history. `path` is its folder, as it lies below that of the history."""

    path: str
    run: str
    harness: str
    created: datetime
    finished: datetime | None
    interrupted: bool
    against: str
    benchmark: bool
    seed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A figure of one run: `run` is the run's place in the history, counted from 0.

    `low` and `high` bound it at 95 %, where they are known; `n` are the requests behind it.
    """

    run: int
    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One figure of one provider over time, on one base.

    `about` is an operation, a benchmark's `WORKLOAD at LOAD`, `benchmark` for all of one, or empty
    for a run for conformance as a whole. `unit` is `s`, `share`, `promises`, or the provider's own.
    """

    provider: str
    base: Base
    about: str
    figure: Figure
    unit: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePoint:
    """From the run `run` on, a figure's level is `after`; it was `before`.

    `worse` is None where neither direction is. `p` is how likely a step as clear is where nothing
    changed; 0 where nothing is left to chance.
    """

    provider: str
    base: Base
    about: str
    figure: Figure
    unit: str
    run: int
    before: float
    after: float
    runs_before: int
    runs_after: int
    p: float
    worse: bool | None
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseChange:
    """A promise first broken in a run (`kept` false), or kept again from it on."""

    provider: str
    base: Base
    operation: str
    promise: str
    run: int
    kept: bool
    broken_now: bool
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """From the run `run` on, a provider's documents, its plan or the harness were other ones."""

    provider: str
    base: Base
    run: int
    kind: MarkKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All that a folder's runs showed. `notes` say what was left out, and why, in a sentence each.

    `broken` are the promises that each provider's last run on a base broke, as
    `provider, base, operation, promise`.
    """

    folder: str
    runs: tuple[RunSeen, ...]
    series: tuple[Series, ...]
    changes: tuple[ChangePoint, ...]
    promises: tuple[PromiseChange, ...]
    marks: tuple[Mark, ...]
    broken: tuple[tuple[str, Base, str, str], ...]
    notes: tuple[str, ...]
    method: str

    @property
    def exit_code(self) -> int:
        """0: it tells, and judges nobody."""
        return 0
