"""What OpenAI's Images API refuses, in its own order and words.

Source: the measured table of the second source (conformance of api.openai.com, 2026-08, rows I-1 to
I-20). The gateway sub2api forwards these errors, so that both have them; what each accepts, and
which of the rules hold there at all, is said by its own module.
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
from .wording import (
    invalid_request,
    invalid_value_error,
    missing_parameter,
    user_error,
    wrong_kind_error,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .switches import Refusal, RuleSwitches

MODELS = ("gpt-image-2", "gpt-image-2-2026-04-21")
FORMATS = ("png", "jpeg", "webp")
SIZE_REASONS = {
    "size.format": "Expected WIDTHxHEIGHT, for example '1824x1024'.",
    "size.multiple_of": "Width and height must both be divisible by 16.",
    "size.max_edge": "The longest edge must be less than or equal to 3840.",
    # No source has the real words for the ratio: these are invented.
    "size.max_ratio": "The ratio of the long edge to the short edge must not exceed 3:1.",
    "size.min_pixels": "Requested resolution is below the current minimum pixel budget.",
    "size.max_pixels": "Requested resolution exceeds the current pixel budget.",
}


def check_model(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    """Check the model, which is looked at before everything else."""
    model = body.get("model")
    rule = broken_model_rule(model, switches, MODELS)
    if rule is None:
        return None
    message = f"The model '{model}' does not exist."
    return _wrong_text(body, "model", rule) or user_error(rule, "model", message)


def check_keys(
    body: Mapping[str, object], switches: RuleSwitches, keys: frozenset[str]
) -> Refusal | None:
    """Refuse a key that is none of `keys`."""
    for key in body:
        if key not in keys and switches.holds(f"{key}.absent"):
            message = f"Unknown parameter: '{key}'."
            return invalid_request(f"{key}.absent", key, message, "unknown_parameter")
    return None


def check_prompt(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    """Check the prompt: a string of 1 to 32000 characters, of which all may be spaces."""
    prompt = body.get("prompt")
    rule = broken_prompt_rule(prompt, switches, 32_000)
    if rule is None:
        return None
    return _wrong_text(body, "prompt", rule) or _wrong_length(rule, prompt)


def check_opening(
    body: Mapping[str, object], switches: RuleSwitches, keys: frozenset[str]
) -> Refusal | None:
    """Check the model, keys that are none of `keys`, and the prompt."""
    return (
        check_model(body, switches)
        or check_keys(body, switches, keys)
        or check_prompt(body, switches)
    )


def check_size(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    """Check the size: auto or WIDTHxHEIGHT within the limits of the model."""
    size = body.get("size")
    rule = broken_size_rule(size, switches)
    if rule is None:
        return None
    if not isinstance(size, str):
        return wrong_kind_error(rule, "size", "a string", size)
    return user_error(rule, "size", f"Invalid size '{size}'. {SIZE_REASONS[rule]}")


def check_words(
    body: Mapping[str, object], switches: RuleSwitches, words: Mapping[str, tuple[str, ...]]
) -> Refusal | None:
    """Check the parameters that have a closed list of words."""
    name = unlisted_parameter(body, switches, words)
    if name is None:
        return None
    rule, value = f"{name}.one_of", body[name]
    if not isinstance(value, str):
        return wrong_kind_error(rule, name, "a string", value)
    if name == "background" and value == "transparent":
        return user_error(rule, name, "Transparent background is not supported for this model.")
    listed = ", ".join(f"'{word}'" for word in words[name][:-1])
    comma = "," if len(words[name]) > 2 else ""
    message = f"Invalid value: '{value}'. Supported values are: {listed}{comma} and"
    return invalid_request(rule, name, f"{message} '{words[name][-1]}'.", "invalid_value")


def check_integer(
    body: Mapping[str, object], switches: RuleSwitches, name: str, low: int, high: int
) -> Refusal | None:
    """Check an integer from `low` to `high`."""
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


def check_stream(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    """Check that `stream` is a boolean."""
    stream = body.get("stream")
    if stream is None or not switches.holds("stream.one_of"):
        return None
    if not isinstance(stream, bool):
        return wrong_kind_error("stream.one_of", "stream", "a boolean", stream)
    if stream and switches.tight("stream.one_of"):
        reason = "expected a boolean."
        return invalid_value_error("stream.one_of", "stream", "invalid_value", reason)
    return None


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
