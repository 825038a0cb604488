"""Attacks on a journal and on `run.json`: flipped bits, and what a power loss leaves of a file."""

import json
import random
from pathlib import Path
from typing import Literal

import pytest

from harness.core.errors import UsageError
from harness.core.record import Record
from harness.store.folder import RunFolder
from harness.store.line import HEADER, JOURNAL, TORN
from harness.store.reader import StoredRun, read_run
from harness.store.seal import read_journal
from tests.store.journals import ended, exchanged, sent, written

FLIPS = 400
SECTOR = 512
BLOCKS: tuple[Literal["written", "zeros", "garbage"], ...] = ("written", "zeros", "garbage")


def kept(past: StoredRun) -> dict[str, Record | list[object]]:
    """What a run folder says of each request."""
    ended_ones = {record.shot.case.id: record for record in past.records}
    return {**ended_ones, **{cut.line.case: [*cut.exchanges] for cut in past.unfinished}}


def flipped(raw: bytes, bit: int) -> bytes:
    changed = bytearray(raw)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.parametrize("file", [JOURNAL, HEADER])
@pytest.mark.parametrize("finished", [True, False])
def test_no_flipped_bit_is_read_as_other_content_in_silence(
    tmp_path: Path, file: str, *, finished: bool
) -> None:
    path = written(tmp_path / "run", finished=finished)
    raw = (path / file).read_bytes()
    bits = random.Random(file).sample(range(len(raw) * 8), FLIPS)
    silent, cut = [], 0

    for bit in bits:
        (path / file).write_bytes(flipped(raw, bit))
        try:
            past = read_run(path)
        except UsageError:
            continue
        else:
            cut += bool(past.header.notes)
            silent += [bit] * (not past.header.notes)

    assert silent == []
    assert cut < FLIPS / 4  # of the last batch of a killed run it cannot be known that it was whole
    assert not (finished and cut)


def test_every_bit_of_a_small_journal_is_covered(tmp_path: Path) -> None:
    path = written(tmp_path / "run", requests=1)
    raw = (path / JOURNAL).read_bytes()

    contents = [read_journal([flipped(raw, bit)]) for bit in range(len(raw) * 8)]

    assert all(one.altered or one.torn or one.unended for one in contents)
    assert not any(one.unended and not one.torn for one in contents)


def torn(whole: bytes, synced: int, dice: random.Random) -> bytes:
    """What a power loss may leave of a file of which so many bytes had been synced."""
    kept_bytes = dice.randint(synced, len(whole))
    result = bytearray(whole[:kept_bytes])
    for start in range(synced, kept_bytes):
        if start % SECTOR == 0 or start == synced:
            end = min(start + SECTOR - start % SECTOR, kept_bytes)
            block = dice.choice(BLOCKS)
            match block:
                case "zeros":
                    result[start:end] = bytes(end - start)
                case "garbage":
                    result[start:end] = dice.randbytes(end - start)
                case "written":
                    pass
    if dice.random() < 0.3:
        result += bytes(dice.randint(1, 5000))
    return bytes(result)


@pytest.mark.parametrize("seed", range(150))
def test_a_torn_end_is_cut_and_nothing_acknowledged_is_lost(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    path = written(tmp_path / "run", requests=5, at_once=5)
    acknowledged = kept(read_run(path))
    synced = (path / JOURNAL).stat().st_size
    folder = RunFolder.reopen(path)
    folder.append(*(sent(number) for number in range(5, 5 + dice.randint(1, 9))))
    folder.close()
    left = torn((path / JOURNAL).read_bytes(), synced, dice)
    (path / JOURNAL).write_bytes(left)

    reported = read_run(path)
    again = RunFolder.reopen(path)
    again.append(sent(77), sent(78))
    again.append(exchanged(77))
    again.append(ended(77))
    again.close()
    past = read_run(path)

    assert acknowledged.items() <= kept(reported).items()
    assert (acknowledged | kept(reported)).items() <= kept(past).items()
    assert kept(past).keys() - kept(reported).keys() == {"generate/77", "generate/78"}
    assert bool(reported.header.notes) == (again.mended is not None)
    if again.mended is not None:
        assert (path / TORN).exists()
        assert left.endswith((path / TORN).read_bytes())
    for line in (path / JOURNAL).read_bytes().splitlines():
        assert json.loads(line)["crc"]


@pytest.mark.parametrize("alike", [b"", b"\0" * 4096, b"\xff" * 100 + b"\n" + b"x" * 100 + b"\n"])
def test_an_acknowledged_line_that_is_gone_or_altered_is_refused(
    tmp_path: Path, alike: bytes
) -> None:
    path = written(tmp_path / "run", requests=6, at_once=3)
    lines = (path / JOURNAL).read_bytes().splitlines(keepends=True)
    middle = b"".join([*lines[:7], alike or lines[7][:-30] + b"\n", *lines[8:]])
    (path / JOURNAL).write_bytes(middle)

    with pytest.raises(UsageError, match=r"journal\.jsonl, line 8: ") as caught:
        read_run(path)
    with pytest.raises(UsageError, match=r"journal\.jsonl, line 8: "):
        RunFolder.reopen(path)

    assert caught.value.exit_code == 2
    assert (path / JOURNAL).read_bytes() == middle


@pytest.mark.parametrize("place", [2, 4, 5])
def test_a_line_that_somebody_removed_leaves_its_record_out_with_a_note(
    tmp_path: Path, place: int
) -> None:
    path = written(tmp_path / "run", requests=2, at_once=1, finished=True)
    lines = (path / JOURNAL).read_bytes().splitlines(keepends=True)
    (path / JOURNAL).write_bytes(b"".join(lines[:place] + lines[place + 1 :]))

    past = read_run(path)

    assert len(past.records) == (2 if place == 4 else 1)
    assert past.header.notes == ("journal.jsonl: 1 of its lines were removed, with what they held",)
    RunFolder.reopen(path).close()
    assert read_run(path) == past


def test_old_lines_that_come_up_again_at_the_end_are_torn(tmp_path: Path) -> None:
    path = written(tmp_path / "run", requests=3, at_once=3)
    whole, before = (path / JOURNAL).read_bytes(), kept(read_run(path))
    (path / JOURNAL).write_bytes(whole + whole[:2000])

    past = read_run(path)

    assert kept(past) == before
    assert len(past.header.notes) == 1


def test_lines_of_an_older_format_behind_sealed_ones_are_no_lines(tmp_path: Path) -> None:
    path = written(tmp_path / "run", requests=2, at_once=1)
    lines = (path / JOURNAL).read_bytes().splitlines(keepends=True)
    unsealed = lines[3].partition(b',"seq"')[0] + b"}\n"
    (path / JOURNAL).write_bytes(b"".join([*lines[:3], unsealed, *lines[4:]]))

    with pytest.raises(UsageError, match=r"line 4: it has no checksum at its end"):
        read_run(path)


def test_a_header_without_its_checksum_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "run", requests=1)
    (path / HEADER).write_text(json.dumps(json.loads((path / HEADER).read_text())))

    with pytest.raises(UsageError, match=r"run\.json was altered") as caught:
        read_run(path)

    assert caught.value.exit_code == 2
