"""On the scale of a plane, every rule on sizes is a straight line in its right place."""

import math

from hypothesis import given
from hypothesis import strategies as st

from harness.report.pictures.size_scale import LEFT, SIDE, TOP, Scale, cut, region

EDGES = st.integers(1, 999_999)
SIZES = st.tuples(EDGES, EDGES)


@given(st.lists(SIZES, min_size=1, max_size=20))
def test_every_size_of_a_scale_stands_in_its_square(sizes: list[tuple[int, int]]) -> None:
    scale = Scale.around(sizes)

    for x, y in map(scale.place, sizes):
        assert LEFT <= x <= LEFT + SIDE
        assert TOP <= y <= TOP + SIDE


@given(st.lists(SIZES, min_size=1, max_size=20))
def test_ticks_are_few_powers_of_two_within_the_axis(sizes: list[tuple[int, int]]) -> None:
    ticks = Scale.around(sizes).ticks

    assert 1 <= len(ticks) <= 7
    assert all(0 <= tick.x <= SIDE for tick in ticks)


def test_width_goes_right_and_height_goes_up_by_the_same_length() -> None:
    scale = Scale.around([(512, 512), (4096, 4096)])
    origin, wider, higher = map(scale.place, ((1024, 1024), (2048, 1024), (1024, 2048)))

    assert wider[1] == origin[1]
    assert higher[0] == origin[0]
    assert math.isclose(wider[0] - origin[0], origin[1] - higher[1], abs_tol=0.11)


def test_the_region_of_all_rules_has_their_corners() -> None:
    scale = Scale.around([(256, 256), (8192, 8192)])
    corners = region(
        scale, {"edge": 3840, "ratio": 3, "least": 655_360, "most": 8_294_400, "step": 16}
    )
    sizes = {(round(2**u), round(2**v)) for u, v in corners}

    assert {(3840, 2160), (2160, 3840), (3840, 1280), (1280, 3840)} <= sizes
    assert len(sizes) == 6


@given(SIZES)
def test_a_cut_leaves_nothing_on_the_other_side(size: tuple[int, int]) -> None:
    scale = Scale.around([(256, 256), (8192, 8192)])
    edge = math.log2(size[0])

    assert all(u <= edge + 1e-9 for u, _ in cut(scale.square, (1, 0, edge)))


def test_the_line_of_a_ratio_ends_on_the_borders() -> None:
    scale = Scale.around([(512, 512), (4096, 4096)])

    ends = scale.ray(16 / 9)

    assert ends is not None
    assert ends[0][1] == TOP + SIDE
    assert ends[1][0] == LEFT + SIDE


def test_a_ratio_that_the_scale_does_not_reach_has_no_line() -> None:
    assert Scale.around([(512, 512), (4096, 4096)]).ray(100_000) is None
