"""Images are taken from wherever a success puts them, all that can be had, and it is told where."""

from dataclasses import replace

import pytest

from harness.core.exchange import Failure, Reply
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, Images, Outcome, Refused
from harness.wire.retry import MISSING_PAUSES_S, Answer
from tests.wire.by_hand import IMAGE, LOST, MARK, PICTURE, SHOTS, page, said, shot, talk, told
from tests.wire.replies import ADDRESS, JOBS, done, submitted

OTHER = "image:sha256:" + "1" * 64
SECOND = replace(PICTURE, digest="1" * 64)
SECOND_IMAGE = Reply(status=200, document=OTHER, pictures={OTHER: SECOND})
CDN = "https://cdn.test"


def images(outcome: Outcome) -> Images:
    assert isinstance(outcome, Images), outcome
    return outcome


@pytest.mark.parametrize(
    ("name", "document", "place"),
    [
        ("nanobanana", {"code": 0, "data": {"image_url": ADDRESS}}, "data.image_url"),
        ("nanobanana", {"code": 0, "data": {"url": "", "images": [ADDRESS]}}, "data.images[0]"),
        ("nanobanana", {"code": 0, "data": {"b64_json": MARK}}, "data.b64_json"),
        ("nanobanana", {"code": 0, "url": "https://cdn.test/any"}, "url"),
        ("sub2api", {"data": {"b64_json": MARK}}, "data.b64_json"),
        ("sub2api", {"data": [], "output": [{"image": MARK}]}, "output[0].image"),
        ("sub2api", {"image": MARK}, "image"),
        ("sub2api", MARK, "the body itself"),
        ("openai", {"data": [{"url": ADDRESS}]}, "data[0].url"),
        ("aimlapi", {"images": [{"url": ADDRESS, "b64": MARK}]}, "images[0].b64"),
    ],
)
def test_an_image_elsewhere_in_a_success_is_taken_and_told(
    name: str, document: Json, place: str
) -> None:
    outcome = images(talk(name, [said(document), IMAGE]).outcome)

    assert [one.digest for one in outcome.pictures] == [PICTURE.digest]
    (told_at,) = outcome.found_at
    assert told_at.endswith(f"is empty; the image is at {place}")
    assert "[*]" not in told_at


def test_an_image_where_the_documents_say_is_told_of_nowhere() -> None:
    reply = said({"data": [{"b64_json": MARK}], "preview_url": ADDRESS})

    found = talk("sub2api", [reply])

    assert images(found.outcome).found_at == ()
    assert found.asked == ()


@pytest.mark.parametrize(
    "document",
    [
        {"code": 0, "data": {"url": None}, "docs": "https://docs.test/images.png"},
        {"code": 0, "data": {"input_image": ADDRESS}},
        {"code": 0, "data": {"request": {"image_urls": [ADDRESS]}}},
        {"code": 0, "message": "see https://help.test", "data": {}},
        {"code": 0, "data": {"status_url": "https://api.test/jobs/1"}},
    ],
)
def test_what_is_no_result_is_not_asked_for(document: Json) -> None:
    found = talk("nanobanana", [said(document), IMAGE])

    assert images(found.outcome).pictures == ()
    assert found.asked == ()


def test_addresses_that_the_request_named_are_no_results() -> None:
    asked = SHOTS["nanobanana"]
    body: Json = {"prompt": "a fox", "image_urls": [ADDRESS]}
    asked = replace(asked, request=replace(asked.request, body=body))

    found = talk("nanobanana", [said({"code": 0, "data": {"images": [ADDRESS]}})], shot=asked)

    assert images(found.outcome).pictures == ()
    assert found.asked == ()


def test_the_whole_image_is_preferred_to_its_thumbnail() -> None:
    made: Json = [{"thumbnail_url": f"{CDN}/small.png"}, {"full_url": f"{CDN}/full.png"}]

    found = talk("nanobanana", [said({"code": 0, "data": {"made": made}}), IMAGE])

    assert found.asked == (f"{CDN}/full.png",)


def test_an_address_elsewhere_that_is_no_image_changes_nothing() -> None:
    reply = said({"code": 0, "data": {"url": ""}, "result": "https://app.test/gallery"})

    outcome = images(talk("nanobanana", [reply, page(200)]).outcome)

    assert outcome.pictures == ()
    assert outcome.found_at == ()
    assert outcome.missing == ("data.url or data[].url",)


