import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.charts.latency import plot
from harness.stats.conformance.latency import latency_by_operation
from tests.report import builders as b


@given(st.lists(st.floats(1e-4, 1e5), min_size=1, max_size=12))
def test_all_marks_lie_on_the_axis(durations: list[float]) -> None:
    rows = latency_by_operation(
        [b.record(b.case(id=str(at)), b.images(), seconds=s) for at, s in enumerate(durations)]
    )
    drawn = plot(rows)

    assert 2 <= len(drawn.ticks) <= 6
    assert (drawn.ticks[0].x, drawn.ticks[-1].x) == (0, 100)
    for marks in drawn.marks:
        assert None not in (marks.fastest, marks.slowest, marks.median)
        for x in (marks.fastest, marks.slowest, marks.median, marks.p95, marks.low, marks.high):
            assert x is None or 0 <= x <= 100.001


def test_rows_share_one_axis() -> None:
    records = [
        b.record(b.case(), b.images(), seconds=10.0),
        b.record(b.case(name="buble"), b.images(), seconds=40.0),
    ]
    drawn = plot(latency_by_operation(records))

    assert (drawn.unit, [tick.label for tick in drawn.ticks]) == (
        "s",
        ["0", "10", "20", "30", "40"],
    )
    assert [marks.median for marks in drawn.marks] == pytest.approx([25.0, 100.0])


def test_short_times_are_in_milliseconds() -> None:
    drawn = plot(latency_by_operation([b.record(b.case(), b.images(), seconds=0.05)]))

    assert drawn.unit == "ms"


def test_nothing_to_draw_is_an_empty_plot() -> None:
    assert plot(()).marks == ()
