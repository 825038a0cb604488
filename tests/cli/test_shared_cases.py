"""Small inputs that stand for kinds: recordings of others, and replies that users reported."""

import json
from functools import cache
from pathlib import Path

import pytest

from harness.api import RunResult, explain, judge
from harness.core.exchange import Picture
from harness.core.outcome import Fault, Images, Outcome

HERE = Path(__file__).parent / "shared_cases"


@cache
def judged(name: str, out: Path | None = None) -> RunResult:
    """Judge a file; who answers is in its name."""
    provider = "nanobanana" if name.startswith("nanobanana") else "sub2api"
    return judge([HERE / name], provider, out=out)


def outcome_of(result: RunResult) -> Outcome | None:
    (record,) = result.records
    return record.outcome


def picture_of(result: RunResult) -> Picture:
    outcome = outcome_of(result)
    assert isinstance(outcome, Images)
    (picture,) = outcome.pictures
    return picture


def told(result: RunResult, check: str) -> list[tuple[str, str]]:
    """Return what a check said: its status and its reason."""
    verdicts = result.report.verdicts
    return [(verdict.status, verdict.why) for verdict in verdicts if verdict.check == check]


def broken(result: RunResult) -> set[str]:
    """Return the checks of the findings."""
    return {shown.finding.check for shown in result.report.findings}


def paid(result: RunResult) -> tuple[int, int]:
    """Return the images that were paid, and the cases that are unsettled."""
    (summary,) = result.report.providers
    return summary.cost.images_paid, summary.cost.unsettled


NOT_JUDGED = 4
"""The exit code where every verdict is inconclusive."""

INNOCENT = (
    "403_account_not_verified.yaml",
    "b64_data_prefix.yaml",
    "b64_line_breaks.yaml",
    "brotli_body.yaml",
    "edit_json_images.yaml",
    "gzipped_cassette.yaml.gz",
    "nanobanana_304_download.har",
    "placeholder_1x1.yaml",
    "polly_base64_chunks.har",
    "polly_hex_chunks.har",
    "responses_failed.yaml",
    "responses_image_in_item_done_only.yaml",
    "responses_no_drawing.yaml",
)


@pytest.mark.parametrize("name", INNOCENT)
def test_nobody_is_convicted(name: str) -> None:
    result = judged(name)

    assert broken(result) == set()
    assert result.exit_code in (0, NOT_JUDGED)


@pytest.mark.parametrize(
    "name",
    [
        "polly_hex_chunks.har",
        "polly_base64_chunks.har",
        "gzipped_cassette.yaml.gz",
        "brotli_body.yaml",
    ],
)
def test_what_is_packed_is_unpacked_and_read(name: str) -> None:
    picture = picture_of(judged(name))

    assert (picture.state, picture.format) == ("decoded", "png")
    assert (picture.width_px, picture.height_px) == (1024, 1024)


def test_an_image_out_of_a_browsers_cache_is_absent() -> None:
    picture = picture_of(judged("nanobanana_304_download.har"))

    assert picture.state == "absent"
    assert "its bytes are in the browser's cache" in picture.why


def test_a_placeholder_is_absent_and_decides_nothing() -> None:
    result = judged("placeholder_1x1.yaml")
    picture = picture_of(result)

    why = "placeholder: 1x1 png beside 7,024 image tokens"
    assert (picture.state, picture.why) == ("absent", why)
    assert told(result, "images_decode") == [("inconclusive", why)]
    assert told(result, "images_have_the_asked_dimensions") == []


def test_base64_in_lines_is_read_and_observed() -> None:
    result = judged("b64_line_breaks.yaml")

    assert picture_of(result).state == "decoded"
    assert told(result, "base64_is_plain") == [
        ("inconclusive", "the base64 of an image is not plain: line breaks")
    ]


def test_a_data_url_in_the_place_of_base64_is_told() -> None:
    result = judged("b64_data_prefix.yaml")

    assert picture_of(result).state == "decoded"
    ((status, why),) = told(result, "base64_is_plain")
    assert status == "inconclusive"
    assert why == (
        "the base64 of an image is not plain: data URL; `base64 --decode` does not read it"
    )


def test_avif_where_png_was_asked_is_named_and_kept(tmp_path: Path) -> None:
    result = judged("b64_avif.yaml", tmp_path / "out")
    picture = picture_of(result)

    assert (picture.state, picture.format) == ("decoded", "avif")
    assert told(result, "images_have_the_asked_format") == [
        ("fail", "format png wanted, decoded avif")
    ]
    assert [file.name for file in (tmp_path / "out" / "images").iterdir()] == [
        f"{picture.digest}.avif"
    ]


def test_an_account_that_is_not_verified_is_named_as_such() -> None:
    result = judged("403_account_not_verified.yaml")
    outcome = outcome_of(result)

    assert isinstance(outcome, Fault)
    assert outcome.error_class == "auth"
    ((status, why),) = told(result, "accepts_what_it_documents")
    assert status == "inconclusive"
    assert "must be verified" in why


def test_an_image_in_a_done_item_alone_is_one_image() -> None:
    result = judged("responses_image_in_item_done_only.yaml")

    assert picture_of(result).state == "decoded"
    assert paid(result)[0] == 1


def test_an_agents_words_are_no_image_and_cost_none() -> None:
    result = judged("responses_no_drawing.yaml")

    assert isinstance(outcome_of(result), Images)
    assert paid(result) == (0, 0)


def test_a_response_that_failed_is_a_fault_that_may_be_paid() -> None:
    result = judged("responses_failed.yaml")
    outcome = outcome_of(result)

    assert isinstance(outcome, Fault)
    assert "Something broke." in outcome.why
    assert paid(result) == (0, 1)


def test_a_signature_is_in_no_written_file(tmp_path: Path) -> None:
    result = judged("signed_url.yaml", tmp_path / "out")
    written = [file for file in (tmp_path / "out").rglob("*") if file.is_file()]
    signature = b"NOTAREALSIGNATURE0123456789"

    assert len(written) > 3
    assert [file.name for file in written if signature in file.read_bytes()] == []
    assert signature.decode() not in repr(result.records)


def test_judge_and_explain_say_one_word_of_images_in_an_edit() -> None:
    body = json.loads((HERE / "request_edit_json_images.json").read_text())
    explained = explain("sub2api", body=body)
    (record,) = judged("edit_json_images.yaml").records
    case = record.shot.case

    assert (explained.verdict, explained.operation) == ("open", "edit")
    assert [statement.about for statement in explained.open] == ["images"]
    assert (case.operation, case.expect) == ("edit", "observe")
    assert "images" in case.arguments
    assert "images" in case.why
    assert "missing" not in case.why
    assert "not a documented parameter" not in case.why
