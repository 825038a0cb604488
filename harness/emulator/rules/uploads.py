"""The images and masks that an edit starts from: uploaded in a form or served by an address.

The documents of sub2api, AI/ML API and Buble differ in their limits and in their words, not in what
they limit: the bytes of a file decide what it is, not the media type that the client declares.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..received import Facts, Form, facts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from .switches import RuleSwitches

MOST_IMAGES = 16
IMAGE_TYPES = ("png", "webp", "jpeg")
ATOI = re.compile(r"[+-]?[0-9]{1,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedImage:
    """The length of a file and what its bytes are."""

    size_bytes: int
    facts: Facts


def uploaded_image(data: bytes) -> UploadedImage:
    """Return what the rules check of a file; it is decoded, so this belongs in a thread."""
    return UploadedImage(size_bytes=len(data), facts=facts(data))


def is_light(
    upload: UploadedImage, rule: str, limit_mb: int, switches: RuleSwitches, *, limit_fits: bool
) -> bool:
    """Whether a file is smaller than `limit_mb`, or as large where `limit_fits`.

    The documents say MB; here 1 MB is 2^20 bytes. Tightened, the limit is where it lies if 1 MB is
    10^6 bytes, so that only a file between the two readings tells the difference.
    """
    if not switches.holds(rule):
        return True
    if switches.tight(rule):
        return upload.size_bytes < limit_mb * 1_000_000 - 1
    return upload.size_bytes < limit_mb * 2**20 + limit_fits


def broken_image_rule(
    upload: UploadedImage, limit_mb: int, switches: RuleSwitches, *, limit_fits: bool = False
) -> str | None:
    """Return the id of the first rule that an image breaks, or None."""
    image = upload.facts
    if not is_light(upload, "images.max_bytes", limit_mb, switches, limit_fits=limit_fits):
        return "images.max_bytes"
    admitted = switches.admits("images.media_type", image.format, IMAGE_TYPES)
    if image.format != "unknown" and not admitted:
        return "images.media_type"
    if not image.whole and switches.holds("images.format"):
        return "images.format"
    return None


def has_other_size(mask: UploadedImage, images: Sequence[UploadedImage | None]) -> bool:
    """Whether the mask's dimensions are known and not those of the first image."""
    first = images[0] if images else None
    if first is None or first.facts.width_px == 0 or mask.facts.width_px == 0:
        return False
    return mask.facts.size != first.facts.size


def has_other_format(mask: UploadedImage, images: Sequence[UploadedImage | None]) -> bool:
    """Whether the mask is of another known format than the first image."""
    first = images[0] if images else None
    if first is None or "unknown" in (first.facts.format, mask.facts.format):
        return False
    return mask.facts.format != first.facts.format


def form_parameters(
    body: Mapping[str, object], integers: Collection[str], is_file: Callable[[str], object]
) -> Mapping[str, object]:
    """Return a form's texts as JSON has its parameters; a body that is no form stays as it is.

    Those of `integers` become integers where they write one. Other empty texts than that of the
    prompt count as absent, and so do fields of which `is_file` is true.
    """
    if not isinstance(body, Form):
        return body
    values: dict[str, object] = {}
    for name in body:
        text = body.text(name)
        if text is None or is_file(name):
            continue
        if name in integers:
            values[name] = int(text) if ATOI.fullmatch(text.strip()) else text
        elif text or name == "prompt":
            values[name] = text
    return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A loopback address of a reference image; `upload` is None where it served no image.

    `status` is what it answered, 0 where it gave no complete reply.
    """

    url: str
    upload: UploadedImage | None
    status: int = 200


class ResolvedBody(dict[str, object]):
    """A decoded body and what its loopback addresses served.

    Addresses on other hosts are in none of `references`: they are assumed to serve a fine image.
    """

    def __init__(self, body: Mapping[str, object], references: tuple[Reference, ...]) -> None:
        super().__init__(body)
        self.references = references


def unreachable_address(body: object) -> str | None:
    """Return the first loopback address of a body that served nothing, None where all did."""
    references = body.references if isinstance(body, ResolvedBody) else ()
    return next((place.url for place in references if place.upload is None), None)
