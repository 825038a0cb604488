"""The verbs that compare two runs."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harness.api.rechecks import recheck
from harness.api.reproductions import with_requests
from harness.api.runs import report
from harness.comparing.codec import read_baseline
from harness.comparing.compare import compare
from harness.comparing.known import known_by_baseline
from harness.comparing.model import DEFAULT_FAIL_ON, Baseline, ChangeKind, Diff, Thresholds
from harness.core.errors import UsageError
from harness.diagnosis.known_file import known_of
from harness.planning.options import Options
from harness.run_result import RunResult
from harness.runner.execution.provider_run import ProgressListener
from harness.spec.catalogue import Spec, catalogue_of
from harness.store.line import HEADER, JOURNAL


def baseline(
    source: str | Path | RunResult,
    *,
    specs: Sequence[Spec] = (),
    note: Callable[[str], None] = lambda _sentence: None,
) -> Baseline:
    """Return what a run showed: of a run folder, judged again, or of a baseline's file.

    Nothing is sent or written. `specs` and `note` are those of `report`. Raises UsageError, one
    line, for a path that is neither: no file, a folder without a journal, a file that was edited or
    is of a later format.

        baseline("reports/2026-12-01T093000-live").promises
    """
    if isinstance(source, RunResult):
        return source.baseline
    path = Path(source)
    if not _is_folder(path):
        return read_baseline(path)
    _refuse_without_journal(path)
    return report(path, specs=specs, note=note).baseline


def _is_folder(path: Path) -> bool:
    """Tell a folder from a file; UsageError for a name that no file has (too long, say)."""
    try:
        return path.is_dir()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None


def _refuse_without_journal(folder: Path) -> None:
    """Raise UsageError for a folder that keeps a run's report, and not what it received."""
    try:
        names = {each.name for each in folder.iterdir()}
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror or error}") from None
    missing = [name for name in (HEADER, JOURNAL) if name not in names]
    if missing and "summary.json" in names:
        raise UsageError(
            f"{folder} holds a report, but no {' and no '.join(missing)}: what the run received is "
            "missing, so that it cannot be judged again",
            hint="give the whole run folder, or the file that harness report RUN --baseline FILE "
            "wrote of it",
        )
    if JOURNAL in missing and HEADER not in missing:
        raise UsageError(
            f"{folder} has no {JOURNAL}: what the run received is missing",
            hint="give a whole run folder, or a baseline's file",
        )


def diff(  # noqa: PLR0913 - two runs, and how they are compared
    base: str | Path,
    head: str | Path,
    *,
    specs: Sequence[Spec] = (),
    fail_on: Sequence[ChangeKind] = DEFAULT_FAIL_ON,
    thresholds: Thresholds | None = None,
    known: str | Path | None = None,
    known_otherwise: str | Path | None = None,
    confirm: Options | None = None,
    watch: ProgressListener | None = None,
    environment: Mapping[str, str] | None = None,
    note: Callable[[str], None] = lambda _sentence: None,
) -> Diff:
    """Compare two runs, each a run folder or a baseline's file; send nothing without `confirm`.

    What the file `known` expects to be broken fails nothing; without one, the file of which HEAD's
    folder keeps a copy, and `known_otherwise` where it keeps none. With `confirm`, what would fail
    is asked again by an ordinary run with these options (`harness.api.rechecks.recheck`, which may
    be called later as well), which `watch` hears of. `Diff.exit_code` is that of the command.
    Raises UsageError for what is no run and no baseline, and for mistakes in a file.

        diff("baseline.json", "reports/2026-12-01T093000-live").exit_code
    """
    catalogue = catalogue_of(specs)  # a TOML with mistakes is refused beside baselines, too
    first = baseline(base, specs=specs, note=note)
    if _is_folder(Path(head)):
        _refuse_without_journal(Path(head))
        result = report(head, specs=specs, known=known, known_otherwise=known_otherwise, note=note)
        second, shown, told = result.baseline, result.report.known, result.report
    else:
        expected = known_of(known if known is not None else known_otherwise, (), catalogue)
        second, told = baseline(head), None
        shown = known_by_baseline(second, expected.entries)
    found = compare(
        first,
        second,
        sources=(str(base), str(head)),
        fail_on=fail_on,
        thresholds=thresholds,
        known=shown,
    )
    if told is not None:
        found = with_requests(found, told, Path(head))
    if confirm is None:
        return found
    return recheck(found, first, head, options=confirm, watch=watch, environment=environment)[0]
