import json
from dataclasses import replace

import pytest

from harness.core.exchange import Failure
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, Images
from harness.wire.retry import MISSING_PAUSES_S, RETRY_AFTER_AT_MOST_S, TRIES, Answer
from tests.shipped import NAMES, shipped_provider
from tests.wire.by_hand import IMAGE, LOST, MARK, PICTURE, SHOTS, page, said, talk, waited
from tests.wire.replies import (
    ADDRESS,
    BUSY,
    JOBS,
    NEVER_SENT,
    done,
    pending,
    polled,
    served,
    submitted,
)


@pytest.mark.parametrize("name", NAMES)
def test_every_protocol_ends_with_its_image(name: str) -> None:
    found = talk(name, served(name))

    assert isinstance(found.outcome, Images)
    assert found.outcome.pictures == (PICTURE,)
    assert found.posts == 1
    assert found.requests[0] == SHOTS[name].request
    assert found.outcome.job == ("job-1" if name in JOBS else None)


@pytest.mark.parametrize(
    "result",
    [ADDRESS, {"images": [ADDRESS]}, {"images": [{"url": ADDRESS}]}, [ADDRESS]],
)
def test_apiframes_result_is_read_in_every_form(result: Json) -> None:
    answers = [submitted("apiframe"), polled("apiframe", "COMPLETED", result), IMAGE]

    outcome = talk("apiframe", answers).outcome

    assert isinstance(outcome, Images)
    assert outcome.pictures == (PICTURE,)


@pytest.mark.parametrize(
    "image", [{"b64_json": None, "url": ADDRESS}, {"b64_json": MARK, "url": None}]
)
def test_aimlapi_sends_both_keys_and_one_is_null(image: Json) -> None:
    outcome = talk("aimlapi", [said({"data": [image]}, 201), IMAGE]).outcome

    assert isinstance(outcome, Images)
    assert outcome.pictures == (PICTURE,)


@pytest.mark.parametrize("data", [{"url": ADDRESS}, {"url": [ADDRESS]}, [{"url": ADDRESS}]])
def test_nanobananas_data_is_read_in_every_form(data: Json) -> None:
    outcome = talk("nanobanana", [said({"code": 0, "data": data}), IMAGE]).outcome

    assert isinstance(outcome, Images)
    assert outcome.pictures == (PICTURE,)


@pytest.mark.parametrize(
    ("name", "state"),
    [("buble", "failed"), ("buble", "canceled"), ("apiframe", "FAILED"), ("apiframe", "CANCELLED")],
)
def test_a_failed_job_is_a_fault_that_is_free_only_where_the_documents_say_so(
    name: str, state: str
) -> None:
    answers = [submitted(name), polled(name, state, error={"code": "generation_failed"})]

    outcome = talk(name, answers).outcome

    assert isinstance(outcome, Fault)
    assert (outcome.error_class, outcome.job) == ("job_failed", "job-1")
    assert outcome.may_be_paid is (shipped_provider(name).prices.failed_free is None)


@pytest.mark.parametrize("name", JOBS)
@pytest.mark.parametrize("state", ["paused", None, 7, {}, [], "SUCCESS "])
def test_a_state_that_no_document_knows_is_a_fault_with_the_job(name: str, state: Json) -> None:
    outcome = talk(name, [submitted(name), polled(name, state)]).outcome

    assert isinstance(outcome, Fault)
    assert (outcome.error_class, outcome.job, outcome.may_be_paid) == ("protocol", "job-1", True)


@pytest.mark.parametrize("name", JOBS)
@pytest.mark.parametrize("job", [None, "", {}, [], True, 1.5])
def test_a_job_without_an_id_lacks_a_promised_field(name: str, job: Json) -> None:
    found = talk(name, [submitted(name, job)])

    assert isinstance(found.outcome, Images)
    assert found.outcome.missing
    assert len(found.requests) == 1


