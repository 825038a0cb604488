"""The formats of a report: each function registers itself under the name of the file it draws.

Some are written in every run folder, others only where `--format` asks for them by their name.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from harness.core.errors import UsageError, nearest_hint
from harness.core.record import Record
from harness.core.registry import Registry
from harness.report.model import Report
from harness.spec.catalogue import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A run as formats on request see it: its report, and what that was drawn from.

    `records` are what was received, in order; `entries` the TOML of each provider by which it was
    judged, with where that is from; `folder` is where the report is written.
    """

    report: Report
    records: Sequence[Record]
    entries: Mapping[str, Entry]
    folder: Path


Drawn = str | Mapping[str, str | bytes | Path]
"""The text of a format's one file, or several files, each by its name: what one holds, or a file of
its own that holds it and is moved to its place."""

ReportFormat = Callable[[Report], str | Iterator[str]]
"""Returns the whole text of its file, or yields it in parts; equal reports have equal texts."""

DrawOnRequest = Callable[[Judged], Drawn]
"""Returns what its files hold; equal runs have equal files."""

Function = TypeVar("Function", bound=DrawOnRequest)

Format = TypeVar("Format", bound=ReportFormat)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatOnRequest:
    """A format that `--format` names.

    `file` holds the text that `draw` returns; it is empty where that returns files by name. The
    text is also appended to the file that the environment variable `appended_to` names, if that is
    set, as long as this stays below `most_bytes`. `insist` raises UsageError where something that
    it needs is not installed; it is called before anything is sent.
    """

    file: str
    draw: DrawOnRequest
    appended_to: str = ""
    most_bytes: int = 0
    insist: Callable[[], None] = lambda: None


_PACKAGE = __name__.rpartition(".")[0]

FORMATS: Registry[ReportFormat] = Registry("report format", package=_PACKAGE)
"""Every format that is always written, by the name of its file, in the order of writing."""

ON_REQUEST: Registry[FormatOnRequest] = Registry("format on request", package=_PACKAGE)
"""Every format that is written where it is asked for, by the name that asks for it."""


def report_format(file: str, *, rank: int) -> Callable[[Format], Format]:
    """Register a function as what draws `file` in a run folder; lower ranks are written first."""

    def register(function: Format) -> Format:
        FORMATS.add(file, function, rank=rank)
        return function

    return register


def format_on_request(  # noqa: PLR0913 - what a format says of itself
    name: str,
    *,
    file: str = "",
    rank: int,
    appended_to: str = "",
    most_bytes: int = 0,
    insist: Callable[[], None] = lambda: None,
) -> Callable[[Function], Function]:
    """Register a function as what draws the format that `--format name` asks for.

    It returns the text of `file`, or without one its files by name. `FormatOnRequest` says what
    `appended_to`, `most_bytes` and `insist` are.
    """

    def register(function: Function) -> Function:
        drawn = FormatOnRequest(
            file=file,
            draw=function,
            appended_to=appended_to,
            most_bytes=most_bytes,
            insist=insist,
        )
        ON_REQUEST.add(name, drawn, rank=rank)
        return function

    return register


def refuse_unknown_formats(names: Sequence[str]) -> None:
    """Raise UsageError, with the nearest, for a name that is no format on request.

    The same for a format that needs what is not installed.
    """
    for name in names:
        if name not in ON_REQUEST:
            raise UsageError(
                f"--format {name}: no such format", hint=nearest_hint(name, ON_REQUEST)
            )
        ON_REQUEST[name].insist()
