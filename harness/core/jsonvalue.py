"""JSON as a type, and its one canonical spelling."""

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from math import isfinite
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, ValidationError
from typing_extensions import TypeAliasType

from harness.core.digests import text_digest

Json = TypeAliasType(
    "Json",
    "None | bool | int | float | str | list[Json] | dict[str, Json]",
)
"""Any JSON value: what crosses the wire, decoded."""


Seconds = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]
"""A time or a duration; one of more than thirty years was altered, and is refused when read."""

MONEY_AT_MOST = Decimal(1_000_000_000)
"""In any unit: no request for images costs so much, and a sum of such amounts stays a number."""

_DIGITS_AT_MOST = 40
_SMALLEST_EXPONENT = -30
_MONEY = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,6})?\s*", re.ASCII)


def read_amount(content: object) -> Decimal | None:
    """Read an amount of money that is a number or a text of one; None where it is no amount.

    An amount is finite, from 0 to `MONEY_AT_MOST`, and has the digits of a price: what others write
    (`1e999999`, `-1e9`, a thousand digits) is not added up with what was paid.
    """
    if isinstance(content, bool) or not isinstance(content, int | float | str | Decimal):
        return None
    if isinstance(content, int) and not 0 <= content <= MONEY_AT_MOST:
        return None  # as text it may have more digits than Python writes
    text = str(content)
    if len(text) > 2 * _DIGITS_AT_MOST or not _MONEY.fullmatch(text):
        return None
    amount = Decimal(text.strip())
    _, digits, exponent = amount.as_tuple()
    is_short = len(digits) <= _DIGITS_AT_MOST and int(exponent) >= _SMALLEST_EXPONENT
    return abs(amount) if is_short and 0 <= amount <= MONEY_AT_MOST else None


def number(amount: Decimal) -> int | float:
    """Return an amount as a number of JSON: a whole one without a fraction."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _bounded(amount: Decimal) -> Decimal:
    if read_amount(amount) is None:
        raise ValueError(f"no amount of money from 0 to {MONEY_AT_MOST:,}")
    return amount


Amount = Annotated[Decimal, AfterValidator(_bounded), PlainSerializer(number, when_used="json")]
"""An amount of money that is written as `number` has it; what is none is refused when read."""

Charged = Annotated[Decimal | None, BeforeValidator(read_amount)]
"""An amount as a reply names it; what is none is read as none, also from older journals."""


def canonical(value: Json) -> str:
    """Return the one spelling of `value`: sorted keys, no spaces, UTF-8 kept."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(value: Json) -> str:
    """Return the SHA-256 of the canonical spelling, as 64 hexadecimal digits."""
    return text_digest(canonical(value))


def sendable(value: Json) -> Json:
    """Return a value of a file; ValueError where JSON cannot write it: `inf`, `nan`, nothing."""
    match value:
        case None:
            raise ValueError("nothing is no value")
        case float() if not isfinite(value):
            raise ValueError(f"{value} is no number of JSON")
        case list():
            for item in value:
                sendable(item)
        case dict():
            for item in value.values():
                sendable(item)
        case _:
            pass
    return value


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
