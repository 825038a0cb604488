"""Canonical arguments to a provider's request, and back.

One table serves both ways: a case becomes a request, and a request recorded by somebody else
becomes a case again.
"""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import partial

from harness.core.exchange import Part, Request
from harness.core.jsonvalue import Json, canonical
from harness.core.placeholders import ASSETS
from harness.core.reference import ReferenceImage
from harness.spec.jsonpath import leaves, put, take, without_place
from harness.spec.places import placed, taken
from harness.spec.provider import Argument, Operation, Provider
from harness.spec.rules import Arguments, edges, member
from harness.spec.rules.body import BODY, unknown_fields

EVENTS, JSON = ("Accept", "text/event-stream"), ("Accept", "application/json")
JSON_BODY = ("Content-Type", "application/json")

_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?", re.ASCII)
_BOOLEANS: dict[str, Json] = {"true": True, "false": False}


def build_request(
    provider: Provider, operation: Operation, arguments: Arguments, *, key: str | None = None
) -> Request:
    """Return the request for these arguments as it goes on the wire, the API key excepted.

    Values are sent as they are, allowed or not; nothing is added that the arguments do not name
    but the operation's constants. Files that are uploaded first stand in the body under
    placeholder addresses. `key` goes out as the idempotency key, where the provider knows one.
    """
    streaming = arguments.get("stream") is True and operation.stream is not None
    headers = [EVENTS if streaming else JSON]
    if key is not None and operation.job is not None and operation.job.idempotency is not None:
        headers.append((operation.job.idempotency.header, key))
    as_form = operation.body == "form"
    return Request(
        method=operation.method,
        target=operation.path,
        headers=tuple(headers) if as_form else (JSON_BODY, *headers),
        body=None if as_form else _body(operation, arguments),
        form=_form(operation, arguments) if as_form else None,
        timeout_s=timeout_s(provider, arguments),
    )


def _body(operation: Operation, arguments: Arguments) -> dict[str, Json]:
    body: dict[str, Json] = deepcopy(operation.constant)
    for name, value in _spread(operation, arguments):
        argument = operation.arguments.get(name)
        sent = _sent(argument, value)
        for place, content in placed(argument, sent) if argument else ((name, sent),):
            put(body, place, content)
    return body


def _spread(operation: Operation, arguments: Arguments) -> Iterator[tuple[str, Json]]:
    """Yield the arguments, and each unknown field of the body by its place."""
    for name, value in arguments.items():
        if name == BODY and name not in operation.arguments:
            yield from unknown_fields(arguments).items()
        else:
            yield name, value


def carried(operation: Operation, arguments: Arguments) -> dict[str, Json]:
    """Return the arguments as the provider can see them: a form knows texts and files only.

    So `123` for a text is no wrong type in a form, and `1.5` for a whole number still is one.
    """
    if operation.body != "form":
        return dict(arguments)
    visible: dict[str, Json] = {}
    for name, value in arguments.items():
        argument = operation.arguments.get(name)
        if argument is None or argument.type in ("images", "file"):
            visible[name] = value
        else:
            visible[name] = _typed(argument, value if isinstance(value, str) else canonical(value))
    return visible


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


def read_request(
    provider: Provider, method: str, path: str, body: Json, fields: tuple[Part, ...] | None = None
) -> Reading | None:
    """Turn a request back into arguments, or return None where the provider has no such operation.

    Where several operations share a path, the one that explains most of the body is meant.
    """
    readings = [
        reading
        for name, operation in provider.operations.items()
        if method.upper() == operation.method
        and any(path.endswith(documented) for documented in (operation.path, *operation.also))
        for reading in [_read_one(name, operation, body, fields)]
    ]
    return min(readings, key=lambda reading: _surprise(provider, reading), default=None)


def _surprise(provider: Provider, reading: Reading) -> tuple[int, int]:
    """Count what an operation leaves unexplained of a request, and what it misses in it.

    A mode of another operation, by which operations on one path differ, counts as unexplained.
    """
    arguments = provider.operation(reading.operation).arguments
    modes = arguments["mode"].one_of if "mode" in arguments else None
    mode = reading.arguments.get("mode")
    stray = modes is not None and mode is not None and not member(mode, modes.values)
    return (len(reading.unknown) + stray, missing_arguments(provider, reading))


def missing_arguments(provider: Provider, reading: Reading) -> int:
    """Count the required arguments that a request lacks."""
    arguments = provider.operation(reading.operation).arguments
    return sum(
        argument.required is not None and name not in reading.arguments
        for name, argument in arguments.items()
    )


