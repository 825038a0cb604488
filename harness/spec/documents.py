"""Whether what a TOML quotes stands in its documents, for whoever has them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import Mistake
from harness.core.files import MEBIBYTE, read_at_most
from harness.core.tomltext import readable
from harness.spec.load import inherited
from harness.spec.quotes import (
    LONGEST,
    QUOTED_AT,
    folded,
    holds,
    is_of_names,
    nearest_words,
    quoted,
    tables_within,
)
from harness.spec.rules.base import Table, array, toml_table
from harness.spec.toml.lines import key_lines
from harness.spec.toml.located import located

MOST_MEBIBYTES = 32
"""How large a document may be."""


_SHOWN = 60
"""Characters of a quote that a message repeats."""

_CLAIM = {"share", "says", "source"}
"""The keys of a claim of prices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotes:
    """What a TOML quotes beside its documents.

    Everything is counted as it is written, what operations inherit once. Of `sourced` promises,
    `quoted` have the words of their source; so many quotes were looked for (`compared`), those of
    second sources among them, and `mistakes` are those that no document has. `absent` are the
    documents that none of the folders holds, with the number of quotes of each.
    """

    sourced: int
    quoted: int
    compared: int
    mistakes: tuple[Mistake, ...]
    absent: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quote:
    key: str
    words: str
    document: str
    written: bool


def compared_quotes(tables: Table, text: str, folders: Sequence[Path]) -> Quotes:
    """Look for every quote of a valid TOML in the files of these folders.

    `text` is the TOML's own: each mistake is on its line. A document is looked for by the name that
    `[documents]` gives it, within the folders only.
    """
    files = {
        name: str(toml_table(document).get("file", name))
        for name, document in toml_table(tables.get("documents")).items()
    }
    written = [table for _, table in sourced_tables(tables)]
    quotes = [*_quotes(inherited(tables)[0], files, key_lines(text).by_name)]
    documents = {file: _read(file, folders) for file in dict.fromkeys(q.document for q in quotes)}
    absent = {
        file: sum(quote.document == file for quote in quotes if quote.written)
        for file, document in documents.items()
        if document is None
    }
    found = [(quote, documents[quote.document]) for quote in quotes]
    there = [(quote, document) for quote, document in found if document is not None]
    wrong = [
        _mistake(quote, document) for quote, document in there if not holds(document, quote.words)
    ]
    return Quotes(
        sourced=len(written),
        quoted=sum("source" in _said(table) for table in written),
        compared=sum(quote.written for quote, _ in there),
        mistakes=located(wrong, text, tables),
        absent=absent,
    )


def sourced_tables(tables: Table) -> Iterator[tuple[str, Table]]:
    """Yield each table of a TOML that cites a document, with its dotted key."""
    for key, table in _tables("", tables):
        if isinstance(table.get("source"), str):
            yield key, table


def _tables(key: str, value: Any, *, of_names: bool = False) -> Iterator[tuple[str, Table]]:  # noqa: ANN401 - any part of a TOML
    """Yield each table with its dotted key."""
    prefix = f"{key}." if key else ""
    if isinstance(value, Mapping):
        yield key, value
        for name, entry in tables_within(value, of_names=of_names).items():
            yield from _tables(f"{prefix}{name}", entry, of_names=is_of_names(name))
    for place, entry in enumerate(array(value)):
        yield from _tables(f"{prefix}{place}", entry)


def _quotes(tables: Table, files: Mapping[str, str], lines: Mapping[str, int]) -> Iterator[_Quote]:
    """Yield every quote; those that an operation inherits are not written at their keys."""
    for key, table in _tables("", tables):
        prefix = f"{key}." if key else ""
        for cites, (name, words) in _said(table).items():
            document = str(table[cites]).partition(": ")[0]
            at = f"{prefix}{name}"
            file = files.get(document, document)
            yield _Quote(key=at, words=words, document=file, written=at in lines)


def _said(table: Table) -> dict[str, tuple[str, str]]:
    """Return the key and the words of each quote, by the key that cites the document.

    A claim of prices is a quote itself.
    """
    said = {cites: (QUOTED_AT[cites], words) for cites, words in quoted(table).items()}
    if table.keys() >= _CLAIM:
        said["source"] = ("says", str(table["says"]))
    return said


def _read(file: str, folders: Sequence[Path]) -> str | None:
    """Return a document's folded text; None where no folder has it, or it cannot be read."""
    for folder in folders:
        try:
            path = (folder / file).resolve()
            if path.is_relative_to(folder.resolve()) and path.is_file():
                content = read_at_most(path, MOST_MEBIBYTES * MEBIBYTE)
                return folded(content.decode("utf-8-sig", "replace"))
        except (OSError, ValueError):
            continue
    return None


def _mistake(quote: _Quote, document: str) -> Mistake:
    near = nearest_words(document, quote.words)[:LONGEST]
    words = quote.words if len(quote.words) <= _SHOWN else f"{quote.words[:_SHOWN]}..."
    reason = f"{quote.document} does not say {words!r}"
    return Mistake(key=quote.key, reason=reason, write=readable(near) if near else "")
