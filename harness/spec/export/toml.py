"""A provider as the text of a TOML, for one that was made in Python and has none."""

import json
from collections.abc import Mapping
from decimal import Decimal

from harness.spec.provider import Provider


def toml_of(provider: Provider) -> str:
    """Return a TOML that reads back as this provider; what has its default is left out.

    Documents are named by their files there: a promise's source says no other name.
    """
    tables = provider.model_dump(exclude_none=True, exclude_defaults=True, by_alias=True)
    tables["documents"] = {each["file"]: each for each in tables["documents"].values()}
    return "".join(f"{_text(key)} = {_value(value)}\n" for key, value in tables.items())


def _value(value: object) -> str:
    """Return a value on one line, tables inline; TypeError for what no TOML can hold."""
    match value:
        case str():
            return _text(value)
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return str(value)
        case Mapping():
            pairs = (f"{_text(str(key))} = {_value(inner)}" for key, inner in value.items())
            return f"{{ {', '.join(pairs)} }}"
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case _:
            raise TypeError(f"a TOML cannot hold {value!r}")


def _text(text: str) -> str:
    """Return a text in quotes: JSON escapes what TOML wants escaped, but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
