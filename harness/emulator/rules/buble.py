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
from .kinds import is_web_address
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

# The nearest values outside, which a loosened rule lets in. Nothing is nearest to most lists of
# words or to a limit in MB, which has two readings.
LOOSE = {
    "prompt.max_length": "20001 characters",
    "resolution.one_of": "8K",
    "images.count": "17 image_urls and an empty list",
}
LIMIT_MB = 10
# For the modes of other models, whose own limits are not ours to know: that of the page on files.
GENERAL_LIMIT_MB = 30


def check_buble(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why a request body is refused, or None.

    The page of error codes ends before prompts and options: those refusals take
    invalid_request_body (400), the code it lists for bodies.
    """
    if not isinstance(body, dict):
        return _bad_body("body.format", None, "The request body must be a JSON object.")
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
    """Return what an edit names as its references; nothing in the other mode."""
    return body.get("image_urls") if body.get("mode") == "image_to_image" else None


def check_buble_edit(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why an edit's JSON body, or the form that uploads a file for it, is refused, or None.

    Images are decoded, so this belongs in a thread.
    """
    return check_upload(body, switches) if isinstance(body, Form) else check_buble(body, switches)


def check_upload(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why the form of POST /api/v1/files is refused, or None; belongs in a thread."""
    if not isinstance(body, Form):
        return _bad_body("body.format", None, "The request body must be multipart/form-data.")
    file_type = body.text("file_type")
    if file_type not in (None, "", "image"):
        return Refusal(
            rule="file_type.one_of",
            parameter="file_type",
            message=f"The file_type {file_type} is not supported by the model.",
            status=415,
            code="unsupported_file_type",
        )
    files = body.files("file")
    if not files:
        return Refusal(
            rule="file.required", parameter="file", message="file is required.", code="missing_file"
        )
    ours = body.text("model") in (None, "", MODEL, "gpt-image-2")
    limit_mb = LIMIT_MB if ours else GENERAL_LIMIT_MB
    return _image(uploads.uploaded_image(files[0].data), "file", limit_mb, switches)


def _forbidden(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    for field in FORBIDDEN:
        if body.get(field) is not None and switches.holds(f"{field}.absent"):
            return Refusal(
                rule=f"{field}.absent",
                parameter=field,
                message=f"Unsupported field: {field}.",
                code="unsupported_field",
            )
    return None


def _model(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    model = body.get("model")
    if model is None:
        if switches.holds("model.required"):
            return _bad_body("model.required", "model", "model is required.")
        return None
    if switches.admits("model.one_of", model, (MODEL,)):
        return None
    if not isinstance(model, str):
        return _bad_body("model.one_of", "model", "model must be a string.")
    return Refusal(
        rule="model.one_of",
        parameter="model",
        message=f"The model {model} was not found.",
        status=404,
        code="model_not_found",
    )


def _mode(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    # "Pass mode explicitly" is guidance, not a rule, and no page says what happens without: it
    # counts as text_to_image here, although a code ambiguous_generation_mode (422) exists.
    mode = body.get("mode")
    if mode is None or switches.admits("mode.one_of", mode, MODES):
        return None
    return Refusal(
        rule="mode.one_of",
        parameter="mode",
        message="This mode is not supported by the model; mode must be one of text_to_image,"
        " image_to_image.",
        status=422,
        code="mode_not_supported",
    )


def _prompt(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    prompt = body.get("prompt")
    if prompt is None or prompt == "":
        if switches.holds("prompt.required"):
            return _bad_body("prompt.required", "prompt", "prompt is required.")
        return None
    if not isinstance(prompt, str):
        if switches.holds("prompt.format"):
            return _bad_body("prompt.format", "prompt", "prompt must be a string.")
        return None
    longest = switches.longest("prompt.max_length", 20_000)
    if len(prompt) > longest and switches.holds("prompt.max_length"):
        return _bad_body(
            "prompt.max_length", "prompt", "prompt must be at most 20000 characters long."
        )
    return None


def _options(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    resolution = body.get("resolution")
    if resolution is not None and not switches.admits("resolution.one_of", resolution, RESOLUTIONS):
        return _bad_body("resolution.one_of", "resolution", "resolution must be one of 1K, 2K, 4K.")
    ratio = body.get("aspect_ratio")
    if ratio is not None and not switches.admits("aspect_ratio.one_of", ratio, RATIOS):
        return _bad_body(
            "aspect_ratio.one_of",
            "aspect_ratio",
            "aspect_ratio must be one of auto, 1:1, 16:9, 9:16, 4:3, 3:4.",
        )
    return None


def _images(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    images = body.get("image_urls")
    if body.get("mode") != "image_to_image":
        if images not in (None, []) and switches.holds("images.only_with"):
            return Refusal(
                rule="images.only_with",
                parameter="image_urls",
                message="image_urls are not supported in mode text_to_image.",
                status=422,
                code="unsupported_input_for_model",
            )
        return None
    if images is None:
        if switches.holds("images.required"):
            return _bad_body(
                "images.required", "image_urls", "image_urls is required in mode image_to_image."
            )
        return None
    if not isinstance(images, list) or not all(isinstance(image, str) for image in images):
        if switches.holds("images.format"):
            return _bad_body("images.format", "image_urls", "image_urls must be a list of URLs.")
        return None
    if not switches.spans("images.count", len(images), 1, 16):
        return _bad_body("images.count", "image_urls", "image_urls must hold 1 to 16 URLs.")
    if not all(is_web_address(image) for image in images) and switches.holds("images.url_only"):
        return _bad_body("images.url_only", "image_urls", "image_urls must hold http(s) URLs only.")
    return None


def _references(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    """Judge what lies behind image_urls on loopback like an upload; ours, no page speaks of it."""
    if not isinstance(body, ResolvedBody):
        return None
    uploaded = [found.upload for found in body.references if found.upload is not None]
    refusals = (_image(upload, "image_urls", LIMIT_MB, switches) for upload in uploaded)
    return next((refusal for refusal in refusals if refusal is not None), None)


def _image(
    upload: UploadedImage, parameter: str, limit_mb: int, switches: RuleSwitches
) -> Refusal | None:
    rule = uploads.broken_image_rule(upload, limit_mb, switches, limit_fits=True)
    if rule is None:
        return None
    if rule == "images.max_bytes":
        return Refusal(
            rule=rule,
            parameter=parameter,
            message=f"{parameter}: a file must be no larger than {limit_mb} MB.",
            status=413,
            code="file_too_large",
        )
    return Refusal(
        rule=rule,
        parameter=parameter,
        message=f"{parameter}: a file must be a jpg, png or webp image.",
        status=415,
        code="unsupported_file_format",
    )


def _bad_body(rule: str, parameter: str | None, message: str) -> Refusal:
    return Refusal(rule=rule, parameter=parameter, message=message, code="invalid_request_body")
