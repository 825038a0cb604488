"""aimlapi generate, prompt.max_length: refused: prompt has at most 32,000 characters

Promised in 004_af00e4dce4fb4dd9.txt: Generate image.
Seen 2 of 2 times: served with 1 image. Emulator (2026-11-30T07:35:45+00:00).
A run costs up to 1 image, 0.05367 usd while the promise is broken, nothing once it is kept.
It fails while the promise is broken, passes once it is kept, and skips where an answer is about
the account or the line. It needs pytest, httpx and, from the environment:
AIMLAPI_API_KEY, AIMLAPI_BASE_URL.
"""

import json
import os
import re
from pathlib import Path

import httpx
import pytest

KEY = os.environ.get("AIMLAPI_API_KEY", "")
BASE_URL = os.environ.get("AIMLAPI_BASE_URL", "").rstrip("/")
HERE = Path(__file__).parent
TIMEOUT_S = 180
IMAGES = ["data.*.b64_json", "data.*.url"]  # where they stand; * is every item of a list
ERROR = ["message", "error.message", "error.code", "statusCode"]
TROUBLE = re.compile(  # of the account or the line, in the provider's words
    r"(?i)run out of credits|insufficient"
)

pytestmark = [
    pytest.mark.skipif(not KEY, reason="AIMLAPI_API_KEY is not set: nothing was sent"),
    pytest.mark.skipif(not BASE_URL, reason="AIMLAPI_BASE_URL is not set: nothing was sent"),
]


def test_aimlapi_generate_prompt_max_length_not_refused():
    reply = ask("POST", "/v1/images/generations", json=asked())
    content = read(reply)
    assert not found(content, IMAGES), f"served with HTTP {reply.status_code}"
    assert 400 <= reply.status_code < 500, f"HTTP {reply.status_code}: {reply.text[:500]}"


def asked():
    return {
        "model": "openai/gpt-image-2",
        "prompt": json.loads((HERE / "request.json").read_text("utf-8"))["arguments"]["prompt"],
    }


def ask(method, path, **sent):
    headers = {"Authorization": "Bearer " + KEY, "Accept": "application/json"}
    try:
        reply = httpx.request(method, BASE_URL + path, headers=headers, timeout=TIMEOUT_S, **sent)
    except httpx.TransportError as error:
        pytest.skip(f"no answer proves nothing: {error!r}")
    unsure = reply.status_code in (401, 402, 403, 408, 429) or reply.status_code >= 500
    said = [str(word) for place in ERROR for word in found(read(reply), [place])]
    if unsure or any(map(TROUBLE.search, said)):
        pytest.skip(f"HTTP {reply.status_code} proves nothing: {reply.text[:300]}")
    return reply


def read(reply):
    try:
        return reply.json()
    except ValueError:
        return {}


def found(body, places):
    """Return what stands at the first of these places that holds anything."""
    for place in places:
        items = [body]
        for key in place.split("."):
            if key == "*":
                items = [one for item in items if isinstance(item, list) for one in item]
            else:
                items = [item.get(key) for item in items if isinstance(item, dict)]
        if items := [item for item in items if item not in (None, "")]:
            return items
    return []
