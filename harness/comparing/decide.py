"""Which comparisons are changes: Benjamini and Hochberg over all of them, and a practical size."""

from collections.abc import Iterator, Sequence

from harness.comparing.model import Change, Comparison, Thresholds


def decided(
    comparisons: Sequence[Comparison],  # noqa: ARG001 - still to be written
    thresholds: Thresholds,  # noqa: ARG001 - still to be written
) -> Iterator[Change]:
    """Yield a change for each comparison that is one, certain or suspected."""
    yield from ()
