from harness.core.exchange import Event, Exchange
from harness.core.record import Record
from harness.stats.conformance.streams import Streams, streams_by_operation
from tests.report import builders as b
from tests.shipped import NAMES, shipped_provider

PROVIDERS = {name: shipped_provider(name) for name in NAMES}
PARTIAL, COMPLETED = "image_generation.partial_image", "image_generation.completed"


def events(*found: tuple[str, float]) -> tuple[Event, ...]:
    return tuple(Event(name=name, at_s=at_s, data={}) for name, at_s in found)


def streamed(*found: tuple[str, float], start_s: float = 10.0, end_s: float = 20.0) -> Exchange:
    return b.exchange(
        "submit",
        start_s,
        end_s,
        events=events(*found),
        headers_s=start_s + 1,
        first_byte_s=start_s + 1.5,
    )


def record(exchange: Exchange, name: str = "stream") -> Record:
    return b.job_record(b.case(id=name), [exchange])


def only(*records: Record) -> Streams:
    (row,) = streams_by_operation(records, PROVIDERS)
    return row


def test_each_part_is_timed_since_the_departure() -> None:
    row = only(record(streamed((PARTIAL, 13.0), (PARTIAL, 15.0), (COMPLETED, 18.0))))

    assert [
        figure.value for figure in (row.headers, row.first_byte, row.first_partial, row.completed)
    ] == [1.0, 1.5, 3.0, 8.0]
    assert (row.last_byte.value, row.events.value, row.n) == (10.0, 3.0, 1)


def test_a_figure_says_how_many_streams_had_it() -> None:
    whole = record(streamed((PARTIAL, 13.0), (COMPLETED, 18.0)))
    row = only(whole, record(streamed((COMPLETED, 12.0)), "without"))

    assert (row.first_partial.n, row.completed.n, row.n) == (1, 2, 2)
    assert row.events.value == 1.5


def test_the_last_submission_is_the_stream_and_not_the_one_that_was_told_to_wait() -> None:
    first = b.exchange("submit", 0.0, 1.0)
    waited = b.job_record(b.case(), [first, streamed((COMPLETED, 18.0))])

    assert only(waited).last_byte.value == 10.0


def test_a_recording_without_times_is_counted_and_in_no_figure() -> None:
    nowhen = b.exchange("submit", 0.0, 0.0, events=events((COMPLETED, 0.0)))
    row = only(record(nowhen), record(streamed((COMPLETED, 18.0)), "timed"))

    assert (row.n, row.untimed) == (1, 1)


def test_a_reply_without_events_and_a_stream_that_was_not_served_make_no_row() -> None:
    plain = b.record(b.case(), b.images())
    cut = b.job_record(b.case(), [streamed((PARTIAL, 13.0))], b.fault("protocol"))

    assert streams_by_operation([plain, cut], PROVIDERS) == ()
