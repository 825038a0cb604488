"""sub2api's streams of generations and edits, whole and under each stream fault."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest
from PIL import Image, UnidentifiedImageError

from harness.emulator.faults.catalogue import catalogue

if TYPE_CHECKING:
    from tests.emulator.conftest import Emulator

FAMILIES = {"generate": "image_generation", "edit": "image_edit", "respond": "response"}
STREAMING = list(FAMILIES)
FAULTS = [f.name for f in catalogue() if f.provider == "sub2api" and f.breaks == "stream"]


class Seen(NamedTuple):
    """What a client saw: each event's short name, partial index and image, and how it ended."""

    names: list[str]
    indices: list[int]
    images: list[object]
    data: list[dict[str, Any]]
    whole: bool


def stream(emulator: Emulator, operation: str, partials: int | None) -> Seen:
    """Ask for a stream and read it until it ends, well or not."""
    url = emulator.urls["sub2api"]
    kept, whole = b"", True
    try:
        with emulator.client.stream("POST", **_asked(url, operation, partials)) as reply:
            assert reply.status_code == 200
            assert reply.headers["content-type"].startswith("text/event-stream")
            for chunk in reply.iter_raw():
                kept += chunk
    except httpx.RemoteProtocolError:
        whole = False
    *blocks, rest = kept.decode().split("\n\n")
    assert (rest == "") is whole
    data = []
    for block in blocks:
        first, second = block.split("\n")
        data.append(json.loads(second.removeprefix("data: ")))
        assert first == f"event: {data[-1]['type']}"
    shown = [one for one in data if one["type"].endswith("partial_image")]
    return Seen(
        names=[one["type"].rpartition(".")[2] for one in data],
        indices=[one["partial_image_index"] for one in shown],
        images=[_decoded(_bytes(one)) for one in data if _bytes(one)],
        data=data,
        whole=whole,
    )


def _asked(url: str, operation: str, partials: int | None) -> dict[str, Any]:
    options: dict[str, Any] = {"size": "1536x1024", "output_format": "webp"}
    if partials is not None:
        options["partial_images"] = partials
    if operation == "respond":
        tool = {"type": "image_generation", **options}
        body = {"model": "gpt-5.4", "input": "a cat", "stream": True, "tools": [tool]}
        return {"url": f"{url}/v1/responses", "json": body}
    body = {"model": "gpt-image-2", "prompt": "a cat", **options}
    if operation == "generate":
        return {"url": f"{url}/v1/images/generations", "json": body | {"stream": True}}
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    return {
        "url": f"{url}/v1/images/edits",
        "data": body | {"stream": "true"},
        "files": {"image[]": ("a.png", out.getvalue(), "image/png")},
    }


def _bytes(data: dict[str, Any]) -> bytes:
    item = data.get("item", {}) if data["type"] == "response.output_item.done" else {}
    text = data.get("b64_json") or data.get("partial_image_b64") or item.get("result") or ""
    return base64.b64decode(text)


def _decoded(data: bytes) -> object:
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            return image.format, image.size
    except (UnidentifiedImageError, OSError):
        return "undecodable"


WHOLE = ("WEBP", (1536, 1024))


@pytest.mark.parametrize("operation", STREAMING)
@pytest.mark.parametrize("partials", [None, 0, 1, 3])
def test_a_stream_shows_as_many_whole_partial_images_as_asked(
    emulator: Emulator, operation: str, partials: int | None
) -> None:
    seen = stream(emulator, operation, partials)

    assert seen.indices == list(range(partials or 0))
    assert seen.images == [WHOLE] * ((partials or 0) + 1)
    assert seen.names[-1] == "completed"
    assert seen.whole
    assert emulator.ledger("sub2api")["totals"] == {
        "requests": 1, "images": 1, "amount": 1.0, "unit": "image",
    }  # fmt: skip


@pytest.mark.parametrize("operation", STREAMING)
def test_no_partial_image_is_mistaken_for_another_or_for_the_final_one(
    emulator: Emulator, operation: str
) -> None:
    seen = stream(emulator, operation, 3)
    files = [_bytes(one) for one in seen.data if _bytes(one)]

    assert len(set(files)) == len(files) == 4


@pytest.mark.parametrize("operation", ["generate", "edit"])
def test_events_of_images_have_their_fields(emulator: Emulator, operation: str) -> None:
    partial, completed = stream(emulator, operation, 1).data
    common = {
        "type", "b64_json", "created_at", "background", "output_format", "quality", "size",
    }  # fmt: skip

    assert set(partial) == common | {"partial_image_index"}
    assert set(completed) == common | {"usage"}
    assert partial["type"] == f"{FAMILIES[operation]}.partial_image"
    assert completed["type"] == f"{FAMILIES[operation]}.completed"
    assert completed["size"] == "1536x1024"
    usage = completed["usage"]
    assert set(usage) == {"input_tokens", "input_tokens_details", "output_tokens", "total_tokens"}
    assert usage["output_tokens"] == 1372 + 100
    assert usage["input_tokens_details"]["image_tokens"] == (64 if operation == "edit" else 0)


@pytest.mark.parametrize("operation", STREAMING)
@pytest.mark.parametrize(("asked", "shown"), [(None, 1), (0, 1), (3, 4)])
def test_one_partial_image_too_many(
    emulator: Emulator, operation: str, asked: int | None, shown: int
) -> None:
    emulator.switch("sub2api", "more_partials")
    seen = stream(emulator, operation, asked)

    assert seen.indices == list(range(shown))
    assert seen.images == [WHOLE] * (shown + 1)


