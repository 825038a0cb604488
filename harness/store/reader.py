"""A run folder read back: what was finished, and what was under way when the run stopped."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.core.errors import UsageError
from harness.core.exchange import Reply
from harness.core.files import MEBIBYTE
from harness.core.record import Record, RunHeader
from harness.store.book import Book, Unfinished
from harness.store.disk import Disk, LocalDisk
from harness.store.header import read_header
from harness.store.line import (
    DOCUMENTS,
    HEADER,
    JOURNAL,
    KNOWN,
    SEALED_FORMAT,
    SPECS,
    JournalLine,
    Sent,
    Skipped,
    no_run,
)
from harness.store.seal import JournalContent, Take, Torn, read_journal
from harness.store.spool import chained

SPEC_AT_MOST_BYTES = MEBIBYTE


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """What a run folder holds: finished records, and requests under way when it stopped.

    `specs` are the texts of the TOMLs that it is judged by, by provider; `documents` those of
    shipped providers as they were when it was planned. Folders of before kept none of these.
    `known` is the text of the deviations that were known, None where none were.
    """

    header: RunHeader
    records: Sequence[Record]
    unfinished: tuple[Unfinished, ...]
    specs: dict[str, str] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    known: str | None = None


def read_run(path: Path, *, disk: Disk | None = None) -> StoredRun:
    """Read a run folder back, of this format or one before; UsageError where it is none.

    What a crash has torn at the journal's end is left out, and a note of the header says so. The
    records are on the disk, not in memory, whatever the size of the journal; StoreError where there
    is no room for them.
    """
    try:
        disk = disk or LocalDisk(path)
    except OSError as error:
        raise no_run(path, error.strerror or str(error)) from None
    try:
        header = stored_header(path, disk)
        book, content = _read_back(path, disk, header)
        specs, documents = (
            dict(_stored_tomls(path / folder, disk, header)) for folder in (SPECS, DOCUMENTS)
        )
        known = _stored_text(path, disk, KNOWN) if disk.exists(KNOWN) else None
    finally:
        disk.close()
    notes = [torn_note(content.torn, "left out")] if content.torn else []
    if content.missing:
        notes.append(f"{JOURNAL}: {content.missing} of its lines were removed, with what they held")
    header = replace(header, notes=(*header.notes, *notes))
    return StoredRun(
        header=header,
        records=book.finished.records(),
        unfinished=tuple(book.under_way.values()),
        specs=specs,
        documents=documents,
        known=known,
    )


def _read_back(path: Path, disk: Disk, header: RunHeader) -> tuple[Book, JournalContent]:
    book, refused = Book(), list[UsageError]()

    def take(line: JournalLine | None, _behind: bool) -> None:  # noqa: FBT001 - as `Take` has it
        if line is None or refused:
            return
        try:
            _refuse_stray(line, header, path / JOURNAL)
            book.enter(line)
        except UsageError as error:  # said when it is known that no line was altered
            refused.append(error)

    content = stored_journal(path, disk, header, take)
    if refused:
        raise refused[0]
    return book, content


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


def stored_journal(path: Path, disk: Disk, header: RunHeader, take: Take) -> JournalContent:
    """Return what a folder's journal is, once `take` had its lines; UsageError for an altered one.

    It is read in pieces, whatever its size.
    """
    try:
        content = read_journal(
            disk.pieces(JOURNAL) if disk.exists(JOURNAL) else (),
            take,
            unchecked_bytes=header.unchecked_bytes if header.format >= SEALED_FORMAT else None,
            acknowledged=header.sealed_lines,
        )
    except OSError as error:
        raise UsageError(f"{path / JOURNAL}: {error.strerror}") from None
    if content.altered is not None:
        raise UsageError(
            f"{path / JOURNAL}, line {content.altered.number}: {content.altered.why}",
            hint="the journal was altered; remove that line to leave its record out",
        )
    return content


def _stored_tomls(path: Path, disk: Disk, header: RunHeader) -> Iterator[tuple[str, str]]:
    """Yield the TOMLs that a run keeps of its providers in one of its folders."""
    if path.name not in disk.names():
        return
    for name in header.evidence:
        file = f"{path.name}/{name}.toml"
        if disk.exists(file):
            yield name, _stored_text(path.parent, disk, file)


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


CUT_OFF = "cut off while under way; it may have been paid for: go on with --resume"


def joined(runs: Sequence[StoredRun]) -> tuple[RunHeader, Sequence[Record]]:
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
            frozen={**first.frozen, **header.frozen},
            clocks={**first.clocks, **header.clocks},
            notes=(*first.notes, *header.notes),
            interrupted=first.interrupted or header.interrupted,
        )
    return first, chained(
        part for run in runs for part in (run.records, tuple(map(_cut_off, run.unfinished)))
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
