"""A placeholder in a recording of others is absent; the same in live traffic is a fault."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.checks.judge import judge_records
from harness.core.exchange import Picture
from harness.core.jsonvalue import Json
from harness.core.outcome import Images
from harness.core.record import Provenance, Record
from harness.core.verdict import Verdict
from harness.runner.traffic.placeholders import without_placeholders
from tests.checks.build import base64_image, case, failures, reply, spoken
from tests.runner.traffic.test_traffic import HOST, PLAIN, interaction, judged, one, tape
from tests.shipped import shipped_provider as shipped

ASKED: dict[str, Json] = {**PLAIN, "size": "1024x1024", "quality": "high", "output_format": "png"}
USAGE: Json = {"input_tokens": 9, "output_tokens": 7024, "total_tokens": 7033}


def body(image: Json, *, usage: Json = USAGE, **more: Json) -> dict[str, Json]:
    declared: dict[str, Json] = {"size": "1024x1024", "quality": "high", "output_format": "png"}
    return {"created": 1, "data": [{"b64_json": image}], "usage": usage, **declared, **more}


def recorded(folder: Path, image: Json, **more: Json) -> Record:
    return one(folder, ASKED, body(image, **more))


def live(image: Json, **more: Json) -> Record:
    asked = case(size="1024x1024", quality="high", output_format="png")
    return spoken(asked, [reply(json.dumps(body(image, **more)).encode())])


def picture_of(record: Record) -> Picture:
    assert isinstance(record.outcome, Images)
    (picture,) = record.outcome.pictures
    return picture


def broken(record: Record) -> set[str]:
    return {check for check, _ in failures(record)}


def verdicts(record: Record, check: str) -> list[Verdict]:
    said = judge_records([record], {"sub2api": shipped("sub2api")})
    return [verdict for verdict in said if verdict.check == check]


TINY = [(1, 1), (2, 2), (8, 8), (64, 64), (64, 1)]


@pytest.mark.parametrize("edges", TINY)
def test_a_tiny_image_is_no_image_in_a_recording_and_a_fault_live(
    edges: tuple[int, int], tmp_path: Path
) -> None:
    image = base64_image(*edges)
    told = recorded(tmp_path, image)
    picture = picture_of(told)

    assert picture.state == "absent"
    assert picture.why == (f"placeholder: {edges[0]}x{edges[1]} png beside 7,024 image tokens")
    assert broken(told) == set()
    assert broken(live(image)) == {"images_have_the_asked_dimensions"}


@pytest.mark.parametrize("edges", [(128, 128), (100, 100)])
def test_a_small_one_of_one_colour_is_none_either(edges: tuple[int, int], tmp_path: Path) -> None:
    image = base64_image(*edges)

    assert picture_of(recorded(tmp_path, image)).state == "absent"
    assert broken(live(image)) == {"images_have_the_asked_dimensions"}


@pytest.mark.parametrize("edges", [(512, 512), (256, 256), (1024, 1536), (129, 129)])
def test_an_image_of_another_size_is_a_fault_wherever_it_was_seen(
    edges: tuple[int, int], tmp_path: Path
) -> None:
    image = base64_image(*edges)

    assert broken(recorded(tmp_path, image)) == {"images_have_the_asked_dimensions"}
    assert broken(live(image)) == {"images_have_the_asked_dimensions"}


def test_a_thumbnail_of_a_drawing_is_a_fault(tmp_path: Path) -> None:
    record = recorded(tmp_path, base64_image(100, 100))
    thumbnail = replace(picture_of(live(base64_image(100, 100))), size_bytes=9_000)
    shown = replace(record, outcome=replace(live("x").outcome, pictures=(thumbnail,)))  # type: ignore[type-var]

    kept = without_placeholders(shown, shipped("sub2api").operation("generate"))

    assert picture_of(kept) == thumbnail


def test_without_tokens_the_size_that_was_asked_tells(tmp_path: Path) -> None:
    picture = picture_of(recorded(tmp_path, base64_image(1, 1), usage={}))

    assert picture.why == "placeholder: 1x1 png where 1024x1024 was asked"


MARKS = ("<B64 1049708 chars>", "REDACTED", "[base64 image omitted]", "...", "BASE64_IMAGE_DATA")


@pytest.mark.parametrize("mark", [*MARKS, f"{base64_image()[:80]}..."])
def test_a_mark_for_an_image_is_absent_in_a_recording_and_a_fault_live(
    mark: str, tmp_path: Path
) -> None:
    told = recorded(tmp_path, mark)

    assert picture_of(told).state == "absent"
    assert picture_of(told).why.startswith("placeholder: the recording holds ")
    assert broken(told) == set()
    assert [verdict.status for verdict in verdicts(told, "images_decode")] == ["inconclusive"]
    assert broken(live(mark)) == {"images_decode"}


@pytest.mark.parametrize(
    "wrong", ["error: no image", "<html><b>502</b></html>", base64_image()[:2000], "eyJhIjogMX0="]
)
def test_what_is_no_mark_and_no_image_is_a_fault_wherever_it_was_seen(
    wrong: str, tmp_path: Path
) -> None:
    assert broken(recorded(tmp_path, wrong)) == {"images_decode"}
    assert broken(live(wrong)) == {"images_decode"}


@pytest.mark.parametrize("length", [40, 100, 168])
def test_a_file_that_ends_before_its_pixels_was_cut_by_the_recorder(
    length: int, tmp_path: Path
) -> None:
    start = base64_image()[:length]
    told = recorded(tmp_path, start)

    assert picture_of(told).state == "absent"
    assert broken(told) == set()
    assert broken(live(start)) == {"images_decode"}


@pytest.mark.parametrize("usage", ["<USAGE>", "[FILTERED]", None])
def test_a_filtered_usage_is_not_missing_in_a_recording(usage: Json, tmp_path: Path) -> None:
    told = recorded(tmp_path, base64_image(), usage=usage)
    (verdict,) = verdicts(told, "reply_has_the_documented_fields")

    assert (verdict.status, verdict.why) == (
        "inconclusive", "the recording holds something else at usage"
    )  # fmt: skip
    assert broken(live(base64_image(), usage=usage)) == {"reply_has_the_documented_fields"}


def test_a_field_that_is_not_there_is_missing_in_a_recording_too(tmp_path: Path) -> None:
    whole = body(base64_image(), usage="<USAGE>")
    del whole["quality"]
    told = one(tmp_path, ASKED, whole)
    (verdict,) = verdicts(told, "reply_has_the_documented_fields")

    assert (verdict.status, verdict.why) == ("fail", "quality is missing")


def test_filtered_counts_add_up_to_nothing(tmp_path: Path) -> None:
    names = ("input_tokens", "output_tokens", "total_tokens")
    for content in ("<TOKEN>", 0, None):
        usage: Json = dict.fromkeys(names, content)
        told = recorded(tmp_path, base64_image(), usage=usage)

        assert isinstance(told.outcome, Images)
        assert told.outcome.usage is None
        assert broken(told) == set()
    wrong = recorded(tmp_path, base64_image(), usage={**dict.fromkeys(names, 0), "total_tokens": 7})
    assert broken(wrong) == {"usage_adds_up"}


def test_details_of_which_one_was_taken_out_add_up_to_nothing(tmp_path: Path) -> None:
    details: Json = {"text_tokens": "<TOKEN>", "image_tokens": 4}
    usage: Json = {**USAGE, "input_tokens_details": details}  # type: ignore[dict-item]

    assert broken(recorded(tmp_path, base64_image(), usage=usage)) == set()
    assert broken(
        recorded(tmp_path, base64_image(), usage={**usage, "total_tokens": 7})  # type: ignore[dict-item]
    ) == {"usage_adds_up"}


@pytest.mark.parametrize("field", ["size", "quality", "output_format", "background", "model"])
def test_a_filtered_word_of_a_reply_is_declared_by_nobody(field: str, tmp_path: Path) -> None:
    told = recorded(tmp_path, base64_image(), **{field: "<WORD>"})

    assert broken(told) == set()
    assert picture_of(told).state == "decoded"
    wrong = recorded(tmp_path, base64_image(512, 512), **{field: "<WORD>"})
    assert broken(wrong) == {"images_have_the_asked_dimensions"}


REASON: dict[str, Json] = {"message": "the moon is full", "type": "t", "param": None, "code": None}


def refused(folder: Path, error: Json, **asked: Json) -> Record:
    sent = interaction({**ASKED, **asked}, {"error": error}, status=400)
    (record,) = judged(tape(folder, sent)).records
    return record


@pytest.mark.parametrize(
    "hidden", [{"message": "<MESSAGE>"}, {"message": "***", "param": "REDACTED"}, {"code": "<X>"}]
)
def test_a_refusal_whose_reason_was_taken_out_convicts_nobody(
    hidden: dict[str, Json], tmp_path: Path
) -> None:
    assert broken(refused(tmp_path, {**REASON, **hidden})) == set()
    assert broken(refused(tmp_path, REASON)) == {"accepts_what_it_documents"}
    named = refused(tmp_path, {**REASON, "message": "<MESSAGE>", "param": "prompt"})
    assert broken(named) == {"accepts_what_it_documents"}


@pytest.mark.parametrize("error", ["<ERROR>", "[error removed]", "***"])
def test_an_error_that_was_taken_out_whole_has_no_shape(error: str, tmp_path: Path) -> None:
    assert broken(refused(tmp_path, error, n=11)) == set()
    assert broken(refused(tmp_path, "n is wrong", n=11)) == {"refusal_has_the_documented_shape"}


def test_our_own_emulators_tiny_image_stays_a_fault() -> None:
    told = live(base64_image(1, 1))
    emulated = Provenance(kind="recorded", source="emulator", date="2026-12-01", by="harness")

    assert broken(replace(told, evidence=emulated)) == {"images_have_the_asked_dimensions"}


@pytest.mark.parametrize(
    "words", ["<image>", "(binary data 17274 bytes)", "REDACTED", "image/png", "null", "{}", ""]
)
def test_a_download_of_words_is_absent(words: str, tmp_path: Path) -> None:
    assert picture_of(downloaded(tmp_path, words)).state == "absent"


@pytest.mark.parametrize("words", ["<html><b>not found</b></html>", '{"error": "gone"}', "no file"])
def test_a_download_of_a_page_or_an_error_is_a_fault(words: str, tmp_path: Path) -> None:
    picture = picture_of(downloaded(tmp_path, words))

    assert picture.state == "undecodable"


@pytest.mark.parametrize("words", ["<image>", "{}"])
def test_a_download_of_words_is_absent_under_whatever_host_it_stands(
    words: str, tmp_path: Path
) -> None:
    record = downloaded(tmp_path, words, host="http://host.invalid")

    assert picture_of(record).state == "absent"


def downloaded(folder: Path, words: str, *, host: str = HOST) -> Record:
    asked: Json = {"model": "gpt-image-2", "prompt": "a fox", "n": 1, "quality": "low"}
    served: Json = {"code": 0, "message": "ok", "data": {"url": f"{HOST}/files/1.png"}}
    first = interaction(asked, served, path="/v1/images/generate")
    second = interaction(None, None, path=f"{host}/files/1.png", method="GET")
    second["response"]["body"]["string"] = words  # type: ignore[index,call-overload]
    (record,) = judged(tape(folder, first, second), "nanobanana").records
    return record
