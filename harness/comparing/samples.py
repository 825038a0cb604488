"""Time, failure rate and price of requests that both runs sent."""

from collections.abc import Iterator

from harness.comparing.model import Comparison
from harness.comparing.scope import Scope


def compare_times(scope: Scope) -> Iterator[Comparison]:  # noqa: ARG001 - still to be written
    """Yield a comparison of time for each workload or operation that both measured."""
    yield from ()


def compare_failures(scope: Scope) -> Iterator[Comparison]:  # noqa: ARG001 - still to be written
    """Yield a comparison of failure rates for each workload or operation."""
    yield from ()


def compare_prices(scope: Scope) -> Iterator[Comparison]:  # noqa: ARG001 - still to be written
    """Yield a comparison of what an image costs for each workload or operation."""
    yield from ()
