"""What forms hold and what bytes are, without a server."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image

from harness.emulator.received import BadFormError, File, facts, parse_form

if TYPE_CHECKING:
    from tests.emulator.conftest import Emulator

MINIMAL = {"model": "gpt-image-2", "prompt": "a cat"}


def _image(encoding: str) -> bytes:
    out = io.BytesIO()
    noise = Image.effect_noise((48, 32), 60)
    noise.convert("RGB").save(out, encoding)
    return out.getvalue()


def _sent(**parts: Any) -> tuple[str, bytes]:  # noqa: ANN401 - httpx's own arguments
    request = httpx.Request("POST", "http://localhost", **parts)
    return request.headers["content-type"], request.read()


def test_a_form_keeps_names_order_media_types_and_bytes() -> None:
    content_type, raw = _sent(
        data={"n": "2", "prompt": "zwölf\r\n--x"},
        files=[
            ("image[]", ("ä b.png", b"\r\n--one\x00\r\n", "image/png")),
            ("image[]", ("2", b"", "image/webp")),
        ],
    )

    form = parse_form(content_type, raw)

    assert form == {
        "n": ["2"],
        "prompt": ["zwölf\r\n--x"],
        "image[]": [
            File(
                name="image[]",
                filename="ä b.png",
                media_type="image/png",
                data=b"\r\n--one\x00\r\n",
            ),
            File(name="image[]", filename="2", media_type="image/webp", data=b""),
        ],
    }
    assert form.text("n") == "2"
    assert form.text("image[]") is None
    assert [file.filename for file in form.files("image[]")] == ["ä b.png", "2"]


def test_a_form_that_is_none_is_said_to_be_broken() -> None:
    content_type, raw = _sent(data={"a": "b"}, files={"f": b"x"})
    nameless = raw.replace(b'name="a"', b'label="a"')
    crowd = _sent(files=[("f", b"")] * 1001)

    for kind, body in [
        (content_type, raw[:-4]),
        (content_type, b""),
        (content_type, b"{}"),
        (content_type, nameless),
        crowd,
        ("multipart/form-data", raw),
        ("application/json", raw),
        ("", raw),
    ]:
        with pytest.raises(BadFormError):
            parse_form(kind, body)


@pytest.mark.parametrize("encoding", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_whole_image_is_one_until_its_end_is_gone(encoding: str) -> None:
    data = _image(encoding)

    found = facts(data)
    assert (found.format, found.width_px, found.height_px) == (encoding.lower(), 48, 32)
    assert found.whole
    assert facts(data + b"padding").whole
    assert {facts(data[:end]).whole for end in range(12, len(data) - 8, 97)} == {False}
    assert {facts(data[:end]).format for end in range(12, len(data))} == {encoding.lower()}


def test_a_png_without_its_last_chunk_is_not_whole() -> None:
    assert not facts(_image("PNG")[:-12]).whole


@pytest.mark.parametrize(
    ("encoding", "mode", "options", "alpha"),
    [
        ("PNG", "RGB", {}, False),
        ("PNG", "RGBA", {}, True),
        ("PNG", "LA", {}, True),
        ("PNG", "P", {}, False),
        ("PNG", "P", {"transparency": 0}, True),
        ("WEBP", "RGB", {}, False),
        ("WEBP", "RGBA", {}, True),
        ("JPEG", "RGB", {}, False),
    ],
)
def test_alpha_is_what_the_bytes_have_room_for(
    encoding: str,
    mode: str,
    options: dict[str, Any],
    alpha: bool,  # noqa: FBT001 - a table's column
) -> None:
    out = io.BytesIO()
    colour = (9,) * (len(mode) - 1) + (0,) if mode.endswith("A") else 0
    Image.new(mode, (8, 8), colour).save(out, encoding, **options)

    assert facts(out.getvalue()).alpha is alpha


@pytest.mark.parametrize("data", [b"", b"hello", b"<svg/>", b"\x89PNG\r\n\x1a\n", b"RIFF"])
def test_bytes_that_are_no_image_are_unknown_or_not_whole_and_raise_nothing(data: bytes) -> None:
    found = facts(data)

    assert not found.whole
    assert found.format == ("png" if data.startswith(b"\x89") else "unknown")


def test_the_ledger_digests_a_large_form_as_it_was_sent(
    emulator: Emulator,
) -> None:
    content_type, raw = _sent(
        data=MINIMAL, files={"image": ("a.png", _image("PNG") + b"\0" * 30_000_000, "image/png")}
    )
    url = f"{emulator.urls['sub2api']}/v1/images/edits"

    reply = emulator.client.post(url, content=raw, headers={"content-type": content_type})

    assert reply.status_code == 200
    digest = emulator.ledger("sub2api")["entries"][0]["body_sha256"]
    assert digest == hashlib.sha256(raw).hexdigest()
