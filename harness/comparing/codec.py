"""A baseline as a file: JSON with a checksum over its bytes, by which a change by hand shows."""

from pathlib import Path

from harness.comparing.model import Baseline


def dumped_baseline(baseline: Baseline) -> bytes:
    """Return a baseline as its file holds it."""
    raise NotImplementedError


def read_baseline(path: Path) -> Baseline:
    """Read a baseline; UsageError where it is none, of a later format, or was edited by hand."""
    raise NotImplementedError
