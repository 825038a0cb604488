"""What the JSON of a diff holds, as types: it is written from them, and so is its JSON Schema."""

from typing import Literal

from typing_extensions import TypedDict  # before Python 3.12 pydantic reads no other one

from harness.comparing.model import (
    ChangeKind,
    Comparison,
    Direction,
    Recheck,
    Side,
    Standing,
    Thresholds,
)
from harness.comparing.words import GroupName
from harness.known.model import KnownDeviation, KnownShown


class ChangeDocument(TypedDict):
    """What differs, in a sentence. `fails` is whether it fails the build, `group` where it stands.

    `comparison` holds its figures, if it has any; `p_adjusted` is their p by Benjamini and Hochberg
    over all comparisons. `known` is the known deviation that expects it. `request` is the smallest
    request that shows it, `reproduction` the path of the script that sends it again; both are empty
    where HEAD is a baseline's file, or no single request shows it.
    """

    kind: ChangeKind
    direction: Direction
    standing: Standing
    provider: str
    operation: str
    workload: str
    promise: str
    check: str
    sentence: str
    fails: bool
    group: GroupName
    comparison: Comparison | None
    p_adjusted: float | None
    known: KnownDeviation | None
    request: str
    reproduction: str


class DiffDocument(TypedDict):
    """Two runs beside each other.

    `why` is the sentence behind `exit_code`. `changes` stand by weight: what fails the build first.
    `comparisons` are all that were made, `not_compared` says what could not be, and why; `unclear`
    says why HEAD tells nothing at all, and is empty where it tells anything.
    """

    schema: Literal[1]
    exit_code: Literal[0, 1, 2, 4, 130]
    why: str
    base: Side
    head: Side
    changes: tuple[ChangeDocument, ...]
    comparisons: tuple[Comparison, ...]
    promises_compared: int
    not_compared: tuple[str, ...]
    unclear: str
    known: tuple[KnownShown, ...]
    recheck: Recheck | None
    fail_on: tuple[ChangeKind, ...]
    thresholds: Thresholds
