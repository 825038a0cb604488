"""The reading of one reply, beside what the check makes of it."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.jsonvalue import Json
from harness.core.outcome import Declared, Images, Usage
from harness.spec.drawn.constant import constant
from harness.spec.drawn.delivery import is_model
from harness.spec.drawn.drawn import Drawn
from harness.spec.drawn.notes import document_contradictions
from harness.spec.drawn.reading import reading
from tests.checks.build import picture, served
from tests.shipped import NAMES, shipped_provider

SIZES = st.sampled_from([(1024, 1024), (1536, 1024), (3840, 2160), (16, 16), (7, 5000)])
SQUARE, WIDE = (1024, 1024), (1536, 1024)


def read(
    images: Images,
    arguments: dict[str, Json],
    *,
    name: str = "openai",
    operation: str = "generate",
) -> Drawn | None:
    provider = shipped_provider(name)
    return reading(provider, provider.operation(operation), arguments, images)


def drawn(tokens: int, *sizes: tuple[int, int], **arguments: Json) -> Drawn:
    """The reading of a reply with so many tokens for images of these sizes."""
    pictures = [picture(*size, number=at) for at, size in enumerate(sizes or [SQUARE])]
    usage = Usage(input=None, output=tokens, total=None)
    found = read(served(*pictures, usage=usage), arguments)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "word",
    [
        *("gpt-image-2", "GPT-Image-2", "gpt-image-2-2026-04-21", "gpt-image-2@20260421"),
        *("openai/gpt-image-2", "openai/gpt-image-2-2026-04-21", "azure:gpt-image-2"),
    ],
)
def test_a_model_is_known_by_its_name_without_maker_and_date(word: str) -> None:
    assert is_model(word, "gpt-image-2")


@pytest.mark.parametrize(
    "word", ["gpt-image-2.5", "gpt-image-2-mini", "gpt-image-1", "gpt-image", "", "2026-04-21"]
)
def test_another_model_is_none(word: str) -> None:
    assert not is_model(word, "gpt-image-2")


def test_a_reading_has_the_values_that_a_report_shows() -> None:
    found = drawn(196, quality="high", size="1024x1024")

    assert (found.counted, found.sizes, found.qualities) == (196, (SQUARE,), ("low",))
    assert (found.asked, found.basis, found.agreement) == ("high", "tokens", "other")
    assert (found.decides, found.kind) == (True, "drawn_as_other_quality")
    assert drawn(717, quality="high").kind == "fits_no_quality"
    assert not drawn(717, quality="high").decides
    assert (drawn(7024, quality="high").decides, drawn(7024, quality="high").kind) == (True, None)


def test_a_charge_is_no_evidence_that_is_counted() -> None:
    images = served(picture(), charged="0.0536705")
    agreeing = read(images, {"quality": "medium"}, name="aimlapi")
    other = read(images, {"quality": "low"}, name="aimlapi")

    assert agreeing is not None
    assert other is not None
    assert (agreeing.basis, agreeing.agreement, agreeing.counted) == ("money", "asked", 1756)
    assert (other.agreement, other.kind) == ("other_charge", "charged_as_other_quality")
    assert other.sentence.endswith("drawn so, or sold at the maker's price of it")
    long = read(images, {"quality": "low", "prompt": "p" * 2_000}, name="aimlapi")
    assert long is not None
    assert (long.agreement, long.kind) == ("unclear", None)  # much of it may be for the prompt
    assert not agreeing.decides
    assert not other.decides


def test_the_document_s_default_is_no_quality_that_was_asked_for() -> None:
    charged = served(picture(), charged="0.0536705")
    found = read(charged, {}, name="aimlapi")

    assert found is not None
    assert (found.asked, found.agreement) == (None, "unasked")
    counted = served(picture(), usage=Usage(input=None, output=196, total=None))
    at_odds = read(counted, {}, name="aimlapi")
    assert at_odds is not None
    assert at_odds.sentence == (
        "no quality was asked for, and the document says that without one it is medium: drawn as "
        "low: 196 tokens at 1024x1024 is low's count; medium takes 1,756"
    )


@pytest.mark.parametrize(
    ("arguments", "agreement"),
    [
        ({"model": "gpt-5", "image_model": "gpt-image-2"}, "other_model"),
        ({"model": "gpt-5"}, "unclear"),
        ({"model": "gpt-5", "image_model": "gpt-image-1"}, "asked"),
        ({"model": "gpt-5", "image_model": "gpt-image-3"}, None),
    ],
)
def test_an_agent_s_tool_may_draw_with_a_model_that_nobody_named(
    arguments: dict[str, Json], agreement: str | None
) -> None:
    usage = Usage(input=9, output=40, total=None, kinds={"image_output": 272})
    found = read(
        served(picture(), usage=usage), {"quality": "low", **arguments}, operation="respond"
    )

    assert (found and found.agreement) == agreement


# ------------------------------------------------------------------------------ standing still
def test_a_count_stands_still_where_no_quality_takes_it_at_other_pixels() -> None:
    square, wide = drawn(196, quality="high"), drawn(196, WIDE, quality="high")
    other = drawn(1372, WIDE, quality="high")

    assert constant({"a": square, "b": wide, "c": other}) == {"a", "b"}
    assert constant({"a": square, "c": other}) == frozenset()
    assert constant({"b": wide, "d": wide}) == frozenset()
    assert constant({}) == frozenset()


def test_a_count_for_each_image_stands_still_too() -> None:
    two = drawn(392, WIDE, WIDE, quality="low", n=2)

    assert constant({"a": drawn(196, quality="high"), "two": two}) == {"a", "two"}


def test_a_charge_that_stands_still_is_seen_and_no_count() -> None:
    here = read(served(picture(), charged="0.0536705"), {"quality": "medium"}, name="aimlapi")
    there = read(served(picture(*WIDE), charged="0.0536705"), {"quality": "medium"}, name="aimlapi")
    counted = drawn(1756, WIDE, quality="medium")
    assert here is not None
    assert there is not None

    assert constant({1: here, 2: there}) == {1, 2}
    assert constant({1: here, 2: counted}) == frozenset()


# -------------------------------------------------------------------------------------- documents
def test_a_document_that_is_at_odds_with_the_maker_is_named() -> None:
    (note,) = document_contradictions(shipped_provider("sub2api"))

    assert "shows 196 output tokens for medium at 1024x1024" in note
    assert "that is low's count of gpt-image-2; medium takes 1,756" in note
    others = [name for name in NAMES if name != "sub2api"]
    assert not [note for name in others for note in document_contradictions(shipped_provider(name))]


# ---------------------------------------------------------------------------------- any reply
tokens = st.none() | st.integers(-5, 10**6) | st.sampled_from([196, 392, 1756, 7024, 0])
usages = st.builds(
    Usage,
    input=tokens,
    output=tokens,
    total=tokens,
    output_parts=st.lists(st.integers(-5, 10_000), max_size=3).map(tuple),
    kinds=st.dictionaries(st.sampled_from(["image_output", "text_output"]), st.integers(-5, 9_000)),
)
wild: st.SearchStrategy[Json] = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 10**12), st.sampled_from(["low", "high", "auto", ""])
)


replies = st.builds(
    lambda sizes, usage, charged, declared: replace(
        served(*(picture(*size) for size in sizes), usage=usage),
        charged=charged,
        declared=Declared(quality=declared),
    ),
    st.lists(SIZES, max_size=12),
    st.none() | usages,
    st.none() | st.decimals(0, 10, places=4),
    st.none() | st.sampled_from(["low", "high", "hd"]),
)


@given(
    replies,
    st.sampled_from(["openai", "sub2api", "aimlapi"]),
    st.dictionaries(st.sampled_from(["quality", "n", "partial_images", "size", "prompt"]), wild),
)
def test_any_reply_is_read_and_convicted_only_of_another_quality_than_asked(
    images: Images, name: str, arguments: dict[str, Json]
) -> None:
    found = read(images, arguments, name=name)

    assert found is None or len(found.sizes) == len(images.pictures)
    assert found is None or found.sentence
    if found is not None and found.agreement in ("other", "mixed"):
        assert found.asked not in ({*found.qualities} if found.agreement == "other" else ())
        assert found.basis == "tokens"
        assert found.asked == arguments["quality"]


# ---------------------------------------------------------------------------------- other models
OLDER = {
    SQUARE: {"low": 272, "medium": 1_056, "high": 4_160},
    (1024, 1536): {"low": 408, "medium": 1_584, "high": 6_240},
    WIDE: {"low": 400, "medium": 1_568, "high": 6_208},
}
"""What gpt-image-1 and gpt-image-1.5 take, as their maker lists it."""

LISTED = [(size, word, tokens) for size, row in OLDER.items() for word, tokens in row.items()]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("size", "quality", "tokens"), LISTED)
def test_an_older_model_s_count_is_told_as_its(
    name: str, size: tuple[int, int], quality: str, tokens: int
) -> None:
    counts = Usage(input=None, output=tokens, total=None, kinds={"image_output": tokens})
    found = read(served(picture(*size), usage=counts), {"quality": "high"}, name=name)
    assert found is not None

    assert (found.kind, found.decides, found.qualities) == ("fits_other_model", False, ())
    assert found.sentence == (
        f"asked for high: {tokens:,} tokens fit no quality of gpt-image-2 at {size[0]}x{size[1]}; "
        f"they are what gpt-image-1 and gpt-image-1.5 take for {quality}"
    )


@pytest.mark.parametrize("model", ["gpt-image-1", "gpt-image-1.5", "gpt-image-1-2025-04-23"])
@pytest.mark.parametrize(("size", "quality", "tokens"), LISTED)
def test_who_asks_for_an_older_model_is_judged_by_it(
    model: str, size: tuple[int, int], quality: str, tokens: int
) -> None:
    for asked in ("low", "medium", "high"):
        found = drawn(tokens, size, quality=asked, model=model)
        assert (found.agreement, found.qualities) == (
            "asked" if asked == quality else "other",
            (quality,),
        )


def test_a_newer_model_in_place_of_an_older_one_is_told_too() -> None:
    found = drawn(7024, quality="high", model="gpt-image-1")

    assert found.sentence == (
        "asked for high: 7,024 tokens fit no quality of gpt-image-1 at 1024x1024; "
        "they are what gpt-image-2 takes for high"
    )


@pytest.mark.parametrize(
    ("tokens", "sizes", "arguments", "told"),
    [
        (4_260, [SQUARE], {"partial_images": 2}, "take for high, with 100 for partial images"),
        (2 * 4_160, [SQUARE] * 2, {"n": 2}, "take for high"),
        (4_160, [SQUARE] * 2, {"n": 2}, "take for high of one image"),
        (3 * 272, [SQUARE], {"n": 3}, "take for low of the 3 images asked for"),
        (4_160 + 6_208, [SQUARE, WIDE], {"n": 2}, "take for high"),
    ],
)
def test_an_older_model_s_images_are_counted_as_the_sold_one_s(
    tokens: int, sizes: list[tuple[int, int]], arguments: dict[str, Json], told: str
) -> None:
    found = drawn(tokens, *sizes, quality="high", **arguments)

    assert found.kind == "fits_other_model"
    assert found.sentence.endswith(told)


def test_a_table_says_nothing_of_sizes_that_it_does_not_list() -> None:
    counts = Usage(input=None, output=500, total=None)
    odd = served(picture(512, 512), usage=counts)
    both = served(picture(), picture(512, 512), usage=replace(counts, output=1_056))

    assert read(odd, {"quality": "high", "model": "gpt-image-1"}) is None
    assert read(both, {"quality": "high", "model": "gpt-image-1", "n": 2}) is None


def test_upright_and_lying_images_take_what_the_table_lists_for_each() -> None:
    upright, lying = (1024, 1536), WIDE

    assert drawn(6_240 + 408, upright, upright, quality="high", model="gpt-image-1", n=2).kind
    assert (
        drawn(6_208 + 400, lying, lying, quality="high", model="gpt-image-1", n=2).agreement
        == "mixed"
    )
    assert drawn(6_240, lying, quality="high", model="gpt-image-1").agreement == "unclear"  # text?
    assert drawn(408, lying, quality="high", model="gpt-image-1").agreement == "none"


def edited(arguments: dict[str, Json], **usage: int) -> Drawn | None:
    kinds = {"image_output": usage["image"]} if "image" in usage else {}
    counts = Usage(input=None, output=usage["output"], total=None, kinds=kinds)
    files: dict[str, Json] = {"images": ["a.png"], **arguments}
    return read(served(picture(), usage=counts), files, operation="edit")


def test_of_an_older_model_s_edits_only_counts_without_text_are_read() -> None:
    older: dict[str, Json] = {"model": "gpt-image-1.5", "quality": "medium"}
    apart = edited(older, output=1_056 + 308, image=1_056)
    assert apart is not None

    assert apart.agreement == "asked"
    assert edited(older, output=1_056 + 308) is None
    assert edited(older, output=272) is None
    sold = edited({"quality": "high"}, output=4_160)
    assert sold is not None
    assert (sold.agreement, sold.kind) == ("unclear", None)


@pytest.mark.parametrize(
    ("said", "agreement"), [("gpt-image-1.5", "other_model"), ("gpt-image-3", "unclear")]
)
def test_a_reply_that_names_the_model_whose_count_it_tells_leaves_no_doubt(
    said: str, agreement: str
) -> None:
    usage = Usage(input=None, output=4_160, total=None)
    reply = replace(served(picture(), usage=usage), declared=Declared(model=said))
    found = read(reply, {"quality": "high"})

    assert (found and found.agreement) == agreement


def test_a_count_that_stands_still_is_no_older_model_s() -> None:
    square, odd = drawn(4_160, quality="high"), drawn(4_160, (816, 816), quality="high")

    assert constant({1: square, 2: odd}) == {1, 2}


@pytest.mark.parametrize("number", range(1, 11))
def test_no_count_of_an_older_model_convicts_as_one_of_the_sold_model_s(number: int) -> None:
    for size, row in OLDER.items():
        for tokens, word in product(row.values(), ("low", "medium", "high")):
            found = drawn(tokens * number, *[size] * number, quality=word, n=number)
            assert found.agreement in ("other_model", "part"), (size, tokens, word)


@pytest.mark.parametrize(
    ("tokens", "asked", "agreement"),
    [
        (1756 + 156, {"quality": "medium"}, "unclear"),
        (1756 + 200 + 308, {"quality": "medium", "partial_images": 2}, "unclear"),
        (196 + 143, {}, "unclear"),
        (1756 + 400, {"quality": "medium"}, "none"),
        (1756 - 1, {"quality": "medium"}, "none"),
        (196 + 143, {"quality": "high"}, "none"),
        (196, {"quality": "high"}, "other"),
    ],
)
def test_a_bare_sum_may_hold_as_much_text_as_was_seen(
    tokens: int, asked: dict[str, Json], agreement: str
) -> None:
    found = drawn(tokens, **asked)

    assert found.agreement == agreement
    assert ("tokens of text may be among them" in found.sentence) == (agreement == "unclear")


def test_tokens_of_images_that_are_told_apart_hold_no_text() -> None:
    usage = Usage(input=None, output=1912, total=None, kinds={"image_output": 1912})
    found = read(served(picture(*SQUARE), usage=usage), {"quality": "medium"})

    assert found is not None
    assert found.agreement == "none"
