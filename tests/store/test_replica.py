"""A journal counts as written once another machine holds it, whoever dies in between."""

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from harness.engines.slices import SliceCopy
from harness.store.disk import LocalDisk
from harness.store.line import JOURNAL
from harness.store.replica import BATCH_BYTES, Batch, ReplicatedDisk
from tests.loopback import HUNG_S


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[ReplicatedDisk]:
    made = ReplicatedDisk(LocalDisk.create(tmp_path / "there"))
    made.lock(JOURNAL)
    yield made
    made.give_up()


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[SliceCopy]:
    made = SliceCopy(tmp_path / "here")
    yield made
    made.close()


def _journaled(disk: ReplicatedDisk, line: bytes) -> tuple[Thread, Event]:
    """Write a line as a run does; the event is set once that has returned."""
    done = Event()

    def write() -> None:
        disk.append(JOURNAL, line)
        with suppress(OSError):
            disk.sync(JOURNAL)
            done.set()

    thread = Thread(target=write)
    thread.start()
    return thread, done


def _pull_until(disk: ReplicatedDisk, have: int, done: Event) -> None:
    while not done.is_set():
        have = disk.pull(have, 0.001).number


def _pulled(disk: ReplicatedDisk, have: int) -> Batch:
    return disk.pull(have, HUNG_S)


def test_a_line_counts_only_once_its_batch_is_acknowledged(disk: ReplicatedDisk) -> None:
    thread, done = _journaled(disk, b"one\n")
    batch = _pulled(disk, 0)
    waited = not done.is_set()
    disk.pull(batch.number, 0.0)
    thread.join(HUNG_S)

    assert (batch.offset, batch.journal) == (0, b"one\n")
    assert waited
    assert done.is_set()


def test_files_that_were_written_before_a_line_are_held_before_it_counts(
    disk: ReplicatedDisk,
) -> None:
    disk.make_folder("images")
    disk.put("images/a.png", b"x" * BATCH_BYTES)
    disk.put("run.json", b"{}")
    first = _pulled(disk, 0)
    thread, done = _journaled(disk, b"one\n")
    second = _pulled(disk, first.number)
    waited = not done.is_set()
    _pull_until(disk, second.number, done)
    thread.join(HUNG_S)

    assert [name for name, _ in first.files] == ["images/a.png"]
    assert [name for name, _ in second.files] == ["run.json"]
    assert waited


def test_a_file_that_changes_while_its_batch_is_out_goes_out_again(disk: ReplicatedDisk) -> None:
    disk.put("run.json", b"old")
    first = _pulled(disk, 0)
    disk.put("run.json", b"new")
    second = _pulled(disk, first.number)

    assert first.files == (("run.json", b"old"),)
    assert second.files == (("run.json", b"new"),)


def test_a_batch_whose_answer_was_lost_is_made_again(disk: ReplicatedDisk, copy: SliceCopy) -> None:
    thread, done = _journaled(disk, b"one\n")
    lost = _pulled(disk, 0)
    again = _pulled(disk, 0)
    copy.write(lost)
    copy.write(again)
    disk.pull(again.number, 0.0)
    thread.join(HUNG_S)

    assert done.is_set()
    assert (copy.path / JOURNAL).read_bytes() == b"one\n"


def test_who_is_given_up_writes_nothing_that_counts(disk: ReplicatedDisk) -> None:
    thread, done = _journaled(disk, b"one\n")
    _pulled(disk, 0)
    disk.fence()
    thread.join(HUNG_S)

    assert not done.is_set()
    with pytest.raises(OSError, match="given up"):
        disk.sync(JOURNAL)


def test_what_is_cut_off_a_journal_is_cut_off_the_copy(tmp_path: Path, copy: SliceCopy) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / JOURNAL).write_bytes(b"whole\nto")
    (tmp_path / "here" / JOURNAL).write_bytes(b"whole\nto")
    disk = ReplicatedDisk(LocalDisk(tmp_path / "there"))
    disk.truncate(JOURNAL, len(b"whole\n"))
    thread, _ = _journaled(disk, b"next\n")
    batch = _pulled(disk, 0)
    copy.write(batch)
    disk.pull(batch.number, 0.0)
    thread.join(HUNG_S)
    disk.give_up()

    assert (copy.path / JOURNAL).read_bytes() == b"whole\nnext\n"


def test_a_removed_file_is_removed_from_the_copy(disk: ReplicatedDisk, copy: SliceCopy) -> None:
    disk.put(".addresses.jsonl", b"[]\n")
    first = _pulled(disk, 0)
    copy.write(first)
    disk.remove(".addresses.jsonl")
    copy.write(_pulled(disk, first.number))

    assert not (copy.path / ".addresses.jsonl").exists()


def test_any_order_of_writes_and_pulls_gives_an_equal_copy(
    tmp_path: Path, disk: ReplicatedDisk, copy: SliceCopy
) -> None:
    rng = random.Random(4)
    disk.make_folder("images")
    have, written = 0, b""
    for step in range(120):
        match rng.randrange(4):
            case 0:
                disk.put(f"images/{rng.randrange(9)}.png", rng.randbytes(rng.randrange(200)))
            case 1:
                disk.remove(f"images/{rng.randrange(9)}.png")
            case _:
                line = b"%d\n" % step
                thread, done = _journaled(disk, line)
                written += line
                while not done.is_set():
                    batch = disk.pull(have, 0.001)
                    if rng.random() < 0.8:  # else the answer is lost
                        copy.write(batch)
                        have = batch.number
                thread.join(HUNG_S)
    while not disk.settled:
        batch = disk.pull(have, 0.0)
        copy.write(batch)
        have = batch.number

    assert (copy.path / JOURNAL).read_bytes() == written
    there = {file.name: file.read_bytes() for file in (tmp_path / "there/images").iterdir()}
    assert {file.name: file.read_bytes() for file in (copy.path / "images").iterdir()} == there


WRITER = """
import sys
from pathlib import Path
from threading import Thread
from harness.store.disk import LocalDisk
from harness.store.line import JOURNAL
from harness.store.replica import ReplicatedDisk

disk = ReplicatedDisk(LocalDisk.create(Path(sys.argv[1])))

def write():
    for number in range(100_000):
        disk.append(JOURNAL, b"%d\\n" % number)
        disk.sync(JOURNAL)
        sys.stderr.write(f"{number}\\n")  # what a request is: it leaves only now
        sys.stderr.flush()

Thread(target=write, daemon=True).start()
for line in sys.stdin:
    batch = disk.pull(int(line), 60.0)
    sys.stdout.write(f"{batch.number} {batch.offset} {batch.journal.hex()}\\n")
    sys.stdout.flush()
"""


def test_what_left_before_a_kill_is_in_the_copy(tmp_path: Path, copy: SliceCopy) -> None:
    rng = random.Random(7)
    with (
        (tmp_path / "left").open("wb") as left_file,
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "there")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=left_file,
            text=True,
        ) as writer,
    ):
        assert writer.stdin is not None
        assert writer.stdout is not None
        have = 0
        for _ in range(rng.randrange(20, 60)):
            writer.stdin.write(f"{have}\n")
            writer.stdin.flush()
            number, offset, journal = writer.stdout.readline().split(" ")
            raw = bytes.fromhex(journal.strip())
            copy.write(Batch(number=int(number), offset=int(offset), journal=raw))
            have = int(number)
        writer.kill()
    left = (tmp_path / "left").read_text().split()
    copied = (copy.path / JOURNAL).read_text().split()

    assert left
    assert copied[: len(left)] == left
    assert len(copied) <= len(left) + 1  # the one that waited
