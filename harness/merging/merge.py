"""Slices joined into a run folder like any other: one journal, whole plans, every image once.

Records are never held: each slice's lines lie in a spool, and are written again in the order of
their times. The folders of the slices are read only, and stay as they are.
"""

import heapq
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from harness.core.benchmark import Benchmark
from harness.core.errors import StoreError, UsageError
from harness.core.record import ClockReading, Provenance, RunHeader
from harness.core.slicing import Part, Slice
from harness.core.version import harness_version
from harness.merging.lines import Key, Rewriting, new_name, shots_of
from harness.merging.parts import Parts, SliceFolder, lacking_notes, read_parts, with_dependencies
from harness.planning.plan import dumped
from harness.planning.slicing import slice_numbers
from harness.runner.execution.budget import charged_reservation
from harness.spec.catalogue import Spec
from harness.store.disk import TEMPORARY, LocalDisk
from harness.store.folder import RunFolder
from harness.store.line import IMAGES, INSPECTIONS, KNOWN, JournalLine, Sent, Skipped
from harness.store.reader import stored_journal
from harness.store.spool import Spool

_LINES = 128
"""How many lines are written, and made durable, at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A folder that holds the records of all slices, and what it was made of."""

    path: Path
    parts: tuple[Part, ...]


def merged(
    paths: Sequence[Path], out: Path, *, specs: Sequence[Spec] = (), partial: bool = False
) -> Merged:
    """Join the folders of slices into a new one; one that lacks any counts as interrupted.

    Raises UsageError where they are no slices of one run, a case was sent by two of them, or `out`
    is not empty or lies in one of them, and, unless it is to be a `partial` run, for slices that
    are missing or have not come to their end; StoreError where the folder cannot be written. Then
    nothing of it is left.
    """
    _refuse_inside(out, paths)
    parts = read_parts(paths, specs, partial=partial)
    followed = _followed_up(parts)
    is_new = not out.exists()
    folder = _created(out, is_new=is_new)
    try:
        made = _Merging(parts, followed, folder)
        made.write()
    except StoreError as error:
        _remove(folder, whole=is_new)
        raise StoreError(
            error.message,
            hint="the slices are as they were; make room, or choose "
            "another --out, and merge them again",
        ) from None
    except BaseException:
        _remove(folder, whole=is_new)
        raise
    folder.close()
    return Merged(path=out, parts=made.made_of)


def _refuse_inside(out: Path, paths: Sequence[Path]) -> None:
    """Raise UsageError for a folder in that of a slice: those stay as they are."""
    where = out.resolve()
    inside = next((path for path in paths if path.resolve() in where.parents), None)
    if inside is not None:
        raise UsageError(
            f"--out {out} lies in {inside}, which is to stay as it is",
            hint="choose a folder beside those of the slices",
        )


def _created(out: Path, *, is_new: bool) -> RunFolder:
    try:
        return RunFolder.create(out)
    except UsageError:
        raise UsageError(
            f"{out} is there already and not empty", hint="choose another --out"
        ) from None
    except StoreError as error:
        if is_new and out.is_dir():
            shutil.rmtree(out, ignore_errors=True)
        raise StoreError(error.message, hint="make room, or choose another --out") from None


def _remove(folder: RunFolder, *, whole: bool) -> None:
    """Remove what was written: a merged run is there whole or not at all."""
    folder.close()
    for entry in folder.path.iterdir():
        with suppress(OSError):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    if whole:
        with suppress(OSError):
            folder.path.rmdir()


def _followed_up(parts: Parts) -> dict[int, dict[Key, str]]:
    """Return by slice the new ids of its follow-ups that an earlier slice has, too.

    UsageError for a case of the plan that another slice than its own has sent.
    """
    owners = {
        name: dict(
            zip(
                (shot.case.id for shot in plan.shots),
                slice_numbers(plan, parts.of),
                strict=True,
            )
        )
        for name, plan in parts.plans.items()
    }
    taken: set[Key] = set()
    renamed: dict[int, dict[Key, str]] = {}
    for each in parts.folders:
        own: dict[Key, str] = {}
        for shot, _ in shots_of(each.run):
            key = (shot.case.provider, shot.case.id)
            owner = owners[key[0]].get(key[1])
            if owner is None:
                own[key] = new_name(key[1], each.slice) if key in taken else key[1]
            elif owner != each.slice.index:
                _refuse_overlap(parts, each, key, owner)
        taken |= own.keys()
        renamed[each.slice.index] = {key: name for key, name in own.items() if name != key[1]}
    return renamed


