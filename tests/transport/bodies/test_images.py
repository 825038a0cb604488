import base64
import io
import struct
import threading
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from harness.core.errors import StoreError
from harness.core.exchange import Picture
from harness.transport.bodies.body import read_body
from harness.transport.bodies.decode import looks_like_image
from harness.transport.bodies.images import ImageCollector, Seen, file_name, mark
from tests.loopback import HUNG_S


def picture(kind: str, mode: str = "RGB", size: tuple[int, int] = (16, 8)) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size).save(file, kind)
    return file.getvalue()


def nowhere(_name: str, _raw: bytes) -> None:
    """Keep nothing."""


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_an_image_is_decoded_wherever_it_stands(kind: str) -> None:
    raw = picture(kind)
    plain = base64.b64encode(raw).decode()
    kept: dict[str, bytes] = {}
    pictures = ImageCollector(kept.__setitem__)

    found = pictures.from_bytes(raw)

    assert (found.state, found.format, found.width_px, found.height_px) == (
        "decoded",
        kind.lower(),
        16,
        8,
    )
    assert pictures.from_text(plain) == found
    assert pictures.from_text(f"data:image/{kind.lower()};base64,{plain}") == replace(
        found, encoding="data URL", media_type=f"image/{kind.lower()}"
    )
    assert looks_like_image(raw)
    assert kept == {file_name(found): raw}


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_half_image_is_kept_and_said_to_be_broken(share: float) -> None:
    file = io.BytesIO()
    Image.effect_noise((200, 200), 80).save(file, "PNG")
    raw = file.getvalue()
    kept: dict[str, bytes] = {}

    found = ImageCollector(kept.__setitem__).from_bytes(raw[: int(len(raw) * share)])

    assert found.state == "undecodable"
    assert found.why
    assert list(kept) == [file_name(found)]


def test_an_image_that_claims_to_be_huge_is_not_unpacked() -> None:
    raw = bytearray(picture("PNG"))
    raw[16:24] = (60_000).to_bytes(4, "big") * 2

    found = ImageCollector(nowhere).from_bytes(bytes(raw))

    assert found.state == "undecodable"


@given(st.binary(max_size=300), st.sampled_from(("", "PNG", "JPEG", "WEBP")))
def test_no_bytes_make_a_decoder_of_ours_raise(raw: bytes, kind: str) -> None:
    start = picture(kind)[:40] if kind else b""
    pictures = ImageCollector(nowhere)

    assert pictures.from_bytes(start + raw).state in ("decoded", "undecodable")
    found = pictures.from_text(base64.b64encode(start + raw).decode())
    assert found is None or looks_like_image(start + raw)
    assert found is not None or not kind


FRAMES = [Image.new("RGB", (9, 8), color) for color in ("red", "blue", "green")]


@pytest.mark.parametrize(
    ("image", "options", "mode", "bit_depth", "frames"),
    [
        (Image.new("I;16", (9, 8)), {"format": "PNG"}, "I;16", 16, 1),
        (Image.new("P", (9, 8)), {"format": "PNG", "bits": 4}, "P", 1, 1),
        (Image.new("CMYK", (9, 8)), {"format": "JPEG"}, "CMYK", 8, 1),
        (Image.new("RGBA", (9, 8)), {"format": "WEBP", "lossless": True}, "RGBA", 8, 1),
        (FRAMES[0], {"format": "AVIF"}, "RGB", None, 1),
        (FRAMES[0], {"format": "PNG", "save_all": True, "append_images": FRAMES[1:]}, "RGB", 8, 3),
        (FRAMES[0], {"format": "WEBP", "save_all": True, "append_images": FRAMES[1:]}, "RGB", 8, 3),
        (FRAMES[0], {"format": "GIF", "save_all": True, "append_images": FRAMES[1:]}, "P", 8, 3),
    ],
)
def test_channels_bits_and_frames_are_those_of_the_file(
    image: Image.Image, options: dict[str, Any], mode: str, bit_depth: int | None, frames: int
) -> None:
    file = io.BytesIO()
    image.save(file, **options)

    found = ImageCollector(nowhere).from_bytes(file.getvalue())

    assert (found.mode, found.bit_depth, found.frames) == (mode, bit_depth, frames)


@pytest.mark.parametrize(
    ("written", "orientation", "shown"),
    [(6, 6, (4, 8)), (3, 3, (8, 4)), (1, 1, (8, 4)), (None, None, (8, 4)), (99, None, (8, 4))],
)
def test_how_exif_turns_an_image_is_kept_and_its_dimensions_are_those_shown(
    written: int | None, orientation: int | None, shown: tuple[int, int]
) -> None:
    exif, file = Image.Exif(), io.BytesIO()
    if written is not None:
        exif[0x0112] = written
    Image.new("RGB", (8, 4)).save(file, "JPEG", exif=exif)

    found = ImageCollector(nowhere).from_bytes(file.getvalue())

    assert (found.orientation, (found.width_px, found.height_px)) == (orientation, shown)


def test_sixteen_bits_for_each_of_three_colours_are_not_taken_for_eight() -> None:
    rows = zlib.compress((b"\0" + bytes(6) * 2) * 2)
    head = struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 0)
    chunks = (b"IHDR", head), (b"IDAT", rows), (b"IEND", b"")
    raw = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )

    found = ImageCollector(nowhere).from_bytes(raw)

    assert (found.state, found.mode, found.bit_depth) == ("decoded", "RGB", 16)


def test_a_disk_that_will_not_take_an_image_is_heard_of_and_asked_again() -> None:
    room = False
    kept: list[str] = []

    def keep(name: str, _raw: bytes) -> None:
        if not room:
            raise StoreError("the disk is full")
        kept.append(name)

    pictures = ImageCollector(keep)
    raw = picture("PNG")
    with pytest.raises(StoreError):
        read_body(raw, pictures)

    room = True
    body = read_body(raw, pictures)

    (found,) = body.pictures.values()
    assert body.document == mark(found)
    assert kept == [file_name(found)]


class Asked(ImageCollector):
    """Pictures that tell how many threads have asked for an image."""

    asked = threading.Semaphore(0)

    def _once(self, digest: str, develop: Callable[[], Seen]) -> Seen:
        self.asked.release()
        return super()._once(digest, develop)


def test_threads_that_find_the_same_image_keep_it_once() -> None:
    kept: list[str] = []
    threads = 8

    def keep(name: str, _raw: bytes) -> None:
        kept.append(name)
        for _ in range(threads):  # until all have asked
            assert pictures.asked.acquire(timeout=HUNG_S)

    pictures = Asked(keep)
    raw = picture("PNG", size=(300, 300))
    found: list[Picture] = []
    others = [
        threading.Thread(target=lambda: found.append(pictures.from_bytes(raw)))
        for _ in range(threads)
    ]
    for thread in others:
        thread.start()
    for thread in others:
        thread.join()

    assert len(kept) == 1
    assert found == [found[0]] * threads
