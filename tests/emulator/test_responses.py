"""sub2api's POST /v1/responses, with and without the tool that makes images."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image, UnidentifiedImageError

from harness.emulator import validate
from harness.emulator.faults.catalogue import catalogue

if TYPE_CHECKING:
    from tests.emulator.conftest import Emulator

LOSSY = {"output_format": "jpeg"}
# The changes to the tool that break one rule and no other, and those that stand on its last allowed
# value.
TOOL_BREAKS: dict[str, dict[str, Any]] = {
    "size.format": {"size": "big"},
    "size.multiple_of": {"size": "1000x1000"},
    "size.max_edge": {"size": "3856x1600"},
    "size.max_ratio": {"size": "3200x1056"},
    "size.min_pixels": {"size": "800x800"},
    "size.max_pixels": {"size": "3008x3008"},
    "quality.one_of": {"quality": "ultra"},
    "output_format.one_of": {"output_format": "gif"},
    "output_compression.integer": {"output_compression": "50", **LOSSY},
    "output_compression.range": {"output_compression": 101, **LOSSY},
    "background.one_of": {"background": "transparent"},
    "moderation.one_of": {"moderation": "none"},
    "partial_images.integer": {"partial_images": 1.5},
    "partial_images.range": {"partial_images": 4},
    "input_fidelity.absent": {"input_fidelity": "high"},
}
TOOL_EDGES: dict[str, dict[str, Any]] = {
    "size.multiple_of": {"size": "1040x1040"},
    "size.max_edge": {"size": "3840x1600"},
    "size.max_ratio": {"size": "3072x1024"},
    "size.min_pixels": {"size": "1024x640"},
    "size.max_pixels": {"size": "3840x2160"},
    "quality.one_of": {"quality": "auto"},
    "output_format.one_of": {"output_format": "webp"},
    "output_compression.range": {"output_compression": 100},
    "background.one_of": {"background": "opaque"},
    "moderation.one_of": {"moderation": "low"},
    "partial_images.range": {"partial_images": 3},
}
BREAKS: dict[str, dict[str, Any]] = {
    "model.required": {"model": None},
    "model.one_of": {"model": "gpt-image-2"},
    "prompt.required": {"input": ""},
    "prompt.format": {"input": 5},
    "stream.one_of": {"stream": "yes"},
    "user.format": {"user": 5},
}
EDGES: dict[str, dict[str, Any]] = {"stream.one_of": {"stream": True}}
PARAMETERS = {"prompt": "input"}


def body(tool: dict[str, Any] | None = None, **changes: object) -> dict[str, Any]:
    tools = [{"type": "web_search"}, {"type": "image_generation", **(tool or {})}]
    return {"model": "gpt-5.4", "input": "a cat", "tools": tools} | changes


def send(emulator: Emulator, sent: object) -> httpx.Response:
    return emulator.client.post(f"{emulator.urls['sub2api']}/v1/responses", json=sent)


def events(reply: httpx.Response) -> list[dict[str, Any]]:
    blocks = reply.text.strip().split("\n\n")
    return [json.loads(block.split("\n")[1].removeprefix("data: ")) for block in blocks]


def image(text: str) -> object:
    try:
        with Image.open(io.BytesIO(base64.b64decode(text))) as opened:
            opened.load()
            return opened.format, opened.size
    except (UnidentifiedImageError, OSError):
        return "undecodable"


def _rules(kind: str) -> list[str]:
    return [
        fault.breaks
        for fault in catalogue()
        if fault.provider == "sub2api"
        and "respond" in fault.operations
        and fault.name.startswith(kind)
        and not fault.name.endswith(":min")
    ]


@pytest.mark.parametrize("rule", _rules("ignore:"))
def test_a_rule_is_enforced_until_it_is_ignored(emulator: Emulator, rule: str) -> None:
    sent = body(TOOL_BREAKS.get(rule), **BREAKS.get(rule, {}))

    refused = send(emulator, sent)
    emulator.switch("sub2api", f"ignore:{rule}")
    accepted = send(emulator, sent)

    assert validate("sub2api", "respond", sent) == rule
    assert (refused.status_code, accepted.status_code) == (400, 200)
    key = rule.partition(".")[0]
    param = f"tools[1].{key}" if rule in TOOL_BREAKS else PARAMETERS.get(key, key)
    assert refused.json()["error"]["param"] == param
    entries = emulator.ledger("sub2api")["entries"]
    assert [entry["rule"] for entry in entries] == [rule, None]
    assert [entry["cost"]["amount"] for entry in entries] == [0, 1]


@pytest.mark.parametrize("rule", _rules("strict:"))
def test_a_boundary_is_accepted_until_the_rule_is_strict(emulator: Emulator, rule: str) -> None:
    sent = body(TOOL_EDGES.get(rule), **EDGES.get(rule, {}))

    accepted = send(emulator, sent)
    emulator.switch("sub2api", f"strict:{rule}")
    refused = send(emulator, sent)

    assert (accepted.status_code, refused.status_code) == (200, 400)
    assert emulator.ledger("sub2api")["entries"][-1]["rule"] == rule


# Of the recorded response; a newer one has `action` as well.
RECORDED = {
    "background", "created_at", "error", "id", "incomplete_details", "instructions",
    "max_output_tokens", "max_tool_calls", "metadata", "model", "object", "output",
    "parallel_tool_calls", "previous_response_id", "prompt_cache_key", "reasoning",
    "safety_identifier", "service_tier", "status", "store", "temperature", "text", "tool_choice",
    "tools", "top_logprobs", "top_p", "truncation", "usage", "user",
}  # fmt: skip
CALL = {
    "id", "type", "status", "background", "output_format", "quality", "result", "revised_prompt",
    "size",
}  # fmt: skip


def test_a_reply_has_the_shape_of_the_recorded_one(emulator: Emulator) -> None:
    tool = {"size": "1536x1024", "quality": "high", **LOSSY}
    reply = send(emulator, body(tool))
    data = reply.json()

    assert set(data) == RECORDED | {"tool_usage"}  # as gateways are seen to send it
    assert (data["object"], data["status"], data["model"]) == ("response", "completed", "gpt-5.4")
    assert [item["type"] for item in data["output"]] == [
        "reasoning", "image_generation_call", "message",
    ]  # fmt: skip
    call = data["output"][1]
    assert set(call) == CALL | {"action"}
    assert image(call["result"]) == ("JPEG", (1536, 1024))
    assert [call[key] for key in ("size", "quality", "output_format", "status", "action")] == [
        "1536x1024", "high", "jpeg", "completed", "generate",
    ]  # fmt: skip
    assert call["revised_prompt"] == "a cat"
    assert data["tools"][1]["moderation"] == "auto"
    usage = data["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert {"x-request-id", "openai-processing-ms"} <= set(reply.headers)


def test_a_stream_has_the_events_of_the_recorded_one(emulator: Emulator) -> None:
    told = events(send(emulator, body({"partial_images": 1, "size": "1024x1536"}, stream=True)))

    assert [one["type"].removeprefix("response.") for one in told] == [
        "created", "in_progress", "output_item.added", "output_item.done", "output_item.added",
        "image_generation_call.in_progress", "image_generation_call.generating",
        "image_generation_call.partial_image", "image_generation_call.completed",
        "output_item.done", "output_item.added", "content_part.added", "output_text.done",
        "content_part.done", "output_item.done", "completed",
    ]  # fmt: skip
    assert [one["sequence_number"] for one in told] == list(range(16))
    assert told[0]["response"]["output"] == []
    assert told[0]["response"]["usage"] is None
    partial, done, last = told[7], told[9], told[15]["response"]
    assert set(partial) == {
        "type", "sequence_number", "output_index", "item_id", "partial_image_index",
        "partial_image_b64", "size", "quality", "background", "output_format",
    }  # fmt: skip
    assert partial["item_id"] == done["item"]["id"] == last["output"][1]["id"]
    assert image(partial["partial_image_b64"]) == image(done["item"]["result"])
    assert done["item"] == last["output"][1]
    assert last["usage"]["total_tokens"] > 0


@pytest.mark.parametrize(
    "changes",
    [{"tools": None}, {"tools": [{"type": "web_search"}]}, {"tool_choice": "none"}],
)
def test_without_the_tool_there_is_a_text_and_no_charge(
    emulator: Emulator, changes: dict[str, Any]
) -> None:
    plain = send(emulator, body() | changes).json()
    told = events(send(emulator, body(stream=True) | changes))

    assert [item["type"] for item in plain["output"]] == ["message"]
    text = plain["output"][0]["content"][0]["text"]
    assert text
    assert [one["delta"] for one in told if one["type"].endswith("delta")] == [text]
    assert told[-1]["response"]["output"][0]["content"][0]["text"] == text
    totals = emulator.ledger("sub2api")["totals"]
    assert (totals["images"], totals["amount"]) == (0, 0)


def test_the_input_may_be_messages(emulator: Emulator) -> None:
    parts = [
        {"type": "input_text", "text": "a cat"},
        {"type": "input_image", "image_url": "https://example.test/a.png"},
        {"type": "input_text", "text": "with a hat"},
    ]
    messages = [{"role": "system", "content": "draw"}, {"role": "user", "content": parts}]
    call = send(emulator, body(input=messages)).json()["output"][1]

    assert call["revised_prompt"] == "draw\na cat\nwith a hat"
    assert call["action"] == "edit"
    assert validate("sub2api", "respond", body(input=["a cat"])) == "prompt.format"
    assert validate("sub2api", "respond", body(input=[])) == "prompt.required"


def test_what_a_recorded_request_says_is_accepted() -> None:
    tool = {
        "background": "auto", "input_fidelity": None, "moderation": "auto",
        "output_compression": 100, "output_format": "jpeg", "partial_images": 0,
        "quality": "auto", "size": "auto",
    }  # fmt: skip
    said = [{"content": "Generate an image of axolotl.", "role": "user"}]

    assert validate("sub2api", "respond", body(tool, stream=False, input=said)) is None
    assert validate("sub2api", "respond", body({"output_compression": 50})) is None


@pytest.mark.parametrize("raw", [b"", b"[]", b"{"])
def test_a_body_that_is_no_json_object_is_a_400(emulator: Emulator, raw: bytes) -> None:
    reply = emulator.client.post(f"{emulator.urls['sub2api']}/v1/responses", content=raw)

    assert reply.status_code == 400
    assert reply.json()["error"]["message"] == "failed to parse request body"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("wrong_dimensions", ("PNG", (1254, 1254))),
        ("swapped_dimensions", ("PNG", (1024, 1536))),
        ("wrong_format", ("JPEG", (1536, 1024))),
        ("undecodable_image", "undecodable"),
    ],
)
def test_content_faults_reach_the_image(emulator: Emulator, fault: str, expected: object) -> None:
    emulator.switch("sub2api", fault)
    told = events(send(emulator, body({"size": "1536x1024"}, stream=True)))
    call = told[-1]["response"]["output"][1]

    assert image(call["result"]) == expected
    assert (call["size"], call["output_format"]) == ("1536x1024", "png")


@pytest.mark.parametrize(
    ("fault", "key", "value"),
    [
        ("lower_quality_declared", "quality", "low"),
        ("wrong_declared_size", "size", "1024x1536"),
        ("wrong_declared_format", "output_format", "webp"),
    ],
)
def test_content_faults_reach_what_is_said_of_it(
    emulator: Emulator, fault: str, key: str, value: str
) -> None:
    emulator.switch("sub2api", fault)
    call = send(emulator, body({"size": "1536x1024", "quality": "high"})).json()["output"][1]

    assert call[key] == value


def test_faults_reach_usage_and_price(emulator: Emulator) -> None:
    emulator.switch("sub2api", "missing_field")
    without = send(emulator, body()).json()
    last = events(send(emulator, body(stream=True)))[-1]["response"]
    emulator.switch("sub2api", "bad_usage_sum", "overcharge")
    usage = send(emulator, body()).json()["usage"]

    assert "usage" not in without
    assert "usage" not in last
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] + 7
    assert [e["cost"]["amount"] for e in emulator.ledger("sub2api")["entries"]] == [1, 1, 2]
