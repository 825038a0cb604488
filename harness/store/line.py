"""One line of a run's journal, and the names of a run folder's files."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from harness.core.case import PlannedRequest
from harness.core.errors import UsageError
from harness.core.exchange import Exchange
from harness.core.outcome import Outcome
from harness.core.record import Provenance
from harness.core.run import RunHeader

JOURNAL = "journal.jsonl"
HEADER = "run.json"
IMAGES = "images"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """One line of the journal; the fields that are given tell its kind."""

    provider: str
    case: str
    attempt: int = 1
    shot: PlannedRequest | None = None
    evidence: Provenance | None = None
    exchange: Exchange | None = None
    outcome: Outcome | None = None
    skipped: str | None = None


LINES = TypeAdapter(JournalLine)
HEADERS = TypeAdapter(RunHeader)


def no_run(path: Path, why: str) -> UsageError:
    """Return the error for a path that no run has written."""
    return UsageError(
        f"{path} is no run folder: {HEADER}: {why}", hint="give a folder that harness run wrote"
    )
