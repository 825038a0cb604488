"""What a reply says of itself, and what is odd about its images: judged, or told."""

import json
from base64 import b64decode
from dataclasses import replace

import pytest

from harness.core.exchange import Picture, Reply
from harness.core.jsonvalue import Json
from harness.core.outcome import Images
from harness.core.record import Record
from tests.checks.build import (
    absent_picture,
    base64_image,
    case,
    found,
    image_bytes,
    picture,
    record,
    reply,
    said,
    served,
    spoken,
    verdicts,
)

DIFFERENT = "images_are_different"
TYPES = "media_types_name_the_format"
BASE64 = "base64_is_plain"
PIXELS = "images_are_still_and_of_8_bits"
COUNTS = "counts_in_a_reply_are_right"
FURTHER = "holds_no_further_images"
FINISHED = "finished_images_are_called_finished"


def why(check: str, *records: Record) -> str:
    """Return the one thing that a check says, with its status before it."""
    (word,) = (one for one in verdicts(*records) if one.check == check)
    return f"{word.status}: {word.why}"


def several(*numbers: int, n: int | None = None) -> Record:
    pictures = (picture(number=number) for number in numbers)
    return record(case(n=n or len(numbers)), served(*pictures))


# ------------------------------------------------------------------------------- equal images
def test_two_images_of_the_same_bytes_are_one() -> None:
    assert why(DIFFERENT, several(1, 1)) == (
        "fail: image 2 is image 1 again, byte for byte: 1 of 2 images"
    )


def test_which_image_is_which_is_named() -> None:
    assert why(DIFFERENT, several(1, 2, 1, 2)) == (
        "fail: image 3 is image 1, image 4 is image 2 again, byte for byte: 2 of 4 images"
    )


def test_a_repeated_image_is_a_finding_of_n() -> None:
    (finding,) = found(several(1, 1))

    assert (finding.constraint, finding.check) == ("n.range", DIFFERENT)


def test_different_images_are_what_was_asked() -> None:
    assert said(DIFFERENT, several(1, 2, 3)) == ["pass"]


@pytest.mark.parametrize("pictures", [(absent_picture(), absent_picture()), (picture(),)])
def test_what_is_not_there_and_what_is_alone_is_no_repetition(pictures: tuple[Picture]) -> None:
    assert said(DIFFERENT, record(case(n=2), served(*pictures))) == []


def test_more_images_than_asked_may_be_equal_for_nothing_was_asked_of_them() -> None:
    assert said(DIFFERENT, several(1, 1, n=1)) == ["inconclusive"]


def test_who_sends_one_picture_to_every_request_is_not_convicted_of_repeating_it() -> None:
    other = record(case(id="other", prompt="a hen"), served(picture(number=1)))

    assert said(DIFFERENT, several(1, 1), other) == ["inconclusive"]
    assert said(DIFFERENT, several(2, 2), other) == ["fail"]


def test_a_jobs_list_with_one_address_twice_is_one_image() -> None:
    address = "https://images.test/1.webp"
    asked = case("apiframe", n=2, output_format="webp")
    done: Json = {
        "jobId": "j", "status": "COMPLETED", "result": {"images": [address, address]}
    }  # fmt: skip
    image = reply(b64decode(base64_image(kind="WEBP")))
    told = spoken(
        asked,
        [
            answer({"jobId": "j", "status": "QUEUED"}, status=202),
            answer(done),
            image,
            image,
        ],
    )

    assert said("serves_as_many_images_as_asked", told) == ["pass"]
    assert said(DIFFERENT, told) == ["fail"]


# ---------------------------------------------------------------------------------- formats
def declared_as(media_type: str, kind: str = "png") -> Record:
    return record(case(), served(replace(picture(kind=kind), media_type=media_type)))


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [("image/png", "jpeg"), ("image/webp", "png"), ("image/jpeg", "avif"), ("image/gif", "webp")],
)
def test_a_media_type_of_another_format_is_told(media_type: str, kind: str) -> None:
    assert why(TYPES, declared_as(media_type, kind)) == (
        f"inconclusive: {kind} bytes under {media_type}"
    )


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        ("image/png", "png"),
        ("image/jpg", "jpeg"),
        ("image/jpeg", "mpo"),
        ("image/heic", "heif"),
        ("image/x-png", "png"),
        ("image/avif-sequence", "avif"),
        ("image/*", "png"),
        ("application/octet-stream", "png"),
        ("binary/octet-stream", "jpeg"),
        ("", "png"),
    ],
)
def test_a_media_type_that_names_the_format_or_none_is_no_deviation(
    media_type: str, kind: str
) -> None:
    assert said(TYPES, declared_as(media_type, kind)) == []


# ------------------------------------------------------------------------------ base64, pixels
def encoded(how: str, name: str = "sub2api") -> Record:
    return record(case(name), served(replace(picture(), encoding=how)))


@pytest.mark.parametrize(
    ("how", "unreadable"),
    [
        ("data URL", True),
        ("line breaks", False),
        ("URL-safe alphabet", True),
        ("data URL, line breaks", True),
    ],
)
def test_base64_that_is_not_plain_is_told(how: str, unreadable: bool) -> None:  # noqa: FBT001
    told = why(BASE64, encoded(how))

    assert told.startswith(f"inconclusive: the base64 of an image is not plain: {how}")
    assert ("`base64 --decode` does not read it" in told) == unreadable


