"""What OpenAI's edits and those of sub2api share: how a form is read, the files, their refusals.

Source: number, size and formats of the images from the schema of OpenAI; `image[0]` beside `image`
and `image[]` from a recording. The words about sizes of files are invented.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from ..received import Form
from . import uploads
from .parameters import is_web_address
from .wording import invalid_request, invalid_value_error, user_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .switches import Refusal, RuleSwitches
    from .uploads import UploadedImage

IMAGE_FIELD = re.compile(r"image(\[[0-9]*\])?")
NUMBERS = ("n", "output_compression", "partial_images")
# Go's strconv.ParseBool, which the gateway reads a form's `stream` with; OpenAI's own is unknown.
TRUE = ("1", "t", "T", "TRUE", "true", "True")
FALSE = ("0", "f", "F", "FALSE", "false", "False")
LIMIT_MB = 50
FORM_HINT = "For multipart/form-data use 'image' or 'image[]'."
JSON_HINT = "For application/json on /v1/images/edits, use 'images' (array)."


def edit_parameters(body: Mapping[str, object]) -> Mapping[str, object]:
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
        return len(image_files(body))
    images = body.get("images")
    return len(images) if isinstance(images, list) else 0


def image_files(form: Form) -> list[bytes]:
    """Return the images of a form, whatever it calls the field: image, image[], image[0] ..."""
    names = [name for name in form if IMAGE_FIELD.fullmatch(name)]
    return [file.data for name in names for file in form.files(name)]


def wrong_place(
    body: Mapping[str, object], switches: RuleSwitches, name: str, hint: str
) -> Refusal | None:
    """Refuse a field that belongs to the other encoding of an edit."""
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


def address_of(entry: object) -> str | None:
    """Return the image_url of an entry of a JSON edit, None where it has none."""
    address = entry.get("image_url") if isinstance(entry, dict) else None
    return address if isinstance(address, str) and address else None


def decoded(address: str | None) -> UploadedImage | None:
    """Return what a data: URL or bare base64 holds, None for an address that is not read."""
    if address is None or is_web_address(address):
        return None
    text = address.partition(",")[2] if address.startswith("data:") else address
    try:
        return uploads.uploaded_image(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return uploads.uploaded_image(b"")


def too_many(count: int, name: str, switches: RuleSwitches) -> Refusal | None:
    """Refuse more images than an edit takes."""
    if switches.spans("images.count", count, 0, uploads.MOST_IMAGES):
        return None
    reason = (
        f"array too long. Expected an array with maximum length {uploads.MOST_IMAGES},"
        f" but got an array with length {count} instead."
    )
    return invalid_value_error("images.count", name, "array_above_max_length", reason)


def check_images(
    images: Sequence[UploadedImage | None], names: Sequence[str], switches: RuleSwitches
) -> Refusal | None:
    """Check the images in turn; one that was not read is assumed to be fine."""
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
