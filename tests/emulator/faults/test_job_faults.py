"""What the faults of hidden limits, of alpha and of odd jobs change, over the socket."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from harness.emulator.faults.catalogue import catalogue
from tests.emulator.conftest import POLL

if TYPE_CHECKING:
    from tests.emulator.conftest import Emulator

JOBS = ("buble", "apiframe")
DONE = {"buble": "success", "apiframe": "COMPLETED"}
FAMILIES = ("alpha", "hidden_limit")
MOMENTS = {
    *("quota_per_minute", "slow_large_images", "background_ignored", "job_passes_unknown_state"),
    *("first_poll_missing", "result_missing_at_first"),
}


def _job(emulator: Emulator, provider: str) -> str:
    reply = emulator.submit(provider, emulator.body(provider)).json()
    return str(reply["data"]["id"] if provider == "buble" else reply["jobId"])


def _poll(emulator: Emulator, provider: str, job: str) -> dict[str, Any]:
    polled: dict[str, Any] = emulator.poll(provider, job).json()
    return polled["data"] if provider == "buble" else polled


def _shares(emulator: Emulator, provider: str, **changes: Any) -> list[float]:  # noqa: ANN401
    """The share of each image's pixels that are not opaque."""
    reply = emulator.submit(provider, emulator.body(provider, **changes)).json()
    texts = [image["b64_json"] for image in reply["data"]]
    shares = []
    for text in texts:
        with Image.open(io.BytesIO(base64.b64decode(text))) as image:
            counts = image.convert("RGBA").getchannel("A").histogram()
            shares.append(sum(counts[:255]) / sum(counts))
    return shares


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_an_opaque_image_is_opaque_until_it_is_spoilt(emulator: Emulator, kind: str) -> None:
    asked = {"background": "opaque", "output_format": kind}
    plain = _shares(emulator, "sub2api", **asked)
    emulator.switch("sub2api", "opaque_with_transparency")

    assert plain == [0.0]
    assert 0 < _shares(emulator, "sub2api", **asked)[0] < 1
    assert _shares(emulator, "sub2api", output_format=kind) == [0.0]


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_a_transparent_image_is_clear_until_it_is_ignored(emulator: Emulator, kind: str) -> None:
    asked = {"background": "transparent", "output_format": kind, "response_format": "b64_json"}
    plain = _shares(emulator, "aimlapi", **asked)
    emulator.switch("aimlapi", "background_ignored")

    assert 0 < plain[0] < 1
    assert _shares(emulator, "aimlapi", **asked) == [0.0]


def test_the_reply_declares_the_other_ground(emulator: Emulator) -> None:
    asked = emulator.body("sub2api", background="opaque")
    plain = emulator.submit("sub2api", asked).json()
    emulator.switch("sub2api", "background_declared_other")
    spoilt = emulator.submit("sub2api", asked).json()

    assert (plain["background"], spoilt["background"]) == ("opaque", "transparent")


@pytest.mark.parametrize(
    "provider", ["buble", "sub2api", "apiframe", "nanobanana", "aimlapi", "openai"]
)
def test_every_third_submission_meets_a_quota_and_costs_nothing(
    emulator: Emulator, provider: str
) -> None:
    emulator.switch(provider, "quota_per_minute")
    replies = [emulator.submit(provider, emulator.body(provider)) for _ in range(6)]

    turned_away = [number for number, reply in enumerate(replies, 1) if reply.status_code == 429]
    assert turned_away == [3, 6]
    assert "5 images per minute" in replies[2].text
    assert replies[2].headers["x-ratelimit-limit-images"] == "5"
    costs = [entry["cost"]["amount"] for entry in emulator.ledger(provider)["entries"]]
    assert [cost for cost in costs if not cost] == [0, 0]


def test_edits_take_fewer_images_than_generations(emulator: Emulator) -> None:
    edited = {"input_images": "https://images.test/a.png"}
    base = emulator.body("apiframe")
    emulator.switch("apiframe", "edits_take_fewer_images")
    replies = [
        emulator.submit("apiframe", base | {"gptImage2Params": {"number_of_images": count, **more}})
        for count, more in ((10, {}), (4, edited), (5, edited))
    ]

    assert [reply.status_code for reply in replies] == [202, 202, 400]
    assert list(replies[2].json()["details"]) == ["gptImage2Params.number_of_images"]


@pytest.mark.parametrize("provider", JOBS)
def test_the_first_poll_shows_a_state_that_no_document_names(
    emulator: Emulator, provider: str
) -> None:
    emulator.switch(provider, "job_passes_unknown_state")
    job = _job(emulator, provider)
    states = [_poll(emulator, provider, job)["status"] for _ in range(3)]

    assert states[0].lower() == "upscaling"
    assert states[1:] == [DONE[provider]] * 2


@pytest.mark.parametrize("provider", JOBS)
def test_the_first_poll_does_not_find_the_job(emulator: Emulator, provider: str) -> None:
    emulator.switch(provider, "first_poll_missing")
    job = _job(emulator, provider)

    codes = [emulator.poll(provider, job).status_code for _ in range(3)]
    assert codes == [404, 200, 200]


@pytest.mark.parametrize("provider", JOBS)
def test_the_first_poll_tells_of_the_job_before(emulator: Emulator, provider: str) -> None:
    emulator.switch(provider, "poll_tells_other_job")
    first, second = _job(emulator, provider), _job(emulator, provider)

    told = [_poll(emulator, provider, job)["id"] for job in (first, second, second)]
    assert told == [first, first, second]


@pytest.mark.parametrize("provider", JOBS)
def test_a_result_is_missing_when_it_is_first_asked_for(emulator: Emulator, provider: str) -> None:
    emulator.switch(provider, "result_missing_at_first")
    job = _poll(emulator, provider, _job(emulator, provider))
    (listed,) = job["result"]["images"]
    url = listed["url"] if provider == "buble" else listed

    assert [emulator.client.get(url).status_code for _ in range(3)] == [404, 200, 200]
    assert url.startswith(emulator.urls[provider])
    assert POLL[provider]


def test_every_fault_of_this_kind_is_tested_here() -> None:
    names = {fault.name for fault in catalogue() if fault.family in FAMILIES}
    moments = {fault.name for fault in catalogue() if fault.breaks == "moments"}

    assert names == {
        *("opaque_with_transparency", "background_declared_other", "edits_take_fewer_images"),
    }
    assert moments == MOMENTS
