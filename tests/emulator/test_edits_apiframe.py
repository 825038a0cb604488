"""Apiframe's jobs that start from images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.emulator import validate
from harness.emulator.faults.catalogue import catalogue
from tests.emulator.listener import image, listening

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.emulator.conftest import Emulator
    from tests.emulator.listener import Listener

ELSEWHERE = "https://a.test/1.png"

BREAKS: dict[str, object] = {
    "images.format": [5],
    "images.count": [ELSEWHERE] * 17,
    "images.url_only": "data:image/png;base64,AAAA",
}
EDGES: dict[str, object] = {"images.count": [ELSEWHERE] * 16}
EDITING = [f for f in catalogue() if f.provider == "apiframe" and f.operations == ("edit",)]
RULES = [f.breaks for f in EDITING if f.name.startswith("ignore:")]
TIGHTENED = [f.breaks for f in EDITING if f.name.startswith("strict:")]


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


def _body(emulator: Emulator, images: object, **inner: object) -> dict[str, Any]:
    return emulator.body("apiframe", gptImage2Params={"input_images": images} | inner)


def _job(emulator: Emulator, images: object, **inner: object) -> dict[str, Any]:
    reply = emulator.submit("apiframe", _body(emulator, images, **inner))
    assert reply.status_code == 202
    job: dict[str, Any] = emulator.poll("apiframe", reply.json()["jobId"]).json()
    return job


@pytest.mark.parametrize("images", [ELSEWHERE, [ELSEWHERE], [ELSEWHERE] * 16, None])
def test_references_are_one_address_or_a_list_or_null(emulator: Emulator, images: object) -> None:
    job = _job(emulator, images, quality="low", aspect_ratio="3:2", number_of_images=2)

    assert (job["status"], job["creditCost"], job["error"]) == ("COMPLETED", 8, None)
    assert [emulator.image(url) for url in job["result"]["images"]] == [("webp", (1536, 1024))] * 2
    assert job["input"]["gptImage2Params"]["input_images"] == images


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_of_edits_is_enforced_until_it_is_ignored(emulator: Emulator, rule: str) -> None:
    body = _body(emulator, BREAKS[rule])
    refused = emulator.submit("apiframe", body)
    emulator.switch("apiframe", f"ignore:{rule}")
    accepted = emulator.submit("apiframe", body)

    assert (refused.status_code, accepted.status_code) == (400, 202)
    assert set(refused.json()["details"]) == {"gptImage2Params.input_images"}
    rules = [entry["rule"] for entry in emulator.ledger("apiframe")["entries"]]
    assert rules == [rule, None]


@pytest.mark.parametrize("rule", TIGHTENED)
def test_a_boundary_of_edits_is_accepted_until_the_rule_is_strict(
    emulator: Emulator, rule: str
) -> None:
    body = _body(emulator, EDGES[rule])
    accepted = emulator.submit("apiframe", body)
    emulator.switch("apiframe", f"strict:{rule}")
    refused = emulator.submit("apiframe", body)

    assert (accepted.status_code, refused.status_code) == (202, 400)
    assert emulator.ledger("apiframe")["entries"][-1]["rule"] == rule


@pytest.mark.parametrize(
    ("images", "rule"),
    [
        ([], "images.count"),
        ("", "images.url_only"),
        ("iVBORw0KGgo=", "images.url_only"),
        (["file:///a.png"], "images.url_only"),
        ({"url": ELSEWHERE}, "images.format"),
        ([ELSEWHERE, None], "images.format"),
        (ELSEWHERE, None),
    ],
)
def test_edits_and_generations_have_the_same_rules(
    emulator: Emulator, images: object, rule: str | None
) -> None:
    for operation in ("edit", "generate"):
        assert validate("apiframe", operation, _body(emulator, images)) == rule


def test_a_reference_on_loopback_that_is_there_is_used(
    emulator: Emulator, listener: Listener
) -> None:
    url = listener.put("a.png", image("png"))

    assert _job(emulator, [url, ELSEWHERE, url])["status"] == "COMPLETED"
    assert listener.asked == ["/a.png"]


def test_a_job_whose_reference_cannot_be_fetched_fails_and_is_free(
    emulator: Emulator, listener: Listener
) -> None:
    url = f"{listener.url}/nobody.png"
    job = _job(emulator, url)

    assert (job["status"], job["creditCost"], job["result"]) == ("FAILED", 0, None)
    assert url in job["error"]
    totals = emulator.ledger("apiframe")["totals"]
    assert (totals["images"], totals["amount"]) == (0, 0)


def test_such_a_job_is_charged_where_that_is_the_fault(
    emulator: Emulator, listener: Listener
) -> None:
    emulator.switch("apiframe", "charge_failed_job")

    assert _job(emulator, f"{listener.url}/nobody.png")["creditCost"] == 23
