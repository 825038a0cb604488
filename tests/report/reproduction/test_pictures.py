"""What a ready test makes of a reply's text, as the harness that found it did."""

import base64
import types
from collections.abc import Callable

import httpx
import pytest

from harness.report.reproduction.folder import reproduction
from tests.report import builders as b
from tests.shipped import shipped_provider

RAW = b"\xff\xd8\xff\xe0 a jpeg \xfb\xff\xbe\xff"
"""Bytes whose base64 begins with a slash, and needs signs of its own and padding."""

BASE = "https://api.test/gateway"
PLAIN = base64.b64encode(RAW).decode()


def module() -> types.ModuleType:
    """Return the ready test of a finding, imported."""
    case = b.case(
        name="nanobanana", id="generate/x", arguments={"prompt": "a", "model": "gpt-image-2"}
    )
    found = b.finding(b.record(case, b.images()), check="images_decode")
    made = reproduction(found, shipped_provider("nanobanana"), number=1, source="run", written=())
    (text,) = (text for name, text in made.texts.items() if name.endswith(".py"))
    ready = types.ModuleType("ready")
    ready.__file__ = __file__
    exec(text, ready.__dict__)  # noqa: S102 - our own text, run as pytest runs it
    return ready


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.rstrip("="),
        base64.urlsafe_b64encode(RAW).decode(),
        f"data:image/jpeg;base64,{PLAIN}",
        f"{PLAIN[:8]}\r\n{PLAIN[8:]}",
    ],
)
def test_base64_in_any_spelling_is_decoded(text: str) -> None:
    assert module().picture(text) == RAW


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("https://cdn.test/a.png", "https://cdn.test/a.png"),
        ("/files/a.png", "https://api.test/files/a.png"),
        ("//cdn.test/a.png", "https://cdn.test/a.png"),
    ],
)
def test_an_address_is_fetched_though_it_is_relative(
    text: str, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=str(request.url).encode(), request=request)

    ready = module()
    transport = httpx.Client(transport=httpx.MockTransport(answer))
    get: Callable[..., httpx.Response] = transport.get
    monkeypatch.setattr(ready, "BASE_URL", BASE)
    monkeypatch.setattr(ready.httpx, "get", get)

    assert ready.picture(text) == asked.encode()
