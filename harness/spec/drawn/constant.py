"""Counts that do not move with the pixels: where they stand still, nothing follows from them."""

from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
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
    return still({key: counted(one) for key, one in drawn.items()})


@dataclass(frozen=True, slots=True)
class Counted:
    """What a reply counts, as far as `constant` looks at it: equal for most replies of a run.

    `told` is what it tells, and what that is for each of its images; `sizes` are those of its
    images; of a `strange` one no quality takes it.
    """

    told: "frozenset[_Told]"
    sizes: "_Sizes"
    strange: bool


def counted(one: Drawn) -> Counted:
    """Return what a reply counts."""
    return Counted(frozenset(_told(one)), _sizes(one), not one.qualities)


def still(told: Mapping[Key, Counted]) -> frozenset[Key]:
    """Return the keys of those whose count stands for nothing; see `constant`."""
    sizes: defaultdict[_Told, set[_Sizes]] = defaultdict(set)
    strange: set[_Told] = set()
    for one in told.values():
        for each in one.told:
            sizes[each].add(one.sizes)
            strange |= {each} if one.strange else set()
    same = {each for each in strange if len(sizes[each]) > 1}
    return frozenset(key for key, one in told.items() if one.told & same)


_Told = tuple[Basis, int | Decimal]
_Sizes = frozenset[tuple[int, ...]]


def _told(one: Drawn) -> set[_Told]:
    """Return what a reply tells, and what that is for each of its images."""
    whole = one.counted if one.charge is None else one.charge
    return {(one.basis, whole), (one.basis, Decimal(whole) / len(one.sizes))}


def _sizes(one: Drawn) -> _Sizes:
    """Return the sizes of a reply's images, upright or not: both take the same."""
    return frozenset(tuple(sorted(size)) for size in one.sizes)
