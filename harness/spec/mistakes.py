"""What pydantic finds wrong with a provider's tables, in words of the one who wrote the TOML."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from harness.core.errors import Mistake
from harness.spec.expressions import NotAmong
from harness.spec.schema import Node, alternatives, at, provider_schema
from harness.spec.toml_lines import KeyPath, dotted

SHOWN = 60
"""The most characters of a value that a message repeats."""


def nearest(given: str, allowed: Iterable[str]) -> str:
    """Return the name that was probably meant; nothing where none is near."""
    names = list(allowed)
    simple = {_simple(name): name for name in names}
    if _simple(given) in simple:
        return simple[_simple(given)]
    near = get_close_matches(_simple(given), list(simple), n=1)
    return simple[near[0]] if near else ""


def _simple(name: str) -> str:
    return re.sub(r"[\s_.-]+", "_", name[:SHOWN].strip().casefold())


def none_of(key: str, reason: str, given: object, allowed: Iterable[str]) -> Mistake:
    """Return the mistake of a name that is none of those that may stand there."""
    names = tuple(allowed)
    near = nearest(given, names) if isinstance(given, str) else ""
    return Mistake(key=key, reason=reason, nearest=near, allowed=names)


def toml(value: object) -> str:
    """Return a value as a TOML spells it, on one line, cut where it is long."""
    text = _spelt(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _spelt(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return (
                f"'{value}'"
                if "\\" in value and "'" not in value
                else json.dumps(value, ensure_ascii=False)
            )
        case Mapping():
            pairs = ", ".join(f"{_key(str(key))} = {_spelt(item)}" for key, item in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        case list() | tuple():
            return f"[{', '.join(map(_spelt, value))}]"
    return str(value)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def of_schema(error: ValidationError, raw: Mapping[str, Any]) -> Iterator[Mistake]:
    """Yield each mistake once, however many branches of a union pydantic has tried."""
    told: set[KeyPath] = set()
    for problem in error.errors():
        path, value = _place(raw, problem)
        if path in told and problem["type"] not in ("extra_forbidden", "missing"):
            continue
        told.add(path)
        yield _mistake(problem, path, value, raw)


def _place(raw: Mapping[str, Any], problem: Any) -> tuple[KeyPath, Any]:  # noqa: ANN401 - pydantic's own error details
    """Return where the mistake stands and what stands there, without the names of union branches."""
    path: KeyPath = ()
    value: Any = raw
    loc: tuple[str | int, ...] = problem["loc"]
    for place, part in enumerate(loc):
        if (isinstance(value, Mapping) and part in value) or (
            isinstance(value, list) and isinstance(part, int) and part < len(value)
        ):
            path, value = (*path, part), value[part]
        elif problem["type"] == "missing" and place == len(loc) - 1:
            return (*path, part), None
    return path, value


def _mistake(problem: Any, path: KeyPath, value: Any, raw: Mapping[str, Any]) -> Mistake:  # noqa: ANN401 - the same
    kind, key, context = problem["type"], dotted(path), problem.get("ctx", {})
    nodes = at(path)
    cause = context.get("error")
    if problem["loc"] and problem["loc"][-1] == "[key]" and cause is None:
        return _wrong_name(key, path)
    if kind == "extra_forbidden":
        return _unknown(path, raw)
    if kind == "missing":
        return Mistake(key=key, reason="missing", write=_example(path, nodes, raw))
    if isinstance(cause, NotAmong):
        return none_of(key, str(cause), cause.given, cause.allowed)
    if kind == "value_error":
        reason = str(problem["msg"]).removeprefix("Value error, ")
        shown = f", not {toml(value)}" if _scalar(value) and repr(value) not in reason else ""
        return Mistake(key=key, reason=f"{reason}{shown}")
    if kind == "string_pattern_mismatch":
        return _wrong_shape(key, value, str(context["pattern"]))
    if kind in _BOUNDS:
        return Mistake(key=key, reason=f"{_BOUNDS[kind].format(**context)}, not {toml(value)}")
    return _wrong_kind(path, value, nodes, raw)


_BOUNDS = {
    "greater_than": "write a number above {gt}",
    "greater_than_equal": "write a number of at least {ge}",
    "less_than": "write a number below {lt}",
    "less_than_equal": "write a number of at most {le}",
    "finite_number": "write a finite number",
    "too_short": "write at least {min_length}",
    "string_too_short": "write at least {min_length} character(s)",
}


def _scalar(value: object) -> bool:
    return isinstance(value, bool | int | float | str)


def _wrong_name(key: str, path: KeyPath) -> Mistake:
    """Tell of a name in a table whose keys are names: operations, arguments."""
    for node in at(path[:-1]):
        names = node.get("propertyNames", {})
        if "enum" in names:
            return none_of(key, "unknown name", path[-1], names["enum"])
        if "pattern" in names:
            return _wrong_shape(key, path[-1], names["pattern"])
    return Mistake(key=key, reason="this name cannot be used")


_REPAIRS = (
    str.strip,
    str.lower,
    str.upper,
    lambda text: re.sub(r"[^A-Za-z0-9]+", "_", text.strip()).strip("_").lower(),
    lambda text: re.sub(r"[^A-Za-z0-9]+", "_", text.strip()).strip("_").upper(),
)


def _wrong_shape(key: str, value: object, pattern: str) -> Mistake:
    text = str(value)
    fits = (repair(text) for repair in _REPAIRS)
    near = next((repaired for repaired in fits if re.fullmatch(pattern, repaired)), "")
    return Mistake(
        key=key,
        reason=f"{toml(text)} does not fit the pattern {pattern}",
        write=toml(near) if near else "",
    )


def _unknown(path: KeyPath, raw: Mapping[str, Any]) -> Mistake:
    """Tell of a key that a table has not: the nearest that it has, or where such a key belongs."""
    name, key = str(path[-1]), dotted(path)
    nodes = at(path[:-1])
    allowed = tuple(dict.fromkeys(known for node in nodes for known in node.get("properties", {})))
    argument = path[-3:-2] == ("arguments",)
    if argument:
        allowed = tuple(known for known in allowed if known not in _foreign(path[:-1], raw))
    near = nearest(name, allowed)
    if _simple(near) == _simple(name) and near:
        return Mistake(key=key, reason="unknown key", nearest=near, allowed=allowed)
    above = _above(path, name)
    if above is not None:
        return Mistake(
            key=key, reason=f"unknown key: {_belongs(name, above, path[:-1])}", allowed=allowed
        )
    inside = [
        f"{known}.{name}"
        for known in allowed
        if any(name in inner.get("properties", {}) for inner in at((*path[:-1], known)))
        and name not in _EVERYWHERE
    ]
    if inside and not near:
        return Mistake(key=key, reason="unknown key", nearest=inside[0], allowed=allowed)
    return Mistake(key=key, reason="unknown key", nearest=near, allowed=allowed)


_EVERYWHERE = ("source", "second_source", "note", "status")


def _foreign(path: KeyPath, raw: Any) -> set[str]:  # noqa: ANN401 - walks whatever was written
    """Return the kinds of rule that do not speak of the type of this argument."""
    for part in path:
        raw = raw[part]
    from harness.spec.rules import KINDS  # noqa: PLC0415

    kind = raw.get("type") if isinstance(raw, Mapping) else None
    return {
        name for name, rule in KINDS.items() if isinstance(kind, str) and kind not in rule.speaks_of
    }


def _above(path: KeyPath, name: str) -> KeyPath | None:
    """Return the table further up that has a key of that name; the nearest one."""
    if name in _EVERYWHERE:
        return None
    for length in range(len(path) - 2, -1, -1):
        if any(name in node.get("properties", {}) for node in at(path[:length])):
            return path[:length]
    return None


def _belongs(name: str, owner: KeyPath, table: KeyPath) -> str:
    """Say how a key comes to stand in the wrong table: TOML gives it to the last header above it."""
    header = f"[{dotted(table)}]"
    if owner:
        return f"{name} is a key of [{dotted(owner)}], and TOML reads it as one of {header}, the header above it"
    return (
        f"{name} is a key of the file as a whole, and TOML reads it as one of {header}, the header "
        "above it; write it above the first header"
    )


def _example(path: KeyPath, nodes: list[Node], raw: Mapping[str, Any]) -> str:
    """Return the line, or the header, that a missing key would be."""
    name = _key(str(path[-1]))
    node = nodes[0] if nodes else {}
    if node.get("type") == "object" and "properties" in node:
        return f"[{dotted(path)}]"
    if node.get("type") == "object" and "additionalProperties" in node:
        return f"[{dotted(path)}]"
    return f"{name} = {_spelt(example_of(node, _first_document(raw)))}"


def _first_document(raw: Mapping[str, Any]) -> str:
    documents = raw.get("documents")
    return next(iter(documents), "page") if isinstance(documents, Mapping) else "page"


def example_of(node: Node, document: str = "page") -> Any:  # noqa: ANN401 - a value of any type
    """Return a value of the type that a schema describes."""
    if node.get("examples"):
        return node["examples"][0]
    if node.get("format") == "source":
        return f"{document}: Section"
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


def _wrong_kind(path: KeyPath, value: Any, nodes: list[Node], raw: Mapping[str, Any]) -> Mistake:  # noqa: ANN401 - a wrong value may be anything
    """Tell of a value of a wrong type, or outside a closed list."""
    key = dotted(path)
    values = [text for node in nodes for text in node.get("enum", ())]
    if values and isinstance(value, str):
        return none_of(key, f"{toml(value)} is none of its values", value, values)
    reason = f"write {type_words(nodes)}, not {_kind_words(value)}"
    above = _above(path, str(path[-1])) if path else None
    if above == () and isinstance(path[-1], str) and any("properties" in node for node in nodes):
        return Mistake(key=key, reason=f"{reason}; {_belongs(path[-1], above, path[:-1])}")
    return Mistake(key=key, reason=reason, write=_repaired(path, value, nodes))


def _kind_words(value: object) -> str:
    match value:
        case bool():
            return toml(value)
        case str():
            return f"the text {toml(value)}"
        case int() | float():
            return f"the number {value}"
        case list():
            return "a list"
        case Mapping():
            return "a table"
    return f"a date or time ({value})"


def _repaired(path: KeyPath, value: Any, nodes: list[Node]) -> str:  # noqa: ANN401, C901 - one line for each slip that we know
    """Return the value as it was probably meant, spelled rightly; nothing where nobody can know."""
    kinds = {str(node.get("type")) for node in nodes}
    if isinstance(value, str) and kinds & {"integer", "number"}:
        number = re.fullmatch(r"\s*([0-9][0-9_,]*(?:\.[0-9]+)?)\s*([a-zA-Z%]*)\s*", value)
        if number:
            plain = number[1].replace(",", "").replace("_", "")
            return plain if not number[2] or str(path[-1]).endswith(f"_{number[2]}") else ""
    if isinstance(value, str) and "boolean" in kinds and value.strip().lower() in ("true", "false"):
        return value.strip().lower()
    if "string" in kinds and _scalar(value):
        return toml(str(value).lower() if isinstance(value, bool) else str(value))
    if "integer" in kinds and isinstance(value, float) and value.is_integer():
        return str(int(value))
    if "array" in kinds and isinstance(value, Mapping):
        return f"[[{dotted(path)}]] above its keys, or a list of tables"
    if "array" in kinds and _scalar(value):
        return toml([value])
    if "object" in kinds and isinstance(value, list):
        return f"[{dotted(path)}] as its header: [[{dotted(path)}]] makes a list of tables"
    return ""


def properties(path: KeyPath) -> tuple[str, ...]:
    """Return the keys that the table at a path may have."""
    tables = at(path) if path else [provider_schema()]
    return tuple(dict.fromkeys(key for node in tables for key in node.get("properties", {})))
