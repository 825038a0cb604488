"""Counts that do not move with the pixels: where they stand still, nothing follows from them."""

from collections import defaultdict
from collections.abc import Hashable, Mapping
from decimal import Decimal
from typing import TypeVar

from harness.spec.drawn.drawn import Basis, Drawn

STEADY = "usage does not move with size or quality: nothing follows from it"

Key = TypeVar("Key", bound=Hashable)


def constant(drawn: Mapping[Key, Drawn]) -> frozenset[Key]:
    """Return the keys of those whose count stands for nothing, of all replies of a provider.

    That is a count (or a charge) that was told for images of several sizes, of one of which no
    quality takes it: for all images of a reply, or for each. Where only the quality asked for
    differs, equal counts may be one quality drawn for all, and convict.
    """
    sizes: defaultdict[_Told, set[_Sizes]] = defaultdict(set)
    strange: set[_Told] = set()
    for one in drawn.values():
        for told in _told(one):
            sizes[told].add(_sizes(one))
            strange |= set() if one.qualities else {told}
    still = {told for told in strange if len(sizes[told]) > 1}
    return frozenset(key for key, one in drawn.items() if _told(one) & still)


_Told = tuple[Basis, int | Decimal]
_Sizes = frozenset[tuple[int, ...]]


def _told(one: Drawn) -> set[_Told]:
    """Return what a reply tells, and what that is for each of its images."""
    whole = one.counted if one.charge is None else one.charge
    return {(one.basis, whole), (one.basis, Decimal(whole) / len(one.sizes))}


def _sizes(one: Drawn) -> _Sizes:
    """Return the sizes of a reply's images, upright or not: both take the same."""
    return frozenset(tuple(sorted(size)) for size in one.sizes)
