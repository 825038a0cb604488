"""Error classes that are new, and those that are gone."""

from collections.abc import Iterator

from harness.comparing.model import Change
from harness.comparing.scope import Scope


def compare_errors(scope: Scope) -> Iterator[Change]:  # noqa: ARG001 - still to be written
    """Yield a change for each class of errors that only one of the two runs met."""
    yield from ()
