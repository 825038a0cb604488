"""What pydantic finds wrong with a provider's tables, in words of the one who wrote the TOML."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, time
from typing import Any

from pydantic import ValidationError

from harness.core import tomltext
from harness.core.errors import Mistake, nearest
from harness.sensitive.guard import is_key_like
from harness.spec.expressions import Misspelt, NotAmong
from harness.spec.rules import KINDS
from harness.spec.toml.lines import KeyPath, dotted
from harness.spec.toml.schema import PROMISE, Node, at
from harness.spec.toml.spelling import example_of, spelt, toml, type_words


def of_schema(error: ValidationError, raw: Mapping[str, Any]) -> Iterator[Mistake]:
    """Yield each mistake once, however many branches of a union pydantic has tried.

    A key that is missing because it is misspelt is told as the misspelt one.
    """
    found: dict[tuple[KeyPath, str], Mistake] = {}
    for problem in error.errors():
        path, value = _place(raw, problem)
        kind = problem["type"] if problem["type"] in ("extra_forbidden", "missing") else ""
        if (path, kind) not in found:
            found[path, kind] = _mistake(problem, path, value, raw)
    misspelt = {
        (*path[:-1], mistake.nearest)
        for (path, kind), mistake in found.items()
        if kind == "extra_forbidden"
    }
    for (path, kind), mistake in found.items():
        if kind != "missing" or path not in misspelt:
            yield mistake


def _place(raw: Mapping[str, Any], problem: Any) -> tuple[KeyPath, Any]:  # noqa: ANN401 - pydantic's own error details
    """Return where the mistake stands, without the branches of unions, and what stands there."""
    path: KeyPath = ()
    value: Any = raw
    loc: tuple[str | int, ...] = problem["loc"]
    for place, part in enumerate(loc):
        there, inner = _stepped(value, part)
        if there:
            path, value = (*path, part), inner
        elif problem["type"] == "missing" and place == len(loc) - 1:
            return (*path, part), None
    return path, value


def _stepped(value: Any, part: str | int) -> tuple[bool, Any]:  # noqa: ANN401 - any part of a TOML
    if isinstance(value, Mapping):
        return part in value, value.get(part)
    inside = isinstance(value, list) and isinstance(part, int) and part < len(value)
    return inside, value[part] if inside else None


def _mistake(problem: Any, path: KeyPath, value: Any, raw: Mapping[str, Any]) -> Mistake:  # noqa: ANN401 - the same
    kind, key, context = problem["type"], dotted(path), problem.get("ctx", {})
    if problem["loc"] and problem["loc"][-1] == "[key]":
        return _wrong_name(key, path)
    match kind:
        case "extra_forbidden":
            return _unknown(path, raw)
        case "missing":
            return Mistake(key=key, reason="missing", write=_example(path, at(path), raw))
        case "value_error":
            return _wrong_value(key, value, context["error"])
        case "string_pattern_mismatch" if key == "auth.env" and is_key_like(str(value)):
            return _pasted_key(raw)
        case "string_pattern_mismatch":
            return _wrong_shape(key, value, str(context["pattern"]))
        case _ if kind in _BOUNDS:
            reason = f"{_BOUNDS[kind].format(**context)}, not {toml(value)}"
            return Mistake(key=key, reason=reason)
        case _:
            return _wrong_kind(path, value, at(path))


def _wrong_value(key: str, value: object, cause: Exception) -> Mistake:
    """Tell what a validator of ours said, with what it knows of what was meant."""
    match cause:
        case NotAmong():
            return Mistake.none_of(key, str(cause), cause.given, cause.allowed)
        case Misspelt():
            meant = spelt(cause.write) if cause.write else ""
            return Mistake(key=key, reason=str(cause), write=meant)
        case _:
            told = not _scalar(value) or repr(value) in str(cause)
            return Mistake(key=key, reason=f"{cause}" if told else f"{cause}, not {toml(value)}")


def _pasted_key(raw: Mapping[str, Any]) -> Mistake:
    name = re.sub(r"\W+", "_", str(raw.get("name", "my"))).upper()
    reason = "write the name of the environment variable that holds the key, not the key"
    return Mistake(key="auth.env", reason=reason, write=f'"{name}_API_KEY"')


_BOUNDS = {
    "greater_than": "write a number above {gt}",
    "greater_than_equal": "write a number of at least {ge}",
    "less_than": "write a number below {lt}",
    "less_than_equal": "write a number of at most {le}",
    "finite_number": "write a finite number",
    "too_short": "write at least {min_length}",
    "string_too_short": "write at least {min_length} character(s)",
    "string_too_long": "write at most {max_length} characters",
}


def _scalar(value: object) -> bool:
    return isinstance(value, bool | int | float | str)


def _wrong_name(key: str, path: KeyPath) -> Mistake:
    """Tell of a name in a table whose keys are names: operations, arguments."""
    for node in at(path[:-1]):
        names = node.get("propertyNames", {})
        if "enum" in names:
            return Mistake.none_of(key, "unknown name", path[-1], names["enum"])
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
    allowed = properties(path[:-1])
    if path[-3:-2] == ("arguments",):
        allowed = tuple(known for known in allowed if known not in _foreign(path[:-1], raw))
    near = nearest(name, allowed)
    if len(path) == 1 and "." in name and at(tuple(name.split("."))):
        return Mistake(key=key, reason="unknown key: quotes make one key of it", write=f"[{name}]")
    above = _above(path, name)
    if above is not None:
        return Mistake(
            key=key, reason=f"unknown key: {_belongs(name, above, path[:-1])}", allowed=allowed
        )
    inside = [
        f"{known}.{name}"
        for known in allowed
        if any(name in inner.get("properties", {}) for inner in at((*path[:-1], known)))
        and name not in PROMISE
    ]
    near = inside[0] if inside else near
    return Mistake(key=key, reason="unknown key", nearest=near, allowed=allowed)


def _foreign(path: KeyPath, raw: Any) -> set[str]:  # noqa: ANN401 - walks whatever was written
    """Return the kinds of rule that do not speak of the type of this argument."""
    for part in path:
        raw = raw[part]
    kind = raw.get("type") if isinstance(raw, Mapping) else None
    return {
        name for name, rule in KINDS.items() if isinstance(kind, str) and kind not in rule.speaks_of
    }


def _above(path: KeyPath, name: str) -> KeyPath | None:
    """Return the table further up that has a key of that name; the nearest one."""
    if name in PROMISE:
        return None
    for length in range(len(path) - 2, -1, -1):
        if any(name in node.get("properties", {}) for node in at(path[:length])):
            return path[:length]
    return None


def _belongs(name: str, owner: KeyPath, table: KeyPath) -> str:
    """Say how a key comes to stand in the wrong table: TOML gives it to the header above it."""
    whose = f"of [{dotted(owner)}]" if owner else "of the file as a whole"
    where = "" if owner else "; write it above the first header"
    return (
        f"{name} is a key {whose}, and TOML reads it as one of [{dotted(table)}], the header above "
        f"it{where}"
    )


def _example(path: KeyPath, nodes: list[Node], raw: Mapping[str, Any]) -> str:
    """Return the line, or the header, that a missing key would be."""
    name = tomltext.key(str(path[-1]))
    node = nodes[0] if nodes else {}
    if node.get("type") == "object" and "properties" in node:
        return f"[{dotted(path)}]"
    if node.get("type") == "object" and "additionalProperties" in node:
        return f"[{dotted(path)}]"
    return f"{name} = {spelt(example_of(node, _first_document(raw)))}"


def _first_document(raw: Mapping[str, Any]) -> str:
    documents = raw.get("documents")
    return next(iter(documents), "page") if isinstance(documents, Mapping) else "page"


def _wrong_kind(path: KeyPath, value: Any, nodes: list[Node]) -> Mistake:  # noqa: ANN401 - a wrong value may be anything
    """Tell of a value of a wrong type, or outside a closed list."""
    key = dotted(path)
    values = [text for node in nodes for text in node.get("enum", ())]
    if values and isinstance(value, str):
        return Mistake.none_of(key, f"{toml(value)} is none of its values", value, values)
    if isinstance(value, date | time):
        reason = f"write {type_words(nodes)}, not a date or time: JSON has none"
        return Mistake(key=key, reason=reason, write=f'"{value}"')
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
        case _:
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
    """Return the keys that the table at a path may have, those of every promise last."""
    keys = dict.fromkeys(key for node in at(path) for key in node.get("properties", {}))
    own = tuple(key for key in keys if key not in PROMISE)
    return (*own, *(key for key in PROMISE if key in keys))
