"""`harness providers import` and `new`: a TOML to go on from."""

import sys
import tomllib
from pathlib import Path
from shlex import quote

import click

from harness.cli.printing import echo
from harness.core.errors import UsageError
from harness.spec.catalogue import Entry, catalogue_of, entry_of_text, shipped_catalogue
from harness.spec.importing.document import read_openapi
from harness.spec.importing.imported import Import, Imported, checked_provider_name
from harness.spec.importing.likeness import like
from harness.spec.importing.text import text_of
from harness.spec.load import parse_provider, toml_text

_SHOWN = 12
"""How many notes of a kind are printed; the file holds all of them."""


@click.command("import")
@click.argument("document", type=click.Path(path_type=Path))
@click.option(
    "--operation",
    "operations",
    multiple=True,
    metavar="METHOD:PATH",
    help="An operation to import, or its operationId; may be repeated. Without: those that take "
    "a prompt for an image.",
)
@click.option(
    "--where",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Of a body with a choice of forms, the one whose FIELD may be VALUE: model=gpt-image-2.",
)
@click.option("--name", default="", help="The provider's name; without, that of the document.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Write the TOML to this file, which is new."
)
def import_(
    *,
    document: Path,
    operations: tuple[str, ...],
    where: tuple[str, ...],
    name: str,
    out: Path | None,
) -> None:
    """Make a provider's TOML of an OpenAPI document (JSON, version 3)."""
    chosen = _free_name(name or (out.stem if out else document.stem))
    _refuse_existing(out)
    imported = Import(read_openapi(document), _pairs(where)).provider(chosen, operations)
    text = text_of(imported)
    if out is None:
        click.echo(text, nl=False)
    else:
        _write(out, text)
    _tell(imported, out)
    parsed = parse_provider(tomllib.loads(text))
    for mistake in parsed if isinstance(parsed, tuple) else ():
        echo(f"to do: {mistake}", err=True)
    if out is not None:
        _next(out, valid=not isinstance(parsed, tuple))


@click.command()
@click.argument("name")
@click.option(
    "--like",
    "model",
    required=True,
    metavar="PROVIDER",
    help="The provider to begin from: a shipped one's name, or a TOML.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="The file to write; without, NAME.toml."
)
def new(*, name: str, model: str, out: Path | None) -> None:
    """Write a provider's TOML to go on from: another one's, with what must change marked."""
    chosen = _free_name(name)
    path = out or Path(f"{chosen}.toml")
    entry = _model(model)
    _refuse_existing(path)
    text = like(entry.text, chosen, model=model)
    _write(path, text)
    echo(f"{path}: {chosen}, like {model}; {text.count('todo: ')} sources to replace", err=True)
    _next(path, valid=True)


def _free_name(name: str) -> str:
    """Return a name for a provider that no shipped one has."""
    if name in shipped_catalogue():
        raise UsageError(f"{name!r} is the name of a provider that ships with the harness")
    return checked_provider_name(name)


def _model(name: str) -> Entry:
    """Return the provider to begin from: of a TOML, or a known one by its name."""
    path = Path(name)
    if path.suffix != ".toml" and not path.is_file():
        return catalogue_of().entry(name)
    origin = str(path)
    return entry_of_text(toml_text(path), origin, kind="file", origin=origin)


def _pairs(where: tuple[str, ...]) -> dict[str, str]:
    pairs = [given.partition("=") for given in where]
    for given, (field, equals, _) in zip(where, pairs, strict=True):
        if not (field and equals):
            raise UsageError(f"--where {given}: write FIELD=VALUE, as in model=gpt-image-2")
    return {field: value for field, _, value in pairs}


def _refuse_existing(out: Path | None) -> None:
    if out is not None and out.exists():
        raise UsageError(f"{out}: exists already", hint="name another with --out, or remove it")


def _write(out: Path, text: str) -> None:
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{out}: {error.strerror or error}") from None


def _tell(imported: Imported, out: Path | None) -> None:
    names = ", ".join(imported.operations)
    echo(f"{out or 'imported'}: {names} of {imported.document.file}", err=True)
    notes = imported.notes
    for heading, sentences in (
        ("the document does not say", notes.missing),
        ("the TOML does not say", notes.unsaid),
    ):
        if sentences:
            echo(f"{heading} ({len(sentences)}):", err=True)
        for sentence in sentences[:_SHOWN]:
            echo(f"  {sentence}", err=True)
        if len(sentences) > _SHOWN:
            more = len(sentences) - _SHOWN
            echo(f"  and {more} more, all at the top of the TOML", err=True)


def _next(out: Path, *, valid: bool) -> None:
    """Print what to run next, as it runs."""
    sys.stdout.flush()
    echo(f"next: harness providers validate {quote(str(out))}")
    if valid:
        echo(f"      harness providers try {quote(str(out))}")
        echo(f"      harness plan --spec {quote(str(out))}")
