from typing import Any

import pytest

from harness.core.exchange import Part, Request
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, Images, Refused
from harness.core.placeholders import ASSETS
from harness.core.recipe import Recipe
from harness.reference_images import reference_json
from harness.wire.retry import TRIES, Answer
from tests.wire.by_hand import IMAGE, LOST, Talk, page, said, shot, talk
from tests.wire.replies import BUSY, NEVER_SENT, done, pending, submitted, uploaded

FIRST, SECOND = (
    Recipe(format="png", mode="rgb", width_px=64, height_px=64, seed=seed) for seed in (1, 2)
)
REST = [submitted("buble"), pending("buble"), done("buble"), IMAGE]


def edit(answers: list[Answer], *files: Recipe) -> Talk:
    images: list[Json] = [reference_json(one).as_json() for one in files or (FIRST,)]
    return talk("buble", answers, shot=shot("buble", "edit", arguments={"images": images}))


def body(found: Talk) -> dict[str, Any]:
    (sent,) = found.of("submit")
    assert isinstance(sent.body, dict)
    return sent.body


def test_each_file_is_uploaded_once_and_its_address_stands_wherever_it_was_named() -> None:
    found = edit([uploaded(1), uploaded(2), *REST], FIRST, SECOND, FIRST)

    assert isinstance(found.outcome, Images)
    assert found.steps[:3] == ("upload", "upload", "submit")
    urls = [f"https://files.test/{number}.png" for number in (1, 2, 1)]
    assert body(found)["image_urls"] == urls


def test_two_files_that_were_given_one_address_are_both_named_by_it() -> None:
    found = edit([uploaded(7), uploaded(7), *REST], FIRST, SECOND)

    assert body(found)["image_urls"] == ["https://files.test/7.png"] * 2


def test_an_upload_is_a_form_with_the_documented_fields_and_the_file() -> None:
    upload = edit([uploaded(), *REST]).of("upload")[0]

    assert upload.method == "POST"
    assert upload.target == "/api/v1/files"
    assert upload.body is None
    *fields, file = upload.form or ()
    assert {field.name: field.value for field in fields} == {
        "file_type": "image",
        "model": "openai/gpt-image-2",
        "mode": "image_to_image",
    }
    assert isinstance(file, Part)
    assert (file.name, file.filename, file.media_type) == ("file", FIRST.name, "image/png")


def test_nothing_but_the_addresses_of_a_request_is_changed() -> None:
    asked = shot("buble", "edit", arguments={"prompt": f"draw {ASSETS}{FIRST.name}"})
    found = talk("buble", [uploaded(), *REST], shot=asked)

    assert isinstance(asked.request.body, dict)
    assert body(found) == {**asked.request.body, "image_urls": ["https://files.test/1.png"]}
    assert found.of("submit")[0].headers == asked.request.headers


@pytest.mark.parametrize("images", [{"a": 1}, "https://a.test/b.png", 7])
def test_what_is_no_list_of_files_is_sent_as_it_is(images: Json) -> None:
    found = talk("buble", REST, shot=shot("buble", "edit", arguments={"images": images}))

    assert found.of("upload") == ()
    assert body(found)["image_urls"] == images


@pytest.mark.parametrize(("status", "code"), [(413, "file_too_large"), (400, "invalid_file")])
def test_a_refused_upload_is_the_outcome_and_nothing_is_submitted(status: int, code: str) -> None:
    found = edit([said({"error": {"code": code, "message": "no"}}, status)])

    assert isinstance(found.outcome, Refused)
    assert found.outcome.error.code == code
    assert found.steps == ("upload",)


def test_a_refusal_of_the_second_file_is_the_outcome_too() -> None:
    refused = said({"error": {"code": "file_too_large", "message": "no"}}, 413)

    found = edit([uploaded(1), refused], FIRST, SECOND)

    assert isinstance(found.outcome, Refused)
    assert found.steps == ("upload", "upload")


@pytest.mark.parametrize(
    "answer",
    [
        *(LOST, NEVER_SENT, BUSY, page(502), page(404), page(200), said(None)),
        said({"error": {"code": "missing_api_key", "message": "no"}}, 401),
        said({"error": {"code": "internal", "message": "no"}}, 500),
    ],
)
def test_an_upload_that_fails_for_good_costs_nothing_and_nothing_is_submitted(
    answer: Answer,
) -> None:
    found = edit([answer])

    assert isinstance(found.outcome, Fault)
    assert not found.outcome.may_be_paid
    assert not found.outcome.can_be_picked_up
    assert "upload" in found.outcome.why
    assert set(found.steps) == {"upload"}
    assert len(found.steps) <= TRIES


@pytest.mark.parametrize("outage", [LOST, NEVER_SENT, BUSY, page(503), page(200)])
def test_an_upload_that_fails_for_a_moment_is_repeated(outage: Answer) -> None:
    found = edit([outage, outage, uploaded(), *REST])

    assert isinstance(found.outcome, Images)
    assert found.steps[:4] == ("upload", "upload", "upload", "submit")
    assert len(found.of("submit")) == 1


@pytest.mark.parametrize("data", [{}, {"url": ""}, {"url": None}, {"url": 7}, None, []])
def test_an_upload_without_an_address_is_a_free_fault(data: Json) -> None:
    found = edit([said({"data": data})])

    assert isinstance(found.outcome, Fault)
    assert (found.outcome.error_class, found.outcome.may_be_paid) == ("protocol", False)
    assert "without an address" in found.outcome.why
    assert found.steps == ("upload",)


def test_a_submission_that_comes_too_early_is_repeated_without_its_uploads() -> None:
    found = edit([uploaded(), BUSY, *REST])

    assert isinstance(found.outcome, Images)
    assert found.steps[:3] == ("upload", "submit", "submit")
    first, second = found.of("submit")
    assert first == second
    assert isinstance(first, Request)


def test_a_submission_that_is_lost_after_its_uploads_may_be_paid() -> None:
    outcome = edit([uploaded(), LOST]).outcome

    assert isinstance(outcome, Fault)
    assert outcome.may_be_paid
