"""What sub2api accepts in POST /v1/images/edits, as a form or as JSON.

Source: the seed document, section Edit Notes; number, size and formats of the images from the
schema of OpenAI; how a form's texts are read, and the JSON body, from the source of the gateway.
The words about masks and about sizes of files are invented.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from ..received import Form
from . import sub2api, uploads
from .parameters import is_integer, is_web_address
from .switches import AS_WRITTEN, Refusal, RuleSwitches
from .wording import invalid_request, invalid_value_error, user_error, wrong_kind_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .uploads import UploadedImage

IMAGE_FIELD = re.compile(r"image(\[[0-9]*\])?")
JSON_KEYS = sub2api.KEYS | {"images", "mask", "input_fidelity"}
FORM_KEYS = sub2api.KEYS | {"mask", "input_fidelity"}
NUMBERS = ("n", "output_compression", "partial_images")
# Go's strconv.ParseBool, which the gateway reads a form's `stream` with.
TRUE = ("1", "t", "T", "TRUE", "true", "True")
FALSE = ("0", "f", "F", "FALSE", "false", "False")
LIMIT_MB = 50
FORM_HINT = "For multipart/form-data use 'image' or 'image[]'."
JSON_HINT = "For application/json on /v1/images/edits, use 'images' (array)."


def check_sub2api_edit(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why an edit is refused, or None; in the order of a generation, images after prompt.

    `body` is a Form or decoded JSON. Images are decoded, so this belongs in a thread.
    """
    if not isinstance(body, dict):
        return sub2api.UNREADABLE
    values = sub2api_edit_parameters(body)
    if isinstance(body, Form):
        return (
            _wrong_place(body, switches, "images", FORM_HINT)
            or sub2api.check_opening(values, switches, FORM_KEYS)
            or _uploaded(body, switches)
            or fidelity(values, switches, "input_fidelity")
            or _texts(values, switches)
            or sub2api.check_options(values, switches)
        )
    return (
        _wrong_place(body, switches, "image", JSON_HINT)
        or sub2api.check_opening(values, switches, JSON_KEYS)
        or _addressed(body, switches)
        or fidelity(values, switches, "input_fidelity")
        or sub2api.check_options(values, switches)
    )


def sub2api_edit_parameters(body: Mapping[str, object]) -> Mapping[str, object]:
    """Return an edit's parameters as generation has them.

    A form's texts become numbers and booleans where they write such; an empty one counts as absent.
    """
    values = uploads.form_parameters(body, NUMBERS, IMAGE_FIELD.fullmatch)
    stream = body.text("stream") if isinstance(body, Form) else None
    if stream is None:
        return values
    return {**values, "stream": True if stream in TRUE else False if stream in FALSE else stream}


def image_count(body: Mapping[str, object]) -> int:
    """Return how many images an edit starts from."""
    if isinstance(body, Form):
        return len(_image_files(body))
    images = body.get("images")
    return len(images) if isinstance(images, list) else 0


def _image_files(form: Form) -> list[bytes]:
    names = [name for name in form if IMAGE_FIELD.fullmatch(name)]
    return [file.data for name in names for file in form.files(name)]


def _wrong_place(
    body: Mapping[str, object], switches: RuleSwitches, name: str, hint: str
) -> Refusal | None:
    if name not in body or not switches.holds(f"{name}.absent"):
        return None
    message = f"Unknown parameter: '{name}'. {hint}"
    return invalid_request(f"{name}.absent", name, message, "invalid_value")


def fidelity(values: Mapping[str, object], switches: RuleSwitches, path: str) -> Refusal | None:
    """Refuse input_fidelity, which lies at `path` of the request."""
    if values.get("input_fidelity") is None or not switches.holds("input_fidelity.absent"):
        return None
    message = "The parameter 'input_fidelity' is not supported for this model."
    return user_error("input_fidelity.absent", path, message, "invalid_input_fidelity_model")


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
    files = _image_files(form)
    if not files and switches.holds("images.required"):
        return invalid_request("images.required", "image", "image file is required")
    refusal = _too_many(len(files), "image", switches)
    if refusal is not None:
        return refusal
    images: list[UploadedImage | None] = [uploads.uploaded_image(data) for data in files]
    masks = form.files("mask")
    return _images(images, ["image"] * len(images), switches) or (
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
    refusal = _too_many(len(entries), "images", switches)
    if refusal is not None:
        return refusal
    for index, entry in enumerate(entries if switches.holds("images.format") else ()):
        if not isinstance(entry, dict):
            return wrong_kind_error("images.format", f"images[{index}]", "an object", entry)
        if _address(entry) is None:
            return invalid_request("images.format", "images", "images[].image_url is required")
    images = [_decoded(_address(entry)) for entry in entries]
    names = [f"images[{index}].image_url" for index in range(len(images))]
    return _images(images, names, switches) or _addressed_mask(body.get("mask"), images, switches)


def _addressed_mask(
    mask: object, images: Sequence[UploadedImage | None], switches: RuleSwitches
) -> Refusal | None:
    address = _address(mask)
    if mask is not None and address is None and switches.holds("mask.format"):
        message = "mask.file_id is not supported (use mask.image_url instead)"
        return invalid_request("mask.format", "mask", message)
    upload = _decoded(address)
    return None if upload is None else _mask(upload, images, switches)


def _address(entry: object) -> str | None:
    address = entry.get("image_url") if isinstance(entry, dict) else None
    return address if isinstance(address, str) and address else None


def _decoded(address: str | None) -> UploadedImage | None:
    """Return what a data: URL or bare base64 holds, None for an address that is not read."""
    if address is None or is_web_address(address):
        return None
    text = address.partition(",")[2] if address.startswith("data:") else address
    try:
        return uploads.uploaded_image(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return uploads.uploaded_image(b"")


def _too_many(count: int, name: str, switches: RuleSwitches) -> Refusal | None:
    if switches.spans("images.count", count, 0, uploads.MOST_IMAGES):
        return None
    reason = (
        f"array too long. Expected an array with maximum length {uploads.MOST_IMAGES},"
        f" but got an array with length {count} instead."
    )
    return invalid_value_error("images.count", name, "array_above_max_length", reason)


def _images(
    images: Sequence[UploadedImage | None], names: Sequence[str], switches: RuleSwitches
) -> Refusal | None:
    for number, (upload, name) in enumerate(zip(images, names, strict=True), 1):
        rule = None if upload is None else uploads.broken_image_rule(upload, LIMIT_MB, switches)
        if upload is None or rule is None:
            continue
        if rule == "images.max_bytes":
            message = f"Invalid image file: image {number} must be less than 50MB."
            return user_error(rule, name, message, "image_too_large")
        if rule == "images.media_type":
            reason = (
                f"unsupported mimetype ('image/{upload.facts.format}'). Supported file formats are"
                " 'image/jpeg', 'image/png', and 'image/webp'."
            )
            return invalid_value_error(rule, name, "unsupported_file_mimetype", reason)
        message = f"Invalid image file or mode for image {number}, please check your image file."
        return user_error(rule, name, message, "invalid_image_file")
    return None


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
