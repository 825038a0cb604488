"""A request as its values: every argument in one spelling, and the words for it."""

import re
from collections.abc import Mapping, Sequence

from harness.cases.prompts import A_LINE
from harness.core.jsonvalue import Json, canonical
from harness.core.placeholders import ASSETS
from harness.core.reference import ReferenceImage
from harness.spec.provider import Operation
from harness.spec.request import carried

_FILE = re.compile(r"(\w+-\w+)-(\d+x\d+)-\d+((?:-cut|-bytes-\d+)?)\.\w+$")

Assignment = Mapping[str, str]
"""Every argument's value in one spelling; empty where it is left out."""


def assignment(operation: Operation, arguments: Mapping[str, Json]) -> Assignment:
    """Return what a request says of every argument, irrelevant differences left out."""
    given = carried(operation, dict(arguments))
    names = dict.fromkeys((*operation.arguments, *given))
    return {name: _spelled(operation, name, given[name]) if name in given else "" for name in names}


def _spelled(operation: Operation, name: str, value: Json) -> str:
    argument = operation.arguments.get(name)
    if name == "prompt" and isinstance(value, str) and value:
        return _prompt(value)
    if operation.webhook is not None and operation.webhook.argument == name:
        return "an address of ours" if isinstance(value, str) else canonical(value)
    if argument is not None and argument.type in ("images", "file"):
        return _files(value)
    return value if isinstance(value, str) and value else canonical(value)


def _prompt(text: str) -> str:
    """Tell prompts apart by their letters, and long ones by their length."""
    kind = "" if text.isascii() else " outside ASCII"
    return f"{len(text)} characters{kind}" if len(text) > A_LINE else f"a short text{kind}"


def _files(value: Json) -> str:
    items = value if isinstance(value, list) else [value]
    kinds = sorted({_file(item) for item in items})
    number = f"{len(items)} of " if isinstance(value, list) else ""
    return f"{number}{', '.join(kinds)}" if items else "[]"


def _file(item: Json) -> str:
    image = ReferenceImage.of(item)
    name = image.filename if image else item if isinstance(item, str) and ASSETS in item else None
    found = _FILE.search(name) if name else None
    return f"{found[1]}{found[3]}" if found else canonical(item)


def changes(base: Assignment, other: Assignment) -> frozenset[str]:
    """Return the arguments in which a request differs from the plain one."""
    return frozenset(name for name in {*base, *other} if base.get(name, "") != other.get(name, ""))


def describe_values(items: Assignment, names: Sequence[str]) -> tuple[str, ...]:
    """Return values as a reader may say them: `quality=high`, `prompt of 32000 characters`."""
    return tuple(_said(name, items.get(name, "")) for name in names)


def _said(name: str, value: str) -> str:
    if not value:
        return f"no {name}"
    if name == "prompt" and value.endswith(("characters", "ASCII")):
        return f"prompt of {value}" if value[0].isdigit() else "prompt outside ASCII"
    return f"{name}={value}"


def joined_values(combination: Sequence[str]) -> str:
    """Return `quality=high with output_format=jpeg and n=2`."""
    first, rest = combination[0], combination[1:]
    return f"{first} with {' and '.join(rest)}" if rest else first
