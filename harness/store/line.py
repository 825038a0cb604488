"""The lines of a run's journal, how they are written, and the names of a run folder's files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, TypeAdapter, WrapSerializer

from harness.core.case import PlannedRequest
from harness.core.errors import UsageError
from harness.core.exchange import Exchange
from harness.core.longtext import line_with_long_texts, line_with_names
from harness.core.outcome import Fault, Images, Outcome, Refused
from harness.core.record import Provenance

JOURNAL = "journal.jsonl"
HEADER = "run.json"
IMAGES = "images"

SPECS = "providers"
KNOWN = "known.toml"
"""The folder of the TOMLs of providers that do not ship with the harness, each `NAME.toml`."""

CUT_ADDRESSES = ".addresses.jsonl"
"""What was cut out of addresses that requests under way need; it is there while they are."""

TORN = "journal.torn"
"""What was cut off the journal's end when a run went on: nothing that was received is destroyed."""

INSPECTIONS = "inspections.jsonl"
"""What the image files show, a line for each; it can be made again from them."""

FORMAT = 3
"""How run folders are written; `read_any_line` reads the lines of those before, too."""

SEALED_FORMAT = 3
"""From which format on lines and `run.json` carry a checksum (`harness.store.seal`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request is about to leave; a later attempt takes the place of an earlier one."""

    provider: str
    case: str
    shot: PlannedRequest
    evidence: Provenance
    attempt: int = 1
    line: Literal["sent"] = "sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """A round trip of a request that has left is over."""

    provider: str
    case: str
    exchange: Exchange
    line: Literal["exchanged"] = "exchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A request that has left came to its outcome."""

    provider: str
    case: str
    outcome: Outcome
    line: Literal["ended"] = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A request does not leave, and why.

    With `withdrawn` it was about to: nothing of it has left, or only what costs nothing (uploads,
    and submissions that were answered 429), so that a run that goes on begins it anew.
    """

    provider: str
    case: str
    shot: PlannedRequest
    evidence: Provenance
    why: str
    withdrawn: bool = False
    line: Literal["skipped"] = "skipped"


JournalLine = Sent | Exchanged | Ended | Skipped


def _with_kind(line: JournalLine, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
    """Write a line's kind, and first: as a default it would be left out."""
    return {"line": line.line, **dump(line)}


_LINES: TypeAdapter[JournalLine] = TypeAdapter(
    Annotated[JournalLine, Field(discriminator="line"), WrapSerializer(_with_kind)]
)
BEGIN = b'{"line":"'
"""How every line begins; those of the format before began otherwise."""


def dumped(line: JournalLine) -> bytes:
    """Return a line without its seal, its end included."""
    return line_with_names(_LINES.dump_json(line, exclude_defaults=True)) + b"\n"


def read_line(raw: bytes) -> JournalLine:
    """Read a line of this format; ValueError (a ValidationError, if it can say more) for others."""
    return _LINES.validate_json(line_with_long_texts(raw))


def no_run(path: Path, why: str) -> UsageError:
    """Return the error for a path that no run has written."""
    return UsageError(
        f"{path} is no run folder: {HEADER}: {why}", hint="give a folder that harness run wrote"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Format1Line:
    """A line of 0.1, which had one object for all kinds, told apart by what it holds."""

    provider: str
    case: str
    attempt: int = 1
    shot: PlannedRequest | None = None
    evidence: Provenance | None = None
    exchange: Exchange | None = None
    outcome: Outcome | None = None
    skipped: str | None = None


_FORMAT_1 = TypeAdapter(_Format1Line)


def read_any_line(raw: bytes) -> JournalLine | None:
    """Read a line of either format; None for one that says nothing. ValueError where it is none."""
    if raw.startswith(BEGIN):
        return read_line(raw)
    old = _FORMAT_1.validate_json(raw)
    provider, case = old.provider, old.case
    match old:
        case _Format1Line(
            shot=PlannedRequest() as shot, evidence=Provenance() as evidence, skipped=None
        ):
            return Sent(
                provider=provider, case=case, shot=shot, evidence=evidence, attempt=old.attempt
            )
        case _Format1Line(
            shot=PlannedRequest() as shot, evidence=Provenance() as evidence, skipped=str() as why
        ):
            return Skipped(provider=provider, case=case, shot=shot, evidence=evidence, why=why)
        case _Format1Line(exchange=Exchange() as exchange):
            return Exchanged(provider=provider, case=case, exchange=exchange)
        case _Format1Line(outcome=(Images() | Refused() | Fault()) as outcome):
            return Ended(provider=provider, case=case, outcome=outcome)
        case _:
            return None