@pytest.mark.parametrize("name", JOBS)
def test_a_job_whose_id_is_a_number_is_fetched_all_the_same(name: str) -> None:
    numbered = done(name).document
    text = json.dumps(numbered).replace('"job-1"', "4711")

    found = talk(name, [submitted(name, 4711), said(json.loads(text)), IMAGE])

    assert isinstance(found.outcome, Images)
    assert found.outcome.pictures == (PICTURE,)
    assert found.asked[0].endswith("/4711")


@pytest.mark.parametrize("name", JOBS)
@pytest.mark.parametrize(
    ("job", "segment"),
    [
        ("../../x?y", "..%2F..%2Fx%3Fy"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("a b#c", "a%20b%23c"),
        ("{id}", "%7Bid%7D"),
        ("//evil.test/", "%2F%2Fevil.test%2F"),
        ("http://evil.test", "http%3A%2F%2Fevil.test"),
        ("猫", "%E7%8C%AB"),
        ("\ud800", "%3F"),
    ],
)
def test_a_jobs_id_stays_one_segment_of_the_path(name: str, job: str, segment: str) -> None:
    found = talk(name, [submitted(name, job), done(name), IMAGE])

    assert found.asked[0].rpartition("/")[2] == segment
    assert found.asked[0].startswith("/")


@pytest.mark.parametrize("name", JOBS)
@pytest.mark.parametrize("outage", [LOST, NEVER_SENT, page(502), page(200), said(None), BUSY])
def test_a_poll_that_fails_for_a_moment_loses_no_job(name: str, outage: Answer) -> None:
    answers = [submitted(name), outage, outage, outage, pending(name), outage, done(name), IMAGE]

    found = talk(name, answers)

    assert isinstance(found.outcome, Images)
    assert found.posts == 1


@pytest.mark.parametrize("name", JOBS)
@pytest.mark.parametrize("outage", [LOST, NEVER_SENT, page(502), page(404), page(200), BUSY])
def test_a_poll_that_fails_for_good_is_a_paid_fault_with_its_job(name: str, outage: Answer) -> None:
    found = talk(name, [submitted(name), outage])

    assert isinstance(found.outcome, Fault)
    assert found.outcome.job == "job-1"
    assert found.outcome.may_be_paid
    assert found.posts == 1
    assert len(found.requests) <= 2 + max(TRIES, len(MISSING_PAUSES_S))


@pytest.mark.parametrize("name", JOBS)
def test_a_stuck_job_is_given_up_after_the_providers_time(name: str) -> None:
    found = talk(name, [submitted(name), pending(name)])

    assert isinstance(found.outcome, Fault)
    assert (found.outcome.error_class, found.outcome.job) == ("timeout", "job-1")
    assert found.outcome.may_be_paid
    assert sum(found.pauses) >= SHOTS[name].request.timeout_s
    job = shipped_provider(name).operation("generate").job
    assert job is not None
    assert set(found.pauses) == {job.interval_s}


@pytest.mark.parametrize(
    ("asked", "date", "pause"),
    [
        ("3", None, 3.0),
        ("1.5", None, 1.5),
        ("0", None, 0.0),
        ("600", None, 600.0),
        ("1e9", None, 1.0),
        ("-3", None, 1.0),
        ("soon", None, 1.0),
        ("٣", None, 1.0),
        ("nan", None, 1.0),
        ("", None, 1.0),
        ("Wed, 21 Oct 2026 07:28:30 GMT", "Wed, 21 Oct 2026 07:28:00 GMT", 30.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:30 GMT", 0.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None, 1.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", "yesterday", 1.0),
        ("Wed, 21 Oct 2026 07:28:00 -0000", "Wed, 21 Oct 2026 07:28:30 GMT", 1.0),
        ("Wed, 99 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:30 GMT", 1.0),
        ("Wed, 21 Oct 2026 07:28:00 +99999999999", "Wed, 21 Oct 2026 07:28:30 GMT", 1.0),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_retry_after_is_read_as_seconds_or_a_date_and_bounded(
    name: str, asked: str, date: str | None, pause: float
) -> None:
    busy = replace(
        said({"error": "busy", "code": -1, "message": "busy"}, 429),
        headers=(("Retry-After", asked), *((("Date", date),) if date else ())),
    )

    found = talk(name, [busy, *served(name)])

    assert isinstance(found.outcome, Images)
    waited(found.pauses[:1], pause)
    assert found.posts == 2


@pytest.mark.parametrize(
    ("asked", "date", "seconds"),
    [
        ("99999", None, "99,999"),
        ("1000000000", None, "1,000,000,000"),
        ("9" * 10_000, None, "1,000,000,000"),
        ("Wed, 21 Oct 2026 09:28:30 GMT", "Wed, 21 Oct 2026 07:28:30 GMT", "7,200"),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_a_longer_pause_than_the_request_has_left_is_not_waited(
    name: str, asked: str, date: str | None, seconds: str
) -> None:
    busy = replace(
        said({"error": "busy", "code": -1, "message": "busy"}, 429),
        headers=(("Retry-After", asked), *((("Date", date),) if date else ())),
    )

    found = talk(name, [busy, *served(name)])

    assert isinstance(found.outcome, Fault)
    assert (found.outcome.error_class, found.outcome.may_be_paid) == ("rate_limit", False)
    assert f"asked to wait {seconds} s, more than this request has left" in found.outcome.why
    assert (found.posts, found.pauses) == (1, ())


@pytest.mark.parametrize("name", NAMES)
def test_a_429_that_stays_is_an_unpaid_fault(name: str) -> None:
    found = talk(name, [said({"error": {"message": "slow"}, "code": -1, "message": "slow"}, 429)])

    assert isinstance(found.outcome, Fault)
    assert (found.outcome.error_class, found.outcome.may_be_paid) == ("rate_limit", False)
    assert found.posts == TRIES
    waited(found.pauses, 1.0, 2.0, 4.0)


@pytest.mark.parametrize("name", JOBS)
def test_a_poll_waits_as_long_as_it_is_asked_to_but_no_longer_than_the_bound(name: str) -> None:
    answers = [submitted(name), pending(name, retry_after="7"), pending(name, retry_after="900")]

    found = talk(name, [*answers, done(name), IMAGE])

    waited(found.pauses, 7.0, RETRY_AFTER_AT_MOST_S)


@pytest.mark.parametrize("name", ["nanobanana", "aimlapi", *JOBS])
@pytest.mark.parametrize("answer", [LOST, NEVER_SENT, page(503)])
def test_a_result_that_cannot_be_fetched_is_a_paid_fault(name: str, answer: Answer) -> None:
    found = talk(name, [*served(name)[:-1], answer])

    assert isinstance(found.outcome, Fault)
    assert found.outcome.may_be_paid
    assert found.posts == 1


@pytest.mark.parametrize("name", ["nanobanana", "aimlapi", *JOBS])
@pytest.mark.parametrize("answer", [page(404), page(200), said({"a": 1}), said([MARK])])
def test_an_address_without_an_image_is_a_broken_picture(name: str, answer: Answer) -> None:
    outcome = talk(name, [*served(name)[:-1], answer]).outcome

    assert isinstance(outcome, Images)
    assert [picture.state for picture in outcome.pictures] == ["undecodable"]


@pytest.mark.parametrize("name", ["nanobanana", "aimlapi", *JOBS])
def test_a_result_at_a_private_address_is_asked_for_once_and_may_be_paid(name: str) -> None:
    why = "10.0.0.5 is private (10.0.0.0/8): not connected to without --allow-private"
    refused = Failure(kind="protocol", why=why, sent=False)

    found = talk(name, [*served(name)[:-1], refused])

    assert isinstance(found.outcome, Fault)
    assert (found.outcome.error_class, found.outcome.may_be_paid) == ("protocol", True)
    assert found.outcome.why == why
    assert found.outcome.can_be_picked_up is (name in JOBS)
    assert len(found.of("download")) == 1
