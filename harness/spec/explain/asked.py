"""Which request is meant: canonical arguments, or the wire body of one of several providers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from harness.core.errors import UsageError
from harness.core.jsonvalue import Json
from harness.spec.explain.neighbours import plain_value
from harness.spec.provider import Operation, Provider
from harness.spec.request import Reading, missing_arguments, read_as
from harness.spec.rules.body import BODY
from harness.spec.templates import as_text, segment

_NEEDED = ("prompt", "model", "mode", "images")
"""What a request has to have somewhere, and is hardly ever the question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainRequest:
    """A request to one provider's operation; a plain value stands in for what is `assumed`."""

    provider: Provider
    operation: str
    arguments: dict[str, Json]
    unknown: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()
    assumed: dict[str, Json] = field(default_factory=dict)


def with_plain_values(
    provider: Provider, operation: str | None, arguments: Mapping[str, Json]
) -> ExplainRequest:
    """Return a request for these arguments; what it needs besides gets a plain value.

    Without an operation it is an edit where images are given, else a generation.
    """
    name = _operation_of(provider, operation, arguments)
    documented = provider.operations.get(name)
    assumed = {} if documented is None else _assumed(documented, arguments)
    return ExplainRequest(
        provider=provider, operation=name, arguments={**assumed, **arguments}, assumed=assumed
    )


def _assumed(operation: Operation, arguments: Mapping[str, Json]) -> dict[str, Json]:
    return {
        name: plain_value(operation, name)
        for name, argument in operation.arguments.items()
        if name in _NEEDED and argument.required is not None and name not in arguments
    }


def _operation_of(provider: Provider, operation: str | None, arguments: Mapping[str, Json]) -> str:
    """Return the operation that is meant: by its name or its kind, of several the fitting one."""
    edits = "images" in arguments or "mask" in arguments
    word = operation or ("edit" if edits else "generate")
    fewest = sorted(
        provider.meant(word),
        key=lambda name: len(set(arguments) - set(provider.operation(name).arguments)),
    )
    return fewest[0] if fewest else word


def from_body(
    providers: Sequence[Provider],
    operation: str | None,
    body: Mapping[str, Json],
    *,
    over: Mapping[str, Json],
    where: str,
) -> tuple[ExplainRequest, ...]:
    """Return a request for what a body holds, with the arguments of `over` in its place.

    A body whose every key is a parameter, canonical or declared by one of the providers, is put to
    each of them; any other must be a wire body of one. Raises UsageError, which names `where` the
    body is from, where nobody, or more than one, could have been meant.
    """
    if not strange_names(providers, body):
        arguments = present({**body, **over})
        requests = [
            ExplainRequest(
                provider=provider,
                operation=_operation_of(provider, operation, arguments),
                arguments=arguments,
            )
            for provider in providers
        ]
        return tuple(
            requests if over or len(requests) > 1 else (_as_sent(requests[0], operation, body),)
        )
    provider, reading = _read(providers, operation, body, where)
    return (
        ExplainRequest(
            provider=provider,
            operation=reading.operation,
            arguments=present({**reading.arguments, **over}),
            unknown=reading.unknown,
            odd=tuple(name for name in reading.odd if name != BODY and name not in over),
        ),
    )


def _as_sent(
    request: ExplainRequest, operation: str | None, body: Mapping[str, Json]
) -> ExplainRequest:
    """Return a request as its body is read on the wire, where that leaves the same unexplained.

    A key may be both a parameter and its place on the wire: what was sent there is what counts, as
    in recorded traffic.
    """
    readings = _readings(request.provider, operation, body)
    wanted = next((one for one in readings if one.operation == request.operation), None)
    if wanted is None:
        return request
    mapped = request.provider.operation(wanted.operation).arguments
    unmapped = {name: value for name, value in request.arguments.items() if name not in mapped}
    if {re.split(r"[.\[]", place)[0] for place in wanted.unknown} != unmapped.keys():
        return request
    return replace(
        request,
        arguments={**present(wanted.arguments), **unmapped},
        odd=tuple(name for name in wanted.odd if name != BODY),
    )


def _read(
    providers: Sequence[Provider], operation: str | None, body: Mapping[str, Json], where: str
) -> tuple[Provider, Reading]:
    """Find the one provider whose wire body this is."""
    strange = strange_names(providers, body)
    readings = [
        (provider, reading)
        for provider in providers
        for reading in _readings(provider, operation, body)
    ]
    fitting = [pair for pair in readings if set(strange) - set(pair[1].unknown)]
    if not fitting and len(providers) > 1:
        near = get_close_matches(strange[0], known_names(providers), n=1)
        guess = f"did you mean {near[0]}? " if near else ""
        raise UsageError(
            f"{where}: unknown parameter {strange[0]!r}",
            hint=f"{guess}a wire body goes with --provider NAME",
        )
    least = min((_unexplained(*pair) for pair in readings), default=None)
    chosen = [pair for pair in fitting or readings if _unexplained(*pair) == least]
    meant_by = sorted({provider.name for provider, _ in chosen})
    if len(meant_by) > 1:
        raise UsageError(
            f"{where}: could be a body for any of {', '.join(meant_by)}", hint="say --provider NAME"
        )
    if not chosen:
        raise UsageError(f"{where}: {providers[0].name} has no operation {operation!r}")
    return chosen[0]


def known_names(providers: Sequence[Provider]) -> tuple[str, ...]:
    """Return the parameters that are known for any of the providers, the canonical ones first."""
    return tuple(dict.fromkeys(name for provider in providers for name in provider.parameters))


def strange_names(providers: Sequence[Provider], body: Mapping[str, Json]) -> list[str]:
    """Return the keys of a body that are no parameter of any of the providers."""
    return [key for key in body if key not in known_names(providers)]


def _unexplained(provider: Provider, reading: Reading) -> tuple[int, int]:
    return len(reading.unknown), missing_arguments(provider, reading)


def present(body: Mapping[str, Json]) -> dict[str, Json]:
    """Return what is given: a null is not."""
    return {name: content for name, content in body.items() if content is not None}


def _readings(provider: Provider, wanted: str | None, body: Mapping[str, Json]) -> list[Reading]:
    readings = [
        _reading(provider, name, body)
        for name in provider.operations
        if wanted is None or name in provider.meant(wanted)
    ]
    return [reading for reading in readings if reading is not None]


def _reading(provider: Provider, name: str, body: Mapping[str, Json]) -> Reading | None:
    """Read a body; what travels beside it may stand in it, under its name there.

    Where the documents want a form, JSON stands for that form here.
    """
    operation = provider.operation(name)
    wires = {argument.wire: argument.where for argument in operation.arguments.values()}
    placed = {key: wires.get(key, "body") for key in present(body)}
    texts = {key: as_text(body[key]) for key, where in placed.items() if where != "body"}
    inside = {key: content for key, content in body.items() if key not in texts}
    path = operation.path
    for key, text in texts.items():
        path = path.replace(f"{{{key}}}", segment(text)) if placed[key] == "path" else path
    return read_as(
        name,
        provider,
        operation.method,
        path,
        body=inside,
        query=[(key, text) for key, text in texts.items() if placed[key] == "query"],
        headers=[(key, text) for key, text in texts.items() if placed[key] == "header"],
    )
