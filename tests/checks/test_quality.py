import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.checks.judge import judge_records
from harness.core.case import Case
from harness.core.exchange import Picture
from harness.core.jsonvalue import Json
from harness.core.outcome import Declared, Images, Usage
from harness.core.record import Record
from harness.core.verdict import Verdict
from harness.spec.provider import Provider
from tests.checks.build import (
    absent_picture,
    base64_image,
    broken_picture,
    case,
    failures,
    found,
    picture,
    record,
    refused,
    reply,
    served,
    spoken,
    verdicts,
)
from tests.shipped import shipped_provider as shipped

CHECK = "images_have_the_asked_quality"
SQUARE, WIDE, PORTRAIT = (1024, 1024), (1536, 1024), (1024, 1536)


def counts(tokens: int | None, *, image: int | None = None, text: int | None = None) -> Usage:
    """Usage with this sum, and with these details of the output where any are given."""
    parts = tuple(part for part in (image, text) if part is not None)
    kinds = {} if image is None else {"image_output": image}
    return Usage(input=10, output=tokens, total=None, kinds=kinds, output_parts=parts)


def images(*sizes: tuple[int, int]) -> list[Picture]:
    return [picture(*size, number=at) for at, size in enumerate(sizes or [SQUARE])]


def drawn(tokens: int, *sizes: tuple[int, int], **more: int) -> Images:
    return served(*images(*sizes), usage=counts(tokens, **more))


def told(asked: Case, outcome: Images, *others: Record) -> list[tuple[str, str]]:
    """What the check says of one record among others: its status and its sentence."""
    return [
        (one.status, one.why)
        for one in verdicts(*others, record(asked, outcome))
        if one.check == CHECK and one.case == asked.id
    ]


def status(asked: Case, outcome: Images, *others: Record) -> list[str]:
    return [word for word, _ in told(asked, outcome, *others)]


# --------------------------------------------------------------------------- one image, one count
@pytest.mark.parametrize(
    ("quality", "tokens", "sentence"),
    [
        ("medium", 158, "drawn as low: 158 tokens at 1024x1536 is low's count; medium takes 1,372"),
        ("high", 158, "drawn as low: 158 tokens at 1024x1536 is low's count; high takes 5,488"),
        (
            "low",
            1372,
            "drawn as medium: 1,372 tokens at 1024x1536 is medium's count; low takes 158",
        ),
    ],
)
def test_another_quality_s_count_is_that_quality(quality: str, tokens: int, sentence: str) -> None:
    assert told(case(quality=quality), drawn(tokens, PORTRAIT)) == [
        ("fail", f"asked for {quality}: {sentence}")
    ]


@pytest.mark.parametrize(("quality", "tokens"), [("low", 196), ("medium", 1756), ("high", 7024)])
def test_the_asked_quality_s_count_passes(quality: str, tokens: int) -> None:
    sentence = f"drawn as {quality}: {tokens:,} tokens at 1024x1024 is {quality}'s count"

    assert told(case(quality=quality), drawn(tokens)) == [
        ("pass", f"asked for {quality}: {sentence}")
    ]


def test_a_count_of_no_quality_decides_nothing() -> None:
    (status_, why) = told(case(quality="medium", size=None), drawn(717, (3472, 1488)))[0]

    assert status_ == "inconclusive"
    assert why == (
        "asked for medium: 717 tokens fit no quality of gpt-image-2 at 3472x1488: its tokens or "
        "its pixels are not what they are said to be"
    )


def test_the_pixels_that_came_are_judged_and_not_those_asked_for() -> None:
    asked = case(quality="medium", size="1024x1024")

    assert told(asked, drawn(229, (1254, 1254))) == [
        (
            "fail",
            (
                "asked for medium: drawn as low: 229 tokens at 1254x1254 is low's count; "
                "medium takes 2,058"
            ),
        )
    ]
    assert status(asked, drawn(2058, (1254, 1254))) == ["pass"]


