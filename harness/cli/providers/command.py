"""`harness providers`: what each provider's documents promise, as the harness reads them."""

import json
from collections import defaultdict
from collections.abc import Iterator

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table

from harness.cli.options import documents_option, json_option
from harness.cli.printing import echo_json, echo_line
from harness.cli.providers.authoring import schema, validate
from harness.cli.providers.cassette import cassette
from harness.cli.providers.files import import_, new
from harness.cli.providers.freezing import freeze
from harness.cli.providers.prices import prices
from harness.cli.providers.trying import try_
from harness.cli.terminal import terminal
from harness.core.errors import UsageError
from harness.spec.catalogue import Spec, catalogue_of
from harness.spec.explain.said import statement
from harness.spec.export.openapi import openapi
from harness.spec.expressions import Paths, Promise
from harness.spec.provider import Operation, Provider


@click.group()
def providers() -> None:
    """List, show, validate or export what the providers' documents promise."""


providers.add_command(validate)
providers.add_command(schema)
providers.add_command(import_)
providers.add_command(new)
providers.add_command(try_)
providers.add_command(prices)
providers.add_command(freeze)
providers.add_command(cassette)


@providers.command("list")
@documents_option()
@json_option("Options")
def list_(*, specs: tuple[Spec, ...], as_json: bool) -> None:
    """List the providers and what is known of each: shipped, installed and given ones."""
    catalogue = catalogue_of(specs)
    found = [*catalogue.providers.values()]
    for sentence in catalogue.left_out([*catalogue.broken]):
        echo_line(sentence, err=True)
    if as_json:
        echo_json(json.dumps([_summary(provider) for provider in found], ensure_ascii=False))
        return
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for heading in ("name", "operations", "constraints", "documented", "key"):
        table.add_column(heading, no_wrap=heading != "operations")
    for provider in found:
        row = _summary(provider)
        table.add_row(
            provider.name,
            ", ".join(provider.operations),
            str(row["constraints"]),
            str(row["documented"]),
            provider.auth.env,
        )
    terminal().print(table)


@providers.command()
@click.argument("name")
@documents_option()
def show(*, name: str, specs: tuple[Spec, ...]) -> None:
    """Show every promise of one provider with its source, and what that says, word for word."""
    provider = catalogue_of(specs).provider(name)
    console = terminal(soft_wrap=True)
    console.print(
        f"{provider.title} ({provider.base_url or 'self-hosted'}), key in {provider.auth.env}"
    )
    for operation in provider.operations.values():
        title = f"{operation.title}: {operation.method} {operation.path}"
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
        for heading in ("constraint", "says", "status", "source"):
            table.add_column(heading, overflow="fold", no_wrap=heading in ("constraint", "status"))
        for constraint in operation.constraints:
            said = statement(constraint)
            table.add_row(constraint.id, said.says, said.status, said.source)
        console.print(table)
        for line in _word_for_word(operation):
            console.print(line)
        for line in _beside(operation):
            console.print(line)
    for line in _besides(provider):
        console.print(line)


def _besides(provider: Provider) -> Iterator[str]:
    """Yield what the documents say beside the operations: addresses, sentences, open questions."""
    for endpoint in provider.endpoints:
        yield f"also: {endpoint.method} {endpoint.path}: {endpoint.title} ({_place(endpoint)})"
    for sentence in provider.statements:
        yield f"said of {sentence.about}: {sentence.says} ({_place(sentence)})"
    for question in provider.open_questions:
        yield f"open: {question}"


def _word_for_word(operation: Operation) -> Iterator[str]:
    """Yield each sentence that the rules of an operation quote, once, with its place and rules."""
    rules: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for constraint in operation.constraints:
        for cited in statement(constraint).cited:
            rules[cited].append(constraint.id)
    for (place, words), ids in rules.items():
        if words:
            yield f'"{words}": {place} ({", ".join(ids)})'


def _place(promise: Promise) -> str:
    """Return the place of a promise, after the document's own words where they are quoted."""
    return f'"{promise.quote}": {promise.source}' if promise.quote else str(promise.source)


def _address(path: str, places: Paths) -> str:
    return path or f"the address at {' or '.join(place.text for place in places)}"


def _beside(operation: Operation) -> Iterator[str]:
    """Yield what goes with an operation's request: uploads, the job, webhooks, events."""
    if (upload := operation.upload) is not None:
        yield f"upload first: POST {upload.path}, the file in {upload.file!r} ({upload.source})"
    if (job := operation.job) is not None:
        ends = f"{' or '.join(job.done)}, or {', '.join(job.failed)}"
        yield (
            f"job: GET {_address(job.poll_path, job.poll_url)} every {job.interval_s:g} s: "
            f"{' -> '.join(job.pending)} -> {ends} ({job.source})"
        )
        if job.result_path or job.result_url:
            yield f"job: its images are at GET {_address(job.result_path, job.result_url)}"
        if job.cancel_path or job.cancel_url:
            where = _address(job.cancel_path, job.cancel_url)
            yield f"job: one that is late for good is cancelled by {job.cancel_method} {where}"
    if (known_by := operation.known_by) is not None:
        kind, made = ("job", "second job") if operation.job else ("request", "second image")
        yield f"{kind}: a repeated {known_by.place} makes no {made} ({known_by.source})"
    if (webhook := operation.webhook) is not None:
        yield f"webhook: to {webhook.argument}, signed in {webhook.signature} ({webhook.source})"
    if (stream := operation.stream) is not None:
        yield f"events: {stream.partial}, {stream.completed}, {stream.error} ({stream.source})"


@providers.command()
@click.argument("names", nargs=-1)
@documents_option("Without NAMES, only the providers of these files.")
@click.option("--openapi", "as_openapi", is_flag=True, help="One provider as OpenAPI 3.1 (JSON).")
def export(*, names: tuple[str, ...], specs: tuple[Spec, ...], as_openapi: bool) -> None:
    """Print providers as JSON Lines: every promise with its source."""
    catalogue = catalogue_of(specs)
    if as_openapi:
        chosen = names or catalogue.asked
        if len(chosen) != 1:
            raise UsageError(
                "an OpenAPI document describes one provider",
                hint="name it: harness providers export --openapi NAME",
            )
        document = openapi(catalogue.provider(chosen[0]))
        echo_json(json.dumps(document, ensure_ascii=False, indent=2))
        return
    for sentence in catalogue.left_out(names):
        echo_line(sentence, err=True)
    for name in catalogue.chosen(names):
        echo_json(catalogue.provider(name).model_dump_json(exclude_none=True, by_alias=True))


def _summary(provider: Provider) -> dict[str, object]:
    constraints = [
        constraint
        for operation in provider.operations.values()
        for constraint in operation.constraints
    ]
    return {
        "name": provider.name,
        "title": provider.title,
        "base_url": provider.base_url,
        "operations": list(provider.operations),
        "constraints": len(constraints),
        "documented": sum(constraint.documented for constraint in constraints),
        "key": provider.auth.env,
    }
