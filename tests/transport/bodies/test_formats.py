"""Formats that are not decoded here are known, kept and told with the size that they state."""

import io

import pytest
from PIL import Image

from harness.core.exchange import Picture
from harness.transport.bodies.formats import HEAD_BYTES, image_format
from harness.transport.bodies.images import ImageCollector, file_name


def box(name: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + name + content


def ispe(width: int, height: int) -> bytes:
    return box(b"ispe", bytes(4) + width.to_bytes(4, "big") + height.to_bytes(4, "big"))


def heic(*boxes: bytes, brand: bytes = b"heic", others: bytes = b"mif1heic") -> bytes:
    return box(b"ftyp", brand + bytes(4) + others) + box(b"meta", bytes(4) + b"".join(boxes))


SVG = b"http://www.w3.org/2000/svg"


def collected(raw: bytes) -> tuple[Picture, dict[str, bytes]]:
    kept: dict[str, bytes] = {}
    return ImageCollector(kept.__setitem__).from_bytes(raw), kept


@pytest.mark.parametrize(
    ("raw", "kind", "size"),
    [
        (heic(ispe(4032, 3024)), "heic", (4032, 3024)),
        (heic(ispe(512, 512), ispe(4032, 3024), ispe(320, 240)), "heic", (4032, 3024)),
        (heic(ispe(4032, 3024), box(b"irot", b"\1")), "heic", (3024, 4032)),
        (heic(ispe(4032, 3024), box(b"irot", b"\2")), "heic", (4032, 3024)),
        (heic(brand=b"mif1", others=b"mif1heix"), "heic", (None, None)),
        (heic(ispe(0, 5)), "heic", (None, None)),
        (heic(brand=b"mif1", others=b"mif1hevq"), "heif", (None, None)),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(99), "jxl", (None, None)),
        (b"\xff\x0a" + bytes(99), "jxl", (None, None)),
        (b'<svg xmlns="%s" width="1024" height="768px"/>' % SVG, "svg", (1024, 768)),
        (b'<?xml version="1.0"?>\n<!-- a fox -->\n<svg viewBox="0 0 64 48.5">', "svg", (64, 48)),
        (
            b"\xef\xbb\xbf <!DOCTYPE svg PUBLIC 'x'>\n<svg width='100%' height='9'>",
            "svg",
            (None,) * 2,
        ),
        (b'<s:svg xmlns:s="%s" width="3" height="4">' % SVG, "svg", (3, 4)),
        (b'<svg><rect width="9" height="9"/></svg>', "svg", (None, None)),
    ],
)
def test_what_is_not_decoded_is_recognised_and_kept(
    raw: bytes, kind: str, size: tuple[int | None, int | None]
) -> None:
    picture, kept = collected(raw)

    assert (picture.format, picture.state, picture.only_recognised) == (kind, "undecodable", True)
    assert (picture.width_px, picture.height_px) == size
    assert picture.why == f"{kind} is recognised by its first bytes, not decoded"
    assert kept == {f"{picture.digest}.{kind}": raw}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html><svg></svg></html>",
        b"<!-- <svg> --><html>",
        b"\0\0\0\x18ftypisom" + bytes(20),
        b"RIFF\0\0\0\0WAVE",
        b"BMW is a car, not an image",
        b"svg",
        b"<svgx>",
    ],
)
def test_other_bytes_are_no_image(raw: bytes) -> None:
    picture, _ = collected(raw)

    assert image_format(raw) == ""
    assert not picture.only_recognised
    assert picture.format == "unknown"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000"])
def test_first_bytes_name_the_format_that_the_decoder_finds(kind: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (9, 8)).save(file, kind)

    assert image_format(file.getvalue()[:HEAD_BYTES]) == kind.lower()
    assert collected(file.getvalue())[0].format == kind.lower()


def test_a_photograph_with_further_pictures_is_a_jpeg() -> None:
    file = io.BytesIO()
    first, second = (Image.new("RGB", (9, 8), color) for color in ("red", "blue"))
    first.save(file, "MPO", save_all=True, append_images=[second])

    picture, kept = collected(file.getvalue())

    assert (picture.format, picture.state, picture.frames) == ("jpeg", "decoded", 2)
    assert list(kept) == [file_name(picture)]
    assert file_name(picture).endswith(".jpeg")


def test_half_an_image_of_a_format_that_is_decoded_is_no_whole_one() -> None:
    file = io.BytesIO()
    Image.effect_noise((200, 200), 80).convert("RGB").save(file, "AVIF")

    picture, kept = collected(file.getvalue()[:60])

    assert (picture.format, picture.state, picture.only_recognised) == (
        "avif",
        "undecodable",
        False,
    )
    assert list(kept) == [f"{picture.digest}.avif"]


def test_entities_of_a_drawing_are_not_expanded() -> None:
    lol = b'<!DOCTYPE svg [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'

    picture, _ = collected(lol + b"<svg>&b;</svg>" + b"&b;" * 100_000)

    assert picture.state == "undecodable"