def test_a_count_of_the_size_asked_for_is_no_count_of_the_pixels_that_came() -> None:
    asked = case(quality="high", size="3840x2160")
    of_high, of_low = drawn(13_342, (1254, 1254)), drawn(371, (1254, 1254))

    assert told(asked, of_high) == [
        (
            "inconclusive",
            (
                "asked for high: 13,342 tokens is high's count for the 3840x2160 asked for, and "
                "what came is 1254x1254; high takes 8,232"
            ),
        )
    ]
    assert status(asked, of_low) == ["inconclusive"]
    assert "(low's at the 3840x2160 asked for)" in told(asked, of_low)[0][1]


def test_the_level_of_auto_is_no_quality_that_can_be_asked_for() -> None:
    assert status(case(quality="auto"), drawn(439)) == []
    ((word, why),) = told(case(quality="high"), drawn(439))
    assert word == "inconclusive"
    assert "level 24" in why


# ----------------------------------------------------------------------------- what is not judged
@pytest.mark.parametrize(
    "outcome",
    [
        served(picture()),
        served(picture(), usage=counts(None)),
        served(picture(), usage=counts(0)),
        served(picture(), usage=counts(-196)),
        served(broken_picture(), usage=counts(196)),
        served(picture(), absent_picture(), usage=counts(196)),
        served(usage=counts(196)),
        served(picture(), usage=counts(0, image=0, text=0)),
        served(picture(), usage=counts(196, image=0, text=196)),
    ],
)
def test_nothing_is_said_without_a_count_or_without_pixels(outcome: Images) -> None:
    assert status(case(quality="high"), outcome) == []


def test_details_of_zeros_are_no_details() -> None:
    assert status(case(quality="high"), drawn(1756, image=0, text=0)) == ["fail"]


def test_nothing_is_said_of_a_request_that_must_be_refused_or_was() -> None:
    forbidden = case(quality="high", expect="refuse", breaks="size.format", size="1x1")

    assert status(forbidden, drawn(1756)) == []
    asked = case(quality="high")
    said = [one for one in verdicts(record(asked, refused())) if one.check == CHECK]
    assert said == []


@pytest.mark.parametrize("model", ["gpt-image-2", "gpt-image-2-2026-04-21", "openai/gpt-image-2"])
def test_a_snapshot_and_a_maker_before_the_name_are_the_same_model(model: str) -> None:
    assert status(case(quality="high", model=model), drawn(1756)) == ["fail"]


@pytest.mark.parametrize("model", ["gpt-image-1-mini", "gpt-image-2.5", "dall-e-3", 2])
def test_nothing_is_said_of_another_model(model: Json) -> None:
    assert status(case(quality="high", model=model), drawn(1756)) == []


def test_a_reply_that_names_another_model_is_told_and_convicts_nobody() -> None:
    def named(word: str) -> Images:
        return replace(drawn(1756), declared=Declared(model=word))

    ((word, why),) = told(case(quality="high"), named("gpt-image-1"))
    assert word == "inconclusive"
    assert why.endswith(
        "nothing follows: the reply names the model 'gpt-image-1', which may count otherwise"
    )
    assert status(case(quality="high"), named("gpt-image-2-2026-04-21")) == ["fail"]


@pytest.mark.parametrize("quality", ["auto", None])
def test_where_no_quality_is_asked_for_only_the_reply_s_own_word_can_be_at_odds(
    quality: str | None,
) -> None:
    asked = case(quality=quality)

    assert status(asked, drawn(196)) == []
    assert status(asked, replace(drawn(196), declared=Declared(quality="low"))) == []
    assert told(asked, replace(drawn(196), declared=Declared(quality="high"))) == [
        (
            "inconclusive",
            (
                "no quality was asked for, and the reply says high: drawn as low: 196 tokens at "
                "1024x1024 is low's count; high takes 7,024"
            ),
        )
    ]


# ------------------------------------------------------------------------------ tokens of text
def test_image_tokens_are_judged_apart_from_those_of_text() -> None:
    assert status(case(quality="high"), drawn(7224, image=7024, text=200)) == ["pass"]
    assert status(case(quality="high"), drawn(1956, image=1756, text=200)) == ["fail"]


