"""What OpenAI accepts in POST /v1/images/edits, as a form or as JSON.

Source: the schema facts (two request bodies that differ in their fields) and the measured table; a
real exchange has an edit by JSON in 1536x864, which the schema's list of three sizes lacks, and
another one a file that was no image. Moderation is measured for edits, too, where the schema of the
form has none. The words about the number and size of images, about masks, about a text that is no
number, and about an entry with both an image_url and a file_id, are invented.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

from typing import TYPE_CHECKING

from ..received import Form
from . import images_api, openai, uploads
from .edits_api import (
    FORM_HINT,
    JSON_HINT,
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
from .switches import AS_WRITTEN, Refusal, RuleSwitches
from .uploads import ResolvedBody
from .wording import (
    invalid_request,
    invalid_value_error,
    missing_parameter,
    user_error,
    wrong_kind_error,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .uploads import UploadedImage

# What the form calls `image` and JSON calls `images` is checked by itself.
FORM_KEYS = openai.KEYS | {"mask", "input_fidelity", "images"}
JSON_KEYS = FORM_KEYS | {"image", "image[]"}
MASK_LIMIT_MB = 4
LONGEST_ADDRESS = 20_971_520


def check_openai_edit(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why an edit is refused, or None: model, keys, prompt, images, n, then the rest.

    `body` is a Form or decoded JSON. Images are decoded, so this belongs in a thread.
    """
    if not isinstance(body, dict):
        return openai.UNREADABLE
    values = edit_parameters(body)
    is_form = isinstance(body, Form)
    return (
        images_api.check_model(values, switches)
        or _wrong_places(body, switches)
        or images_api.check_keys(values, switches, FORM_KEYS if is_form else JSON_KEYS)
        or images_api.check_prompt(values, switches)
        or (_uploaded(body, switches) if isinstance(body, Form) else _addressed(body, switches))
        or fidelity(values, switches, "input_fidelity")
        or _texts(values, switches)
        or openai.check_options(values, switches)
    )


def references_of(body: Mapping[str, object]) -> list[object]:
    """Return the addresses that a JSON edit names: of its images and of its mask."""
    images = body.get("images")
    entries = [*(images if isinstance(images, list) else []), body.get("mask")]
    return [address_of(entry) for entry in entries]


