"""Honest recordings by hand, in the shapes that public recorders have left on the web.

Modelled after cassettes of ruby_llm (VCR), pydantic-ai and ddtrace (vcrpy) and the stream that the
Vercel AI SDK keeps: pretty-printed replies, headers of Cloudflare, reasoning items beside the
image, errors of the account. Nobody is to be convicted of anything in them.
"""

import base64
import json
from datetime import timedelta
from random import Random
from typing import Any

from tests.benchmarks.mutations_honest import BEGUN, painted
from tests.benchmarks.mutations_tape import Tape, Taped

OPENAI = "https://api.openai.com/v1"
GENERATIONS, EDITS, RESPONSES = "/images/generations", "/images/edits", "/responses"
JSON = "application/json"


def by_hand() -> list[Tape]:
    """Return the tapes; each has one or two exchanges of its own host."""
    rng = Random("by hand")
    return [
        _tape("openai", "hand-pretty", [_pretty(rng)]),
        _tape("openai", "hand-account", [*_account_errors()]),
        _tape("sub2api", "hand-account-gateway", [*_gateway_errors()]),
        _tape("openai", "hand-edit-json", [_edit_json(rng), _edit_refused()]),
        _tape("openai", "hand-responses", [_responses(rng)]),
        _tape("sub2api", "hand-stream", [_stream(rng)]),
        _tape("nanobanana", "hand-list", _nanobanana(rng)),
        _tape("apiframe", "hand-string", _apiframe(rng)),
    ]


def _tape(provider: str, name: str, exchanges: list[Taped]) -> Tape:
    for number, each in enumerate(exchanges):
        each.at = BEGUN + timedelta(seconds=20 * number)
        each.put("Date", (each.at + timedelta(seconds=9)).strftime("%a, %d %b %Y %H:%M:%S GMT"))
    return Tape(provider=provider, name=name, exchanges=exchanges)


def _exchange(url: str, asked: object, status: int, answer: object, **more: Any) -> Taped:  # noqa: ANN401 - fields
    body = answer if isinstance(answer, bytes) else json.dumps(answer, indent=2).encode()
    defaults: dict[str, Any] = {
        "method": "POST",
        "sent": [("Content-Type", JSON), ("Authorization", "<REDACTED>"), ("Accept", "*/*")],
        "headers": [
            ("Content-Type", JSON),
            ("Transfer-Encoding", "chunked"),
            ("Connection", "keep-alive"),
            ("Openai-Version", "2020-10-01"),
            ("Openai-Processing-Ms", "34378"),
            ("X-Request-Id", "<REDACTED>"),
            ("Server", "cloudflare"),
            ("Cf-Cache-Status", "DYNAMIC"),
            ("Alt-Svc", 'h3=":443"; ma=86400'),
        ],
        "at": BEGUN,
        "ms": 9000.0,
        "reason": "OK" if status < 300 else "Error",
    }
    asked_bytes = b"" if asked is None else json.dumps(asked).encode()
    return Taped(url=url, asked=asked_bytes, status=status, body=body, **{**defaults, **more})


def _b64(rng: Random, width: int, height: int, kind: str) -> str:
    return base64.b64encode(painted(width, height, kind, rng)).decode()


def _pretty(rng: Random) -> Taped:
    asked = {"model": "gpt-image-2", "prompt": "a siamese cat", "n": 1, "size": "1024x1024"}
    usage = {
        "input_tokens": 10,
        "input_tokens_details": {"image_tokens": 0, "text_tokens": 10},
        "output_tokens": 1364,
        "output_tokens_details": {"image_tokens": 1056, "text_tokens": 308},
        "total_tokens": 1374,
    }
    answer = {
        "created": 1787150086,
        "background": "opaque",
        "data": [{"b64_json": _b64(rng, 1024, 1024, "png")}],
        "output_format": "png",
        "quality": "medium",
        "size": "1024x1024",
        "usage": usage,
    }
    return _exchange(OPENAI + GENERATIONS, asked, 200, answer)