def test_text_among_the_tokens_of_an_edit_convicts_nobody() -> None:
    edit = edit_case(quality="high")

    assert status(edit, drawn(7024)) == ["pass"]
    assert status(edit, drawn(1756)) == ["fail"]
    ((word, why),) = told(edit, drawn(7024 + 143))
    assert word == "inconclusive"
    assert why.endswith("nothing follows: tokens of text may be among them")


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (counts(196, image=7024, text=0), "inconclusive"),  # more for images than in all
        (counts(1756, image=196, text=0), "inconclusive"),  # 1,560 of nothing
        (counts(7124, image=7024, text=0), "pass"),
        (counts(None, image=1756), "fail"),
    ],
)
def test_counts_that_contradict_each_other_convict_nobody(usage: Usage, expected: str) -> None:
    assert status(case(quality="high"), served(picture(), usage=usage)) == [expected]


# ------------------------------------------------------------------------------- several images
def test_several_images_are_counted_together() -> None:
    asked = case(quality="high", n=2)

    assert status(asked, drawn(14_048, SQUARE, SQUARE)) == ["pass"]
    assert told(asked, drawn(392, SQUARE, SQUARE)) == [
        (
            "fail",
            (
                "asked for high: drawn as low: 392 tokens for 2 images at 1024x1024 is low's "
                "count; high takes 14,048"
            ),
        )
    ]


def test_images_of_several_sizes_are_counted_each_by_its_own() -> None:
    asked = case(quality="medium", n=2)

    assert status(asked, drawn(1756 + 1372, SQUARE, WIDE)) == ["pass"]
    ((word, why),) = told(asked, drawn(196 + 158, SQUARE, WIDE))
    assert word == "fail"
    assert "354 tokens for 2 images at 1024x1024 (1), 1536x1024 (1) is low's count" in why


def test_images_of_several_qualities_in_one_reply_are_told() -> None:
    asked = case(quality="high", n=3)

    assert told(asked, drawn(7024 + 2 * 196, SQUARE, SQUARE, SQUARE)) == [
        (
            "fail",
            (
                "asked for high: 2 of 3 drawn as low: 7,416 tokens for 3 images at 1024x1024 is "
                "the count of 1 high and 2 low; high takes 21,072"
            ),
        )
    ]


def test_usage_of_one_image_of_several_is_evidence_of_one() -> None:
    asked = case(quality="medium", n=2)

    assert told(asked, drawn(1756, SQUARE, SQUARE)) == [
        (
            "inconclusive",
            (
                "asked for medium: 1,756 tokens for one image at 1024x1024 is medium's count, and "
                "2 came: the others are not counted"
            ),
        )
    ]
    assert status(case(quality="high", n=2), drawn(1756, SQUARE, SQUARE)) == ["fail"]


def test_usage_of_all_images_asked_for_where_fewer_came() -> None:
    asked = case(quality="medium", n=3)

    assert status(asked, drawn(3 * 1756, SQUARE, SQUARE)) == ["pass"]
    assert status(asked, drawn(2 * 1756, SQUARE, SQUARE)) == ["pass"]
    assert status(asked, drawn(3 * 7024, SQUARE, SQUARE)) == ["fail"]


def test_a_count_that_can_be_read_in_two_ways_convicts_nobody() -> None:
    # Four images in medium take what one takes in high.
    asked = case(quality="high", n=4)

    ((word, why),) = told(asked, drawn(4 * 1756, *[SQUARE] * 4))
    assert word == "inconclusive"
    assert "7,024 tokens for 4 images at 1024x1024 can be read as high or medium" in why
    assert status(replace(asked, arguments={**asked.arguments, "quality": "medium"}),
                  drawn(4 * 1756, *[SQUARE] * 4)) == ["pass"]  # fmt: skip


