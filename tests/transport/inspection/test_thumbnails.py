"""Small copies of images of every kind: small, turned, and nothing of them hidden or clear."""

import base64
import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.core.inspection import THUMBNAIL_AT_MOST_BYTES, THUMBNAIL_EDGE_PX
from harness.transport.inspection.inspector import Inspector
from harness.transport.inspection.thumbnails import thumbnail_of

NOISE = Image.fromarray(np.random.default_rng(1).integers(0, 255, (600, 800, 3), dtype=np.uint8))


def copy_of(image: Image.Image) -> Image.Image:
    raw = base64.b64decode(thumbnail_of(image), validate=True)
    assert raw[8:16] == b"WEBPVP8 "
    assert len(raw) <= THUMBNAIL_AT_MOST_BYTES
    return Image.open(io.BytesIO(raw))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16"])
def test_an_image_of_any_mode_has_a_small_copy(mode: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.asarray(NOISE.convert("L")).astype(np.uint16) * 256)
    else:
        image = NOISE.convert(mode)

    assert copy_of(image).size == (THUMBNAIL_EDGE_PX, 96)


@pytest.mark.parametrize(("size", "small"), [((4000, 3), (128, 1)), ((20, 30), (20, 30))])
def test_long_and_tiny_images_keep_their_shape(
    size: tuple[int, int], small: tuple[int, int]
) -> None:
    assert copy_of(NOISE.resize(size)).size == small


def test_it_has_the_colours_of_the_image() -> None:
    halves = Image.new("RGB", (512, 512), (200, 30, 30))
    halves.paste((20, 40, 220), (256, 0, 512, 512))

    small = np.asarray(copy_of(halves).convert("RGB"))
    assert np.allclose(small[60, 20], (200, 30, 30), atol=12)
    assert np.allclose(small[60, 110], (20, 40, 220), atol=12)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_clear_pixels_are_shown_as_chequers(mode: str) -> None:
    image = Image.new("RGBA", (256, 256), (0, 0, 0, 0)).convert(mode)
    if mode == "P":
        image.info["transparency"] = image.getpixel((0, 0))

    levels = np.asarray(copy_of(image).convert("L"))
    assert levels.min() > 180
    assert abs(int(levels[4, 4]) - int(levels[4, 12])) > 30


def test_it_is_turned_as_exif_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    NOISE.save(buffer, "JPEG", exif=exif)

    assert copy_of(Image.open(buffer)).size == (96, THUMBNAIL_EDGE_PX)


def test_levels_of_no_known_range_have_none() -> None:
    assert thumbnail_of(Image.new("F", (9, 9))) == ""


def test_the_process_makes_one_only_of_the_bytes_that_are_meant(tmp_path: Path) -> None:
    file, bomb = tmp_path / "image", tmp_path / "bomb"
    NOISE.save(file, "PNG")
    NOISE.save(bomb, "PNG")
    raw = bytearray(bomb.read_bytes())
    raw[16:24] = (60_000).to_bytes(4, "big") * 2
    bomb.write_bytes(raw)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()

    with Inspector() as inspector:
        whole = inspector.inspect(file, digest, thumbnail=True)
        assert whole.signs is not None
        assert whole.thumbnail == inspector.thumbnail(file, digest) == thumbnail_of(NOISE)
        assert inspector.inspect(file, digest).thumbnail is None
        assert inspector.thumbnail(file, "0" * 64) == ""
        assert inspector.inspect(bomb, thumbnail=True).thumbnail == ""
        assert inspector.thumbnail(tmp_path / "none", digest) == ""
