"""What sub2api accepts in POST /v1/images/edits, as a form or as JSON.

Source: the seed document, section Edit Notes; number, size and formats of the images from the
schema of OpenAI; how a form's texts are read, and the JSON body, from the source of the gateway.
The words about masks and about sizes of files are invented.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

from typing import TYPE_CHECKING

from ..received import Form
from . import images_api, sub2api, uploads
from .edits_api import (
    FORM_HINT,
    JSON_HINT,
    LIMIT_MB,
    NUMBERS,
    address_of,
    check_images,
    decoded,
    edit_parameters,
    fidelity,
    image_files,
    too_many,
    wrong_place,
)
from .parameters import is_integer
from .switches import AS_WRITTEN, Refusal, RuleSwitches
from .wording import invalid_request, invalid_value_error, user_error, wrong_kind_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .uploads import UploadedImage

JSON_KEYS = sub2api.KEYS | {"images", "mask", "input_fidelity"}
FORM_KEYS = sub2api.KEYS | {"mask", "input_fidelity"}


def check_sub2api_edit(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why an edit is refused, or None; in the order of a generation, images after prompt.

    `body` is a Form or decoded JSON. Images are decoded, so this belongs in a thread.
    """
    if not isinstance(body, dict):
        return sub2api.UNREADABLE
    values = edit_parameters(body)
    if isinstance(body, Form):
        return (
            wrong_place(body, switches, "images", FORM_HINT)
            or images_api.check_opening(values, switches, FORM_KEYS)
            or _uploaded(body, switches)
            or fidelity(values, switches, "input_fidelity")
            or _texts(values, switches)
            or sub2api.check_options(values, switches)
        )
    return (
        wrong_place(body, switches, "image", JSON_HINT)
        or images_api.check_opening(values, switches, JSON_KEYS)
        or _addressed(body, switches)
        or fidelity(values, switches, "input_fidelity")
        or sub2api.check_options(values, switches)
    )


def _texts(values: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    """Refuse a text of a form that is not the number or boolean that it has to be."""
    for name in NUMBERS:
        if isinstance(values.get(name), str) and switches.holds(f"{name}.integer"):
            return _wrong_text(f"{name}.integer", name)
    n = values.get("n")
    if is_integer(n) and n < 1 and not switches.spans("n.range", n, 1, 10):
        return _wrong_text("n.range", "n")
    if isinstance(values.get("stream"), str) and switches.holds("stream.one_of"):
        return _wrong_text("stream.one_of", "stream")
    return None


def _wrong_text(rule: str, name: str) -> Refusal:
    message = f"{name} must be a positive integer" if name == "n" else f"invalid {name} field value"
    return invalid_request(rule, name, message)


def _uploaded(form: Form, switches: RuleSwitches) -> Refusal | None:
    files = image_files(form)
    if not files and switches.holds("images.required"):
        return invalid_request("images.required", "image", "image file is required")
    refusal = too_many(len(files), "image", switches)
    if refusal is not None:
        return refusal
    images: list[UploadedImage | None] = [uploads.uploaded_image(data) for data in files]
    masks = form.files("mask")
    return check_images(images, ["image"] * len(images), switches) or (
        _mask(uploads.uploaded_image(masks[0].data), images, switches) if masks else None
    )


def _addressed(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    """Check images[].image_url and mask.image_url; a web address is assumed to be fine, unread."""
    listed = body.get("images")
    if listed is None:
        if switches.holds("images.required"):
            return invalid_request("images.required", "images", "images[].image_url is required")
        listed = []
    if not isinstance(listed, list) and switches.holds("images.format"):
        return wrong_kind_error("images.format", "images", "an array", listed)
    if listed == [] and switches.holds("images.count"):
        reason = "empty array. Expected an array with minimum length 1, but got an empty array"
        return invalid_value_error("images.count", "images", "empty_array", f"{reason} instead.")
    entries = listed if isinstance(listed, list) else []
    refusal = too_many(len(entries), "images", switches)
    if refusal is not None:
        return refusal
    for index, entry in enumerate(entries if switches.holds("images.format") else ()):
        if not isinstance(entry, dict):
            return wrong_kind_error("images.format", f"images[{index}]", "an object", entry)
        if address_of(entry) is None:
            return invalid_request("images.format", "images", "images[].image_url is required")
    images = [decoded(address_of(entry)) for entry in entries]
    names = [f"images[{index}].image_url" for index in range(len(images))]
    return check_images(images, names, switches) or _addressed_mask(
        body.get("mask"), images, switches
    )


def _addressed_mask(
    mask: object, images: Sequence[UploadedImage | None], switches: RuleSwitches
) -> Refusal | None:
    address = address_of(mask)
    if mask is not None and address is None and switches.holds("mask.format"):
        message = "mask.file_id is not supported (use mask.image_url instead)"
        return invalid_request("mask.format", "mask", message)
    upload = decoded(address)
    return None if upload is None else _mask(upload, images, switches)


def _mask(
    mask: UploadedImage, images: Sequence[UploadedImage | None], switches: RuleSwitches
) -> Refusal | None:
    code = "invalid_value"
    if not uploads.is_light(mask, "mask.max_bytes", LIMIT_MB, switches, limit_fits=False):
        rule, reason, code = "max_bytes", "the mask must be less than 50MB.", "image_too_large"
    elif not mask.facts.whole and switches.holds("mask.format"):
        rule, reason, code = "format", "please check your image file.", "invalid_image_file"
    elif uploads.has_other_format(mask, images) and switches.holds("mask.same_format"):
        rule, reason = "same_format", "the format of the mask does not match that of the image."
    elif uploads.has_other_size(mask, images) and switches.holds("mask.same_size"):
        rule, reason = "same_size", "the size of the mask does not match that of the image."
    elif not mask.facts.alpha and mask.facts.format != "unknown" and switches.holds("mask.alpha"):
        rule, reason = "alpha", "the mask has no alpha channel."
    else:
        return None
    return user_error(f"mask.{rule}", "mask", f"Invalid mask: {reason}", code)
