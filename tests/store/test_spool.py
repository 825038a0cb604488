"""Long sequences on the disk read like lists."""

import errno
import os
import pickle
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import StoreError
from harness.store import spool as spooling
from harness.store.spool import (
    BLOCK,
    IN_MEMORY,
    Chained,
    Picked,
    Spool,
    chained,
    ordered,
    picked,
)
from tests.loopback import HUNG_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    name: str
    children: "tuple[Point, ...]" = ()


POINTS = st.recursive(
    st.builds(Point, name=st.text(max_size=3)),
    lambda inner: st.builds(Point, name=st.text(max_size=3), children=st.lists(inner).map(tuple)),
    max_leaves=5,
)


@given(st.lists(POINTS, max_size=30), st.integers(1, 5), st.integers(1, 3), st.data())
def test_a_spool_is_the_list_of_what_was_appended(
    points: list[Point], block: int, in_memory: int, data: st.DataObject
) -> None:
    spool = Spool(points, block=block, in_memory=in_memory)

    assert list(spool) == points
    assert len(spool) == len(points)
    part = data.draw(st.slices(len(points)))
    assert list(spool[part]) == points[part]
    for place in range(-len(points), len(points)):
        assert spool[place] == points[place]
    assert list(ordered(spool, lambda point: point.name)) == sorted(
        points, key=lambda point: point.name
    )
    assert list(ordered(spool, lambda point: point.name or None)) == sorted(
        (point for point in points if point.name), key=lambda point: point.name
    )
    assert list(picked(spool, lambda point: bool(point.children))) == [
        point for point in points if point.children
    ]


@given(st.lists(st.integers(0, 9), max_size=20), st.integers(1, 4), st.data())
def test_places_in_any_order_are_read_as_one_by_one(
    numbers: list[int], block: int, data: st.DataObject
) -> None:
    places = st.lists(st.integers(0, len(numbers) - 1)) if numbers else st.just([])
    cut, asked, again = data.draw(st.integers(0, len(numbers))), data.draw(places), [*numbers]
    views = [
        Spool(numbers, block=block),
        Chained([Spool(numbers[:cut], block=block), [], again[cut:]]),
        Picked(Spool(numbers[::-1], block=block), range(len(numbers) - 1, -1, -1)),
    ]

    for values in views:
        assert list(values.each_at(asked)) == [numbers[place] for place in asked]
        assert list(Picked(values, asked)) == [numbers[place] for place in asked]
        with pytest.raises(IndexError):
            list(values.each_at([len(numbers)]))


def test_blocks_of_all_spools_that_are_kept_are_few() -> None:
    spools = [Spool(range(BLOCK * IN_MEMORY)) for _ in range(3)]
    for spool in spools:
        assert sum(spool) == sum(range(BLOCK * IN_MEMORY))
    held = spooling._SHARED._blocks

    assert len(held) == IN_MEMORY

    del spool, spools[:]
    assert Spool(range(BLOCK))[0] == 0
    assert len(held) == 1  # nothing of a spool that is gone


@pytest.mark.parametrize("place", [-4, 3, 100])
@pytest.mark.parametrize(
    "values",
    [Spool("abc", block=2), Spool("abc", block=3), Picked("cab", [1, 2, 0]), Chained("abc")],
)
def test_a_place_beyond_the_end_is_none(values: Sequence[str], place: int) -> None:
    with pytest.raises(IndexError):
        values[place]


def test_what_is_appended_during_a_pass_is_part_of_it() -> None:
    spool = Spool([1, 2, 3], block=2)

    seen = []
    for value in spool:
        seen.append(value)
        if value < 6:
            spool.append(value + 3)

    assert seen == list(range(1, 9))


def test_memory_does_not_grow_with_what_is_appended() -> None:
    def peak(number: int) -> int:
        tracemalloc.start()
        spool = Spool(Point(name=f"{at}" * 200) for at in range(number))
        assert sum(len(point.name) > 100 for point in spool) > 0
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(4 * BLOCK * IN_MEMORY) < 1.5 * peak(BLOCK * IN_MEMORY)


def test_a_choice_of_places_reads_like_the_values_there() -> None:
    places = Picked("abcdef", [5, 0, 5])

    assert (list(places), places[0], list(places[1:]), len(places)) == (
        ["f", "a", "f"],
        "f",
        ["a", "f"],
        3,
    )
    assert places[1:][::-1][0] == places[-1] == "f"
    assert replace(Point(name="a"), name="b") in Spool([Point(name="b")])


@settings(max_examples=30)
@given(st.lists(st.lists(POINTS, max_size=5), max_size=5), st.data())
def test_sequences_behind_each_other_read_like_one(
    parts: list[list[Point]], data: st.DataObject
) -> None:
    whole = [point for part in parts for point in part]
    joined = chained(Spool(part, block=2) for part in parts)

    assert joined == whole
    assert list(joined) == whole
    assert [joined[place] for place in range(-len(whole), len(whole))] == whole * 2
    part = data.draw(st.slices(len(whole)))
    assert joined[part] == whole[part]
    with pytest.raises(IndexError):
        joined[len(whole)]


def test_what_grows_in_a_sequence_grows_where_it_is_behind_another() -> None:
    empty, spool = Spool[str](block=2), Spool("ab", block=2)
    whole = Chained([empty, spool])

    assert whole == ["a", "b"]
    empty.append("x")
    spool.extend("cd")
    assert whole == ["x", "a", "b", "c", "d"]
    assert [whole[place] for place in (0, 4, -1)] == ["x", "d", "d"]
    with pytest.raises(IndexError):
        whole[5]
    with pytest.raises(IndexError):
        whole[-6]


def test_a_sequence_equals_another_one_of_the_same_values() -> None:
    spool = Spool("abc", block=2)

    assert spool == ("a", "b", "c") == spool
    assert spool == ["a", "b", "c"]
    assert spool == Chained(["ab", "c"])
    assert spool == Picked("cab", [1, 2, 0])
    assert Spool() == ()
    assert spool != ("a", "b")
    assert spool != ("a", "b", "d")
    assert spool != "abc"
    assert repr(spool) == "<Spool of 3>"
    assert pickle.loads(pickle.dumps(spool)) == spool  # noqa: S301 - our own


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Spool[int]:
    spool = Spool([1, 2, 3], block=2)

    def refuse(_file: int, _raw: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(spooling, "write_all", refuse)
    return spool


def test_a_full_disk_of_temporary_files_is_said_in_a_line(full: Spool[int]) -> None:
    with pytest.raises(StoreError, match=r"does not hold .*: No space left on device") as caught:
        full.append(4)

    assert "TMPDIR" in (caught.value.hint or "")
    assert "\n" not in str(caught.value)
    assert full == [1, 2, 3]  # what was refused is not there, and all else is


def test_a_folder_of_temporary_files_that_is_gone_is_said_in_a_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))

    with pytest.raises(StoreError, match=r"gone does not hold .*: No such file or directory"):
        Spool([1, 2], block=2)


FORKED = """
import os
from harness.store.spool import Spool

spool = Spool(range(6), block=2, in_memory=1)
child = os.fork()
if not child:
    spool.extend([10, 11, 12, 13])
    os._exit(spool != [*range(6), 10, 11, 12, 13])
_, status = os.waitpid(child, 0)
spool.extend([6, 7, 8, 9])
raise SystemExit(status or spool != list(range(10)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_what_a_forked_process_appends_is_its_own() -> None:
    done = subprocess.run([sys.executable, "-c", FORKED], check=False, timeout=HUNG_S)

    assert done.returncode == 0
