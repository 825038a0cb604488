"""An image in a text is found however its base64 is written, and nothing else is taken for one."""

import base64
import io
import textwrap
from collections.abc import Callable

import pytest
from PIL import Image

from harness.transport.bodies.base64text import WEAK_BYTES, image_in
from harness.transport.bodies.images import ImageCollector


def png() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((40, 31), 80).save(file, "PNG")
    return file.getvalue() + b"\0" * (-len(file.getvalue()) % 3 + 1)  # so that it ends with ==


RAW = png()
PLAIN = base64.b64encode(RAW).decode()


@pytest.mark.parametrize(
    ("write", "encoding"),
    [
        (str, ""),
        (lambda text: textwrap.fill(text, 76), "line breaks"),
        (lambda text: textwrap.fill(text, 64) + "\n", "line breaks"),
        (
            lambda text: textwrap.fill(text, 76).replace("\n", "\r\n"),
            "line breaks",
        ),
        (lambda text: textwrap.fill(text, 60).replace("\n", " "), "spaces"),
        (lambda text: textwrap.fill(text, 60).replace("\n", "\t"), "spaces"),
        (lambda text: textwrap.fill(text, 60).replace("\n", "\n    "), "line breaks, spaces"),
        (lambda text: textwrap.fill(text, 76).replace("\n", "\\n"), "escaped line breaks"),
        (lambda text: text.replace("/", "\\/"), "escaped slashes"),
        (lambda text: text.replace("+", "-").replace("/", "_"), "URL-safe alphabet"),
        (lambda text: text.rstrip("="), "no padding"),
        (lambda text: text[:-1], "too little padding"),
        (lambda text: f"{text}=", "too much padding"),
        (
            lambda text: text.replace("+", "-").replace("/", "_").rstrip("="),
            "URL-safe alphabet, no padding",
        ),
        (lambda text: text.replace("+", "%2B").replace("/", "%2f"), "percent-encoding"),
        (lambda text: f"data:image/png;base64,{text}", "data URL"),
        (lambda text: f"DATA:IMAGE/PNG;BASE64,{text}", "data URL"),
        (lambda text: f"data:image/png;charset=utf-8;base64,{text}", "data URL"),
        (lambda text: f"data:image/png;name=a.png;base64,\n{text}", "data URL, line breaks"),
        (lambda text: f" data:application/octet-stream;base64,{text}", "data URL"),
        (lambda text: f"data:;base64,{text}", "data URL"),
        (lambda text: f"image/png;base64,{text}", "data URL"),
        (lambda text: f"base64,{text}", "data URL"),
    ],
    ids=range(23),
)
def test_an_image_is_read_and_what_is_odd_about_its_text_is_told(
    write: Callable[[str], str], encoding: str
) -> None:
    found = image_in(write(PLAIN))

    assert found is not None
    assert found.raw == RAW
    assert found.encoding == encoding


def test_images_that_were_encoded_in_parts_are_put_together() -> None:
    parts = (base64.b64encode(RAW[at : at + 100]).decode() for at in range(0, len(RAW), 100))

    found = image_in("".join(parts))

    assert found is not None
    assert found.raw == RAW
    assert found.encoding == "padding before the end"


@pytest.mark.parametrize(
    ("text", "media_type"),
    [
        (f"data:IMAGE/PNG;q=1;base64,{PLAIN}", "image/png"),
        (f"data:application/octet-stream;base64,{PLAIN}", "application/octet-stream"),
        (f"data:;base64,{PLAIN}", ""),
        (f"base64,{PLAIN}", ""),
        (PLAIN, ""),
    ],
)
def test_what_a_data_url_declares_is_told_in_lower_case(text: str, media_type: str) -> None:
    found = image_in(text)

    assert found is not None
    assert found.media_type == media_type


@pytest.mark.parametrize(
    "url",
    [
        "data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg'><text>é</text></svg>",
        "data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%3E%3Ctext%3E%C3%A9%3C/text%3E%3C/svg%3E",
    ],
)
def test_a_drawing_in_a_data_url_needs_no_base64(url: str) -> None:
    found = image_in(url)

    assert found is not None
    assert found.raw.decode() == ("<svg xmlns='http://www.w3.org/2000/svg'><text>é</text></svg>")
    assert (found.encoding, found.media_type) == ("data URL, no base64", "image/svg+xml")


@pytest.mark.parametrize(
    "text",
    [
        "A fox in the snow",
        "Quick brown foxes",
        "0123456789abcdef0123456789abcdef01234567",
        "iVBORw0KGgo",
        "/9j/",
        "/wonders/images/outputs/generated/final/abcdef",
        "SUkqAA",
        "image/png",
        "data:,hello",
        "data:image/png;base64",
        "data:image/png;base64,",
        "data:text/plain;base64,aGVsbG8gd29ybGQhIGhlbGxv",
        "https://cdn.test/a.png",
        f"{PLAIN[:200]}...",
        f"{PLAIN[:200]}<truncated>",
        base64.b64encode(b"<html><svg></svg></html>").decode(),
        base64.b64encode(b"%PDF-1.7" * 40).decode(),
        base64.b64encode(b"\0\0\0\x18ftypisom" + bytes(200)).decode(),
        base64.b64encode(b"RIFF\0\0\0\0WAVEfmt " + bytes(200)).decode(),
        base64.b64encode(b"\xff\x0a" + bytes(WEAK_BYTES - 3)).decode(),
        base64.b64encode(b"BM, said the fox, and more").decode(),
    ],
    ids=range(21),
)
def test_texts_that_are_no_images_stay_texts(text: str) -> None:
    assert image_in(text) is None


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000"])
def test_every_format_is_found_by_its_bytes_and_kept_under_its_name(kind: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (9, 8)).save(file, kind)
    kept: dict[str, bytes] = {}

    found = ImageCollector(kept.__setitem__).from_text(base64.b64encode(file.getvalue()).decode())

    assert found is not None
    assert (found.format, found.width_px, found.height_px) == (kind.lower(), 9, 8)
    assert kept == {f"{found.digest}.{kind.lower()}": file.getvalue()}
