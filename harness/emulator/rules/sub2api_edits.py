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
from .kinds import is_integer, is_web_address
from .openai_errors import invalid_value_error, user_error, wrong_kind_error
from .switches import AS_WRITTEN, Refusal, RuleSwitches

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


def check_sub2api_edit(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why an edit is refused, or None; in the order of sub2api.check, images after prompt.

    `body` is a Form or decoded JSON. Images are decoded, so this belongs in a thread.
    """
    if not isinstance(body, dict):
        return sub2api.UNREADABLE
    values = sub2api_edit_parameters(body)
    if isinstance(body, Form):
        return (
            _wrong_place(
                body, switches, "images", "For multipart/form-data use 'image' or 'image[]'."
            )
            or sub2api.check_sub2api_opening(values, switches, FORM_KEYS)
            or _uploaded(body, switches)
            or _fidelity(values, switches)
            or _texts(values, switches)
            or sub2api.check_options(values, switches)
        )
    return (
        _wrong_place(
            body, switches, "image",
            "For application/json on /v1/images/edits, use 'images' (array).",
        )
        or sub2api.check_sub2api_opening(values, switches, JSON_KEYS)
        or _addressed(body, switches)
        or _fidelity(values, switches)
        or sub2api.check_options(values, switches)
    )  # fmt: skip


def sub2api_edit_parameters(body: Mapping[str, object]) -> Mapping[str, object]:
    """Return an edit's parameters as generation has them.

    A form's texts become numbers and booleans where they write such, and an empty one says nothing.
    """
    if not isinstance(body, Form):
        return body
    values: dict[str, object] = {}
    for name in body:
        text = body.text(name)
        if text is None or IMAGE_FIELD.fullmatch(name):
            continue
        if name in NUMBERS:
            values[name] = uploads.form_integer(text)
        elif name == "stream":
            values[name] = True if text in TRUE else False if text in FALSE else text
        elif text != "" or name == "prompt":
            values[name] = text
    return values


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
    body: Mapping[str, object], switches: RuleSwitches, key: str, hint: str
) -> Refusal | None:
    if key not in body or not switches.holds(f"{key}.absent"):
        return None
    return Refusal(
        rule=f"{key}.absent",
        parameter=key,
        message=f"Unknown parameter: '{key}'. {hint}",
        code="invalid_value",
        kind="invalid_request_error",
    )


def _fidelity(values: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    if values.get("input_fidelity") is None or not switches.holds("input_fidelity.absent"):
        return None
    return user_error(
        "input_fidelity.absent",
        "input_fidelity",
        "The parameter 'input_fidelity' is not supported for this model.",
        "invalid_input_fidelity_model",
    )


def _texts(values: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    """Return which text of a form is none of the number or boolean that it has to be."""
    for key in NUMBERS:
        value = values.get(key)
        if isinstance(value, str) and switches.holds(f"{key}.integer"):
            return _worded(f"{key}.integer", key)
    n = values.get("n")
    if is_integer(n) and n < 1 and not switches.spans("n.range", n, 1, 10):
        return _worded("n.range", "n")
    if isinstance(values.get("stream"), str) and switches.holds("stream.one_of"):
        return _worded("stream.one_of", "stream")
    return None


def _worded(rule: str, key: str) -> Refusal:
    message = f"{key} must be a positive integer" if key == "n" else f"invalid {key} field value"
    return Refusal(rule=rule, parameter=key, message=message, kind="invalid_request_error")


def _uploaded(form: Form, switches: RuleSwitches) -> Refusal | None:
    files = _image_files(form)
    if not files and switches.holds("images.required"):
        return Refusal(
            rule="images.required",
            parameter="image",
            message="image file is required",
            kind="invalid_request_error",
        )
    refusal = _too_many(len(files), "image", switches)
    if refusal is not None:
        return refusal
    images: list[UploadedImage | None] = [uploads.uploaded_image(data) for data in files]
    masks = form.files("mask")
    return _images(images, ["image"] * len(images), switches) or (
        _mask(uploads.uploaded_image(masks[0].data), images, switches) if masks else None
    )


def _addressed(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    """Judge images[].image_url and mask.image_url; a web address is taken to be fine, unread."""
    listed = body.get("images")
    if listed is None:
        if switches.holds("images.required"):
            return Refusal(
                rule="images.required",
                parameter="images",
                message="images[].image_url is required",
                kind="invalid_request_error",
            )
        listed = []
    if not isinstance(listed, list):
        if switches.holds("images.format"):
            return wrong_kind_error("images.format", "images", "an array", listed)
        listed = []
    elif not listed and switches.holds("images.count"):
        reason = "empty array. Expected an array with minimum length 1, but got an empty array"
        return invalid_value_error("images.count", "images", "empty_array", f"{reason} instead.")
    refusal = _too_many(len(listed), "images", switches)
    if refusal is not None:
        return refusal
    for index, item in enumerate(listed):
        if not isinstance(item, dict) and switches.holds("images.format"):
            return wrong_kind_error("images.format", f"images[{index}]", "an object", item)
        if _address(item) is None and switches.holds("images.format"):
            return Refusal(
                rule="images.format",
                parameter="images",
                message="images[].image_url is required",
                kind="invalid_request_error",
            )
    images = [_fetched(_address(item)) for item in listed]
    names = [f"images[{index}].image_url" for index in range(len(images))]
    return _images(images, names, switches) or _addressed_mask(body.get("mask"), images, switches)


def _addressed_mask(
    mask: object, images: Sequence[UploadedImage | None], switches: RuleSwitches
) -> Refusal | None:
    if mask is None:
        return None
    address = _address(mask)
    if address is None:
        if not switches.holds("mask.format"):
            return None
        message = "mask.file_id is not supported (use mask.image_url instead)"
        return Refusal(
            rule="mask.format", parameter="mask", message=message, kind="invalid_request_error"
        )
    upload = _fetched(address)
    return None if upload is None else _mask(upload, images, switches)


def _address(item: object) -> str | None:
    address = item.get("image_url") if isinstance(item, dict) else None
    return address if isinstance(address, str) and address else None


def _fetched(address: str | None) -> UploadedImage | None:
    """Return what a data: URL or bare base64 holds, None for an address that is not read."""
    if address is None or is_web_address(address):
        return None
    text = address.partition(",")[2] if address.startswith("data:") else address
    try:
        return uploads.uploaded_image(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return uploads.uploaded_image(b"")


def _too_many(count: int, key: str, switches: RuleSwitches) -> Refusal | None:
    if switches.spans("images.count", count, 0, uploads.MOST_IMAGES):
        return None
    return invalid_value_error(
        "images.count", key, "array_above_max_length",
        f"array too long. Expected an array with maximum length {uploads.MOST_IMAGES},"
        f" but got an array with length {count} instead.",
    )  # fmt: skip


def _images(
    images: Sequence[UploadedImage | None], names: Sequence[str], switches: RuleSwitches
) -> Refusal | None:
    for index, (upload, name) in enumerate(zip(images, names, strict=True)):
        if upload is None:
            continue
        rule = uploads.broken_image_rule(upload, LIMIT_MB, switches)
        if rule == "images.max_bytes":
            message = f"Invalid image file: image {index + 1} must be less than 50MB."
            return user_error(rule, name, message, "image_too_large")
        if rule == "images.media_type":
            reason = (
                f"unsupported mimetype ('image/{upload.facts.format}'). Supported file formats are"
                " 'image/jpeg', 'image/png', and 'image/webp'."
            )
            return invalid_value_error(rule, name, "unsupported_file_mimetype", reason)
        if rule is not None:
            message = f"Invalid image file or mode for image {index + 1}"
            return user_error(
                rule, name, f"{message}, please check your image file.", "invalid_image_file"
            )
    return None


def _mask(
    mask: UploadedImage, images: Sequence[UploadedImage | None], switches: RuleSwitches
) -> Refusal | None:
    if not uploads.is_light(mask, "mask.max_bytes", LIMIT_MB, switches, limit_fits=False):
        message = "Invalid mask: the mask must be less than 50MB."
        return user_error("mask.max_bytes", "mask", message, "image_too_large")
    if not mask.facts.whole and switches.holds("mask.format"):
        message = "Invalid mask: please check your image file."
        return user_error("mask.format", "mask", message, "invalid_image_file")
    if uploads.has_other_format(mask, images) and switches.holds("mask.same_format"):
        message = "Invalid mask: the format of the mask does not match that of the image."
        return user_error("mask.same_format", "mask", message)
    if uploads.has_other_size(mask, images) and switches.holds("mask.same_size"):
        message = "Invalid mask: the size of the mask does not match that of the image."
        return user_error("mask.same_size", "mask", message)
    if not mask.facts.alpha and mask.facts.format != "unknown" and switches.holds("mask.alpha"):
        message = "Invalid mask: the mask has no alpha channel."
        return user_error("mask.alpha", "mask", message)
    return None
