"""A run folder read back: what was finished, and what was under way when the run stopped."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.core.case import PlannedRequest
from harness.core.errors import UsageError
from harness.core.exchange import Exchange, Reply
from harness.core.files import MEBIBYTE
from harness.core.outcome import Fault, Outcome
from harness.core.record import Record, RunHeader
from harness.store.disk import Disk, LocalDisk
from harness.store.header import read_header
from harness.store.line import (
    HEADER,
    JOURNAL,
    KNOWN,
    SEALED_FORMAT,
    SPECS,
    Ended,
    Exchanged,
    JournalLine,
    Sent,
    Skipped,
    no_run,
)
from harness.store.seal import JournalContent, Torn, read_journal

SPEC_AT_MOST_BYTES = MEBIBYTE


@dataclass(slots=True)
class Unfinished:
    """A request that was sent and of which no outcome was written."""

    line: Sent
    exchanges: list[Exchange] = field(default_factory=list)
    in_doubt: tuple[PlannedRequest, ...] = ()
    """Earlier attempts of which no reply came either."""

    def record(self, outcome: Outcome | None, *, skipped: str | None = None) -> Record:
        """Return the record of this request with its outcome, or with why it has none."""
        return Record(
            shot=self.line.shot,
            evidence=self.line.evidence,
            outcome=outcome,
            exchanges=tuple(self.exchanges),
            skipped=skipped,
            in_doubt=self.in_doubt,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """What a run folder holds: finished records, and requests under way when it stopped.

    `specs` are the texts of the TOMLs that it keeps, by provider; `known` is that of the deviations
    that were known, None where none were.
    """

    header: RunHeader
    records: tuple[Record, ...]
    unfinished: tuple[Unfinished, ...]
    specs: dict[str, str] = field(default_factory=dict)
    known: str | None = None


def read_run(path: Path, *, disk: Disk | None = None) -> StoredRun:
    """Read a run folder back, of this format or one before; UsageError where it is none.

    What a crash has torn at the journal's end is left out, and a note of the header says so.
    """
    try:
        disk = disk or LocalDisk(path)
    except OSError as error:
        raise no_run(path, error.strerror or str(error)) from None
    try:
        header = stored_header(path, disk)
        content = stored_journal(path, disk, header)
        specs = dict(_stored_specs(path, disk, header))
        known = _stored_text(path, disk, KNOWN) if disk.exists(KNOWN) else None
    finally:
        disk.close()
    book = _Book()
    for line in content.lines:
        if line is not None:
            _refuse_stray(line, header, path / JOURNAL)
            book.enter(line)
    notes = [torn_note(content.torn, "left out")] if content.torn else []
    if content.missing:
        notes.append(f"{JOURNAL}: {content.missing} of its lines were removed, with what they held")
    header = replace(header, notes=(*header.notes, *notes))
    records, unfinished = tuple(book.records.values()), tuple(book.under_way.values())
    return StoredRun(
        header=header, records=records, unfinished=unfinished, specs=specs, known=known
    )


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


def stored_header(path: Path, disk: Disk) -> RunHeader:
    """Return a folder's header; UsageError where there is none, or it was altered."""
    try:
        raw = disk.read(HEADER)
    except OSError as error:
        raise no_run(path, error.strerror or str(error)) from None
    return read_header(raw, path)


def stored_journal(path: Path, disk: Disk, header: RunHeader) -> JournalContent:
    """Return what can be read of a folder's journal; UsageError where it was altered."""
    try:
        raw = disk.read(JOURNAL) if disk.exists(JOURNAL) else b""
    except OSError as error:
        raise UsageError(f"{path / JOURNAL}: {error.strerror}") from None
    content = read_journal(
        raw,
        unchecked_bytes=header.unchecked_bytes if header.format >= SEALED_FORMAT else None,
        acknowledged=header.sealed_lines,
    )
    if content.altered is not None:
        raise UsageError(
            f"{path / JOURNAL}, line {content.altered.number}: {content.altered.why}",
            hint="the journal was altered; remove that line to leave its record out",
        )
    return content


def _stored_specs(path: Path, disk: Disk, header: RunHeader) -> Iterator[tuple[str, str]]:
    """Yield the TOMLs that a folder keeps of its providers."""
    if SPECS not in disk.names():
        return
    for name in header.evidence:
        file = f"{SPECS}/{name}.toml"
        if disk.exists(file):
            yield name, _stored_text(path, disk, file)


