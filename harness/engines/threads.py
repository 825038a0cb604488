"""Slices as threads of this process: an engine without a cluster, for trials."""

from harness.core.slicing import Slice
from harness.engines.host import SliceHost
from harness.engines.model import Place


class Threads:
    """Each slice in a thread."""

    name = "threads"

    def place(self, part: Slice, vantage: str) -> Place:  # noqa: ARG002 - all are here
        """Return a new place for a slice."""
        return SliceHost()

    def close(self) -> None:
        """Nothing is open."""
