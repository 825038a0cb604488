"""What Apiframe accepts in POST /v2/images/generate for gpt-image-2.

Source: the seed document, section Input schema. Prompt maximum, `aspect_ratio` and the refusal of
unknown keys inside gptImage2Params come from the second source, the OpenAPI file of its SDK.
Unknown keys at the top level are ignored. No page shows a real validation message: the texts are in
the style of the validator zod, whose shape {path: [messages]} the documents show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .kinds import is_integer, is_web_address, word_for
from .switches import AS_WRITTEN, Refusal, RuleSwitches

if TYPE_CHECKING:
    from collections.abc import Mapping

MODEL = "gpt-image-2"
QUALITIES = ("auto", "low", "medium", "high")
BACKGROUNDS = ("auto", "opaque")
FORMATS = ("webp", "png", "jpeg")
MODERATIONS = ("auto", "low")
RATIOS = ("1:1", "3:2", "2:3")
EVENTS = ("progress", "completed", "failed")
PARAMS = "gptImage2Params"
INNER_KEYS = frozenset(
    {
        "input_images", "quality", "background", "number_of_images", "output_format", "moderation",
        "aspect_ratio",
    }
)  # fmt: skip

RULES = {
    "model.required": "model is required",
    "model.one_of": "model is gpt-image-2",
    "prompt.required": "prompt is required and not empty",
    "prompt.format": "prompt is a string",
    "prompt.max_length": "prompt has at most 2000 characters (second source)",
    "gptImage2Params.format": "gptImage2Params is an object",
    "gptImage2Params.absent": "gptImage2Params holds no unknown key (second source)",
    "quality.one_of": "quality is auto, low, medium or high",
    "background.one_of": "background is auto or opaque",
    "n.integer": "number_of_images is an integer (step 1)",
    "n.range": "number_of_images is 1 to 10",
    "output_format.one_of": "output_format is webp, png or jpeg",
    "moderation.one_of": "moderation is auto or low",
    "aspect_ratio.one_of": "aspect_ratio is 1:1, 3:2 or 2:3",
    "images.format": "input_images is a string or a list of strings",
    "images.count": "a list of input_images holds 1 to 16 (the number is ours)",
    "images.url_only": "input_images are http or https addresses",
    "webhook_url.format": "webhook_url is an http or https address",
    "webhook_events.one_of": "webhookEvents is a list of progress, completed and failed",
}

BOUNDARIES = {
    "prompt.max_length": "exactly 2000 characters",
    "quality.one_of": "high",
    "background.one_of": "opaque",
    "n.range": "10",
    "output_format.one_of": "jpeg",
    "moderation.one_of": "low",
    "aspect_ratio.one_of": "2:3",
    "images.count": "16 input_images",
}

# The nearest values outside, which a loosened rule lets in. Nothing is nearest to most lists of
# words.
LOOSE = {
    "prompt.max_length": "2001 characters",
    "background.one_of": "transparent",
    "n.range": "0 and 11",
    "images.count": "17 input_images and an empty list",
}


def check_apiframe(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why a request body is refused, or None."""
    if not isinstance(body, dict):
        return Refusal(rule="body.format", parameter=None, message="Invalid JSON body")
    refusal = _model(body, switches) or _prompt(body, switches) or _webhook(body, switches)
    if refusal is not None:
        return refusal
    params = body.get(PARAMS)
    if params is None:
        return None
    if not isinstance(params, dict):
        if switches.holds("gptImage2Params.format"):
            return _wrong_kind("gptImage2Params.format", PARAMS, "object", params)
        return None
    return (
        _unknown_key(params, switches)
        or _words(params, switches)
        or _number_of_images(params, switches)
        or _input_images(params, switches)
    )


