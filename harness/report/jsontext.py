"""JSON that every reader can parse."""

import json
import math
from dataclasses import fields, is_dataclass
from decimal import Decimal

from harness.core.jsonvalue import Json


def json_safe(value: object) -> dict[str, Json]:
    """Return a dataclass as an object whose keys are its fields' names, and so all within it.

    Amounts become numbers, tuples lists. TypeError for what is no dataclass.
    """
    if not is_dataclass(value):
        raise TypeError(f"{type(value).__name__} has no fields")
    return {one.name: _value(getattr(value, one.name)) for one in fields(value)}


def _value(value: object) -> Json:
    match value:
        case Decimal():
            return float(value)
        case list() | tuple():
            return [_value(item) for item in value]
        case dict():
            return {key: _value(item) for key, item in value.items()}
        case None | bool() | int() | float() | str():
            return value
        case _:
            return json_safe(value)


def finite_numbers(value: Json) -> Json:
    """Replace what JSON cannot spell (infinities, not-a-number) by null."""
    match value:
        case float() if not math.isfinite(value):
            return None
        case list():
            return [finite_numbers(item) for item in value]
        case dict():
            return {key: finite_numbers(item) for key, item in value.items()}
        case _:
            return value


def json_text(value: Json) -> str:
    """Return JSON text, indented, with a lone surrogate spelled as its escape."""
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"
