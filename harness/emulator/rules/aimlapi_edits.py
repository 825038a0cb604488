"""What AI/ML API accepts in POST /v1/images/edits for openai/gpt-image-2, as a form.

Source: the seed document, section Edit image. Its page says that images are local files and its
examples use OpenAI's client, so the body is multipart. There is no `moderation`; of a mask without
an alpha channel, and of one that ends half-way, it says nothing.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

from typing import TYPE_CHECKING

from ..received import Form
from . import aimlapi, uploads
from .aimlapi import refuse
from .kinds import is_integer
from .switches import AS_WRITTEN, Refusal, RuleSwitches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..received import File
    from .uploads import UploadedImage

WORDS = {key: allowed for key, allowed in aimlapi.WORDS.items() if key != "moderation"}
IMAGE_FIELDS = ("image", "image[]")
NUMBERS = ("n", "output_compression")
IMAGE_LIMIT_MB = 50
MASK_LIMIT_MB = 4


def check_aimlapi_edit(body: object, law: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why an edit is refused, or None.

    `body` is a Form. Images are decoded, so this belongs in a thread.
    """
    if not isinstance(body, Form):
        return aimlapi.UNREADABLE
    values = edit_parameters(body)
    return (
        aimlapi.check_opening(values, law)
        or _references(body, law)
        or aimlapi.check_listed_words(values, law, WORDS)
        or _n(values, law)
        or aimlapi.check_compression(values, law)
    )


def edit_parameters(body: Mapping[str, object]) -> Mapping[str, object]:
    """Return a form's texts as generation has its parameters; an empty one says nothing."""
    if not isinstance(body, Form):
        return body
    values: dict[str, object] = {}
    for name in body:
        text = body.text(name)
        if text is None or name in IMAGE_FIELDS:
            continue
        if name in NUMBERS:
            values[name] = uploads.form_integer(text)
        elif text != "" or name == "prompt":
            values[name] = text
    return values


def _n(values: Mapping[str, object], law: RuleSwitches) -> Refusal | None:
    n = values.get("n")
    if n is None:
        return None
    if not is_integer(n):
        if law.holds("n.integer"):
            return refuse("n.integer", "n", "Expected number, received string")
        return None
    if law.spans("n.range", n, 1, 10):
        return None
    limit = "greater than or equal to 1" if n < 1 else "less than or equal to 10"
    return refuse("n.range", "n", f"Number must be {limit}")


def _references(form: Form, law: RuleSwitches) -> Refusal | None:
    files: list[File] = [file for name in IMAGE_FIELDS for file in form.files(name)]
    if not files and law.holds("images.required"):
        return refuse("images.required", "image", "Required")
    if not law.spans("images.count", len(files), 0, uploads.MOST_IMAGES):
        message = "Array must contain at most 16 element(s)"
        return refuse("images.count", "image", message)
    images = [uploads.uploaded_image(file.data) for file in files]
    for image in images:
        rule = uploads.broken_image_rule(image, IMAGE_LIMIT_MB, law, limit_fits=True)
        if rule is not None:
            return refuse(rule, "image", IMAGE_WORDS[rule])
    masks = form.files("mask")
    return _mask(uploads.uploaded_image(masks[0].data), images, law) if masks else None


IMAGE_WORDS = {
    "images.max_bytes": "File must be up to 50MB",
    "images.media_type": "Invalid file type. Expected 'png' | 'webp' | 'jpg'",
    "images.format": "Invalid image file",
}


def _mask(
    mask: UploadedImage, images: Sequence[UploadedImage], law: RuleSwitches
) -> Refusal | None:
    if not uploads.is_light(mask, "mask.max_bytes", MASK_LIMIT_MB, law, limit_fits=False):
        return refuse("mask.max_bytes", "mask", "File must be under 4MB")
    if mask.facts.format != "png" and law.holds("mask.media_type"):
        return refuse("mask.media_type", "mask", "Invalid file type. Expected 'png'")
    if uploads.has_other_size(mask, images) and law.holds("mask.same_size"):
        return refuse("mask.same_size", "mask", "Dimensions must match those of the image")
    return None
