import errno
import json
import os
from pathlib import Path
from typing import NoReturn

import pytest

from harness.core.errors import StoreError
from harness.report.write import write
from tests.report import builders as b

NAMES = ("summary.json", "index.html", "summary.md", "junit.xml")


def test_all_four_files_are_written_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "reports" / "new"
    paths = write(folder, b.sample())

    assert [path.name for path in paths] == list(NAMES)
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    assert json.loads((folder / "summary.json").read_text(encoding="utf-8"))["schema"] == 1


def test_writing_again_replaces_the_files_with_equal_ones(tmp_path: Path) -> None:
    before = [path.read_bytes() for path in write(tmp_path, b.sample())]
    after = [path.read_bytes() for path in write(tmp_path, b.sample())]

    assert before == after


def test_a_full_disk_leaves_the_old_file_whole_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old,) = (path for path in write(tmp_path, b.sample()) if path.name == "summary.json")
    before = old.read_bytes()

    def full(_: int) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError) as caught:
        write(tmp_path, b.report([]))

    assert f"{old}: cannot be written: No space left on device" in str(caught.value)
    assert "free some space" in caught.value.hint
    assert old.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES)


def test_a_folder_that_is_a_file_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x", encoding="utf-8")

    with pytest.raises(StoreError, match="cannot be written"):
        write(tmp_path / "taken", b.report([]))


def test_hostile_text_can_be_written(tmp_path: Path) -> None:
    asked = b.case(id="\ud800\0", arguments={"prompt": "\ud800\0\u202e</script>"})
    shown = b.record(asked, b.refused("\ud800\x1b\0"))
    report = b.report([shown], [b.verdict(shown, "fail", why="\ud800")], [b.finding(shown)])

    assert len(write(tmp_path, report)) == 4
