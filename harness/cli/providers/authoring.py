"""`harness providers validate` and `schema`: for whoever writes a provider's TOML."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click

from harness.cli.options import json_option
from harness.cli.printing import echo, echo_json
from harness.core.errors import Mistake, SpecError, UsageError
from harness.core.jsonvalue import Json
from harness.spec.catalogue import Entry, catalogue_of, entry_of_text, shipped_catalogue
from harness.spec.documents import Quotes, compared_quotes
from harness.spec.load import tables_of, toml_text
from harness.spec.toml.lines import key_lines
from harness.spec.toml.schema import editor_schema


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """A TOML with what is wrong with it; `error` is why it could not be read at all.

    `quotes` is how its quotes agree with the documents, where there are any to compare with.
    """

    file: str
    entry: Entry | None = None
    mistakes: tuple[Mistake, ...] = ()
    error: str = ""
    quotes: Quotes | None = None

    @property
    def name(self) -> str:
        return self.entry.name if self.entry else ""

    @property
    def valid(self) -> bool:
        return not (self.mistakes or self.error)

    def describe(self) -> str:
        """Return the lines of it that are printed."""
        if self.error:
            return self.error
        return str(SpecError(self.file, self.mistakes))

    def as_json(self) -> Json:
        return {
            "file": self.file,
            "valid": self.valid,
            "provider": self.name or None,
            "error": self.error or None,
            "quotes": None if self.quotes is None else _quotes_json(self.quotes),
            "mistakes": [
                {
                    "line": mistake.line,
                    "key": mistake.key,
                    "reason": mistake.reason,
                    "suggestion": mistake.suggestion or None,
                    "allowed": list(mistake.allowed),
                }
                for mistake in self.mistakes
            ],
        }


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--documents",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Look for each quote in the documents, whose files are here (repeatable).",
)
@json_option("Options")
def validate(*, files: tuple[Path, ...], folders: tuple[Path, ...], as_json: bool) -> None:
    """Check provider TOMLs (all that are known by default); print every mistake of each.

    A mistake is one line: file, line, key, reason, and what to write instead. Ends with 2 where
    any file has one.

    With --documents, a quote that its document does not have is a mistake, too. White space and
    kinds of dashes and quotation marks do not count. A document that is not there is named and
    skipped.
    """
    checked = [*_with_own_names(map(_read, files))] if files else [*_known()]
    if folders:
        checked = [_beside_documents(each, folders) for each in checked]
    if as_json:
        echo_json(json.dumps([each.as_json() for each in checked], ensure_ascii=False, indent=2))
    else:
        for each in checked:
            if each.entry is not None and each.valid:
                echo(f"{each.file}: {each.entry.provider.title}, valid")
            if each.quotes is not None:
                _tell(each.file, each.quotes)
    broken = [each for each in checked if not each.valid]
    if broken and as_json:
        raise UsageError(f"{len(broken)} of {len(checked)} files cannot be used")
    if broken:
        raise UsageError("\n".join(each.describe() for each in broken))


def _read(file: Path) -> _Checked:
    try:
        entry = entry_of_text(toml_text(file), str(file), kind="file", origin=str(file))
    except SpecError as error:
        return _Checked(file=str(file), mistakes=error.mistakes)
    except UsageError as error:
        return _Checked(file=str(file), error=str(error))
    return _Checked(file=str(file), entry=entry)


def _beside_documents(checked: _Checked, folders: tuple[Path, ...]) -> _Checked:
    """Compare what a valid TOML quotes with its documents."""
    if checked.entry is None or not checked.valid:
        return checked
    text = checked.entry.text
    quotes = compared_quotes(tables_of(text, checked.file), text, folders)
    return replace(checked, quotes=quotes, mistakes=quotes.mistakes)


def _tell(file: str, quotes: Quotes) -> None:
    """Say how much is quoted, how much of that was found, and what could not be looked for."""
    wrong = len(quotes.mistakes)
    echo(
        f"{file}: {quotes.quoted} of {quotes.sourced} sourced promises are quoted; "
        f"quotes looked for: {quotes.compared}, not in their documents: {wrong}"
    )
    for document, number in quotes.absent.items():
        echo(f"{file}: {document} is not there: quotes of it that were not looked for: {number}")


def _quotes_json(quotes: Quotes) -> Json:
    return {
        "sourced": quotes.sourced,
        "quoted": quotes.quoted,
        "compared": quotes.compared,
        "absent": dict(quotes.absent),
    }


def _with_own_names(checked: Iterator[_Checked]) -> Iterator[_Checked]:
    """Tell of a name that is another provider's: a run could not tell the two apart."""
    files: dict[str, str] = {}
    for each in checked:
        name = each.name
        known = shipped_catalogue().get(name)
        taken = ""
        if each.entry is not None and known is not None and known.digest != each.entry.digest:
            taken = "a provider that ships with the harness"
        elif name in files:
            taken = f"the provider in {files[name]}"
        if name:
            files.setdefault(name, each.file)
        if each.entry is None or not taken:
            yield each
            continue
        _, line = key_lines(each.entry.text).nearest("name")
        reason = f"{name!r} is the name of {taken}"
        write = f'name = "my_{name}"'
        yield replace(each, mistakes=(Mistake(key="name", reason=reason, line=line, write=write),))


def _known() -> Iterator[_Checked]:
    catalogue = catalogue_of()
    for name, entry in catalogue.items():
        yield _Checked(file=name, entry=entry)
    for name, error in catalogue.broken.items():
        if isinstance(error, SpecError):
            yield _Checked(file=error.file, mistakes=error.mistakes)
        else:
            yield _Checked(file=name, error=str(error))


@click.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it to a file.")
def schema(*, out: Path | None) -> None:
    """Print the JSON Schema (2020-12) of a provider's TOML, by which editors complete and check.

    With `#:schema provider.schema.json` in the first line of a TOML, "Even Better TOML" (VS Code)
    and taplo read it from that file.
    """
    text = json.dumps(editor_schema(), ensure_ascii=False, indent=2)
    if out is None:
        echo_json(text)
        return
    out.write_text(f"{text}\n", encoding="utf-8")
    echo(f"{out}: written", err=True)
