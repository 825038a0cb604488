"""Small copies are shown only where they are what the harness writes: a folder may be forged."""

import base64
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from harness.core.inspection import THUMBNAIL_AT_MOST_BYTES, Inspection
from harness.report.pictures.thumbnails import AT_MOST, BYTES_AT_MOST, address_of, thumbnails
from harness.transport.inspection.thumbnails import thumbnail_of

GOOD = thumbnail_of(Image.new("RGB", (640, 320), (10, 120, 90)))
RAW = base64.b64decode(GOOD)
PREFIX = "data:image/webp;base64,"


def inspection(thumbnail: str | None) -> Inspection:
    return Inspection(digest="d", state="none", thumbnail=thumbnail)


def webp(size: tuple[int, int], **options: object) -> str:
    buffer = io.BytesIO()
    Image.new("RGBA", size, (1, 2, 3, 4)).save(buffer, "WEBP", **options)
    return base64.b64encode(buffer.getvalue()).decode()


def altered(at: int, value: bytes) -> str:
    return base64.b64encode(RAW[:at] + value + RAW[at + len(value) :]).decode()


def test_what_the_harness_made_is_shown() -> None:
    assert address_of(inspection(GOOD)) == PREFIX + GOOD


@pytest.mark.parametrize(
    "thumbnail",
    [
        None,
        "",
        GOOD[:-4],
        GOOD + "AAAA",
        GOOD + "\n",
        f'{GOOD}" onerror="alert(1)',
        "PHN2Zz48L3N2Zz4=",  # <svg></svg>
        "é" * 40,
        webp((64, 64), lossless=True),
        webp((64, 64)),  # with an alpha channel, and chunks of which we write none
        altered(26, (129).to_bytes(2, "little")),
        altered(28, (16_383).to_bytes(2, "little")),
        altered(26, b"\0\0"),
        altered(4, b"\xff\xff\xff\xff"),
        base64.b64encode(RAW + b"\0" * THUMBNAIL_AT_MOST_BYTES).decode(),
    ],
)
def test_what_is_anything_else_is_not(thumbnail: str | None) -> None:
    assert address_of(inspection(thumbnail)) == ""


@given(
    st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: base64.b64encode(raw).decode())
)
def test_no_text_of_a_stranger_leaves_its_attribute(text: str) -> None:
    assert address_of(inspection(text)) == ""
    assert address_of(inspection(GOOD[:40] + text)) in ("", PREFIX + GOOD[:40] + text)


def test_a_page_holds_so_many_and_no_more() -> None:
    large = base64.b64encode(
        RAW[:4] + (3_992).to_bytes(4, "little") + RAW[8:] + b"\0" * (4_000 - len(RAW))
    ).decode()
    digests = [f"{number}" for number in range(600)]

    few = thumbnails([*digests, *digests], dict.fromkeys(digests, inspection(GOOD)))
    long = thumbnails(digests, dict.fromkeys(digests, inspection(large)))
    assert list(few) == digests[:AT_MOST]
    assert 100 < len(long) == BYTES_AT_MOST // len(PREFIX + large)
    assert thumbnails(["other"], {}) == {}
