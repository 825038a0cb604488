"""What the checks say of a record, and what the report keeps of it."""

from dataclasses import dataclass
from typing import Literal

from harness.core.record import Record

Status = Literal["pass", "fail", "skip", "inconclusive", "error"]
"""`fail` is a broken promise; `inconclusive` convicts nobody; `error` is a bug of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One check's word on one record."""

    provider: str
    operation: str
    case: str
    constraint: str | None
    check: str
    status: Status
    why: str


Standing = Literal["confirmed", "flaky", "unconfirmed"]
"""`confirmed`: repeated, and broken again; `flaky`: repeated, and held; `unconfirmed`: it could not
be repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A broken promise, once, with the smallest request that is known to show it.

    `constraint` is missing where the promise is about the reply as a whole or about a combination;
    `cases` are the ids of all cases that show it. `combination` are the values that fail together
    and not each alone (`quality=high`, `output_format=jpeg`). `failed` of `tried` repetitions of
    the same question broke it; from that follows `standing`; `doubt` is why it is not confirmed.
    `not_reduced` says why the request was not made smaller; empty where it is the smallest one.
    Where it takes a comparison, `other_failed` of `others` requests without those values failed,
    too, and `chance` is how likely the difference is if they fail alike (Fisher's exact test).
    """

    provider: str
    operation: str
    constraint: str | None
    check: str
    expected: str
    observed: str
    record: Record
    cases: tuple[str, ...]
    combination: tuple[str, ...] = ()
    failed: int = 1
    tried: int = 1
    standing: Standing = "confirmed"
    doubt: str = ""
    not_reduced: str = ""
    other_failed: int = 0
    others: int = 0
    chance: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure with its interval.

    `low` and `high` bound it at `confidence` and are missing where `n` cannot carry an interval;
    `method` cites how the interval was made.
    """

    value: float | None
    low: float | None
    high: float | None
    confidence: float
    n: int
    unit: str
    method: str
