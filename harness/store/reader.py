"""A run folder read back: what was finished, and what was under way when the run stopped."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from harness.core.errors import UsageError
from harness.core.exchange import Exchange
from harness.core.record import Record
from harness.core.run import RunHeader
from harness.store.line import HEADER, HEADERS, JOURNAL, LINES, JournalLine, no_run


@dataclass(slots=True)
class Unfinished:
    """A shot that was sent and of which no outcome was written."""

    line: JournalLine
    exchanges: list[Exchange] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """What a run folder holds: finished records, and shots that were under way when it stopped."""

    header: RunHeader
    records: tuple[Record, ...]
    unfinished: tuple[Unfinished, ...]


def read_run(path: Path) -> StoredRun:
    """Read a run folder back; UsageError where it is none or was altered."""
    try:
        header = HEADERS.validate_json((path / HEADER).read_bytes())
    except OSError as error:
        raise no_run(path, error.strerror or str(error)) from None
    except ValidationError as error:
        raise UsageError(f"{path / HEADER}: {_first(error)}") from None
    book = _Book()
    for line in _lines(path / JOURNAL):
        book.enter(line)
    return StoredRun(
        header=header,
        records=tuple(book.records.values()),
        unfinished=tuple(book.under_way.values()),
    )


@dataclass(slots=True)
class _Book:
    """The journal's lines, gathered; a later attempt of a shot replaces an earlier one."""

    under_way: dict[tuple[str, str], Unfinished] = field(default_factory=dict)
    records: dict[tuple[str, str], Record] = field(default_factory=dict)

    def enter(self, line: JournalLine) -> None:
        key = (line.provider, line.case)
        if line.shot is not None and line.skipped is None:
            self.records.pop(key, None)  # it left again: what counts is how this attempt ends
            self.under_way[key] = Unfinished(line)
        elif line.skipped is not None and key in self.under_way:
            return  # it left earlier and may be paid: skipping it now does not undo that
        elif line.exchange is not None:
            self._exchanged(key, line, line.exchange)
        elif line.shot is not None or line.outcome is not None:
            self.records[key] = _finished(line, self.under_way.pop(key, None))

    def _exchanged(self, key: tuple[str, str], line: JournalLine, exchange: Exchange) -> None:
        if key in self.records:
            self.under_way[key] = _reopened(line, self.records.pop(key))
        if key in self.under_way:
            self.under_way[key].exchanges.append(exchange)


def _reopened(line: JournalLine, record: Record) -> Unfinished:
    """Go on with a shot whose job was given up waiting for, and is picked up again."""
    again = JournalLine(
        provider=line.provider,
        case=line.case,
        attempt=line.attempt,
        shot=record.shot,
        evidence=record.evidence,
    )
    return Unfinished(again, [*record.exchanges])


def _finished(line: JournalLine, begun: Unfinished | None) -> Record:
    shot = line.shot or (begun.line.shot if begun else None)
    evidence = line.evidence or (begun.line.evidence if begun else None)
    if shot is None or evidence is None:
        raise UsageError(f"journal: the outcome of {line.case} has no beginning")
    return Record(
        shot=shot,
        evidence=evidence,
        outcome=line.outcome,
        exchanges=tuple(begun.exchanges) if begun else (),
        skipped=line.skipped,
    )


def _lines(path: Path) -> Iterator[JournalLine]:
    try:
        raw = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    lines = raw.split(b"\n")
    for number, content in enumerate(lines, 1):
        if not content:
            continue
        try:
            yield LINES.validate_json(content)
        except ValidationError as error:
            if number == len(lines):  # cut off by a crash: no newline follows
                return
            raise UsageError(
                f"{path}, line {number}: {_first(error)}",
                hint="the journal was altered; remove that line to leave its record out",
            ) from None


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