@pytest.mark.parametrize("operation", STREAMING)
@pytest.mark.parametrize(("asked", "indices"), [(1, [1]), (2, [0, 0]), (3, [0, 0, 0])])
def test_wrong_indices_do_not_count_from_0(
    emulator: Emulator, operation: str, asked: int, indices: list[int]
) -> None:
    emulator.switch("sub2api", "partial_index_wrong")

    assert stream(emulator, operation, asked).indices == indices


@pytest.mark.parametrize("operation", STREAMING)
def test_undecodable_partial_images_precede_a_whole_one(emulator: Emulator, operation: str) -> None:
    emulator.switch("sub2api", "partial_undecodable")

    assert stream(emulator, operation, 2).images == ["undecodable", "undecodable", WHOLE]


@pytest.mark.parametrize("operation", STREAMING)
@pytest.mark.parametrize("partials", [0, 2])
def test_a_stream_without_its_completion_ends_in_good_order(
    emulator: Emulator, operation: str, partials: int
) -> None:
    emulator.switch("sub2api", "missing_completion")
    seen = stream(emulator, operation, partials)

    assert seen.whole
    assert "completed" not in seen.names
    assert seen.images == [WHOLE] * partials
    assert emulator.ledger("sub2api")["totals"]["amount"] == 1


@pytest.mark.parametrize("operation", STREAMING)
def test_an_error_event_ends_the_stream_and_is_free(emulator: Emulator, operation: str) -> None:
    emulator.switch("sub2api", "error_event")
    seen = stream(emulator, operation, 2)

    assert seen.whole
    assert seen.indices == [0, 1]
    assert "completed" not in seen.names
    error = seen.data[-1]
    assert (error["type"], error["error"]["type"]) == ("error", "server_error")
    assert {"message", "code"} <= set(error["error"])
    totals = emulator.ledger("sub2api")["totals"]
    assert (totals["images"], totals["amount"]) == (0, 0)


@pytest.mark.parametrize("operation", STREAMING)
@pytest.mark.parametrize("partials", [0, 2])
def test_a_cut_stream_ends_in_the_middle_of_its_completed_event(
    emulator: Emulator, operation: str, partials: int
) -> None:
    whole = stream(emulator, operation, partials)
    emulator.switch("sub2api", "cut_stream")
    cut = stream(emulator, operation, partials)

    assert not cut.whole
    assert cut.names == whole.names[:-1]


@pytest.mark.parametrize("operation", STREAMING)
def test_an_ignored_stream_is_one_json_reply(emulator: Emulator, operation: str) -> None:
    emulator.switch("sub2api", "stream_ignored")
    reply = emulator.client.request("POST", **_asked(emulator.urls["sub2api"], operation, 2))

    assert reply.headers["content-type"] == "application/json"
    assert reply.json()["output" if operation == "respond" else "data"]


@pytest.mark.parametrize("operation", STREAMING)
@pytest.mark.parametrize("partials", [0, 2])
def test_a_partial_image_comes_after_the_completed_event(
    emulator: Emulator, operation: str, partials: int
) -> None:
    whole = stream(emulator, operation, partials)
    emulator.switch("sub2api", "partial_after_completion")
    late = stream(emulator, operation, partials)

    assert late.names == [*whole.names, "partial_image"]


@pytest.mark.parametrize("operation", STREAMING)
def test_under_a_fault_the_last_partial_image_comes_first(
    emulator: Emulator, operation: str
) -> None:
    emulator.switch("sub2api", "partials_reversed")

    assert stream(emulator, operation, 3).indices == [2, 1, 0]
    assert stream(emulator, operation, 1).indices == [0]


@pytest.mark.parametrize("operation", STREAMING)
def test_under_a_fault_the_completed_event_comes_before_the_partial_images(
    emulator: Emulator, operation: str
) -> None:
    whole, bare = (stream(emulator, operation, partials) for partials in (2, None))
    emulator.switch("sub2api", "completion_first")
    turned, still = (stream(emulator, operation, partials) for partials in (2, None))

    assert turned.names[-3:] == ["completed", "partial_image", "partial_image"]
    assert sorted(turned.names) == sorted(whole.names)
    assert still.names == bare.names


@pytest.mark.parametrize("operation", ["generate", "edit"])
@pytest.mark.parametrize(
    ("fault", "image"),
    [
        ("stream_wrong_dimensions", ("WEBP", (1254, 1254))),
        ("stream_wrong_format", ("PNG", (1536, 1024))),
        ("stream_declares_other_size", WHOLE),
    ],
)
def test_under_a_fault_the_completed_event_alone_is_wrong(
    emulator: Emulator, operation: str, fault: str, image: object
) -> None:
    emulator.switch("sub2api", fault)
    seen = stream(emulator, operation, 1)

    assert seen.images == [WHOLE, image]
    declared = [one["size"] for one in seen.data]
    other = "1024x1536" if fault == "stream_declares_other_size" else "1536x1024"
    assert declared == ["1536x1024", other]


@pytest.mark.parametrize("operation", STREAMING)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_stream_fault_leaves_requests_without_stream_alone(
    emulator: Emulator, operation: str, fault: str
) -> None:
    asked = _asked(emulator.urls["sub2api"], operation, None)
    body = "data" if operation == "edit" else "json"
    asked[body] = {key: value for key, value in asked[body].items() if key != "stream"}
    plain = emulator.client.request("POST", **asked)
    emulator.reset()
    emulator.switch("sub2api", fault)
    reply = emulator.client.request("POST", **asked)

    if operation != "respond":
        assert reply.json()["data"] == plain.json()["data"]
        assert reply.json()["size"] == plain.json()["size"]
    assert reply.status_code == 200
    assert reply.json()["output" if operation == "respond" else "data"]
    assert emulator.ledger("sub2api")["totals"]["amount"] == 1
