"""What sub2api accepts in POST /v1/images/generations.

Source: the seed document "GPT Image 2 API Reference For sub2api", sections Generation Parameters
and Size Constraints. Prompt maximum, unknown keys, `response_format` and the wording of the errors
come from the second source (conformance table of api.openai.com, 2026-08; source of the gateway).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .kinds import is_integer, kind_of
from .lattice import broken_size_rule, parse_size
from .law import AS_WRITTEN, Law, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

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
}


def check(body: object, law: Law = AS_WRITTEN) -> Refusal | None:
    """Return why a request body is refused, or None; reported in OpenAI's measured order."""
    if not isinstance(body, dict):
        return Refusal(
            rule="body.format",
            parameter=None,
            message="failed to parse request body",
            kind="invalid_request_error",
        )
    return (
        _model(body, law)
        or _unknown_key(body, law)
        or _prompt(body, law)
        or _n(body, law)
        or _size(body, law)
        or _words(body, law)
        or _compression(body, law)
        or _stream(body, law)
        or _user(body, law)
    )


def _model(body: Mapping[str, object], law: Law) -> Refusal | None:
    model = body.get("model")
    if model is None:
        if not law.holds("model.required"):
            return None
        if "model" in body:
            return _wrong_kind("model.required", "model", "a string", model)
        return _missing("model.required", "model")
    if law.admits("model.one_of", model, MODELS):
        return None
    if not isinstance(model, str):
        return _wrong_kind("model.one_of", "model", "a string", model)
    return _user_error("model.one_of", "model", f"The model '{model}' does not exist.")


def _unknown_key(body: Mapping[str, object], law: Law) -> Refusal | None:
    for key in body:
        if key not in KEYS and law.holds(f"{key}.absent"):
            return Refusal(
                rule=f"{key}.absent",
                parameter=key,
                message=f"Unknown parameter: '{key}'.",
                code="unknown_parameter",
                kind="invalid_request_error",
            )
    return None


def _prompt(body: Mapping[str, object], law: Law) -> Refusal | None:
    prompt = body.get("prompt")
    if prompt is None:
        if not law.holds("prompt.required"):
            return None
        if "prompt" in body:
            return _wrong_kind("prompt.required", "prompt", "a string", prompt)
        return _missing("prompt.required", "prompt")
    if not isinstance(prompt, str):
        if law.holds("prompt.format"):
            return _wrong_kind("prompt.format", "prompt", "a string", prompt)
        return None
    if prompt == "" and law.holds("prompt.required"):
        return _invalid(
            "prompt.required", "prompt", "empty_string", "string too short. Expected a string with"
            " minimum length 1, but got an empty string instead.",
        )  # fmt: skip
    longest = 31_999 if law.tight("prompt.max_length") else 32_000
    if len(prompt) > longest and law.holds("prompt.max_length"):
        reason = (
            "string too long. Expected a string with maximum length 32000,"
            f" but got a string with length {len(prompt)} instead."
        )
        return _invalid("prompt.max_length", "prompt", "string_above_max_length", reason)
    return None


def _n(body: Mapping[str, object], law: Law) -> Refusal | None:
    refusal = _whole_number(body, law, "n", 1, 10)
    if refusal is not None:
        return refusal
    n = body.get("n")
    many = is_integer(n) and n > 1
    if many and body.get("stream") is True and law.holds("n.only_with"):
        return Refusal(
            rule="n.only_with",
            parameter="n",
            # Code and parameter are the gateway's, the wording is invented.
            message="Streaming supports only n=1.",
            code="unsupported_parameter",
            kind="invalid_request_error",
        )
    return None


def _size(body: Mapping[str, object], law: Law) -> Refusal | None:
    size = body.get("size")
    if size is None or size == "auto":
        return None
    edges = parse_size(size)
    if edges is None:
        if not law.holds("size.format"):
            return None
        if not isinstance(size, str):
            return _wrong_kind("size.format", "size", "a string", size)
        return _user_error(
            "size.format",
            "size",
            f"Invalid size '{size}'. Expected WIDTHxHEIGHT, for example '1824x1024'.",
        )
    rule = broken_size_rule(*edges, law)
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
    return _user_error(rule, "size", f"Invalid size '{size}'. {reason}")


