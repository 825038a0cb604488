"""buble edit, charges_the_list_price: charges the list price

Promised in 000_8bed2a061057bd89.txt: Example: image to image.
Seen 2 of 2 times: charged 2 credit, listed 1. Emulator (2026-11-30T07:35:45+00:00).
A run costs up to 1 image, 1 credit.
It fails while the promise is broken, passes once it is kept, and skips where an answer is about
the account or the line. It needs pytest, httpx and, from the environment:
BUBLE_API_KEY, BUBLE_BASE_URL.
"""

import base64
import os
import re
import time
from pathlib import Path

import httpx
import pytest

KEY = os.environ.get("BUBLE_API_KEY", "")
BASE_URL = os.environ.get("BUBLE_BASE_URL", "").rstrip("/")
HERE = Path(__file__).parent
FILES = {name: HERE / "files" / name for name in ["png-rgb-512x512-1.png"]}
TIMEOUT_S = 300
IMAGES = ["data.result.images.*.url"]  # where they stand; * is every item of a list
JOB, STATE = ["data.id"], ["data.status"]
ERROR = ["error.message", "error.code"]
TROUBLE = re.compile(  # of the account or the line, in the provider's words
    r"(?i)missing_api_key|invalid_api_key|credit|balance|quota|insufficient"
    r"|rate_limit|concurren|too_many|not_api_configured"
)

pytestmark = [
    pytest.mark.skipif(not KEY, reason="BUBLE_API_KEY is not set: nothing was sent"),
    pytest.mark.skipif(not BASE_URL, reason="BUBLE_BASE_URL is not set: nothing was sent"),
    pytest.mark.skipif(not all(path.exists() for path in FILES.values()), reason="files/ lacks a file: repeat.sh says how"),
]


def test_buble_edit_charges_the_list_price():
    reply = ask("POST", "/api/v1/generations", json=asked())
    content = read(reply)
    assert reply.is_success, f"HTTP {reply.status_code}: {reply.text[:500]}"
    job = found(content, JOB)
    assert job, f"no job: {reply.text[:500]}"
    content = ended(job[0])
    images = [picture(text) for text in found(content, IMAGES) if isinstance(text, str)]
    assert images, f"no image: {content!r:.500}"
    assert [float(one) for one in found(content, ['data.cost_credits'])] == [1]


def asked():
    return {
        "model": "openai/gpt-image-2",
        "prompt": "A pencil drawing of an old stone bridge over a slow green river in autumn",
        "resolution": "1K",
        "mode": "image_to_image",
        "image_urls": [upload("png-rgb-512x512-1.png", "image/png")],
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


def ended(job):
    """Poll as fast as the documents say until the job has ended; return the last answer."""
    until = time.monotonic() + TIMEOUT_S
    while time.monotonic() < until:
        body = read(ask("GET", "/api/v1/generations/{id}".format(id=job)))
        state = (found(body, STATE) or [None])[0]
        if state in ["success"]:
            return body
        if state in ["failed", "canceled"]:
            pytest.skip(f"the job failed, which proves nothing: {body!r:.500}")
        time.sleep(2)
    pytest.skip(f"job {job} did not end within {TIMEOUT_S} s")


def upload(name, media_type):
    form = [
        ("file_type", (None, "image")),
        ("model", (None, "openai/gpt-image-2")),
        ("mode", (None, "image_to_image")),
        ("file", (name, FILES[name].read_bytes(), media_type)),
    ]
    return found(read(ask("POST", "/api/v1/files", files=form)), ["data.url"])[0]
