"""Changes that a known deviation expects."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.comparing.model import Change
from harness.known.model import KnownShown, place_of


def with_known(changes: Sequence[Change], known: Sequence[KnownShown]) -> Iterator[Change]:
    """Yield the changes, each with the known deviation that expects it; one never hides another."""
    expected = {each.known.place: each for each in known if each.state == "expected"}
    for change in changes:
        place = place_of(change.provider, change.operation, change.promise, change.check)
        shown = expected.get(place) if change.kind == "broken" else None
        yield change if shown is None else replace(change, known=shown.known)