def _refuse_overlap(parts: Parts, folder: SliceFolder, key: Key, owner: int) -> None:
    other = next((each.path for each in parts.folders if each.slice.index == owner), None)
    where = f"slice {owner}/{parts.of}" + (f" ({other})" if other else "")
    raise UsageError(
        f"{folder.path} has sent {key[1]} of {key[0]}, which is for {where} to send",
        hint="its header or its journal was altered; run that slice again",
    )


@dataclass(slots=True)
class _Merging:
    """One folder on its way to being the merged run."""

    parts: Parts
    renamed: Mapping[int, Mapping[Key, str]]
    folder: RunFolder
    made_of: tuple[Part, ...] = ()
    _begun: dict[str, set[str]] = field(default_factory=dict)

    def write(self) -> None:
        """Write all of it, its header last: without that it is no run."""
        moved = _moved_s(self.parts.folders)
        self.made_of = tuple(
            self._part(each, moved_s)
            for each, moved_s in zip(self.parts.folders, moved, strict=True)
        )
        header = self._header(moved)
        for plan in self.parts.plans.values():
            self.folder.write_file(f"plan-{plan.provider}.json", dumped(plan))
        self._keep_texts()
        self._keep_images()
        lines = heapq.merge(
            *(self._lines(*each) for each in zip(self.parts.folders, moved, strict=True)),
            key=lambda timed: timed[:2],
        )
        self._append(line for _, _, line in lines)
        self._append(self._not_sent(header))
        self.folder.write_header(header)

    def _append(self, lines: Iterator[JournalLine]) -> None:
        while some := tuple(islice(lines, _LINES)):
            self.folder.append(*some)

    def _part(self, each: SliceFolder, moved_s: float) -> Part:
        images = requests = 0
        for shot, record in shots_of(each.run):
            provider = self.parts.providers[shot.case.provider]
            if record is not None and record.outcome is not None:
                requests += 1
                images += charged_reservation(
                    shot, record.outcome, record.exchanges, provider=provider
                ).price.images
        return Part(
            run=each.header.run,
            slice=each.slice,
            vantage=each.header.vantage,
            created=each.header.created,
            finished=each.header.finished,
            interrupted=not each.is_whole,
            moved_s=round(moved_s, 6),
            requests=requests,
            images=images,
        )

    def _header(self, moved: Sequence[float]) -> RunHeader:
        first, headers = self.parts.header, [each.header for each in self.parts.folders]
        vantages = {header.vantage for header in headers}
        notes = dict.fromkeys(note for header in headers for note in header.notes)
        finished = [header.finished for header in headers if header.finished is not None]
        return replace(
            first,
            run=self.folder.path.resolve().name,
            harness=harness_version(),
            created=min(header.created for header in headers),
            finished=max(finished, default=first.created),
            interrupted=bool(self.parts.missing or self.parts.unfinished),
            word="",
            seals={},
            evidence={name: _evidence(name, headers) for name in first.evidence},
            notes=(_note(self.made_of), *lacking_notes(self.parts), *notes),
            benchmark=_benchmark(headers),
            clocks=_clocks(headers, moved),
            slice=None,
            vantage=vantages.pop() if len(vantages) == 1 else "",
            parts=self.made_of,
        )

    def _lines(self, each: SliceFolder, moved_s: float) -> Iterator[tuple[float, int, JournalLine]]:
        """Yield a slice's lines with the moment behind which they stand."""
        spool: Spool[JournalLine] = Spool()

        def take(line: JournalLine | None, _behind: bool) -> None:  # noqa: FBT001 - as `Take` has it
            if line is not None:
                spool.append(line)

        disk = LocalDisk(each.path)
        try:
            stored_journal(each.path, disk, each.header, take)
        finally:
            disk.close()
        rewriting = Rewriting(
            depends_on=self._depends_on(),
            renamed=self.renamed[each.slice.index],
            moved_s=moved_s,
        )
        rewriting.latest_s = moved_s
        for line in spool:
            written = rewriting.line(line)
            if isinstance(line, Sent | Skipped):
                self._begun.setdefault(line.provider, set()).add(line.case)
            yield rewriting.latest_s, each.slice.index, written

    def _depends_on(self) -> dict[str, dict[str, tuple[str, ...]]]:
        return {name: with_dependencies(plan) for name, plan in self.parts.plans.items()}

    def _not_sent(self, header: RunHeader) -> Iterator[JournalLine]:
        """Yield a line for each case of the plan that no slice has, with why it was not sent."""
        whole = not self.parts.missing and not self.parts.unfinished
        for name, plan in () if whole else self.parts.plans.items():
            begun = self._begun.get(name, set())
            numbers = slice_numbers(plan, self.parts.of)
            for number, shot in zip(numbers, plan.shots, strict=True):
                if shot.case.id not in begun:
                    part = Slice(index=number, of=self.parts.of)
                    state = "missing" if number in self.parts.missing else "not finished"
                    yield Skipped(
                        provider=name,
                        case=shot.case.id,
                        shot=shot,
                        evidence=header.evidence[name],
                        why=f"slice {part} is {state}",
                    )

    def _keep_texts(self) -> None:
        """Keep the TOMLs and the known deviations that the slices keep: all have the same."""
        run = self.parts.folders[0].run
        for name, text in run.specs.items():
            self.folder.keep_spec(name, text)
        for name, text in run.documents.items():
            self.folder.keep_document(name, text)
        if run.known is not None:
            self.folder.write_file(KNOWN, run.known.encode())

    def _keep_images(self) -> None:
        """Keep each image once, by its digest, and what was found in it."""
        found: dict[bytes, None] = {}
        there: set[str] = set()
        for each in self.parts.folders:
            disk = LocalDisk(each.path)
            try:
                names = disk.names(IMAGES) if IMAGES in disk.names() else []
                for name in names:
                    if name not in there and not name.startswith((".", TEMPORARY)):
                        self._keep_image(disk, each.path / IMAGES / name)
                        there.add(name)
                if disk.exists(INSPECTIONS):
                    found |= dict.fromkeys(disk.read(INSPECTIONS).splitlines())
            finally:
                disk.close()
        if found:
            self.folder.write_file(INSPECTIONS, b"".join(line + b"\n" for line in found))

    def _keep_image(self, disk: LocalDisk, file: Path) -> None:
        """Link an image, or copy it where it is on another disk; links of strangers are refused."""
        name = f"{IMAGES}/{file.name}"
        if not disk.exists(name):
            return
        try:
            os.link(file, self.folder.path / name, follow_symlinks=False)
        except OSError:
            self.folder.keep_image(file.name, disk.read(name))


