"""Weak signs of real files: as Pillow writes them, rewritten, and hostile ones."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from harness.core.inspection import Signs
from harness.transport.inspection.encoding import CHROMA, LUMA
from harness.transport.inspection.signs import signs_of
from tests.benchmarks.natives import KINDS, native, over_white, stored

SEEDS = {kind: number for number, kind in enumerate(KINDS)}


def drawn(kind: str, *, width: int = 1024, height: int = 1024, number: int = 0) -> Image.Image:
    return native(SEEDS[kind] + number * len(KINDS), size=(width, height)).image


def look(folder: Path, data: bytes) -> Signs:
    file = folder / "image"
    file.write_bytes(data)
    signs = signs_of(file)
    assert signs is not None
    return signs


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def apart(one: Signs, other: Signs) -> int:
    return (int(one.perceptual_hash, 16) ^ int(other.perceptual_hash, 16)).bit_count()


# ------------------------------------------------------------------------------------- containers


def test_chunks_of_a_png_are_told_in_order_and_its_data_counted(tmp_path: Path) -> None:
    written = stored(drawn("photo"), "png")
    signed = written[:33] + chunk(b"caBX", b"a manifest") + written[33:]

    plain = look(tmp_path, written)
    signs = look(tmp_path, signed)
    assert (plain.layout, signs.layout) == ("IHDR IDAT IEND", "IHDR caBX IDAT IEND")
    assert (plain.data_chunks or 0) > 1
    assert signs.data_chunks == plain.data_chunks


def test_a_layout_of_endless_chunks_is_cut(tmp_path: Path) -> None:
    head = b"\x89PNG\r\n\x1a\n"
    many = head + (chunk(b"teXt", b"") + chunk(b"zzZz", b"")) * 50_000

    assert len(look(tmp_path, many).layout.split()) == 64


@pytest.mark.parametrize("quality", [1, 10, 49, 50, 75, 90, 99, 100])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
def test_tables_of_a_jpeg_give_its_quality_back(
    tmp_path: Path, quality: int, options: dict[str, bool | int]
) -> None:
    out = io.BytesIO()
    drawn("shapes", width=64, height=64).save(out, "JPEG", quality=quality, **options)

    signs = look(tmp_path, out.getvalue())
    assert (signs.jpeg_quality, signs.jpeg_exact) == (quality, True)


def test_a_grey_jpeg_is_judged_by_luma_alone(tmp_path: Path) -> None:
    out = io.BytesIO()
    drawn("shapes", width=64, height=64).convert("L").save(out, "JPEG", quality=37)

    signs = look(tmp_path, out.getvalue())
    assert (signs.jpeg_quality, signs.jpeg_exact) == (37, True)


def test_the_first_picture_of_several_counts(tmp_path: Path) -> None:
    out = io.BytesIO()
    first, second = (drawn("shapes", width=64, height=64, number=at) for at in (0, 1))
    first.save(out, "MPO", quality=61, save_all=True, append_images=[second])

    assert look(tmp_path, out.getvalue()).jpeg_quality == 61


def tables_swapped(jpeg: bytes) -> bytes:
    """Name luma's table 1 and chroma's 0, and put it behind: the frame says who uses which."""
    at = jpeg.index(b"\xff\xdb")
    first, second = jpeg[at : at + 69], jpeg[at + 69 : at + 138]
    assert second.startswith(b"\xff\xdb\x00\x43\x01")
    swapped = bytearray(jpeg)
    swapped[at : at + 138] = second[:4] + b"\x00" + second[5:] + first[:4] + b"\x01" + first[5:]
    frame = jpeg.index(b"\xff\xc0")
    for component, table in enumerate((1, 0, 0)):
        swapped[frame + 12 + 3 * component] = table
    return bytes(swapped)


def test_tables_are_known_by_the_frame_and_not_by_their_order(tmp_path: Path) -> None:
    jpeg = stored(drawn("shapes", width=64, height=64), "jpeg", 30)
    swapped = tables_swapped(jpeg)
    with Image.open(io.BytesIO(swapped)) as same:
        assert same.tobytes() == Image.open(io.BytesIO(jpeg)).tobytes()

    signs = look(tmp_path, swapped)
    assert (signs.jpeg_quality, signs.jpeg_exact) == (30, True)


def test_tables_of_words_are_read_too(tmp_path: Path) -> None:
    scaled = [[min((base * 500 + 50) // 100, 32767) for base in one] for one in (LUMA, CHROMA)]
    bodies = (bytes([0x10 + at]) + struct.pack(">64H", *one) for at, one in enumerate(scaled))
    tables = b"".join(bodies)
    frame = struct.pack(">BHHB", 8, 8, 8, 3) + b"\1\x22\0\2\x11\1\3\x11\1"
    jpeg = b"\xff\xd8\xff\xdb" + struct.pack(">H", 2 + len(tables)) + tables
    jpeg += b"\xff\xc1" + struct.pack(">H", 2 + len(frame)) + frame + b"\xff\xda"

    signs = look(tmp_path, jpeg)
    assert max(scaled[0]) > 255
    assert (signs.jpeg_quality, signs.jpeg_exact) == (10, True)


def test_tables_of_another_kind_have_a_nearest_quality_and_are_not_exact(tmp_path: Path) -> None:
    def flat(entry: int) -> Signs:
        out = io.BytesIO()
        image = drawn("shapes", width=64, height=64)
        image.save(out, "JPEG", qtables=[[entry] * 64, [entry] * 64])
        return look(tmp_path, out.getvalue())

    fine, coarse = flat(2), flat(80)
    assert not fine.jpeg_exact
    assert not coarse.jpeg_exact
    assert (fine.jpeg_quality or 0) > 90
    assert (coarse.jpeg_quality or 100) < 70


def test_the_index_of_a_webp_falls_as_its_quality_rises(tmp_path: Path) -> None:
    image = drawn("photo", width=256, height=256)
    indices = [look(tmp_path, stored(image, "webp", at)).webp_quantiser for at in (5, 40, 80, 98)]

    assert None not in indices
    assert indices == sorted(indices, key=lambda index: -(index or 0))
    assert (indices[0] or 0) - (indices[-1] or 0) > 60


def test_a_webp_without_loss_and_one_with_alpha_tell_their_chunks(tmp_path: Path) -> None:
    image = drawn("sticker", width=256, height=256)
    out = io.BytesIO()
    image.save(out, "WEBP", lossless=True)

    lossless = look(tmp_path, out.getvalue())
    lossy = look(tmp_path, stored(image, "webp", 80))
    assert (lossless.layout, lossless.webp_quantiser) == ("VP8L", None)
    assert lossy.layout == "VP8X ALPH VP8"
    assert lossy.webp_quantiser is not None


# ----------------------------------------------------------------------------------------- pixels


@pytest.mark.parametrize("kind", ["plain", "gradient", "noise"])
@pytest.mark.parametrize("number", range(3))
def test_a_picture_of_next_to_nothing_has_no_hash(tmp_path: Path, kind: str, number: int) -> None:
    image = drawn(kind, width=1024, height=768, number=number)

    assert look(tmp_path, stored(image, "png")).perceptual_hash == ""


@pytest.mark.parametrize("width", [1, 8, 16, 40])
def test_a_flat_colour_with_a_frame_has_no_hash(tmp_path: Path, width: int) -> None:
    image = Image.new("RGB", (1024, 1024), (60, 90, 140))
    image.paste((200, 30, 30), (0, 0, 1024, width))
    image.paste((200, 30, 30), (0, 0, width, 1024))

    assert look(tmp_path, stored(image, "png")).perceptual_hash == ""


@pytest.mark.parametrize("kind", ["photo", "text", "line_art", "sticker", "soft"])
def test_a_copy_has_nearly_the_same_hash_and_another_picture_a_far_one(
    tmp_path: Path, kind: str
) -> None:
    image, other = (over_white(drawn(kind, number=number)) for number in (0, 1))
    first = look(tmp_path, stored(image, "png"))
    copies = [
        stored(image, "jpeg", 60),
        stored(image, "webp", 70),
        stored(image.crop((1, 1, 1024, 1024)), "png"),
        stored(ImageEnhance.Brightness(image).enhance(1.08), "png"),
    ]

    assert max(apart(first, look(tmp_path, copy)) for copy in copies) <= 16
    assert apart(first, look(tmp_path, stored(other, "png"))) > 60


@pytest.mark.parametrize("share", [0.5, 0.61, 0.67, 0.75, 0.8])
@pytest.mark.parametrize("resampler", ["BILINEAR", "BICUBIC", "LANCZOS"])
def test_an_enlarged_png_is_told_and_the_smaller_one_is_not(
    tmp_path: Path, share: float, resampler: str
) -> None:
    small = drawn("photo", width=round(1024 * share), height=round(768 * share))
    large = small.resize((1024, 768), Image.Resampling[resampler])

    assert (look(tmp_path, stored(large, "png")).enlarged or 0) >= 0.5
    assert (look(tmp_path, stored(small, "png")).enlarged or 1) < 0.5


@pytest.mark.parametrize(("form", "quality"), [("jpeg", 90), ("jpeg", 75), ("webp", 90)])
def test_it_is_told_through_compression(tmp_path: Path, form: str, quality: int) -> None:
    small = drawn("fractal", width=686, height=614)
    large = small.resize((1024, 1024), Image.Resampling.BICUBIC)

    assert (look(tmp_path, stored(large, form, quality)).enlarged or 0) >= 0.5
    assert (look(tmp_path, stored(small, form, quality)).enlarged or 1) < 0.5


def test_one_edge_enlarged_is_enough(tmp_path: Path) -> None:
    large = drawn("photo", width=1024, height=700).resize((1024, 1024), Image.Resampling.BICUBIC)

    assert (look(tmp_path, stored(large, "png")).enlarged or 0) >= 0.5


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "plain"])
@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_no_native_is_told(tmp_path: Path, kind: str, form: str) -> None:
    image = drawn(kind, width=640, height=640, number=2)

    assert (look(tmp_path, stored(image, form, 80)).enlarged or 0) < 0.5


@pytest.mark.parametrize("seed", [192, 366, 375])
def test_natives_that_were_once_told_are_not(tmp_path: Path, seed: int) -> None:
    """A pattern between pixels, blocks of a WebP, large dots whose longest line fell on blocks."""
    told = look(tmp_path, native(seed).data).enlarged

    assert told is not None
    assert told < 0.5


@pytest.mark.parametrize("amplitude", [1, 3])
def test_a_chequered_trace_is_no_enlargement(tmp_path: Path, amplitude: int) -> None:
    image = np.asarray(drawn("photo", width=768, height=640), np.int16)
    fields = np.indices(image.shape[:2]).sum(0) % 2
    chequered = np.clip(image + amplitude * fields[..., None], 0, 255).astype(np.uint8)

    assert (look(tmp_path, stored(Image.fromarray(chequered), "png")).enlarged or 1) < 0.5


def test_of_a_plain_or_a_small_picture_nothing_can_be_told(tmp_path: Path) -> None:
    small = drawn("photo", width=160, height=160)

    assert look(tmp_path, stored(drawn("plain"), "png")).enlarged is None
    assert look(tmp_path, stored(small, "png")).enlarged is None


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_mode_of_png_is_looked_at(tmp_path: Path, mode: str) -> None:
    image = drawn("photo", width=512, height=512).convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        image = image.convert("I").point(lambda level: level * 257).convert("I;16")
    out = io.BytesIO()
    image.save(out, "PNG")

    assert look(tmp_path, out.getvalue()).perceptual_hash


# ---------------------------------------------------------------------------------------- hostile


def test_a_claim_of_too_many_pixels_is_not_decoded(tmp_path: Path) -> None:
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 10**6))
    )

    assert look(tmp_path, bomb + chunk(b"IEND", b"")) == Signs(
        layout="IHDR IDAT IEND", data_chunks=1
    )


def test_what_is_no_image_shows_nothing(tmp_path: Path) -> None:
    assert look(tmp_path, b"") == Signs()
    assert look(tmp_path, b"<html>") == Signs()
    assert signs_of(tmp_path / "missing") is None
    assert signs_of(tmp_path) is None


WHOLE = [
    stored(drawn(kind, width=208, height=200), form, 80)
    for kind, form in (
        ("photo", "png"), ("sticker", "png"), ("photo", "jpeg"), ("photo", "webp"),
        ("sticker", "webp"),
    )
]  # fmt: skip


@given(
    which=st.integers(0, len(WHOLE) - 1),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=12),
    early=st.booleans(),
    cut=st.floats(0, 1),
    doubled=st.booleans(),
)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_changed_bytes_never_raise(  # noqa: PLR0913, PLR0917 - what is changed
    tmp_path: Path,
    which: int,
    changes: list[tuple[float, int]],
    early: bool,  # noqa: FBT001 - drawn
    cut: float,
    doubled: bool,  # noqa: FBT001 - drawn
) -> None:
    data = WHOLE[which]
    changed = bytearray(data)
    for place, value in changes:
        reach = min(len(data), 400) if early else len(data)
        changed[min(int(place * reach), len(data) - 1)] = value
    if cut < 0.3:
        del changed[int(cut / 0.3 * len(changed)) :]

    signs = look(tmp_path, bytes(changed) * (2 if doubled else 1))
    assert signs.enlarged is None or 0 <= signs.enlarged <= 1
    assert len(signs.perceptual_hash) in (0, 64)
