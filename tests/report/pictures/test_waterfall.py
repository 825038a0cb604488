from dataclasses import replace

from harness.core.case import Slot
from harness.core.exchange import Exchange, Times
from harness.core.record import Record
from harness.report.pictures.waterfall import WaterfallRow, waterfalls
from tests.report import builders as b
from tests.shipped import shipped_provider

PROVIDERS = {name: shipped_provider(name) for name in ("apiframe", "sub2api")}


def _row(*records: Record) -> WaterfallRow:
    (picture,) = waterfalls(records, PROVIDERS)
    (row,) = picture.rows
    return row


def _job() -> Record:
    def poll(sent_s: float, state: str) -> Exchange:
        return b.exchange("poll", sent_s, sent_s + 0.5, document={"id": "j1", "status": state})

    submit = b.exchange("submit", 10.0, 11.0, document={"id": "j1", "status": "QUEUED"})
    polls = [poll(12, "QUEUED"), poll(14, "PROCESSING"), poll(16, "PROCESSING")]
    done = [poll(18, "COMPLETED"), b.exchange("download", 18.6, 19.0)]
    return b.job_record(b.case(name="apiframe"), [submit, *polls, *done])


def test_a_job_ends_between_the_last_poll_that_said_no_and_the_first_that_said_yes() -> None:
    row = _row(_job())

    assert [part.text for part in row.parts] == [
        "waiting for the status 1.0 s",
        "job under way (QUEUED) 3.0 s",
        "job under way (PROCESSING) 2.0 s",
        "job ended in here 2.5 s",
        "download 400 ms",
    ]
    assert row.polls == (20.0, 40.0, 60.0, 80.0)
    (end,) = (part for part in row.parts if part.kind == "end")
    assert (end.x, end.width) == (60.0, 25.0)


def _synchronous(times: Times) -> Record:
    made = b.record(b.case(), b.images())
    (one,) = made.exchanges
    return replace(made, exchanges=(replace(one, times=times),))


TIMES = Times(
    due_s=1.0,
    sent_s=1.5,
    connect_s=0.25,
    tls_s=0.25,
    written_s=2.25,
    headers_s=5.0,
    end_s=6.0,
    decode_s=0.5,
)


def test_the_parts_of_a_request_follow_each_other_without_a_gap() -> None:
    row = _row(_synchronous(TIMES))

    assert [part.kind for part in row.parts] == ["connect", "send", "wait", "reply", "decode"]
    for part, after in zip(row.parts, row.parts[1:], strict=False):
        assert abs(part.x + part.width - after.x) < 0.02


def test_in_a_benchmark_time_counts_from_when_it_was_due() -> None:
    made = _synchronous(TIMES)
    slot = Slot(workload="square", fit="exact", stage="c4", block=1)
    (picture,) = waterfalls([replace(made, shot=replace(made.shot, slot=slot))], PROVIDERS)

    assert (picture.title, picture.measured) == ("square", True)
    assert picture.rows[0].parts[0].text == "late by us 500 ms"
    assert picture.rows[0].total == "5.5 s"


def test_the_typical_request_is_the_one_in_the_middle() -> None:
    records = [
        b.record(b.case(id=f"{seconds}"), b.images(), seconds=seconds)
        for seconds in (9.0, 1.0, 3.0, 5.0)
    ]
    row = _row(*records)

    assert (row.case, row.n) == ("3.0", 4)


def test_a_recording_without_times_is_said_beside_one_that_has_them() -> None:
    untimed = b.record(b.case(name="apiframe"), b.images(), seconds=0.0)
    (picture,) = waterfalls([untimed, b.record(b.case(), b.images())], PROVIDERS)

    assert [bool(row.parts) for row in picture.rows] == [False, True]
    assert "kept no times" in picture.rows[0].why


def test_refusals_and_warm_up_have_no_waterfall() -> None:
    warm = Slot(workload="square", fit="exact", stage="c4", block=0, warm_up=True)
    made = b.record(b.case(expect="observe"), b.images())
    records = [b.record(b.case(), b.refused()), replace(made, shot=replace(made.shot, slot=warm))]

    assert waterfalls(records, PROVIDERS) == ()