def test_plain_base64_and_a_data_url_in_the_place_of_an_address_are_no_deviation() -> None:
    assert said(BASE64, encoded("")) == []
    assert said(BASE64, encoded("data URL", "apiframe")) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"mode": "CMYK", "bit_depth": 8}, "a jpeg in CMYK, not RGB"),
        ({"mode": "I;16", "bit_depth": 16}, "a jpeg of 16 bits a channel"),
        ({"mode": "RGB", "frames": 12}, "an animated jpeg of 12 frames"),
        ({"orientation": 6}, "a jpeg that EXIF says to show turned by 90 degrees, at 1024x1024"),
        ({"orientation": 2}, "a jpeg that EXIF says to show mirrored, at 1024x1024"),
    ],
)
def test_odd_pixels_are_named(changes: dict[str, object], told: str) -> None:
    odd = replace(picture(kind="jpeg"), **changes)  # type: ignore[arg-type]

    assert why(PIXELS, record(case(), served(odd))) == f"inconclusive: {told}"


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1", ""])
def test_usual_pixels_are_not_told(mode: str) -> None:
    usual = replace(picture(), mode=mode, bit_depth=8, frames=1, orientation=1)

    assert said(PIXELS, record(case(), served(usual))) == []


# ----------------------------------------------------------------------------- counts, states
def answer(body: Json, *, status: int = 200) -> Reply:
    return reply(json.dumps(body).encode(), status=status)


def images(number: int) -> Json:
    return [{"b64_json": base64_image(64, 64, grey=grey)} for grey in range(number)]


def replied(more: dict[str, Json], *, held: int = 1) -> Record:
    return spoken(case(), [answer({**FIELDS, "data": images(held), **more})])


FIELDS: dict[str, Json] = {
    "size": "1024x1024", "quality": "low", "output_format": "png", "usage": {}
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "held"), [("n", 1), ("count", 1), ("num_images", 2), ("imageCount", 3)]
)
def test_a_count_that_the_images_do_not_bear_out_is_told(name: str, held: int) -> None:
    words = "1 image" if held == 1 else f"{held} images"

    assert why(COUNTS, replied({name: 4}, held=held)) == (
        f"inconclusive: the reply says {name} 4, and holds {words}"
    )
    assert said(COUNTS, replied({name: held}, held=held)) == []


@pytest.mark.parametrize("beside", ["usage", "input", "request"])
def test_what_a_reply_repeats_or_counts_otherwise_is_no_count_of_images(beside: str) -> None:
    assert said(COUNTS, replied({beside: {"n": 4, "count": 9}})) == []
    assert said(COUNTS, replied({"count": True, "n": "4"})) == []


def test_a_further_image_where_none_is_read_is_told() -> None:
    asked = case("nanobanana")
    body: dict[str, Json] = {
        "code": 0,
        "message": "ok",
        "data": {"url": "https://images.test/1.png", "more": ["https://images.test/2.png"]},
    }
    image = reply(b64decode(base64_image()))

    told = why(FURTHER, spoken(asked, [answer(body), image]))

    assert told.startswith("inconclusive: beside the 1 that are read, a further image at")
    assert "more" in told
    body["data"] = {"url": "https://images.test/1.png", "page": "https://images.test/help"}
    assert said(FURTHER, spoken(asked, [answer(body), image])) == []


@pytest.mark.parametrize("state", ["generating", "in_progress", "PROCESSING", "queued"])
def test_a_state_of_unfinished_work_beside_a_finished_image_is_told(state: str) -> None:
    assert why(FINISHED, replied({"status": state})) == (
        f"inconclusive: the reply says status {state!r} beside a finished image"
    )


@pytest.mark.parametrize("state", ["completed", "success", "done", 200, None])
def test_a_finished_state_or_none_is_not_told(state: Json) -> None:
    assert said(FINISHED, replied({"status": state})) == []
    assert (
        said(FINISHED, spoken(case(), [answer({**FIELDS, "data": [], "status": "queued"})])) == []
    )


def test_a_poll_in_a_documented_state_of_progress_with_the_image_is_told() -> None:
    address = "https://images.test/1.webp"
    result: Json = {"images": [address]}
    image = reply(b64decode(base64_image(kind="WEBP")))
    told = spoken(
        case("apiframe"),
        [
            answer({"jobId": "j", "status": "QUEUED"}, status=202),
            answer({"jobId": "j", "status": "PROCESSING", "result": result}),
            answer({"jobId": "j", "status": "COMPLETED", "result": result}),
            image,
        ],
    )

    assert isinstance(told.outcome, Images)
    assert why(FINISHED, told) == (
        "inconclusive: the reply says status 'PROCESSING' beside a finished image"
    )
    assert [one for one in verdicts(told) if one.status == "fail"] == []


# --------------------------------------------------------------- where an address stands
ADDRESSES = "addresses_stand_as_documented"


def of_nanobanana(url: Json) -> Record:
    replies = [reply(json.dumps({"code": 0, "message": "success", "data": {"url": url}}).encode())]
    return spoken(case("nanobanana"), [*replies, reply(image_bytes())])


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://a.example/1.png", []),
        ("/files/1.png", ["the address at data.url is relative"]),
        ("//a.example/1.png", ["the address at data.url is relative"]),
        (
            ["https://a.example/1.png"],
            ["data.url is a list, where one address was documented"],
        ),
    ],
)
def test_an_address_that_stands_otherwise_than_documented_is_told(
    url: Json, told: list[str]
) -> None:
    words = [one for one in verdicts(of_nanobanana(url)) if one.check == ADDRESSES]

    assert [one.why for one in words] == told
    assert {one.status for one in words} <= {"inconclusive"}


def test_objects_in_the_place_of_an_address_are_called_so() -> None:
    fields = "reply_has_the_documented_fields"

    assert why(fields, of_nanobanana([{"url": "https://a.example/1.png"}])) == (
        "fail: data.url holds a list, not a text"
    )
