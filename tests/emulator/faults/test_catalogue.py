"""Every fault in the catalogue can be switched on and changes something that a client sees."""

from __future__ import annotations

import base64
import binascii
import io
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image, UnidentifiedImageError

from harness.emulator import validate
from harness.emulator.faults.catalogue import UnknownFaultError, catalogue, parse_fault
from tests.emulator.test_charging_faults import CHARGING
from tests.emulator.test_content_faults import CONTENT
from tests.loopback import HUNG_S

if TYPE_CHECKING:
    from tests.emulator.conftest import Emulator

LATTICE_BREAKS = {
    "size.format": "1024*1024",
    "size.multiple_of": "1000x1000",
    "size.max_edge": "3856x1600",
    "size.max_ratio": "3200x1056",
    "size.min_pixels": "800x800",
    "size.max_pixels": "3008x3008",
}
LATTICE_EDGES = {
    "size.multiple_of": "1040x1040",
    "size.max_edge": "3840x1600",
    "size.max_ratio": "3072x1024",
    "size.min_pixels": "1024x640",
    "size.max_pixels": "3840x2160",
}
COMMON: dict[str, dict[str, Any]] = {
    "model.required": {"model": None},
    "model.one_of": {"model": "dall-e-3"},
    "prompt.required": {"prompt": None},
    "prompt.format": {"prompt": 5},
    "n.integer": {"n": 1.5},
    "n.range": {"n": 11},
    "quality.one_of": {"quality": "ultra"},
    "output_format.one_of": {"output_format": "gif"},
    "moderation.one_of": {"moderation": "none"},
    "background.one_of": {"background": "blue"},
    "response_format.one_of": {"response_format": "file"},
    "output_compression.integer": {"output_compression": "50", "output_format": "jpeg"},
    "output_compression.range": {"output_compression": 101, "output_format": "jpeg"},
    "output_compression.only_with": {"output_compression": 50},
}
COMMON |= {rule: {"size": size} for rule, size in LATTICE_BREAKS.items()}

# The changes to a minimal body that break one rule and no other.
BREAKS: dict[str, dict[str, dict[str, Any]]] = {
    "buble": {
        **COMMON,
        "prompt.max_length": {"prompt": "x" * 20_001},
        "mode.one_of": {"mode": "text_to_video"},
        "resolution.one_of": {"resolution": "8K"},
        "aspect_ratio.one_of": {"aspect_ratio": "21:9"},
        "input.absent": {"input": {}},
        "options.absent": {"options": {}},
        "scene.absent": {"scene": "x"},
        "sub_mode_id.absent": {"sub_mode_id": "x"},
        "subModeId.absent": {"subModeId": "x"},
        "provider.absent": {"provider": "x"},
        "mediaType.absent": {"mediaType": "image"},
        "media_type.absent": {"media_type": "image"},
    },
    "sub2api": {
        **COMMON,
        "prompt.max_length": {"prompt": "x" * 32_001},
        "input_fidelity.absent": {"input_fidelity": "high"},
        "style.absent": {"style": "vivid"},
        "n.only_with": {"n": 2, "stream": True},
        "stream.one_of": {"stream": "yes"},
        "partial_images.integer": {"partial_images": "1", "stream": True},
        "partial_images.range": {"partial_images": 4, "stream": True},
        "partial_images.only_with": {"partial_images": 1},
        "user.format": {"user": 123},
    },
    "apiframe": {
        **COMMON,
        "prompt.max_length": {"prompt": "x" * 2_001},
        "n.integer": {"number_of_images": 1.5},
        "n.range": {"number_of_images": 11},
        "aspect_ratio.one_of": {"aspect_ratio": "16:9"},
        "gptImage2Params.format": {"gptImage2Params": "high"},
        "gptImage2Params.absent": {"gptImage2Params": {"style": "vivid"}},
        "webhook_url.format": {"webhook_url": 5},
        "webhook_events.one_of": {"webhookEvents": ["started"]},
    },
    "nanobanana": {
        **COMMON,
        "prompt.max_length": {"prompt": "x" * 2_001},
        "n.range": {"n": 2},
    },
    "aimlapi": {
        **COMMON,
        "prompt.max_length": {"prompt": "x" * 32_001},
        "n.range": {"n": 2},
        "size.one_of": {"size": "2048x2048"},
        "background.only_with": {"background": "transparent", "output_format": "jpeg"},
    },
    "openai": {
        **COMMON,
        "prompt.max_length": {"prompt": "x" * 32_001},
        "input_fidelity.absent": {"input_fidelity": "high"},
        "style.absent": {"style": "vivid"},
        "response_format.absent": {"response_format": "url"},
        "stream.one_of": {"stream": "yes"},
        "partial_images.integer": {"partial_images": "1", "stream": True},
        "partial_images.range": {"partial_images": 4, "stream": True},
        "background.one_of": {"background": "green"},
        "background.only_with": {"background": "transparent", "output_format": "jpeg"},
        "output_compression.only_with": {"output_compression": 50, "output_format": "png"},
    },
}

