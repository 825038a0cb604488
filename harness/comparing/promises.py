"""Promises newly broken, newly kept, tried by one run only, and flaky rates."""

from collections.abc import Iterator

from harness.comparing.model import Change, Comparison
from harness.comparing.scope import Scope


def compare_promises(scope: Scope) -> Iterator[Change]:  # noqa: ARG001 - still to be written
    """Yield a change for each promise whose state differs."""
    yield from ()


def compare_flaky(scope: Scope) -> Iterator[Comparison]:  # noqa: ARG001 - still to be written
    """Yield a comparison for each promise that was flaky in one of the runs."""
    yield from ()