def test_whoever_counts_all_images_elsewhere_counted_all_of_these() -> None:
    asked, four = case(quality="high", n=4), drawn(4 * 1756, *[SQUARE] * 4)
    pair = case(quality="low", n=2, id="pair")
    all_counted = record(pair, drawn(392, SQUARE, SQUARE))
    one_counted = record(replace(pair, id="one"), drawn(196, SQUARE, SQUARE))
    single = record(case(quality="low", id="single"), drawn(196))

    assert told(asked, four, all_counted) == [
        (
            "fail",
            (
                "asked for high: drawn as medium: 7,024 tokens for 4 images at 1024x1024 is "
                "medium's count; high takes 28,096 (other replies of this run count all their "
                "images)"
            ),
        )
    ]
    assert status(asked, four, single) == ["inconclusive"]
    assert status(asked, four, one_counted) == ["inconclusive"]
    assert status(asked, four, one_counted, all_counted) == ["inconclusive"]
    assert status(asked, four, record(case(quality="high", n=4, id="same"), four)) == [
        "inconclusive"
    ]


@pytest.mark.parametrize(
    ("asked", "counted", "came", "number"),
    [
        ("medium", 4, 1, 5),  # as many as one takes in high
        ("medium", 3, 2, 4),
        ("low", 9, 8, 10),
        ("high", 2, 5, 5),  # as many as one high and four medium take
        ("high", 2, 8, 8),  # as many as eight take in medium
        ("high", 2, 5, 2),
    ],
)
def test_whoever_counts_another_number_of_images_is_convicted_of_nothing(
    asked: str, counted: int, came: int, number: int
) -> None:
    each = {"low": 196, "medium": 1_756, "high": 7_024}[asked]
    found = status(case(quality=asked, n=number), drawn(counted * each, *[SQUARE] * came))

    assert found in (["pass"], ["inconclusive"])


@pytest.mark.parametrize(
    ("asked", "counted", "sizes"),
    [
        ("low", 196 * 9 * 1, [SQUARE] * 8),  # text and all, or a second attempt
        ("medium", 3 * 3 * 1_756, [SQUARE] * 3),  # two high and one medium
        ("medium", 4 * 1_372, [WIDE, SQUARE, SQUARE, SQUARE]),  # one high, of the first
        ("medium", 5_268 + 1_000, [SQUARE] * 3),
        ("high", 7_024 + 5_488, [SQUARE, WIDE, SQUARE]),  # two of three sizes
    ],
)
def test_a_count_of_more_than_the_images_or_of_some_of_them_is_no_other_quality_s(
    asked: str, counted: int, sizes: list[tuple[int, int]]
) -> None:
    assert status(case(quality=asked, n=len(sizes)), drawn(counted, *sizes)) == ["inconclusive"]


def test_an_enlarged_image_may_have_one_count_of_the_size_asked_for() -> None:
    # 8,533 is what one takes in high as it was drawn, and four low and one medium as they came.
    asked = case(quality="high", n=5, size="1504x2096")
    ((word, why),) = told(asked, drawn(8_533, *[(3_008, 4_192)] * 5))

    assert word == "inconclusive"
    assert "is high's count for the 1504x2096 asked for" in why


def test_an_image_that_failed_after_it_was_drawn_may_be_counted() -> None:
    ((word, why),) = told(case(quality="medium", n=5), drawn(4 * 1_756, SQUARE))

    assert word == "pass"
    assert "7,024 tokens for 4 of the 5 images asked for at 1024x1024 is medium's count" in why


def test_images_that_did_not_come_make_no_mixture_of_those_that_did() -> None:
    # One low, one medium, and a third that nobody saw.
    asked = case(quality="low", n=3)

    assert status(asked, drawn(196 + 1_372, SQUARE, WIDE)) == ["inconclusive"]


# ------------------------------------------------------------------------------- partial images
@pytest.mark.parametrize("counted", [0, 1, 2, 3])
@pytest.mark.parametrize("came", [0, 1, 3])
def test_partial_images_may_be_counted_or_not(counted: int, came: int) -> None:
    asked = case(quality="medium", stream=True, partial_images=3)
    partials = tuple(picture(number=10 + at) for at in range(came))

    honest = replace(drawn(1756 + 100 * counted), partials=partials)
    lower = replace(drawn(158 + 100 * counted, WIDE), partials=partials)

    assert status(asked, honest) == ["pass"]
    assert status(asked, lower) == ["fail"]