def _read_one(
    name: str, operation: Operation, body: Json, fields: tuple[Part, ...] | None
) -> Reading:
    if fields is not None:
        return _read_form(name, operation, fields)
    remaining = without_place(body if isinstance(body, dict) else {}, operation.constant)
    arguments: dict[str, Json] = {}
    for canonical_name, argument in operation.arguments.items():
        content = taken(argument, partial(take, remaining))
        if content is not None:  # null means omitted
            arguments[canonical_name] = _listed(operation, argument, content)
    parents = {
        place.rpartition(".")[0]
        for argument in operation.arguments.values()
        for place in argument.places
        if "." in place
    }
    return Reading(operation=name, arguments=arguments, unknown=tuple(leaves(remaining, parents)))


def _read_form(name: str, operation: Operation, fields: tuple[Part, ...]) -> Reading:
    """Read a form: its names are no paths, and it knows texts and files only."""
    remaining = _gathered(fields)
    for key, value in operation.constant.items():
        if remaining.get(key) == form_part(key, value).value:
            remaining.pop(key, None)
    arguments: dict[str, Json] = {}
    for canonical_name, argument in operation.arguments.items():
        content = taken(argument, partial(_take_field, remaining, argument))
        if content is not None:
            arguments[canonical_name] = _listed(operation, argument, content)
    return Reading(operation=name, arguments=arguments, unknown=tuple(remaining))


def _take_field(fields: dict[str, Json], argument: Argument, place: str) -> tuple[bool, Json]:
    """Take a field of a form away, read as its argument's type; edges are whole numbers."""
    if place not in fields:
        return False, None
    content = fields.pop(place)
    if argument.edges and place in argument.edges and isinstance(content, str):
        return True, int(content) if _INTEGER.fullmatch(content) else content
    return True, _typed(argument, content)


def _listed(operation: Operation, argument: Argument, value: Json) -> Json:
    """Return one image as the list that it is, where the provider takes one without a list."""
    alone = argument.type == "images" and not isinstance(value, list)
    may = operation.body == "form" or (argument.single and isinstance(value, str))
    return [value] if alone and may else value


def _typed(argument: Argument, value: Json) -> Json:
    """Read a form's text as its argument's type; text that is none of that type stays as it is."""
    if not isinstance(value, str):
        return value
    if argument.type == "integer" and _INTEGER.fullmatch(value):
        return int(value)
    if argument.type == "number" and _NUMBER.fullmatch(value):
        return int(value) if _INTEGER.fullmatch(value) else float(value)
    if argument.type == "boolean" and value in _BOOLEANS:
        return _BOOLEANS[value]
    if argument.type in ("array", "object"):
        return _parsed(value, list if argument.type == "array" else dict)
    return value


def _parsed(text: str, kind: type) -> Json:
    """Read the JSON that a form holds for a list or an object; any other text stays as it is."""
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, kind) else text


def _sent(argument: Argument | None, value: Json) -> Json:
    if argument is None or argument.type not in ("images", "file"):
        return value
    named = [_address(image) for image in value] if isinstance(value, list) else _address(value)
    single = argument.single and isinstance(named, list) and len(named) == 1
    return named[0] if single and isinstance(named, list) else named


def _address(entry: Json) -> Json:
    """Return a file's placeholder address, under which it will be served or uploaded."""
    image = ReferenceImage.of(entry)
    return entry if image is None or image.filename is None else f"{ASSETS}{image.filename}"


def _form(operation: Operation, arguments: Arguments) -> tuple[Part, ...]:
    parts: list[Part] = []
    for name, value in (*operation.constant.items(), *_spread(operation, arguments)):
        argument = operation.arguments.get(name)
        several = isinstance(value, list) and (argument is None or argument.type == "images")
        values = value if several and isinstance(value, list) else [value]
        parts += [
            form_part(place, content)
            for entry in values
            for place, content in (placed(argument, entry) if argument else ((name, entry),))
        ]
    return tuple(parts)


def form_part(wire: str, value: Json) -> Part:
    """Return a form's part: a file where the value describes one, else its text."""
    image = ReferenceImage.of(value)
    if image is None or image.media_type is None:
        return Part(name=wire, value=value if isinstance(value, str) else canonical(value))
    return Part(
        name=wire,
        filename=image.filename or "image",
        media_type=image.media_type,
        digest=image.digest or "",
        size_bytes=image.size_bytes,
        width_px=image.width_px,
        height_px=image.height_px,
        alpha=image.alpha,
    )


def _gathered(parts: tuple[Part, ...]) -> dict[str, Json]:
    """Read a form's parts as one object; a name that comes again becomes a list."""
    body: dict[str, Json] = {}
    for part in parts:
        value: Json = part.value
        if part.value is None:
            value = _received(part)
        if part.name in body:
            earlier = body[part.name]
            body[part.name] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
        else:
            body[part.name] = value
    return body


def _received(part: Part) -> dict[str, Json]:
    """Return what is known of a file that somebody else sent; its name tells nothing."""
    image = ReferenceImage(
        media_type=part.media_type,
        size_bytes=part.size_bytes,
        width_px=part.width_px,
        height_px=part.height_px,
        alpha=part.alpha,
    )
    return {**dict.fromkeys(("media_type", "bytes", "width", "height")), **image.as_json()}
