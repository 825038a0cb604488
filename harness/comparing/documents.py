"""TOML against TOML: what the documents say otherwise, in the words of a changelog."""

from collections.abc import Iterator

from harness.comparing.model import Change
from harness.comparing.scope import Scope


def compare_documents(scope: Scope) -> Iterator[Change]:  # noqa: ARG001 - still to be written
    """Yield a change for each limit, value, price or promise that moved."""
    yield from ()