def test_partial_images_that_nobody_asked_for_may_be_counted() -> None:
    partials = (picture(number=7), picture(number=8))

    assert status(case(quality="high"), replace(drawn(7224), partials=partials)) == ["pass"]
    assert status(case(quality="high"), drawn(7224)) == ["inconclusive"]


@pytest.mark.parametrize("asked", [10**30, -3, "3", True, None])
def test_any_number_of_partial_images_is_survived(asked: Json) -> None:
    assert status(case(quality="high", partial_images=asked, n=asked), drawn(7024)) == ["pass"]


# --------------------------------------------------------------------- figures that stand for none
def test_a_count_that_stands_still_over_other_sizes_decides_nothing() -> None:
    wide = record(case(id="wide", quality="low", size="1536x1024"), drawn(196, WIDE))

    assert status(case(quality="high"), drawn(196)) == ["fail"]
    ((word, why),) = told(case(quality="high"), drawn(196), wide)
    assert word == "inconclusive"
    assert why.endswith("usage does not move with size or quality: nothing follows from it")
    assert status(case(quality="low"), drawn(196), wide) == ["inconclusive"]


def test_a_count_for_each_image_that_stands_still_decides_nothing_either() -> None:
    two = record(case(id="two", quality="low", n=2), drawn(392, WIDE, WIDE))

    assert status(case(quality="high"), drawn(196), two) == ["inconclusive"]


def test_equal_counts_of_sizes_that_take_the_same_convict() -> None:
    turned = record(case(id="turned", quality="low", size="1024x1536"), drawn(158, PORTRAIT))

    assert status(case(quality="high"), drawn(158, WIDE), turned) == ["fail"]


def test_equal_counts_for_every_quality_of_one_size_convict() -> None:
    low = record(case(id="low", quality="low"), drawn(196))

    assert status(case(quality="high"), drawn(196), low) == ["fail"]


def test_what_the_document_itself_shows_for_it_convicts_nobody() -> None:
    ((word, why),) = told(case(quality="medium"), drawn(196))

    assert word == "inconclusive"
    assert why == (
        "asked for medium: 196 tokens at 1024x1024 is low's count, and the provider's own document "
        "shows it for medium: nothing follows"
    )
    assert status(case(quality="medium", n=2), drawn(392, SQUARE, SQUARE)) == ["inconclusive"]
    assert status(case(quality="high"), drawn(196)) == ["fail"]
    assert status(case(quality="medium"), drawn(158, WIDE)) == ["fail"]


# --------------------------------------------------------------------- other operations, providers
def test_the_usage_of_a_responses_reply_counts_no_images() -> None:
    assert status(RESPOND, drawn(1756)) == []
    apart = served(picture(), usage=counts(40, image=1756))
    assert status(RESPOND, apart) == ["inconclusive"]  # no document says what its tool takes
    assert status(RESPOND, served(picture(), usage=counts(40, image=7024))) == ["pass"]


def test_a_provider_whose_document_has_no_model_is_not_judged() -> None:
    provider = shipped("sub2api").model_copy(update={"model": None})
    asked = record(case(quality="high"), drawn(1756))

    assert not _by(provider, asked)
    described = shipped("sub2api").model
    assert described is not None
    unknown = described.model_copy(update={"tokens": None})
    assert not _by(provider.model_copy(update={"model": unknown}), asked)


def _by(provider: Provider, *records: Record) -> Sequence[Verdict]:
    said = judge_records(records, {provider.name: provider})
    return [one for one in said if one.check == CHECK]


# -------------------------------------------------------------------------------------- charges
@pytest.mark.parametrize(
    ("quality", "charged", "expected"),
    [
        ("medium", "0.0536705", ["pass"]),
        ("low", "0.0536705", ["inconclusive"]),
        ("high", "0.0536705", ["inconclusive"]),
        ("high", "0.21172", ["pass"]),
        ("medium", "0.04", []),  # a discount, or another list: no quality's price
        ("medium", "0", []),
        (None, "0.0536705", []),
    ],
)
def test_a_charge_in_dollars_agrees_or_decides_nothing(
    quality: str | None, charged: str, expected: list[str]
) -> None:
    asked = case("aimlapi", quality=quality)

    assert status(asked, served(picture(), charged=charged)) == expected


