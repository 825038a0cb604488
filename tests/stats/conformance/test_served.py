from dataclasses import replace

from harness.core.case import Slot
from harness.core.record import Record
from harness.stats.conformance.served import ServedTimes, served_by_operation
from tests.report import builders as b

GAVE_UP = b.fault("timeout", why="no reply within 60 s", may_be_paid=True)


def only(*records: Record) -> ServedTimes:
    (row,) = served_by_operation(records)
    return row


def test_a_timeout_is_given_up_and_never_left_out() -> None:
    row = only(
        b.record(b.case(id="a"), b.images(), seconds=5.0),
        b.record(b.case(id="b"), GAVE_UP, seconds=60.0),
    )

    assert (row.n, row.timeouts, row.given_up_s, row.horizon_s) == (2, 1, (60.0,), 60.0)
    assert [(step.at_s, step.waiting) for step in row.curve] == [(0.0, 1.0), (5.0, 0.5)]


def test_what_we_cut_off_ourselves_is_given_up_too() -> None:
    row = only(b.record(b.case(), b.fault("unknown", may_be_paid=True), seconds=7.0))

    assert (row.n, row.timeouts, row.cut_off, row.given_up_s) == (1, 0, 1, (7.0,))


def test_a_connection_that_was_never_made_is_no_request_that_was_waited_for() -> None:
    unsent = b.record(b.case(), b.fault("timeout", may_be_paid=False), seconds=60.0)

    assert served_by_operation([unsent]) == ()


def test_only_what_the_documents_promise_to_serve_counts() -> None:
    records = [
        b.record(b.case(id="valid"), b.images(), seconds=5.0),
        b.record(b.case(id="refuse", expect="refuse", breaks="n.range"), b.images()),
        b.record(b.case(id="observe", expect="observe"), b.images()),
        b.record(b.case(id="refused"), b.refused()),
    ]

    assert only(*records).n == 1


def test_what_a_benchmark_sent_is_measured_there() -> None:
    made = b.record(b.case(), b.images())
    slot = Slot(workload="w", fit="exact", stage="c4", block=1)

    assert served_by_operation([replace(made, shot=replace(made.shot, slot=slot))]) == ()


def test_a_recording_without_times_is_said() -> None:
    row = only(b.record(b.case(), b.images(), seconds=0.0))

    assert (row.n, row.untimed, row.curve[1:]) == (0, 1, ())
