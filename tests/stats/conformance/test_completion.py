import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.exchange import Exchange
from harness.core.jsonvalue import Json
from harness.core.record import Record
from harness.stats.conformance.completion import Completion, completion_by_operation
from tests.report import builders as b
from tests.shipped import NAMES, shipped_provider

PROVIDERS = {name: shipped_provider(name) for name in NAMES}


def poll(sent_s: float, end_s: float, state: str) -> Exchange:
    return b.exchange("poll", sent_s, end_s, document={"id": "j1", "status": state})


def delivery(at_s: float, *, signature: str = "valid", job: str = "j1", state: str = "") -> Json:
    body: Json = {"jobId": job, "status": state or "COMPLETED"}
    return {"at_s": at_s, "signature": signature, "body": body, "sha256": f"{at_s}"}


def delivered(*deliveries: Json) -> Exchange:
    return b.exchange("deliveries", 90.0, 91.0, document={"deliveries": list(deliveries)})


def served(*exchanges: Exchange, start_s: float = 10.0, name: str = "apiframe") -> Record:
    submission = b.exchange("submit", start_s, start_s + 1)
    return b.job_record(b.case(name=name, id=f"{start_s}"), [submission, *exchanges])


def only(*records: Record) -> Completion:
    (row,) = completion_by_operation(records, PROVIDERS)
    return row


def test_an_end_lies_after_the_last_no_was_sent_and_before_the_first_yes_was_whole() -> None:
    row = only(served(poll(12, 13, "PROCESSING"), poll(15, 16, "COMPLETED")))

    assert (row.after.value, row.before.value, row.widest_gap_s) == (2.0, 6.0, 4.0)
    assert (row.n, row.untimed) == (1, 0)


def test_a_first_poll_that_says_yes_bounds_the_end_by_the_submission() -> None:
    row = only(served(poll(12, 13, "COMPLETED")))

    assert (row.after.value, row.before.value) == (0.0, 3.0)


def test_the_submission_that_was_taken_counts_and_not_the_one_that_was_told_to_wait() -> None:
    first = b.exchange("submit", 0.0, 1.0)
    again = b.exchange("submit", 30.0, 31.0)
    record = b.job_record(b.case(name="apiframe"), [first, again, poll(33, 34, "COMPLETED")])

    assert only(record).before.value == 4.0


def test_each_side_has_its_own_median_and_the_widest_gap_is_that_of_one_job() -> None:
    bounds = [(1.0, 3.0), (2.0, 5.0), (30.0, 40.0)]
    row = only(
        *(
            served(poll(low, low, "PROCESSING"), poll(high, high, "COMPLETED"), start_s=0.0)
            for low, high in bounds
        )
    )

    assert (row.after.value, row.before.value, row.widest_gap_s, row.n) == (2.0, 5.0, 10.0, 3)


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 50)), min_size=1, max_size=9))
def test_the_median_of_the_true_ends_lies_between_the_two(jobs: list[tuple[float, float]]) -> None:
    records = [
        served(poll(1, 1, "PROCESSING"), poll(1 + a + c, 1 + a + c, "COMPLETED"), start_s=0.0)
        for a, c in jobs
    ]
    true = sorted(1 + a for a, _ in jobs)
    middle = (true[(len(true) - 1) // 2] + true[len(true) // 2]) / 2
    row = only(*records)

    assert row.after.value is not None
    assert row.before.value is not None
    assert row.after.value - 1e-9 <= middle <= row.before.value + 1e-9


def test_the_first_signed_delivery_of_the_end_is_timed_since_the_submission() -> None:
    row = only(
        served(
            poll(15, 16, "COMPLETED"),
            delivered(delivery(12.0, state="PROCESSING"), delivery(13.5), delivery(14.0)),
        )
    )

    assert (row.delivered.value, row.delivered.n) == (3.5, 1)


@pytest.mark.parametrize(
    "odd",
    [
        delivery(12.0, signature="forged"),
        delivery(12.0, signature="missing"),
        delivery(12.0, job="another"),
        delivery(2.0),
        {"at_s": None, "signature": "valid", "body": {"jobId": "j1", "status": "COMPLETED"}},
        {"at_s": 12.0, "signature": "valid", "body": None},
        "no delivery",
    ],
)
def test_a_delivery_that_proves_nothing_is_not_timed(odd: Json) -> None:
    row = only(served(poll(15, 16, "COMPLETED"), delivered(odd)))

    assert (row.delivered.value, row.delivered.n, row.n) == (None, 0, 1)


def test_a_recording_without_times_and_a_silent_poll_are_counted_and_in_no_figure() -> None:
    nowhen = b.job_record(
        b.case(name="apiframe", id="0"),
        [b.exchange("submit", 0, 0), poll(0, 0, "COMPLETED")],
    )
    silent = served(poll(12, 13, "odd"))
    crossed = served(poll(15, 16, "PROCESSING"), poll(12, 13, "COMPLETED"), start_s=9.0)
    row = only(nowhen, silent, crossed, served(poll(12, 13, "COMPLETED")))

    assert (row.n, row.untimed) == (1, 3)


def test_what_brought_no_images_or_is_no_job_makes_no_row() -> None:
    failed = b.job_record(
        b.case(name="apiframe"),
        [b.exchange("submit", 0, 1), poll(2, 3, "FAILED")],
        b.fault("job_failed", job="j1"),
    )

    assert completion_by_operation([failed, b.record(b.case(), b.images())], PROVIDERS) == ()
