"""A PNG is inflated without keeping its pixels, and Pillow has the last word on what is odd."""

import io
import zlib
from collections.abc import Callable
from random import Random

import pytest
from PIL import Image

from harness.transport.bodies import decode
from harness.transport.bodies.decode import Decoded, decoded
from harness.transport.bodies.png import SIGNATURE, is_whole

WIDTH, HEIGHT = 300, 200


def png(mode: str = "RGB", *, flat: bool = False, **options: object) -> bytes:
    file = io.BytesIO()
    size = WIDTH * HEIGHT * len(Image.new(mode, (1, 1)).tobytes())
    pixels = bytes(size) if flat else Random(1).randbytes(size)
    Image.frombytes(mode, (WIDTH, HEIGHT), pixels).save(file, "PNG", **options)
    return file.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4) + name + content + zlib.crc32(name + content).to_bytes(4)


def with_data(data: bytes, *, cut: int = 1 << 20, after: bytes = b"") -> bytes:
    head = WIDTH.to_bytes(4) + HEIGHT.to_bytes(4) + bytes((8, 2, 0, 0, 0))
    parts = [chunk(b"IDAT", data[at : at + cut]) for at in range(0, len(data), cut)]
    return b"".join((SIGNATURE, chunk(b"IHDR", head), *parts, after, chunk(b"IEND", b"")))


def rows(filters: int = 0, *, count: int = HEIGHT) -> bytes:
    return (bytes((filters,)) + bytes(WIDTH * 3)) * count


def whole(raw: bytes, *, pixel_bytes: int = 3) -> bool:
    return is_whole(io.BytesIO(raw), rows=HEIGHT, row_bytes=WIDTH * pixel_bytes)


@pytest.mark.parametrize(
    "raw",
    [
        png(),
        png(flat=True),
        png(compress_level=0),
        with_data(zlib.compress(rows(4)), cut=7),
        png() + b"what follows an image is none of it",
    ],
    ids=["noise", "flat", "stored", "many small chunks", "more behind"],
)
def test_a_whole_image_is_whole(raw: bytes) -> None:
    assert whole(raw)


@pytest.mark.parametrize(
    "raw",
    [
        png()[:-20],
        png()[: len(png()) // 2],
        with_data(zlib.compress(rows(5))),
        with_data(zlib.compress(rows(count=HEIGHT - 1))),
        with_data(zlib.compress(rows(count=HEIGHT + 1))),
        with_data(zlib.compress(rows())[:-4] + b"sum!"),
        with_data(zlib.compress(rows()) + b"more"),
        with_data(zlib.compress(rows()), after=chunk(b"IDAT", b"more")),
        with_data(zlib.compress(rows()), after=chunk(b"tEXt", b"a\0b")),
        with_data(b"no data"),
        with_data(b""),
        png().replace(b"IEND", b"IENX"),
        SIGNATURE,
    ],
)
def test_what_is_odd_is_left_to_pillow(raw: bytes) -> None:
    assert not whole(raw)


def test_a_bomb_is_inflated_no_further_than_its_rows() -> None:
    assert not whole(with_data(zlib.compress(bytes(50_000_000), 9)))


@pytest.fixture
def by_pillow(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], Decoded]:
    def decode_all(raw: bytes) -> Decoded:
        with monkeypatch.context() as patched:
            patched.setattr(decode, "_is_plain_and_whole", lambda _image, _source: False)
            return decoded(io.BytesIO(raw))

    return decode_all


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "LA", "P", "1", "I;16"])
def test_the_same_is_said_of_an_image_as_by_decoding_it(
    mode: str, by_pillow: Callable[[bytes], Decoded]
) -> None:
    file = io.BytesIO()
    Image.new("RGB", (WIDTH, HEIGHT), "teal").convert(mode).save(file, "PNG")
    raw = file.getvalue()

    assert decoded(io.BytesIO(raw)) == by_pillow(raw)


def test_the_same_is_said_of_damaged_images(by_pillow: Callable[[bytes], Decoded]) -> None:
    dice, raw = Random(7), png()
    for _ in range(60):
        at = dice.randrange(len(raw))
        spoilt = raw[:at] + bytes((dice.randrange(256),)) + raw[at + 1 :]
        short = spoilt[: dice.choice((len(raw), dice.randrange(len(raw))))]

        assert decoded(io.BytesIO(short)) == by_pillow(short)


def test_a_turned_image_is_turned(by_pillow: Callable[[bytes], Decoded]) -> None:
    exif = Image.Exif()
    exif[decode.ORIENTATION] = 6
    raw = png(exif=exif)

    assert (decoded(io.BytesIO(raw)).width_px, by_pillow(raw)) == (HEIGHT, decoded(io.BytesIO(raw)))
