"""The faults of what was drawn, by whom, for whom, and what it is billed as.

Their rows for the catalogue, and what each of them does.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ..tokens import image_tokens
from .combinations import OPENAI_SHAPED

if TYPE_CHECKING:
    from collections.abc import Sequence

ALL = ("buble", "sub2api", "apiframe", "nanobanana", "aimlapi", "openai")
GRADED = ("sub2api", "apiframe", "nanobanana", "aimlapi", "openai")  # with a quality
METERED = (*OPENAI_SHAPED, "aimlapi")  # whose replies tell tokens, or money that comes from them
SIZED = ("buble", "sub2api", "nanobanana", "aimlapi", "openai")  # with prices that follow the size
SEVERAL = ("sub2api", "apiframe", "aimlapi", "openai")  # with several images
COMPRESSED = (*OPENAI_SHAPED, "aimlapi")  # with output_compression

# Name, providers, meaning.
Rows = tuple[tuple[str, tuple[str, ...], str], ...]

STEPS = (
    ("high", "medium"),
    ("high", "low"),
    ("medium", "low"),
    ("low", "medium"),
    ("low", "high"),
    ("medium", "high"),
)
DRAWN: Rows = (
    *(
        (
            f"drawn_as:{asked}:{drawn}",
            GRADED,
            f"images asked in {asked} are drawn in {drawn} and declared as asked; usage tells",
        )
        for asked, drawn in STEPS
    ),
    (
        "one_image_drawn_low",
        METERED,
        "the second of several images is drawn in low and declared as asked; usage tells",
    ),
    (
        "smaller_and_enlarged",
        ALL,
        "images are drawn at 0.5 to 0.8 of their size and enlarged; usage is that of the smaller",
    ),
    ("compression_ignored", COMPRESSED, "output_compression is read and not applied"),
)
BILLED: Rows = (
    ("billed_as_asked", SIZED, "images are 3/4 as wide and as high as asked, at the asked price"),
    (
        "billed_for_failures",
        ALL,
        "every third submission fails and is charged: HTTP 500, or a job that ends failed",
    ),
    (
        "charged_for_retry",
        ("apiframe",),
        "a repeated key shows the first job, which costs its price once more",
    ),
    ("partials_not_counted", OPENAI_SHAPED, "usage leaves out the tokens of partial images"),
    ("usage_constant", METERED, "every request takes the same tokens, whatever it asks"),
    ("usage_of_another_size", METERED, "tokens are those of another size in the same quality"),
)
SERVED: Rows = (
    ("reencoded", ALL, "images are written anew by other software: no manifest, other tables"),
    (
        "cached",
        ALL,
        "an image that was drawn an hour before the first request is served for every prompt",
    ),
    ("cached_by_prompt", ALL, "a prompt is drawn once, and served again whenever it is repeated"),
    ("nearly_cached", ALL, "one picture is served for every prompt, a little lighter or darker"),
)
COPIES: Rows = (
    (
        "nearly_repeated_images",
        SEVERAL,
        "several images are one picture, each a little lighter than the one before",
    ),
)
SIGNED: Rows = (
    ("signed_by_stranger", ALL, "another authority signs, under the names of the maker"),
    ("manifest_moved", ALL, "images bear the manifest of another image"),
    ("manifest_altered", ALL, "one bit of the picture is changed after it was signed"),
    ("other_family", ALL, "the manifest names gpt-image pre-2.0"),
    ("unstamped", ALL, "the manifest has no time stamp"),
    ("stamped_by_stranger", ALL, "the time stamp is from an authority that nobody knows"),
    ("held_after_signing", ALL, "a reply leaves when two thirds of its time passed after signing"),
)
# Nothing shows them where images are not signed.
NEED_SIGNATURES = frozenset(name for name, _, _ in SIGNED)
# A flat picture looks the same when it was enlarged, and is the same for every prompt.
NEED_NATURAL = frozenset(
    (
        *("smaller_and_enlarged", "cached", "cached_by_prompt"),
        *("nearly_cached", "nearly_repeated_images"),
    )
)
CACHED_BEFORE_S = 3600.0
USUAL_TOKENS, USUAL_TEXT_TOKENS = 1756, 12  # of a 1024x1024 image in medium


def drawn_quality(faults: frozenset[str], asked: object, quality: str) -> str:
    """Return the quality in which images are drawn; `asked` is what the client named, if it did."""
    if "lower_quality_served" in faults:
        return "low"
    for above, below in STEPS:
        if asked == above and f"drawn_as:{above}:{below}" in faults:
            return below
    return quality


def drawn_edges(
    faults: frozenset[str], width_px: int, height_px: int, seed: str
) -> tuple[int, int]:
    """Return the size in which an image of that delivered size is drawn."""
    if "smaller_and_enlarged" not in faults:
        return width_px, height_px
    share = 0.5 + 0.3 * hashlib.sha256(seed.encode()).digest()[0] / 255
    return max(16, round(width_px * share)), max(16, round(height_px * share))


def delivered_edges(faults: frozenset[str], width_px: int, height_px: int) -> tuple[int, int]:
    """Return the size that is delivered of that asked one: 3/4 of it, under a fault."""
    if "billed_as_asked" not in faults:
        return width_px, height_px
    return max(1, width_px * 3 // 4), max(1, height_px * 3 // 4)


def billed_tokens(
    faults: frozenset[str],
    quality: str,
    asked: tuple[int, int],
    drawn: Sequence[tuple[int, int]],
) -> int:
    """Return the output tokens that are told of images drawn in these sizes, in pixels."""
    if "usage_constant" in faults:
        return USUAL_TOKENS
    sizes = list(drawn)
    if "billed_as_asked" in faults:
        sizes = [asked for _ in drawn]
    elif "usage_of_another_size" in faults:
        other = (1024, 1024) if asked == (1536, 1024) else (1536, 1024)
        sizes = [other for _ in drawn]
    qualities = [quality for _ in sizes]
    if "one_image_drawn_low" in faults:
        qualities[1:2] = ["low" for _ in sizes[1:2]]
    return sum(
        image_tokens(drawn_in, *size) for drawn_in, size in zip(qualities, sizes, strict=True)
    )
