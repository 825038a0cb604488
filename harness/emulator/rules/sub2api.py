"""What sub2api accepts in POST /v1/images/generations, and what its other paths share with that.

Source: the seed document "GPT Image 2 API Reference For sub2api", sections Generation Parameters
and Size Constraints. Prompt maximum, unknown keys, `response_format` and the wording of the errors
come from the second source (conformance table of api.openai.com, 2026-08; source of the gateway).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .kinds import is_integer
from .lattice import broken_size_rule, parse_size
from .openai_errors import invalid_value_error, missing_parameter, user_error, wrong_kind_error
from .switches import AS_WRITTEN, Refusal, RuleSwitches

if TYPE_CHECKING:
    from collections.abc import Mapping


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

# The nearest values outside, which a loosened rule lets in. Nothing is nearest to most lists of
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


MODELS = ("gpt-image-2", "gpt-image-2-2026-04-21")
QUALITIES = ("low", "medium", "high", "auto")
FORMATS = ("png", "jpeg", "webp")
BACKGROUNDS = ("auto", "opaque")
MODERATIONS = ("auto", "low")
RESPONSE_FORMATS = ("url", "b64_json")
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


def check_sub2api(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why a request body is refused, or None; reported in OpenAI's measured order."""
    if not isinstance(body, dict):
        return UNREADABLE
    return check_sub2api_opening(body, switches, KEYS) or check_options(body, switches)


def check_sub2api_opening(
    body: Mapping[str, object], switches: RuleSwitches, known: frozenset[str]
) -> Refusal | None:
    """Return what is wrong with the model, with a key that is not known, or with the prompt."""
    return _model(body, switches) or _unknown_key(body, switches, known) or _prompt(body, switches)


