"""The index is a cache: what it says is what the summaries say, whatever became of it."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from harness.core.errors import UsageError
from harness.history.history import history_of
from harness.history.index import CACHE
from harness.history.model import History
from tests.history.runs import FIRST, summary_of, write, write_runs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_runs(tmp_path / "runs", 6)


def said(history: History) -> object:
    return (history.runs, history.series, history.notes)


def test_a_summary_that_is_as_it_was_is_not_read_again(folder: Path) -> None:
    first = history_of(folder)
    (file,) = folder.rglob("night-0003/summary.json")
    known = file.stat()
    file.write_bytes(b"x" * known.st_size)
    os.utime(file, ns=(known.st_atime_ns, known.st_mtime_ns))

    assert said(history_of(folder)) == said(first)


@pytest.mark.parametrize("name", ["a[b]", "a*b?", "a\\b", "a'b;--", "a\nb"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = write_runs(tmp_path / name, 2)

    assert len(history_of(folder).runs) == 2
    assert len(history_of(folder).runs) == 2  # by the index, too


def test_a_name_that_no_folder_can_have_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: File name too long"):
        history_of(tmp_path / ("x" * 256))


def test_what_changed_is_read_again_what_went_is_gone_and_what_came_is_there(folder: Path) -> None:
    history_of(folder)
    (changed,) = folder.rglob("night-0001/summary.json")
    changed.write_text(changed.read_text().replace("night-0001", "renamed"))
    (gone,) = folder.rglob("night-0002/summary.json")
    gone.unlink()
    write(folder / "new", summary_of(FIRST, run="new"))

    assert [run.run for run in history_of(folder).runs] == (
        ["new", "night-0000", "renamed", "night-0003", "night-0004", "night-0005"]
    )
    assert [each.name for each in folder.iterdir() if CACHE in each.name] == [CACHE]


def _view(cache: Path) -> None:
    with duckdb.connect(cache) as database:
        database.execute("ALTER TABLE runs RENAME TO hidden")
        database.execute("CREATE VIEW runs AS SELECT * FROM hidden LIMIT 1")


def _more(cache: Path) -> None:
    with duckdb.connect(cache) as database:
        database.execute("DELETE FROM runs")
        database.execute("CREATE VIEW more AS SELECT content FROM read_text('/etc/hostname')")


def _other_version(cache: Path) -> None:
    with duckdb.connect(cache) as database:
        database.execute("UPDATE meta SET version = 99")
        database.execute("DELETE FROM runs")


def _torn(cache: Path) -> None:
    cache.write_bytes(cache.read_bytes()[: cache.stat().st_size // 2])


def _altered(cache: Path) -> None:
    content = bytearray(cache.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 64] = b"\0" * 64
    cache.write_bytes(content)


def _folder(cache: Path) -> None:
    cache.unlink()
    cache.mkdir()


def _link(cache: Path) -> None:
    cache.rename(cache.with_name("elsewhere"))
    cache.symlink_to(cache.with_name("elsewhere"))


@pytest.mark.parametrize(
    "spoil",
    [_view, _more, _other_version, _torn, _altered, _folder, _link, lambda it: it.write_text("")],
)
def test_a_cache_that_is_not_ours_or_not_whole_is_made_again(folder: Path, spoil) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - a case
    first = history_of(folder)
    spoil(folder / CACHE)

    assert said(history_of(folder)) == said(first)
    assert said(history_of(folder)) == said(first)


def test_two_at_once_say_the_same(folder: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        seen = [said(each) for each in pool.map(history_of, [folder] * 3)]

    assert seen[0] == seen[1] == seen[2]
    assert [each.name for each in folder.iterdir() if CACHE in each.name] == [CACHE]


def test_a_folder_that_cannot_be_written_to_is_read_all_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = history_of(folder)
    (folder / CACHE).unlink()

    def refused(**_more: object) -> tuple[int, str]:
        raise PermissionError

    monkeypatch.setattr("tempfile.mkstemp", refused)  # root may write anywhere

    assert said(history_of(folder)) == said(first)
    assert not (folder / CACHE).exists()