def _wrong_places(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    if isinstance(body, Form):
        return wrong_place(body, switches, "images", FORM_HINT)
    return wrong_place(body, switches, "image", JSON_HINT) or wrong_place(
        body, switches, "image[]", JSON_HINT
    )


def _texts(values: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    """Refuse a form's text that is no number; JSON has numbers."""
    for name in NUMBERS:
        if isinstance(values.get(name), str) and switches.holds(f"{name}.integer"):
            return wrong_kind_error(f"{name}.integer", name, "an integer", values[name])
    return None


def _uploaded(form: Form, switches: RuleSwitches) -> Refusal | None:
    files = image_files(form)
    if not files and switches.holds("images.required"):
        return missing_parameter("images.required", "image")
    refusal = too_many(len(files), "image", switches)
    if refusal is not None:
        return refusal
    images: list[UploadedImage | None] = [uploads.uploaded_image(data) for data in files]
    masks = form.files("mask")
    return check_images(images, ["image"] * len(images), switches) or (
        _mask(uploads.uploaded_image(masks[0].data), images, switches) if masks else None
    )


def _addressed(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    listed = body.get("images")
    if listed is None:
        holds = switches.holds("images.required")
        return missing_parameter("images.required", "images") if holds else None
    if not isinstance(listed, list):
        holds = switches.holds("images.format")
        return wrong_kind_error("images.format", "images", "an array", listed) if holds else None
    if not listed and switches.holds("images.count"):
        reason = "empty array. Expected an array with minimum length 1, but got an empty array"
        return invalid_value_error("images.count", "images", "empty_array", f"{reason} instead.")
    refusal = too_many(len(listed), "images", switches)
    if refusal is not None:
        return refusal
    for index, entry in enumerate(listed):
        refusal = _entry(entry, f"images[{index}]", "images", switches)
        if refusal is not None:
            return refusal
    served = _served(body)
    images = [_image(entry, served) for entry in listed]
    for index, image in enumerate(images):
        refusal = _data(image, f"images[{index}].image_url", switches)
        if refusal is not None:
            return refusal
    mask = body.get("mask")
    if mask is None:
        return None
    refusal = _entry(mask, "mask", "mask", switches)
    upload = _image(mask, served)
    return refusal or (None if upload is None else _mask(upload, images, switches))


def _entry(entry: object, place: str, name: str, switches: RuleSwitches) -> Refusal | None:
    """Check one {image_url or file_id}."""
    rule = f"{name}.format"
    if not isinstance(entry, dict):
        expected = "an object"
        holds = switches.holds(rule)
        return wrong_kind_error(rule, place, expected, entry) if holds else None
    given = [key for key in ("image_url", "file_id") if entry.get(key) is not None]
    if len(given) != 1 and switches.holds(rule):
        message = f"Invalid '{place}': expected exactly one of 'image_url' and 'file_id'."
        return invalid_request(rule, place, message, "invalid_value")
    for key in given:
        if not isinstance(entry[key], str) and switches.holds(rule):
            return wrong_kind_error(rule, f"{place}.{key}", "a string", entry[key])
    address = address_of(entry) or ""
    rule = f"{name}.max_bytes"
    most = switches.longest(rule, LONGEST_ADDRESS)
    if len(address) > most and switches.holds(rule):
        reason = (
            f"string too long. Expected a string with maximum length {LONGEST_ADDRESS},"
            f" but got a string with length {len(address)} instead."
        )
        return invalid_value_error(rule, f"{place}.image_url", "string_above_max_length", reason)
    return None


def _served(body: Mapping[str, object]) -> dict[str, UploadedImage | int]:
    """Return what each loopback address served: an image, or the status that it answered."""
    references = body.references if isinstance(body, ResolvedBody) else ()
    return {
        place.url: place.status if place.upload is None else place.upload for place in references
    }


def _image(entry: object, served: Mapping[str, UploadedImage | int]) -> UploadedImage | int | None:
    """Return an entry's image, the status of an address without one, None for what is not read."""
    address = address_of(entry)
    known = None if address is None else served.get(address)
    return decoded(address) if known is None else known


def _data(image: UploadedImage | int | None, place: str, switches: RuleSwitches) -> Refusal | None:
    """Check what an image_url holds: one rule for all that is no image of a known format."""
    if isinstance(image, int):
        message = f"Error while downloading file. Upstream status code: {image}."
        return invalid_request("images.format", "url", message, "invalid_value")
    if image is None:
        return None
    rule = uploads.broken_image_rule(image, 50, switches)
    if rule is None:
        return None
    return user_error(rule, place, "Invalid image data.", "invalid_image_file")


def _mask(
    mask: UploadedImage | int, images: Sequence[UploadedImage | int | None], switches: RuleSwitches
) -> Refusal | None:
    if isinstance(mask, int):
        return _data(mask, "mask", switches)
    first = [image if not isinstance(image, int) else None for image in images[:1]]
    code = "invalid_value"
    if not uploads.is_light(mask, "mask.max_bytes", MASK_LIMIT_MB, switches, limit_fits=False):
        rule, reason, code = "max_bytes", "the mask must be less than 4MB.", "image_too_large"
    elif mask.facts.format not in ("png", "unknown") and switches.holds("mask.media_type"):
        rule, reason, code = "media_type", "the mask must be a PNG.", "unsupported_file_mimetype"
    elif not mask.facts.whole and switches.holds("mask.format"):
        rule, reason, code = "format", "please check your image file.", "invalid_image_file"
    elif uploads.has_other_size(mask, first) and switches.holds("mask.same_size"):
        rule, reason = "same_size", "the size of the mask does not match that of the image."
    else:
        return None
    return user_error(f"mask.{rule}", "mask", f"Invalid mask: {reason}", code)
