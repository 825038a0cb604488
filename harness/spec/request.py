"""Canonical arguments to a provider's request, and back.

One table serves both ways: a case becomes a request, and a request recorded by somebody else
becomes a case again.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial

from harness.core.exchange import Part, Request
from harness.core.jsonvalue import Json, canonical
from harness.core.reference import ReferenceImage
from harness.spec.beside import Pairs, headers_of, in_path, read_beside, target_of, typed, whole
from harness.spec.inline import read, written
from harness.spec.jsonpath import adds, leaves, put, take, without_place
from harness.spec.lifecycle import Idempotency
from harness.spec.places import placed, taken
from harness.spec.provider import Argument, Operation, Provider
from harness.spec.rules import Arguments, edges, member
from harness.spec.rules.body import BODY, unknown_fields


def build_request(
    provider: Provider, operation: Operation, arguments: Arguments, *, key: str | None = None
) -> Request:
    """Return the request for these arguments as it goes on the wire, the API key excepted.

    Values are sent as they are, allowed or not; nothing is added that the arguments do not name
    but the operation's constants. Files that are uploaded first stand in the body under
    placeholder addresses. `key` goes out as the idempotency key, where the provider knows one.
    """
    known_by = operation.known_by if key is not None else None
    form = body = None
    if operation.body == "form":
        form = _form(operation, arguments)
        if known_by is not None and known_by.field:
            form = (*form, Part(name=known_by.field, value=key))
    elif operation.method != "GET":
        body = _body(operation, arguments)
        if known_by is not None and known_by.field:
            put(body, known_by.field, key)
    return Request(
        method=operation.method,
        target=target_of(provider, operation, arguments),
        headers=headers_of(provider, operation, arguments, in_json=body is not None)
        + (((known_by.header, key or ""),) if known_by and known_by.header else ()),
        body=body,
        form=form,
        timeout_s=timeout_s(provider, arguments),
    )


def key_of(request: Request, known_by: Idempotency) -> str:
    """Return the idempotency key of a request; empty where it has none."""
    found: Json = None
    if known_by.header:
        named = known_by.header.lower()
        found = next((text for name, text in request.headers if name.lower() == named), None)
    elif request.form is not None:
        found = next((part.value for part in request.form if part.name == known_by.field), None)
    elif isinstance(request.body, dict):
        found = take(deepcopy(request.body), known_by.field)[1]
    return found if isinstance(found, str) else ""


def _body(operation: Operation, arguments: Arguments) -> dict[str, Json]:
    body: dict[str, Json] = deepcopy(operation.constant)
    found: list[tuple[str, Json]] = []
    for name, value in _spread(operation, arguments):
        argument = operation.arguments.get(name)
        sent = _sent(argument, value)
        found += placed(argument, sent) if argument else ((name, sent),)
    # What is added to a list comes after what has a place of its own in it.
    for place, content in sorted(found, key=lambda pair: adds(pair[0])):
        put(body, place, content)
    return body


def _spread(operation: Operation, arguments: Arguments) -> Iterator[tuple[str, Json]]:
    """Yield the arguments of the body, and each unknown field of it by its place."""
    for name, value in arguments.items():
        argument = operation.arguments.get(name)
        if name == BODY and argument is None:
            yield from unknown_fields(arguments).items()
        elif argument is None or argument.where == "body":
            yield name, value


def carried(operation: Operation, arguments: Arguments) -> dict[str, Json]:
    """Return the arguments as the provider can see them: a form knows texts and files only.

    So `123` for a text is no wrong type in a form, and `1.5` for a whole number still is one. A
    path, a query and a header know texts only, too.
    """
    visible: dict[str, Json] = {}
    for name, value in arguments.items():
        argument = operation.arguments.get(name)
        as_it_is = argument is None or argument.type in ("images", "file")
        if argument is None or as_it_is or not operation.writes_text(name):
            visible[name] = value
        else:
            visible[name] = typed(argument, value if isinstance(value, str) else canonical(value))
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
    """A recorded request in canonical words; `unknown` are the wire keys that no argument maps.

    `odd` names what it has in another shape than the documents: a list of images where they have
    one plain value, and `body` for a form where they have JSON, or the other way round.
    """

    operation: str
    arguments: dict[str, Json]
    unknown: tuple[str, ...]
    odd: tuple[str, ...] = ()


def read_request(  # noqa: PLR0913 - all that a request is made of
    provider: Provider,
    method: str,
    path: str,
    body: Json,
    fields: tuple[Part, ...] | None = None,
    *,
    query: Pairs = (),
    headers: Pairs = (),
) -> Reading | None:
    """Turn a request back into arguments, or return None where the provider has no such operation.

    Where several operations share a path, the one with its encoding is meant, and of these the one
    that explains most of the body.
    """
    readings = [
        read_as(
            name, provider, method, path, body=body, fields=fields, query=query, headers=headers
        )
        for name in provider.operations
    ]
    return min(
        (reading for reading in readings if reading is not None),
        key=lambda one: (BODY in one.odd, *_surprise(provider, one)),
        default=None,
    )


def read_as(  # noqa: PLR0913 - all that a request is made of
    name: str,
    provider: Provider,
    method: str,
    path: str,
    *,
    body: Json,
    fields: tuple[Part, ...] | None = None,
    query: Pairs = (),
    headers: Pairs = (),
) -> Reading | None:
    """Turn a request back into arguments of one operation; None where it does not go there."""
    operation = provider.operation(name)
    values = in_path(operation, path) if method.upper() == operation.method else None
    if values is None:
        return None
    beside = read_beside(provider, operation, values, query=query, headers=headers)
    odd = (fields is not None) != (operation.body == "form") and bool(fields or body)
    if odd and isinstance(body, dict) and fields is None:
        reading = _read_json_for_form(name, operation, body)
    else:
        reading = _read_one(name, operation, body, fields)
    found = {**beside, **reading.arguments}
    ordered = {one: found[one] for one in operation.arguments if one in found}
    return replace(reading, arguments=ordered, odd=(*reading.odd, BODY) if odd else reading.odd)


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
    if operation.known_by is not None and operation.known_by.field:
        take(remaining, operation.known_by.field)
    arguments: dict[str, Json] = {}
    odd: list[str] = []
    # What has a place of its own in a list is taken out of it before what is added to it.
    for canonical_name, argument in sorted(
        operation.arguments.items(), key=lambda pair: adds(pair[1].wire)
    ):
        if argument.where != "body":
            continue
        fits = partial(_fits, argument)
        content = taken(argument, partial(take, remaining, fixed=operation.constant, fits=fits))
        if argument.single and isinstance(content, list):
            odd.append(canonical_name)
        if content is not None:  # null means omitted
            arguments[canonical_name] = _read(argument, _listed(operation, argument, content))
    parents = {
        place.rpartition(".")[0]
        for argument in operation.arguments.values()
        for place in argument.places
        if "." in place
    }
    unknown = tuple(leaves(remaining, parents))
    return Reading(operation=name, arguments=arguments, unknown=unknown, odd=tuple(odd))


def _fits(argument: Argument, entry: Json) -> bool:
    """Tell whether an entry of a list may be one of this argument's values."""
    if argument.type not in ("images", "file"):
        return not isinstance(entry, dict | list)
    return read(argument, entry) is not None