@pytest.mark.parametrize("code", [1, 7, 5000])
def test_an_image_beside_an_error_is_taken_and_the_error_told(code: int) -> None:
    reply = said({"code": code, "message": "quota low", "data": {"url": ADDRESS}})

    outcome = images(talk("nanobanana", [reply, IMAGE]).outcome)

    assert outcome.pictures[0].digest == PICTURE.digest
    assert outcome.found_at == (f"an image stands beside an error: code {code}, quota low",)


@pytest.mark.parametrize("document", [{"url": ""}, {}, None, {"url": ADDRESS}])
def test_an_error_without_an_image_stays_an_error(document: Json) -> None:
    reply = said({"code": 7, "message": "no such size", "data": document})

    outcome = talk("nanobanana", [reply, page(404)]).outcome

    assert not isinstance(outcome, Images)


def test_an_error_under_an_error_status_is_one_whatever_it_holds() -> None:
    reply = said({"code": 7, "message": "no such size", "data": {"url": ADDRESS}}, 400)

    found = talk("nanobanana", [reply, IMAGE])

    assert isinstance(found.outcome, Refused)
    assert found.asked == ()


@pytest.mark.parametrize(
    ("address", "target", "credential"),
    [
        ("/files/a.png", "/files/a.png", "none"),
        ("/files/any", "/files/any", "none"),
        ("//cdn.test/a.png", "//cdn.test/a.png", "own"),
        (" https://cdn.test/a.png\n", "https://cdn.test/a.png", "own"),
        ("HTTPS://cdn.test/a.png", "HTTPS://cdn.test/a.png", "own"),
        ("../files/a.png", "/api/files/a.png", "none"),
        ("a.webp?x=1", "/api/v1/a.webp?x=1", "none"),
    ],
)
def test_an_address_counts_from_that_of_its_reply(
    address: str, target: str, credential: str
) -> None:
    asked = SHOTS["nanobanana"]
    asked = replace(asked, request=replace(asked.request, target="/api/v1/generate"))

    found = talk("nanobanana", [said({"code": 0, "data": {"url": address}}), IMAGE], shot=asked)

    assert images(found.outcome).pictures[0].digest == PICTURE.digest
    (request,) = found.of("download")
    assert (request.target.lower(), request.credential) == (target.lower(), credential)
    assert not request.signed


@pytest.mark.parametrize("answer", [IMAGE, page(403), page(404)])
def test_an_address_is_asked_as_it_is_written(answer: Answer) -> None:
    address = "https://cdn.test/a/../b?"

    found = talk("nanobanana", [said({"code": 0, "data": {"url": address}}), answer])

    assert {one.target for one in found.of("download")} == {address}


@pytest.mark.parametrize(
    "text",
    ["http://[::1", "//[bad/a.png", "/9j/4AAQSkZJRgAB", "no image", "/9j/" + "A" * 99, "n/a"],
)
def test_a_text_that_is_neither_image_nor_address_is_asked_for_nowhere(text: str) -> None:
    found = talk("sub2api", [said({"data": [{"b64_json": text}]})])

    (picture,) = images(found.outcome).pictures
    assert picture.why.startswith("no base64 of an image")
    assert found.asked == ()


@pytest.mark.parametrize("status", [401, 403])
def test_a_result_that_is_forbidden_to_the_end_is_paid_and_says_nothing_of_the_key(
    status: int,
) -> None:
    found = talk("nanobanana", [said({"code": 0, "data": {"url": ADDRESS}}), page(status)])

    assert isinstance(found.outcome, Fault)
    assert found.outcome.why == (
        f"cdn.test answered HTTP {status} for an image that was paid for: paid, not obtainable"
    )
    assert (found.outcome.error_class, found.outcome.may_be_paid) == ("not_found", True)


@pytest.mark.parametrize("status", [404, 410])
def test_a_result_that_is_gone_is_the_providers_own_and_told(status: int) -> None:
    found = talk("nanobanana", [said({"code": 0, "data": {"url": ADDRESS}}), page(status)])

    (picture,) = images(found.outcome).pictures
    assert picture.state == "undecodable"
    assert picture.why.endswith("paid, not obtainable")