def _account_errors() -> list[Taped]:
    """Return errors that are about the account, the moment or the words of a prompt."""
    asked = {"model": "gpt-image-2", "prompt": "a siamese cat", "size": "1024x1024"}
    found = []
    for status, message, kind, code in (
        (401, "Incorrect API key provided: sk-***.", "invalid_request_error", "invalid_api_key"),
        (
            400,
            "Your request was rejected by the safety system.",
            "image_generation_user_error",
            "moderation_blocked",
        ),
        (
            400,
            "Billing hard limit has been reached",
            "billing_limit_user_error",
            "billing_hard_limit_reached",
        ),
        (429, "Rate limit reached for gpt-image-2", "input-images", "rate_limit_exceeded"),
        (500, "The server had an error while processing your request", "server_error", None),
    ):
        error = {"message": message, "type": kind, "param": None, "code": code}
        found.append(_exchange(OPENAI + GENERATIONS, asked, status, {"error": error}))
    return found


def _gateway_errors() -> list[Taped]:
    """Return what a gateway says without the provider: no account left, HTML, an empty body."""
    asked = {"model": "gpt-image-2", "prompt": "a siamese cat", "quality": "low"}
    url = "https://gateway.example.org/v1/images/generations"
    none = {"error": {"type": "api_error", "message": "No available compatible accounts"}}
    html = [("Content-Type", "text/html"), ("Server", "nginx")]
    page = b"<html><center><h1>504 Gateway Time-out</h1></center></html>"
    return [
        _exchange(url, asked, 503, none),
        _exchange(url, asked, 504, page, headers=html),
        _exchange(
            url, asked, 403, {"code": "INSUFFICIENT_BALANCE", "message": "Insufficient balance"}
        ),
    ]


def _edit_json(rng: Random) -> Taped:
    asked = {
        "model": "gpt-image-2",
        "prompt": "turn the logo to green",
        "n": 1,
        "images": [
            {"image_url": "data:image/png;base64," + _b64(rng, 128, 128, "png")},
            {"image_url": "https://example.com/logo.png"},
        ],
    }
    answer = {
        "created": 1786572357,
        "background": "opaque",
        "data": [{"b64_json": _b64(rng, 1024, 1024, "png")}],
        "output_format": "png",
        "quality": "medium",
        "size": "1024x1024",
        "usage": {"input_tokens": 431, "output_tokens": 1364, "total_tokens": 1795},
    }
    return _exchange(OPENAI + EDITS, asked, 200, answer)


def _edit_refused() -> Taped:
    asked = {
        "model": "gpt-image-2",
        "prompt": "turn the logo to green",
        "images": [{"image_url": "https://example.com/logo.svg"}],
    }
    error = {
        "message": "Invalid image data.",
        "type": "image_generation_user_error",
        "param": "images[0].image_url",
        "code": "invalid_image_file",
    }
    return _exchange(OPENAI + EDITS, asked, 400, {"error": error})


TOOL = {"type": "image_generation", "output_format": "jpeg", "partial_images": 1}


def _drawn(rng: Random, kind: str, size: str = "1536x1024") -> list[dict[str, Any]]:
    width, _, height = size.partition("x")
    return [
        {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAAAABo3Z1G"},
        {
            "id": "ig_1",
            "type": "image_generation_call",
            "status": "completed",
            "background": "opaque",
            "output_format": kind,
            "quality": "high",
            "size": size,
            "revised_prompt": "Photorealistic close-up of an axolotl",
            "result": _b64(rng, int(width), int(height), kind),
        },
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "annotations": [], "text": ""}],
        },
    ]


def _response(output: list[dict[str, Any]], status: str) -> dict[str, Any]:
    usage = {"input_tokens": 1588, "output_tokens": 1114, "total_tokens": 2702}
    return {
        "id": "resp_08ac",
        "object": "response",
        "created_at": 1759354093,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "model": "gpt-5-2025-08-07",
        "output": output,
        "tools": [TOOL],
        "usage": usage if status == "completed" else None,
    }


