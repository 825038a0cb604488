"""The request that `harness explain` is asked about: from options, or from a file."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from harness.core.errors import UsageError
from harness.core.exchange import Part
from harness.core.jsonvalue import Json
from harness.spec.explain.neighbours import plain_value
from harness.spec.load import shipped_provider as shipped
from harness.spec.provider import PARAMETERS, Operation, Provider
from harness.spec.request import Reading, form_part, read_request

LARGEST = 64 * 1024 * 1024
"""Bytes of a request file: more than any provider takes."""

_DIGITS = 40
_ADDRESSES = ("http://", "https://", "data:")
_STANDING_IN = ("prompt", "model", "mode", "images")
"""What a request has to have somewhere, and is hardly ever the question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request to one provider's operation; `assumed` were not given, a plain value stands in."""

    provider: Provider
    operation: str
    arguments: dict[str, Json]
    unknown: tuple[str, ...] = ()
    assumed: dict[str, Json] = field(default_factory=dict)


def from_options(
    names: Sequence[str], operation: str | None, arguments: Mapping[str, Json]
) -> tuple[Asked, ...]:
    """Ask each provider for what the options say; what it needs besides gets a plain value."""
    meant = operation or _operation_of(arguments)
    return tuple(_completed(shipped(name), meant, arguments) for name in names)


def _completed(provider: Provider, name: str, arguments: Mapping[str, Json]) -> Asked:
    operation = provider.operations.get(name)  # type: ignore[call-overload]  # any text may be asked for
    assumed = {} if operation is None else _assumed(operation, arguments)
    return Asked(
        provider=provider, operation=name, arguments={**assumed, **arguments}, assumed=assumed
    )


def _assumed(operation: Operation, arguments: Mapping[str, Json]) -> dict[str, Json]:
    return {
        name: plain_value(operation, name)
        for name, argument in operation.arguments.items()
        if name in _STANDING_IN and argument.required is not None and name not in arguments
    }


def _operation_of(arguments: Mapping[str, Json]) -> str:
    return "edit" if "images" in arguments or "mask" in arguments else "generate"


def from_body(
    names: Sequence[str],
    operation: str | None,
    body: dict[str, Json],
    *,
    over: Mapping[str, Json],
    where: str,
) -> tuple[Asked, ...]:
    """Ask for what a file holds, with the arguments of `over` in its place, and nothing besides.

    A body whose every key is a canonical parameter is one in canonical words and is put to each
    provider; any other must be a wire body of one of them. Raises UsageError where nobody, or more
    than one, could have been meant.
    """
    strange = [key for key in body if key not in PARAMETERS]
    if not strange:
        given = _present({**body, **over})
        meant = operation or _operation_of(given)
        return tuple(
            Asked(provider=shipped(name), operation=meant, arguments=given) for name in names
        )
    provider, reading = _read(names, operation, body, where)
    return (
        Asked(
            provider=provider,
            operation=reading.operation,
            arguments=_present({**reading.arguments, **over}),
            unknown=reading.unknown,
        ),
    )


def _read(
    names: Sequence[str], operation: str | None, body: dict[str, Json], where: str
) -> tuple[Provider, Reading]:
    """Find the one provider whose wire body this is."""
    strange = [key for key in body if key not in PARAMETERS]
    readings = [
        (provider, reading)
        for provider in map(shipped, names)
        for reading in _readings(provider, operation, body)
    ]
    fitting = [one for one in readings if set(strange) - set(one[1].unknown)]
    if not fitting and len(names) > 1:
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
        raise UsageError(f"{where}: {names[0]} has no operation {operation!r}")
    return chosen[0]


def _present(body: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in body.items() if value is not None}


def _readings(provider: Provider, wanted: str | None, body: dict[str, Json]) -> list[Reading]:
    found = [
        read_request(provider, operation.method, operation.path, body, _fields(operation, body))
        for name, operation in provider.operations.items()
        if wanted in (None, name)
    ]
    return [one for one in found if one is not None]


def _fields(operation: Operation, body: Mapping[str, Json]) -> tuple[Part, ...] | None:
    """Return a JSON object as the form that it stands for, where the operation takes forms."""
    if operation.body != "form":
        return None
    return tuple(
        form_part(key, item)
        for key, value in _present(body).items()
        for item in (value if isinstance(value, list) else [value])
    )


def _surprise(provider: Provider, reading: Reading) -> tuple[int, int]:
    """Count what a reading leaves unexplained, and what a provider requires and does not find."""
    arguments = provider.operation(reading.operation).arguments
    missing = sum(
        argument.required is not None and name not in reading.arguments
        for name, argument in arguments.items()
    )
    return len(reading.unknown), missing


def body_of(file: str) -> dict[str, Json]:
    """Read a JSON object from a file, or from stdin for `-`; UsageError where it holds none."""
    where = "stdin" if file == "-" else file
    try:
        if file == "-":
            raw = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with Path(file).open("rb") as stream:
                raw = stream.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"--request {where}: {error.strerror or error}") from None
    if len(raw) > LARGEST:
        raise UsageError(f"--request {where}: larger than {LARGEST:,} bytes")
    try:
        found = parsed(raw.decode("utf-8-sig"))
    except ValueError as error:
        raise UsageError(f"--request {where}: not JSON: {error}") from None
    if not isinstance(found, dict):
        kind = "a list" if isinstance(found, list) else "no object"
        raise UsageError(
            f"--request {where}: holds {kind}", hint='write an object: {"size": "1024x1024"}'
        )
    return found


def parsed(text: str) -> Json:
    """Read JSON; ValueError for what is none, is nested too deep, or holds an endless number."""
    try:
        found: Json = json.loads(
            text, parse_int=_integer, parse_float=_decimal, parse_constant=_decimal
        )
    except RecursionError:
        raise ValueError("nested too deep") from None
    return found


def _integer(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _decimal(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise ValueError(f"{text[:_DIGITS]} is no finite number")
    return number


def odd_values(given: Sequence[str]) -> dict[str, Json]:
    """Read `NAME=JSON` pairs; UsageError for a bad one, with the nearest known name."""
    found: dict[str, Json] = {}
    for pair in given:
        name, equals, text = pair.partition("=")
        if not equals:
            raise UsageError(f"--set {pair}: write NAME=JSON")
        if name not in PARAMETERS:
            near = get_close_matches(name, PARAMETERS, n=1)
            guess = f"did you mean {near[0]}?" if near else f"one of {', '.join(PARAMETERS)}"
            raise UsageError(f"--set {pair[:60]}: unknown parameter {name!r}", hint=guess)
        try:
            found[name] = parsed(text)
        except ValueError as error:
            raise UsageError(
                f"--set {pair[:60]}: not JSON: {error}", hint=f"a text needs quotes: '{name}=\"a\"'"
            ) from None
    return found


def image(given: str) -> Json:
    """Return an image as arguments hold it: an address, or the description of a local file."""
    if given.startswith(_ADDRESSES):
        return given
    path = Path(given)
    # Pillow takes as long to import as all the rest, and few questions are about files.
    from harness.reference_images import describe_file  # noqa: PLC0415

    try:
        if not path.is_file():
            reason = "is no file" if path.exists() else "No such file or directory"
            raise UsageError(f"{given}: {reason}", hint="give a local file or an http(s) address")
        return describe_file(path).as_json()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"{given}: {reason}") from None
