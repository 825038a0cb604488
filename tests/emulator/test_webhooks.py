"""Apiframe's webhooks: what comes, signed how, and what each fault makes of it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from harness.emulator.faults.catalogue import catalogue
from harness.emulator.jobs import EmulatedJob, WebhookTarget
from harness.emulator.pictures import ImageCache
from harness.emulator.providers.apiframe import Apiframe
from harness.emulator.state import ProviderState, Settings
from harness.emulator.webhooks import USUAL_EVENTS, Delivery, deliver, planned, webhook_of
from tests.emulator.conftest import KEY, Emulator
from tests.emulator.listener import Posted, listening
from tests.loopback import HUNG_S, loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.emulator.conftest import Start
    from tests.emulator.listener import Listener

    Serve = Callable[..., AbstractContextManager[Emulator]]

SECRET = hashlib.sha256(b"any-key").digest()


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


@pytest.fixture
def other(start: Start) -> Serve:
    """The context manager of another emulator, as the shared one is spoken to."""

    @contextmanager
    def served(*arguments: str) -> Iterator[Emulator]:
        with start(*arguments) as (_, urls), loopback(authorization=KEY) as client:
            yield Emulator(urls, client)

    return served


def _submit(emulator: Emulator, listener: Listener, **changes: object) -> str:
    body = emulator.body("apiframe", webhook_url=f"{listener.url}/hook", **changes)
    return str(emulator.submit("apiframe", body).json()["jobId"])


def _job(emulator: Emulator, job: str) -> dict[str, Any]:
    shown: dict[str, Any] = emulator.poll("apiframe", job).json()
    return shown


def _status(emulator: Emulator, job: str) -> object:
    """The status of the job's webhook once it is no longer pending."""
    until_s = time.monotonic() + HUNG_S
    while (status := _job(emulator, job)["webhookStatus"]) == "pending":
        assert time.monotonic() < until_s
        time.sleep(0.01)
    return status


def _signed(posted: Posted, secret: bytes) -> bool:
    expected = hmac.new(secret, posted.body, hashlib.sha256).hexdigest()
    return posted.headers.get("x-webhook-signature") == f"sha256={expected}"


@pytest.mark.parametrize("key", ["webhook_url", "webhookUrl"])
def test_a_job_that_ends_is_told_under_either_name_of_the_address(
    emulator: Emulator, listener: Listener, key: str
) -> None:
    body = emulator.body("apiframe", **{key: f"{listener.url}/hook?x=1"}, number_of_images=2)
    job = emulator.submit("apiframe", body).json()["jobId"]
    posted = listener.next()
    shown = _job(emulator, job)

    assert posted.path == "/hook?x=1"
    assert posted.headers["x-webhook-event"] == "completed"
    assert posted.headers["content-type"] == "application/json"
    assert _signed(posted, SECRET)
    assert json.loads(posted.body) == {
        "event": "completed",
        "jobId": job,
        "status": "COMPLETED",
        "progress": 100,
        "result": shown["result"],
        "model": "gpt-image-2",
        "creditCost": 46,
        "completedAt": shown["completedAt"],
    }
    assert len(shown["result"]["images"]) == 2
    assert _status(emulator, job) == "delivered"
    assert listener.silent()


def test_a_job_that_fails_is_told(emulator: Emulator, listener: Listener) -> None:
    emulator.switch("apiframe", "failed_job")
    job = _submit(emulator, listener)
    posted = listener.next()
    told = json.loads(posted.body)

    assert posted.headers["x-webhook-event"] == told["event"] == "failed"
    assert (told["jobId"], told["status"], told["result"]) == (job, "FAILED", None)
    assert told["creditCost"] == 0
    assert _status(emulator, job) == "delivered"


def test_only_the_events_asked_for_are_sent(emulator: Emulator, listener: Listener) -> None:
    _submit(emulator, listener, webhookEvents=["failed"])
    _submit(emulator, listener, webhookEvents=[])
    assert listener.silent()

    _submit(emulator, listener, webhookEvents=["progress", "completed"])
    told = [json.loads(listener.next().body) for _ in range(3)]

    assert [one["event"] for one in told] == ["progress", "progress", "completed"]
    assert [one["status"] for one in told] == ["PROCESSING", "PROCESSING", "COMPLETED"]
    assert [one["progress"] for one in told] == [15, 50, 100]
    assert [one["completedAt"] is None for one in told] == [True, True, False]


def test_an_event_is_repeated_until_it_is_received(emulator: Emulator, listener: Listener) -> None:
    listener.statuses[:] = [500, 404]
    job = _submit(emulator, listener)
    attempts = [listener.next() for _ in range(3)]

    assert len({attempt.body for attempt in attempts}) == 1
    assert _status(emulator, job) == "delivered"
    assert listener.silent()


