"""Values, types and examples as a TOML spells them, for messages and the reference page."""

import re
from collections.abc import Iterable
from typing import Any

from harness.core import tomltext
from harness.spec.toml.schema import Node, alternatives

SHOWN = 60
"""The most characters of a value that a message repeats."""


def toml(value: object) -> str:
    """Return a value as a TOML spells it, on one line, cut where it is long."""
    text = spelt(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def spelt(value: object) -> str:
    """Return a value as people spell it in a TOML."""
    return tomltext.value(value, string=tomltext.readable)


def example_of(node: Node, document: str = "page") -> Any:  # noqa: ANN401 - a value of any type
    """Return a value of the type that a schema describes."""
    if node.get("format") == "source":
        _, _, section = str(next(iter(node.get("examples", ())), ": Section")).partition(": ")
        return f"{document}: {section}"
    if node.get("examples"):
        return node["examples"][0]
    if "enum" in node or "const" in node:
        return node["enum"][0] if "enum" in node else node["const"]
    match node.get("type"):
        case "array":
            items = next(alternatives(node.get("items", {})), {})
            return [example_of(items, document)]
        case "object":
            required = node.get("required", ())
            return {
                key: example_of(next(alternatives(node["properties"][key]), {}), document)
                for key in required
            }
        case "integer" | "number":
            return max(1, node.get("minimum", 1))
        case "boolean":
            return True
        case _:
            return "..."


def type_words(nodes: Iterable[Node]) -> str:
    """Return the type of a key in words: `a whole number`, `a list of texts`."""
    words = list(dict.fromkeys(map(_type_word, nodes)))
    if not words or len(words) > len(_WORDS):
        return "any value"
    if {"a whole number", "a number"} <= set(words):
        words.remove("a whole number")
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


_WORDS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
_FORMATS = {
    "source": 'a source ("document: section")',
    "jmespath": "a JMESPath expression",
    "regex": "a regular expression",
}


def _type_word(node: Node) -> str:
    if "enum" in node or "const" in node:
        values = [toml(value) for value in node.get("enum", [node.get("const")])]
        return " or ".join((", ".join(values[:-1]), values[-1])) if len(values) > 1 else values[0]
    kind = str(node.get("type", ""))
    if kind == "array":
        inner = list(alternatives(node.get("items", {})))
        word = type_words(inner)
        plural = re.sub(
            r"^an? (\w+ )*?(\w+)", lambda found: f"{found[0].split(' ', 1)[1]}s", word, count=1
        )
        return f"a list of {_PLURALS.get(word, plural)}"
    if kind == "object":
        return "a table"
    return _FORMATS.get(str(node.get("format")), _WORDS.get(kind, "any value"))


_PLURALS = {
    "a text": "texts",
    "a whole number": "whole numbers",
    "a number": "numbers",
    "a table": "tables",
    "any value": "values",
    "a JMESPath expression": "JMESPath expressions",
    "a regular expression": "regular expressions",
}
