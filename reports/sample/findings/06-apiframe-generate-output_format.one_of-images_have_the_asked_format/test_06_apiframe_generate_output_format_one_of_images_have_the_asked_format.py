"""apiframe generate, output_format.one_of: images have the asked format

Promised in 002_c0d23a45f875fe85.txt: Input schema.
Seen 2 of 2 times: format webp wanted, decoded png. Emulator (2026-11-30T07:35:45+00:00).
A run costs up to 2 images, 8 credits.
It fails while the promise is broken, passes once it is kept, and skips where an answer is about
the account or the line. It needs pytest, httpx, Pillow and, from the environment:
APIFRAME_API_KEY, APIFRAME_BASE_URL.
"""

import base64
import io
import os
import re
import time
import uuid

import httpx
import pytest

KEY = os.environ.get("APIFRAME_API_KEY", "")
BASE_URL = os.environ.get("APIFRAME_BASE_URL", "").rstrip("/")
RUN = uuid.uuid4().hex  # a word of this run's own: an old one makes no new job
TIMEOUT_S = 300
IMAGES = ["result.images.*.url", "result.images.*", "result"]  # where they stand; * is every item of a list
JOB, STATE = ["jobId", "id"], ["status"]
ERROR = ["error", "message"]
TROUBLE = re.compile(  # of the account or the line, in the provider's words
    r"(?i)insufficient credits"
)

pytestmark = [
    pytest.mark.skipif(not KEY, reason="APIFRAME_API_KEY is not set: nothing was sent"),
    pytest.mark.skipif(not BASE_URL, reason="APIFRAME_BASE_URL is not set: nothing was sent"),
]


def test_apiframe_generate_output_format_one_of_images_have_the_asked_format():
    reply = ask("POST", "/v2/images/generate", json=asked())
    content = read(reply)
    assert reply.is_success, f"HTTP {reply.status_code}: {reply.text[:500]}"
    job = found(content, JOB)
    assert job, f"no job: {reply.text[:500]}"
    content = ended(job[0])
    images = [picture(text) for text in found(content, IMAGES) if isinstance(text, str)]
    assert images, f"no image: {content!r:.500}"
    Image = pytest.importorskip("PIL.Image")
    opened = [Image.open(io.BytesIO(raw)) for raw in images]
    assert {image.format.lower() for image in opened} == {"webp"}


def asked():
    return {
        "prompt": "A pencil drawing of an old stone bridge over a slow green river in autumn",
        "model": "gpt-image-2",
        "gptImage2Params": {"quality": "low"},
    }


def ask(method, path, **sent):
    headers = {"X-API-Key": KEY, "Accept": "application/json", "Idempotency-Key": RUN + "-generate/base/again"}
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
        body = read(ask("GET", "/v2/jobs/{id}".format(id=job)))
        state = (found(body, STATE) or [None])[0]
        if state in ["COMPLETED"]:
            return body
        if state in ["FAILED", "CANCELLED"]:
            pytest.skip(f"the job failed, which proves nothing: {body!r:.500}")
        time.sleep(2)
    pytest.skip(f"job {job} did not end within {TIMEOUT_S} s")
