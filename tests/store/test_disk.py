"""A run folder that somebody else has prepared: nothing outside is read, written or removed."""

import os
import shutil
from pathlib import Path

import pytest

from harness.cli.main import status
from harness.core.errors import UsageError
from harness.store.disk import LocalDisk, write_through
from harness.store.folder import BALLAST, RunFolder
from harness.store.line import HEADER, IMAGES, JOURNAL
from harness.store.reader import read_run
from tests.runner.journals import header
from tests.store.journals import sent, written

PLAN = "plan-sub2api.json"
FILES = (HEADER, JOURNAL, PLAN, BALLAST, "explore.txt", f"{IMAGES}/a.png", "files/a.png")
FOLDERS = (IMAGES, ".bodies", "findings", "files")
DIGEST = "a" * 64


@pytest.fixture
def run(tmp_path: Path) -> Path:
    path = written(tmp_path / "run", requests=2)
    (path / PLAN).write_text("{}")
    (path / "files").mkdir()
    return path


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of the user, which no run may touch."""
    place = tmp_path / "outside"
    place.mkdir()
    (place / "thesis.tex").write_text("years of work")
    (place / "test_it.py").write_text("assert True")
    return place


def content(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}


def refused(path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Going on with the folder is one line and exit code 2, and so is what the command says."""
    with pytest.raises(UsageError, match=r"is a symbolic link|is no plain file") as caught:
        RunFolder.reopen(path)
    assert name in str(caught.value)
    assert status(["run", "--resume", str(path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("name", FILES)
def test_a_link_to_a_file_outside_is_refused(
    run: Path, outside: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content(outside)
    (run / name).unlink(missing_ok=True)
    (run / name).symlink_to(outside / "thesis.tex")

    refused(run, name, capsys)
    status(["report", str(run)])

    assert content(outside) == before


@pytest.mark.parametrize("name", FOLDERS)
def test_a_link_to_a_folder_outside_is_refused(
    run: Path, outside: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content(outside)
    if (run / name).is_dir():
        shutil.rmtree(run / name)
    (run / name).symlink_to(outside)

    refused(run, name, capsys)
    status(["report", str(run)])

    assert content(outside) == before


def test_a_link_among_the_findings_is_refused_by_a_report(
    run: Path, outside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content(outside)
    (run / "findings").mkdir()
    (run / "findings" / "01-a").symlink_to(outside)

    code = status(["report", str(run)])

    assert code == 2
    assert "findings/01-a is a symbolic link" in capsys.readouterr().err
    assert content(outside) == before


@pytest.mark.parametrize("name", [HEADER, JOURNAL, PLAN, BALLAST])
def test_a_pipe_is_refused_and_not_waited_for(
    run: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (run / name).unlink(missing_ok=True)
    os.mkfifo(run / name)

    refused(run, name, capsys)


def test_a_journal_that_is_another_file_as_well_is_not_written(run: Path, outside: Path) -> None:
    os.link(run / JOURNAL, outside / "journal")
    before = (outside / "journal").read_bytes()

    with pytest.raises(UsageError, match="is a hard link"):
        RunFolder.reopen(run)

    assert (outside / "journal").read_bytes() == before
    assert len(read_run(run).records) == 2


def test_what_was_held_back_is_never_written_through_a_hard_link(run: Path, outside: Path) -> None:
    before = content(outside)
    os.link(outside / "thesis.tex", run / BALLAST)

    RunFolder.reopen(run).close()

    assert content(outside) == before


def test_an_image_that_holds_other_bytes_is_written_again_and_not_through(
    run: Path, outside: Path
) -> None:
    before = content(outside)
    os.link(outside / "thesis.tex", run / IMAGES / f"{DIGEST}.png")

    folder = RunFolder.reopen(run)
    folder.keep_image(f"{DIGEST}.png", b"an image")
    folder.close()

    assert content(outside) == before
    assert (run / IMAGES / f"{DIGEST}.png").read_bytes() == b"an image"


def test_a_folder_that_is_exchanged_under_a_run_stays_the_one_it_was(
    tmp_path: Path, outside: Path
) -> None:
    before = content(outside)
    folder = RunFolder.create(tmp_path / "run")
    (tmp_path / "run").rename(tmp_path / "moved")
    (tmp_path / "run").symlink_to(outside)

    folder.write_header(header())
    folder.append(sent(1))
    folder.keep_image("a.png", b"an image")
    folder.close()

    assert content(outside) == before
    assert len(read_run(tmp_path / "moved").unfinished) == 1
    assert (tmp_path / "moved" / IMAGES / "a.png").read_bytes() == b"an image"


@pytest.mark.parametrize(
    "name",
    ["../x", "/etc/passwd", "images/../../x", "images/a/b", "", ".", "..", "a\0b", "images/"],
)
def test_a_name_that_leads_out_of_the_folder_is_no_name(run: Path, name: str) -> None:
    disk = LocalDisk(run)
    try:
        for use in (disk.read, disk.exists, disk.size, disk.remove, disk.sync, disk.lock):
            with pytest.raises(UsageError, match="is no name of a file"):
                use(name)
        with pytest.raises(UsageError, match="is no name of a file"):
            disk.put(name, b"")
    finally:
        disk.close()


def test_what_a_kill_left_half_written_is_removed(run: Path) -> None:
    (run / ".tmp-0123").write_bytes(b"half")
    (run / IMAGES / ".tmp-4567").write_bytes(b"half")

    RunFolder.reopen(run).close()

    assert list(run.rglob(".tmp-*")) == []


def test_a_pipe_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="No such device"):  # nobody reads it
        write_through(pipe, b"whole")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    write_through(pipe, b"whole")

    assert os.read(reader, 10) == b"whole"
    assert pipe.is_fifo()
    os.close(reader)


def test_a_link_stays_one_and_a_circle_of_links_is_no_place(tmp_path: Path) -> None:
    link, circle = tmp_path / "link", tmp_path / "circle"
    link.symlink_to("file")
    circle.symlink_to(circle)

    write_through(link, b"whole")

    assert (tmp_path / "file").read_bytes() == b"whole"
    assert link.is_symlink()
    with pytest.raises(OSError, match="Too many levels"):
        write_through(circle, b"whole")
    assert circle.is_symlink()
