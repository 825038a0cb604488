"""Each provider's success path, envelopes and books, over its socket."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from harness.emulator.providers.buble import SIZES
from tests.loopback import ANY

if TYPE_CHECKING:
    from tests.emulator.conftest import Emulator

PROVIDERS = ["buble", "sub2api", "apiframe", "nanobanana", "aimlapi"]


@pytest.mark.parametrize(
    ("resolution", "ratio", "size"),
    [
        ("1K", "16:9", (1280, 720)),
        ("2K", "3:4", (1536, 2048)),
        ("4K", "1:1", (2880, 2880)),
        ("4K", "9:16", (2160, 3840)),
    ],
)
def test_buble_makes_a_png_of_the_asked_ratio(
    emulator: Emulator, resolution: str, ratio: str, size: tuple[int, int]
) -> None:
    job = emulator.job("buble", resolution=resolution, aspect_ratio=ratio)

    assert job["status"] == "success"
    assert emulator.image(job["result"]["images"][0]["url"]) == ("png", size)
    assert job["cost_credits"] == (2 if resolution == "4K" else 1)


def test_every_buble_size_has_its_ratio_and_fits_the_model() -> None:
    for (_, ratio), (width_px, height_px) in SIZES.items():
        across, down = map(int, ratio.split(":"))

        assert abs(width_px * down / (height_px * across) - 1) < 0.01
        assert width_px % 16 == height_px % 16 == 0
        assert max(width_px, height_px) <= 3840
        assert 655_360 <= width_px * height_px <= 8_294_400


@pytest.mark.parametrize("encoding", ["png", "jpeg", "webp"])
def test_sub2api_returns_n_images_of_the_asked_size_and_format(
    emulator: Emulator, encoding: str
) -> None:
    body = emulator.body("sub2api", size="1536x1024", n=3, output_format=encoding, quality="high")
    reply = emulator.submit("sub2api", body)
    data = reply.json()

    images = [base64.b64decode(item["b64_json"]) for item in data["data"]]
    assert [_decoded(image) for image in images] == [(encoding, (1536, 1024))] * 3
    assert (data["size"], data["quality"], data["output_format"]) == ("1536x1024", "high", encoding)
    usage = data["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert {"x-request-id", "openai-processing-ms"} <= set(reply.headers)
    assert data["data"][0]["revised_prompt"] == "a cat"


def test_sub2api_resolves_auto_and_wraps_a_url_as_data(emulator: Emulator) -> None:
    body = emulator.body("sub2api", size="auto", quality="auto", response_format="url")
    data = emulator.submit("sub2api", body).json()

    assert (data["size"], data["quality"]) == ("1024x1024", "medium")
    assert data["data"][0]["url"].startswith("data:image/png;base64,")


def test_sub2api_streams_partial_images_and_a_completed_one(emulator: Emulator) -> None:
    body = emulator.body("sub2api", stream=True, partial_images=2, size="1536x1024")
    reply = emulator.submit("sub2api", body)
    events = [block.split("\n", 1) for block in reply.text.strip().split("\n\n")]
    data = [json.loads(lines[1].removeprefix("data: ")) for lines in events]

    assert reply.headers["content-type"].startswith("text/event-stream")
    assert [lines[0] for lines in events] == [
        "event: image_generation.partial_image",
        "event: image_generation.partial_image",
        "event: image_generation.completed",
    ]
    assert [item.get("partial_image_index") for item in data] == [0, 1, None]
    assert _decoded(base64.b64decode(data[-1]["b64_json"])) == ("png", (1536, 1024))
    assert data[-1]["usage"]["output_tokens"] == 1372 + 200


def test_sub2api_takes_its_key_from_three_headers(emulator: Emulator) -> None:
    url = f"{emulator.urls['sub2api']}/v1/models"
    for headers in ({"x-api-key": "k"}, {"x-goog-api-key": "k"}, {"authorization": "bearer k"}):
        assert ANY.get(url, headers=headers).status_code == 200

    assert ANY.get(url, headers={"authorization": "Basic k"}).status_code == 401


def test_apiframe_makes_webp_by_default_and_counts_credits(emulator: Emulator) -> None:
    job = emulator.job("apiframe", number_of_images=2, quality="low")

    assert (job["status"], job["progress"], job["creditCost"]) == ("COMPLETED", 100, 8)
    assert [emulator.image(url) for url in job["result"]["images"]] == [("webp", (1024, 1024))] * 2


def test_apiframe_replays_a_job_for_the_same_key_and_body_only(emulator: Emulator) -> None:
    body = emulator.body("apiframe")
    first = emulator.submit("apiframe", body, **{"idempotency-key": "a"})
    again = emulator.submit("apiframe", body, **{"idempotency-key": "a"})
    other = emulator.submit("apiframe", body | {"prompt": "b"}, **{"idempotency-key": "a"})

    assert first.status_code == again.status_code == 202
    assert again.json() == first.json()
    assert other.status_code == 409
    assert emulator.ledger("apiframe")["totals"]["amount"] == 23


def test_apiframe_lists_jobs_newest_first_in_pages(emulator: Emulator) -> None:
    ids = [emulator.submit("apiframe", emulator.body("apiframe")).json()["jobId"] for _ in "abc"]
    url = f"{emulator.urls['apiframe']}/v2/jobs"
    page = emulator.client.get(url, params={"limit": 2}).json()
    rest = emulator.client.get(url, params={"cursor": page["nextCursor"]}).json()

    assert [job["id"] for job in page["jobs"] + rest["jobs"]] == ids[::-1]
    assert (page["hasMore"], rest["hasMore"]) == (True, False)


@pytest.mark.parametrize(
    ("size", "quality", "credits_"),
    [
        ("auto", "auto", 14),
        ("1024x1024", "low", 1),
        ("1536x1024", "medium", 4),
        ("2048x1152", "high", 67),
        ("3840x2160", "high", 133),
    ],
)
def test_nanobanana_charges_what_its_examples_say(
    emulator: Emulator, size: str, quality: str, credits_: int
) -> None:
    body = emulator.body("nanobanana", size=size, quality=quality)
    reply = emulator.submit("nanobanana", body).json()

    assert (reply["code"], reply["data"]["costCredits"]) == (0, credits_)
    expected = (1024, 1024) if size == "auto" else tuple(map(int, size.split("x")))
    assert emulator.image(reply["data"]["url"]) == ("png", expected)


def test_aimlapi_answers_with_an_address_or_base64_and_the_other_is_null(
    emulator: Emulator,
) -> None:
    by_url = emulator.submit("aimlapi", emulator.body("aimlapi", output_format="webp")).json()
    body = emulator.body("aimlapi", response_format="b64_json", size="1024x1536")
    inline = emulator.submit("aimlapi", body).json()

    assert by_url["data"][0]["b64_json"] is None
    assert emulator.image(by_url["data"][0]["url"]) == ("webp", (1024, 1024))
    assert inline["data"][0]["url"] is None
    image = base64.b64decode(inline["data"][0]["b64_json"])
    assert _decoded(image) == ("png", (1024, 1536))
    assert by_url["meta"]["usage"] == {"credits_used": 105_370, "usd_spent": 0.052685}


def _decoded(data: bytes) -> tuple[str, tuple[int, int]]:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return str(image.format).lower(), image.size


ENVELOPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "buble": (
        {"resolution": "8K"},
        {
            "error": {
                "code": "invalid_request_body",
                "message": "resolution must be one of 1K, 2K, 4K.",
            }
        },
    ),
    "sub2api": (
        {"n": 11},
        {
            "error": {
                "message": "Invalid 'n': integer above maximum value. Expected a value <= 10,"
                " but got 11 instead.",
                "type": "invalid_request_error",
                "param": "n",
                "code": "integer_above_max_value",
            }
        },
    ),
    "apiframe": (
        {"number_of_images": 11},
        {
            "error": "Validation failed",
            "details": {
                "gptImage2Params.number_of_images": ["Number must be less than or equal to 10"]
            },
        },
    ),
    "nanobanana": ({"n": 2}, {"code": -1, "message": "gpt-image-2 supports n=1 only"}),
    "aimlapi": (
        {"quality": "auto"},
        {
            "message": "Body validation error. quality: Invalid enum value."
            " Expected 'low' | 'medium' | 'high', received 'auto'",
            "path": "/v1/images/generations",
            "statusCode": 400,
        },
    ),
}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_refusal_speaks_in_the_provider_s_envelope(emulator: Emulator, provider: str) -> None:
    changes, expected = ENVELOPES[provider]
    reply = emulator.submit(provider, emulator.body(provider, **changes))
    body = reply.json()
    if provider == "aimlapi":
        assert {"requestId", "timestamp"} <= set(body)
        del body["requestId"], body["timestamp"]

    assert reply.status_code == 400
    assert body == expected


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("buble", {"error": {"code": "missing_api_key", "message": "Missing API key."}}),
        ("apiframe", {"error": "Missing API key"}),
        ("nanobanana", {"code": -1, "message": "invalid api key"}),
    ],
)
def test_a_missing_key_is_a_401(
    emulator: Emulator, provider: str, expected: dict[str, Any]
) -> None:
    reply = emulator.submit(provider, emulator.body(provider), authorization="Bearer")

    assert reply.status_code == 401
    assert reply.json() == expected
    assert emulator.ledger(provider)["entries"][0]["rule"] == "auth"


def test_sub2api_turns_a_missing_key_away_in_its_other_envelope(emulator: Emulator) -> None:
    reply = emulator.submit("sub2api", emulator.body("sub2api"), authorization="")

    assert reply.status_code == 401
    assert reply.json()["code"] == "API_KEY_REQUIRED"


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b'{"n": NaN}', b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_a_400(
    emulator: Emulator, provider: str, raw: bytes
) -> None:
    path = emulator.submit(provider, {}).request.url
    reply = emulator.client.post(path, content=raw)

    assert reply.status_code == 400
    assert reply.json()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_unknown_paths_methods_and_jobs_are_in_the_provider_s_words_and_in_the_ledger(
    emulator: Emulator, provider: str
) -> None:
    url = emulator.urls[provider]
    submit = emulator.submit(provider, emulator.body(provider)).request.url
    lost = emulator.client.get(f"{url}/nowhere")
    wrong = emulator.client.delete(submit)

    assert (lost.status_code, wrong.status_code) == (404, 405)
    assert lost.json()
    assert wrong.json()
    assert [e["status"] for e in emulator.ledger(provider)["entries"][1:]] == [404, 405]


@pytest.mark.parametrize("provider", ["buble", "apiframe"])
def test_an_unknown_job_is_a_404(emulator: Emulator, provider: str) -> None:
    reply = emulator.poll(provider, "nobody")

    assert reply.status_code == 404
    assert "error" in reply.json()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_ledger_lists_every_request_and_its_totals_agree(
    emulator: Emulator, provider: str
) -> None:
    for prompt in ("one", "two", ""):
        emulator.submit(provider, emulator.body(provider, prompt=prompt))
    if provider in ("buble", "apiframe"):
        emulator.job(provider)
    ledger = emulator.ledger(provider)

    entries, totals = ledger["entries"], ledger["totals"]
    outcomes = [entry["outcome"] for entry in entries]
    jobs = ["accepted", "poll"] if provider in ("buble", "apiframe") else []
    assert outcomes == ["accepted", "accepted", "refused", *jobs]
    assert totals["requests"] == len(entries)
    assert totals["images"] == outcomes.count("accepted")
    assert totals["amount"] == pytest.approx(sum(e["cost"]["amount"] for e in entries))
    assert entries[2]["cost"]["amount"] == 0
    assert len({entry["body_sha256"] for entry in entries[:3]}) == 3


def test_a_lone_surrogate_in_a_prompt_comes_back_unharmed(emulator: Emulator) -> None:
    reply = emulator.client.post(
        f"{emulator.urls['sub2api']}/v1/images/generations",
        content=b'{"model": "gpt-image-2", "prompt": "\\ud800"}',
    )

    assert reply.json()["data"][0]["revised_prompt"] == "\ud800"


def test_a_prompt_is_measured_in_characters_not_bytes(emulator: Emulator) -> None:
    fits = emulator.submit("nanobanana", emulator.body("nanobanana", prompt="\U0001f600" * 2000))
    too_long = emulator.submit("nanobanana", emulator.body("nanobanana", prompt="é" * 2001))

    assert fits.status_code == 200
    assert too_long.status_code == 400


@pytest.mark.parametrize("encoding", ["png", "webp"])
def test_aimlapi_gives_a_transparent_background_an_alpha_channel(
    emulator: Emulator, encoding: str
) -> None:
    body = emulator.body("aimlapi", background="transparent", output_format=encoding)
    url = emulator.submit("aimlapi", body).json()["data"][0]["url"]
    with Image.open(io.BytesIO(emulator.client.get(url).content)) as image:
        clearest = image.convert("RGBA").getchannel("A").getextrema()[0]

    assert clearest == 0
