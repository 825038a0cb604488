"""Where a configuration lies: in the working directory, or in one above it up to a `.git`."""

import os
from collections.abc import Iterator
from pathlib import Path

from harness.core import tomltext
from harness.core.errors import UsageError
from harness.core.files import MEBIBYTE, read_at_most

NAME = "harness.toml"
PROJECT = "pyproject.toml"
TABLE = ("tool", "harness")
"""The table of a pyproject.toml that is a configuration."""


def found_file(start: Path) -> Path | None:
    """Return the nearest configuration, from `start` up to a directory with a `.git`; or None.

    In one directory, `harness.toml` comes before a pyproject.toml with `[tool.harness]`. Raises
    UsageError for one that belongs to another user, who would choose where keys are sent.
    """
    for folder in _upwards(start.absolute()):
        for file in (folder / NAME, folder / PROJECT):
            if _is_configuration(file):
                _insist_ours(file)
                return file
    return None


def _upwards(start: Path) -> Iterator[Path]:
    for folder in (start, *start.parents):
        yield folder
        if (folder / ".git").exists():
            return


def _is_configuration(file: Path) -> bool:
    try:
        if file.name == NAME:
            return file.is_file()
        return file.is_file() and _holds_table(read_at_most(file, MEBIBYTE).decode("utf-8-sig"))
    except (OSError, ValueError):
        return False  # another tool's, and not readable: none of ours


def _holds_table(text: str) -> bool:
    """Tell whether a pyproject.toml is a configuration, too; one that is no TOML may be meant."""
    if TABLE[1] not in text:
        return False
    try:
        tool = tomltext.loaded(text).get(TABLE[0])
    except (ValueError, RecursionError):
        return f"[{'.'.join(TABLE)}" in text
    return isinstance(tool, dict) and TABLE[1] in tool


def _insist_ours(file: Path) -> None:
    if not hasattr(os, "geteuid"):
        return
    owner = file.stat().st_uid
    if owner not in (0, os.geteuid()):
        raise UsageError(
            f"{file} belongs to another user",
            hint=f"to use it: harness --config {file} ...; to leave it: harness --no-config ...",
        )
