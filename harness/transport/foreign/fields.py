"""Outside data read field by field: each function returns what it names or raises ValueError."""

from collections.abc import Mapping

from harness.core.jsonvalue import Json
from harness.transport.foreign.yaml import UnsafeYamlError

JSON_DEPTH_AT_MOST = 200


def mapping_of(value: object, what: str) -> dict[str, object]:
    """Return `value` as a mapping with text keys."""
    if not isinstance(value, dict):
        raise ValueError(f"{what} is {_kind(value)} where a mapping was expected")  # noqa: TRY004 - about the data
    return value


def mappings_of(value: object, what: str) -> list[object]:
    """Return `value` as a list; nothing is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{what} is {_kind(value)} where a list was expected")  # noqa: TRY004 - about the data
    return value


def text_of(data: Mapping[str, object], key: str) -> str:
    """Return the text under `key`."""
    value = data.get(key)
    if not isinstance(value, str):
        raise ValueError(f"{key} is {_kind(value)} where a text was expected")  # noqa: TRY004 - about the data
    return value


def optional_text(data: Mapping[str, object], key: str) -> str | None:
    """Return the text under `key`, or None where the key is missing or null."""
    return None if data.get(key) is None else text_of(data, key)


def number_of(data: Mapping[str, object], key: str) -> float:
    """Return the number under `key` as a float."""
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{key} is {_kind(value)} where a number was expected")  # noqa: TRY004 - about the data
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{key} is too large a number") from None


def optional_number(data: Mapping[str, object], key: str) -> float | None:
    """Return the number under `key`, or None where the key is missing or null."""
    return None if data.get(key) is None else number_of(data, key)


def integer_of(data: Mapping[str, object], key: str) -> int:
    """Return the whole number under `key`."""
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{key} is {_kind(value)} where a whole number was expected")  # noqa: TRY004 - about the data
    return value


def plain_object(value: object, *, depth: int = 0) -> Json:
    """Return a copy of `value` as JSON, bytes read as UTF-8 and lone surrogates replaced by `?`."""
    if depth > JSON_DEPTH_AT_MOST:
        raise ValueError(f"a value is nested deeper than {JSON_DEPTH_AT_MOST} levels")
    match value:
        case str():
            return value.encode("utf-8", "replace").decode("utf-8")
        case bytes():
            return value.decode("utf-8", "replace")
        case None | bool() | int() | float():
            return value
        case list():
            return [plain_object(item, depth=depth + 1) for item in value]
        case dict():
            return {
                str(plain_object(str(key))): plain_object(item, depth=depth + 1)
                for key, item in value.items()
            }
        case _:
            raise ValueError(f"{_kind(value)} cannot be read as JSON")


def _kind(value: object) -> str:
    match value:
        case None:
            return "missing"
        case UnsafeYamlError():
            return f"a YAML value with the refused tag {value.tag[:80]}"
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
            return type(value).__name__
