from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from harness.core.case import Slot
from harness.core.exchange import Event, Exchange, Failure, FailureKind, Reply, Request, Step, Times
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, Images, Outcome, Usage
from harness.core.record import Provenance, Record
from harness.planning.plan import planned_request
from harness.stats.benchmark.attempts import attempt_of
from harness.stats.benchmark.model import PHASES, Attempt, EndBounds
from harness.stats.conformance.time_to_images import seconds_to_images
from tests.report import builders as b
from tests.shipped import NAMES, shipped_provider
from tests.spec.priced import by_token, counted

PROVIDERS = {name: shipped_provider(name) for name in NAMES}
SLOT = Slot(workload="w", fit="exact", stage="c4", block=3)


def step(  # noqa: PLR0913 - a round trip has this many times
    kind: Step,
    sent_s: float,
    end_s: float,
    *,
    due_s: float = 10.0,
    decode_s: float | None = None,
    status: int = 200,
    document: Json = None,
    headers: tuple[tuple[str, str], ...] = (),
    events: tuple[Event, ...] = (),
    size: int = 0,
    **times: float,
) -> Exchange:
    return Exchange(
        request=Request(method="POST", target="/x", timeout_s=120.0),
        answer=Reply(
            status=status, document=document, headers=headers, events=events, size_bytes=size
        ),
        times=Times(due_s=due_s, sent_s=sent_s, end_s=end_s, decode_s=decode_s, **times),
        step=kind,
    )


def broken(
    kind: FailureKind, end_s: float, *, sent: bool = True, step: Step = "submit"
) -> Exchange:
    return Exchange(
        request=Request(method="POST", target="/x", timeout_s=120.0),
        answer=Failure(kind=kind, why="broke", sent=sent),
        times=Times(due_s=10.0, sent_s=10.0, end_s=end_s),
        step=step,
    )


def record(  # noqa: PLR0913 - a record has this many parts
    exchanges: Sequence[Exchange],
    outcome: Outcome | None = None,
    *,
    name: str = "sub2api",
    amount: str = "1",
    images: int = 1,
    slot: Slot | None = SLOT,
) -> Record:
    case = b.case(name=name, id="bench-c4-w-b003")
    made = b.record(case, outcome or b.images(), amount=amount, price_images=images)
    return replace(made, exchanges=tuple(exchanges), shot=replace(made.shot, slot=slot))


def seen(made: Record, *, usable: bool = True) -> Attempt:
    found = attempt_of(made, PROVIDERS[made.shot.case.provider], usable=usable)
    assert found is not None
    return found


def job(*exchanges: Exchange, **changes: Json) -> Record:
    del changes
    return record(exchanges, replace(b.images(), job="j1"), name="apiframe")


def poll(sent_s: float, end_s: float, state: str, **more: Json) -> Exchange:
    return step("poll", sent_s, end_s, document={"id": "j1", "status": state, **more})


def test_time_to_pixels_runs_from_the_intended_start_until_the_images_are_decoded() -> None:
    found = seen(record([step("submit", 12.0, 30.0, decode_s=0.5)]))

    assert (found.end, found.seconds, found.due_s, found.end_s) == ("served", 20.5, 10.0, 30.5)
    assert (found.workload, found.stage, found.block, found.case) == (
        *("w", "c4", 3),
        "bench-c4-w-b003",
    )
    assert found.phases["late"] == 2.0
    assert found.limit_s == 120.0


def test_the_last_image_counts_though_another_one_is_decoded_later_or_earlier() -> None:
    found = seen(
        job(
            step("submit", 10.0, 11.0),
            poll(13.0, 14.0, "COMPLETED"),
            step("download", 14.0, 16.0, decode_s=9.0),
            step("download", 16.0, 18.0, decode_s=1.0),
        )
    )

    assert found.seconds == 15.0
    assert found.phases["download"] == 4.0
    assert found.phases["decode"] == 10.0


def test_what_a_download_waited_for_our_decoder_is_in_no_time_of_the_provider() -> None:
    found = seen(
        job(
            step("submit", 10.0, 11.0),
            poll(13.0, 14.0, "COMPLETED"),
            step("download", 14.0, 16.0, waited_s=3.0),
            step("download", 19.0, 21.0, decode_s=1.0, waited_s=9.0),
        )
    )

    assert found.seconds == 9.0
    assert found.phases["pixels"] == 9.0
    assert seconds_to_images(job(*found_downloads())) == 8.0


