"""The life of a job at both providers that have them, and what spoils it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.emulator.faults.catalogue import catalogue
from tests.emulator.conftest import KEY, POLL, Emulator
from tests.loopback import loopback

if TYPE_CHECKING:
    from tests.emulator.conftest import Start

PROVIDERS = ["buble", "apiframe"]
WAITING = {"buble": "pending", "apiframe": "QUEUED"}
WORKING = {"buble": "processing", "apiframe": "PROCESSING"}
DONE = {"buble": "success", "apiframe": "COMPLETED"}
FAILED = {"buble": "failed", "apiframe": "FAILED"}


def _submit(emulator: Emulator, provider: str) -> str:
    reply = emulator.submit(provider, emulator.body(provider)).json()
    return str(reply["data"]["id"] if provider == "buble" else reply["jobId"])


def _poll(emulator: Emulator, provider: str, job: str) -> dict[str, Any]:
    polled: dict[str, Any] = emulator.poll(provider, job).json()
    return polled["data"] if provider == "buble" else polled


def _states(emulator: Emulator, provider: str, job: str, polls: int) -> list[str]:
    return [_poll(emulator, provider, job)["status"] for _ in range(polls)]


def _urls(provider: str, job: dict[str, Any]) -> list[str]:
    images = job["result"]["images"]
    return [image["url"] for image in images] if provider == "buble" else images


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_finished_job_stays_as_it_is(emulator: Emulator, provider: str) -> None:
    job = _submit(emulator, provider)
    first = _poll(emulator, provider, job)
    emulator.switch(provider, "failed_job", "outage")
    emulator.switch(provider, "stuck_job", "terminal_changes", "result_url_404", "job_lost")

    assert first["status"] == DONE[provider]
    assert [_poll(emulator, provider, job) for _ in range(4)] == [first] * 4


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("method", ["DELETE", "POST", "PUT", "PATCH"])
def test_a_job_cannot_be_cancelled(emulator: Emulator, provider: str, method: str) -> None:
    job = _submit(emulator, provider)
    reply = emulator.client.request(method, f"{emulator.urls[provider]}{POLL[provider]}{job}")
    cancel = emulator.client.post(f"{emulator.urls[provider]}{POLL[provider]}{job}/cancel")

    assert (reply.status_code, cancel.status_code) == (405, 404)
    assert set(reply.json()) == set(cancel.json()) == {"error"}
    assert _states(emulator, provider, job, 2) == [DONE[provider]] * 2


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_reset_forgets_a_job_and_nothing_else_does(emulator: Emulator, provider: str) -> None:
    job = _submit(emulator, provider)
    for fault in ("html_error", "quota", "auth_down", "reset"):
        emulator.switch(provider, fault)
    emulator.switch(provider)

    assert _states(emulator, provider, job, 1) == [DONE[provider]]
    emulator.reset()
    assert emulator.poll(provider, job).status_code == 404


def test_an_unknown_job_is_worded_as_each_provider_words_it(emulator: Emulator) -> None:
    buble, apiframe = (emulator.poll(provider, "nobody") for provider in PROVIDERS)

    assert (buble.status_code, buble.json()["error"]["code"]) == (404, "not_found")
    assert (apiframe.status_code, apiframe.json()) == (404, {"error": "Job not found"})


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(("fault", "end"), [(None, DONE), ("failed_job", FAILED)])
def test_a_restless_job_is_in_progress_at_its_second_poll_after_the_end(
    emulator: Emulator, provider: str, fault: str | None, end: dict[str, str]
) -> None:
    emulator.switch(provider, "terminal_changes", *([fault] if fault else []))
    states = _states(emulator, provider, _submit(emulator, provider), 4)

    assert states == [end[provider], WORKING[provider], end[provider], end[provider]]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_under_a_fault_every_id_is_a_job_that_waits(emulator: Emulator, provider: str) -> None:
    emulator.switch(provider, "unknown_job_200")
    replies = [emulator.poll(provider, "nobody") for _ in range(2)]
    known = _states(emulator, provider, _submit(emulator, provider), 1)

    assert [reply.status_code for reply in replies] == [200, 200]
    shown = _poll(emulator, provider, "nobody")
    assert (shown["id"], shown["status"], shown["result"]) == ("nobody", WAITING[provider], None)
    assert set(shown) == set(_poll(emulator, provider, _submit(emulator, provider)))
    assert known == [DONE[provider]]
    assert emulator.ledger(provider)["entries"][0]["job"] is None


@pytest.mark.parametrize("provider", PROVIDERS)
def test_under_a_fault_results_lead_nowhere(emulator: Emulator, provider: str) -> None:
    emulator.switch(provider, "result_url_404")
    lost = _poll(emulator, provider, _submit(emulator, provider))
    emulator.switch(provider)
    found = _poll(emulator, provider, _submit(emulator, provider))

    (lost_url,), (found_url,) = _urls(provider, lost), _urls(provider, found)
    assert emulator.client.get(lost_url).status_code == 404
    assert emulator.client.get(found_url).status_code == 200
    assert lost_url.rpartition(".")[2] == found_url.rpartition(".")[2]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_under_a_fault_a_finished_job_has_no_result(emulator: Emulator, provider: str) -> None:
    plain = _poll(emulator, provider, _submit(emulator, provider))
    emulator.switch(provider, "completed_without_result")
    hollow = _poll(emulator, provider, _submit(emulator, provider))

    assert plain["result"] is not None
    assert (hollow["status"], hollow["result"]) == (DONE[provider], None)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_under_a_fault_polls_tell_of_another_id_of_the_same_form(
    emulator: Emulator, provider: str
) -> None:
    job = _submit(emulator, provider)
    emulator.switch(provider, "poll_tells_another_id")
    told = _poll(emulator, provider, job)
    emulator.switch(provider)

    assert told["id"] != job
    assert len(told["id"]) == len(job)
    assert emulator.poll(provider, told["id"]).status_code == 404
    assert _poll(emulator, provider, job) == told | {"id": job}


def test_under_a_fault_a_job_is_taken_with_200(emulator: Emulator) -> None:
    plain = emulator.submit("apiframe", emulator.body("apiframe"))
    emulator.switch("apiframe", "submitted_with_200")
    other = emulator.submit("apiframe", emulator.body("apiframe"))

    assert (plain.status_code, other.status_code) == (202, 200)
    assert set(other.json()) == {"jobId", "status"}
    assert _poll(emulator, "apiframe", other.json()["jobId"])["status"] == DONE["apiframe"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_in_a_variant_polls_of_an_unfinished_job_carry_retry_after(
    start: Start, emulator: Emulator, provider: str
) -> None:
    variant = ("--variant", f"{provider}:retry_after")
    seen = {}
    for scale in ("0", "1"):
        with (
            start("--time-scale", scale, *variant) as (_, urls),
            loopback(authorization=KEY) as client,
        ):
            varied = Emulator(urls, client)
            reply = varied.poll(provider, _submit(varied, provider))
            seen[scale] = reply.headers.get("retry-after")
    emulator.switch(provider, "stuck_job")
    plain = emulator.poll(provider, _submit(emulator, provider))

    assert seen == {"0": None, "1": "5"}
    assert "retry-after" not in plain.headers


def test_every_fault_of_jobs_is_tested_here_or_with_idempotency() -> None:
    assert {fault.name for fault in catalogue() if fault.breaks == "jobs"} == {
        "terminal_changes",
        "unknown_job_200",
        "result_url_404",
        "idempotency_ignored",
        "poll_tells_other_job",
    }
