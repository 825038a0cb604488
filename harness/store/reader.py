"""A run folder read back: what was finished, and what was under way when the run stopped."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ValidationError

from harness.core.errors import UsageError
from harness.core.exchange import Exchange
from harness.core.jsonvalue import mistake
from harness.core.outcome import Outcome
from harness.core.record import Record, RunHeader
from harness.store.line import (
    FORMAT,
    HEADER,
    HEADERS,
    JOURNAL,
    Ended,
    Exchanged,
    JournalLine,
    Sent,
    Skipped,
    no_run,
    read_any_line,
)


@dataclass(slots=True)
class Unfinished:
    """A request that was sent and of which no outcome was written."""

    line: Sent
    exchanges: list[Exchange] = field(default_factory=list)

    def record(self, outcome: Outcome | None, *, skipped: str | None = None) -> Record:
        """Return the record of this request with its outcome, or with why it has none."""
        return Record(
            shot=self.line.shot,
            evidence=self.line.evidence,
            outcome=outcome,
            exchanges=tuple(self.exchanges),
            skipped=skipped,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """What a run folder holds: finished records, and requests under way when it stopped."""

    header: RunHeader
    records: tuple[Record, ...]
    unfinished: tuple[Unfinished, ...]


def read_run(path: Path) -> StoredRun:
    """Read a run folder back, of this format or the one before; UsageError where it is none."""
    header, book = _header(path), _Book()
    for line in _lines(path / JOURNAL):
        _refuse_stray(line, header, path / JOURNAL)
        book.enter(line)
    records, unfinished = tuple(book.records.values()), tuple(book.under_way.values())
    return StoredRun(header=header, records=records, unfinished=unfinished)


def _refuse_stray(line: JournalLine, header: RunHeader, path: Path) -> None:
    """Refuse a line of another run: of a provider that this one has not, or about another case."""
    is_own = line.provider in header.evidence
    if isinstance(line, Sent | Skipped):
        case = line.shot.case
        is_own = is_own and (case.provider, case.id) == (line.provider, line.case)
    if not is_own:
        raise UsageError(
            f"{path}: a line is of {line.provider}, case {line.case}, which this run has not",
            hint="the journal was altered; remove that line to leave its record out",
        )


def _header(path: Path) -> RunHeader:
    try:
        header = HEADERS.validate_json((path / HEADER).read_bytes())
    except OSError as error:
        raise no_run(path, error.strerror or str(error)) from None
    except ValidationError as error:
        raise UsageError(f"{path / HEADER}: {mistake(error)}") from None
    if header.format > FORMAT:
        raise UsageError(
            f"{path / HEADER}: format {header.format} is unknown to this version, which knows "
            f"up to {FORMAT}",
            hint=f"read it with the harness that wrote it ({header.harness}) or a later one",
        )
    return header


@dataclass(slots=True)
class _Book:
    """The journal's lines, gathered; a later attempt of a request replaces an earlier one."""

    under_way: dict[tuple[str, str], Unfinished] = field(default_factory=dict)
    records: dict[tuple[str, str], Record] = field(default_factory=dict)

    def enter(self, line: JournalLine) -> None:
        key = (line.provider, line.case)
        match line:
            case Sent():
                self.records.pop(key, None)  # what counts is how this attempt ends
                self.under_way[key] = Unfinished(line)
            case Exchanged(exchange=exchange):
                if key in self.records:
                    self.under_way[key] = _reopened(line, self.records.pop(key))
                if key in self.under_way:
                    self.under_way[key].exchanges.append(exchange)
            case Ended():
                self.records[key] = self._finished(line, key)
            case Skipped(shot=shot, evidence=evidence, why=why):
                if key not in self.under_way:  # else it left earlier, and may be paid
                    self.records[key] = Record(
                        shot=shot, evidence=evidence, outcome=None, skipped=why
                    )

    def _finished(self, line: Ended, key: tuple[str, str]) -> Record:
        begun = self.under_way.pop(key, None)
        if begun is None:
            raise UsageError(f"journal: the outcome of {line.case} has no beginning")
        return begun.record(line.outcome)


def _reopened(line: Exchanged, record: Record) -> Unfinished:
    """Go on with a request whose job was given up waiting for, and is picked up again."""
    again = Sent(provider=line.provider, case=line.case, shot=record.shot, evidence=record.evidence)
    return Unfinished(again, [*record.exchanges])


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
            line = read_any_line(content)
        except ValueError as error:
            if number == len(lines):  # cut off by a crash: no newline follows
                return
            why = mistake(error) if isinstance(error, ValidationError) else str(error)
            raise UsageError(
                f"{path}, line {number}: {why}",
                hint="the journal was altered; remove that line to leave its record out",
            ) from None
        if line is not None:
            yield line


CUT_OFF = "cut off while under way; it may have been paid for: go on with --resume"


def joined(runs: Sequence[StoredRun]) -> tuple[RunHeader, tuple[Record, ...]]:
    """Put runs side by side; a request that was cut off under way is a record without an outcome.

    Raises UsageError where a provider is in more than one of them, and for a benchmark beside
    another run: what was not measured in the same minutes is not compared.
    """
    first, *others = (_honest(run.header) for run in runs)
    if others and any(header.benchmark for header in (first, *others)):
        raise UsageError(
            "a benchmark is reported alone: what was not measured in the same minutes is not "
            "compared",
            hint="report them one by one",
        )
    for header in others:
        twice = sorted(set(first.evidence) & set(header.evidence))
        if twice:
            raise UsageError(
                f"{', '.join(twice)} is in more than one of these runs",
                hint="report them one by one",
            )
        first = replace(
            first,
            run=f"{first.run} + {header.run}",
            evidence={**first.evidence, **header.evidence},
            spec_digests={**first.spec_digests, **header.spec_digests},
            plan_digests={**first.plan_digests, **header.plan_digests},
            notes=(*first.notes, *header.notes),
            interrupted=first.interrupted or header.interrupted,
        )
    return first, tuple(
        record
        for run in runs
        for record in (*run.records, *(cut.record(None, skipped=CUT_OFF) for cut in run.unfinished))
    )


def _honest(header: RunHeader) -> RunHeader:
    """Return the header of a run that never came to its end (a crash, a kill) as interrupted."""
    if header.finished is not None:
        return header
    note = f"{header.run} was cut off or is still under way: only what it has received is shown"
    return replace(header, interrupted=True, notes=(*header.notes, note))
