"""Journals of any length are read in pieces: neither they nor their records are in memory."""

import gc
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.core.record import Record
from harness.store import disk, seal
from harness.store.book import Finished, Unfinished
from harness.store.folder import RunFolder
from harness.store.line import JOURNAL
from harness.store.reader import joined, read_run
from harness.store.seal import read_journal, sealed
from harness.store.spool import BLOCK, IN_MEMORY
from tests.store.journals import batches, ended, exchanged, lines_of, sent, written


def lengthened(path: Path, requests: int) -> Path:
    """A folder of that many requests, whose journal is written at once."""
    written(path, requests=0)
    lines = [line for batch in batches(requests, 8) for line in batch]
    raw = b"".join(sealed(line, seq=seq, synced=seq - 1) for seq, line in enumerate(lines, 1))
    (path / JOURNAL).write_bytes(raw)
    return path


def test_memory_does_not_grow_with_the_journal(tmp_path: Path) -> None:
    def held(requests: int) -> int:
        path = lengthened(tmp_path / f"{requests}", requests)
        tracemalloc.start()
        run = read_run(path)
        assert sum(len(record.exchanges) for record in run.records) == requests
        gc.collect()
        now, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return now

    few = held(BLOCK * IN_MEMORY + 100)  # more than are kept of the blocks that were read

    more = held(BLOCK * IN_MEMORY + 1_100) - few
    assert more < 300 * 1_000  # a record that is held takes 2,500 bytes


def test_a_journal_of_any_size_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "run", requests=9)
    before = read_run(path)
    monkeypatch.setattr(disk, "READ_AT_MOST_BYTES", 8_000)
    assert (path / JOURNAL).stat().st_size > 8_000

    assert read_run(path) == before
    RunFolder.reopen(path).close()
    assert read_run(path) == before


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_pieces_may_end_anywhere(tmp_path: Path, size: int) -> None:
    path = written(tmp_path / "run", requests=3)
    raw = (path / JOURNAL).read_bytes() + b'\n\n{"line":'
    pieces = (raw[at : at + size] for at in range(0, len(raw), size))
    lines: list[object] = []

    content = read_journal(pieces, lambda line, _behind: lines.append(line))

    assert lines == lines_of(raw)
    assert content == read_journal([raw])
    assert content.torn is not None
    assert (content.torn.number, content.torn.size) == (12, 8)


def zeros(pieces: int) -> Iterator[bytes]:
    """Bytes without a line's end, in pieces of a KiB."""
    return (bytes(1024) for _ in range(pieces))


def test_of_a_line_longer_than_any_only_the_size_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal, "LINE_AT_MOST_BYTES", 100_000)
    tracemalloc.start()

    content = read_journal(zeros(1_000))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert content.torn is not None
    assert content.torn.size == 1_024_000
    assert most < 250_000


def test_a_line_longer_than_any_is_named_where_one_behind_it_was_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "run", requests=2)
    first, *others = (path / JOURNAL).read_bytes().splitlines(keepends=True)
    (path / JOURNAL).write_bytes(b"".join([first.rstrip() + b" " * 9_000 + b"\n", *others]))
    monkeypatch.setattr(seal, "LINE_AT_MOST_BYTES", 8_000)

    with pytest.raises(UsageError, match=r"line 1: it is longer than any line of a journal"):
        read_run(path)


def test_a_later_attempt_takes_the_last_place(tmp_path: Path) -> None:
    path = written(tmp_path / "run", requests=4)
    folder = RunFolder.reopen(path)
    folder.append(sent(1), exchanged(1), exchanged(1), ended(1))
    folder.append(exchanged(2), ended(2))  # a job that is picked up again
    folder.append(sent(3))
    folder.close()

    past = read_run(path)
    _, records = joined([past])

    assert [record.shot.case.id for record in past.records] == [
        "generate/0",
        "generate/1",
        "generate/2",
    ]
    assert [len(record.exchanges) for record in past.records] == [1, 2, 2]
    assert [cut.line.case for cut in past.unfinished] == ["generate/3"]
    assert len(records) == 4
    assert records[:3] == past.records


def test_what_is_held_of_a_record_is_its_place() -> None:
    record = read_of_one()
    tracemalloc.start()
    finished = Finished()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(8_192):
        finished.put(("sub2api", f"generate/{number}"), record)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(finished.records()) == 8_192
    assert (after - before) / 8_192 < 160
    assert ("sub2api", "generate/77") in finished
    assert ("sub2api", "generate/8192") not in finished


def read_of_one() -> Record:
    """A record of one exchange."""
    begun = Unfinished(sent(1), [exchanged(1).exchange])
    return begun.record(ended(1).outcome)
