"""`harness explain`: whether a request is within each provider's documents."""

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

import click

from harness.cli.explained import as_json_line, as_text, preface
from harness.cli.options import documents_option, json_option, providers_option
from harness.cli.printing import echo_json, echo_line, echo_styled
from harness.core.errors import UsageError
from harness.core.jsonvalue import Json
from harness.planning.options import refuse_unknown_operations
from harness.spec.catalogue import Spec, catalogue_of
from harness.spec.explain.asked import (
    ExplainRequest,
    from_body,
    known_names,
    present,
    with_plain_values,
)
from harness.spec.explain.explain import explain as explained
from harness.spec.provider import OPERATIONS, Provider

LARGEST = 64 * 1024 * 1024
"""Bytes of a request file: more than any provider takes."""

_DIGITS = 40
_ADDRESSES = ("http://", "https://", "data:")


def body_of(file: str) -> dict[str, Json]:
    """Read a JSON object from a file, or from stdin for `-`; UsageError where it holds none."""
    where = "stdin" if file == "-" else file
    try:
        with nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"--request {where}: {error.strerror or error}") from None
    if len(raw) > LARGEST:
        raise UsageError(f"--request {where}: larger than {LARGEST:,} bytes")
    try:
        content = parsed(raw.decode("utf-8-sig"))
    except ValueError as error:
        raise UsageError(f"--request {where}: not JSON: {error}") from None
    if not isinstance(content, dict):
        kind = "a list" if isinstance(content, list) else "no object"
        raise UsageError(
            f"--request {where}: holds {kind}", hint='write an object: {"size": "1024x1024"}'
        )
    return content


def parsed(text: str) -> Json:
    """Read JSON; ValueError for what is none, is nested too deep, or holds an endless number."""
    try:
        content: Json = json.loads(
            text, parse_int=_integer, parse_float=_decimal, parse_constant=_decimal
        )
    except RecursionError:
        raise ValueError("nested too deep") from None
    return content


