"""Values as TOML text, and such a text as values, in bounded time."""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal
from math import isfinite
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


# A name in quotes is bounded: each one may be looked at from every quote before it.
_PART = r"""(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.){0,99}+"|'[^'\n]{0,99}+')[ \t]*+"""
_LONG_KEY = re.compile(rf"(?<![A-Za-z0-9_-]){_PART}(?:\.[ \t]*+{_PART}){{64}}")
"""A key of more than 64 parts (64 dots): tomllib reads one in the square of their number."""


def loaded(text: str, *, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """Return the tables of a TOML's text, in a time that grows with its length.

    Raises ValueError where it is no TOML, and RecursionError where it is nested too deep.
    """
    if long := _LONG_KEY.search(text):
        line = text.count("\n", 0, long.start()) + 1
        column = long.start() - text.rfind("\n", 0, long.start())
        raise ValueError(f"a key of more than 64 parts (at line {line}, column {column})")
    return tomllib.loads(text, parse_float=parse_float)


def can_be_written(content: object) -> bool:
    """Tell whether TOML has a word for a value: it has none for `null`."""
    match content:
        case Mapping():
            return all(map(can_be_written, content.values()))
        case list() | tuple():
            return all(map(can_be_written, content))
        case float():
            return isfinite(content)
        case _:
            return isinstance(content, str | bool | int | Decimal)


def key(name: str) -> str:
    """Return a key, quoted where it has to be."""
    return name if _BARE.fullmatch(name) else text(name)


def text(value: str) -> str:
    """Return a string as TOML: as JSON writes it, and what is hidden by its number."""
    written = json.dumps(value, ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in written)


def readable(value: str) -> str:
    """Return a string as people write it: in single quotes where double ones want escapes."""
    single = value.isprintable() and "'" not in value and ("\\" in value or '"' in value)
    return f"'{value}'" if single else text(value)


def value(content: object, *, string: Callable[[str], str] = text) -> str:
    """Return a value on one line; a table inline. TypeError for what no TOML can hold.

    `string` writes the strings in it: `text`, or `readable`.
    """
    match content:
        case str():
            return string(content)
        case bool():
            return "true" if content else "false"
        case int() | Decimal():
            return str(content)
        case float():
            return _number(content)
        case Mapping():
            pairs = ", ".join(
                f"{key(name)} = {value(entry, string=string)}" for name, entry in content.items()
            )
            return f"{{ {pairs} }}" if pairs else "{}"
        case list() | tuple():
            return f"[{', '.join(value(entry, string=string) for entry in content)}]"
        case date() | time():
            return content.isoformat()
        case _:
            raise TypeError(f"a TOML cannot hold {content!r}")


def _number(number: float) -> str:
    """Return a float with a point or an exponent, as TOML wants it."""
    written = repr(number)
    mantissa, mark, exponent = written.partition("e")
    if mark:
        return f"{mantissa if '.' in mantissa else f'{mantissa}.0'}e{exponent}"
    return written
