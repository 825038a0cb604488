"""The file of known deviations: a TOML that a person edits, every mistake of it at once."""

from collections.abc import Sequence
from pathlib import Path

from harness.known.model import KnownDeviation


def read_known(path: Path) -> tuple[KnownDeviation, ...]:
    """Read a file of known deviations; ConfigError with every mistake, each with its line."""
    raise NotImplementedError


def written_known(known: Sequence[KnownDeviation]) -> str:
    """Return known deviations as the text of such a file."""
    raise NotImplementedError
