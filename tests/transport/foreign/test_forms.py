import hashlib
import io
from contextlib import suppress

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from harness.core.exchange import Part
from harness.transport.foreign.forms import file_part, read_multipart, read_urlencoded


def png(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_form_as_httpx_sends_it_is_read_part_by_part() -> None:
    image = png(48, 32)
    sent = httpx.Request(
        "POST",
        "https://api.test/",
        data={"prompt": "Łódź\r\n16:9", "n": "2", "empty": ""},
        files=[
            ("image[]", ('a "b" ł.png', image, "image/png")),
            ("mask", ("m.bin", b"\r\n--x\r\n", "application/octet-stream")),
        ],
    )

    read = read_multipart(sent.read(), sent.headers["content-type"])

    assert read == (
        Part(name="prompt", value="Łódź\r\n16:9"),
        Part(name="n", value="2"),
        Part(name="empty", value=""),
        Part(
            name="image[]",
            filename='a "b" ł.png',
            media_type="image/png",
            digest=hashlib.sha256(image).hexdigest(),
            size_bytes=len(image),
            width_px=48,
            height_px=32,
            alpha=False,
        ),
        Part(
            name="mask",
            filename="m.bin",
            media_type="application/octet-stream",
            digest=hashlib.sha256(b"\r\n--x\r\n").hexdigest(),
            size_bytes=7,
        ),
    )


@pytest.mark.parametrize(
    ("mode", "kind", "clear", "alpha"),
    [
        ("RGBA", "PNG", None, True),
        ("LA", "PNG", None, True),
        ("P", "PNG", 3, True),
        ("P", "PNG", None, False),
        ("RGB", "PNG", None, False),
        ("RGB", "JPEG", None, False),
        ("RGBA", "WEBP", None, True),
        ("RGB", "WEBP", None, False),
    ],
)
def test_an_alpha_channel_is_read_from_a_header_even_of_a_file_cut_off(
    mode: str, kind: str, clear: int | None, alpha: object
) -> None:
    buffer = io.BytesIO()
    image = Image.effect_noise((64, 64), 50).convert("RGB").convert(mode)
    if mode in ("RGBA", "LA"):
        image.putalpha(Image.linear_gradient("L").resize((64, 64)))  # WebP drops one that is full
    image.save(buffer, kind, **({} if clear is None else {"transparency": clear}))

    whole = file_part("mask", buffer.getvalue(), filename="m", media_type=None)
    cut = file_part("mask", buffer.getvalue()[:-200], filename="m", media_type=None)

    assert (whole.width_px, whole.height_px, whole.alpha) == (64, 64, alpha)
    assert kind == "WEBP" or (cut.width_px, cut.height_px, cut.alpha) == (64, 64, alpha)


def test_a_form_whose_line_ends_a_recorder_changed_is_read() -> None:
    raw = (
        b"--x\nContent-Disposition: form-data; name=n\n\n2\n--x\nContent-Disposition: form-data; "
        b"name=\"image\"; filename*=utf-8''%C5%82.png\n\nabc\n--x--\n"
    )

    read = read_multipart(raw, 'multipart/form-data; charset=utf-8; Boundary="x"')

    assert [(part.name, part.value, part.filename) for part in read] == [
        ("n", "2", None),
        ("image", None, "ł.png"),
    ]


A_PART = b'--x\r\nContent-Disposition: form-data; name="n"\r\n\r\n2\r\n'


def test_what_stands_around_the_parts_is_none_of_them() -> None:
    read = read_multipart(b"before\r\n" + A_PART * 1_000 + b"--x--\r\nafter", "m/f; boundary=x")

    assert read == (Part(name="n", value="2"),) * 1_000


def test_a_line_that_only_begins_like_the_boundary_belongs_to_the_part() -> None:
    raw = A_PART.replace(b"2", b"2\r\n--xy\r\n --x\r\n\r\n") + b"--x--"

    read = read_multipart(raw, "multipart/form-data; boundary=x")

    assert read == (Part(name="n", value="2\r\n--xy\r\n --x\r\n\r\n"),)


@pytest.mark.parametrize(
    ("written", "filename"),
    [
        (r'"a\"b\\c.png"', 'a"b\\c.png'),
        ('"a%22b.png"', 'a"b.png'),
        (r'"C:\pictures\a.png"', r"C:\pictures\a.png"),
        ('"a; name=b.png"', "a; name=b.png"),
    ],
)
def test_a_quoted_name_of_a_file_is_read_as_it_was(written: str, filename: str) -> None:
    raw = A_PART.replace(b'name="n"', b"name=n; filename=" + written.encode()) + b"--x--"

    read = read_multipart(raw, "multipart/form-data; boundary=x")

    assert [(part.name, part.filename) for part in read] == [("n", filename)]


@pytest.mark.parametrize(
    ("raw", "kind", "told"),
    [
        (b"--x--", "multipart/form-data", "names no boundary"),
        (b"<REDACTED>", "multipart/form-data; boundary=x", "does not occur"),
        (b"--x\r\nno headers\r\n--x--", "multipart/form-data; boundary=x", "has no name"),
        (b"--x\r\n" * 2_000, "multipart/form-data; boundary=x", "more than 1,000 parts"),
        (A_PART * 1_001 + b"--x--", "multipart/form-data; boundary=x", "more than 1,000 parts"),
        (A_PART, "multipart/form-data; boundary=x", "ends before its last boundary"),
        (A_PART + b"--x-", "multipart/form-data; boundary=x", "ends before its last boundary"),
        (A_PART + b"--x\r\n", "multipart/form-data; boundary=x", "ends before its last boundary"),
        (A_PART + b"--x\r\nCont", "multipart/form-data; boundary=x", "ends before its last boun"),
    ],
)
def test_what_is_no_form_is_told(raw: bytes, kind: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_multipart(raw, kind)


@given(st.binary(), st.text())
def test_any_bytes_are_a_form_or_a_value_error(raw: bytes, boundary: str) -> None:
    for body in (raw, b"--b\r\n" + raw + b"\r\n--b--"):
        for kind in (f"multipart/form-data; boundary={boundary}", "x; boundary=b"):
            with suppress(ValueError):  # and nothing else
                assert all(part.name is not None for part in read_multipart(body, kind))


def test_an_urlencoded_form_is_plain_values() -> None:
    assert read_urlencoded(b"prompt=a+cat%21&n=2&user=") == (
        Part(name="prompt", value="a cat!"),
        Part(name="n", value="2"),
        Part(name="user", value=""),
    )