def found_downloads() -> tuple[Exchange, ...]:
    return (
        step("submit", 10.0, 11.0),
        poll(13.0, 14.0, "COMPLETED"),
        step("download", 14.0, 16.0, waited_s=3.0),
        step("download", 19.0, 21.0, waited_s=9.0),
    )


def test_files_that_are_sent_first_are_part_of_the_time() -> None:
    found = seen(record([step("upload", 10.5, 12.0), step("submit", 12.0, 30.0, written_s=12.25)]))

    assert found.seconds == 20.0
    assert found.phases["upload"] == 1.75
    assert found.phases["late"] == 0.5


def test_what_is_asked_after_the_images_is_no_part_of_it() -> None:
    found = seen(record([step("submit", 10.0, 20.0), step("follow_up", 21.0, 90.0)]))

    assert found.seconds == 10.0


def test_phases_are_durations_or_count_from_the_intended_start() -> None:
    submitted = step("submit", 12.0, 30.0, decode_s=1.0)
    times = replace(
        submitted.times,
        headers_s=14.0,
        first_byte_s=15.0,
        written_s=12.5,
        dns_s=0.1,
        connect_s=0.2,
        tls_s=0.1,
    )
    found = seen(record([replace(submitted, times=times)]))

    setting_up = {"late": 2.0, "dns": 0.1, "connect": 0.2, "tls": 0.1, "upload": 0.1}
    since = {"headers": 4.0, "first_byte": 5.0, "completion": 20.0, "pixels": 21.0}
    assert found.phases == pytest.approx(setting_up | since | {"decode": 1.0})
    assert set(found.phases) <= set(PHASES)


def test_the_first_partial_image_of_a_stream_has_its_time() -> None:
    partial = PROVIDERS["sub2api"].operation("generate").stream
    assert partial is not None
    events = (
        Event(name="other", at_s=12.0, data=None),
        Event(name=partial.partial, at_s=15.0, data=None),
        Event(name=partial.partial, at_s=17.0, data=None),
    )

    assert seen(record([step("submit", 11.0, 30.0, events=events)])).phases["first_partial"] == 5.0


def test_a_jobs_end_is_an_interval_and_no_point() -> None:
    found = seen(
        job(
            step("submit", 11.0, 12.0),
            poll(13.0, 14.0, "PROCESSING"),
            poll(15.0, 16.0, "COMPLETED"),
            step("download", 16.0, 17.0),
        )
    )

    assert found.completion == EndBounds(after_s=3.0, before_s=6.0)
    assert "completion" not in found.phases


def test_a_webhook_counts_from_the_intended_start_too() -> None:
    body: Json = {"jobId": "j1", "status": "COMPLETED"}
    delivery: Json = {"at_s": 14.5, "signature": "valid", "body": body, "sha256": "0"}
    found = seen(
        job(
            step("submit", 11.0, 12.0),
            poll(15.0, 16.0, "COMPLETED"),
            step("download", 16.0, 17.0),
            step("deliveries", 17.0, 60.0, document={"deliveries": [delivery]}),
        )
    )

    assert found.phases["webhook"] == 4.5
    assert found.seconds == 7.0


def test_server_clocks_are_read_where_they_are_two_of_the_servers_own() -> None:
    header = (("OpenAI-Processing-Ms", "12345"),)
    life: dict[str, Json] = {
        "createdAt": "2026-12-01T10:00:00.000Z",
        "completedAt": "2026-12-01T10:00:07.250Z",
    }
    direct = seen(record([step("submit", 11.0, 30.0, headers=header)]))
    jobs = seen(job(step("submit", 11.0, 12.0), poll(13.0, 20.0, "COMPLETED", **life)))

    assert direct.server_s == {"openai-processing-ms": 12.345}
    assert jobs.server_s == {"completedAt - createdAt": 7.25}