def _stored_text(path: Path, disk: Disk, file: str) -> str:
    try:
        if disk.size(file) > SPEC_AT_MOST_BYTES:
            raise UsageError(f"{path / file} is larger than any TOML of a run folder")
        return disk.read(file).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise UsageError(f"{path / file} cannot be read: {error}") from None


def torn_note(torn: Torn, outcome: str) -> str:
    """Say in a sentence what a crash has left at a journal's end, and what becomes of it."""
    return (
        f"{JOURNAL}: {torn.size} bytes from line {torn.number} on were being written when a crash "
        f"or power loss came, and are {outcome}; nothing in them had been acknowledged"
    )


@dataclass(slots=True)
class _Book:
    """The journal's lines, gathered; a later attempt of a request replaces an earlier one."""

    under_way: dict[tuple[str, str], Unfinished] = field(default_factory=dict)
    records: dict[tuple[str, str], Record] = field(default_factory=dict)

    def enter(self, line: JournalLine) -> None:
        key = (line.provider, line.case)
        match line:
            case Sent():
                in_doubt = self._in_doubt(key)
                self.records.pop(key, None)  # what counts is how this attempt ends
                self.under_way[key] = Unfinished(line, in_doubt=in_doubt)
            case Exchanged(exchange=exchange):
                if key in self.records:
                    self.under_way[key] = _reopened(line, self.records.pop(key))
                if key in self.under_way:
                    self.under_way[key].exchanges.append(exchange)
            case Ended():
                self.records[key] = self._finished(line, key)
            case Skipped():
                self._skipped(line, key)

    def _skipped(self, line: Skipped, key: tuple[str, str]) -> None:
        begun = self.under_way.get(key)
        if begun is not None and line.withdrawn and not begun.in_doubt:
            del self.under_way[key]  # an asking that may be paid is not forgotten with this one
        if key not in self.under_way:  # else it left earlier, and may be paid
            self.records[key] = Record(
                shot=line.shot, evidence=line.evidence, outcome=None, skipped=line.why
            )

    def _in_doubt(self, key: tuple[str, str]) -> tuple[PlannedRequest, ...]:
        """Return the attempts before a new one of which nobody knows whether they were paid."""
        begun, record = self.under_way.get(key), self.records.get(key)
        if begun is not None:
            return (*begun.in_doubt, begun.line.shot)
        if record is None:
            return ()
        may_be_paid = isinstance(record.outcome, Fault) and record.outcome.may_be_paid
        return (*record.in_doubt, record.shot) if may_be_paid else record.in_doubt

    def _finished(self, line: Ended, key: tuple[str, str]) -> Record:
        begun = self.under_way.pop(key, None)
        if begun is None:
            raise UsageError(f"journal: the outcome of {line.case} has no beginning")
        return begun.record(line.outcome)


def _reopened(line: Exchanged, record: Record) -> Unfinished:
    """Go on with a request whose job was given up waiting for, and is picked up again."""
    again = Sent(provider=line.provider, case=line.case, shot=record.shot, evidence=record.evidence)
    return Unfinished(again, [*record.exchanges], record.in_doubt)


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
            clocks={**first.clocks, **header.clocks},
            notes=(*first.notes, *header.notes),
            interrupted=first.interrupted or header.interrupted,
        )
    return first, tuple(
        record for run in runs for record in (*run.records, *map(_cut_off, run.unfinished))
    )


def _cut_off(cut: Unfinished) -> Record:
    """Return the record of a request without an end; one without a reply may be paid for."""
    record = cut.record(None, skipped=CUT_OFF)
    answered = any(isinstance(exchange.answer, Reply) for exchange in cut.exchanges)
    if answered:
        return record
    return replace(record, in_doubt=(*cut.in_doubt, cut.line.shot))


def _honest(header: RunHeader) -> RunHeader:
    """Return the header of a run that never came to its end (a crash, a kill) as interrupted."""
    if header.finished is not None:
        return header
    note = f"{header.run} was cut off or is still under way: only what it has received is shown"
    return replace(header, interrupted=True, notes=(*header.notes, note))
