"""Expressions into a reply's body as lists of keys, which a few lines of Python can follow."""

import re
from collections.abc import Iterator

from harness.spec.expressions import Paths

_NAME = re.compile(r"[A-Za-z_]\w*|@", re.ASCII)


def keys(expressions: Paths) -> tuple[str, ...]:
    """Return where these expressions look, as keys joined by dots; `*` is every item of a list.

    They stand in order of preference: `data[*].[b64_json || url][]` looks into `data.*.b64_json`,
    then into `data.*.url`. A filter and the first item are read as every item. ValueError where an
    expression calls a function or compares, so that keys alone cannot follow it.
    """
    found = [one for expression in expressions for one in _any(expression.text)]
    return tuple(dict.fromkeys(found))


def _any(text: str) -> list[str]:
    whole, *filters = _split(text.replace("||", ","), "|")
    if not all(re.match(r"\s*\[(\?|0\])", part) for part in filters):
        raise ValueError(f"{text!r} is more than keys")
    return [step for option in _split(whole, ",") for step in _steps(option)]


def _steps(text: str) -> list[str]:
    text = text.strip()
    if text.startswith("(") and text.endswith(")"):
        return _any(text[1:-1])
    found = [""]
    for step in _split(text, "."):
        found = [_joined(head, tail) for head in found for tail in _step(step)]
    return found


def _step(text: str) -> list[str]:
    """Read a name and what stands in brackets after it, or brackets alone."""
    name = _NAME.match(text)
    found = ["" if name is None or name[0] == "@" else name[0]]
    for inside in _brackets(text[name.end() :] if name else text):
        match inside:
            case "":  # flattens, as following keys does anyway
                continue
            case "*" | "0":
                tails = ["*"]
            case _ if inside.startswith("?"):
                tails = ["*"]
            case _:
                tails = _any(inside)
        found = [_joined(head, tail) for head in found for tail in tails]
    return found


def _brackets(text: str) -> Iterator[str]:
    """Yield what each pair of brackets holds; ValueError where anything else stands there."""
    depth, inside = 0, ""
    for char in text:
        depth += (char == "[") - (char == "]")
        inside += char
        if depth < 0 or (depth == 0 and char != "]"):
            raise ValueError(f"{text!r} is more than keys")
        if depth == 0:
            yield inside[1:-1].strip()
            inside = ""
    if inside:
        raise ValueError(f"{text!r} has a bracket that does not close")


def _split(text: str, mark: str) -> list[str]:
    """Split at a mark that stands in no brackets."""
    parts, depth = [""], 0
    for char in text:
        depth += (char in "[(") - (char in "])")
        if char == mark and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _joined(head: str, tail: str) -> str:
    return ".".join(part for part in (head, tail) if part)
