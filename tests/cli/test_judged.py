"""What a judged request came to, in one line."""

from dataclasses import replace

import pytest

from harness.cli.judged import outcome_text
from harness.core.exchange import Picture, PictureState
from harness.core.outcome import Images, Outcome
from harness.wire.collect import NOT_OBTAINABLE
from tests.report import builders as b

OUTSIDE = "outside sub2api's documents: n.range (11)"
CACHED = "its bytes are in the browser's cache"
PLACEHOLDER = "placeholder: 1x1 px beside 7,024 output tokens"
PAID = f"a.example answered HTTP 404 for an image that was paid for: {NOT_OBTAINABLE}"


def gone(why: str, state: PictureState = "absent") -> Images:
    picture = Picture(digest="", format="unknown", size_bytes=0, state=state, why=why)
    return Images(pictures=(picture,))


def written(encoding: str) -> Images:
    return Images(pictures=(replace(b.picture(), encoding=encoding),))


def found(where: str) -> Images:
    return replace(b.images(), found_at=(where,))


SIZE = "png 1024x1024, 1,200,000 bytes"


@pytest.mark.parametrize(
    ("outcome", "why", "told"),
    [
        (b.images(), "", f"served 1 image: {SIZE}"),
        (b.images(2), "", f"served 2 images: 2 x {SIZE}"),
        (b.images(), OUTSIDE, f"outside sub2api's documents, yet served 1 image: {SIZE}"),
        (b.images(0), "", "answered without an image"),
        (b.images(0), OUTSIDE, "outside sub2api's documents, yet answered without an image"),
        (gone(CACHED), "", f"served 1 image: absent: {CACHED}"),
        (gone(PLACEHOLDER), "", f"served 1 image: absent: {PLACEHOLDER}"),
        (gone(PAID, "undecodable"), "", f"served 1 image: {PAID}"),
        (gone(PAID), "", f"served 1 image: {PAID}"),
        (gone("cut", "undecodable"), "", "served 1 image: undecodable: cut"),
        (
            written("data URL, line breaks"),
            "",
            f"served 1 image: {SIZE}, written as base64 with data URL, line breaks",
        ),
        (
            found("data[].url is empty; the image is at url"),
            "",
            f"served 1 image: {SIZE}; data[].url is empty; the image is at url",
        ),
    ],
)
def test_an_outcome_is_told_in_its_words(outcome: Outcome, why: str, told: str) -> None:
    made = b.record(b.case(expect="observe", why=why), outcome)

    assert outcome_text(made) == told
