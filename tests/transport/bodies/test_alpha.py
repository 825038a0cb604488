"""How much of an image is see-through, whatever way its format writes it."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from harness.core.exchange import Picture
from harness.transport.bodies.decode import decoded
from harness.transport.bodies.images import ImageCollector

CLEAR, SOLID = (1, 2, 3, 0), (1, 2, 3, 255)
SIZE = (10, 10)


def written(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:  # noqa: ANN401 - Pillow's
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def of(mode: str, colour: Any, **options: Any) -> bytes:  # noqa: ANN401 - Pillow's
    return written(Image.new(mode, SIZE, colour), **options)


def palette(**options: Any) -> bytes:  # noqa: ANN401 - Pillow's
    """One pixel of the first colour, 99 of the second."""
    image = Image.new("P", SIZE, 1)
    image.putpalette([9, 9, 9, 200, 200, 200])
    image.putpixel((0, 0), 0)
    return written(image, **options)


def deep(colour_type: int, pixel: tuple[int, ...], clear: bytes = b"") -> bytes:
    """A PNG of 4x4 pixels with 16 bits a channel, which Pillow does not write."""

    def chunk(name: bytes, data: bytes) -> bytes:
        whole = name + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    rows = (b"\0" + struct.pack(f">{len(pixel)}H", *pixel) * 4) * 4
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 16, colour_type, 0, 0, 0))
    colour = chunk(b"tRNS", clear) if clear else b""
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + colour
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def frames(kind: str) -> bytes:
    """An animation whose second frame alone is clear."""
    first, second = Image.new("RGBA", SIZE, SOLID), Image.new("RGBA", SIZE, CLEAR)
    return written(first, kind, save_all=True, append_images=[second], lossless=True)


MADE: dict[str, tuple[Callable[[], bytes], str | None, float | None]] = {
    "rgb": (lambda: of("RGB", (1, 2, 3)), "none", None),
    "jpeg": (lambda: of("RGB", (1, 2, 3), kind="JPEG"), "none", None),
    "webp": (lambda: of("RGB", (1, 2, 3), kind="WEBP"), "none", None),
    "rgba": (lambda: of("RGBA", SOLID), "opaque", 0.0),
    "clear": (lambda: of("RGBA", CLEAR), "full", 1.0),
    "almost opaque": (lambda: of("RGBA", (1, 2, 3, 254)), "full", 1.0),
    "webp with alpha": (lambda: of("RGBA", (1, 2, 3, 128), kind="WEBP"), "full", 1.0),
    "grey with alpha": (lambda: of("LA", (7, 255)), "opaque", 0.0),
    "clear grey": (lambda: of("LA", (7, 9)), "full", 1.0),
    "palette": (palette, "none", None),
    "palette with a clear colour": (lambda: palette(transparency=0), "partial", 0.01),
    "palette with alphas": (lambda: palette(transparency=bytes([255, 10])), "partial", 0.99),
    "palette of opaque alphas": (lambda: palette(transparency=bytes([255, 255])), "opaque", 0.0),
    "grey with a clear value": (lambda: of("L", 7, transparency=7), "full", 1.0),
    "grey without it": (lambda: of("L", 7, transparency=8), "opaque", 0.0),
    "one bit": (lambda: of("1", 1, transparency=1), "full", 1.0),
    "rgb with a clear colour": (lambda: of("RGB", (7, 8, 9), transparency=(7, 8, 9)), "full", 1.0),
    "rgb without it": (lambda: of("RGB", (7, 8, 9), transparency=(7, 8, 8)), "opaque", 0.0),
    "16 bit grey": (lambda: of("I;16", 700, transparency=700), "full", 1.0),
    "16 bit rgba": (lambda: deep(6, (1, 2, 3, 65535)), "opaque", 0.0),
    "clear 16 bit rgba": (lambda: deep(6, (1, 2, 3, 30000)), "full", 1.0),
    "16 bit grey with alpha": (lambda: deep(4, (1, 65535)), "opaque", 0.0),
    "clear 16 bit grey": (lambda: deep(4, (1, 0)), "full", 1.0),
    "16 bit rgb with a clear colour": (
        lambda: deep(2, (1000, 2, 3), struct.pack(">3H", 1000, 2, 3)),
        None,
        None,
    ),
    "animated png": (lambda: frames("PNG"), "partial", 0.5),
    "animated webp": (lambda: frames("WEBP"), "partial", 0.5),
}


@pytest.mark.parametrize(("made", "kind", "share"), MADE.values(), ids=MADE)
def test_the_share_of_pixels_that_are_not_opaque_is_counted(
    made: Callable[[], bytes], kind: str | None, share: float | None
) -> None:
    picture = ImageCollector(lambda _name, _raw: None).from_bytes(made())

    assert picture.state == "decoded"
    assert picture.alpha_kind == kind
    assert picture.translucent_share == share


def test_an_animation_that_breaks_off_is_what_its_first_frame_is() -> None:
    whole = frames("PNG")

    image = decoded(io.BytesIO(whole[: whole.index(b"fdAT") + 12]))

    assert (image.why, image.width_px, image.translucent_share) == ("", 10, None)


def test_a_picture_of_before_alpha_was_counted_decides_nothing() -> None:
    picture = Picture(digest="0", format="png", size_bytes=9, state="decoded", alpha=True)

    assert picture.alpha_kind is None
