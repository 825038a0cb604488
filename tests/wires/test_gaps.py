"""A gap in a TOML convicts nobody: images elsewhere, ids elsewhere, errors in other words."""

from dataclasses import replace

import pytest

from harness.checks.judge import judge_records
from harness.core.case import Expect
from harness.core.jsonvalue import Json, with_texts
from harness.core.record import Provenance, Record
from harness.core.verdict import Verdict
from harness.spec.provider import Provider
from tests.wires import shapes
from tests.wires.serving import PNG, Answer, Answers, Asked, planned, served, talk
from tests.wires.test_content import TEXT


def judged(
    provider: Provider, answers: Answers, *, expect: Expect = "accept", operation: str = "generate"
) -> list[Verdict]:
    """What the checks say of a request that a server answers so."""
    shot = planned(provider, {"prompt": "a fox"}, operation=operation)
    breaks = "prompt.required" if expect == "refuse" else None
    shot = replace(shot, case=replace(shot.case, expect=expect, breaks=breaks))
    with served(answers) as api:
        talked = talk(provider, shot, api.url)
    record = Record(
        shot=shot,
        evidence=Provenance(kind="live", source=api.url, date="2026-12-01", by="test"),
        outcome=talked.outcome,
        exchanges=tuple(talked.exchanges),
    )
    return [*judge_records([record], {provider.name: provider})]


def answering(content: Json) -> Answers:
    def answers(asked: Asked, url: str) -> Answer:
        here = with_texts(content, lambda text: text.replace("https://cdn.test", url))
        return (200, PNG) if asked.method == "GET" else (200, here)

    return answers


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({"images": [{"url": "https://cdn.test/a"}]}, "images[0].url"),
        ({"data": [{"b64_json": TEXT}]}, "data[0].b64_json"),
        ({"link": "https://cdn.test/a.webp?x=1"}, "link"),
        ({"data": [{"URL": "https://cdn.test/a.png"}]}, "data[0].URL"),
    ],
)
def test_an_image_elsewhere_is_taken_and_told(content: Json, place: str) -> None:
    verdicts = judged(shapes.edits(), answering(content))

    told = {one.check: one for one in verdicts}
    counted = told["serves_as_many_images_as_asked"]
    assert counted.status == "inconclusive"
    assert counted.why == f"data[].url is empty; the image is at {place}"
    assert told["images_decode"].status == "pass"
    assert not [one for one in verdicts if one.status == "fail"]


@pytest.mark.parametrize("content", [{}, {"data": []}, {"help": "https://docs.test/start"}])
def test_a_reply_without_any_image_is_still_a_broken_promise(content: Json) -> None:
    verdicts = judged(shapes.edits(), answering(content))

    counted = next(one for one in verdicts if one.check == "serves_as_many_images_as_asked")
    assert (counted.status, counted.why) == ("fail", "served no image")


def test_addresses_of_a_job_are_no_images() -> None:
    def answers(_asked: Asked, url: str) -> Answer:
        place = f"{url}/v1/results/p1"
        urls: Json = {"get": place, "cancel": f"{place}/cancel"}
        return 200, {"id": "p1", "status": "succeeded", "output": None, "urls": urls}

    verdicts = judged(shapes.predictions(), answers)

    counted = next(one for one in verdicts if one.check == "serves_as_many_images_as_asked")
    assert counted.status == "fail"


def test_a_result_behind_an_address_that_is_not_read_is_named_and_not_judged() -> None:
    def answers(asked: Asked, url: str) -> Answer:
        own = f"{url}/requests/r-17"
        urls: dict[str, Json] = {"status_url": f"{own}/status", "response_url": own}
        state = "IN_QUEUE" if asked.method == "POST" else "COMPLETED"
        return 200, {"request_id": "r-17", "status": state, **urls}

    verdicts = judged(shapes.queue_without_result(), answers)

    assert not [one for one in verdicts if one.status == "fail"]
    (gap,) = {one.why for one in verdicts if one.why.startswith("not judged")}
    assert gap.endswith(
        'at response_url, which the TOML does not read: is it job.result_url = ["response_url"]?'
    )


def test_a_job_that_is_done_with_nothing_breaks_its_promise() -> None:
    def answers(asked: Asked, url: str) -> Answer:
        state = "IN_QUEUE" if asked.method == "POST" else "COMPLETED"
        urls: dict[str, Json] = {"status_url": f"{url}/requests/r-17/status"}
        return 200, {"request_id": "r-17", "status": state, **urls}

    verdicts = judged(shapes.queue_without_result(), answers)

    assert [one.check for one in verdicts if one.status == "fail"] == [
        "reply_has_the_documented_fields"
    ]


@pytest.mark.parametrize("content", [{"errors": ["no prompt"]}, {"image": f"{'x'}"}])
def test_an_error_that_the_toml_does_not_know_is_no_service(content: Json) -> None:
    verdicts = judged(shapes.edits(), answering(content), expect="refuse")

    refused = next(one for one in verdicts if one.check == "refuses_what_it_forbids")
    assert refused.status == "inconclusive"
    assert refused.why.startswith("neither served nor refused: the reply holds no image")


def test_an_id_that_is_elsewhere_is_no_fault_of_the_provider() -> None:
    verdicts = judged(shapes.predictions(), answering({"job": "p1", "status": "starting"}))

    accepted = next(one for one in verdicts if one.check == "accepts_what_it_documents")
    assert accepted.status == "inconclusive"
    assert "the TOML reads at id where the job's id is" in accepted.why
    assert not [one for one in verdicts if one.status == "fail"]