# The changes that stand on the last allowed value of one rule.
EDGES: dict[str, dict[str, dict[str, Any]]] = {
    "buble": {
        "prompt.max_length": {"prompt": "x" * 20_000},
        "mode.one_of": {"mode": "image_to_image", "image_urls": ["https://a.test/1.png"]},
        "resolution.one_of": {"resolution": "4K"},
        "aspect_ratio.one_of": {"aspect_ratio": "3:4"},
    },
    "sub2api": {
        "model.one_of": {"model": "gpt-image-2-2026-04-21"},
        "prompt.max_length": {"prompt": "x" * 32_000},
        "n.range": {"n": 10},
        "quality.one_of": {"quality": "auto"},
        "output_format.one_of": {"output_format": "webp"},
        "output_compression.range": {"output_compression": 100, "output_format": "jpeg"},
        "background.one_of": {"background": "opaque"},
        "moderation.one_of": {"moderation": "low"},
        "stream.one_of": {"stream": True},
        "partial_images.range": {"stream": True, "partial_images": 3},
        "response_format.one_of": {"response_format": "b64_json"},
        **{rule: {"size": size} for rule, size in LATTICE_EDGES.items()},
    },
    "apiframe": {
        "prompt.max_length": {"prompt": "x" * 2_000},
        "quality.one_of": {"quality": "high"},
        "background.one_of": {"background": "opaque"},
        "n.range": {"number_of_images": 10},
        "output_format.one_of": {"output_format": "jpeg"},
        "moderation.one_of": {"moderation": "low"},
        "aspect_ratio.one_of": {"aspect_ratio": "2:3"},
    },
    "nanobanana": {
        "prompt.max_length": {"prompt": "x" * 2_000},
        "quality.one_of": {"quality": "auto"},
        **{rule: {"size": size} for rule, size in LATTICE_EDGES.items()},
    },
    "aimlapi": {
        "prompt.max_length": {"prompt": "x" * 32_000},
        "size.one_of": {"size": "1536x1024"},
        "quality.one_of": {"quality": "high"},
        "output_format.one_of": {"output_format": "webp"},
        "background.one_of": {"background": "auto"},
        "moderation.one_of": {"moderation": "auto"},
        "output_compression.range": {"output_compression": 100, "output_format": "jpeg"},
        "response_format.one_of": {"response_format": "b64_json"},
    },
    "openai": {
        "model.one_of": {"model": "gpt-image-2-2026-04-21"},
        "prompt.max_length": {"prompt": "x" * 32_000},
        "n.range": {"n": 10},
        "quality.one_of": {"quality": "auto"},
        "output_format.one_of": {"output_format": "jpeg"},
        "output_compression.range": {"output_compression": 100, "output_format": "jpeg"},
        "background.one_of": {"background": "auto"},
        "moderation.one_of": {"moderation": "low"},
        "stream.one_of": {"stream": True},
        "partial_images.range": {"stream": True, "partial_images": 3},
        **{rule: {"size": size} for rule, size in LATTICE_EDGES.items()},
    },
}

FAULTS = catalogue()
GENERATING = [f for f in FAULTS if "generate" in f.operations]
IGNORED = [(f.provider, f.breaks) for f in GENERATING if f.name.startswith("ignore:")]
TIGHTENED = [(f.provider, f.breaks) for f in GENERATING if f.name == f"strict:{f.breaks}"]
# What spoils streams, webhooks and the life of jobs shows in other conversations than the one here,
# and what some images or prices only have, in requests of its own.
ELSEWHERE = (
    *("stream", "webhook", "jobs", "moments", "alpha", "limits", "auth.required"),
    *("drawn", "billed", "provenance"),
)
LOOKED_AT_ELSEWHERE = {*CONTENT, *CHARGING, "poll_tells_another_id"}  # ids are left out below
LOOKED_AT_ELSEWHERE |= {"outage@0.05", "outage@0.2"}  # a few requests may all be spared
NAMED = [
    (f.provider, f.name)
    for f in GENERATING
    if ":" not in f.name and f.breaks not in ELSEWHERE and f.name not in LOOKED_AT_ELSEWHERE
]


