"""JSON as a type, and its one canonical spelling."""

import hashlib
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Annotated

from pydantic import PlainSerializer, ValidationError
from typing_extensions import TypeAliasType

Json = TypeAliasType(
    "Json",
    "None | bool | int | float | str | list[Json] | dict[str, Json]",
)
"""Any JSON value: what crosses the wire, decoded."""


def number(amount: Decimal) -> int | float:
    """Return an amount as a number of JSON: a whole one without a fraction."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


Amount = Annotated[Decimal, PlainSerializer(number, when_used="json")]
"""A decimal number that is written as `number` has it."""


def canonical(value: Json) -> str:
    """Return the one spelling of `value`: sorted keys, no spaces, UTF-8 kept."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(value: Json) -> str:
    """Return the SHA-256 of the canonical spelling, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()


def mistake(error: ValidationError) -> str:
    """Return the first thing that is wrong with JSON that was read: where it is, and what."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def texts(value: Json) -> Iterator[str]:
    """Yield every text that a value is or holds, in order; the names of keys are none."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts(part)


def with_texts(value: Json, change: Callable[[str], str]) -> Json:
    """Return a copy in which `change` was applied to every text; keys stay as they are."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [with_texts(part, change) for part in value]
    if isinstance(value, dict):
        return {key: with_texts(part, change) for key, part in value.items()}
    return value
