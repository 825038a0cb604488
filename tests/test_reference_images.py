"""Reference images: a name is a file, everywhere and always the same."""

import hashlib
import io
import subprocess
import sys
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from harness.core.errors import UsageError
from harness.core.exchange import Part
from harness.core.recipe import BYTES_AT_MOST, EDGE_AT_MOST_PX, MODES, Recipe, parse_recipe
from harness.reference_images import file_of, opened_file, reference_bytes, reference_json

KINDS = [(kind, mode) for kind, modes in MODES.items() for mode in modes]
SEEDS = st.sampled_from((0, 1, 2, 9, 10, 4095, 999_999)) | st.integers(0, 999_999)


@st.composite
def recipes(draw: st.DrawFn, *, edge_px: int = 96) -> Recipe:
    """Recipes of every format and mode, down to a single pixel."""
    kind, mode = draw(st.sampled_from(KINDS))
    edges = st.sampled_from((1, 2, 3)) | st.integers(1, edge_px)
    return Recipe(
        format=kind, mode=mode, width_px=draw(edges), height_px=draw(edges), seed=draw(SEEDS)
    )


@st.composite
def named(draw: st.DrawFn) -> Recipe:
    """Recipes that are spelled only: of any dimensions, cut or padded."""
    plain = draw(recipes(edge_px=EDGE_AT_MOST_PX))
    padding = st.none() | st.integers(1, BYTES_AT_MOST)
    padded = draw(padding) if plain.format == "png" else None
    return Recipe(
        format=plain.format,
        mode=plain.mode,
        width_px=plain.width_px,
        height_px=plain.height_px,
        seed=plain.seed,
        cut=padded is None and draw(st.booleans()),
        size_bytes=padded,
    )


def decoded(raw: bytes) -> Image.Image:
    """An image decoded to its end."""
    image = Image.open(io.BytesIO(raw))
    image.load()
    return image


# ----------------------------------------------------------------------------------------- names
@given(named())
def test_a_name_is_read_back_as_its_recipe(one: Recipe) -> None:
    assert parse_recipe(one.name) == one


@given(named(), named())
def test_two_recipes_have_two_names(one: Recipe, other: Recipe) -> None:
    assert (one.name == other.name) is (one == other)


@pytest.mark.parametrize(
    "name",
    [
        "png-rgba-512x512-1.png",
        "webp-rgb-64x96-3.webp",
        "png-rgb-512x512-1-cut.png",
        "png-rgb-512x512-1-bytes-4000000.png",
        "gif-p-1x4096-0.gif",
    ],
)
def test_a_name_is_spelled_as_plans_have_it(name: str) -> None:
    found = parse_recipe(name)

    assert found is not None
    assert found.name == name


