"""What Buble accepts in POST /api/v1/generations and /api/v1/files for openai/gpt-image-2.

Source: the seed document "GPT Image 2 API" of Buble (modes and inputs, options). The fields that
are refused and the error codes come from its pages docs/generations, docs/files and docs/errors.
Keys that no page names are ignored. The status of file_too_large is unknown: 413 here.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

from typing import TYPE_CHECKING

from ..received import Form
from . import uploads
from .parameters import (
    broken_address_rule,
    broken_model_rule,
    broken_prompt_rule,
    unlisted_parameter,
)
from .switches import AS_WRITTEN, Refusal, RuleSwitches
from .uploads import ResolvedBody

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .uploads import UploadedImage

MODEL = "openai/gpt-image-2"
MODES = ("text_to_image", "image_to_image")
RESOLUTIONS = ("1K", "2K", "4K")
RATIOS = ("auto", "1:1", "16:9", "9:16", "4:3", "3:4")
FORBIDDEN = (
    "input", "options", "scene", "sub_mode_id", "subModeId", "provider", "mediaType", "media_type",
)  # fmt: skip

OPTIONS = {"resolution": RESOLUTIONS, "aspect_ratio": RATIOS}

RULES = {
    "model.required": "model is named in every request",
    "model.one_of": "model is exactly openai/gpt-image-2",
    "prompt.required": "prompt is given and not empty",
    "prompt.format": "prompt is a string",
    "prompt.max_length": "prompt has at most 20000 characters",
    "mode.one_of": "mode is text_to_image or image_to_image",
    "resolution.one_of": "resolution is 1K, 2K or 4K",
    "aspect_ratio.one_of": "aspect_ratio is auto, 1:1, 16:9, 9:16, 4:3 or 3:4",
    "images.required": "image_to_image needs image_urls",
    "images.only_with": "image_urls go only with image_to_image",
    "images.count": "1 to 16 image_urls",
    "images.format": "image_urls is a list of strings, each image is whole",
    "images.url_only": "image_urls are http or https addresses",
    "images.media_type": "an image is jpg, png or webp",
    "images.max_bytes": "an image has up to 10 MB",
    **{f"{field}.absent": f"{field} is no field of this API" for field in FORBIDDEN},
}

BOUNDARIES = {
    "prompt.max_length": "exactly 20000 characters",
    "mode.one_of": "image_to_image",
    "resolution.one_of": "4K",
    "aspect_ratio.one_of": "3:4",
    "images.count": "16 image_urls",
    "images.media_type": f"{uploads.IMAGE_TYPES[-1]} images",
    "images.max_bytes": "an image of 10000000 bytes (MB read as 10^6)",
}

# The nearest values outside, which a loosened rule accepts. No value is nearest to most lists of
# words or to a limit in MB, which has two readings.
LOOSE = {
    "prompt.max_length": "20001 characters",
    "resolution.one_of": "8K",
    "images.count": "17 image_urls and an empty list",
}
LIMIT_MB = 10
# For other models, whose own limits these documents do not state: that of the page on files.
GENERAL_LIMIT_MB = 30


# The page of error codes ends before prompts and options: those refusals have its code for bodies.
BAD_BODY = "invalid_request_body"
MESSAGES = {
    "body.format": "The request body must be a JSON object.",
    "model.required": "model is required.",
    "mode.one_of": "This mode is not supported by the model; mode must be one of text_to_image,"
    " image_to_image.",
    "prompt.required": "prompt is required.",
    "prompt.format": "prompt must be a string.",
    "prompt.max_length": "prompt must be at most 20000 characters long.",
    "resolution.one_of": "resolution must be one of 1K, 2K, 4K.",
    "aspect_ratio.one_of": "aspect_ratio must be one of auto, 1:1, 16:9, 9:16, 4:3, 3:4.",
    "images.only_with": "image_urls are not supported in mode text_to_image.",
    "images.required": "image_urls is required in mode image_to_image.",
    "images.format": "image_urls must be a list of URLs.",
    "images.count": "image_urls must hold 1 to 16 URLs.",
    "images.url_only": "image_urls must hold http(s) URLs only.",
}


def check_buble(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why a request body is refused, or None."""
    if not isinstance(body, dict):
        return _refuse("body.format", None)
    return (
        _forbidden(body, switches)
        or _model(body, switches)
        or _mode(body, switches)
        or _prompt(body, switches)
        or _options(body, switches)
        or _images(body, switches)
        or _references(body, switches)
    )


