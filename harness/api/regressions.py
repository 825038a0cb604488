"""The verbs that compare two runs."""

from collections.abc import Callable, Sequence
from pathlib import Path

from harness.comparing.compare import compare
from harness.comparing.model import DEFAULT_FAIL_ON, Baseline, ChangeKind, Diff, Thresholds
from harness.spec.catalogue import Spec


def baseline(
    source: str | Path,
    *,
    specs: Sequence[Spec] = (),
    note: Callable[[str], None] = lambda _sentence: None,
) -> Baseline:
    """Return what a run showed: of a run folder, judged again, or of a baseline's file."""
    raise NotImplementedError


def diff(  # noqa: PLR0913 - two runs, and how they are compared
    base: str | Path,
    head: str | Path,
    *,
    specs: Sequence[Spec] = (),
    fail_on: Sequence[ChangeKind] = DEFAULT_FAIL_ON,
    thresholds: Thresholds | None = None,
    note: Callable[[str], None] = lambda _sentence: None,
) -> Diff:
    """Compare two runs; send nothing."""
    sides = [baseline(each, specs=specs, note=note) for each in (base, head)]
    return compare(*sides, sources=(str(base), str(head)), fail_on=fail_on, thresholds=thresholds)
