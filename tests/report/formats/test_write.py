import errno
import json
import os
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

from harness.core.errors import StoreError
from harness.reference_images import reference_bytes
from harness.report.formats.write import write_report
from harness.report.model import Report
from tests.report import builders as b

NAMES = ("summary.json", "index.html", "summary.md", "junit.xml")


def test_four_files_and_a_folder_of_findings_are_written_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "reports" / "new"
    paths = write_report(folder, b.sample())

    assert [path.name for path in paths] == list(NAMES)
    assert sorted(path.name for path in folder.iterdir()) == sorted([*NAMES, "findings"])
    assert json.loads((folder / "summary.json").read_text(encoding="utf-8"))["schema"] == 1


def test_writing_again_replaces_the_files_with_equal_ones(tmp_path: Path) -> None:
    before = [path.read_bytes() for path in write_report(tmp_path, b.sample())]
    after = [path.read_bytes() for path in write_report(tmp_path, b.sample())]

    assert before == after


def test_a_full_disk_leaves_the_old_file_whole_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old,) = (path for path in write_report(tmp_path, b.sample()) if path.name == "summary.json")
    before = old.read_bytes()

    def full(_: int) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError) as caught:
        write_report(tmp_path, b.report([]))

    assert f"{old}: cannot be written: No space left on device" in str(caught.value)
    assert "free some space" in caught.value.hint
    assert old.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*NAMES, "findings"])


def test_a_folder_that_is_a_file_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x", encoding="utf-8")

    with pytest.raises(StoreError, match="cannot be written"):
        write_report(tmp_path / "taken", b.report([]))


def test_hostile_text_can_be_written(tmp_path: Path) -> None:
    asked = b.case(id="\ud800\0", arguments={"prompt": "\ud800\0\u202e</script>"})
    shown = b.record(asked, b.refused("\ud800\x1b\0"))
    report = b.report([shown], [b.verdict(shown, "fail", why="\ud800")], [b.finding(shown)])

    assert len(write_report(tmp_path, report)) == 4


def _edit(name: str = "png-rgb-64x64-1.png") -> Report:
    asked = b.case(
        operation="edit",
        id="edit/base",
        arguments={"model": "gpt-image-2", "prompt": "a fox", "images": [b.file_arguments(name)]},
    )
    shown = b.record(asked, b.refused(), evidence=b.EMULATOR)
    check = "accepts_what_it_documents"
    return b.report([shown], [], [b.finding(shown, constraint="images.count", check=check)])


def test_each_finding_has_a_folder_that_can_be_handed_on(tmp_path: Path) -> None:
    write_report(tmp_path, _edit())
    own = tmp_path / "findings" / "01-sub2api-edit-images.count-not-served"

    assert sorted(str(path.relative_to(own)) for path in own.rglob("*") if path.is_file()) == [
        "files/png-rgb-64x64-1.png",
        "repeat.sh",
        "request.json",
        "test_01_sub2api_edit_images_count_not_served.py",
    ]
    assert (own / "files" / "png-rgb-64x64-1.png").read_bytes() == reference_bytes(
        "png-rgb-64x64-1.png"
    )
    assert os.access(own / "repeat.sh", os.X_OK)


def test_writing_again_removes_what_was_written_there_and_nothing_else(tmp_path: Path) -> None:
    write_report(tmp_path, _edit())
    own = tmp_path / "findings" / "01-sub2api-edit-images.count-not-served"
    (own / "note.txt").write_text("asked the provider", encoding="utf-8")
    (tmp_path / "findings" / "mine").mkdir()
    write_report(tmp_path, b.report([]))

    assert [path.name for path in own.iterdir()] == ["note.txt"]
    assert (tmp_path / "findings" / "mine").is_dir()


def test_a_finding_that_is_gone_leaves_no_folder(tmp_path: Path) -> None:
    write_report(tmp_path, _edit())
    write_report(tmp_path, b.report([]))

    assert list((tmp_path / "findings").iterdir()) == []


def test_the_script_of_a_finding_sends_it_again_from_any_folder(tmp_path: Path) -> None:
    write_report(tmp_path, _edit())
    (script,) = (tmp_path / "findings").glob("*/repeat.sh")
    seen = tmp_path / "curl"
    seen.write_text('#!/bin/sh\nls files\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    seen.chmod(0o755)
    found = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SUB2API_API_KEY": "k1"}
    asked = [*found.items(), ("SUB2API_BASE_URL", "http://127.0.0.1:9")]
    ran = subprocess.run([script], env=dict(asked), capture_output=True, text=True, check=True)
    unset = subprocess.run([script], env=found, capture_output=True, text=True, check=False)

    assert ran.stdout.startswith("png-rgb-64x64-1.png\n")
    assert "http://127.0.0.1:9/v1/images/edits\n" in ran.stdout
    assert "Authorization: Bearer k1\n" in ran.stdout
    assert (unset.returncode != 0, unset.stdout) == (True, "")
    assert "SUB2API_BASE_URL: is not set: nothing was sent" in unset.stderr