def _moved_s(folders: Sequence[SliceFolder]) -> list[float]:
    """Return by how much each run's clock is moved: its zero stands behind the earliest one's."""
    zeros = [_zero_s(each.header) for each in folders]
    first = min((zero for zero in zeros if zero is not None), default=0.0)
    return [0.0 if zero is None else zero - first for zero in zeros]


def _zero_s(header: RunHeader) -> float | None:
    """Return what the wall clock showed as a run's clock began; None in a replay."""
    firsts = (readings[0] for readings in header.clocks.values() if readings)
    return next((reading.unix_s - reading.at_s for reading in firsts), None)


def _clocks(
    headers: Sequence[RunHeader], moved: Sequence[float]
) -> dict[str, tuple[ClockReading, ...]]:
    """Return all readings of both clocks, on the merged run's clock and in its order."""
    clocks: dict[str, list[ClockReading]] = {}
    for header, moved_s in zip(headers, moved, strict=True):
        for name, readings in header.clocks.items():
            clocks.setdefault(name, []).extend(
                replace(reading, at_s=reading.at_s + moved_s) for reading in readings
            )
    return {
        name: tuple(sorted(readings, key=lambda reading: reading.at_s))
        for name, readings in clocks.items()
    }


def _evidence(name: str, headers: Sequence[RunHeader]) -> Provenance:
    """Return what a provider's results rest on; the vantage point only where all have the same."""
    every = [header.evidence[name] for header in headers]
    same = len({each.vantage for each in every}) == 1
    return every[0] if same else replace(every[0], vantage="")


def _benchmark(headers: Sequence[RunHeader]) -> Benchmark | None:
    """Return how a benchmark was laid out, and all that the slices measured of themselves."""
    measured = [header.benchmark for header in headers if header.benchmark is not None]
    if not measured:
        return None
    stopped: dict[str, str] = {}
    for each in measured:
        stopped = {**(each.stopped or {}), **stopped}
    return replace(
        measured[0],
        calibrations=tuple(one for each in measured for one in each.calibrations),
        watched=tuple(one for each in measured for one in each.watched),
        stopped=stopped or None,
    )


def _note(parts: Sequence[Part]) -> str:
    moved = [f"{part.slice} by {part.moved_s:.3f} s" for part in parts if part.moved_s]
    of = parts[0].slice.of
    told = f"; times were moved onto one clock: {', '.join(moved)}" if moved else ""
    number = f"{len(parts)} of {of}" if len(parts) != of else f"{of}"
    return f"merged of {number} slices{told}"
