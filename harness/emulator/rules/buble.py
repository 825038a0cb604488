"""What Buble accepts in POST /api/v1/generations for openai/gpt-image-2.

Source: the seed document "GPT Image 2 API" of Buble (modes and inputs, options). The fields that
are refused and the error codes come from its pages docs/generations and docs/errors. Keys that no
page names are ignored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .kinds import is_web_address
from .law import AS_WRITTEN, Law, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    "images.format": "image_urls is a list of web addresses",
    **{f"{field}.absent": f"{field} is no field of this API" for field in FORBIDDEN},
}

BOUNDARIES = {
    "prompt.max_length": "exactly 20000 characters",
    "mode.one_of": "image_to_image",
    "resolution.one_of": "4K",
    "aspect_ratio.one_of": "3:4",
    "images.count": "16 image_urls",
}


def check(body: object, law: Law = AS_WRITTEN) -> Refusal | None:
    """Return why a request body is refused, or None.

    The page of error codes ends before prompts and options: those refusals take
    invalid_request_body (400), the code it lists for bodies.
    """
    if not isinstance(body, dict):
        return _bad_body("body.format", None, "The request body must be a JSON object.")
    return (
        _forbidden(body, law)
        or _model(body, law)
        or _mode(body, law)
        or _prompt(body, law)
        or _options(body, law)
        or _images(body, law)
    )


def _forbidden(body: Mapping[str, object], law: Law) -> Refusal | None:
    for field in FORBIDDEN:
        if body.get(field) is not None and law.holds(f"{field}.absent"):
            return Refusal(
                rule=f"{field}.absent",
                parameter=field,
                message=f"Unsupported field: {field}.",
                code="unsupported_field",
            )
    return None


def _model(body: Mapping[str, object], law: Law) -> Refusal | None:
    model = body.get("model")
    if model is None:
        if law.holds("model.required"):
            return _bad_body("model.required", "model", "model is required.")
        return None
    if law.admits("model.one_of", model, (MODEL,)):
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


def _mode(body: Mapping[str, object], law: Law) -> Refusal | None:
    # "Pass mode explicitly" is guidance, not a rule, and no page says what happens without: it
    # counts as text_to_image here, although a code ambiguous_generation_mode (422) exists.
    mode = body.get("mode")
    if mode is None or law.admits("mode.one_of", mode, MODES):
        return None
    return Refusal(
        rule="mode.one_of",
        parameter="mode",
        message="This mode is not supported by the model; mode must be one of text_to_image,"
        " image_to_image.",
        status=422,
        code="mode_not_supported",
    )


def _prompt(body: Mapping[str, object], law: Law) -> Refusal | None:
    prompt = body.get("prompt")
    if prompt is None or prompt == "":
        if law.holds("prompt.required"):
            return _bad_body("prompt.required", "prompt", "prompt is required.")
        return None
    if not isinstance(prompt, str):
        if law.holds("prompt.format"):
            return _bad_body("prompt.format", "prompt", "prompt must be a string.")
        return None
    longest = 19_999 if law.tight("prompt.max_length") else 20_000
    if len(prompt) > longest and law.holds("prompt.max_length"):
        return _bad_body(
            "prompt.max_length", "prompt", "prompt must be at most 20000 characters long."
        )
    return None


def _options(body: Mapping[str, object], law: Law) -> Refusal | None:
    resolution = body.get("resolution")
    if resolution is not None and not law.admits("resolution.one_of", resolution, RESOLUTIONS):
        return _bad_body("resolution.one_of", "resolution", "resolution must be one of 1K, 2K, 4K.")
    ratio = body.get("aspect_ratio")
    if ratio is not None and not law.admits("aspect_ratio.one_of", ratio, RATIOS):
        return _bad_body(
            "aspect_ratio.one_of",
            "aspect_ratio",
            "aspect_ratio must be one of auto, 1:1, 16:9, 9:16, 4:3, 3:4.",
        )
    return None


def _images(body: Mapping[str, object], law: Law) -> Refusal | None:
    images = body.get("image_urls")
    given = images is not None and images != []
    if body.get("mode") != "image_to_image":
        if given and law.holds("images.only_with"):
            return Refusal(
                rule="images.only_with",
                parameter="image_urls",
                message="image_urls are not supported in mode text_to_image.",
                status=422,
                code="unsupported_input_for_model",
            )
        return None
    if not given:
        if law.holds("images.required"):
            return _bad_body(
                "images.required", "image_urls", "image_urls is required in mode image_to_image."
            )
        return None
    if not isinstance(images, list) or not all(is_web_address(image) for image in images):
        if law.holds("images.format"):
            return _bad_body("images.format", "image_urls", "image_urls must be a list of URLs.")
        return None
    if not law.spans("images.count", len(images), 1, 16):
        return _bad_body("images.count", "image_urls", "image_urls must hold 1 to 16 URLs.")
    return None


def _bad_body(rule: str, parameter: str | None, message: str) -> Refusal:
    return Refusal(rule=rule, parameter=parameter, message=message, code="invalid_request_body")
