"""Which images and masks the documents of sub2api and AI/ML API let an edit start from.

The two differ in their limits and in their words, not in what is looked at: what a file is, shows
in its bytes and not in the media type that the client declares.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..received import Facts, facts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .switches import RuleSwitches


MOST_IMAGES = 16
IMAGE_TYPES = ("png", "webp", "jpeg")
ATOI = re.compile(r"[+-]?[0-9]{1,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedImage:
    """A file as the rules see it."""

    size_bytes: int
    facts: Facts


def uploaded_image(data: bytes) -> UploadedImage:
    """Look at a file; it is decoded, so this belongs in a thread."""
    return UploadedImage(size_bytes=len(data), facts=facts(data))


def is_light(
    upload: UploadedImage, rule: str, limit_mb: int, switches: RuleSwitches, *, limit_fits: bool
) -> bool:
    """Whether a file keeps its limit.

    The documents say MB; here 1 MB is 2^20 bytes. Tightened, the limit is where it lies if 1 MB is
    10^6 bytes, so that only a file between the two readings tells the difference.
    """
    if not switches.holds(rule):
        return True
    if switches.tight(rule):
        return upload.size_bytes < limit_mb * 1_000_000 - 1
    limit_bytes = limit_mb * 2**20
    return upload.size_bytes < limit_bytes or (limit_fits and upload.size_bytes == limit_bytes)


def broken_image_rule(
    upload: UploadedImage, limit_mb: int, switches: RuleSwitches, *, limit_fits: bool = False
) -> str | None:
    """Return the id of the first rule that an image breaks, or None."""
    found = upload.facts
    if not is_light(upload, "images.max_bytes", limit_mb, switches, limit_fits=limit_fits):
        return "images.max_bytes"
    if found.format != "unknown" and not switches.admits(
        "images.media_type", found.format, IMAGE_TYPES
    ):
        return "images.media_type"
    if not found.whole and switches.holds("images.format"):
        return "images.format"
    return None


def has_other_size(mask: UploadedImage, images: Sequence[UploadedImage | None]) -> bool:
    """Whether the mask's dimensions are known and not those of the first image."""
    first = images[0] if images else None
    if first is None or first.facts.width_px == 0 or mask.facts.width_px == 0:
        return False
    return (mask.facts.width_px, mask.facts.height_px) != (
        first.facts.width_px,
        first.facts.height_px,
    )


def has_other_format(mask: UploadedImage, images: Sequence[UploadedImage | None]) -> bool:
    """Whether the mask is of another known format than the first image."""
    first = images[0] if images else None
    if first is None or "unknown" in (first.facts.format, mask.facts.format):
        return False
    return mask.facts.format != first.facts.format


def form_integer(text: str | None) -> int | str | None:
    """Return the integer that a form's text writes, the text itself where it writes none."""
    if text is None or ATOI.fullmatch(text.strip()) is None:
        return text
    return int(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a loopback address of a reference image gave; `upload` is None where it gave nothing."""

    url: str
    upload: UploadedImage | None


class ResolvedBody(dict[str, object]):
    """A decoded body whose loopback addresses have been asked.

    Addresses on other hosts are in none of `references`: they are taken to be reachable and fine.
    """

    def __init__(self, body: Mapping[str, object], references: tuple[Reference, ...]) -> None:
        super().__init__(body)
        self.references = references


def unreachable_address(body: object) -> str | None:
    """Return the first loopback address of a body that gave nothing, None where all answered."""
    references = body.references if isinstance(body, ResolvedBody) else ()
    return next((found.url for found in references if found.upload is None), None)