def _responses(rng: Random) -> Taped:
    asked = {
        "model": "gpt-5",
        "input": [{"role": "user", "content": "Generate an image of an axolotl."}],
        "stream": False,
        "tool_choice": "required",
        "tools": [{"type": "image_generation", "output_format": "jpeg", "size": "auto"}],
    }
    return _exchange(OPENAI + RESPONSES, asked, 200, _response(_drawn(rng, "jpeg"), "completed"))


def _stream(rng: Random) -> Taped:
    """Return a stream of the Responses API with all events that one has."""
    output = _drawn(rng, "webp")
    steps: list[dict[str, Any]] = [
        {"type": "response.created", "response": _response([], "in_progress")},
        {"type": "response.in_progress", "response": _response([], "in_progress")},
        {
            "type": "response.output_item.added",
            "output_index": 1,
            "item": {"id": "ig_1", "type": "image_generation_call", "status": "in_progress"},
        },
        {"type": "response.image_generation_call.in_progress", "item_id": "ig_1"},
        {"type": "response.image_generation_call.generating", "item_id": "ig_1"},
        {
            "type": "response.image_generation_call.partial_image",
            "item_id": "ig_1",
            "partial_image_index": 0,
            "partial_image_b64": _b64(rng, 1536, 1024, "webp"),
        },
        {"type": "response.image_generation_call.completed", "item_id": "ig_1"},
        {"type": "response.output_item.done", "output_index": 1, "item": output[1]},
        {"type": "response.completed", "response": _response(output, "completed")},
    ]
    events = [{"sequence_number": number, **step} for number, step in enumerate(steps)]
    body = "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in events)
    asked = {
        "model": "gpt-5",
        "input": "Generate an image of an axolotl.",
        "stream": True,
        "tools": [{"type": "image_generation", "output_format": "webp", "partial_images": 1}],
    }
    headers = [("Content-Type", "text/event-stream; charset=utf-8"), ("Server", "cloudflare")]
    url = "https://gateway.example.org/v1/responses"
    return _exchange(url, asked, 200, body.encode(), headers=headers)


def _nanobanana(rng: Random) -> list[Taped]:
    host = "https://api.nanobananaapi.dev/v1/images/generate"
    asked = {
        "model": "gpt-image-2",
        "prompt": "a siamese cat",
        "size": "1024x1024",
        "quality": "low",
    }
    place = "https://cdn.nanobananaapi.dev/results/7c41aa.png"
    answer = {"code": 0, "message": "ok", "data": [{"url": place}]}
    broke = {"code": -1, "message": "Insufficient credits"}
    image = painted(1024, 1024, "png", rng)
    download = _exchange(
        place,
        None,
        200,
        image,
        method="GET",
        role="download",
        headers=[("Content-Type", "image/png"), ("Content-Length", str(len(image)))],
    )
    return [_exchange(host, asked, 200, answer), download, _exchange(host, asked, 200, broke)]


def _apiframe(rng: Random) -> list[Taped]:
    host = "https://api.apiframe.ai/v2"
    asked = {
        "model": "gpt-image-2",
        "prompt": "a siamese cat",
        "gptImage2Params": {"quality": "low"},
    }
    place, image = "https://cdn.apiframe.ai/jobs/5d.webp", painted(1024, 1024, "webp", rng)
    job = {"id": "5d6c", "status": "PROCESSING", "result": None}
    done = {"id": "5d6c", "status": "COMPLETED", "result": place, "creditCost": 4}
    poll: dict[str, Any] = {"method": "GET", "role": "poll"}
    kind = [("Content-Type", "image/webp"), ("Content-Length", str(len(image)))]
    return [
        _exchange(f"{host}/images/generate", asked, 202, {"jobId": "5d6c", "status": "QUEUED"}),
        _exchange(f"{host}/jobs/5d6c", None, 200, job, **poll),
        _exchange(f"{host}/jobs/5d6c", None, 200, done, **poll),
        _exchange(place, None, 200, image, method="GET", role="download", headers=kind),
    ]
