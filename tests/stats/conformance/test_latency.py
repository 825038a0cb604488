import pytest

from harness.stats.conformance.latency import latency_by_operation
from harness.stats.conformance.time_to_images import seconds_to_images
from tests.report import builders as b


def test_time_runs_from_the_first_departure_to_the_end_of_the_last_reply() -> None:
    record = b.record(b.case(name="buble"), b.images(), start_s=5.0, seconds=12.0, polls=3)

    assert seconds_to_images(record) == pytest.approx(12.0)


def test_a_refusal_has_no_time_to_images() -> None:
    assert seconds_to_images(b.record(b.case(), b.refused())) is None


def test_rows_are_kept_apart_by_provider_and_operation() -> None:
    asked = [
        b.case(id="a"),
        b.case(id="b"),
        b.case(id="c", operation="edit"),
        b.case(id="d", name="buble"),
    ]
    rows = latency_by_operation([b.record(case, b.images(), seconds=10.0) for case in asked])

    assert [(row.provider, row.operation, row.n) for row in rows] == [
        ("sub2api", "generate", 2),
        ("sub2api", "edit", 1),
        ("buble", "generate", 1),
    ]


def test_the_median_of_seven_has_an_interval_and_its_p95_has_none() -> None:
    rows = latency_by_operation(
        [b.record(b.case(id=str(at)), b.images(), seconds=float(at)) for at in range(1, 8)]
    )

    assert rows[0].median.value == pytest.approx(4.0)
    assert rows[0].median.low == pytest.approx(1.5, abs=0.5)
    assert rows[0].median.high == pytest.approx(6.5, abs=0.5)
    assert (rows[0].p95.low, rows[0].p95.high) == (None, None)
    assert rows[0].median.unit == "s"


def test_a_timeout_counts_as_longer_than_it_was_waited_for() -> None:
    late = b.fault("timeout", may_be_paid=True)
    (row,) = latency_by_operation(
        [
            b.record(b.case(id="a"), b.images(), seconds=10.0),
            b.record(b.case(id="b"), late, seconds=300.0),
            b.record(b.case(id="c"), late, seconds=300.0),
            b.record(b.case(id="d"), b.fault("network"), seconds=1.0),
        ]
    )

    assert (row.n, row.served, row.timeouts) == (3, 1, 2)
    assert row.median.value is None
    assert (row.given_up, row.left_out) == ("2 timeouts", "")


def test_only_timeouts_still_make_a_row() -> None:
    (row,) = latency_by_operation([b.record(b.case(), b.fault("timeout", may_be_paid=True))])

    assert row.median.value is None
    assert row.given_up == "1 timeout"


def test_of_an_operation_without_valid_requests_what_is_not_forbidden_counts() -> None:
    asked = [b.case(id="o", expect="observe"), b.case(id="r", expect="refuse", breaks="n.range")]
    records = [b.record(case, b.images(), seconds=10.0) for case in asked]
    valid = b.record(b.case(id="v"), b.images(), seconds=4.0)

    assert [row.n for row in latency_by_operation(records)] == [1]
    assert [row.median.value for row in latency_by_operation([*records, valid])] == [4.0]


def test_a_recording_without_times_is_not_taken_for_an_instant_reply() -> None:
    rows = latency_by_operation([b.record(b.case(), b.images(), seconds=0.0)])

    assert rows[0].n == 0
    assert rows[0].left_out == "1 without a recorded duration"


def test_times_of_another_cases_download_are_not_taken_for_this_ones() -> None:
    exchanges = [
        b.exchange("submit", 10.0, 11.0),
        b.exchange("poll", 15.0, 16.0),
        b.exchange("download", 12.0, 12.5),
    ]
    rows = latency_by_operation([b.job_record(b.case(name="buble"), exchanges)])

    assert (rows[0].n, rows[0].untimed) == (0, 1)


def test_uploads_before_and_follow_ups_after_are_in_no_figure() -> None:
    exchanges = [
        b.exchange("upload", 0.0, 9.0),
        b.exchange("submit", 10.0, 11.0),
        b.exchange("download", 12.0, 12.5),
        b.exchange("follow_up", 13.0, 20.0),
        b.exchange("deliveries", 20.0, 90.0),
    ]

    assert seconds_to_images(b.job_record(b.case(), exchanges)) == 2.5


def test_nothing_sent_makes_no_row() -> None:
    assert latency_by_operation([]) == ()
    assert latency_by_operation([b.record(b.case(), None, skipped="budget")]) == ()