def test_after_three_attempts_a_webhook_has_failed(emulator: Emulator, listener: Listener) -> None:
    listener.statuses[:] = [500, 302, 500]
    job = _submit(emulator, listener)

    assert _status(emulator, job) == "failed"
    assert len([listener.next() for _ in range(3)]) == 3
    assert listener.silent()


@pytest.mark.parametrize(
    ("url", "status"),
    [("http://127.0.0.1:1/hook", "failed"), ("https://hook.test/", "failed"), (None, None)],
)
def test_a_server_that_cannot_be_called_is_not_told(
    emulator: Emulator, url: str | None, status: str | None
) -> None:
    reply = emulator.submit("apiframe", emulator.body("apiframe", webhook_url=url))
    job = reply.json()["jobId"]

    assert _status(emulator, job) == status
    assert _job(emulator, job)["status"] == "COMPLETED"


@pytest.mark.parametrize("value", ["", "hook", "ftp://127.0.0.1/hook", "file:///etc/passwd", 5])
@pytest.mark.parametrize("key", ["webhook_url", "webhookUrl"])
def test_a_webhook_needs_an_http_address(emulator: Emulator, key: str, value: object) -> None:
    reply = emulator.submit("apiframe", emulator.body("apiframe", **{key: value}))

    assert reply.status_code == 400
    assert set(reply.json()["details"]) == {key}
    assert emulator.ledger("apiframe")["entries"][0]["rule"] == "webhook_url.format"


@pytest.mark.parametrize("value", ["completed", ["started"], [None], [{}], {"completed": True}])
def test_webhook_events_are_a_list_of_three_words(emulator: Emulator, value: object) -> None:
    reply = emulator.submit("apiframe", emulator.body("apiframe", webhookEvents=value))

    assert reply.status_code == 400
    assert set(reply.json()["details"]) == {"webhookEvents"}


def test_only_the_three_names_of_loopback_are_called(
    emulator: Emulator, listener: Listener
) -> None:
    url = listener.url.replace("127.0.0.1", "127.1")
    reply = emulator.submit("apiframe", emulator.body("apiframe", webhook_url=url))

    assert _status(emulator, reply.json()["jobId"]) == "failed"
    assert listener.silent()


def test_an_address_that_is_none_is_not_called_where_its_rule_is_off(emulator: Emulator) -> None:
    emulator.switch("apiframe", "ignore:webhook_url.format")
    reply = emulator.submit("apiframe", emulator.body("apiframe", webhook_url="file:///a"))

    assert _status(emulator, reply.json()["jobId"]) == "failed"


def test_a_replayed_submission_is_not_told_twice(emulator: Emulator, listener: Listener) -> None:
    body = emulator.body("apiframe", webhook_url=f"{listener.url}/hook")
    for _ in range(2):
        emulator.submit("apiframe", body, **{"idempotency-key": "a"})

    listener.next()
    assert listener.silent()


def test_the_key_of_the_signature_is_the_digest_of_the_key_in_either_header(
    emulator: Emulator, listener: Listener
) -> None:
    body = emulator.body("apiframe", webhook_url=f"{listener.url}/hook")
    emulator.submit("apiframe", body, **{"x-api-key": "another-key"})

    assert _signed(listener.next(), hashlib.sha256(b"another-key").digest())


def test_in_a_variant_the_key_of_the_signature_is_hexadecimal_text(
    other: Serve, listener: Listener
) -> None:
    arguments = ("--time-scale", "0", "--variant", "apiframe:webhook_hex")
    with other(*arguments) as emulator:
        _submit(emulator, listener)

        assert _signed(listener.next(), hashlib.sha256(b"any-key").hexdigest().encode())


def test_a_webhook_is_pending_until_its_job_ends(other: Serve, listener: Listener) -> None:
    with other("--time-scale", "1") as emulator:
        job = _submit(emulator, listener)

        assert _job(emulator, job)["webhookStatus"] == "pending"
        assert listener.silent()


def _submitted_job(
    *faults: str, time_scale: float
) -> tuple[ProviderState, EmulatedJob, WebhookTarget]:
    """A state with one job of 20 s, which was submitted under these faults."""
    state = ProviderState(
        "apiframe", "credit", settings=Settings(time_scale=time_scale), pictures=ImageCache()
    )
    state.set_faults(frozenset(faults))
    told = webhook_of("http://127.0.0.1:1/", USUAL_EVENTS, "key", state.faults, as_text=False)
    job = EmulatedJob(
        id="a", start_s=100.0, created_at=5000.0, duration_s=20.0, price=1.0, base_url="",
        webhook=told, faults=state.faults,
    )  # fmt: skip
    state.jobs[job.id] = job
    return state, job, told