@pytest.mark.parametrize("status", [202, 403, 404, 409, 425])
def test_a_result_that_is_there_a_moment_later_is_taken(status: int) -> None:
    early = [said({}, status) if status == 202 else page(status)] * 2

    found = talk("nanobanana", [said({"code": 0, "data": {"url": ADDRESS}}), *early, IMAGE])

    assert images(found.outcome).pictures[0].digest == PICTURE.digest
    assert found.pauses[:2] == MISSING_PAUSES_S[:2]


@pytest.mark.parametrize("answer", [page(403), page(500), LOST])
def test_the_other_images_of_a_reply_are_kept(answer: Answer) -> None:
    urls: Json = [{"url": f"{CDN}/{name}.png"} for name in "abc"]

    def answered(target: str) -> Answer:
        return answer if target.endswith("a.png") else SECOND_IMAGE

    found = talk("aimlapi", [said({"data": urls})], shot=None, after=answered)

    outcome = images(found.outcome)
    assert [one.state for one in outcome.pictures] == ["absent", "decoded", "decoded"]
    assert outcome.pictures[0].why


def test_a_job_of_which_some_images_are_late_is_picked_up_whole() -> None:
    result: Json = {"images": [{"url": f"{CDN}/a.png"}, {"url": f"{CDN}/b.png"}]}
    replies = [
        said({"data": {"id": "job-1", "status": "pending"}}),
        said({"data": {"id": "job-1", "status": "success", "result": result}}),
    ]

    def answered(target: str) -> Answer:
        return page(503) if target.endswith("a.png") else SECOND_IMAGE

    outcome = talk("buble", replies, after=answered).outcome

    assert isinstance(outcome, Fault)
    assert outcome.can_be_picked_up
    assert outcome.why.endswith("1 of 2 images are here")


@pytest.mark.parametrize("name", JOBS)
def test_a_download_that_was_not_recorded_is_absent(name: str) -> None:
    off = Failure(kind="not_on_tape", why="GET was not recorded", sent=False)

    outcome = images(talk(name, [submitted(name), done(name), off]).outcome)

    assert [one.state for one in outcome.pictures] == ["absent"]


def test_a_download_tells_what_was_declared_for_its_bytes() -> None:
    typed = replace(IMAGE, headers=(("Content-Type", "Image/JPEG; charset=binary"),))

    outcome = talk("nanobanana", [said({"code": 0, "data": {"url": ADDRESS}}), typed]).outcome

    assert images(outcome).pictures[0].media_type == "image/jpeg"


# ------------------------------------------------------------------------------------- streams
COMPLETED: Json = {"response": {"output": [], "usage": {"total_tokens": 7}}}
ITEM: Json = {"type": "image_generation_call", "result": MARK, "size": "8x8", "quality": "low"}


def streamed(*events: tuple[str, Json], operation: str = "respond") -> Outcome:
    asked = shot("sub2api", operation, arguments={"stream": True})
    return talk("sub2api", [told(*events), IMAGE], shot=asked).outcome


def test_an_image_in_the_event_of_its_item_is_taken() -> None:
    outcome = images(
        streamed(
            ("response.output_item.done", {"item": ITEM}),
            ("response.completed", COMPLETED),
        )
    )

    assert outcome.pictures == (PICTURE,)
    assert (outcome.declared.size, outcome.declared.quality) == ("8x8", "low")
    assert outcome.found_at == (
        (
            'response.output[].result (type "image_generation_call") is empty; the image is at '
            "item.result of the event response.output_item.done"
        ),
    )


def test_an_image_in_both_events_is_one_image() -> None:
    whole: Json = {"response": {"output": [ITEM], "usage": {"total_tokens": 7}}}

    outcome = images(
        streamed(("response.output_item.done", {"item": ITEM}), ("response.completed", whole))
    )

    assert outcome.pictures == (PICTURE,)
    assert outcome.found_at == ()


