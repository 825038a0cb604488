"""The simulated disk forgets what real ones may forget, and no more."""

import errno
import random

import pytest

from tests.simulation.disk import Crashed, Moments, SimulatedDisk

LINE = b"x" * 100 + b"\n"


def _disk(seed: int = 0) -> SimulatedDisk:
    return SimulatedDisk(rng=random.Random(seed))


def test_what_is_synced_outlives_the_power() -> None:
    for seed in range(50):
        disk = _disk(seed)
        disk.append("journal", LINE)
        disk.sync("journal")
        disk.append("journal", LINE * 20)
        disk.crash("power")
        assert disk.read("journal").startswith(LINE)


def test_what_is_not_synced_is_lost_torn_or_reordered() -> None:
    left = set()
    for seed in range(200):
        disk = _disk(seed)
        disk.append("journal", LINE * 20)
        disk.crash("power")
        left.add(disk.read("journal"))
    assert b"" in left
    assert any(content == (LINE * 20)[: len(content)] for content in left if content)
    assert any(b"\0" in content and content.rstrip(b"\0").endswith(b"\n") for content in left)


def test_a_killed_process_leaves_the_page_cache() -> None:
    disk = _disk()
    disk.append("journal", LINE)
    disk.crash("kill")
    assert disk.read("journal") == LINE


def test_a_crash_in_an_append_leaves_a_part() -> None:
    lengths = set()
    for seed in range(50):
        disk = _disk(seed)
        disk.moments = Moments(steps=1)
        with pytest.raises(Crashed):
            disk.append("journal", LINE)
        lengths.add(disk.size("journal"))
    assert len(lengths) > 10


def test_a_put_is_there_whole_or_not_at_all() -> None:
    left = set()
    for seed in range(50):
        disk = _disk(seed)
        disk.put("run.json", b"before")
        disk.moments = Moments(steps=1)
        with pytest.raises(Crashed):
            disk.put("run.json", b"after")
        disk.crash("power")
        left.add(disk.read("run.json"))
    assert left == {b"before", b"after"}


def test_a_full_disk_takes_a_part_and_what_was_reserved() -> None:
    disk = _disk()
    disk.room = 150
    disk.reserve("ballast", 100)
    with pytest.raises(OSError, match="No space") as full:
        disk.append("journal", LINE)
    assert full.value.errno == errno.ENOSPC
    assert disk.size("journal") == 50
    disk.remove("ballast")
    disk.append("journal", LINE[:100])
    assert disk.size("journal") == 150


def test_a_folder_has_one_writer() -> None:
    disk = _disk()
    disk.lock("journal")
    with pytest.raises(BlockingIOError):
        disk.lock("journal")
    disk.crash("kill")
    disk.lock("journal")
