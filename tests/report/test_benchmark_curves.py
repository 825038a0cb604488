import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from harness.report.charts import Chart, draw_chart
from harness.stats.benchmark.model import Speed
from harness.stats.curves import CurveStep
from tests.report import benchmarks as bm

ROW = bm.speed("sub2api", bm.SQUARE)
START = CurveStep(at_s=0.0, waiting=1.0)


def _row(ends: list[float], *, waiting: bool = False) -> Speed:
    n = len(ends) + waiting
    steps = [CurveStep(at_s=at_s, waiting=1 - at / n) for at, at_s in enumerate(sorted(ends), 1)]
    return replace(
        ROW,
        curve=(START, *steps),
        horizon_s=max(ends) * (2 if waiting else 1),
        median=bm.estimate(sorted(ends)[len(ends) // 2]),
        p95=bm.estimate(max(ends)),
        mean=bm.estimate(sum(ends) / len(ends)),
    )


def _drawn(*rows: Speed) -> Chart:
    found = draw_chart(rows, [f"provider {at}" for at in range(len(rows))], range(len(rows)))
    assert found is not None
    return found


def _corners(path: str) -> list[tuple[float, float]]:
    pairs = re.findall(r"([\d.]+) ([\d.]+)", path)
    return [(float(x), float(y)) for x, y in pairs]


@given(ends=st.lists(st.floats(1e-3, 1e4), min_size=1, max_size=20), waiting=st.booleans())
def test_a_curve_falls_from_left_to_right_within_its_picture(
    *, ends: list[float], waiting: bool
) -> None:
    drawn = _drawn(_row(ends, waiting=waiting))
    corners = _corners(drawn.lines[0].path)

    assert corners[0] == (0.0, 0.0)
    assert corners == sorted(corners)
    assert all(0 <= x <= 100.001 and 0 <= y <= 100.001 for x, y in corners)
    assert (corners[-1][1] == 100) is not waiting
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
    corners = _corners(_drawn(_row([5.0, 9.0], waiting=True)).lines[0].path)

    assert corners[-1] == (90.0, 66.67)


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
    none = bm.few(None, 6, n=0)
    empty = replace(ROW, n=0, curve=(START,), median=none, p95=none, mean=none, horizon_s=0.0)

    assert draw_chart([empty], ["sub2api"], [0]) is None


def test_one_who_served_nothing_stands_beside_those_who_did() -> None:
    none = bm.few(None, 6, n=0)
    empty = replace(ROW, n=0, curve=(START,), median=none, p95=none, mean=none, horizon_s=0.0)
    drawn = _drawn(empty, _row([5.0, 9.0]))

    assert [line.name for line in drawn.lines] == ["provider 1"]
    assert [marks.name for marks in drawn.marks] == ["provider 0", "provider 1"]
