"""Where a promise stands: the TOML of its provider as other tools address it, and the line."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

from harness.core.verdict import Finding
from harness.spec.catalogue import Entry
from harness.spec.credentials import KEY_REQUIRED
from harness.spec.rules.base import toml_table
from harness.spec.toml.lines import KeyLines, key_lines

SOURCE_ROOT, HARNESS, RUN = "%SRCROOT%", "HARNESS", "RUN"
"""What an address is relative to: the user's repository, the harness' own one, the run folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TomlPlace:
    """A line of a TOML: `uri` is percent-encoded and relative to `base`, or absolute without one.

    `line` counts from 1, `snippet` is its text.
    """

    uri: str
    base: str
    line: int
    snippet: str


def repository(start: Path) -> Path:
    """Return the nearest folder above that is a repository of git; without one, `start` itself."""
    start = start.resolve()
    return next((each for each in (start, *start.parents) if (each / ".git").exists()), start)


def promise_place(
    entry: Entry, operation: str, promise: str, *, folder: Path, root: Path
) -> TomlPlace:
    """Return where a promise stands, or else what holds it: its argument, its operation, the file.

    A promise is a constraint's id, or what is no constraint, for which the operation stands. The
    user's file is addressed from `root`, a copy of another one from the run `folder`.
    """
    lines, parents = _read(entry.text)
    line = _line(lines, parents, operation, promise)
    rows = entry.text.split("\n")
    uri, base = _address(entry, folder, root)
    snippet = rows[line - 1].strip() if line <= len(rows) else ""
    return TomlPlace(uri=uri, base=base, line=line, snippet=snippet)


def promise_of(finding: Finding) -> str:
    """Return what a finding is about as `promise_place` takes it; of a combination, a value."""
    if finding.constraint is not None or not finding.combination:
        return finding.constraint or finding.check
    return f"{finding.combination[0].partition('=')[0]}."


@cache
def _read(text: str) -> tuple[KeyLines, Mapping[str, str]]:
    """Return the lines of a TOML's keys, and by operation the one that it extends."""
    operations = toml_table(tomllib.loads(text).get("operations"))
    parents = {
        name: str(operation["extends"])
        for name, operation in operations.items()
        if isinstance(operation, Mapping) and "extends" in operation
    }
    return key_lines(text), parents


def _line(lines: KeyLines, parents: Mapping[str, str], operation: str, promise: str) -> int:
    own, line = lines.nearest(_key(operation, promise))
    if operation in parents:
        theirs, inherited = lines.nearest(_key(parents[operation], promise))
        if theirs.count(".") > own.count("."):
            return inherited
    return line


def _key(operation: str, promise: str) -> str:
    parameter, dot, rule = promise.partition(".")
    if promise == KEY_REQUIRED:
        return promise
    if parameter == "body" and dot:
        return f"operations.{operation}.{rule}"
    return f"operations.{operation}" + (f".arguments.{parameter}.{rule}".rstrip(".") if dot else "")


def _address(entry: Entry, folder: Path, root: Path) -> tuple[str, str]:
    name = quote(f"{entry.name}.toml")
    if entry.kind == "shipped":
        return f"harness/providers/{name}", HARNESS
    if entry.kind == "file":
        path = Path(entry.origin).resolve()
        if path.is_relative_to(root):
            return quote(path.relative_to(root).as_posix()), SOURCE_ROOT
        return path.as_uri(), ""
    kept = "providers" if (folder / "providers" / f"{entry.name}.toml").exists() else "documents"
    return f"{kept}/{name}", RUN
