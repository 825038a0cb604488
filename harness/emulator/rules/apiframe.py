"""What Apiframe accepts in POST /v2/images/generate for gpt-image-2.

Source: the seed document, section Input schema. Prompt maximum, `aspect_ratio` and the refusal of
unknown keys inside gptImage2Params come from the second source, the OpenAPI file of its SDK.
Unknown keys at the top level are ignored. No page shows a real validation message: the texts are in
the style of the validator zod, whose shape {path: [messages]} the documents show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .parameters import (
    broken_address_rule,
    broken_integer_rule,
    broken_model_rule,
    broken_prompt_rule,
    is_integer,
    is_web_address,
    unlisted_parameter,
)
from .switches import AS_WRITTEN, Refusal, RuleSwitches
from .wording import zod_kind, zod_list, zod_prompt, zod_range, zod_words

if TYPE_CHECKING:
    from collections.abc import Mapping

MODEL = "gpt-image-2"
QUALITIES = ("auto", "low", "medium", "high")
BACKGROUNDS = ("auto", "opaque")
FORMATS = ("webp", "png", "jpeg")
MODERATIONS = ("auto", "low")
RATIOS = ("1:1", "3:2", "2:3")
WORDS = {
    "quality": QUALITIES,
    "background": BACKGROUNDS,
    "output_format": FORMATS,
    "moderation": MODERATIONS,
    "aspect_ratio": RATIOS,
}
EVENTS = ("progress", "completed", "failed")
LONGEST_PROMPT = 2_000
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

# The nearest values outside, which a loosened rule accepts. No value is nearest to most lists of
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
    params = body.get(PARAMS)
    if refusal is not None or params is None:
        return refusal
    if not isinstance(params, dict):
        if switches.holds("gptImage2Params.format"):
            return _refuse("gptImage2Params.format", PARAMS, zod_kind("object", params))
        return None
    return (
        _unknown_key(params, switches)
        or _words(params, switches)
        or _number_of_images(params, switches)
        or _input_images(params, switches)
    )


def _model(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    model = body.get("model")
    rule = broken_model_rule(model, switches, (MODEL,))
    if rule is None:
        return None
    if model is None:
        return _refuse(rule, "model", "Required")
    is_text = isinstance(model, str)
    return _refuse(
        rule, "model", f"Unknown model: {model}" if is_text else zod_kind("string", model)
    )


def _prompt(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    prompt = body.get("prompt")
    rule = broken_prompt_rule(prompt, switches, LONGEST_PROMPT)
    if rule is None:
        return None
    return _refuse(rule, "prompt", zod_prompt(rule, prompt, LONGEST_PROMPT))


def webhook_url(body: Mapping[str, object]) -> object:
    """Return where the events of a job go, None where the client wants none.

    The seed says webhook_url, the OpenAPI file webhookUrl; which of them works is unknown, so both
    are accepted.
    """
    url = body.get("webhook_url")
    return body.get("webhookUrl") if url is None else url


def input_images(body: Mapping[str, object]) -> object:
    """Return the address or the list of addresses that a body names as its references."""
    params = body.get(PARAMS)
    return params.get("input_images") if isinstance(params, dict) else None


def _webhook(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    for key in ("webhook_url", "webhookUrl"):
        url = body.get(key)
        if url is not None and not is_web_address(url) and switches.holds("webhook_url.format"):
            message = "Invalid url" if isinstance(url, str) else zod_kind("string", url)
            return _refuse("webhook_url.format", key, message)
    events = body.get("webhookEvents")
    if events is None or not switches.holds("webhook_events.one_of"):
        return None
    if not isinstance(events, list):
        return _refuse("webhook_events.one_of", "webhookEvents", zod_kind("array", events))
    unknown = [event for event in events if event not in EVENTS]
    if not unknown:
        return None
    message = f"Invalid enum value. Expected {zod_list(EVENTS)}, received '{unknown[0]}'"
    return _refuse("webhook_events.one_of", "webhookEvents", message)


def _unknown_key(params: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    key = next((key for key in params if key not in INNER_KEYS), None)
    if key is None or not switches.holds("gptImage2Params.absent"):
        return None
    message = f"Unrecognized key(s) in object: '{key}'"
    return _refuse("gptImage2Params.absent", f"{PARAMS}.{key}", message)


def _words(params: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    key = unlisted_parameter(params, switches, WORDS)
    if key is None:
        return None
    return _refuse(f"{key}.one_of", f"{PARAMS}.{key}", zod_words(WORDS[key], params[key]))


def _number_of_images(params: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    number = params.get("number_of_images")
    rule = broken_integer_rule("n", number, switches, 1, 10)
    if rule is None:
        return None
    if is_integer(number):
        message = zod_range(number, 1, 10)
    elif isinstance(number, float):
        message = "Expected integer, received float"
    else:
        message = zod_kind("number", number)
    return _refuse(rule, f"{PARAMS}.number_of_images", message)


def _input_images(params: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    # The seed's table says one URL string, the OpenAPI file a list of URIs: both are accepted.
    images = params.get("input_images")
    addresses = images if isinstance(images, list) else [images]
    rule = None if images is None else broken_address_rule(addresses, switches, 16)
    if rule is None:
        return None
    bound = "at most 16" if addresses else "at least 1"
    messages = {
        "images.format": "Expected string or array of strings",
        "images.count": f"Array must contain {bound} element(s)",
        "images.url_only": "Invalid url",
    }
    return _refuse(rule, f"{PARAMS}.input_images", messages[rule])


def _refuse(rule: str, path: str, message: str) -> Refusal:
    return Refusal(rule=rule, parameter=path, message=message)
