"""Long sequences on the disk read like lists."""

import tracemalloc
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.store.spool import Picked, Spool, ordered, picked


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
    assert list(picked(spool, lambda point: bool(point.children))) == [
        point for point in points if point.children
    ]


@pytest.mark.parametrize("place", [-4, 3, 100])
def test_a_place_beyond_the_end_is_none(place: int) -> None:
    with pytest.raises(IndexError):
        Spool("abc", block=2)[place]


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

    assert peak(6_000) < 1.5 * peak(1_500)


def test_a_choice_of_places_reads_like_the_values_there() -> None:
    places = Picked("abcdef", [5, 0, 5])

    assert (list(places), places[0], list(places[1:]), len(places)) == (
        ["f", "a", "f"],
        "f",
        ["a", "f"],
        3,
    )
    assert replace(Point(name="a"), name="b") in Spool([Point(name="b")])
