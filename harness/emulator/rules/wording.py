"""The words of refusals: of OpenAI, whose errors sub2api forwards, and of the validator zod.

Source of OpenAI's words: the measured table of the second source, rows I-1 to I-20. zod is the
validator whose style Apiframe and AI/ML API follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .switches import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

# By type of a JSON value: what OpenAI calls it, and what zod calls it.
KINDS = {
    type(None): ("null", "null"),
    bool: ("a boolean", "boolean"),
    int: ("an integer", "number"),
    float: ("a decimal number", "number"),
    str: ("a string", "string"),
    list: ("an array", "array"),
}
OBJECT = ("an object", "object")


def invalid_request(rule: str, name: str, message: str, code: str | None = None) -> Refusal:
    """Refuse a request in OpenAI's envelope."""
    return Refusal(
        rule=rule, parameter=name, message=message, code=code, kind="invalid_request_error"
    )


def missing_parameter(rule: str, name: str) -> Refusal:
    """Refuse a request that lacks a parameter."""
    message = f"Missing required parameter: '{name}'."
    return invalid_request(rule, name, message, "missing_required_parameter")


def wrong_kind_error(rule: str, name: str, expected: str, value: object) -> Refusal:
    """Refuse a value of another JSON type than expected."""
    kind, _ = KINDS.get(type(value), OBJECT)
    message = f"Invalid type for '{name}': expected {expected}, but got {kind} instead."
    return invalid_request(rule, name, message, "invalid_type")


def invalid_value_error(rule: str, name: str, code: str, reason: str) -> Refusal:
    """Refuse a value for a reason that has a code of its own."""
    return invalid_request(rule, name, f"Invalid '{name}': {reason}", code)


def user_error(rule: str, name: str, message: str, code: str = "invalid_value") -> Refusal:
    """Refuse what the image model itself cannot do."""
    return Refusal(
        rule=rule, parameter=name, message=message, code=code, kind="image_generation_user_error"
    )


def zod_kind(expected: str, value: object) -> str:
    """Return zod's message for a value of another JSON type than expected."""
    return f"Expected {expected}, received {KINDS.get(type(value), OBJECT)[1]}"


def zod_words(words: Sequence[str], value: object) -> str:
    """Return zod's message for a value that is not in a closed list of words."""
    if not isinstance(value, str):
        return zod_kind("string", value)
    return f"Invalid enum value. Expected {zod_list(words)}, received '{value}'"


def zod_list(words: Sequence[str]) -> str:
    """Return words as zod lists them."""
    return " | ".join(f"'{word}'" for word in words)


def zod_range(number: int, low: int, high: int) -> str:
    """Return zod's message for a number outside a range."""
    if number < low:
        return f"Number must be greater than or equal to {low}"
    return f"Number must be less than or equal to {high}"


def zod_prompt(rule: str, prompt: object, longest: int) -> str:
    """Return zod's message for a prompt that breaks a rule."""
    if prompt is None:
        return "Required"
    if rule == "prompt.format":
        return zod_kind("string", prompt)
    if rule == "prompt.required":
        return "String must contain at least 1 character(s)"
    return f"String must contain at most {longest} character(s)"
