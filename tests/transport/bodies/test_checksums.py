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
