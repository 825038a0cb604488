import base64
import io
import json
import resource
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image

from harness.transport.bodies.body import TEXT_AT_MOST, Body, read_body, read_file
from harness.transport.bodies.bounds import (
    AROUND_AT_MOST,
    IMAGES_AT_MOST,
    LONG_BYTES,
    POOL_BYTES,
    VALUES_AT_MOST,
    BoundError,
    Room,
    take_values,
)
from harness.transport.bodies.decode import PIXELS_AT_MOST, decoded
from harness.transport.bodies.decoder import ImageDecoder
from harness.transport.bodies.images import PIXELS_HERE, ImageCollector
from harness.transport.bodies.scan import scan


def collector() -> ImageCollector:
    return ImageCollector(lambda _name, _raw: None, keep_file=lambda _name, _path: None)


def from_file(raw: bytes, folder: Path) -> Body:
    path = folder / "body"
    path.write_bytes(raw)
    pictures = collector()
    try:
        return read_file(path, pictures)
    finally:
        pictures.decoder.close()


def dot() -> str:
    file = io.BytesIO()
    Image.new("L", (1, 1)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def one_colour(width: int, height: int) -> bytes:
    """A whole PNG of few bytes."""
    packer = zlib.compressobj(9)
    pixels = b"".join(packer.compress(bytes(1 + width)) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


TOO_MANY = VALUES_AT_MOST + 1
EXCESSIVE = {
    "values": b"[" + b"[]," * TOO_MANY + b"[]]",
    "keys": b"{" + b"".join(b'"a%d":1,' % number for number in range(TOO_MANY)) + b'"z":1}',
    "depth": b"[" * TOO_MANY,
    "strings": b"[" + b'"",' * TOO_MANY + b'""]',
    "quotes within": b'["' + b'","' * TOO_MANY + b'"]',
}


@pytest.mark.parametrize("raw", EXCESSIVE.values(), ids=EXCESSIVE)
@pytest.mark.parametrize("place", ["memory", "file"])
def test_a_reply_of_too_many_values_is_refused_before_it_is_parsed(
    raw: bytes, place: str, tmp_path: Path
) -> None:
    with pytest.raises(BoundError, match=f"more than {VALUES_AT_MOST:,} values"):
        from_file(raw, tmp_path) if place == "file" else read_body(raw, collector())


@pytest.mark.parametrize("place", ["memory", "file"])
def test_commas_of_a_prompt_are_no_values(place: str, tmp_path: Path) -> None:
    prompt = '[a], {b}, \\"c\\", ' * 4_000
    raw = json.dumps({"data": [{"revised_prompt": prompt}] * 4}).encode()

    body = from_file(raw, tmp_path) if place == "file" else read_body(raw, collector())

    assert body.document == {"data": [{"revised_prompt": prompt}] * 4}


@pytest.mark.parametrize("place", ["memory", "file"])
def test_a_reply_of_too_many_images_is_refused(place: str, tmp_path: Path) -> None:
    raw = json.dumps([dot()] * (IMAGES_AT_MOST + 1)).encode()
    allowed = json.dumps([dot()] * IMAGES_AT_MOST).encode()

    with pytest.raises(BoundError, match=f"more than {IMAGES_AT_MOST} images"):
        from_file(raw, tmp_path) if place == "file" else read_body(raw, collector())
    body = from_file(allowed, tmp_path) if place == "file" else read_body(allowed, collector())

    assert len(body.pictures) == 1


def test_a_string_that_is_too_long_is_cut_to_its_start(tmp_path: Path) -> None:
    long = "ü\n" * LONG_BYTES
    raw = json.dumps({"a": long, long: [1, long + "x"]}).encode()

    (first, second), (_, (_, third)) = zip(*from_file(raw, tmp_path).document.items(), strict=True)  # type: ignore[union-attr]

    assert first == "a"
    for text in (second, third):
        assert text.startswith(long[: TEXT_AT_MOST - 1])
        assert text.endswith(" bytes more)")
        assert len(text) < 2 * TEXT_AT_MOST


def test_a_key_in_a_text_that_is_cut_is_taken_out_whole(tmp_path: Path) -> None:
    key = "sk-a-secret-key"
    path = tmp_path / "body"
    start = "x" * (TEXT_AT_MOST - 5) + key
    path.write_text(json.dumps([start + "y" * LONG_BYTES]))
    pictures = collector()

    body = read_file(path, pictures, clean=lambda text: text.replace(key, "<key>"))

    assert isinstance(body.document, list)
    assert str(body.document[0]).startswith("x" * (TEXT_AT_MOST - 5) + "<key>... (")
    pictures.decoder.close()


def test_more_text_than_any_reply_has_is_refused(tmp_path: Path) -> None:
    raw = json.dumps(["x" * (LONG_BYTES - 2)] * (AROUND_AT_MOST // LONG_BYTES + 1)).encode()

    with pytest.raises(BoundError, match="bytes of JSON beside its images"):
        from_file(raw, tmp_path)


def test_what_heavy_replies_hold_together_is_bounded() -> None:
    pictures = collector()
    heavy = json.dumps({"long": "é" * 200_000, "short": "x"}, ensure_ascii=False).encode()

    documents = [read_body(heavy, pictures).document for _ in range(600)]

    assert documents[0] == {"long": "é" * 200_000, "short": "x"}
    assert isinstance(documents[-1], dict)
    assert documents[-1]["short"] == "x"
    assert str(documents[-1]["long"]) == "é" * 4096 + "... (391,808 bytes more)"
    assert sum(len(str(document)) for document in documents) < 2 * POOL_BYTES
    with pytest.raises(BoundError, match="this reply and those before it"):
        read_body(b"[" + b"[]," * (VALUES_AT_MOST // 3) + b"0]", pictures)
    assert read_body(b'{"error": "an ordinary reply"}', pictures).document is not None


def test_a_large_body_that_is_no_json_is_a_text_and_is_not_scanned(tmp_path: Path) -> None:
    body = from_file(b"<html>" + b'"' * 4 * VALUES_AT_MOST, tmp_path)

    assert body.document is None
    assert body.text is not None
    assert body.text.startswith("<html>")


def test_all_events_of_a_stream_share_one_room() -> None:
    room = Room()
    some = b"[" + b"0," * (VALUES_AT_MOST // 3) + b"0]"

    take_values(some, room)
    take_values(some, room)
    with pytest.raises(BoundError):
        take_values(some, room)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":"data:image/png;' + b"x" * 2**22 + b'"}',
        b'{"a":"data:image/png;' + rb"\u0061" * 2**19 + b'"}',
        b'{"a":"iVBORw0KGgoAAAAN' + b"=" * 2**22 + b'"}',
        b'{"a":"iVBORw0KGgoAAAAN' + rb"\u003d" * 2**19 + b'"}',
    ],
    ids=["no comma", "no comma, escaped", "padding", "padding, escaped"],
)
def test_what_begins_as_an_image_and_is_none_is_not_held(raw: bytes, tmp_path: Path) -> None:
    body = from_file(raw, tmp_path)

    assert body.pictures == {}
    assert isinstance(body.document, dict)
    assert str(body.document["a"]).endswith("bytes more)")


def test_a_small_file_of_many_pixels_is_decoded_by_the_other_process() -> None:
    pictures = collector()
    large = one_colour(PIXELS_HERE // 1000 + 1, 1000)

    picture = pictures.from_bytes(large)

    assert (picture.state, picture.height_px) == ("decoded", 1000)
    assert pictures.decoder.pid is not None
    pictures.decoder.close()


def test_an_image_of_more_pixels_than_any_is_not_decoded() -> None:
    found = decoded(io.BytesIO(one_colour(PIXELS_AT_MOST // 1000 + 1, 1000)))

    assert found.why.startswith("claims ")


def test_a_format_that_runs_a_program_is_not_decoded() -> None:
    postscript = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n"

    assert decoded(io.BytesIO(postscript)).why == "a format that is not decoded here"


PEAK = """
import resource, sys
from pathlib import Path
from harness.transport.bodies.body import read_file
from harness.transport.bodies.bounds import BoundError
from harness.transport.bodies.images import ImageCollector
pictures = ImageCollector(lambda name, raw: None, keep_file=lambda name, path: None)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_file(Path(sys.argv[1]), pictures)
except BoundError:
    pass
pictures.decoder.close()
kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
here, worker = (resource.getrusage(kind).ru_maxrss for kind in kinds)
print(here - before, worker)
"""

MIB = 1024 * 1024
BOMBS = {
    "nonsense": b'{"a":[' + b'{"b":[1,2,{"c":null}]},' * 1_000_000 + b"0]}",
    "keys": b"{" + b"".join(b'"a%d":1,' % number for number in range(1_500_000)) + b'"z":1}',
    "one string": b'{"a":"' + b"x" * 24 * MIB + b'"}',
    "digits": b"7" * 24 * MIB,
    "depth": b"[" * 24 * MIB,
    "unclosed": b'{"a":"' + b'\\"' * 12 * MIB,
    "no comma": b'{"a":"data:image/png;' + b"x" * 24 * MIB + b'"}',
    "no comma, escaped": b'{"a":"data:image/png;' + rb"\u0061" * 4 * MIB + b'"}',
    "no image": b'{"a":"iVBORw0KGgoAAAAN' + b"=" * 24 * MIB + b'"}',
}


@pytest.mark.parametrize("raw", BOMBS.values(), ids=BOMBS)
def test_reading_a_bomb_takes_less_memory_than_the_bomb_has_bytes(
    raw: bytes, tmp_path: Path
) -> None:
    bomb = tmp_path / "bomb"
    bomb.write_bytes(raw)

    output = subprocess.run(
        (sys.executable, "-c", PEAK, str(bomb)), check=True, capture_output=True, text=True
    ).stdout

    here_kib, worker_kib = map(int, output.split())
    assert here_kib * 1024 < len(raw) / 2
    assert worker_kib * 1024 < 48 * MIB


def test_the_decoder_has_a_limit_of_its_own(tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(one_colour(1000, 1000))
    decoder = ImageDecoder()
    assert decoder.decoded(image).image.width_px == 1000
    assert decoder.pid is not None

    soft, _ = resource.prlimit(decoder.pid, resource.RLIMIT_DATA)

    assert 0 < soft < 320 * MIB
    decoder.close()


def test_a_scan_that_stops_says_why(tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(EXCESSIVE["strings"])

    assert "values" in scan(body).excess