@pytest.mark.parametrize("forgotten", [True, False])
def test_a_reset_silences_the_jobs_it_forgets(*, forgotten: bool) -> None:
    state, job, told = _submitted_job(time_scale=0.0)
    job.start_s, job.duration_s = 0.0, 0.0  # it is over, and its event is due
    worded: list[str] = []

    def word(job: EmulatedJob, delivery: Delivery) -> dict[str, object]:
        worded.append(f"{job.id} {delivery.event}")
        return {}

    async def submitted() -> None:
        telling = asyncio.create_task(deliver(state, job, told, word))
        if forgotten:
            state.reset()
        await telling

    asyncio.run(submitted())

    assert worded == ([] if forgotten else ["a completed"])


def test_every_webhook_fault_is_tested_here() -> None:
    assert {fault.name for fault in catalogue() if fault.breaks == "webhook"} == {
        "webhook_missing",
        "webhook_late",
        "webhook_repeated",
        "webhook_forged",
        "webhook_unsigned",
        "webhook_wrong_job",
        "webhook_before_end",
    }


def test_a_missing_webhook_stays_pending(emulator: Emulator, listener: Listener) -> None:
    emulator.switch("apiframe", "webhook_missing")
    job = _submit(emulator, listener, webhookEvents=["progress", "completed"])

    assert listener.silent()
    shown = _job(emulator, job)
    assert (shown["status"], shown["webhookStatus"]) == ("COMPLETED", "pending")


def test_a_late_webhook_comes_a_scaled_minute_after_the_end(
    other: Serve, listener: Listener
) -> None:
    with other("--time-scale", "0.01", "--fault", "apiframe:webhook_late") as emulator:
        _submit(emulator, listener, gptImage2Params={"quality": "low"})
        told = json.loads(listener.next().body)

        ended_s = datetime.fromisoformat(told["completedAt"]).timestamp()
        assert time.time() - ended_s > 0.6


@pytest.mark.parametrize(
    ("fault", "due_s"),
    [("webhook_late", 100.0 + 20.0 + 0.1 + 120.0), ("webhook_before_end", 100.0 + 3.0 + 0.1)],
)
def test_when_an_event_is_due_depends_on_nothing_but_the_scaled_time(
    fault: str, due_s: float
) -> None:
    state, job, told = _submitted_job(fault, time_scale=2.0)

    (delivery,) = planned(state, job, told)

    assert delivery.due_s == pytest.approx(due_s)
    if job.completed_early:
        assert (
            Apiframe(state).event_body(job, delivery)["completedAt"] == "1970-01-01T01:23:23.100Z"
        )


def test_a_repeated_webhook_comes_twice_alike(emulator: Emulator, listener: Listener) -> None:
    emulator.switch("apiframe", "webhook_repeated")
    _submit(emulator, listener)
    first, second = listener.next(), listener.next()

    assert first == second
    assert _signed(first, SECRET)
    assert listener.silent()


def test_a_forged_webhook_is_signed_with_another_key(
    emulator: Emulator, listener: Listener
) -> None:
    emulator.switch("apiframe", "webhook_forged")
    job = _submit(emulator, listener)
    posted = listener.next()

    assert posted.headers["x-webhook-signature"].startswith("sha256=")
    assert not _signed(posted, SECRET)
    assert json.loads(posted.body)["jobId"] == job


def test_an_unsigned_webhook_has_no_signature(emulator: Emulator, listener: Listener) -> None:
    emulator.switch("apiframe", "webhook_unsigned")
    job = _submit(emulator, listener)
    posted = listener.next()

    assert "x-webhook-signature" not in posted.headers
    assert json.loads(posted.body)["jobId"] == job


def test_a_webhook_about_a_wrong_job_is_rightly_signed(
    emulator: Emulator, listener: Listener
) -> None:
    emulator.switch("apiframe", "webhook_wrong_job")
    job = _submit(emulator, listener)
    posted = listener.next()
    told = json.loads(posted.body)

    assert _signed(posted, SECRET)
    assert told["jobId"] != job
    assert emulator.poll("apiframe", told["jobId"]).status_code == 404
    assert told["result"] != _job(emulator, job)["result"]
    assert [emulator.client.get(url).status_code for url in told["result"]["images"]] == [404]


@pytest.mark.parametrize("scale", ["0", "0.02"])
def test_a_webhook_before_the_end_comes_while_the_job_is_in_progress(
    other: Serve, listener: Listener, scale: str
) -> None:
    with other("--time-scale", scale, "--fault", "apiframe:webhook_before_end") as emulator:
        job = _submit(emulator, listener)
        posted = listener.next()
        told, shown = json.loads(posted.body), _job(emulator, job)

        assert _signed(posted, SECRET)
        assert (told["event"], told["status"], told["jobId"]) == ("completed", "COMPLETED", job)
        assert (shown["status"], shown["result"]) == ("PROCESSING", None)
        while (shown := _job(emulator, job))["status"] == "PROCESSING":
            assert shown["progress"] < 100
            time.sleep(0.01)
        assert shown["result"] == told["result"]
        assert (told["completedAt"] < shown["completedAt"]) is (scale != "0")
        assert listener.silent()