@pytest.mark.parametrize(("provider", "rule"), IGNORED)
def test_a_rule_is_enforced_until_it_is_ignored(
    emulator: Emulator, provider: str, rule: str
) -> None:
    body = emulator.body(provider, **BREAKS[provider][rule])

    refused = emulator.submit(provider, body)
    emulator.switch(provider, f"ignore:{rule}")
    accepted = emulator.submit(provider, body)

    assert validate(provider, "generate", body) == rule
    assert refused.status_code in (400, 404, 422)
    assert accepted.status_code in (200, 202)
    entries = emulator.ledger(provider)["entries"]
    assert [entry["rule"] for entry in entries] == [rule, None]
    assert entries[1]["cost"]["amount"] > 0


@pytest.mark.parametrize(("provider", "rule"), TIGHTENED)
def test_a_boundary_value_is_accepted_until_the_rule_is_strict(
    emulator: Emulator, provider: str, rule: str
) -> None:
    body = emulator.body(provider, **EDGES[provider][rule])

    accepted = emulator.submit(provider, body)
    emulator.switch(provider, f"strict:{rule}")
    refused = emulator.submit(provider, body)

    assert accepted.status_code in (200, 202)
    assert refused.status_code in (400, 404, 422)
    assert emulator.ledger(provider)["entries"][-1]["rule"] == rule


WIDE: dict[str, dict[str, Any]] = {
    "buble": {"resolution": "2K", "aspect_ratio": "16:9"},
    "sub2api": {"size": "1536x1024", "n": 2, "quality": "medium", "output_format": "jpeg"},
    "apiframe": {"aspect_ratio": "3:2", "number_of_images": 2, "output_format": "jpeg"},
    "nanobanana": {"size": "1536x1024", "quality": "low"},
    "aimlapi": {"size": "1536x1024", "output_format": "jpeg"},
    "openai": {"size": "1536x1024", "n": 2, "quality": "medium", "output_format": "jpeg"},
}


def _images(emulator: Emulator, value: object) -> list[object]:
    """Every image in a reply, decoded: those in base64 and those to download."""
    return [*map(_decoded, _raw_images(emulator, value))]


def _different(emulator: Emulator, value: object) -> int:
    return len({*_raw_images(emulator, value)})


def _raw_images(emulator: Emulator, value: object) -> list[bytes]:
    if isinstance(value, dict | list | tuple):
        inner = value.values() if isinstance(value, dict) else value
        return [found for each in inner for found in _raw_images(emulator, each)]
    if not isinstance(value, str) or len(value) < 60:
        return []
    if value.startswith("http"):
        return [emulator.client.get(value).content]
    try:
        return [base64.b64decode(value, validate=True)]
    except binascii.Error:
        return []  # an error message


def _decoded(raw: bytes) -> object:
    try:
        with Image.open(io.BytesIO(raw)) as image:
            image.load()
            return image.format, image.size
    except (UnidentifiedImageError, OSError):
        return "undecodable"


def _attempt(emulator: Emulator, provider: str, body: object, limit_s: float = HUNG_S) -> object:
    try:
        reply = emulator.client.post(
            emulator.urls[provider] + _path(provider), json=body, timeout=limit_s
        )
    except httpx.TransportError as error:
        return type(error).__name__
    try:
        return reply.status_code, reply.json()
    except ValueError:
        return reply.status_code, "no JSON", reply.text[:20]


def _path(provider: str) -> str:
    return {
        "buble": "/api/v1/generations",
        "apiframe": "/v2/images/generate",
        "nanobanana": "/v1/images/generate",
    }.get(provider, "/v1/images/generations")


VOLATILE = {
    "created", "created_at", "updated_at", "createdAt", "completedAt", "timestamp", "requestId",
    "id", "jobId", "url", "images", "b64_json", "result",
}  # fmt: skip