def check_options(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    """Return what is wrong with the options of the picture to make and of the reply."""
    return (
        _n(body, switches)
        or _size(body, switches)
        or _words(body, switches)
        or _compression(body, switches)
        or _stream(body, switches)
        or _user(body, switches)
    )


def _model(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    model = body.get("model")
    if model is None:
        if not switches.holds("model.required"):
            return None
        if "model" in body:
            return wrong_kind_error("model.required", "model", "a string", model)
        return missing_parameter("model.required", "model")
    if switches.admits("model.one_of", model, MODELS):
        return None
    if not isinstance(model, str):
        return wrong_kind_error("model.one_of", "model", "a string", model)
    return user_error("model.one_of", "model", f"The model '{model}' does not exist.")


def _unknown_key(
    body: Mapping[str, object], switches: RuleSwitches, known: frozenset[str]
) -> Refusal | None:
    for key in body:
        if key not in known and switches.holds(f"{key}.absent"):
            return Refusal(
                rule=f"{key}.absent",
                parameter=key,
                message=f"Unknown parameter: '{key}'.",
                code="unknown_parameter",
                kind="invalid_request_error",
            )
    return None


def _prompt(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    prompt = body.get("prompt")
    if prompt is None:
        if not switches.holds("prompt.required"):
            return None
        if "prompt" in body:
            return wrong_kind_error("prompt.required", "prompt", "a string", prompt)
        return missing_parameter("prompt.required", "prompt")
    if not isinstance(prompt, str):
        if switches.holds("prompt.format"):
            return wrong_kind_error("prompt.format", "prompt", "a string", prompt)
        return None
    if prompt == "" and switches.holds("prompt.required"):
        return invalid_value_error(
            "prompt.required", "prompt", "empty_string", "string too short. Expected a string with"
            " minimum length 1, but got an empty string instead.",
        )  # fmt: skip
    longest = switches.longest("prompt.max_length", 32_000)
    if len(prompt) > longest and switches.holds("prompt.max_length"):
        reason = (
            "string too long. Expected a string with maximum length 32000,"
            f" but got a string with length {len(prompt)} instead."
        )
        return invalid_value_error("prompt.max_length", "prompt", "string_above_max_length", reason)
    return None


def _n(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    refusal = _whole_number(body, switches, "n", 1, 10)
    if refusal is not None:
        return refusal
    n = body.get("n")
    many = is_integer(n) and n > 1
    if many and body.get("stream") is True and switches.holds("n.only_with"):
        return Refusal(
            rule="n.only_with",
            parameter="n",
            # Code and parameter are the gateway's, the wording is invented.
            message="Streaming supports only n=1.",
            code="unsupported_parameter",
            kind="invalid_request_error",
        )
    return None


def _size(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    size = body.get("size")
    if size is None or size == "auto":
        return None
    edges = parse_size(size)
    if edges is None:
        if not switches.holds("size.format"):
            return None
        if not isinstance(size, str):
            return wrong_kind_error("size.format", "size", "a string", size)
        return user_error(
            "size.format",
            "size",
            f"Invalid size '{size}'. Expected WIDTHxHEIGHT, for example '1824x1024'.",
        )
    rule = broken_size_rule(*edges, switches)
    if rule is None:
        return None
    reason = {
        "size.multiple_of": "Width and height must both be divisible by 16.",
        "size.max_edge": "The longest edge must be less than or equal to 3840.",
        # No source has the real words for the ratio: these are invented.
        "size.max_ratio": "The ratio of the long edge to the short edge must not exceed 3:1.",
        "size.min_pixels": "Requested resolution is below the current minimum pixel budget.",
        "size.max_pixels": "Requested resolution exceeds the current pixel budget.",
    }[rule]
    return user_error(rule, "size", f"Invalid size '{size}'. {reason}")


def _words(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    for key, allowed in (
        ("quality", QUALITIES),
        ("output_format", FORMATS),
        ("background", BACKGROUNDS),
        ("moderation", MODERATIONS),
        ("response_format", RESPONSE_FORMATS),
    ):
        value = body.get(key)
        rule = f"{key}.one_of"
        if value is None or switches.admits(rule, value, allowed):
            continue
        if not isinstance(value, str):
            return wrong_kind_error(rule, key, "a string", value)
        if key == "background" and value == "transparent":
            return user_error(rule, key, "Transparent background is not supported for this model.")
        listed = ", ".join(f"'{word}'" for word in allowed[:-1]) + f", and '{allowed[-1]}'"
        return Refusal(
            rule=rule,
            parameter=key,
            message=f"Invalid value: '{value}'. Supported values are: {listed}.",
            code="invalid_value",
            kind="invalid_request_error",
        )
    return None


def _compression(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    refusal = _whole_number(body, switches, "output_compression", 0, 100)
    if refusal is not None or body.get("output_compression") is None:
        return refusal
    lossy = body.get("output_format") in ("jpeg", "webp")
    if not lossy and switches.holds("output_compression.only_with"):
        # Wording unknown: modelled on the gateway's unsupported_parameter.
        return invalid_value_error(
            "output_compression.only_with", "output_compression", "invalid_value",
            "only supported with output_format 'jpeg' or 'webp'.",
        )  # fmt: skip
    return None


def _stream(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    stream = body.get("stream")
    if stream is not None and switches.holds("stream.one_of"):
        if not isinstance(stream, bool):
            return wrong_kind_error("stream.one_of", "stream", "a boolean", stream)
        if stream and switches.tight("stream.one_of"):
            return invalid_value_error(
                "stream.one_of", "stream", "invalid_value", "expected a boolean."
            )
    refusal = _whole_number(body, switches, "partial_images", 0, 3)
    if refusal is not None or body.get("partial_images") is None:
        return refusal
    if stream is not True and switches.holds("partial_images.only_with"):
        return invalid_value_error(
            "partial_images.only_with", "partial_images", "invalid_value",
            "only supported when 'stream' is true.",
        )  # fmt: skip
    return None


def _user(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    user = body.get("user")
    if user is not None and not isinstance(user, str) and switches.holds("user.format"):
        return wrong_kind_error("user.format", "user", "a string", user)
    return None


def _whole_number(
    body: Mapping[str, object], switches: RuleSwitches, key: str, low: int, high: int
) -> Refusal | None:
    value = body.get(key)
    if value is None:
        return None
    if not is_integer(value):
        if switches.holds(f"{key}.integer"):
            return wrong_kind_error(f"{key}.integer", key, "an integer", value)
        return None
    if switches.spans(f"{key}.range", value, low, high):
        return None
    if value < low:
        return invalid_value_error(
            f"{key}.range", key, "integer_below_min_value",
            f"integer below minimum value. Expected a value >= {low}, but got {value} instead.",
        )  # fmt: skip
    return invalid_value_error(
        f"{key}.range", key, "integer_above_max_value",
        f"integer above maximum value. Expected a value <= {high}, but got {value} instead.",
    )  # fmt: skip
