"""Recordings of one request to sub2api, as tests take them apart, and what judging says of them."""

import base64
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from harness import api
from harness.core.exchange import Failure, Reply
from harness.core.outcome import Fault, Images
from harness.run_result import RunResult

URL = "https://gateway.example.com/v1/images/generations"
ASKED = {
    "model": "gpt-image-2",
    "prompt": "a paper kite",
    "size": "1024x1024",
    "quality": "low",
    "output_format": "png",
}
USAGE = {
    "input_tokens": 9,
    "output_tokens": 196,
    "total_tokens": 205,
    "input_tokens_details": {"text_tokens": 9, "image_tokens": 0},
}


def png(width: int = 1024, height: int = 1024, *, kind: str = "png") -> bytes:
    buffer = io.BytesIO()
    Image.new("1", (width, height)).save(buffer, kind)
    return buffer.getvalue()


def served(**other: object) -> dict[str, Any]:
    """Return the JSON of an honest reply."""
    shown = {name: ASKED[name] for name in ("size", "quality", "output_format")}
    data = [{"b64_json": base64.b64encode(png()).decode()}]
    return {"created": 1, "data": data, "background": "opaque", **shown, "usage": USAGE, **other}


def streamed(*, partials: int = 1) -> str:
    """Return the stream of an honest reply."""
    kind = "image_generation"
    encoded = base64.b64encode(png()).decode()
    partial = {"type": f"{kind}.partial_image", "b64_json": encoded, "partial_image_index": 0}
    shown = {name: ASKED[name] for name in ("size", "quality", "output_format")}
    done: dict[str, object] = {
        "type": f"{kind}.completed", "b64_json": encoded, **shown, "background": "opaque",
        "usage": USAGE,
    }  # fmt: skip
    return "".join(
        f"event: {data['type']}\ndata: {json.dumps(data)}\n\n"
        for data in (*[partial] * partials, done)
    )


def entry(  # noqa: PLR0913 - what differs between recordings
    text: str | None,
    *,
    headers: Mapping[str, object] | None = None,
    asked: object = ASKED,
    url: str = URL,
    method: str = "POST",
    status: int = 200,
    content: Mapping[str, object] | None = None,
    **other: object,
) -> dict[str, Any]:
    """Return a HAR entry; `content` and `other` add to its content and to itself."""
    said = {"content-type": "application/json", **(headers or {})}
    held = {} if text is None else {"text": text}
    posted = {"mimeType": "application/json", "text": json.dumps(asked)}
    return {
        "startedDateTime": "2026-09-01T10:00:00Z",
        "time": 9_000,
        "request": {
            "method": method,
            "url": url,
            "headers": [{"name": "content-type", "value": "application/json"}],
            **({"postData": posted} if method == "POST" else {}),
        },
        "response": {
            "status": status,
            "statusText": "",
            "headers": [{"name": name, "value": value} for name, value in said.items()],
            "content": {"mimeType": "", **held, **(content or {})},
        },
        **other,
    }


def har(path: Path, *entries: object) -> Path:
    """Write a HAR."""
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}), encoding="utf-8")
    return path


def judged(path: Path, provider: str = "sub2api") -> RunResult:
    """Judge a file."""
    return api.judge([path], provider)


def convictions(result: RunResult) -> list[str]:
    """Return what the provider is blamed for."""
    return [verdict.why for verdict in result.report.verdicts if verdict.status == "fail"]


def outcome(result: RunResult) -> str:
    """Return what the one request came to, in a few words."""
    (record,) = result.records
    match record.outcome:
        case Images(pictures=pictures):
            return ", ".join(f"{pic.state} {pic.why}".strip() for pic in pictures) or "no image"
        case Fault(why=why):
            return why
        case other:
            return str(other)


def answer(result: RunResult) -> Reply | Failure:
    """Return the answer to the one request."""
    (record,) = result.records
    return record.exchanges[0].answer