@pytest.mark.parametrize("value", ["soon", "", "-5", "1e9", "²"])
def test_a_processing_time_that_is_no_number_is_none(value: str) -> None:
    header = (("openai-processing-ms", value),)

    assert seen(record([step("submit", 11.0, 30.0, headers=header)])).server_s == {}


@pytest.mark.parametrize(
    "life",
    [
        {"createdAt": "2026-12-01T10:00:00", "completedAt": "2026-12-01T10:00:07"},
        {"createdAt": "2026-12-01T10:00:00Z", "completedAt": None},
        {"createdAt": "2026-12-01T10:00:09Z", "completedAt": "2026-12-01T10:00:07Z"},
        {"createdAt": 5, "completedAt": 7},
    ],
)
def test_times_without_a_zone_or_an_order_are_no_duration(life: dict[str, Json]) -> None:
    found = seen(job(step("submit", 11.0, 12.0), poll(13.0, 20.0, "COMPLETED", **life)))

    assert found.server_s == {}


# ------------------------------------------------------------------------------- ends
def test_a_reply_that_did_not_come_in_time_is_a_timeout_that_was_waited_for() -> None:
    found = seen(record([broken("timeout", 130.0)], b.fault("timeout", may_be_paid=True)))

    assert (found.end, found.seconds, found.error_class) == ("timeout", 120.0, "timeout")
    assert found.may_be_paid
    assert (found.phases, found.images, found.usable) == ({}, 0, False)


def test_a_job_that_never_ended_is_a_timeout() -> None:
    stuck = b.fault("timeout", may_be_paid=True, job="j1")
    found = seen(record([step("submit", 10.0, 11.0), poll(300.0, 301.0, "PROCESSING")], stuck))

    assert (found.end, found.seconds) == ("timeout", 291.0)


def test_a_connection_that_was_never_made_is_a_failure_and_no_censored_time() -> None:
    found = seen(record([broken("timeout", 20.0, sent=False)], b.fault("timeout")))

    assert (found.end, found.error_class) == ("failed", "timeout")


def test_a_gateway_that_gave_up_is_a_failure() -> None:
    gave_up = Fault(error_class="timeout", why="HTTP 408", may_be_paid=True, status=408)

    assert seen(record([step("submit", 10.0, 70.0, status=408)], gave_up)).end == "failed"


@pytest.mark.parametrize(
    ("error_class", "end"),
    [
        *((name, "refused") for name in ("moderation", "validation", "content")),
        *((name, "failed") for name in ("quota", "rate_limit", "auth", "server")),
    ],
)
def test_refused_for_what_was_asked_is_told_from_turned_away(error_class: str, end: str) -> None:
    no = b.refused(error_class=error_class)  # type: ignore[arg-type]  # each is an error class
    found = seen(record([step("submit", 10.0, 12.0, status=400)], no))

    assert (found.end, found.error_class) == (end, error_class)


def test_a_reply_without_an_image_is_a_failure_by_its_content() -> None:
    found = seen(record([step("submit", 10.0, 12.0)], Images(pictures=(), charged=Decimal(3))))

    assert (found.end, found.error_class, found.images) == ("failed", "content", 0)
    assert found.charged == 3


def test_what_a_stopped_run_had_under_way_was_cut_off_by_us() -> None:
    stopped = Fault(error_class="unknown", why="the run was cut off", may_be_paid=True)
    begun = seen(record([broken("network", 25.0)], stopped))
    nothing = seen(record([], stopped))

    assert (begun.end, begun.seconds, begun.error_class) == ("cut_off", 15.0, None)
    assert (nothing.end, nothing.seconds, nothing.may_be_paid) == ("cut_off", 0.0, True)


def test_a_job_that_a_later_run_went_on_with_was_cut_off_when_the_first_ended() -> None:
    found = seen(
        job(
            step("submit", 10.0, 12.0),
            poll(14.0, 15.0, "PROCESSING"),
            step("poll", 900.0, 901.0, due_s=890.0, document={"id": "j1", "status": "COMPLETED"}),
            step("download", 901.0, 902.0, due_s=890.0),
        )
    )

    assert (found.end, found.seconds) == ("cut_off", 5.0)


