"""The seam to `harness merge`: the folders of all slices, joined in the run folder itself."""

from collections.abc import Callable, Sequence
from pathlib import Path

from harness.planning.options import Options
from harness.run_result import RunResult

MERGED = ".merged"


def joined(
    parts: Sequence[Path],
    out: Path,
    options: Options,
    *,
    partial: bool,
    note: Callable[[str], None],
) -> RunResult:
    """Join run folders in `out`, in place of what an earlier joining left there."""
    raise NotImplementedError