def _integer(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _decimal(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise ValueError(f"{text[:_DIGITS]} is not a finite number")
    return number


def odd_values(given: Sequence[str], known: Sequence[str]) -> dict[str, Json]:
    """Read `NAME=JSON` pairs; UsageError for a bad one, with the nearest of the known names."""
    arguments: dict[str, Json] = {}
    for pair in given:
        name, equals, text = pair.partition("=")
        if not equals:
            raise UsageError(f"--set {pair}: write NAME=JSON")
        if name not in known:
            near = get_close_matches(name, known, n=1)
            guess = f"did you mean {near[0]}?" if near else f"one of {', '.join(known)}"
            raise UsageError(f"--set {pair[:60]}: unknown parameter {name!r}", hint=guess)
        try:
            arguments[name] = parsed(text)
        except ValueError as error:
            raise UsageError(
                f"--set {pair[:60]}: not JSON: {error}", hint=f"a text needs quotes: '{name}=\"a\"'"
            ) from None
    return arguments


def image(given: str) -> Json:
    """Return an image as arguments hold it: an address, or the description of a local file."""
    if given.startswith(_ADDRESSES):
        return given
    path = Path(given)
    # Pillow takes as long to import as all else, and few questions are about files.
    from harness.reference_images import describe_file  # noqa: PLC0415

    try:
        if not path.is_file():
            reason = "is not a file" if path.exists() else "No such file or directory"
            raise UsageError(f"{given}: {reason}", hint="give a local file or an http(s) address")
        return describe_file(path).as_json()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"{given}: {reason}") from None


F = TypeVar("F", bound=Callable[..., object])

_TEXTS = (
    *("prompt", "model", "mode", "size", "aspect_ratio", "resolution", "quality"),
    *("output_format", "background", "moderation", "user", "response_format"),
    *("input_fidelity", "webhook_url"),
)
_NUMBERS = ("n", "output_compression", "partial_images")


def _parameters(function: F) -> F:
    """Add one option per canonical parameter; any text is taken, for the documents to judge."""
    for name in reversed(_TEXTS):
        function = click.option(f"--{name.replace('_', '-')}", metavar="TEXT")(function)
    for name in reversed(_NUMBERS):
        function = click.option(f"--{name.replace('_', '-')}", type=int)(function)
    return function


HELP = """Say whether a request is within each provider's documents, and what is nearest if not.

Nothing is sent. Options ask about a part of a request: a plain prompt, model, mode and image stand
in where they are needed and not given. A --request file is taken as it is.

\b
accepted      the documents promise to serve it
refused       it breaks a documented rule
open          the documents are silent or at odds on something that it uses
not mappable  the provider has no such operation or parameter

\b
Exit codes: 0 no provider refuses, 1 at least one does, 2 wrong usage.
What is open or not mappable is no refusal.
"""


@click.command(help=HELP, short_help="Say whether a request is within each provider's documents.")
@_parameters
@click.option("--stream/--no-stream", default=None, help="Ask for server-sent events, or not.")
@click.option("--images", multiple=True, metavar="FILE|URL", help="A reference (repeatable).")
@click.option("--mask", metavar="FILE|URL", help="The mask of an edit.")
@click.option(
    "--set", "odd", multiple=True, metavar="NAME=JSON", help="Any value (repeatable): --set n=1.5"
)
@click.option(
    "--request",
    "file",
    metavar="FILE",
    help="JSON arguments, or one provider's wire body; - is stdin. Options override it.",
)
@click.option(
    "--operation",
    metavar="NAME",
    help="A name, or a kind: generate, edit, respond "
    "[generate; edit where images or a mask are given].",
)
@providers_option()
@documents_option("Without --provider, only the providers of these files.")
@json_option("Options")
@click.pass_context
def explain(  # noqa: PLR0913 - one parameter per option
    context: click.Context,
    /,
    *,
    images: tuple[str, ...],
    mask: str | None,
    odd: tuple[str, ...],
    file: str | None,
    operation: str | None,
    names: tuple[str, ...],
    specs: tuple[Spec, ...],
    as_json: bool,
    **given: str | int | bool | None,
) -> None:
    """Explain one request by the documents of each provider; exit with 1 where one refuses it."""
    arguments: dict[str, Json] = {name: value for name, value in given.items() if value is not None}
    if images:
        arguments["images"] = [image(text) for text in images]
    if mask is not None:
        arguments["mask"] = image(mask)
    providers = _providers(names, specs)
    arguments |= odd_values(odd, known_names(providers))
    if not arguments and file is None and operation is None:
        raise UsageError("no request is given", hint="try harness explain --size 3840x1024 --n 2")
    if operation is not None and operation not in OPERATIONS:  # a kind that nobody has is told
        refuse_unknown_operations([operation], providers)
    requests = _requests(providers, operation, arguments, file)
    # Not by harness.api, which is the same and takes seconds to import: it can run and report, too.
    explanations = [
        explained(
            request.provider,
            request.operation,
            request.arguments,
            unknown=request.unknown,
            odd=request.odd,
        )
        for request in requests
    ]
    if as_json:
        for explain_request, explanation in zip(requests, explanations, strict=True):
            echo_json(as_json_line(explanation, explain_request.assumed))
    else:
        blocks = (
            as_text(explanation, request.provider.title)
            for request, explanation in zip(requests, explanations, strict=True)
        )
        echo_styled("\n\n".join([*preface(requests), *blocks]))
    context.exit(1 if any(explanation.verdict == "refused" for explanation in explanations) else 0)


def _providers(names: Sequence[str], specs: Sequence[Spec]) -> list[Provider]:
    catalogue = catalogue_of(specs)
    chosen = catalogue.chosen(names)
    for sentence in catalogue.left_out(names):
        echo_line(sentence, err=True)
    return [catalogue.provider(name) for name in chosen]


def _requests(
    providers: Sequence[Provider],
    operation: str | None,
    arguments: dict[str, Json],
    file: str | None,
) -> tuple[ExplainRequest, ...]:
    if file is None:
        given = present(arguments)
        return tuple(with_plain_values(provider, operation, given) for provider in providers)
    return from_body(providers, operation, body_of(file), over=arguments, where=file)
