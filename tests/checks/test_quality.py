from dataclasses import replace

import pytest

from harness.checks.quality import calculated_tokens
from harness.core.outcome import Outcome, Usage
from harness.core.record import Record
from tests.checks.build import case, failures, picture, record, said, served, verdicts

CHECK = "images_have_the_asked_quality"

PUBLISHED = {
    (1024, 1024): {"low": 272, "medium": 1056, "high": 4160},
    (1024, 1536): {"low": 408, "medium": 1584, "high": 6240},
    (1536, 1024): {"low": 400, "medium": 1568, "high": 6208},
}
"""Output tokens of one image of gpt-image-1, by OpenAI's guide."""


def made(tokens: int, *, size: tuple[int, int] = (1024, 1024), number: int = 1) -> Outcome:
    usage = Usage(input=10, output=tokens, total=tokens + 10, output_parts=(tokens, 0))
    return served(*(picture(*size, number=at) for at in range(number)), usage=usage)


def plain(tokens: int, *, size: tuple[int, int] = (1024, 1024)) -> Record:
    return record(case(id="base"), made(tokens, size=size))


@pytest.mark.parametrize("quality", ["medium", "high"])
def test_as_many_tokens_as_low_is_no_better_quality(quality: str) -> None:
    asked = record(case(quality=quality), made(272))

    told = failures(plain(272), asked)

    assert told == [(CHECK, f"asked for {quality}, 272 output tokens an image as low takes")]


def test_an_image_of_another_size_than_asked_for_tells_nothing_of_its_quality() -> None:
    asked = record(case(quality="high", size="1024x640"), made(700, size=(2048, 2048)))

    assert said(CHECK, plain(272), asked) == []


def test_several_images_are_counted_each() -> None:
    lying = record(case(quality="high", n=2), made(544, number=2))
    honest = record(case(id="b", quality="high", n=2), made(8320, number=2))

    assert said(CHECK, plain(272), lying) == ["fail"]
    assert said(CHECK, plain(272), honest) == ["pass"]


@pytest.mark.parametrize("quality", ["medium", "high"])
@pytest.mark.parametrize("low", PUBLISHED)
@pytest.mark.parametrize("size", PUBLISHED)
def test_the_published_figures_keep_the_claim_at_every_size(
    quality: str, low: tuple[int, int], size: tuple[int, int]
) -> None:
    asked = record(case(quality=quality), made(PUBLISHED[size][quality], size=size))

    assert said(CHECK, plain(PUBLISHED[low]["low"], size=low), asked) == ["pass"]


@pytest.mark.parametrize("low", PUBLISHED)
@pytest.mark.parametrize("size", PUBLISHED)
def test_low_sold_as_high_is_seen_at_another_size(
    low: tuple[int, int], size: tuple[int, int]
) -> None:
    asked = record(case(quality="high"), made(PUBLISHED[size]["low"], size=size))

    assert said(CHECK, plain(PUBLISHED[low]["low"], size=low), asked) == ["fail"]


def test_nothing_is_said_where_the_figures_are_not_alike() -> None:
    base = plain(272)
    streamed = case(quality="high", stream=True, partial_images=1)
    unlike = [
        record(case(quality="low"), made(272)),
        record(case(quality="high"), served(picture())),
        record(case(quality="high"), made(100, size=(512, 512))),
        record(case(quality="high", n=2), made(272)),
        record(streamed, made(272)),
    ]

    for one in unlike:
        assert said(CHECK, base, replace(one)) == []
    assert said(CHECK, record(case(quality="high"), made(272))) == []


LATTICE = [
    (width_px, height_px)
    for width_px in range(16, 3841, 16)
    for height_px in range(16, 3841, 16)
    if 655_360 <= width_px * height_px <= 8_294_400
    and max(width_px, height_px) <= 3 * min(width_px, height_px)
]


@pytest.mark.parametrize(
    ("quality", "size", "tokens"),
    [
        ("low", (1536, 864), 120),
        ("low", (1254, 1254), 229),
        ("medium", (1536, 1024), 1372),
        ("high", (1024, 1024), 7024),
        ("high", (3840, 2160), 13_342),
    ],
)
def test_the_calculator_gives_the_figures_that_were_seen(
    quality: str, size: tuple[int, int], tokens: int
) -> None:
    assert calculated_tokens(quality, *size) == tokens


@pytest.mark.parametrize("plain_size", [(816, 816), (1024, 640), (1024, 1024), (3840, 2160)])
def test_the_maker_s_own_tokens_convict_no_honest_size_and_every_low_one(
    plain_size: tuple[int, int],
) -> None:
    # By the pixel, a plain 816x816 convicts 1,220 of these 29,146 medium sizes.
    base = plain(calculated_tokens("low", *plain_size), size=plain_size)
    for size in LATTICE[::97]:
        honest = record(case(quality="medium"), made(calculated_tokens("medium", *size), size=size))
        lying = record(case(quality="medium"), made(calculated_tokens("low", *size), size=size))

        assert said(CHECK, base, honest) == ["pass"], size
        assert said(CHECK, base, lying) == ["fail"], size


def test_usage_that_never_moves_tells_nothing_of_a_quality() -> None:
    wide = record(case(id="wide", size="1536x1024"), made(196, size=(1536, 1024)))
    asked = record(case(quality="high"), made(196))

    assert said(CHECK, plain(196), asked) == ["fail"]
    assert said(CHECK, plain(196), wide, asked) == ["inconclusive"]
    (told,) = (one for one in verdicts(plain(196), wide, asked) if one.check == CHECK)
    assert told.why.endswith("usage does not move with size or quality: nothing follows from it")


def test_usage_of_the_whole_reply_that_never_moves_tells_nothing_either() -> None:
    two = record(case(id="two", size="1536x1024", n=2), made(196, size=(1536, 1024), number=2))

    assert said(CHECK, plain(196), two, record(case(quality="high"), made(196))) == ["inconclusive"]


def test_usage_that_moves_with_the_size_convicts_who_draws_all_in_low() -> None:
    wide = record(case(id="wide", size="1536x1024"), made(400, size=(1536, 1024)))

    assert said(CHECK, plain(272), wide, record(case(quality="high"), made(272))) == ["fail"]