@pytest.mark.parametrize("image", [{"url": ADDRESS}, {"data": [{"url": ADDRESS}]}, {"image": MARK}])
def test_a_completed_event_may_name_its_image_otherwise(image: dict[str, Json]) -> None:
    usage: Json = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}

    outcome = images(
        streamed(("image_generation.completed", {**image, "usage": usage}), operation="generate")
    )

    assert [one.digest for one in outcome.pictures] == [PICTURE.digest]
    assert outcome.missing == ()
    assert outcome.found_at[0].startswith("b64_json is empty; the image is at ")


def test_a_partial_image_is_never_taken_for_the_final_one() -> None:
    partial: Json = {"partial_image_b64": MARK, "partial_image_index": 0}

    outcome = images(
        streamed(
            ("response.image_generation_call.partial_image", partial),
            ("response.some_progress", {"image": MARK}),
            ("response.completed", COMPLETED),
        )
    )

    assert outcome.pictures == ()
    assert len(outcome.partials) == 1


@pytest.mark.parametrize(
    ("event", "response", "error_class", "why"),
    [
        ("failed", {"error": {"code": "server_error", "message": "Broke."}}, "server", "Broke."),
        ("failed", {"error": None}, "server", "the response is failed"),
        ("incomplete", {"incomplete_details": {"reason": "max_output_tokens"}}, "server",
         "the response is incomplete: max_output_tokens"),
        ("incomplete", {"incomplete_details": {"reason": "content_filter"}}, "moderation",
         "the response is incomplete: content_filter"),
        ("cancelled", {}, "server", "the response is cancelled"),
    ],
)  # fmt: skip
def test_a_response_that_ended_otherwise_is_a_fault_that_may_be_paid(
    event: str, response: dict[str, Json], error_class: str, why: str
) -> None:
    inner: dict[str, Json] = {"object": "response", "status": event, "output": [], **response}
    asked = shot("sub2api", "respond")
    data: Json = {"type": f"response.{event}", "response": inner}

    of_stream = streamed((f"response.{event}", data))
    of_reply = talk("sub2api", [said({**inner, "error": None})], shot=asked).outcome

    assert isinstance(of_stream, Fault)
    assert (of_stream.error_class, of_stream.may_be_paid) == (error_class, True)
    assert why in of_stream.why
    assert isinstance(of_reply, Fault)
    assert of_reply.may_be_paid


def test_an_image_in_a_response_that_is_incomplete_is_taken() -> None:
    outcome = images(
        streamed(
            ("response.output_item.done", {"item": ITEM}),
            ("response.incomplete", {"response": {"status": "incomplete", "output": []}}),
        )
    )

    assert outcome.pictures == (PICTURE,)
    assert outcome.missing == ("event response.completed",)


@pytest.mark.parametrize(
    ("answer", "found"), [(IMAGE, [PICTURE.digest]), (page(200), []), (page(404), [])]
)
def test_an_image_among_an_agents_words_is_taken_if_there_is_one(
    answer: Answer, found: list[str]
) -> None:
    words: Json = {"type": "output_text", "text": f"Here: ![a kite]({ADDRESS}), as you asked."}
    message: Json = {"type": "message", "content": [words]}
    reply = said({"object": "response", "status": "completed", "output": [message]})

    outcome = images(talk("sub2api", [reply, answer], shot=shot("sub2api", "respond")).outcome)

    assert [one.digest for one in outcome.pictures] == found
    assert bool(outcome.found_at) == bool(found)


def test_a_job_whose_next_poll_is_not_recorded_tells_the_state_that_was_seen() -> None:
    off = Failure(kind="not_on_tape", why="GET /jobs/job-1 was not recorded", sent=False)
    dreaming = said({"id": "job-1", "status": "DREAMING"})

    outcome = talk("apiframe", [submitted("apiframe"), dreaming, off]).outcome

    assert isinstance(outcome, Fault)
    assert outcome.why == (
        "GET /jobs/job-1 was not recorded; "
        "job job-1 is in a state that no document knows: 'DREAMING'"
    )


def test_an_agents_words_are_no_image_and_no_fault() -> None:
    message: Json = {"type": "message", "content": [{"type": "output_text", "text": "No."}]}
    reply = said({"object": "response", "status": "completed", "output": [message]})

    outcome = images(talk("sub2api", [reply], shot=shot("sub2api", "respond")).outcome)

    assert outcome.pictures == ()
