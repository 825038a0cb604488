"""Buble's uploads, and the jobs that start from images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from harness.emulator import validate
from harness.emulator.faults.catalogue import catalogue
from tests.emulator.listener import Padded, image, listening
from tests.loopback import ANY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.emulator.conftest import Emulator
    from tests.emulator.listener import Listener

ELSEWHERE = "https://a.test/1.png"
TEN_MB = 10 * 2**20
GIF, JPEG, PNG, WEBP = image("gif"), image("jpeg"), image("png"), image("webp")
HALF = PNG[: len(PNG) // 2]
LARGE = bytes(Padded(PNG, TEN_MB + 1))
GOOD = {"png": PNG, "jpeg": JPEG, "webp": WEBP}
BAD = {"gif": GIF, "half": HALF, "text": b"no image", "large": LARGE}

# The changes to an edit's body, or the file of an upload, that break one rule and no other.
BREAKS: dict[str, dict[str, Any] | bytes] = {
    "images.required": {"image_urls": None},
    "images.only_with": {"mode": "text_to_image"},
    "images.count": {"image_urls": [ELSEWHERE] * 17},
    "images.format": {"image_urls": [5]},
    "images.url_only": {"image_urls": ["data:image/png;base64,AAAA"]},
    "images.media_type": GIF,
    "images.max_bytes": LARGE,
}
EDGES: dict[str, dict[str, Any] | bytes] = {
    "images.count": {"image_urls": [ELSEWHERE] * 16},
    "images.media_type": JPEG,
    "images.max_bytes": bytes(Padded(PNG, 9_999_999)),
}
EDITING = [f for f in catalogue() if f.provider == "buble" and f.operations == ("edit",)]
RULES = [f.breaks for f in EDITING if f.name.startswith("ignore:")]
TIGHTENED = [f.breaks for f in EDITING if f.name.startswith("strict:")]


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


def _upload(emulator: Emulator, data: bytes, **fields: str) -> httpx.Response:
    files = {"file": ("cat.png", data, "image/png")}
    return emulator.client.post(f"{emulator.urls['buble']}/api/v1/files", data=fields, files=files)


def _edit(emulator: Emulator, *urls: str) -> httpx.Response:
    body = emulator.body("buble", mode="image_to_image", image_urls=list(urls))
    return emulator.submit("buble", body)


def _attempt(emulator: Emulator, attempt: dict[str, Any] | bytes) -> httpx.Response:
    if isinstance(attempt, bytes):
        return _upload(emulator, attempt)
    body = {"mode": "image_to_image", "image_urls": [ELSEWHERE]} | attempt
    return emulator.submit("buble", emulator.body("buble", **body))


def _polled(emulator: Emulator, reply: httpx.Response) -> dict[str, Any]:
    data: dict[str, Any] = emulator.poll("buble", reply.json()["data"]["id"]).json()["data"]
    return data


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_of_edits_is_enforced_until_it_is_ignored(emulator: Emulator, rule: str) -> None:
    refused = _attempt(emulator, BREAKS[rule])
    emulator.switch("buble", f"ignore:{rule}")
    accepted = _attempt(emulator, BREAKS[rule])

    assert refused.status_code in (400, 413, 415, 422)
    assert accepted.status_code == 200
    rules = [entry["rule"] for entry in emulator.ledger("buble")["entries"]]
    assert rules == [rule, None]


@pytest.mark.parametrize("rule", TIGHTENED)
def test_a_boundary_of_edits_is_accepted_until_the_rule_is_strict(
    emulator: Emulator, rule: str
) -> None:
    accepted = _attempt(emulator, EDGES[rule])
    emulator.switch("buble", f"strict:{rule}")
    refused = _attempt(emulator, EDGES[rule])

    assert accepted.status_code == 200
    assert refused.status_code in (400, 413, 415, 422)
    assert emulator.ledger("buble")["entries"][-1]["rule"] == rule


@pytest.mark.parametrize("encoding", list(GOOD))
def test_an_upload_costs_nothing_and_can_be_downloaded_without_a_key(
    emulator: Emulator, encoding: str
) -> None:
    data = GOOD[encoding]
    file = _upload(emulator, data, file_type="image", mode="image_to_image").json()["data"]
    download = ANY.get(file["url"])

    assert download.content == data
    assert download.headers["content-type"] == f"image/{encoding}"
    del file["url"], file["key"]
    assert file == {
        "object": "file",
        "provider": "r2",
        "file_type": "image",
        "content_type": f"image/{encoding}",
        "size": len(data),
        "filename": "cat.png",
    }
    (entry, _) = emulator.ledger("buble")["entries"]
    assert (entry["outcome"], entry["images"], entry["cost"]["amount"]) == ("upload", 0, 0)


@pytest.mark.parametrize(
    ("name", "status", "code", "rule"),
    [
        ("gif", 415, "unsupported_file_format", "images.media_type"),
        ("half", 415, "unsupported_file_format", "images.format"),
        ("text", 415, "unsupported_file_format", "images.format"),
        ("large", 413, "file_too_large", "images.max_bytes"),
    ],
)
def test_a_bad_file_is_refused_by_its_bytes(
    emulator: Emulator, name: str, status: int, code: str, rule: str
) -> None:
    reply = _upload(emulator, BAD[name])

    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)
    (entry,) = emulator.ledger("buble")["entries"]
    assert (entry["outcome"], entry["rule"], entry["cost"]["amount"]) == ("refused", rule, 0)


@pytest.mark.parametrize(
    ("size_bytes", "fields", "faults", "status"),
    [
        (TEN_MB, {}, [], 200),
        (TEN_MB, {"model": "openai/gpt-image-2"}, [], 200),
        (TEN_MB + 1, {"model": "openai/gpt-image-2"}, [], 413),
        (TEN_MB + 1, {"model": "another/model"}, [], 200),
        (9_999_998, {}, ["strict:images.max_bytes"], 200),
        (9_999_999, {}, ["strict:images.max_bytes"], 413),
    ],
)
def test_the_limit_of_a_file_is_ten_times_two_to_the_twentieth(
    emulator: Emulator, size_bytes: int, fields: dict[str, str], faults: list[str], status: int
) -> None:
    emulator.switch("buble", *faults)

    assert _upload(emulator, bytes(Padded(PNG, size_bytes)), **fields).status_code == status


def test_ignoring_the_format_lets_a_truncated_file_through_and_nothing_else(
    emulator: Emulator,
) -> None:
    emulator.switch("buble", "ignore:images.format")

    assert _upload(emulator, HALF).status_code == 200
    assert _upload(emulator, GIF).status_code == 415


def test_a_form_without_a_file_is_refused(emulator: Emulator) -> None:
    url = f"{emulator.urls['buble']}/api/v1/files"
    texts = emulator.client.post(url, files={"file": (None, "a text")})
    no_form = emulator.client.post(url, json={"file": "a"})
    video = _upload(emulator, PNG, file_type="video")

    for reply in (texts, no_form):
        assert reply.status_code == 400
        assert reply.json()["error"]["code"] == "missing_file"
    assert video.status_code == 415
    assert video.json()["error"]["code"] == "unsupported_file_type"


@pytest.mark.parametrize("fault", ["quota", "moderation"])
def test_an_upload_needs_no_credit_and_has_no_prompt(emulator: Emulator, fault: str) -> None:
    emulator.switch("buble", fault)

    assert _upload(emulator, PNG).status_code == 200
    assert _edit(emulator, ELSEWHERE).status_code in (402, 422)


def test_an_upload_needs_a_key(emulator: Emulator) -> None:
    reply = ANY.post(f"{emulator.urls['buble']}/api/v1/files", files={"file": PNG})

    assert reply.status_code == 401


def test_an_edit_of_an_uploaded_file_is_made_and_charged(emulator: Emulator) -> None:
    urls = [_upload(emulator, data).json()["data"]["url"] for data in (PNG, JPEG)]
    job = _polled(emulator, _edit(emulator, *urls))

    assert (job["status"], job["mode"], job["cost_credits"]) == ("success", "image_to_image", 1)
    assert emulator.image(job["result"]["images"][0]["url"]) == ("png", (1280, 720))
    outcomes = [entry["outcome"] for entry in emulator.ledger("buble")["entries"]]
    assert outcomes == ["upload", "upload", "accepted", "poll", "download"]


def test_references_elsewhere_are_taken_to_be_fine(emulator: Emulator) -> None:
    assert _polled(emulator, _edit(emulator, *[ELSEWHERE] * 16))["status"] == "success"


def test_a_reference_on_loopback_is_fetched_once(emulator: Emulator, listener: Listener) -> None:
    url = listener.put("a.webp", WEBP)

    assert _polled(emulator, _edit(emulator, url, ELSEWHERE, url))["status"] == "success"
    assert listener.asked == ["/a.webp"]


@pytest.mark.parametrize("kind", ["missing", "closed port", "moved away", "own"])
def test_a_job_whose_reference_cannot_be_fetched_fails_and_is_free(
    emulator: Emulator, listener: Listener, kind: str
) -> None:
    # This name of the same server is none of those that count as loopback.
    listener.moved["/away"] = listener.put("a.png", PNG).replace("127.0.0.1", "127.1")
    url = {
        "missing": f"{listener.url}/nobody.png",
        "closed port": "http://127.0.0.1:1/a.png",
        "moved away": f"{listener.url}/away",
        "own": f"{emulator.urls['buble']}/cdn/nobody.png",
    }[kind]
    reply = _edit(emulator, ELSEWHERE, url)
    job = _polled(emulator, reply)

    assert reply.status_code == 200
    assert (job["status"], job["cost_credits"], job["result"]) == ("failed", 0, None)
    assert job["error"] == {"code": "generation_failed", "message": "Generation failed."}
    ledger = emulator.ledger("buble")
    assert [entry["outcome"] for entry in ledger["entries"]] == ["accepted", "poll"]
    assert (ledger["totals"]["images"], ledger["totals"]["amount"]) == (0, 0)


def test_a_reference_that_moved_on_loopback_is_followed(
    emulator: Emulator, listener: Listener
) -> None:
    listener.moved["/moved"] = listener.put("there.png", PNG)

    assert _polled(emulator, _edit(emulator, f"{listener.url}/moved"))["status"] == "success"


@pytest.mark.parametrize(
    ("name", "status", "rule"),
    [
        ("gif", 415, "images.media_type"),
        ("half", 415, "images.format"),
        ("large", 413, "images.max_bytes"),
    ],
)
def test_a_bad_file_behind_a_loopback_address_is_refused_like_an_upload(
    emulator: Emulator, listener: Listener, name: str, status: int, rule: str
) -> None:
    url = listener.put("bad.png", BAD[name])
    refused = _edit(emulator, ELSEWHERE, url)
    emulator.switch("buble", f"ignore:{rule}")
    served = _edit(emulator, ELSEWHERE, url)

    assert (refused.status_code, served.status_code) == (status, 200)
    assert [entry["rule"] for entry in emulator.ledger("buble")["entries"]] == [rule, None]


def test_validate_judges_the_body_and_the_form_of_an_edit(emulator: Emulator) -> None:
    body = emulator.body("buble", mode="image_to_image", image_urls=[])
    file = {"data": GIF, "media_type": "image/png", "filename": "a.png"}

    assert validate("buble", "edit", body) == "images.count"
    assert validate("buble", "edit", body | {"image_urls": [ELSEWHERE]}) is None
    assert validate("buble", "edit", {"fields": {}, "files": {"file": [file]}}) == (
        "images.media_type"
    )
    good = file | {"data": PNG}
    assert validate("buble", "edit", {"fields": {}, "files": {"file": [good]}}) is None


def test_both_lists_of_models_name_the_modes(emulator: Emulator) -> None:
    for path in ("models", "media_models"):
        reply = emulator.client.get(f"{emulator.urls['buble']}/api/v1/{path}").json()

        assert reply["data"][0]["model"] == "openai/gpt-image-2"
        assert [one["mode"] for one in reply["data"][0]["operations"]] == [
            "text_to_image",
            "image_to_image",
        ]
