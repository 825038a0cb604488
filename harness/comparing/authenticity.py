"""Figures of images that moved: drawn as asked, signed, fresh."""

from collections.abc import Iterator

from harness.comparing.model import Comparison
from harness.comparing.scope import Scope


def compare_authenticity(scope: Scope) -> Iterator[Comparison]:  # noqa: ARG001 - still to be written
    """Yield a comparison for each figure of authenticity that both runs have."""
    yield from ()
