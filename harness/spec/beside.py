"""What of a request travels beside its body, in path, query and headers: built, and read back."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import partial

from harness.core.jsonvalue import Json
from harness.spec.inline import written
from harness.spec.places import placed, taken
from harness.spec.provider import Argument, Operation, Provider
from harness.spec.rules.base import Arguments, Place
from harness.spec.rules.values import listed
from harness.spec.templates import as_text, filled, path_of, path_values, query_of, slots, values_of

Pairs = Sequence[tuple[str, str]]
"""Names with texts, in order; a name may come again."""

EVENTS, JSON = ("Accept", "text/event-stream"), ("Accept", "application/json")
JSON_BODY = ("Content-Type", "application/json")

_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?", re.ASCII)
_BOOLEANS: dict[str, Json] = {"true": True, "false": False}


def target_of(provider: Provider, operation: Operation, arguments: Arguments) -> str:
    """Return the path of a request with its query; an argument of the path has its default."""
    values = {
        argument.wire: arguments.get(name, argument.default)
        for name, argument in operation.arguments.items()
        if argument.where == "path"
    }
    pairs = [
        *constants(provider.query, arguments),
        *constants(operation.query, arguments),
        *_placed(operation, arguments, "query"),
    ]
    return path_of(operation.path, values) + query_of(pairs)


def headers_of(
    provider: Provider, operation: Operation, arguments: Arguments, *, in_json: bool
) -> tuple[tuple[str, str], ...]:
    """Return the headers of a request; a constant one takes the place of ours of that name."""
    streaming = arguments.get("stream") is True and operation.stream is not None
    ours = [*([JSON_BODY] if in_json else []), EVENTS if streaming else JSON]
    beside = [
        *constants(provider.headers, arguments),
        *constants(operation.headers, arguments),
        *_placed(operation, arguments, "header"),
    ]
    return without_doubles(ours, beside)


def without_doubles(ours: Pairs, beside: Pairs) -> tuple[tuple[str, str], ...]:
    """Return headers of ours, those left out that stand beside them, and those beside them."""
    taken = {name.lower() for name, _ in beside}
    return (*(pair for pair in ours if pair[0].lower() not in taken), *beside)


def constants(texts: Mapping[str, str], arguments: Arguments) -> list[tuple[str, str]]:
    """Return constant headers, or values of a query; one that names a missing argument is none."""
    pairs = ((name, filled(text, arguments)) for name, text in texts.items())
    return [(name, text) for name, text in pairs if text is not None]


def beyond_submissions(provider: Provider, arguments: Arguments) -> tuple[Pairs, str]:
    """Return the headers and the query that go with every request to a provider."""
    headers = without_doubles((JSON,), constants(provider.headers, arguments))
    return headers, query_of(constants(provider.query, arguments))


def _placed(operation: Operation, arguments: Arguments, where: Place) -> list[tuple[str, str]]:
    """Return the arguments that travel in a place of text, under their names there."""
    pairs: list[tuple[str, str]] = []
    for name, value in arguments.items():
        argument = operation.arguments.get(name)
        if argument is None or argument.where != where:
            continue
        entries = listed(value) if where == "query" else [value]
        pairs += [
            (place, as_text(_sent(argument, content)))
            for entry in entries
            for place, content in placed(argument, entry)
        ]
    return pairs


def _sent(argument: Argument, entry: Json) -> Json:
    return written(argument, entry) if argument.type in ("images", "file") else entry


def in_path(operation: Operation, path: str) -> dict[str, str] | None:
    """Return what a path holds in an operation's places; None where it is no path of it."""
    found = (path_values(template, path) for template in (operation.path, *operation.also))
    return next((values for values in found if values is not None), None)


def read_beside(
    provider: Provider,
    operation: Operation,
    values: Mapping[str, str],
    *,
    query: Pairs,
    headers: Pairs,
) -> dict[str, Json]:
    """Return the arguments in a path, in a query and in headers; `values` are those of the path."""
    asked, said = _gathered(query), {name.lower(): text for name, text in headers}
    texts: dict[Place, Mapping[str, Json]] = {"path": values, "query": asked, "header": said}
    found: dict[str, Json] = {}
    for name, argument in operation.arguments.items():
        if argument.where == "body":
            continue
        value = taken(argument, partial(_take, texts[argument.where], argument))
        if value is not None:
            found[name] = value
    templates = [(text, asked.get(name)) for name, text in _all(provider.query, operation.query)]
    templates += [
        (text, said.get(name.lower())) for name, text in _all(provider.headers, operation.headers)
    ]
    for template, text in templates:
        inside = values_of(template, text) if isinstance(text, str) else None
        for name, value in (inside or {}).items():
            if name in operation.arguments:
                found.setdefault(name, typed(operation.arguments[name], value))
    return found


def argument_headers(provider: Provider) -> frozenset[str]:
    """Name the headers that arguments travel in, alone or in a template; never the key's own."""
    named = [
        argument.wire
        for operation in provider.operations.values()
        for argument in operation.arguments.values()
        if argument.where == "header"
    ]
    tables = (provider.headers, *(one.headers for one in provider.operations.values()))
    named += [name for table in tables for name, text in table.items() if slots(text)]
    return frozenset(name for name in named if name.lower() != provider.auth.header.lower())


def _all(of_provider: Mapping[str, str], own: Mapping[str, str]) -> Pairs:
    return [*of_provider.items(), *own.items()]


def _take(there: Mapping[str, Json], argument: Argument, place: str) -> tuple[bool, Json]:
    value = there.get(place.lower() if argument.where == "header" else place)
    if argument.edges and place in argument.edges and isinstance(value, str):
        return True, whole(value)
    return value is not None, None if value is None else _read(argument, value)


def _read(argument: Argument, value: Json) -> Json:
    entries = [typed(argument, entry) for entry in listed(value)]
    return entries if isinstance(value, list) or argument.type == "images" else entries[0]


def _gathered(pairs: Pairs) -> dict[str, Json]:
    gathered: dict[str, Json] = {}
    for name, text in pairs:
        earlier = gathered.get(name)
        gathered[name] = text if earlier is None else [*listed(earlier), text]
    return gathered


def typed(argument: Argument, value: Json) -> Json:
    """Read a text as its argument's type; text that is none of that type stays as it is."""
    if not isinstance(value, str):
        return value
    match argument.type:
        case "integer":
            return whole(value)
        case "number" if _NUMBER.fullmatch(value):
            return float(value) if "." in value else int(value)
        case "boolean":
            return _BOOLEANS.get(value, value)
        case "array" | "object":
            return _parsed(value, list if argument.type == "array" else dict)
        case _:
            return value


def whole(text: str) -> Json:
    """Return a whole number that is written as text; any other text stays as it is."""
    return int(text) if _INTEGER.fullmatch(text) else text


def _parsed(text: str, kind: type) -> Json:
    """Read the JSON that a text holds for a list or an object; any other text stays as it is."""
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, kind) else text
