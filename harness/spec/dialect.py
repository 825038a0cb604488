"""Canonical arguments to a provider's request, and back.

One table serves both ways: a case becomes a request, and a request recorded by somebody else
becomes a case again.
"""

import re
from dataclasses import dataclass

from harness.core.exchange import Part, Request
from harness.core.jsontype import Json, canonical
from harness.spec.provider import Argument, Operation, Provider
from harness.spec.rules import Arguments, edges, member

JSON_HEADERS = (("Content-Type", "application/json"), ("Accept", "application/json"))
STREAM_HEADERS = (("Content-Type", "application/json"), ("Accept", "text/event-stream"))
FORM_HEADERS = (("Accept", "application/json"),)

_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_BOOLEANS: dict[str, Json] = {"true": True, "false": False}


def request(provider: Provider, operation: Operation, arguments: Arguments) -> Request:
    """Return the request for these arguments as it goes on the wire, the key excepted.

    Values are sent as they are, allowed or not; nothing is added that the arguments do not name
    but the operation's constants.
    """
    wait = timeout_s(provider, arguments)
    if operation.body == "form":
        return Request(
            method=operation.method,
            target=operation.path,
            headers=FORM_HEADERS,
            form=_form(operation, arguments),
            timeout_s=wait,
        )
    body: dict[str, Json] = dict(operation.constant)
    for name, value in arguments.items():
        argument = operation.arguments.get(name)
        _put(body, argument.wire if argument else name, _sent(argument, value))
    streaming = arguments.get("stream") is True and operation.stream is not None
    return Request(
        method=operation.method,
        target=operation.path,
        headers=STREAM_HEADERS if streaming else JSON_HEADERS,
        body=body,
        timeout_s=wait,
    )


def timeout_s(provider: Provider, arguments: Arguments) -> float:
    """Return how long to wait for the whole reply, in seconds, as the documents advise."""
    size = edges(arguments.get("size"))
    large = arguments.get("resolution") == "4K"
    if size is not None:
        large = size[0] * size[1] > provider.timeouts.large_above_pixels
    return provider.timeouts.large_s if large else provider.timeouts.normal_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A recorded request in canonical words; `unknown` are the wire keys that no argument maps."""

    operation: str
    arguments: dict[str, Json]
    unknown: tuple[str, ...]


def read(
    provider: Provider, method: str, path: str, body: Json, fields: tuple[Part, ...] | None = None
) -> Reading | None:
    """Turn a request back into arguments, or return None where the provider has no such operation.

    Where several operations share a path, the one that explains most of the body is meant.
    """
    readings = [
        reading
        for name, operation in provider.operations.items()
        if method.upper() == operation.method
        and any(path.endswith(known) for known in (operation.path, *operation.also))
        for reading in [_read_one(name, operation, body, fields)]
    ]
    return min(readings, key=lambda reading: _surprise(provider, reading), default=None)


def _surprise(provider: Provider, reading: Reading) -> tuple[int, int]:
    """Count what an operation leaves unexplained of a request, and what it misses in it.

    A mode of another operation counts as unexplained: it is what tells operations on one path
    apart.
    """
    arguments = provider.operation(reading.operation).arguments
    missing = sum(
        argument.required is not None and name not in reading.arguments
        for name, argument in arguments.items()
    )
    modes = arguments["mode"].one_of if "mode" in arguments else None
    mode = reading.arguments.get("mode")
    stray = modes is not None and mode is not None and not member(mode, modes.values)
    return (len(reading.unknown) + stray, missing)


def _read_one(
    name: str, operation: Operation, body: Json, fields: tuple[Part, ...] | None
) -> Reading:
    if fields is not None:
        body = _gathered(fields)
    left = _copied(body) if isinstance(body, dict) else {}
    arguments: dict[str, Json] = {}
    for canonical_name, argument in operation.arguments.items():
        found, value = _take(left, argument.wire)
        if found and value is not None:  # null means omitted
            if fields is not None:
                value = _typed(argument, value)  # a form knows texts only
            listed = argument.type == "images" and not isinstance(value, list)
            arguments[canonical_name] = [value] if listed else value
    for key in operation.constant:
        left.pop(key, None)
    parents = {
        argument.wire.rpartition(".")[0]
        for argument in operation.arguments.values()
        if "." in argument.wire
    }
    return Reading(operation=name, arguments=arguments, unknown=tuple(_leaves(left, parents)))


def _typed(argument: Argument, value: Json) -> Json:
    """Read a form's text as its argument's type; text that is none of that type stays as it is."""
    if not isinstance(value, str):
        return value
    if argument.type == "integer" and _INTEGER.fullmatch(value):
        return int(value)
    if argument.type == "boolean" and value in _BOOLEANS:
        return _BOOLEANS[value]
    return value


def _sent(argument: Argument | None, value: Json) -> Json:
    if argument and argument.single and isinstance(value, list) and len(value) == 1:
        return value[0]
    return value


def _put(body: dict[str, Json], wire: str, value: Json) -> None:
    *parents, last = wire.split(".")
    for parent in parents:
        inner = body.setdefault(parent, {})
        body = inner if isinstance(inner, dict) else body
    body[last] = value


def _take(body: dict[str, Json], wire: str) -> tuple[bool, Json]:
    *parents, last = wire.split(".")
    for parent in parents:
        inner = body.get(parent)
        if not isinstance(inner, dict):
            return False, None
        body = inner
    return (True, body.pop(last)) if last in body else (False, None)


def _copied(value: dict[str, Json]) -> dict[str, Json]:
    return {key: _copied(item) if isinstance(item, dict) else item for key, item in value.items()}


def _leaves(body: dict[str, Json], parents: set[str], prefix: str = "") -> list[str]:
    """Name what is left after all arguments are taken.

    Nulls are nothing, and so is an empty object where arguments have their place (`parents`).
    """
    found: list[str] = []
    for key, value in body.items():
        place = f"{prefix}{key}"
        if isinstance(value, dict) and (value or place in parents):
            found += _leaves(value, parents, f"{place}.")
        elif value is not None:
            found.append(place)
    return found


def _form(operation: Operation, arguments: Arguments) -> tuple[Part, ...]:
    parts: list[Part] = []
    for name, value in {**operation.constant, **arguments}.items():
        argument = operation.arguments.get(name)
        wire = argument.wire if argument else name
        values = value if isinstance(value, list) else [value]
        parts += [_part(wire, item) for item in values]
    return tuple(parts)


def _part(wire: str, value: Json) -> Part:
    if isinstance(value, dict) and "media_type" in value:
        numbers = {
            key: item if isinstance(item, int) else None
            for key, item in ((k, value.get(k)) for k in ("bytes", "width", "height"))
        }
        return Part(
            name=wire,
            filename=str(value.get("filename", "image")),
            media_type=str(value["media_type"]),
            digest=str(value.get("digest", "")),
            size_bytes=numbers["bytes"],
            width_px=numbers["width"],
            height_px=numbers["height"],
        )
    return Part(name=wire, value=value if isinstance(value, str) else canonical(value))


def _gathered(parts: tuple[Part, ...]) -> dict[str, Json]:
    """Read a form's parts as one object; a name that comes again becomes a list."""
    body: dict[str, Json] = {}
    for part in parts:
        value: Json = part.value
        if part.value is None:
            value = {
                "media_type": part.media_type,
                "bytes": part.size_bytes,
                "width": part.width_px,
                "height": part.height_px,
            }
        if part.name in body:
            earlier = body[part.name]
            body[part.name] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
        else:
            body[part.name] = value
    return body