def test_a_charge_that_stands_still_over_other_sizes_decides_nothing() -> None:
    asked = case("aimlapi", quality="medium")
    wide = case("aimlapi", id="wide", quality="medium", size="1536x1024")
    same = record(wide, served(picture(*WIDE), charged="0.0536705"))

    assert status(asked, served(picture(), charged="0.0536705"), same) == ["inconclusive"]


def test_a_long_prompt_or_a_reference_may_have_cost_the_difference() -> None:
    charged = "0.0536705"
    long = case("aimlapi", quality="low", prompt="a fox " * 2000)

    assert status(long, served(picture(), charged=charged)) == []


def test_credits_say_nothing() -> None:
    asked = case("nanobanana", quality="high", size="1024x1024")

    assert status(asked, served(picture(), charged="0.0536705")) == []


# ----------------------------------------------------------------------------------- over the wire
RESPOND = replace(
    case(id="respond", expect="observe"),
    operation="respond",
    arguments={"model": "gpt-5.4", "prompt": "a fox", "quality": "high"},
)


def answered(asked: Case, body: dict[str, Json]) -> list[str]:
    """What is said of a reply of this body, read as it comes over the wire."""
    one = spoken(asked, [reply(json.dumps(body).encode())])
    return [verdict.status for verdict in verdicts(one) if verdict.check == CHECK]


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"output_tokens": 158}, ["fail"]),
        ({"output_tokens": "158"}, ["fail"]),
        ({"output_tokens": 158.0}, ["fail"]),
        ({"output_tokens": 5488}, ["pass"]),
        ({"output_tokens": "about 158"}, []),
        ({"output_tokens": 301, "output_tokens_details": {"image_tokens": 158,
          "text_tokens": 143}}, ["fail"]),
        ({"output_tokens": 5631, "output_tokens_details": {"text_tokens": 143,
          "image_tokens": 5488}}, ["pass"]),
        ({"output_tokens": 158, "output_tokens_details": None}, ["fail"]),
        ({}, []),
    ],
)  # fmt: skip
def test_usage_is_read_as_replies_write_it(usage: Json, expected: list[str]) -> None:
    body: dict[str, Json] = {"data": [{"b64_json": base64_image(*WIDE)}], "usage": usage}

    assert answered(case(quality="high", size="1536x1024"), body) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, []),
        ({"tool_usage": None}, []),
        ({"tool_usage": {"image_gen": {"output_tokens": 7024}}}, ["pass"]),
        ({"tool_usage": {"image_gen": {"output_tokens": 1756}}}, ["inconclusive"]),
        ({"tool_usage": {"image_gen": {"output_tokens": 7100,
          "output_tokens_details": {"image_tokens": 7024, "text_tokens": 76}}}}, ["pass"]),
    ],
)  # fmt: skip
def test_an_agent_s_image_tokens_stand_apart_from_its_words(
    more: dict[str, Json], expected: list[str]
) -> None:
    call: Json = {"type": "image_generation_call", "result": base64_image()}
    body: dict[str, Json] = {
        "id": "resp_1",
        "status": "completed",
        "output": [call],
        "usage": {"input_tokens": 20, "output_tokens": 1756, "total_tokens": 1776},
        **more,
    }

    assert answered(RESPOND, body) == expected


# -------------------------------------------------------------------------------------- findings
def test_a_finding_names_the_rule_of_the_quality() -> None:
    lying = [
        record(case(id=name, quality="high", prompt=name), drawn(1756)) for name in ("one", "two")
    ]

    (finding,) = found(*lying)

    assert (finding.constraint, finding.check) == ("quality.one_of", CHECK)
    assert failures(*lying)[0][0] == CHECK


def edit_case(**changes: Json) -> Case:
    arguments: dict[str, Json] = {
        "model": "gpt-image-2",
        "prompt": "a fox",
        "images": [{"media_type": "image/png", "bytes": 100, "width": 64, "height": 64}],
        **changes,
    }
    return replace(case(id="edit"), operation="edit", arguments=arguments)