def _words(body: Mapping[str, object], law: Law) -> Refusal | None:
    for key, allowed in (
        ("quality", QUALITIES),
        ("output_format", FORMATS),
        ("background", BACKGROUNDS),
        ("moderation", MODERATIONS),
        ("response_format", RESPONSE_FORMATS),
    ):
        value = body.get(key)
        rule = f"{key}.one_of"
        if value is None or law.admits(rule, value, allowed):
            continue
        if not isinstance(value, str):
            return _wrong_kind(rule, key, "a string", value)
        if key == "background" and value == "transparent":
            return _user_error(rule, key, "Transparent background is not supported for this model.")
        listed = ", ".join(f"'{word}'" for word in allowed[:-1]) + f", and '{allowed[-1]}'"
        return Refusal(
            rule=rule,
            parameter=key,
            message=f"Invalid value: '{value}'. Supported values are: {listed}.",
            code="invalid_value",
            kind="invalid_request_error",
        )
    return None


def _compression(body: Mapping[str, object], law: Law) -> Refusal | None:
    refusal = _whole_number(body, law, "output_compression", 0, 100)
    if refusal is not None or body.get("output_compression") is None:
        return refusal
    lossy = body.get("output_format") in ("jpeg", "webp")
    if not lossy and law.holds("output_compression.only_with"):
        # Wording unknown: modelled on the gateway's unsupported_parameter.
        return _invalid(
            "output_compression.only_with", "output_compression", "invalid_value",
            "only supported with output_format 'jpeg' or 'webp'.",
        )  # fmt: skip
    return None


def _stream(body: Mapping[str, object], law: Law) -> Refusal | None:
    stream = body.get("stream")
    if stream is not None and law.holds("stream.one_of"):
        if not isinstance(stream, bool):
            return _wrong_kind("stream.one_of", "stream", "a boolean", stream)
        if stream and law.tight("stream.one_of"):
            return _invalid("stream.one_of", "stream", "invalid_value", "expected a boolean.")
    refusal = _whole_number(body, law, "partial_images", 0, 3)
    if refusal is not None or body.get("partial_images") is None:
        return refusal
    if stream is not True and law.holds("partial_images.only_with"):
        return _invalid(
            "partial_images.only_with", "partial_images", "invalid_value",
            "only supported when 'stream' is true.",
        )  # fmt: skip
    return None


def _user(body: Mapping[str, object], law: Law) -> Refusal | None:
    user = body.get("user")
    if user is not None and not isinstance(user, str) and law.holds("user.format"):
        return _wrong_kind("user.format", "user", "a string", user)
    return None


def _whole_number(
    body: Mapping[str, object], law: Law, key: str, low: int, high: int
) -> Refusal | None:
    value = body.get(key)
    if value is None:
        return None
    if not is_integer(value):
        if law.holds(f"{key}.integer"):
            return _wrong_kind(f"{key}.integer", key, "an integer", value)
        return None
    if law.spans(f"{key}.range", value, low, high):
        return None
    if value < low:
        return _invalid(
            f"{key}.range", key, "integer_below_min_value",
            f"integer below minimum value. Expected a value >= {low}, but got {value} instead.",
        )  # fmt: skip
    return _invalid(
        f"{key}.range", key, "integer_above_max_value",
        f"integer above maximum value. Expected a value <= {high}, but got {value} instead.",
    )  # fmt: skip


def _missing(rule: str, key: str) -> Refusal:
    return Refusal(
        rule=rule,
        parameter=key,
        message=f"Missing required parameter: '{key}'.",
        code="missing_required_parameter",
        kind="invalid_request_error",
    )


def _wrong_kind(rule: str, key: str, expected: str, value: object) -> Refusal:
    return Refusal(
        rule=rule,
        parameter=key,
        message=f"Invalid type for '{key}': expected {expected}, but got {kind_of(value)} instead.",
        code="invalid_type",
        kind="invalid_request_error",
    )


def _invalid(rule: str, key: str, code: str, reason: str) -> Refusal:
    return Refusal(
        rule=rule,
        parameter=key,
        message=f"Invalid '{key}': {reason}",
        code=code,
        kind="invalid_request_error",
    )


def _user_error(rule: str, key: str, message: str) -> Refusal:
    return Refusal(
        rule=rule,
        parameter=key,
        message=message,
        code="invalid_value",
        kind="image_generation_user_error",
    )
