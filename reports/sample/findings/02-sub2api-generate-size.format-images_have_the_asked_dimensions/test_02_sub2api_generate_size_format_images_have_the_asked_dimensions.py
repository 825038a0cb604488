"""sub2api generate, size.format: images have the asked dimensions

Promised in 001_5b0aab872a4ee831.txt: Generation Parameters.
Seen 2 of 2 times: dimensions 1280x3840 wanted, decoded 1254x1254. Emulator
(2026-11-30T07:35:45+00:00).
A run costs up to 1 image.
It fails while the promise is broken, passes once it is kept, and skips where an answer is about
the account or the line. It needs pytest, httpx, Pillow and, from the environment:
SUB2API_API_KEY, SUB2API_BASE_URL.
"""

import base64
import io
import os
import re

import httpx
import pytest

KEY = os.environ.get("SUB2API_API_KEY", "")
BASE_URL = os.environ.get("SUB2API_BASE_URL", "").rstrip("/")
TIMEOUT_S = 300
IMAGES = ["data.*.b64_json", "data.*.url"]  # where they stand; * is every item of a list
ERROR = ["error.message", "message", "error.code", "error.type", "code"]
TROUBLE = re.compile(  # of the account or the line, in the provider's words
    r"(?i)INSUFFICIENT_BALANCE|billing_hard_limit_reached|billing_error|insufficient_quota"
    r"|insufficient (account )?balance|billing hard limit|rate_limit_exceeded|USAGE_LIMIT_EXCEEDED"
    r"|^(API_KEY_\w+|INVALID_API_KEY|USER_\w+|ACCESS_DENIED|SUBSCRIPTION_\w+|invalid_api_key|api_key_in_query_deprecated|permission_error)$"
    r"|no available (compatible )?accounts"
)

pytestmark = [
    pytest.mark.skipif(not KEY, reason="SUB2API_API_KEY is not set: nothing was sent"),
    pytest.mark.skipif(not BASE_URL, reason="SUB2API_BASE_URL is not set: nothing was sent"),
]


def test_sub2api_generate_size_format_images_have_the_asked_dimensions():
    reply = ask("POST", "/v1/images/generations", json=asked())
    content = read(reply)
    assert reply.is_success, f"HTTP {reply.status_code}: {reply.text[:500]}"
    images = [picture(text) for text in found(content, IMAGES) if isinstance(text, str)]
    assert images, f"no image: {content!r:.500}"
    Image = pytest.importorskip("PIL.Image")
    opened = [Image.open(io.BytesIO(raw)) for raw in images]
    assert {image.size for image in opened} == {(1280, 3840)}


def asked():
    return {
        "model": "gpt-image-2",
        "prompt": "A watercolour painting of a small red lighthouse on a calm northern coast at noon",
        "n": 1,
        "quality": "low",
        "size": "1280x3840",
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


def picture(text):
    if not text.startswith(("http", "/", "./", "../")) or text.startswith("/9j/"):  # a JPEG's start
        return base64.b64decode(text.rpartition(",")[2].translate({45: "+", 95: "/"}) + "==")
    address = httpx.URL(f"{BASE_URL}/").join(text.strip())
    return httpx.get(address, timeout=120, follow_redirects=True).raise_for_status().content