def test_asked_to_slow_down_is_counted_and_so_is_the_wait() -> None:
    found = seen(
        record(
            [
                step("submit", 10.0, 11.0, status=429),
                step("submit", 16.0, 17.0, status=429),
                step("submit", 27.0, 40.0),
            ]
        )
    )

    assert (found.rate_limited, found.waited_s, found.seconds) == (2, 15.0, 30.0)


# ------------------------------------------------------------------------------- what counts
def test_a_record_without_a_slot_or_an_outcome_is_no_attempt() -> None:
    sent = record([step("submit", 10.0, 12.0)], slot=None)
    skipped = b.record(b.case(), None, skipped="budget")

    assert attempt_of(sent, PROVIDERS["sub2api"], usable=True) is None
    assert attempt_of(skipped, PROVIDERS["sub2api"], usable=True) is None


def test_a_recording_without_times_or_with_times_that_run_backwards_is_left_out() -> None:
    without = record([step("submit", 0.0, 0.0, due_s=0.0)])
    backwards = job(step("submit", 20.0, 21.0), poll(13.0, 14.0, "COMPLETED"))

    assert attempt_of(without, PROVIDERS["sub2api"], usable=True) is None
    assert attempt_of(backwards, PROVIDERS["apiframe"], usable=True) is None


def test_a_name_that_could_not_be_found_is_an_attempt_that_failed() -> None:
    nowhere = broken("network", 10.0, sent=False)
    found = seen(record([nowhere], b.fault("network")))

    assert (found.end, found.error_class) == ("failed", "network")


def test_money_is_as_listed_and_as_charged_and_what_was_delivered_in_part_is_listed_in_part() -> (
    None
):
    whole = seen(
        record([step("submit", 10.0, 12.0)], b.images(2, charged="5"), amount="6", images=2)
    )
    part = seen(record([step("submit", 10.0, 12.0)], b.images(1), amount="6", images=2))

    assert (whole.listed, whole.charged, whole.images) == (Decimal(6), Decimal(5), 2)
    assert (part.listed, part.charged, part.images) == (Decimal(3), None, 1)
    assert whole.unit == PROVIDERS["sub2api"].prices.unit


def test_usable_is_what_the_checks_say_of_what_was_served() -> None:
    made = record([step("submit", 10.0, 12.0, size=100)])

    assert seen(made).usable
    assert not seen(made, usable=False).usable
    assert seen(made).body_bytes == 100


@pytest.mark.parametrize(
    ("evidence", "basis", "emulated"),
    [
        (b.EMULATOR, "emulator", True),
        (b.REPLAY, "emulator, recorded 2026-12-01 by harness 0.1.0", True),
        (b.TAPED, "recorded 2026-11-30 by qa from https://images.example.org", False),
        (b.LIVE, "live, https://images.example.org", False),
    ],
)
def test_an_emulator_is_never_taken_for_a_provider(
    evidence: Provenance,
    basis: str,
    emulated: bool,  # noqa: FBT001 - pytest passes it by name
) -> None:
    made = replace(record([step("submit", 10.0, 12.0)]), evidence=evidence)

    assert (seen(made).basis, seen(made).emulated) == (basis, emulated)


# ---------------------------------------------------------------------------------- money
@pytest.mark.parametrize(
    ("usage", "listed", "bounded"),
    [
        (counted(76, 120, text_input=12, image_input=64), "0.004172", False),
        (counted(100, 1000), "0.0308", False),  # at least 0.0305, which is near enough
        (counted(100, 0), "0.0008", True),  # or 0.0005: text and images are not told apart
        (None, "0.5", True),
    ],
)
def test_a_price_that_only_the_reply_tells_is_that_of_what_it_counts(
    usage: Usage | None, listed: str, *, bounded: bool
) -> None:
    one = by_token()
    case = b.case(name=one.name, id="bench-c4-w-b003", arguments={"prompt": "a fox"})
    made = Record(
        shot=replace(planned_request(one, case), slot=SLOT),
        evidence=b.LIVE,
        outcome=replace(b.images(), usage=usage),
        exchanges=(step("submit", 12.0, 30.0),),
    )
    found = attempt_of(made, one, usable=True)

    assert found is not None
    assert (str(found.listed.normalize()), found.bounded) == (listed, bounded)
