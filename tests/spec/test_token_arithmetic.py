"""What the maker's model counts for an image, against figures that were seen."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.spec.model import ImageTokens
from harness.spec.tokens import Counted, drawn_as, expected, mixed
from tests.shipped import shipped_provider

QUALITIES = ("low", "medium", "high")

LATTICE = [
    (width_px, height_px)
    for width_px in range(16, 3841, 16)
    for height_px in range(16, 3841, 16)
    if 655_360 <= width_px * height_px <= 8_294_400
    and max(width_px, height_px) <= 3 * min(width_px, height_px)
]
"""Every size that the model draws."""

TABLE = ImageTokens.model_validate(
    {
        "table": [
            {"size": "1024x1024", "tokens": {"low": 272, "medium": 1056, "high": 4160}},
            {"size": "1024x1536", "tokens": {"low": 408, "medium": 1584, "high": 6240}},
            {"size": "1536x1024", "tokens": {"low": 400, "medium": 1568, "high": 6208}},
        ],
        "partial": 100,
    }
)
"""What gpt-image-1 takes, by its maker's guide."""


def model(name: str = "openai") -> ImageTokens:
    described = shipped_provider(name).model
    assert described is not None
    assert described.tokens is not None
    return described.tokens


MODEL = model()
sizes = st.sampled_from(LATTICE)
qualities = st.sampled_from(QUALITIES)


@pytest.mark.parametrize(
    ("quality", "size", "tokens"),
    [
        ("low", (1536, 864), 120),
        ("low", (1024, 1024), 196),
        ("low", (2560, 1440), 205),
        ("low", (3472, 1488), 201),
        ("low", (1254, 1254), 229),
        ("medium", (1024, 1024), 1_756),
        ("medium", (1536, 1024), 1_372),
        ("high", (1024, 1024), 7_024),
        ("high", (3840, 2160), 13_342),
    ],
)
def test_the_formula_gives_the_figures_that_were_seen(
    quality: str, size: tuple[int, int], tokens: int
) -> None:
    width_px, height_px = size

    assert MODEL.of_image(quality, width_px, height_px) == tokens
    assert MODEL.of_image(quality, height_px, width_px) == tokens


@pytest.mark.parametrize(
    "name", ["aimlapi", "apiframe", "buble", "nanobanana", "openai", "sub2api"]
)
def test_every_shipped_document_has_the_model_s_own_table(name: str) -> None:
    assert model(name) == MODEL


def test_no_two_qualities_share_a_count_on_any_size_nor_with_what_backends_call_auto() -> None:
    assert len(LATTICE) == 29_146
    for size in LATTICE:
        counts = [MODEL.of_image(quality, *size) for quality in QUALITIES]
        counts.append(MODEL.at_level(24, *size))

        assert len(set(counts)) == 4, size


def test_partial_images_never_make_one_quality_look_like_another() -> None:
    for size in LATTICE:
        each = [MODEL.of_image(quality, *size) or 0 for quality in QUALITIES]
        for low, high in combinations(each, 2):
            assert high - low > 3 * MODEL.partial, size


@given(qualities, st.lists(sizes, min_size=1, max_size=4), st.integers(0, 3))
def test_a_count_gives_its_quality_back(
    quality: str, images: list[tuple[int, int]], partials: int
) -> None:
    tokens = (expected(MODEL, quality, images) or 0) + 100 * partials
    found = drawn_as(MODEL, Counted(tokens=tokens, images=tuple(images), partials=partials))

    assert found == (quality,)


@given(sizes, qualities)
def test_a_turned_image_takes_the_same(size: tuple[int, int], quality: str) -> None:
    assert MODEL.of_image(quality, *size) == MODEL.of_image(quality, size[1], size[0])


@given(st.integers(-5, 5_000), st.integers(-5, 5_000), st.sampled_from([*QUALITIES, "auto", ""]))
def test_any_pixels_and_any_word_are_counted_or_not_known(
    width_px: int, height_px: int, word: str
) -> None:
    tokens = MODEL.of_image(word, width_px, height_px)

    known = word in QUALITIES and min(width_px, height_px) > 0
    assert (tokens is not None) == known
    assert tokens is None or tokens >= 0


@given(st.lists(st.tuples(sizes, qualities), min_size=2, max_size=4))
def test_images_of_several_qualities_are_told_apart(
    images: list[tuple[tuple[int, int], str]],
) -> None:
    tokens = sum(MODEL.of_image(quality, *size) or 0 for size, quality in images)
    counted = Counted(tokens=tokens, images=tuple(size for size, _ in images))
    drawn = tuple(sorted(quality for _, quality in images))

    found = mixed(MODEL, counted)

    assert (drawn in found) == (len(set(drawn)) > 1)
    assert all(len(set(one)) > 1 for one in found)


def test_ten_images_of_one_size_are_told_apart_and_ten_of_ten_sizes_are_not_tried() -> None:
    one_high = 7_024 + 9 * 196
    alike = Counted(tokens=one_high, images=((1024, 1024),) * 10)
    unlike = Counted(tokens=one_high, images=tuple(LATTICE[:10]))

    assert mixed(MODEL, alike) == (("high", *("low",) * 9),)
    assert mixed(MODEL, unlike) == ()


def test_a_table_knows_its_own_sizes_and_nothing_of_others() -> None:
    assert drawn_as(TABLE, Counted(tokens=1_056, images=((1024, 1024),))) == ("medium",)
    assert drawn_as(TABLE, Counted(tokens=1_584, images=((1024, 1536),))) == ("medium",)
    assert drawn_as(TABLE, Counted(tokens=1_584, images=((1536, 1024),))) == ()
    assert drawn_as(TABLE, Counted(tokens=1_056, images=((1040, 1040),))) == ()
    assert TABLE.at_level(24, 1024, 1024) is None


def test_no_count_of_the_older_model_is_one_of_this_at_its_sizes() -> None:
    for row in TABLE.table:
        width, _, height = row.size.partition("x")
        for tokens in row.tokens.values():
            counted = Counted(tokens=tokens, images=((int(width), int(height)),), partials=3)

            assert drawn_as(MODEL, counted) == ()
