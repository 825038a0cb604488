"""Recordings of others that hold an image in an odd way: what is taken, and what is told."""

import base64
import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from harness.api import judge
from harness.core.exchange import Picture
from harness.core.outcome import Fault, Images, Outcome
from harness.core.verdict import Verdict
from harness.reference_images import reference_bytes

CASES = Path(__file__).parent / "cases"


def judged(path: Path, out: Path | None = None) -> tuple[Outcome, dict[str, Verdict]]:
    result = judge([path], "sub2api", out=out)
    (record,) = result.records
    assert record.outcome is not None
    return record.outcome, {one.check: one for one in result.report.verdicts}


def picture_of(outcome: Outcome) -> Picture:
    assert isinstance(outcome, Images), outcome
    (picture,) = outcome.pictures
    return picture


@pytest.mark.parametrize(
    ("case", "format_", "encoding"),
    [
        ("b64_line_breaks", "png", "line breaks"),
        ("b64_data_prefix", "png", "data URL"),
        ("b64_avif", "avif", ""),
    ],
)
def test_an_image_is_taken_and_its_text_told(
    case: str, format_: str, encoding: str, tmp_path: Path
) -> None:
    outcome, told = judged(CASES / f"{case}.yaml", tmp_path / "out")

    picture = picture_of(outcome)
    assert (picture.format, picture.state, picture.encoding) == (format_, "decoded", encoding)
    assert list(tmp_path.rglob(f"{picture.digest}.{format_}"))
    format_told = told["images_have_the_asked_format"]
    assert (format_told.status, format_told.why) == (
        ("fail", "format png wanted, decoded avif") if format_ == "avif" else ("pass", "format png")
    )


def test_an_image_in_the_event_of_its_item_is_one_image() -> None:
    outcome, told = judged(CASES / "responses_image_in_item_done_only.yaml")

    assert picture_of(outcome).state == "decoded"
    assert "the image is at item.result" in told["serves_as_many_images_as_asked"].why


def test_a_response_that_failed_is_an_unsettled_fault() -> None:
    outcome, _ = judged(CASES / "responses_failed.yaml")

    assert isinstance(outcome, Fault)
    assert outcome.may_be_paid
    assert "Something broke." in outcome.why


def test_an_agents_words_are_no_image() -> None:
    outcome, _ = judged(CASES / "responses_no_drawing.yaml")

    assert isinstance(outcome, Images)
    assert outcome.pictures == ()


PNG = reference_bytes("png-rgb-1024x1024-1.png")
HEIC = (
    b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    b"\0\0\0\x20meta\0\0\0\0\0\0\0\x14ispe\0\0\0\0"
    + (1024).to_bytes(4, "big") * 2
    + bytes(20_000)  # fewer would be a placeholder
)


def recorded(folder: Path, content: dict[str, Any]) -> Path:
    """A recording of one image of a gateway, in vcrpy's JSON."""
    asked = {
        "model": "gpt-image-2",
        "prompt": "a kite",
        "size": "1024x1024",
        "output_format": "png",
    }
    path = folder / "tape.json"
    kind = {"content-type": ["application/json"]}
    request = {
        "method": "POST",
        "uri": "https://gateway.example.com/v1/images/generations",
        "body": json.dumps(asked),
        "headers": kind,
    }
    response = {
        "status": {"code": 200, "message": "OK"},
        "headers": kind,
        "body": {"string": json.dumps({"created": 1, "data": [content]})},
    }
    both = {"request": request, "response": response}
    path.write_text(json.dumps({"version": 1, "interactions": [both]}))
    return path


PLAIN = base64.b64encode(PNG).decode()


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (textwrap.fill(PLAIN, 64).replace("\n", "\r\n"), "line breaks"),
        (PLAIN.replace("+", "-").replace("/", "_"), "URL-safe alphabet"),
        (f"DATA:image/PNG;charset=binary;BASE64,{PLAIN}", "data URL"),
    ],
    ids=["CRLF", "URL-safe", "DATA"],
)
def test_neighbours_of_them_are_taken_as_well(text: str, encoding: str, tmp_path: Path) -> None:
    outcome, told = judged(recorded(tmp_path, {"b64_json": text}))

    picture = picture_of(outcome)
    assert (picture.state, picture.encoding) == ("decoded", encoding)
    assert told["images_decode"].status == "pass"


def test_a_format_that_is_not_decoded_is_named_and_nobody_is_blamed_for_our_decoder(
    tmp_path: Path,
) -> None:
    text = base64.b64encode(HEIC).decode()

    outcome, told = judged(recorded(tmp_path, {"b64_json": text}), tmp_path / "out")

    picture = picture_of(outcome)
    assert (picture.format, picture.width_px, picture.height_px) == ("heic", 1024, 1024)
    assert told["images_decode"].status == "inconclusive"
    assert told["images_have_the_asked_format"].why == "format png wanted, received heic"
    assert [one.read_bytes() for one in tmp_path.rglob("*.heic")] == [HEIC]


def test_half_an_image_still_convicts(tmp_path: Path) -> None:
    text = base64.b64encode(PNG[: len(PNG) // 2]).decode()

    _, told = judged(recorded(tmp_path, {"b64_json": text}))

    assert told["images_decode"].status == "fail"


def test_a_documented_field_that_is_empty_is_told_without_an_expression(tmp_path: Path) -> None:
    tape = recorded(tmp_path, {"b64_json": PLAIN})
    nothing = tape.read_text().replace(json.dumps("created")[1:-1], "began", 1)
    tape.write_text(nothing)

    _, told = judged(tape)

    assert not [one for one in told.values() if "[*]" in one.why or "[?" in one.why]
