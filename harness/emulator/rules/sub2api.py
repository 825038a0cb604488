"""What sub2api accepts in POST /v1/images/generations, and what its other paths share with that.

Source: the seed document "GPT Image 2 API Reference For sub2api", sections Generation Parameters
and Size Constraints. Prompt maximum, unknown keys, `response_format` and the wording of the errors
come from the second source (conformance table of api.openai.com, 2026-08; source of the gateway).
RULES, WHERE, BOUNDARIES, LOOSE and LOWER are those of all its paths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .parameters import (
    broken_integer_rule,
    broken_model_rule,
    broken_prompt_rule,
    broken_size_rule,
    is_integer,
    unlisted_parameter,
)
from .switches import AS_WRITTEN, Refusal, RuleSwitches
from .wording import (
    invalid_request,
    invalid_value_error,
    missing_parameter,
    user_error,
    wrong_kind_error,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

MODELS = ("gpt-image-2", "gpt-image-2-2026-04-21")
FORMATS = ("png", "jpeg", "webp")
WORDS = {
    "quality": ("low", "medium", "high", "auto"),
    "output_format": FORMATS,
    "background": ("auto", "opaque"),
    "moderation": ("auto", "low"),
    "response_format": ("url", "b64_json"),
}
KEYS = frozenset(
    {
        "model", "prompt", "n", "size", "quality", "output_format", "output_compression",
        "background", "moderation", "stream", "partial_images", "user", "response_format",
    }
)  # fmt: skip
UNREADABLE = Refusal(
    rule="body.format",
    parameter=None,
    message="failed to parse request body",
    kind="invalid_request_error",
)
SIZE_REASONS = {
    "size.format": "Expected WIDTHxHEIGHT, for example '1824x1024'.",
    "size.multiple_of": "Width and height must both be divisible by 16.",
    "size.max_edge": "The longest edge must be less than or equal to 3840.",
    # No source has the real words for the ratio: these are invented.
    "size.max_ratio": "The ratio of the long edge to the short edge must not exceed 3:1.",
    "size.min_pixels": "Requested resolution is below the current minimum pixel budget.",
    "size.max_pixels": "Requested resolution exceeds the current pixel budget.",
}

RULES = {
    "model.required": "model is required for the Images API",
    "model.one_of": "model is gpt-image-2 or gpt-image-2-2026-04-21",
    "input_fidelity.absent": "input_fidelity is to be omitted for gpt-image-2",
    "style.absent": "style is no parameter of this model",
    "prompt.required": "prompt is required and not empty",
    "prompt.format": "prompt is a string",
    "prompt.max_length": "prompt has at most 32000 characters (second source)",
    "n.integer": "n is an integer",
    "n.range": "n is 1 to 10",
    "n.only_with": "n above 1 goes only without stream (source of the gateway)",
    "size.format": "size is auto or WIDTHxHEIGHT",
    "size.multiple_of": "both edges are multiples of 16 px",
    "size.max_edge": "no edge exceeds 3840 px",
    "size.max_ratio": "long edge to short edge is at most 3:1",
    "size.min_pixels": "at least 655360 px in total",
    "size.max_pixels": "at most 8294400 px in total",
    "quality.one_of": "quality is low, medium, high or auto",
    "output_format.one_of": "output_format is png, jpeg or webp",
    "output_compression.integer": "output_compression is an integer",
    "output_compression.range": "output_compression is 0 to 100",
    "output_compression.only_with": "output_compression applies to jpeg and webp",
    "background.one_of": "background is auto or opaque",
    "moderation.one_of": "moderation is auto or low",
    "stream.one_of": "stream is a boolean",
    "partial_images.integer": "partial_images is an integer",
    "partial_images.range": "partial_images is 0 to 3",
    "partial_images.only_with": "partial_images goes only with stream",
    "user.format": "user is a string",
    "response_format.one_of": "response_format is url or b64_json (source of the gateway)",
    "images.required": "an edit has at least one image",
    "images.count": "an edit has at most 16 images (schema of OpenAI)",
    "images.media_type": "an image is a png, a webp or a jpeg (schema of OpenAI)",
    "images.format": "an image is whole",
    "images.max_bytes": "an image is under 50 MB (schema of OpenAI)",
    "mask.format": "the mask is a whole image",
    "mask.max_bytes": "the mask is under 50 MB",
    "mask.same_format": "the mask has the format of the first image",
    "mask.same_size": "the mask has the dimensions of the first image",
    "mask.alpha": "the mask has an alpha channel",
}

# Where a rule can be broken that not every operation has. A form holds texts only, and a prompt for
# the tool has no documented length.
WHERE: dict[str, tuple[str, ...]] = {
    "strict:model.one_of": ("generate", "edit"),
    "prompt.format": ("generate", "respond"),
    "prompt.max_length": ("generate", "edit"),
    "n": ("generate", "edit"),
    "output_compression.only_with": ("generate", "edit"),
    "partial_images.only_with": ("generate", "edit"),
    "style": ("generate", "edit"),
    "user": ("generate", "respond"),
    "response_format": ("generate", "edit"),
    "input_fidelity": ("generate", "edit", "respond"),
}

BOUNDARIES = {
    "model.one_of": "gpt-image-2-2026-04-21",
    "prompt.max_length": "exactly 32000 characters",
    "n.range": "10",
    "size.multiple_of": "multiples of 16 that are none of 32",
    "size.max_edge": "an edge of 3840",
    "size.max_ratio": "exactly 3:1",
    "size.min_pixels": "exactly 655360 px",
    "size.max_pixels": "exactly 8294400 px",
    "quality.one_of": "auto",
    "output_format.one_of": "webp",
    "output_compression.range": "100",
    "background.one_of": "opaque",
    "moderation.one_of": "low",
    "stream.one_of": "true",
    "partial_images.range": "3",
    "response_format.one_of": "b64_json",
    "images.count": "16",
    "images.media_type": "jpeg",
    "images.max_bytes": "49999999 bytes and more",
    "mask.max_bytes": "49999999 bytes and more",
}

# The nearest values outside, which a loosened rule accepts. No value is nearest to most lists of
# words or to a limit in MB, which has two readings.
LOOSE = {
    "prompt.max_length": "32001 characters",
    "n.range": "0 and 11",
    "size.multiple_of": "multiples of 8 px",
    "size.max_edge": "an edge of 3856",
    "size.max_ratio": "a long edge 16 px beyond 3:1",
    "size.min_pixels": "654336 px, the next size below",
    "size.max_pixels": "8297472 px, the next size above",
    "background.one_of": "transparent",
    "output_compression.range": "-1 and 101",
    "partial_images.range": "-1 and 4",
    "images.count": "17",
}
LOWER = {"output_compression.range": "0", "partial_images.range": "0"}


def check_sub2api(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why a request body is refused, or None; reported in OpenAI's measured order."""
    if not isinstance(body, dict):
        return UNREADABLE
    return check_opening(body, switches, KEYS) or check_options(body, switches)


