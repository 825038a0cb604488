"""A request that documents are asked about: canonical arguments, or one provider's wire body."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from harness.core.errors import UsageError
from harness.core.exchange import Part
from harness.core.jsonvalue import Json
from harness.spec.explain.neighbours import plain_value
from harness.spec.provider import PARAMETERS, Operation, Provider
from harness.spec.request import Reading, form_part, read_request

_NEEDED = ("prompt", "model", "mode", "images")
"""What a request has to have somewhere, and is hardly ever the question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainRequest:
    """A request to one provider's operation; a plain value stands in for what is `assumed`."""

    provider: Provider
    operation: str
    arguments: dict[str, Json]
    unknown: tuple[str, ...] = ()
    assumed: dict[str, Json] = field(default_factory=dict)


def with_plain_values(
    provider: Provider, operation: str | None, arguments: Mapping[str, Json]
) -> ExplainRequest:
    """Return a request for these arguments; what it needs besides gets a plain value.

    Without an operation it is an edit where images are given, else a generation.
    """
    name = operation or _operation_of(arguments)
    documented = provider.operations.get(name)  # type: ignore[call-overload]  # any text may be asked for
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


def _operation_of(arguments: Mapping[str, Json]) -> str:
    return "edit" if "images" in arguments or "mask" in arguments else "generate"


def from_body(
    providers: Sequence[Provider],
    operation: str | None,
    body: Mapping[str, Json],
    *,
    over: Mapping[str, Json],
    where: str,
) -> tuple[ExplainRequest, ...]:
    """Return a request for what a body holds, with the arguments of `over` in its place.

    A body whose every key is a canonical parameter is one in canonical words and is put to each
    provider; any other must be a wire body of one of them. Raises UsageError, which names `where`
    the body is from, where nobody, or more than one, could have been meant.
    """
    strange = [key for key in body if key not in PARAMETERS]
    if not strange:
        arguments = present({**body, **over})
        name = operation or _operation_of(arguments)
        return tuple(
            ExplainRequest(provider=provider, operation=name, arguments=arguments)
            for provider in providers
        )
    provider, reading = _read(providers, operation, body, where)
    return (
        ExplainRequest(
            provider=provider,
            operation=reading.operation,
            arguments=present({**reading.arguments, **over}),
            unknown=reading.unknown,
        ),
    )


def _read(
    providers: Sequence[Provider], operation: str | None, body: Mapping[str, Json], where: str
) -> tuple[Provider, Reading]:
    """Find the one provider whose wire body this is."""
    strange = [key for key in body if key not in PARAMETERS]
    readings = [
        (provider, reading)
        for provider in providers
        for reading in _readings(provider, operation, body)
    ]
    fitting = [one for one in readings if set(strange) - set(one[1].unknown)]
    if not fitting and len(providers) > 1:
        near = get_close_matches(strange[0], PARAMETERS, n=1)
        guess = f"did you mean {near[0]}? " if near else ""
        raise UsageError(
            f"{where}: unknown parameter {strange[0]!r}",
            hint=f"{guess}a wire body goes with --provider NAME",
        )
    best = min((_surprise(*one) for one in readings), default=None)
    chosen = [one for one in fitting or readings if _surprise(*one) == best]
    meant_by = sorted({provider.name for provider, _ in chosen})
    if len(meant_by) > 1:
        raise UsageError(
            f"{where}: could be a body for any of {', '.join(meant_by)}", hint="say --provider NAME"
        )
    if not chosen:
        raise UsageError(f"{where}: {providers[0].name} has no operation {operation!r}")
    return chosen[0]


def present(body: Mapping[str, Json]) -> dict[str, Json]:
    """Return what is given: a null is not."""
    return {name: content for name, content in body.items() if content is not None}


def _readings(provider: Provider, wanted: str | None, body: Mapping[str, Json]) -> list[Reading]:
    readings = [
        read_request(
            provider, operation.method, operation.path, dict(body), _fields(operation, body)
        )
        for name, operation in provider.operations.items()
        if wanted in (None, name)
    ]
    return [reading for reading in readings if reading is not None]


def _fields(operation: Operation, body: Mapping[str, Json]) -> tuple[Part, ...] | None:
    """Return a JSON object as the form that it stands for, where the operation takes forms."""
    if operation.body != "form":
        return None
    return tuple(
        form_part(key, item)
        for key, content in present(body).items()
        for item in (content if isinstance(content, list) else [content])
    )


def _surprise(provider: Provider, reading: Reading) -> tuple[int, int]:
    """Count what a reading leaves unexplained, and what a provider requires and does not find."""
    arguments = provider.operation(reading.operation).arguments
    missing = sum(
        argument.required is not None and name not in reading.arguments
        for name, argument in arguments.items()
    )
    return len(reading.unknown), missing
