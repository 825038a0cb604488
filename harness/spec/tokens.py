"""Token arithmetic: which quality an image was drawn in, by what its reply counts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from math import comb, prod

from harness.spec.model import ImageTokens
from harness.spec.rules.lattice import Size

LARGEST_PRODUCT = 100
"""More assignments of qualities to images of several sizes than this are not tried: with so many
sums, a count that means something else is one of them by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a reply counts: output `tokens` for all its `images` (their sizes in pixels).

    `partials` are the partial images of its stream: whether they are counted too, nobody says.
    """

    tokens: int
    images: tuple[Size, ...]
    partials: int = 0


def expected(model: ImageTokens, quality: str, images: Sequence[Size]) -> int | None:
    """Return the output tokens of images in one quality; None where it is not known of any."""
    each = [model.of_image(quality, *size) for size in images]
    known = [tokens for tokens in each if tokens is not None]
    return sum(known) if each and len(known) == len(each) else None


def drawn_as(model: ImageTokens, counted: Counted) -> tuple[str, ...]:
    """Return every quality whose count the tokens are, with or without its partial images.

    On the documented sizes of gpt-image-2 no two qualities share a count, so that there is one or
    none. All images of a reply have one quality; see `mixed` for a reply that has several.
    """
    extras = {model.partial * partials for partials in range(counted.partials + 1)}
    counts = ((name, expected(model, name, counted.images)) for name in model.qualities)
    return tuple(
        name for name, tokens in counts if tokens is not None and counted.tokens - tokens in extras
    )


def mixed(model: ImageTokens, counted: Counted) -> tuple[tuple[str, ...], ...]:
    """Return the qualities of images drawn in several of them, whose counts make up the tokens.

    Each combination stands once, sorted. Empty for a single image, and where nobody could tell for
    the number of combinations: images of one size are told apart by none.
    """
    upright = (size if model.table else (min(size), max(size)) for size in counted.images)
    names, groups = model.qualities, Counter(upright)
    ways = [comb(len(names) + number - 1, number) for number in groups.values()]
    if prod(ways) > LARGEST_PRODUCT:
        return ()
    extras = {model.partial * partials for partials in range(counted.partials + 1)}
    sums = [
        [
            (choice, expected_of(model, choice, size))
            for choice in combinations_with_replacement(names, number)
        ]
        for size, number in groups.items()
    ]
    found: dict[tuple[str, ...], None] = {}
    for way in product(*sums):
        each = [tokens for _, tokens in way if tokens is not None]
        drawn = tuple(sorted(name for choice, _ in way for name in choice))
        if len(each) == len(way) and len({*drawn}) > 1 and counted.tokens - sum(each) in extras:
            found[drawn] = None
    return tuple(found)


def expected_of(model: ImageTokens, qualities: Sequence[str], size: Size) -> int | None:
    """Return the output tokens of images of one size, each in its quality; None: not known."""
    each = [model.of_image(quality, *size) for quality in qualities]
    known = [tokens for tokens in each if tokens is not None]
    return sum(known) if len(known) == len(each) else None
