"""Apiframe's Idempotency-Key: what is the same submission, and for how long."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from harness.emulator.faults.catalogue import ActiveFaults
from harness.emulator.idempotency import OtherBodyError, Submission, earlier, remember
from harness.emulator.jobs import EmulatedJob
from harness.emulator.pictures import ImageCache
from harness.emulator.state import ProviderState, Settings

if TYPE_CHECKING:
    from tests.emulator.conftest import Emulator


def _submit(emulator: Emulator, key: str, prompt: str = "a cat", **headers: str) -> httpx.Response:
    body = emulator.body("apiframe", prompt=prompt)
    return emulator.submit("apiframe", body, **{"idempotency-key": key, **headers})


def test_the_same_key_and_body_show_the_same_job_and_charge_it_once(emulator: Emulator) -> None:
    replies = [_submit(emulator, "a") for _ in range(3)]

    assert [reply.status_code for reply in replies] == [202, 202, 202]
    assert len({reply.json()["jobId"] for reply in replies}) == 1
    totals = emulator.ledger("apiframe")["totals"]
    assert (totals["amount"], totals["images"]) == (23, 1)


def test_the_order_of_keys_in_a_body_says_nothing(emulator: Emulator) -> None:
    url = f"{emulator.urls['apiframe']}/v2/images/generate"
    headers = {"idempotency-key": "a"}
    first, second = (
        emulator.client.post(url, content=raw, headers=headers).json()
        for raw in (
            b'{"model": "gpt-image-2", "prompt": "a cat"}',
            b'{"prompt":"a cat","model":"gpt-image-2"}',
        )
    )

    assert first == second


def test_the_same_key_with_another_body_is_a_conflict(emulator: Emulator) -> None:
    job = _submit(emulator, "a").json()
    conflict = _submit(emulator, "a", "a dog")

    assert conflict.status_code == 409
    assert set(conflict.json()) == {"error"}
    assert _submit(emulator, "a").json() == job
    entry = emulator.ledger("apiframe")["entries"][1]
    assert (entry["outcome"], entry["rule"]) == ("refused", "idempotency_key.conflict")
    assert entry["cost"]["amount"] == 0


def test_other_keys_other_clients_and_no_key_make_jobs_of_their_own(emulator: Emulator) -> None:
    replies = [
        _submit(emulator, "a"),
        _submit(emulator, "b"),
        _submit(emulator, "a", **{"x-api-key": "another"}),
        emulator.submit("apiframe", emulator.body("apiframe")),
        emulator.submit("apiframe", emulator.body("apiframe")),
        _submit(emulator, ""),
        _submit(emulator, ""),
    ]

    assert len({reply.json()["jobId"] for reply in replies}) == len(replies)


def test_the_same_client_is_known_in_either_header(emulator: Emulator) -> None:
    bearer = _submit(emulator, "a").json()
    header = _submit(emulator, "a", **{"x-api-key": "any-key", "authorization": ""}).json()

    assert bearer == header


@pytest.mark.parametrize(("length", "status"), [(255, 202), (256, 400)])
def test_a_key_has_at_most_255_characters(emulator: Emulator, length: int, status: int) -> None:
    assert _submit(emulator, "k" * length).status_code == status


def test_a_refused_submission_leaves_its_key_free(emulator: Emulator) -> None:
    assert _submit(emulator, "a", "").status_code == 400
    assert _submit(emulator, "a").status_code == 202


def test_simultaneous_submissions_make_one_job(emulator: Emulator) -> None:
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: _submit(emulator, "a").json()["jobId"], range(16)))

    assert len(set(replies)) == 1
    assert emulator.ledger("apiframe")["totals"]["amount"] == 23


def test_a_job_that_failed_is_shown_again_too(emulator: Emulator) -> None:
    emulator.switch("apiframe", "failed_job")
    job = _submit(emulator, "a").json()
    emulator.switch("apiframe")

    assert _submit(emulator, "a").json() == job
    assert emulator.poll("apiframe", job["jobId"]).json()["status"] == "FAILED"


def test_under_the_fault_the_same_key_makes_and_charges_a_second_job(emulator: Emulator) -> None:
    emulator.switch("apiframe", "idempotency_ignored")
    first, second = _submit(emulator, "a"), _submit(emulator, "a")
    other = _submit(emulator, "a", "a dog")

    assert first.json()["jobId"] != second.json()["jobId"]
    assert other.status_code == 202
    assert emulator.ledger("apiframe")["totals"]["amount"] == 3 * 23


def test_after_24_hours_a_key_is_new_again() -> None:
    state = ProviderState(
        "apiframe", "credit", settings=Settings(time_scale=0.0), pictures=ImageCache()
    )
    job = EmulatedJob(
        id="a", start_s=state.now_s(), created_at=0.0, duration_s=1.0, price=1.0,
        base_url="",
    )  # fmt: skip
    submission = Submission(api_key="k", key="a", body={"prompt": "a cat"})
    state.jobs[job.id] = job
    remember(state, submission, job)

    assert earlier(state, submission) is job
    with pytest.raises(OtherBodyError):
        earlier(state, Submission(api_key="k", key="a", body={}))
    job.start_s -= 86_399
    assert earlier(state, submission) is job
    job.start_s -= 2
    assert earlier(state, submission) is None
    assert earlier(state, Submission(api_key="k", key="a", body={})) is None
    assert state.faults == ActiveFaults()