def image_urls(body: Mapping[str, object]) -> object:
    """Return the list of addresses that an edit starts from, None in the other mode."""
    return body.get("image_urls") if body.get("mode") == "image_to_image" else None


def check_buble_edit(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why an edit's JSON body, or the form that uploads a file for it, is refused, or None.

    Images are decoded, so this belongs in a thread.
    """
    return _check_upload(body, switches) if isinstance(body, Form) else check_buble(body, switches)


def _check_upload(form: Form, switches: RuleSwitches) -> Refusal | None:
    """Check the form of POST /api/v1/files."""
    file_type = form.text("file_type")
    if file_type not in (None, "", "image"):
        message = f"The file_type {file_type} is not supported by the model."
        return _refuse("file_type.one_of", "file_type", message, "unsupported_file_type", 415)
    files = form.files("file")
    if not files:
        return _refuse("file.required", "file", "file is required.", "missing_file")
    is_gpt_image = form.text("model") in (None, "", MODEL, "gpt-image-2")
    limit_mb = LIMIT_MB if is_gpt_image else GENERAL_LIMIT_MB
    return _image(uploads.uploaded_image(files[0].data), "file", limit_mb, switches)


def _forbidden(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    for field in FORBIDDEN:
        rule = f"{field}.absent"
        if body.get(field) is not None and switches.holds(rule):
            return _refuse(rule, field, f"Unsupported field: {field}.", "unsupported_field")
    return None


def _model(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    model = body.get("model")
    rule = broken_model_rule(model, switches, (MODEL,))
    if rule != "model.one_of":
        return None if rule is None else _refuse(rule, "model")
    if not isinstance(model, str):
        return _refuse(rule, "model", "model must be a string.")
    return _refuse(rule, "model", f"The model {model} was not found.", "model_not_found", 404)


def _mode(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    # "Pass mode explicitly" is guidance, not a rule, and no page says what happens without: it
    # counts as text_to_image here, although a code ambiguous_generation_mode (422) exists.
    broken = unlisted_parameter(body, switches, {"mode": MODES})
    if broken is None:
        return None
    return _refuse("mode.one_of", "mode", code="mode_not_supported", status=422)


def _prompt(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    rule = broken_prompt_rule(body.get("prompt"), switches, 20_000)
    return None if rule is None else _refuse(rule, "prompt")


def _options(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    option = unlisted_parameter(body, switches, OPTIONS)
    return None if option is None else _refuse(f"{option}.one_of", option)


def _images(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    images = body.get("image_urls")
    if body.get("mode") != "image_to_image":
        if images in (None, []) or not switches.holds("images.only_with"):
            return None
        code = "unsupported_input_for_model"
        return _refuse("images.only_with", "image_urls", code=code, status=422)
    if images is None:
        broken = switches.holds("images.required")
        return _refuse("images.required", "image_urls") if broken else None
    addresses = images if isinstance(images, list) else [None]
    rule = broken_address_rule(addresses, switches, 16)
    return None if rule is None else _refuse(rule, "image_urls")


def _references(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    """Check what image_urls on loopback serve like an upload; no page says that this is done."""
    if not isinstance(body, ResolvedBody):
        return None
    images = [place.upload for place in body.references if place.upload is not None]
    refusals = (_image(image, "image_urls", LIMIT_MB, switches) for image in images)
    return next((refusal for refusal in refusals if refusal is not None), None)


def _image(
    upload: UploadedImage, parameter: str, limit_mb: int, switches: RuleSwitches
) -> Refusal | None:
    rule = uploads.broken_image_rule(upload, limit_mb, switches, limit_fits=True)
    if rule is None:
        return None
    if rule == "images.max_bytes":
        message = f"{parameter}: a file must be no larger than {limit_mb} MB."
        return _refuse(rule, parameter, message, "file_too_large", 413)
    message = f"{parameter}: a file must be a jpg, png or webp image."
    return _refuse(rule, parameter, message, "unsupported_file_format", 415)


def _refuse(
    rule: str, parameter: str | None, message: str = "", code: str = BAD_BODY, status: int = 400
) -> Refusal:
    """Refuse a parameter, with the rule's own message where none is given."""
    message = message or MESSAGES[rule]
    return Refusal(rule=rule, parameter=parameter, message=message, status=status, code=code)