HOSTILE = [
    "",
    ".",
    "..",
    "../png-rgb-64x64-1.png",
    "/png-rgb-64x64-1.png",
    "png-rgb-64x64-1.png/",
    "png-rgb-64x64-1.png/..",
    "a/png-rgb-64x64-1.png",
    "%2e%2e%2fpng-rgb-64x64-1.png",
    "png-rgb-64x64-1.png\x00",
    "png-rgb-64x64-1.png\n",
    " png-rgb-64x64-1.png",
    "png-rgb-64x64-1.png?x",
    "PNG-RGB-64X64-1.PNG",
    "png-rgb-64x64-1.PNG",
    "png-rgb-64x64-1.jpeg",
    "jpeg-rgb-64x64-1.png",
    "jpg-rgb-64x64-1.jpg",
    "bmp-rgb-64x64-1.bmp",
    "jpeg-rgba-64x64-1.jpeg",
    "gif-rgb-64x64-1.gif",
    "png-cmyk-64x64-1.png",
    "png--64x64-1.png",
    "png-rgb-0x64-1.png",
    "png-rgb-64x0-1.png",
    "png-rgb-064x64-1.png",
    "png-rgb--64x64-1.png",
    "png-rgb-4097x1-1.png",
    "png-rgb-1x9999-1.png",
    "png-rgb-99999x1-1.png",
    f"png-rgb-{'9' * 5000}x1-1.png",
    "png-rgb-64x64-01.png",
    "png-rgb-64x64--1.png",
    "png-rgb-64x64-1000000.png",
    f"png-rgb-64x64-{'1' * 5000}.png",
    "png-rgb-64x64-1-bytes-0.png",
    "png-rgb-64x64-1-bytes-010.png",
    "png-rgb-64x64-1-bytes--1.png",
    "png-rgb-64x64-1-bytes-1000000000.png",
    "png-rgb-64x64-1-bytes-999999999.png",
    f"png-rgb-64x64-1-bytes-{BYTES_AT_MOST + 1}.png",
    f"png-rgb-64x64-1-bytes-{'9' * 5000}.png",
    "webp-rgb-64x64-1-bytes-4000.webp",
    "png-rgb-64x64-1-cut-cut.png",
    "png-rgb-64x64-1-cut-bytes-4000.png",
    "png-rgb-64x64-1-bytes-4000-cut.png",
    "png-rgb-\u0666\u0664x64-1.png",
    "png-rgb-64x64-\u0661.png",
    "png-rgb-64x64-1-bytes-\uff14000.png",
    "png-rgb-6\u0664x64-1.png",
    "png-rgb-64x6\u0664-1.png",
    "png-rgb-64x64-1\u0661.png",
    "png-rgb-64x64-1-bytes-4\uff10000.png",
    "png-rgb-\u00b2x64-1.png",
    "png-rgb-1e3x64-1.png",
    "png-rgb-64\u00d764-1.png",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_names_nothing(name: str) -> None:
    assert parse_recipe(name) is None
    with pytest.raises(ValueError, match="names no reference image"):
        reference_bytes(name)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_allocates_next_to_nothing(name: str) -> None:
    tracemalloc.start()
    try:
        parse_recipe(name)
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most_bytes < 100_000


@given(st.text())
def test_any_text_names_an_image_or_nothing(name: str) -> None:
    found = parse_recipe(name)

    assert found is None or found.name == name


@given(named(), st.data())
def test_a_name_with_one_letter_changed_is_another_name_or_none(
    one: Recipe, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(one.name) - 1))
    letter = data.draw(st.sampled_from("0123456789-x.\u0661\n/ apng"))
    changed = one.name[:place] + letter + one.name[place + 1 :]
    found = parse_recipe(changed)

    assert found is None or found.name == changed


# ----------------------------------------------------------------------------------------- bytes
@settings(deadline=None)
@given(recipes())
def test_the_bytes_are_an_image_of_the_named_format_mode_and_dimensions(one: Recipe) -> None:
    image = decoded(reference_bytes(one.name))

    assert str(image.format).lower() == one.format
    assert image.mode.lower() == one.mode
    assert image.size == (one.width_px, one.height_px)


@settings(deadline=None)
@given(recipes())
def test_an_alpha_channel_is_there_where_the_mode_has_one_and_clear_somewhere(one: Recipe) -> None:
    image = decoded(reference_bytes(one.name))

    assert image.has_transparency_data is one.mode.endswith("a")
    if one.mode.endswith("a"):
        assert image.getchannel("A").getextrema()[0] == 0


def test_a_mask_of_a_usual_size_is_clear_in_its_middle_and_opaque_at_its_edge() -> None:
    alpha = decoded(reference_bytes("png-rgba-512x512-2.png")).getchannel("A")

    assert alpha.getpixel((256, 256)) == 0
    assert alpha.getpixel((5, 5)) == 255
    assert alpha.getpixel((506, 506)) == 255


@settings(deadline=None)
@given(recipes())
def test_a_cut_file_is_half_of_the_whole_one_and_does_not_decode(one: Recipe) -> None:
    whole = reference_bytes(one.name)
    half = reference_bytes(one.name.replace(f".{one.format}", f"-cut.{one.format}"))

    assert whole.startswith(half)
    assert len(half) == len(whole) // 2
    with pytest.raises((OSError, SyntaxError, ValueError)):
        decoded(half)


def padded(one: Recipe, size_bytes: int) -> bytes:
    return reference_bytes(one.name.replace(".png", f"-bytes-{size_bytes}.png"))


@settings(deadline=None)
@given(
    recipes().filter(lambda one: one.format == "png"),
    st.sampled_from((0, 1, 7)) | st.integers(0, 100_000),
)
def test_a_padded_file_has_exactly_its_bytes_and_shows_the_same_image(
    one: Recipe, extra: int
) -> None:
    whole = reference_bytes(one.name)
    size_bytes = len(whole) + 12 + extra
    raw = padded(one, size_bytes)

    assert len(raw) == size_bytes
    assert decoded(raw).tobytes() == decoded(whole).tobytes()
    assert decoded(raw).mode == decoded(whole).mode


