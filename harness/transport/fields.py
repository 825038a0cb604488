"""Outside data read field by field: each function returns what it names or raises ValueError."""

import re
from collections.abc import Mapping
from typing import TypeVar

from harness.core.jsonvalue import Json
from harness.transport.safe_yaml import UnsafeYamlError

JSON_DEPTH_AT_MOST = 200
NUMBER_AT_MOST = 10**300


_T = TypeVar("_T")


def _of_kind(content: object, kind: type[_T] | tuple[type[_T], ...], name: str, noun: str) -> _T:
    if isinstance(content, bool) or not isinstance(content, kind):
        raise ValueError(f"{name} is {_kind(content)} where {noun} was expected")  # noqa: TRY004 - about the data
    return content


def as_mapping(content: object, name: str) -> dict[str, object]:
    """Return `content`, which errors call `name`, as a mapping with text keys."""
    return _of_kind(content, dict, name, "a mapping")


def mapping_of(data: Mapping[str, object], key: str) -> dict[str, object]:
    """Return the mapping under `key`."""
    return as_mapping(data.get(key), key)


def as_list(content: object, name: str) -> list[object]:
    """Return `content`, which errors call `name`, as a list; None is an empty one."""
    return [] if content is None else _of_kind(content, list, name, "a list")


def text_of(data: Mapping[str, object], key: str) -> str:
    """Return the text under `key`."""
    return _of_kind(data.get(key), str, key, "a text")


def optional_text(data: Mapping[str, object], key: str) -> str | None:
    """Return the text under `key`, or None where the key is missing or null."""
    return None if data.get(key) is None else text_of(data, key)


def number_of(data: Mapping[str, object], key: str) -> float:
    """Return the number under `key` as a float."""
    try:
        return float(_of_kind(data.get(key), (int, float), key, "a number"))
    except OverflowError:
        raise ValueError(f"{key} is too large a number") from None


def optional_number(data: Mapping[str, object], key: str) -> float | None:
    """Return the number under `key`, or None where the key is missing or null."""
    return None if data.get(key) is None else number_of(data, key)


def integer_of(data: Mapping[str, object], key: str) -> int:
    """Return the whole number under `key`; a text of digits is one, as some tools write it."""
    content = data.get(key)
    if isinstance(content, str) and _DIGITS.fullmatch(content):
        return int(content)
    return _of_kind(content, int, key, "a whole number")


_DIGITS = re.compile(r"\d{1,9}", re.ASCII)


def plain_object(content: object, *, depth: int = 0) -> Json:
    """Return a copy as JSON, bytes read as UTF-8 and lone surrogates replaced by `?`."""
    if depth > JSON_DEPTH_AT_MOST:
        raise ValueError(f"a value is nested deeper than {JSON_DEPTH_AT_MOST} levels")
    if isinstance(content, int | float):
        return _finite(content)
    match content:
        case str():
            return content.encode("utf-8", "replace").decode("utf-8")
        case bytes():
            return content.decode("utf-8", "replace")
        case None:
            return None
        case list():
            return [plain_object(entry, depth=depth + 1) for entry in content]
        case dict():
            return {
                str(plain_object(str(key))): plain_object(entry, depth=depth + 1)
                for key, entry in content.items()
            }
        case _:
            raise ValueError(f"{_kind(content)} cannot be read as JSON")


def _finite(number: float) -> Json:
    if not -NUMBER_AT_MOST <= number <= NUMBER_AT_MOST:  # not-a-number is not, either
        raise ValueError("a number that is not finite, or has more than 300 digits")
    return number


def _kind(content: object) -> str:
    match content:
        case None:
            return "missing"
        case UnsafeYamlError():
            return f"a YAML value with the refused tag {content.tag[:80]}"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str() | bytes():
            return "a text"
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return type(content).__name__