def _model(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    model = body.get("model")
    if model is None:
        if switches.holds("model.required"):
            return _refuse("model.required", "model", "Required")
        return None
    if switches.admits("model.one_of", model, (MODEL,)):
        return None
    if not isinstance(model, str):
        return _wrong_kind("model.one_of", "model", "string", model)
    return _refuse("model.one_of", "model", f"Unknown model: {model}")


def _prompt(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    prompt = body.get("prompt")
    if prompt is None:
        if switches.holds("prompt.required"):
            return _refuse("prompt.required", "prompt", "Required")
        return None
    if not isinstance(prompt, str):
        if switches.holds("prompt.format"):
            return _wrong_kind("prompt.format", "prompt", "string", prompt)
        return None
    if prompt == "" and switches.holds("prompt.required"):
        return _refuse("prompt.required", "prompt", "String must contain at least 1 character(s)")
    longest = switches.longest("prompt.max_length", 2_000)
    if len(prompt) > longest and switches.holds("prompt.max_length"):
        return _refuse(
            "prompt.max_length", "prompt", "String must contain at most 2000 character(s)"
        )
    return None


def webhook_url(body: Mapping[str, object]) -> object:
    """Return where the events of a job go, None where nobody wants them.

    The seed says webhook_url, the OpenAPI file webhookUrl; which one works is unknown, so both are
    taken.
    """
    url = body.get("webhook_url")
    return body.get("webhookUrl") if url is None else url


def input_images(body: Mapping[str, object]) -> object:
    """Return what a body names as its references."""
    params = body.get(PARAMS)
    return params.get("input_images") if isinstance(params, dict) else None


def _webhook(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    for key in ("webhook_url", "webhookUrl"):
        value = body.get(key)
        if value is None or is_web_address(value) or not switches.holds("webhook_url.format"):
            continue
        if not isinstance(value, str):
            return _wrong_kind("webhook_url.format", key, "string", value)
        return _refuse("webhook_url.format", key, "Invalid url")
    events = body.get("webhookEvents")
    if events is None or not switches.holds("webhook_events.one_of"):
        return None
    if not isinstance(events, list):
        return _wrong_kind("webhook_events.one_of", "webhookEvents", "array", events)
    unknown = next((event for event in events if event not in EVENTS), None)
    if unknown is None and None not in events:
        return None
    listed = " | ".join(f"'{word}'" for word in EVENTS)
    message = f"Invalid enum value. Expected {listed}, received '{unknown}'"
    return _refuse("webhook_events.one_of", "webhookEvents", message)


def _unknown_key(params: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    for key in params:
        if key not in INNER_KEYS and switches.holds("gptImage2Params.absent"):
            return _refuse(
                "gptImage2Params.absent",
                f"{PARAMS}.{key}",
                f"Unrecognized key(s) in object: '{key}'",
            )
    return None


def _words(params: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    for key, allowed in (
        ("quality", QUALITIES),
        ("background", BACKGROUNDS),
        ("output_format", FORMATS),
        ("moderation", MODERATIONS),
        ("aspect_ratio", RATIOS),
    ):
        value = params.get(key)
        rule = f"{key}.one_of"
        if value is None or switches.admits(rule, value, allowed):
            continue
        if not isinstance(value, str):
            return _wrong_kind(rule, f"{PARAMS}.{key}", "string", value)
        listed = " | ".join(f"'{word}'" for word in allowed)
        return _refuse(
            rule,
            f"{PARAMS}.{key}",
            f"Invalid enum value. Expected {listed}, received '{value}'",
        )
    return None


def _number_of_images(params: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    path = f"{PARAMS}.number_of_images"
    number = params.get("number_of_images")
    if number is None:
        return None
    if not is_integer(number):
        if not switches.holds("n.integer"):
            return None
        if isinstance(number, float):
            return _refuse("n.integer", path, "Expected integer, received float")
        return _wrong_kind("n.integer", path, "number", number)
    if switches.spans("n.range", number, 1, 10):
        return None
    if number < 1:
        return _refuse("n.range", path, "Number must be greater than or equal to 1")
    return _refuse("n.range", path, "Number must be less than or equal to 10")


def _input_images(params: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    # The seed's table says one URL string, the OpenAPI file a list of URIs: both are taken.
    path = f"{PARAMS}.input_images"
    images = params.get("input_images")
    if images is None:
        return None
    listed = images if isinstance(images, list) else [images]
    if not all(isinstance(image, str) for image in listed):
        if switches.holds("images.format"):
            return _refuse("images.format", path, "Expected string or array of strings")
        return None
    if not switches.spans("images.count", len(listed), 1, 16):
        bound = "at least 1" if not listed else "at most 16"
        return _refuse("images.count", path, f"Array must contain {bound} element(s)")
    if not all(is_web_address(image) for image in listed) and switches.holds("images.url_only"):
        return _refuse("images.url_only", path, "Invalid url")
    return None


def _wrong_kind(rule: str, path: str, expected: str, value: object) -> Refusal:
    return _refuse(rule, path, f"Expected {expected}, received {word_for(value)}")


def _refuse(rule: str, path: str, message: str) -> Refusal:
    return Refusal(rule=rule, parameter=path, message=message)
