"""`harness explain`: whether a request is within each provider's documents."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import click

from harness.cli.asked import body_of, image, odd_values
from harness.cli.explained import as_json_line, as_text, preface
from harness.cli.options import json_option
from harness.core.errors import UsageError
from harness.core.jsonvalue import Json
from harness.spec.explain.explain import (
    ExplainRequest,
    from_body,
    present,
    with_plain_values,
)
from harness.spec.explain.explain import explain as explained
from harness.spec.load import NAMES, checked_names
from harness.spec.load import shipped_provider as shipped
from harness.spec.provider import OPERATIONS

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
    type=click.Choice(OPERATIONS),
    help="[generate; edit where images or a mask are given]",
)
@click.option(
    "--provider",
    "names",
    multiple=True,
    metavar="NAME",
    help=f"Only this provider (repeatable): {', '.join(NAMES)}.",
)
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
    as_json: bool,
    **given: str | int | bool | None,
) -> None:
    """Explain one request by the documents of each provider; exit with 1 where one refuses it."""
    arguments: dict[str, Json] = {name: value for name, value in given.items() if value is not None}
    if images:
        arguments["images"] = [image(one) for one in images]
    if mask is not None:
        arguments["mask"] = image(mask)
    arguments |= odd_values(odd)
    if not arguments and file is None and operation is None:
        raise UsageError("no request is given", hint="try harness explain --size 3840x1024 --n 2")
    requests = _requests(names, operation, arguments, file)
    # Not by harness.api, which is the same and takes seconds to import: it can run and report, too.
    explanations = [
        explained(request.provider, request.operation, request.arguments, unknown=request.unknown)
        for request in requests
    ]
    if as_json:
        for explain_request, explanation in zip(requests, explanations, strict=True):
            click.echo(as_json_line(explanation, explain_request.assumed))
    else:
        click.echo("\n\n".join([*preface(requests), *map(as_text, explanations)]))
    context.exit(1 if any(one.verdict == "refused" for one in explanations) else 0)


def _requests(
    names: Sequence[str], operation: str | None, arguments: dict[str, Json], file: str | None
) -> tuple[ExplainRequest, ...]:
    providers = [shipped(name) for name in checked_names(names)]
    if file is None:
        asked = present(arguments)
        return tuple(with_plain_values(provider, operation, asked) for provider in providers)
    return from_body(providers, operation, body_of(file), over=arguments, where=file)