@pytest.mark.parametrize(
    "size_bytes", [3_999_999, 4_194_304, 10_000_000, 49_999_999, 52_428_801, BYTES_AT_MOST]
)
def test_a_file_at_a_documented_limit_has_exactly_its_bytes(size_bytes: int) -> None:
    raw = padded(Recipe(format="png", mode="rgba", width_px=512, height_px=512), size_bytes)

    assert len(raw) == size_bytes
    assert decoded(raw).size == (512, 512)


def test_an_image_that_does_not_fit_into_its_bytes_is_told() -> None:
    one = Recipe(format="png", mode="rgb", width_px=64, height_px=64)
    most = len(reference_bytes(one.name)) + 11

    with pytest.raises(ValueError, match=f"a file of {most} bytes is too small"):
        padded(one, most)


@settings(deadline=None)
@given(recipes())
def test_an_image_is_the_same_each_time(one: Recipe) -> None:
    assert reference_bytes(one.name) == reference_bytes(one.name)


def test_seeds_make_images_that_differ() -> None:
    seeds = range(17)  # as many as an edit ever sends
    found = {
        reference_bytes(Recipe(format="png", mode="rgb", width_px=64, height_px=64, seed=seed).name)
        for seed in seeds
    }

    assert len(found) == len(seeds)


NAMES = [
    "png-rgb-512x512-1.png",
    "png-rgba-96x64-2.png",
    "png-p-64x64-1.png",
    "png-la-64x64-1.png",
    "jpeg-rgb-128x96-3.jpeg",
    "webp-rgba-64x256-4.webp",
    "webp-rgb-64x64-1-cut.webp",
    "gif-p-64x64-5.gif",
    "png-rgba-64x64-1-bytes-100000.png",
]

DIGESTS = """
import hashlib, sys
from harness.reference_images import reference_bytes
for name in sys.argv[1:]:
    print(hashlib.sha256(reference_bytes(name)).hexdigest())
"""


def test_a_name_has_the_same_bytes_in_another_process() -> None:
    elsewhere = subprocess.run(
        [sys.executable, "-c", DIGESTS, *NAMES],
        env={"PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert elsewhere.stdout.split() == [
        hashlib.sha256(reference_bytes(name)).hexdigest() for name in NAMES
    ]


# ----------------------------------------------------------------------------------- description
@settings(deadline=None)
@given(recipes())
def test_a_description_tells_what_the_bytes_are(one: Recipe) -> None:
    raw = reference_bytes(one.name)
    image = decoded(raw)

    assert reference_json(one).as_json() == {
        "filename": one.name,
        "media_type": Image.MIME[str(image.format)],
        "bytes": len(raw),
        "width": image.width,
        "height": image.height,
        "alpha": image.has_transparency_data,
        "digest": hashlib.sha256(raw).hexdigest(),
    }


PLAIN = Recipe(format="png", mode="rgb", width_px=64, height_px=64)


def test_a_part_has_the_bytes_that_its_name_stands_for() -> None:
    raw = reference_bytes(PLAIN.name)

    for digest in (hashlib.sha256(raw).hexdigest(), "", None):
        assert file_of(Part(name="image", filename=PLAIN.name, digest=digest)) == raw


@given(data=st.data())
def test_a_file_is_read_like_its_bytes_in_memory(data: st.DataObject) -> None:
    part = Part(name="image", filename=replace(PLAIN, size_bytes=600_000).name)
    raw = reference_bytes(part.filename or "")

    with opened_file(part) as file, io.BytesIO(raw) as same:
        for _ in range(data.draw(st.integers(1, 6))):
            at = data.draw(st.integers(0, 400) | st.integers(len(raw) - 100, len(raw) + 10))
            begin = {io.SEEK_SET: 0, io.SEEK_END: len(raw), io.SEEK_CUR: same.tell()}
            whence = data.draw(st.sampled_from([*begin]))
            assert file.seek(at - begin[whence], whence) == same.seek(at)
            size = data.draw(st.integers(0, 700_000))
            assert file.read(size) == same.read(size)
            assert file.tell() == same.tell()


def test_bytes_other_than_the_planned_ones_are_not_sent() -> None:
    part = Part(name="image", filename=PLAIN.name, digest="0" * 64)

    with pytest.raises(UsageError, match="comes out otherwise than when this was planned"):
        file_of(part)


@pytest.mark.parametrize("name", [None, "", "photo.png", "../../key.png"])
def test_a_file_of_somebody_else_is_not_sent(name: str | None) -> None:
    with pytest.raises(UsageError, match="none that this harness made") as caught:
        file_of(Part(name="image[]", filename=name))

    assert "'image[]'" in caught.value.message
