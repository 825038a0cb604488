"""The catalogue of harmless mutations: each is one decorated function.

A mutation is what a recorder, a sanitiser, an exporter or an editor does to a file; none of it was
the provider's doing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.benchmarks.mutations_tape import Mutation


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmless:
    """A mutation; one that is `lossless` leaves everything in the file that judges a provider."""

    kind: str
    name: str
    change: Mutation
    lossless: bool


CATALOGUE: dict[str, Harmless] = {}


def harmless(kind: str, *, lossless: bool = False) -> Callable[[Mutation], Mutation]:
    """Register a mutation under its function's name."""

    def register(change: Mutation) -> Mutation:
        name = getattr(change, "__name__", "")
        CATALOGUE[name] = Harmless(kind=kind, name=name, change=change, lossless=lossless)
        return change

    return register
