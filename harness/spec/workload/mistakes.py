"""What is wrong with an entry of a workload file, in a sentence."""

from collections.abc import Collection
from difflib import get_close_matches
from typing import Any

_SAYS = {"name": "lower-case letters, digits and dashes", "size": "WIDTHxHEIGHT, like 1024x1024"}


def sentence(error: Any, fields: Collection[str]) -> str:  # noqa: ANN401 - pydantic's own details
    """Return one of pydantic's errors in words; `fields` are the keys that there may be."""
    path = [str(part) for part in error["loc"]]
    key, given, kind = ".".join(path), error["input"], error["type"]
    if kind == "extra_forbidden":
        near = get_close_matches(key, fields, n=1)
        expected = f"did you mean {near[0]}?" if near else f"one of {', '.join(fields)}"
        return f"{key}: unknown key; {expected}"
    if kind == "missing":
        return f"{key}: missing; write one"
    reason = error["msg"].removeprefix("Value error, ")
    if kind == "string_pattern_mismatch":
        reason = f"write {_SAYS[path[0]]}"
    if isinstance(given, str | int | float):
        reason += f", got {str(given)[:60]!r}" if isinstance(given, str) else f", got {given}"
    return f"{key}: {reason}" if key else reason
