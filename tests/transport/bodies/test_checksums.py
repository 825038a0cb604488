"""A PNG holds checksums of its data, which Pillow's own drawing does not look at."""

import io
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from harness.transport.bodies.decode import decoded


def _png() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").save(out, "png")
    return out.getvalue()


def _other_checksum(raw: bytes) -> bytes:
    """Turn one bit of the checksum of the image's data."""
    start = raw.index(b"IDAT")
    end = start + 4 + int.from_bytes(raw[start - 4 : start])
    return raw[:end] + bytes([raw[end] ^ 1]) + raw[end + 1 :]


def _other_pixels(raw: bytes) -> bytes:
    """Put other pixels of as many bytes under the checksum of the old ones."""
    start = raw.index(b"IDAT")
    length = int.from_bytes(raw[start - 4 : start])
    flat = zlib.decompress(raw[start + 4 : start + 4 + length])
    data = zlib.compress(flat[:300] + b"\x07" * (len(flat) - 300), 9)
    head = raw[: start - 4] + len(data).to_bytes(4) + b"IDAT" + data
    return head + raw[start + 4 + length :]


@pytest.mark.parametrize("change", [_other_checksum, _other_pixels])
def test_data_that_differ_from_their_checksum_are_damaged(
    change: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    raw = change(_png())
    (tmp_path / "image.png").write_bytes(raw)

    for source in (io.BytesIO(raw), tmp_path / "image.png"):
        found = decoded(source)
        assert found.format == "png"
        assert found.why


@pytest.mark.parametrize("more", [b"", b"\x00" * 64, b"made by a camera"])
def test_what_follows_a_whole_image_damages_nothing(more: bytes) -> None:
    found = decoded(io.BytesIO(_png() + more))

    assert (found.format, found.width_px, found.why) == ("png", 256, "")


def _chunk(name: bytes, data: bytes, *, checksum: bytes = b"\0\0\0\0") -> bytes:
    return len(data).to_bytes(4) + name + data + checksum


EXTRAS = [
    _chunk(b"tEXt", b"Software\0a camera"),
    _chunk(b"pHYs", b"\0" * 9),
    _chunk(b"gAMA", b"\0\1\x86\xa0") + _chunk(b"caBX", b"provenance"),
    _chunk(b"sRGB", b"\0"),
]


@pytest.mark.parametrize("extra", EXTRAS, ids=["text", "density", "two", "colours"])
@pytest.mark.parametrize("before", [b"IDAT", b"IEND"])
def test_a_wrong_checksum_of_what_may_be_skipped_damages_nothing(
    extra: bytes, before: bytes, tmp_path: Path
) -> None:
    whole = _png()
    at = whole.index(before) - 4
    raw = whole[:at] + extra + whole[at:]
    (tmp_path / "image.png").write_bytes(raw)

    for source in (io.BytesIO(raw), tmp_path / "image.png"):
        found = decoded(source)
        assert (found.format, found.width_px, found.why) == ("png", 256, "")
    assert decoded(io.BytesIO(_other_checksum(raw))).why == "PNG chunk IDAT: its checksum differs"


@pytest.mark.parametrize("name", [b"IHDR", b"PLTE"])
def test_a_wrong_checksum_of_a_critical_chunk_damages_the_image(name: bytes) -> None:
    out = io.BytesIO()
    Image.linear_gradient("L").convert("P").save(out, "png")
    raw = out.getvalue()
    at = raw.index(name)
    end = at + 4 + int.from_bytes(raw[at - 4 : at])

    assert decoded(io.BytesIO(raw[:end] + bytes([raw[end] ^ 1]) + raw[end + 1 :])).why


@pytest.mark.parametrize("kind", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize(
    "options", [{}, {"optimize": True}, {"compress_level": 0}, {"dpi": (72, 72)}]
)
def test_what_honest_writers_write_is_whole(kind: str, options: dict[str, object]) -> None:
    out = io.BytesIO()
    Image.new(kind, (300, 200)).save(out, "png", **options)

    assert decoded(io.BytesIO(out.getvalue())).why == ""
