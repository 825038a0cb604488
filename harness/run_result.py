"""What a run, a judgement or a report comes to, as a value and as files."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from harness.comparing.documents.unscored import unknown_then, with_operations_gone
from harness.comparing.model import Baseline
from harness.core.inspection import Inspection
from harness.core.record import Record, RunHeader
from harness.core.verdict import CasesShown
from harness.diagnosis.known_file import known_of
from harness.known.model import KnownDeviation
from harness.planning.options import KeepImages
from harness.policy import conclude
from harness.report.baseline import baseline_of
from harness.report.formats.format import Judged
from harness.report.formats.write import write_on_request, write_report
from harness.report.model import Report
from harness.runner.keeping import remove_images
from harness.runner.specs import catalogue_with, documents_of, judged_otherwise
from harness.spec.catalogue import Catalogue, Spec
from harness.spec.provider import Provider
from harness.store.reader import StoredRun, joined, read_run

NOTHING: Mapping[str, Inspection] = MappingProxyType({})
"""No image was looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run, a judgement or a report came to.

    `exit_code` is 0 where every promise that was tried held, 1 where one was broken (or a ceiling
    certainly missed), 2 where nothing was tested, 3 for our own failure, 4 for unreachable, refused
    keys or inconclusive throughout, 130 for interrupted; `why` says so in a sentence. `records` are
    what was received and `report.verdicts` what the checks say of it. `folder` holds them, and the
    report in every format; None where nothing was written. `notes` say what was written besides and
    what was explored. `inspections` are what the image files show, by digest.
    """

    exit_code: int
    why: str
    report: Report
    header: RunHeader
    records: Sequence[Record]
    folder: Path | None
    notes: tuple[str, ...] = ()
    inspections: Mapping[str, Inspection] = field(default_factory=dict)
    providers: Mapping[str, Provider] = field(default_factory=dict)
    documents: Mapping[str, str] = field(default_factory=dict)

    @property
    def baseline(self) -> Baseline:
        """All of it that another run is compared with."""
        return baseline_of(self.report, self.records, self.providers, documents=self.documents)


def concluded(  # noqa: PLR0913 - what is judged, and by what
    header: RunHeader,
    records: Sequence[Record],
    folder: Path | None,
    catalogue: Catalogue,
    *,
    inspections: Mapping[str, Inspection] = NOTHING,
    documents: Mapping[str, str] = MappingProxyType({}),
    known: Sequence[KnownDeviation] = (),
    formats: Sequence[str] = (),
    brief: bool = False,
) -> RunResult:
    """Judge records, and write every format of the report into the folder, if there is one.

    `inspections` are of the records' images, by digest. `documents` are the TOMLs by which the run
    was planned, by provider: what these did not say and the catalogue's do is not scored. What is
    `known` to be broken fails nothing. `formats` on request are written, too; `notes` say where.
    A `brief` report says what was judged and nothing beside it.
    Raises UsageError where the catalogue has no TOML of a provider that was asked, or a broken one;
    StoreError where the folder cannot be written.
    """
    unknown = unknown_then(header, documents, catalogue)
    providers = {
        name: with_operations_gone(catalogue.provider(name), unknown.get(name))
        for name in header.evidence
    }
    conclusion = conclude(
        header,
        records,
        providers,
        inspections=inspections,
        unknown=unknown,
        known=known,
        brief=brief,
    )
    notes: tuple[str, ...] = ()
    if folder is not None:
        write_report(folder, conclusion.report)
        judged = Judged(
            report=conclusion.report,
            records=records,
            entries={name: catalogue.entry(name) for name in header.evidence},
            folder=folder,
        )
        notes = write_on_request(judged, formats, environment=os.environ)
    return RunResult(
        exit_code=conclusion.code,
        why=conclusion.why,
        report=conclusion.report,
        header=conclusion.report.header,
        records=records,
        folder=folder,
        notes=notes,
        inspections=inspections,
        providers=providers,
        documents={**_planned_by(header, catalogue), **documents},
    )


def without_images(
    result: RunResult, choice: KeepImages, *, parts: Sequence[Path] = ()
) -> RunResult:
    """Remove the image files that a run was not to keep; its notes say how many.

    Those of all cases that show a finding stay with `findings`, and all of them where the run was
    interrupted. The `parts` are the folders that it was joined from: they keep what it keeps.
    """
    if result.folder is None or result.header.interrupted:
        return result
    removed = remove_images(
        (result.folder, *parts),
        choice,
        result.records,
        result.inspections,
        found_in=CasesShown(shown.finding for shown in result.report.all_findings),
    )
    return replace(result, notes=(*result.notes, *removed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """Run folders that were read back: what they hold, and by what it is judged.

    `documents` are the TOMLs by which they were planned, by provider. `header` and `records` are of
    all `runs` together.
    """

    header: RunHeader
    records: Sequence[Record]
    catalogue: Catalogue
    documents: Mapping[str, str]
    runs: tuple[StoredRun, ...]

    @property
    def known(self) -> tuple[str | None, ...]:
        """What each folder keeps of known deviations; None where there were none."""
        return tuple(each.known for each in self.runs)


def reread(folders: Sequence[Path], specs: Sequence[Spec] = ()) -> Reread:
    """Read run folders back, to be judged by today's documents and these `specs`.

    A note of the header says what those documents say otherwise. Raises UsageError for a folder
    that no run has written, and a provider that is in two of them.
    """
    runs = [read_run(each) for each in folders]
    catalogue = catalogue_with(specs, runs)
    documents = {
        name: text for each in runs for name, text in documents_of(each, catalogue).items()
    }
    header, records = joined(runs)
    moved = judged_otherwise(header, catalogue, documents)
    return Reread(
        header=replace(header, notes=(*header.notes, *moved)),
        records=records,
        catalogue=catalogue,
        documents=documents,
        runs=tuple(runs),
    )


def verdicts_of(
    folder: Path,
    *,
    specs: Sequence[Spec] = (),
    known: Path | None = None,
    known_otherwise: Path | None = None,
) -> RunResult:
    """Judge the records of a run folder again: its verdicts, findings and exit code, and no more.

    It is what `harness.api.report` says of the folder, in a third of the time: no image is looked
    at, and no transcript and picture is made. Raises what that does.
    """
    again = reread([folder], specs)
    file = known if known is not None or any(again.known) else known_otherwise
    expected = known_of(file, again.known, again.catalogue)
    return concluded(
        again.header,
        again.records,
        None,
        again.catalogue,
        documents=again.documents,
        known=expected.entries,
        brief=True,
    )


def _planned_by(header: RunHeader, catalogue: Catalogue) -> dict[str, str]:
    """Return the TOMLs of today that say what those said by which a run was planned."""
    return {
        name: catalogue.entry(name).text
        for name, began in header.spec_digests.items()
        if name in catalogue.entries and catalogue.entry(name).digest == began
    }