def _read(argument: Argument, content: Json) -> Json:
    """Return images as files or addresses, whatever they were put into."""
    if argument.type not in ("images", "file"):
        return content
    if argument.type == "images" and isinstance(content, list):
        images = [read(argument, entry) for entry in content]
        return content if None in images else images
    image = read(argument, content)
    return content if image is None else image


def _read_form(name: str, operation: Operation, fields: tuple[Part, ...]) -> Reading:
    """Read a form: its names are no paths, and it knows texts and files only."""
    remaining = _gathered(fields)
    if operation.known_by is not None:
        remaining.pop(operation.known_by.field, None)
    for key, value in operation.constant.items():
        if remaining.get(key) == form_part(key, value).value:
            remaining.pop(key, None)
    arguments: dict[str, Json] = {}
    for canonical_name, argument in operation.arguments.items():
        if argument.where != "body":
            continue
        content = taken(argument, partial(_take_field, remaining, argument))
        if content is not None:
            arguments[canonical_name] = _listed(operation, argument, content)
    return Reading(operation=name, arguments=arguments, unknown=tuple(remaining))


FILES = ("images", "file")


def _as_form(body: Mapping[str, Json]) -> tuple[Part, ...]:
    """Return a JSON object as the form that it stands for; nulls are left out."""
    return tuple(
        form_part(key, entry)
        for key, content in body.items()
        if content is not None
        for entry in (content if isinstance(content, list) else [content])
    )


def _read_json_for_form(name: str, operation: Operation, body: dict[str, Json]) -> Reading:
    """Read JSON that was sent where the documents want a form.

    Its keys are those of the form, or the arguments' own names, which other providers' JSON has.
    """
    named = {
        place: name
        for name, argument in operation.arguments.items()
        if argument.where == "body"
        for place in (*argument.places, *argument.also, name)
    }
    own: dict[str, Json] = {}
    rest: dict[str, Json] = {}
    for key, content in body.items():
        argument = operation.arguments.get(named.get(key, ""))
        if argument is None or (key in argument.places and argument.type not in FILES):
            rest[key] = content
        elif content is not None and named[key] not in own:
            alone = argument.type == "images" and not isinstance(content, list)
            own[named[key]] = [content] if alone else content
    reading = _read_form(name, operation, _as_form(rest))
    empty = tuple(key for key, content in rest.items() if content == [] and key not in named)
    return replace(
        reading, arguments={**own, **reading.arguments}, unknown=(*reading.unknown, *empty)
    )


def _take_field(fields: dict[str, Json], argument: Argument, place: str) -> tuple[bool, Json]:
    """Take a field of a form away, read as its argument's type; edges are whole numbers."""
    if place not in fields:
        return False, None
    content = fields.pop(place)
    if argument.edges and place in argument.edges and isinstance(content, str):
        return True, whole(content)
    return True, typed(argument, content)


def _listed(operation: Operation, argument: Argument, value: Json) -> Json:
    """Return one image as the list that it is, where the provider takes one without a list."""
    alone = argument.type == "images" and not isinstance(value, list)
    may = operation.body == "form" or (
        argument.single and isinstance(value, str if argument.item is None else (str, dict))
    )
    may = may or argument.where == "query"
    return [value] if alone and may else value


def _sent(argument: Argument | None, value: Json) -> Json:
    if argument is None or argument.type not in ("images", "file"):
        return value
    several = value if isinstance(value, list) else None
    named: Json = written(argument, value)
    if several is not None:
        named = [written(argument, image) for image in several]
    single = argument.single and isinstance(named, list) and len(named) == 1
    return named[0] if single and isinstance(named, list) else named


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
    image = replace(ReferenceImage.of_part(part), digest=None)
    return {**dict.fromkeys(("media_type", "bytes", "width", "height")), **image.as_json()}
