"""The kinds of JSON value, as the five providers tell them apart."""

from __future__ import annotations

from typing import TypeGuard
from urllib.parse import urlsplit


def is_integer(value: object) -> TypeGuard[int]:
    """Whether the value was written as a JSON integer; true, "2", 1.5 and 1.0 are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_web_address(value: object) -> bool:
    """Whether the value is a string with an http or https address; nothing is fetched."""
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def kind_of(value: object) -> str:
    """Name the kind of a JSON value in the words of OpenAI's error messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int):
        return "an integer"
    if isinstance(value, float):
        return "a decimal number"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, list):
        return "an array"
    return "an object"


def word_for(value: object) -> str:
    """Name the kind of a JSON value in the word that validators in JavaScript use."""
    return {
        "null": "null",
        "a boolean": "boolean",
        "an integer": "number",
        "a decimal number": "number",
        "a string": "string",
        "an array": "array",
    }.get(kind_of(value), "object")
