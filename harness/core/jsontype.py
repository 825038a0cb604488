"""JSON as a type, and its one canonical spelling."""

import hashlib
import json

from typing_extensions import TypeAliasType

Json = TypeAliasType(
    "Json",
    "None | bool | int | float | str | list[Json] | dict[str, Json]",
)
"""Any JSON value: what crosses the wire, decoded."""


def canonical(value: Json) -> str:
    """Return the one spelling of `value`: sorted keys, no spaces, UTF-8 kept."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(value: Json) -> str:
    """Return the SHA-256 of the canonical spelling, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()