def _stable(value: object) -> object:
    """A reply without what differs from request to request; volatile keys stay, their values go."""
    if isinstance(value, dict):
        return {
            key: "..."
            if key in VOLATILE and isinstance(inner, int | float | str)
            else _stable(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_stable(inner) for inner in value]
    if isinstance(value, str) and value.startswith("http"):
        return "http..."
    return value


def _conversation(emulator: Emulator, provider: str) -> list[object]:
    """What a client sees of a good and a bad request, three polls and the books."""
    good = _attempt(emulator, provider, emulator.body(provider, **WIDE[provider]))
    bad = _attempt(emulator, provider, emulator.body(provider, prompt=5))
    seen: list[object] = [_stable(good), _images(emulator, good), _different(emulator, good)]
    seen.append(_stable(bad))
    for _ in range(3):
        seen += _polled(emulator, provider)
    return [*seen, [entry["cost"] for entry in emulator.ledger(provider)["entries"]]]


def _polled(emulator: Emulator, provider: str) -> list[object]:
    jobs = [entry["job"] for entry in emulator.ledger(provider)["entries"] if entry["job"]]
    if not jobs:
        return []
    try:
        reply = emulator.poll(provider, jobs[0])
        polled = reply.json()
        shown = _images(emulator, polled)
        return [reply.status_code, _stable(polled), shown, _different(emulator, polled)]
    except (httpx.TransportError, ValueError) as error:
        return [type(error).__name__]


@pytest.mark.parametrize(("provider", "name"), NAMED)
def test_a_named_fault_changes_what_a_client_sees(
    emulator: Emulator, provider: str, name: str
) -> None:
    healthy = _conversation(emulator, provider)
    emulator.reset()
    emulator.switch(provider, name)
    faulty: list[object] = []
    if name == "stall":
        faulty = [_attempt(emulator, provider, emulator.body(provider), 0.2)]
    elif name == "flaky_500":
        faulty = [_attempt(emulator, provider, emulator.body(provider)) for _ in range(12)]
        assert any(isinstance(seen, tuple) and seen[0] == 500 for seen in faulty)
        assert any(isinstance(seen, tuple) and seen[0] in (200, 202) for seen in faulty)
    else:
        faulty = _conversation(emulator, provider)

    assert faulty != healthy


@pytest.mark.parametrize(
    "provider", ["buble", "sub2api", "apiframe", "nanobanana", "aimlapi", "openai"]
)
def test_the_same_conversation_twice_looks_the_same(emulator: Emulator, provider: str) -> None:
    # Without this the test above could not fail.
    first = _conversation(emulator, provider)
    emulator.reset()

    assert _conversation(emulator, provider) == first


def _sub2api_reply(emulator: Emulator, fault: str, **changes: object) -> dict[str, Any]:
    emulator.switch("sub2api", fault)
    reply: dict[str, Any] = emulator.submit("sub2api", emulator.body("sub2api", **changes)).json()
    return reply


def test_wrong_dimensions_leave_the_declared_size_as_asked(emulator: Emulator) -> None:
    reply = _sub2api_reply(emulator, "wrong_dimensions", size="2048x2048")

    assert reply["size"] == "2048x2048"
    assert _images(emulator, reply["data"]) == [("PNG", (1254, 1254))]


def test_swapped_dimensions_turn_the_image(emulator: Emulator) -> None:
    reply = _sub2api_reply(emulator, "swapped_dimensions", size="1536x1024")

    assert reply["size"] == "1536x1024"
    assert _images(emulator, reply["data"]) == [("PNG", (1024, 1536))]


def test_a_wrong_format_hides_behind_the_media_type_of_the_right_one(emulator: Emulator) -> None:
    emulator.switch("aimlapi", "wrong_format")
    reply = emulator.submit("aimlapi", emulator.body("aimlapi")).json()
    download = emulator.client.get(reply["data"][0]["url"])

    assert download.headers["content-type"] == "image/png"
    assert download.content.startswith(b"\xff\xd8")


def test_a_reset_ends_the_reply_before_its_announced_length(emulator: Emulator) -> None:
    emulator.switch("sub2api", "reset")

    with pytest.raises(httpx.RemoteProtocolError):
        emulator.submit("sub2api", emulator.body("sub2api"))
    assert emulator.ledger("sub2api")["totals"]["amount"] == 1


def test_a_backward_job_goes_from_processing_to_pending_once(emulator: Emulator) -> None:
    emulator.switch("buble", "backward_state")
    first = emulator.job("buble")
    states = [first["status"]] + [
        emulator.poll("buble", first["id"]).json()["data"]["status"] for _ in range(3)
    ]

    assert states == ["processing", "pending", "success", "success"]


def test_a_failed_job_costs_nothing_unless_that_is_the_fault(emulator: Emulator) -> None:
    emulator.switch("apiframe", "failed_job")
    free = emulator.job("apiframe")
    emulator.switch("apiframe", "charge_failed_job")
    paid = emulator.job("apiframe")

    assert (free["status"], free["creditCost"]) == ("FAILED", 0)
    assert (paid["status"], paid["creditCost"]) == ("FAILED", 23)
    assert emulator.ledger("apiframe")["totals"]["amount"] == 23


def test_every_second_request_is_one_too_many_under_a_rate_limit(emulator: Emulator) -> None:
    emulator.switch("apiframe", "rate_limit")
    replies = [emulator.submit("apiframe", emulator.body("apiframe")) for _ in range(4)]

    assert [reply.status_code for reply in replies] == [202, 429, 202, 429]
    assert replies[1].headers["retry-after"] == "0"


def test_an_unknown_fault_is_refused_with_close_matches(emulator: Emulator) -> None:
    reply = emulator.switch("buble", "wrong_dimension")

    assert reply.status_code == 400
    assert "wrong_dimensions" in reply.json()["error"]
    assert emulator.client.get(f"{emulator.urls['buble']}/__emulator/faults").json() == {
        "faults": []
    }


def test_a_fault_without_a_provider_means_all_that_have_it() -> None:
    having = ("sub2api", "apiframe", "aimlapi", "openai")
    assert parse_fault("fewer_images") == [(provider, "fewer_images") for provider in having]
    assert parse_fault("sub2api:ignore:n.range") == [("sub2api", "ignore:n.range")]
    with pytest.raises(UnknownFaultError, match=r"ignore:n\.range"):
        parse_fault("aimlapi:ignore:n.rang")
    with pytest.raises(UnknownFaultError):
        parse_fault("buble:fewer_images")


BAD_WORD: dict[str, tuple[str, dict[str, Any]]] = {
    "buble": ("resolution", {"resolution": "8K"}),
    "sub2api": ("quality", {"quality": "ultra"}),
    "apiframe": ("quality", {"quality": "ultra"}),
    "nanobanana": ("quality", {"quality": "ultra"}),
    "aimlapi": ("quality", {"quality": "ultra"}),
    "openai": ("quality", {"quality": "ultra"}),
}


@pytest.mark.parametrize("provider", list(BAD_WORD))
def test_a_refusal_names_the_parameter_unless_that_is_the_fault(
    emulator: Emulator, provider: str
) -> None:
    parameter, changes = BAD_WORD[provider]
    named_ = emulator.submit(provider, emulator.body(provider, **changes))
    emulator.switch(provider, "unnamed_parameter")
    unnamed = emulator.submit(provider, emulator.body(provider, **changes))

    assert parameter in named_.text
    assert parameter not in unnamed.text
    assert unnamed.status_code == named_.status_code


@pytest.mark.parametrize(
    ("provider", "status"),
    [(f.provider, int(f.name[-3:])) for f in FAULTS if f.name in ("refusal_200", "refusal_500")],
)
def test_a_refusal_under_another_status_keeps_its_body(
    emulator: Emulator, provider: str, status: int
) -> None:
    _, changes = BAD_WORD[provider]
    plain = emulator.submit(provider, emulator.body(provider, **changes))
    emulator.switch(provider, f"refusal_{status}")
    other = emulator.submit(provider, emulator.body(provider, **changes))

    assert other.status_code == status
    assert set(other.json()) == set(plain.json())


@pytest.mark.parametrize("provider", list(BAD_WORD))
def test_an_overcharge_doubles_the_price(emulator: Emulator, provider: str) -> None:
    emulator.submit(provider, emulator.body(provider))
    emulator.switch(provider, "overcharge")
    emulator.submit(provider, emulator.body(provider))
    usual, doubled = (e["cost"]["amount"] for e in emulator.ledger(provider)["entries"])

    assert doubled == pytest.approx(2 * usual)


@pytest.mark.parametrize("provider", list(BAD_WORD))
def test_refused_requests_are_free_unless_that_is_the_fault(
    emulator: Emulator, provider: str
) -> None:
    _, changes = BAD_WORD[provider]
    emulator.submit(provider, emulator.body(provider, **changes))
    emulator.switch(provider, "charge_refused")
    emulator.submit(provider, emulator.body(provider, **changes))
    free, charged = (e["cost"]["amount"] for e in emulator.ledger(provider)["entries"])

    assert free == 0
    assert charged > 0