def check_opening(
    body: Mapping[str, object], switches: RuleSwitches, keys: frozenset[str]
) -> Refusal | None:
    """Check the model, keys that are none of `keys`, and the prompt."""
    model, prompt = body.get("model"), body.get("prompt")
    rule = broken_model_rule(model, switches, MODELS)
    if rule is not None:
        return _wrong_text(body, "model", rule) or user_error(
            rule, "model", f"The model '{model}' does not exist."
        )
    for key in body:
        if key not in keys and switches.holds(f"{key}.absent"):
            message = f"Unknown parameter: '{key}'."
            return invalid_request(f"{key}.absent", key, message, "unknown_parameter")
    rule = broken_prompt_rule(prompt, switches, 32_000)
    return (
        None if rule is None else _wrong_text(body, "prompt", rule) or _wrong_length(rule, prompt)
    )


def check_options(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    """Check the options of the picture to make and of the reply."""
    return (
        _n(body, switches)
        or _size(body, switches)
        or _words(body, switches)
        or _compression(body, switches)
        or _stream(body, switches)
        or _user(body, switches)
    )


def _wrong_text(body: Mapping[str, object], name: str, rule: str) -> Refusal | None:
    """Refuse a parameter that is absent or no string."""
    if name not in body:
        return missing_parameter(rule, name)
    value = body[name]
    return None if isinstance(value, str) else wrong_kind_error(rule, name, "a string", value)


def _wrong_length(rule: str, prompt: object) -> Refusal:
    length = len(str(prompt))
    if length == 0:
        reason = (
            "string too short. Expected a string with minimum length 1, but got an empty string"
            " instead."
        )
        return invalid_value_error(rule, "prompt", "empty_string", reason)
    reason = (
        "string too long. Expected a string with maximum length 32000,"
        f" but got a string with length {length} instead."
    )
    return invalid_value_error(rule, "prompt", "string_above_max_length", reason)


def _n(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    refusal = _integer(body, switches, "n", 1, 10)
    if refusal is not None:
        return refusal
    n = body.get("n")
    many = is_integer(n) and n > 1
    if many and body.get("stream") is True and switches.holds("n.only_with"):
        # Code and parameter are the gateway's, the wording is invented.
        message = "Streaming supports only n=1."
        return invalid_request("n.only_with", "n", message, "unsupported_parameter")
    return None


def _size(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    size = body.get("size")
    rule = broken_size_rule(size, switches)
    if rule is None:
        return None
    if not isinstance(size, str):
        return wrong_kind_error(rule, "size", "a string", size)
    return user_error(rule, "size", f"Invalid size '{size}'. {SIZE_REASONS[rule]}")


def _words(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    name = unlisted_parameter(body, switches, WORDS)
    if name is None:
        return None
    rule, value, words = f"{name}.one_of", body[name], WORDS[name]
    if not isinstance(value, str):
        return wrong_kind_error(rule, name, "a string", value)
    if name == "background" and value == "transparent":
        return user_error(rule, name, "Transparent background is not supported for this model.")
    listed = ", ".join(f"'{word}'" for word in words[:-1]) + f", and '{words[-1]}'"
    message = f"Invalid value: '{value}'. Supported values are: {listed}."
    return invalid_request(rule, name, message, "invalid_value")


def _compression(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    refusal = _integer(body, switches, "output_compression", 0, 100)
    if refusal is not None or body.get("output_compression") is None:
        return refusal
    lossy = body.get("output_format") in ("jpeg", "webp")
    # Wording unknown: modelled on the gateway's unsupported_parameter.
    reason = "only supported with output_format 'jpeg' or 'webp'."
    return None if lossy else _unsupported("output_compression", reason, switches)


def _stream(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    stream = body.get("stream")
    if stream is not None and switches.holds("stream.one_of"):
        if not isinstance(stream, bool):
            return wrong_kind_error("stream.one_of", "stream", "a boolean", stream)
        if stream and switches.tight("stream.one_of"):
            reason = "expected a boolean."
            return invalid_value_error("stream.one_of", "stream", "invalid_value", reason)
    refusal = _integer(body, switches, "partial_images", 0, 3)
    if refusal is not None or body.get("partial_images") is None or stream is True:
        return refusal
    return _unsupported("partial_images", "only supported when 'stream' is true.", switches)


def _unsupported(name: str, reason: str, switches: RuleSwitches) -> Refusal | None:
    """Refuse a parameter that goes only with another one."""
    rule = f"{name}.only_with"
    if not switches.holds(rule):
        return None
    return invalid_value_error(rule, name, "invalid_value", reason)


def _user(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    user = body.get("user")
    if user is not None and not isinstance(user, str) and switches.holds("user.format"):
        return wrong_kind_error("user.format", "user", "a string", user)
    return None


def _integer(
    body: Mapping[str, object], switches: RuleSwitches, name: str, low: int, high: int
) -> Refusal | None:
    number = body.get(name)
    rule = broken_integer_rule(name, number, switches, low, high)
    if rule is None:
        return None
    if not is_integer(number):
        return wrong_kind_error(rule, name, "an integer", number)
    if number < low:
        code, reason = "integer_below_min_value", f"below minimum value. Expected a value >= {low}"
    else:
        code, reason = "integer_above_max_value", f"above maximum value. Expected a value <= {high}"
    return invalid_value_error(rule, name, code, f"integer {reason}, but got {number} instead.")
