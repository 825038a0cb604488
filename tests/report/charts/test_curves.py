import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from harness.report.charts.curves import FINEST, Chart, Curve, draw_chart
from harness.stats.curves import CurveStep
from tests.report import benchmarks as bm

START = CurveStep(at_s=0.0, waiting=1.0, low=1.0, high=1.0)
NONE = bm.few(None, 6, n=0)
EMPTY = Curve(
    name="empty", tone=0, n=0, steps=(START,), given_up_s=(), horizon_s=0.0, median=NONE, p95=NONE
)


def _row(ends: list[float], *, waiting: bool = False) -> Curve:
    """A provider that served at these times; one more request waits twice as long, if any."""
    n, last_s = len(ends) + waiting, max(ends)
    steps = [
        CurveStep(at_s=at_s, waiting=1 - at / n, low=max(0.9 - at / n, 0), high=1 - at / (2 * n))
        for at, at_s in enumerate(sorted(ends), 1)
    ]
    return Curve(
        name="sub2api",
        tone=0,
        n=n,
        steps=(START, *steps),
        given_up_s=(last_s * 2,) * waiting,
        horizon_s=last_s * (2 if waiting else 1),
        median=bm.estimate(sorted(ends)[len(ends) // 2]),
        p95=bm.estimate(last_s),
        mean=bm.estimate(sum(ends) / len(ends)),
    )


def _drawn(*rows: Curve) -> Chart:
    found = draw_chart([replace(row, name=f"provider {at}") for at, row in enumerate(rows)])
    assert found is not None
    return found


def _corners(path: str) -> list[tuple[float, float]]:
    """The corners of a stair: M and L name both places, H and V one of them."""
    x = y = 0.0
    corners = []
    for sign, numbers in re.findall(r"([MLHV])([^MLHVZ]*)", path):
        values = [float(number) for number in numbers.split()]
        if sign in "ML":
            x, y = values
        elif sign == "H":
            (x,) = values
        else:
            (y,) = values
        corners.append((x, y))
    return corners


@given(ends=st.lists(st.floats(1e-3, 1e4), min_size=1, max_size=20), waiting=st.booleans())
def test_a_curve_rises_from_left_to_right_within_its_picture(
    *, ends: list[float], waiting: bool
) -> None:
    drawn = _drawn(_row(ends, waiting=waiting))
    corners = _corners(drawn.lines[0].path)

    assert corners[0] == (0.0, 100.0)
    assert corners == sorted(corners, key=lambda corner: (corner[0], -corner[1]))
    assert all(0 <= x <= 100.001 and 0 <= y <= 100.001 for x, y in corners)
    assert (corners[-1][1] == 0) is not waiting
    assert 2 <= len(drawn.axis.ticks) <= 12
    assert (drawn.axis.ticks[0].x, drawn.axis.ticks[-1].x) == (0, 100)


def test_times_far_apart_stand_on_a_logarithmic_axis_and_near_ones_do_not() -> None:
    near = _drawn(_row([5.0, 9.0, 14.0]))
    far = _drawn(_row([5.0, 9.0]), _row([300.0]))

    assert (near.axis.log, far.axis.log) == (False, True)
    assert [tick.label for tick in near.axis.ticks] == ["0", "5", "10", "15"]
    assert [tick.label for tick in far.axis.ticks] == ["5", "10", "20", "50", "100", "200", "500"]


def test_short_times_are_in_milliseconds() -> None:
    assert _drawn(_row([0.05, 0.08])).axis.unit == "ms"


def test_who_waits_still_is_drawn_to_the_end_of_what_was_observed() -> None:
    (line,) = _drawn(_row([5.0, 9.0], waiting=True)).lines
    corners = _corners(line.path)

    assert corners[-1] == (90.0, 33.3)
    assert [(tick.x, tick.y, tick.count) for tick in line.censored] == [(90, 33, 1)]


def test_those_given_up_at_one_moment_are_one_stroke_that_counts_them() -> None:
    row = replace(_row([5.0, 9.0], waiting=True), given_up_s=(7.0, 18.0, 18.0))
    (line,) = _drawn(row).lines

    assert [(tick.x, tick.y, tick.count) for tick in line.censored] == [(35, 67, 1), (90, 33, 2)]


@given(ends=st.lists(st.floats(1e-3, 1e4), min_size=1, max_size=20))
def test_a_band_goes_round_its_curve(ends: list[float]) -> None:
    (line,) = _drawn(_row(ends)).lines
    upper, _, lower = line.band.partition("L")
    above, on, below = (dict(_corners(part)) for part in (upper, line.path, f"M{lower}"))
    below |= {x: min(y for at, y in _corners(f"M{lower}") if at == x) for x in below}

    assert line.band.endswith("Z")
    assert set(on) == set(above)
    for x, y in on.items():
        assert above[x] <= y <= below[x]


def test_a_curve_without_bounds_has_no_band() -> None:
    row = _row([5.0, 9.0])
    bare = replace(row, steps=[replace(step, low=None, high=None) for step in row.steps])

    assert not _drawn(bare).banded


def test_ten_thousand_attempts_are_drawn_small_and_no_point_is_moved_by_a_pixel() -> None:
    row = _row([5.0 + at / 1000 for at in range(10_000)])
    (line,) = _drawn(row).lines
    corners = _corners(line.path)

    assert len(line.path) + len(line.band) < 9_000
    assert corners[-1][1] == 0
    for step in row.steps[1::97]:
        height = next(y for x, y in reversed(corners) if x <= step.at_s / 15 * 100)
        assert abs(height - step.waiting * 100) <= FINEST + 0.5


def test_names_stand_apart_and_within_the_picture() -> None:
    rows = [_row([pace, pace * 1.3, pace * 1.6, pace * 2]) for pace in (9.0, 9.5, 10.0, 10.5, 11.0)]
    labels = [line.label for line in _drawn(*rows).lines]

    assert len({(label.x, label.y) for label in labels}) == 5
    for label in labels:
        assert 0 <= label.x <= 100
    for at, one in enumerate(labels):
        for other in labels[at + 1 :]:
            same_line = abs(one.y - other.y) < 8
            assert not (same_line and one.anchor == other.anchor and abs(one.x - other.x) < 20)


def test_a_name_at_the_right_edge_stands_left_of_its_curve() -> None:
    (line,) = _drawn(_row([14.8, 14.9, 14.99])).lines

    assert line.label.anchor == "end"


def test_an_interval_without_an_upper_bound_runs_to_the_edge() -> None:
    row = replace(_row([5.0, 9.0]), median=bm.estimate(7.0, 5.0), p95=bm.few(None, 59))
    (marks,) = _drawn(row).marks

    assert (marks.median.open, marks.median.high) == (True, 100.0)
    assert (marks.p95.at, marks.p95.low, marks.p95.high, marks.p95.open) == (
        None,
        None,
        None,
        False,
    )


def test_rows_without_a_figure_have_no_picture() -> None:
    assert draw_chart([EMPTY]) is None


def test_one_who_served_nothing_stands_beside_those_who_did() -> None:
    drawn = _drawn(EMPTY, _row([5.0, 9.0]))

    assert [line.name for line in drawn.lines] == ["provider 1"]
    assert [(marks.name, marks.line) for marks in drawn.marks] == [
        ("provider 0", None),
        ("provider 1", 0),
    ]


def test_the_name_of_a_curve_that_ends_low_stands_at_its_end() -> None:
    low = replace(
        _row([5.0]), n=10, steps=(START, CurveStep(at_s=5.0, waiting=0.9)), horizon_s=10.0
    )
    (line,) = _drawn(low).lines

    assert abs(line.label.y - 90) <= 12
