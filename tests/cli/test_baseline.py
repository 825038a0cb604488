"""`harness report --baseline`, and what a comparison reads: whole, old, cut off, empty, altered."""

import json
import shutil
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness import UsageError, api
from harness.api.regressions import baseline, diff
from harness.cli.main import status
from harness.comparing.compare import compare
from harness.core.errors import NothingTested
from tests.store.journals import set_header

ROOT = Path(__file__).parents[2]
ARCHIVES = ROOT / "tests" / "store"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run folders of the formats before today's."""
    place = tmp_path_factory.mktemp("old")
    for name in ("format1", "format2"):
        with tarfile.open(ARCHIVES / name / "runs.tar.xz") as archive:
            if hasattr(tarfile, "data_filter"):  # not in Debian's 3.11.2
                archive.extraction_filter = tarfile.data_filter
            archive.extractall(place / name)  # noqa: S202 - an archive of our own
    return place


@pytest.fixture
def old(kept: Path, tmp_path: Path) -> Path:
    """The same, to be altered."""
    return Path(shutil.copytree(kept, tmp_path / "old"))


def _one_line(error: pytest.ExceptionInfo[UsageError]) -> str:
    assert error.value.exit_code == 2
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("side", [0, 1])
def test_a_name_that_no_file_can_have_is_one_line(
    kept: Path, side: int, capsys: pytest.CaptureFixture[str]
) -> None:
    sides = [str(kept / "format2" / "finished"), "x" * 256]

    assert status(["diff", *(sides if side else reversed(sides))]) == 2
    assert capsys.readouterr().err.rstrip().endswith("cannot be read: File name too long")


# -------------------------------------------------------------------------------- written
def test_a_report_writes_a_baseline_that_equals_its_run(
    old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, file = old / "format2" / "finished", old / "baseline.json"

    code = status(["report", str(folder), "--baseline", str(file), "--json"])

    assert code == 4  # as without it
    assert json.loads(capsys.readouterr().out)["run"]["run"]
    assert baseline(file) == baseline(folder)
    assert file.stat().st_size < 20_000
    assert diff(file, folder).changes == ()


def test_a_baseline_that_cannot_be_written_is_one_line_and_the_report_is_there(
    old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = old / "format2" / "finished"

    code = status(["report", str(folder), "--baseline", str(old / "nowhere" / "b.json")])

    assert code == 3
    assert "cannot be written: No such file or directory" in capsys.readouterr().err
    assert (folder / "summary.json").exists()


def test_a_result_in_python_is_a_baseline(kept: Path) -> None:
    folder = kept / "format2" / "finished"

    assert api.baseline(api.report(folder)) == api.baseline(folder)


# ----------------------------------------------------------------------------------- read
OLD = (
    *(("format1", name) for name in ("benchmark", "cassettes-buble", "faulty", "unfinished")),
    ("format2", "unfinished"),
)


@pytest.mark.parametrize("place", OLD)
def test_old_formats_are_compared_with_themselves_without_a_change(
    kept: Path, place: Sequence[str]
) -> None:
    run = baseline(kept.joinpath(*place))

    found = compare(run, run)

    assert run.promises
    assert [each for each in found.changes if each.direction != "other"] == []
    assert not found.failing


def test_runs_of_two_formats_are_compared_as_far_as_they_go(kept: Path) -> None:
    found = diff(kept / "format1" / "unfinished", kept / "format2" / "finished")

    said = "\n".join(found.not_compared)
    assert "BASE was cut off or is still under way" in said
    assert "are in BASE only" in said
    assert not found.failing


def test_a_folder_that_keeps_only_its_report_says_what_is_missing() -> None:
    with pytest.raises(UsageError) as error:
        baseline(ROOT / "reports" / "sample")

    assert "holds a report, but no journal.jsonl" in _one_line(error)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("journal.jsonl",), "has no journal.jsonl: what the run received is missing"),
        (("run.json",), "is no run folder: run.json: No such file or directory"),
        (("run.json", "journal.jsonl"), "is no run folder"),
    ],
)
def test_a_folder_without_its_parts_is_one_line(
    old: Path, names: Sequence[str], words: str
) -> None:
    folder = old / "format2" / "finished"
    (folder / "summary.json").unlink(missing_ok=True)
    for name in names:
        (folder / name).unlink()

    with pytest.raises(UsageError) as error:
        baseline(folder)

    assert words in _one_line(error)


@pytest.mark.parametrize("name", ["nowhere", "a" * 5000, "no\0file"])
def test_a_path_that_is_none_is_one_line(name: str) -> None:
    with pytest.raises(UsageError) as error:
        baseline(name)

    assert "cannot be read" in _one_line(error)


def test_a_finished_run_whose_journal_was_cut_is_compared_and_said(kept: Path) -> None:
    run = baseline(kept / "format2" / "finished")
    torn = replace(run, notes=("journal.jsonl: 7 of its lines were removed, with what they held",))

    assert "HEAD: journal.jsonl: 7 of its lines were removed" in "\n".join(
        compare(run, torn).not_compared
    )


def test_a_run_of_a_later_format_is_one_line(old: Path) -> None:
    set_header(old / "format2" / "finished", format=9)

    with pytest.raises(UsageError) as error:
        baseline(old / "format2" / "finished")

    assert "format 9 is unknown to this version" in _one_line(error)


def test_a_run_of_a_provider_that_nobody_knows_is_one_line(old: Path) -> None:
    folder = old / "format2" / "finished"
    for name in ("run.json", "journal.jsonl"):
        text = (folder / name).read_text().replace('"sub2api"', '"acme"')
        (folder / name).write_text(text)

    with pytest.raises(UsageError) as error:
        baseline(folder)

    assert "unknown provider 'acme'" in _one_line(error)


def test_an_empty_run_is_one_line(old: Path) -> None:
    folder = old / "format2" / "finished"
    whole = baseline(folder)
    (folder / "journal.jsonl").write_bytes(b"")

    with pytest.raises(NothingTested) as error:
        compare(whole, baseline(folder))

    assert "sub2api: HEAD received nothing from it" in _one_line(error)


def test_a_run_that_was_cut_off_in_the_middle_is_compared_as_far_as_it_went(old: Path) -> None:
    folder = old / "format2" / "finished"
    whole = baseline(folder)
    lines = (folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "journal.jsonl").write_bytes(b"".join(lines[:25]) + lines[25][:40])
    set_header(folder, finished=None)

    found = compare(whole, baseline(folder))

    assert any("HEAD was cut off" in each for each in found.not_compared)
    assert not found.failing
    assert any("no longer tried" in each.sentence for each in found.changes)


def test_clocks_that_go_backwards_are_said(kept: Path) -> None:
    run = baseline(kept / "format2" / "finished")
    late = replace(run, created="2027-01-01T00:00:00+00:00")

    said = "\n".join(compare(late, run).not_compared)

    assert "HEAD is older than BASE" in said
    assert "the clock went backwards while BASE ran" in said
