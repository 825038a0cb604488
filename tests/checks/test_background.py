from dataclasses import replace

import pytest

from harness.core.exchange import Picture
from harness.core.outcome import Declared, Images
from tests.checks.build import case, found, picture, record, said, served

ASKED, DECLARES = "images_have_the_asked_background", "declares_what_was_asked"
MATCHES = "images_match_their_declaration"
ALPHA: dict[str, tuple[bool | None, float | None]] = {
    "none": (False, None),
    "opaque": (True, 0.0),
    "one pixel": (True, 1 / 1_048_576),
    "partial": (True, 0.4),
    "full": (True, 1.0),
    "not counted": (True, None),
    "not known": (None, None),
}


def shown(alpha: str, kind: str = "png") -> Picture:
    has, share = ALPHA[alpha]
    return replace(picture(kind=kind), alpha=has, translucent_share=share)


def declared(background: str, *pictures: Picture) -> Images:
    return replace(served(*pictures), declared=Declared(others={"background": background}))


@pytest.mark.parametrize(
    ("alpha", "status"),
    [
        *((name, ["fail"]) for name in ("one pixel", "partial", "full")),
        *((name, ["pass"]) for name in ("none", "opaque")),
        *((name, ["inconclusive"]) for name in ("not counted", "not known")),
    ],
)
def test_an_opaque_image_has_no_pixel_that_is_not(alpha: str, status: list[str]) -> None:
    asked = case(background="opaque", output_format="png")

    assert said(ASKED, record(asked, served(shown(alpha)))) == status


@pytest.mark.parametrize(
    ("alpha", "status"),
    [
        ("none", ["fail"]),
        ("opaque", ["inconclusive"]),
        *((name, ["pass"]) for name in ("partial", "full")),
        *((name, ["inconclusive"]) for name in ("not counted", "not known")),
    ],
)
def test_a_transparent_image_has_an_alpha_channel(alpha: str, status: list[str]) -> None:
    asked = case("aimlapi", background="transparent", output_format="png")

    assert said(ASKED, record(asked, served(shown(alpha)))) == status


def test_where_the_documents_leave_transparent_open_nobody_is_convicted() -> None:
    asked = case("aimlapi", expect="observe", background="transparent", output_format="png")

    assert said(ASKED, record(asked, served(shown("none")))) == ["inconclusive"]


@pytest.mark.parametrize("background", [None, "auto"])
@pytest.mark.parametrize("alpha", list(ALPHA))
def test_who_leaves_it_open_gets_what_the_model_likes(background: str | None, alpha: str) -> None:
    assert said(ASKED, record(case(background=background), served(shown(alpha)))) == []


def test_a_jpeg_shows_nothing_of_a_word_about_the_ground() -> None:
    opaque = record(case(background="opaque"), served(shown("none", "jpeg")))
    clear = case("aimlapi", background="transparent", output_format="jpeg")

    assert said(ASKED, opaque) == ["inconclusive"]
    assert said(ASKED, record(clear, served(shown("none", "jpeg")))) == []


def test_the_finding_names_the_promise_the_image_and_the_share() -> None:
    asked = case(background="opaque", n=2)

    second = replace(shown("partial"), digest="1")
    (finding,) = found(record(asked, served(shown("opaque"), second)))

    assert (finding.constraint, finding.check) == ("background.one_of", ASKED)
    assert "image 2 of 2 has 40.0% of its pixels not opaque" in finding.observed


@pytest.mark.parametrize(
    ("requested", "word", "status"),
    [
        ("opaque", "opaque", ["pass"]),
        ("opaque", " Opaque", ["pass"]),
        ("opaque", "transparent", ["fail"]),
        ("opaque", "auto", ["inconclusive"]),
        ("opaque", "beige", ["inconclusive"]),
        ("auto", "opaque", []),
        (None, "opaque", []),
    ],
)
def test_what_a_reply_declares_of_the_ground_is_what_was_asked(
    requested: str | None, word: str, status: list[str]
) -> None:
    told = record(case(background=requested), declared(word, shown("opaque")))

    assert said(DECLARES, told) == status


@pytest.mark.parametrize(
    ("word", "alpha", "status"),
    [
        ("opaque", "partial", ["fail"]),
        ("opaque", "none", ["pass"]),
        ("transparent", "none", ["fail"]),
        ("transparent", "opaque", ["inconclusive"]),
        ("transparent", "full", ["pass"]),
        ("opaque", "not counted", []),
        ("auto", "full", []),
    ],
)
def test_where_the_request_leaves_it_open_the_pixels_are_what_is_declared(
    word: str, alpha: str, status: list[str]
) -> None:
    assert said(MATCHES, record(case(), declared(word, shown(alpha)))) == status


@pytest.mark.parametrize(("word", "status"), [("low", ["pass"]), ("auto", ["inconclusive"])])
def test_other_words_that_a_reply_repeats_are_compared_too(word: str, status: list[str]) -> None:
    told = replace(served(shown("none")), declared=Declared(others={"moderation": word}))

    assert said(DECLARES, record(case(moderation="low"), told)) == status
