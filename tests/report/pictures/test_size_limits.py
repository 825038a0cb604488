"""A limit on sizes shows where one figure separates what failed from what was served."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.pictures.size_limits import (
    ALPHA,
    DRAWN,
    Limit,
    limit_of,
    sizes_inside,
    too_few,
)
from harness.report.pictures.size_tries import Kind, Try
from harness.report.pictures.size_words import limit_sentences, pattern_sentences, unhidden
from harness.spec.rules.lattice import Size

EDGES = (640, 1024, 1536, 2160, 2880)
SIZES: tuple[Size, ...] = tuple((wide, high) for wide in EDGES for high in EDGES)


def asked(
    size: Size, kind: Kind = "served", *, received: Size | None = None, promised: bool = True
) -> Try:
    return Try(
        case=f"{size}",
        kind=kind,
        asked=size,
        received=received or (size if kind == "served" else None),
        words="",
        promised=promised,
    )


def limited(*, height: int = 9_999, pixels: int = 99_999_999) -> list[Try]:
    """Refuse every size above a figure."""
    return [
        asked(size, "refused" if size[1] > height or size[0] * size[1] > pixels else "served")
        for size in SIZES
    ]


def found(tries: list[Try]) -> Limit:
    limit = limit_of(tries)
    assert limit is not None
    return limit


def test_a_limit_on_the_height_is_found_with_the_sizes_on_both_sides() -> None:
    limit = found(limited(height=2048))

    assert (limit.measure, limit.above, limit.near, limit.far) == ("height", True, 1536, 2160)
    assert (limit.beyond, limit.before, limit.also) == (10, 15, ())
    assert limit.chance < 1e-4


def test_the_sentence_counts_both_sides_and_names_the_chance() -> None:
    tries = limited(height=2048)

    (sentence,) = limit_sentences(limit_of(tries), tries)

    assert "all 10 sizes with a height of 2,160 px or more were refused" in sentence
    assert "none of the 15 with a height of 1,536 px or less" in sentence
    assert "exact test" in sentence


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (
            lambda size: size[1] > size[0],
            "that are higher than wide were refused, and none of the 15 that are square or wider",
        ),
        (
            lambda size: size[0] > size[1],
            "that are wider than high were refused, and none of the 15 that are square or higher",
        ),
        (lambda size: size[1] > 1.6 * size[0], "that are 1.88 times as high as wide, or more"),
        (lambda size: size[0] <= 700, "a width of 640 px or less"),
        (lambda size: size[0] * size[1] > 2_000_000, "2,211,840 pixels or more"),
        (lambda size: max(size) > 2_000, "a longer edge of 2,160 px or more"),
        (lambda size: max(size) > 2.5 * min(size), "a ratio of 2.81:1 or more"),
    ],
)
def test_what_separates_is_named_by_its_own_measure(
    wrong: Callable[[Size], bool], words: str
) -> None:
    tries = [asked(size, "refused" if wrong(size) else "served") for size in SIZES]

    sentence = next(iter(limit_sentences(limit_of(tries), tries)))

    assert words in sentence


@given(st.sets(st.sampled_from(SIZES), min_size=2, max_size=8))
def test_a_limit_has_all_failures_beyond_it_and_nothing_else(failing: set[Size]) -> None:
    limit = limit_of([asked(size, "refused" if size in failing else "served") for size in SIZES])

    if limit is not None:
        assert (limit.beyond, limit.before) == (len(failing), len(SIZES) - len(failing))
        assert (limit.far > limit.near) is limit.above


def test_one_served_size_beyond_takes_the_limit_away() -> None:
    tries = [*limited(pixels=3_000_000), asked((2881, 2881))]

    assert limit_of(tries) is None


def test_a_size_that_was_served_and_refused_takes_the_limit_away() -> None:
    tries = [*limited(height=2048), asked((2880, 2880))]

    assert limit_of(tries) is None


def test_one_size_alone_is_no_limit() -> None:
    tries = [asked(size, "refused" if size == (2880, 2880) else "served") for size in SIZES]

    assert limit_of(tries) is None


def test_what_got_no_answer_takes_no_limit_away() -> None:
    tries = [*limited(height=2048), asked((2880, 2880), "unknown"), asked((640, 640), "unknown")]

    assert found(tries).measure == "height"


def test_what_the_documents_forbid_is_not_inside() -> None:
    tries = [asked((4000, 4000), "turned_away", promised=False), asked((1024, 1024))]

    assert sizes_inside(tries) == 1


def test_few_sizes_are_said_to_be_too_few() -> None:
    tries = [asked((1024, 1024)), asked((1536, 1024)), asked((2160, 2880), "refused")]

    assert "Only 3 sizes" in next(iter(limit_sentences(limit_of(tries), tries)))
    assert too_few(10)
    assert not too_few(11)


def test_a_limit_among_few_sizes_is_said_to_be_no_evidence() -> None:
    tries = [asked(size, "refused" if size[1] > 1024 else "served") for size in SIZES[:5]]

    limit = found(tries)

    assert limit.chance > ALPHA
    assert "cannot tell that from chance" in next(iter(limit_sentences(limit, tries)))


FEW_AND_MANY, MANY = (4, 6, 8, 12, 16, 24), (12, 16, 24)


def drawn(
    seed: int,
    fails: Callable[[Random, Size], bool],
    kind: Kind,
    numbers: tuple[int, ...] = FEW_AND_MANY,
) -> bool:
    """Ask one server for some sizes, and tell whether a limit would be drawn."""
    draw = Random(seed)
    sizes = draw.sample(SIZES, draw.choice(numbers))
    limit = limit_of([asked(size, kind if fails(draw, size) else "served") for size in sizes])
    return limit is not None and limit.chance <= DRAWN


@pytest.mark.parametrize("share", [0.0, 0.05, 0.2, 0.4])
@pytest.mark.parametrize("kind", ["unknown", "refused", "other"])
def test_what_fails_at_random_is_drawn_as_a_limit_less_than_once_in_a_hundred_times(
    share: float, kind: Kind
) -> None:
    claimed = sum(drawn(seed, lambda draw, _: draw.random() < share, kind) for seed in range(400))

    assert claimed < 4


@pytest.mark.parametrize("kind", ["unknown", "refused", "other"])
def test_a_limit_that_is_there_is_drawn_as_soon_as_enough_sizes_lie_on_both_sides(
    kind: Kind,
) -> None:
    def beyond(_: Random, size: Size) -> bool:
        return size[0] * size[1] > 3_000_000

    assert sum(drawn(seed, beyond, kind, MANY) for seed in range(60)) > 50


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda size: size[::-1], "have width and height swapped"),
        (lambda _: (1254, 1254), "came as 1254x1254"),
        (lambda size: (size[0] // 96 * 96, size[1] // 96 * 96), "multiples of 96 px"),
        (lambda size: (size[0] // 2, size[1] // 2), "came smaller in the same shape"),
    ],
)
def test_what_changed_sizes_have_in_common_is_said(
    change: Callable[[Size], Size], words: str
) -> None:
    sizes = [(1024, 1536), (2160, 2880), (1536, 736), (2720, 1008)]
    tries = [asked(size, "other", received=change(size)) for size in sizes]

    assert words in " ".join(pattern_sentences(tries))


def test_changed_sizes_with_nothing_in_common_make_no_sentence() -> None:
    tries = [
        asked((1024, 1536), "other", received=(1536, 1024)),
        asked((1024, 640), "other", received=(1023, 641)),
    ]

    assert not list(pattern_sentences(tries))


def test_thousands_of_sizes_are_counted_without_a_bound() -> None:
    sizes = [(640 + at, 1024) for at in range(3_000)]
    tries = [asked(size, "refused" if size[0] > 2_000 else "served") for size in sizes]

    assert "p < 1e-06" in next(iter(limit_sentences(limit_of(tries), tries)))
    assert not too_few(3_000)


def test_a_square_cannot_show_a_swap_and_draws_no_limit() -> None:
    tries = [
        asked(size) if size[0] == size[1] else asked(size, "other", received=size[::-1])
        for size in SIZES
    ]

    assert limit_of(unhidden(tries)) is None
