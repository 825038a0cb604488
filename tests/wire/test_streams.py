import pytest

from harness.core.exchange import Failure, Reply
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, Images, Outcome, Refused
from tests.wire.by_hand import MARK, PICTURE, Talk, said, shot, talk, told

OPERATIONS = ("generate", "edit", "respond")
PREFIX = {"generate": "image_generation", "edit": "image_edit"}
USAGE: Json = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
NOISE: tuple[str, Json] = ("response.in_progress", {"type": "response.in_progress"})
DONE: tuple[str, Json] = ("", "[DONE]")
REFUSED: Json = {"type": "x", "message": "blocked", "code": "moderation_blocked"}
BROKEN: Json = {"type": "server_error", "message": "upstream failed", "code": None}
CROWDED: Json = {"type": "x", "message": "no available accounts", "code": "x"}


def streamed(operation: str, *events: tuple[str, Json]) -> Talk:
    asked = shot("sub2api", operation, arguments={"stream": True, "partial_images": 2})
    return talk("sub2api", [told(*events)], shot=asked)


def partial(operation: str, index: int = 0, image: Json = MARK) -> tuple[str, Json]:
    if operation == "respond":
        named = "response.image_generation_call.partial_image"
        return named, {"partial_image_b64": image, "partial_image_index": index}
    name = f"{PREFIX[operation]}.partial_image"
    return name, {"b64_json": image, "partial_image_index": index}


def completed(
    operation: str, image: Json = MARK, usage: Json = USAGE, size: Json = "8x8"
) -> tuple[str, Json]:
    if operation == "respond":
        call: Json = {"type": "image_generation_call", "result": image, "size": size}
        return "response.completed", {
            "response": {"output": [{"type": "message"}, call], "usage": usage}
        }
    return f"{PREFIX[operation]}.completed", {"b64_json": image, "size": size, "usage": usage}


def error(told_: Json) -> tuple[str, Json]:
    return "error", {"type": "error", "error": told_}


def images(outcome: Outcome) -> Images:
    assert isinstance(outcome, Images), outcome
    return outcome


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_stream_ends_with_its_image_its_partials_and_its_counts(operation: str) -> None:
    found = streamed(
        operation, NOISE, partial(operation, 0), partial(operation, 1), completed(operation), DONE
    )

    outcome = images(found.outcome)
    assert outcome.pictures == (PICTURE,)
    assert outcome.partials == (PICTURE, PICTURE)
    assert outcome.declared.size == "8x8"
    assert outcome.usage is not None
    assert (outcome.usage.input, outcome.usage.output, outcome.usage.total) == (3, 4, 7)
    assert outcome.missing == ()
    assert len(found.requests) == 1


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_stream_without_partial_images_is_whole(operation: str) -> None:
    outcome = images(streamed(operation, completed(operation)).outcome)

    assert (outcome.pictures, outcome.partials) == ((PICTURE,), ())
    assert outcome.missing == ()


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("partials", [0, 2])
def test_a_stream_without_its_completion_lacks_a_promised_event(
    operation: str, partials: int
) -> None:
    some = [partial(operation, number) for number in range(partials)]

    outcome = images(streamed(operation, *some, DONE).outcome)

    assert outcome.pictures == ()
    assert len(outcome.partials) == partials
    assert outcome.missing == (f"event {completed(operation)[0]}",)
    assert outcome.usage is None


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("usage", [None, {}, 7, [], {"input_tokens": "3 tokens"}])
def test_a_completion_that_counts_nothing_lacks_its_usage(operation: str, usage: Json) -> None:
    outcome = images(streamed(operation, completed(operation, usage=usage)).outcome)

    assert outcome.missing == ("usage",)
    assert outcome.pictures == (PICTURE,)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("image", ["no image", 7, None, {}])
def test_a_completion_without_an_image_is_no_whole_picture(operation: str, image: Json) -> None:
    outcome = images(streamed(operation, completed(operation, image=image)).outcome)

    assert all(one.state == "undecodable" for one in outcome.pictures)
    assert len(outcome.pictures) <= 1


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("image", ["no image", 7, None, {}])
def test_a_partial_event_without_an_image_is_a_broken_partial(operation: str, image: Json) -> None:
    outcome = images(
        streamed(operation, partial(operation, 0, image), completed(operation)).outcome
    )

    assert [one.state for one in outcome.partials] == ["undecodable"]
    assert outcome.pictures == (PICTURE,)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_several_completed_images_are_all_kept(operation: str) -> None:
    outcome = images(streamed(operation, completed(operation), completed(operation)).outcome)

    assert outcome.pictures == (PICTURE, PICTURE)


def test_a_response_with_several_images_gives_them_all() -> None:
    call: Json = {"type": "image_generation_call", "result": MARK}
    outcome = images(
        streamed("respond", ("response.completed", {"response": {"output": [call, call]}})).outcome
    )

    assert outcome.pictures == (PICTURE, PICTURE)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("partials", [0, 2])
def test_a_refusal_in_the_stream_is_a_refusal_at_any_moment(operation: str, partials: int) -> None:
    some = [partial(operation, number) for number in range(partials)]

    outcome = streamed(operation, *some, error(REFUSED)).outcome

    assert isinstance(outcome, Refused)
    assert outcome.error.error_class == "moderation"


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("told_", [BROKEN, CROWDED, None, {}, "x", 7])
@pytest.mark.parametrize("came", ["partial", "completed"])
def test_an_error_after_an_image_is_a_fault_that_may_be_paid(
    operation: str, told_: Json, came: str
) -> None:
    before = partial(operation) if came == "partial" else completed(operation)

    outcome = streamed(operation, before, error(told_)).outcome

    assert isinstance(outcome, Fault), outcome
    assert outcome.may_be_paid
    assert not outcome.can_be_picked_up


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_error_about_our_account_before_any_image_is_free(operation: str) -> None:
    outcome = streamed(operation, error({"message": "Insufficient account balance"})).outcome

    assert isinstance(outcome, Fault)
    assert (outcome.error_class, outcome.may_be_paid) == ("quota", False)


@pytest.mark.parametrize(
    ("told_", "kind"),
    [
        ({"type": "x", "message": "bad size", "code": "invalid_value"}, Refused),
        (REFUSED, Refused),
        (BROKEN, Fault),
        ({"type": "upstream_error", "message": "no image", "code": "x"}, Fault),
        ({"message": "Insufficient account balance"}, Fault),
        ({}, Fault),
        (None, Fault),
    ],
)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_error_event_is_a_refusal_only_in_words_about_the_request(
    operation: str, told_: Json, kind: type
) -> None:
    outcome = streamed(operation, error(told_)).outcome

    assert isinstance(outcome, kind), outcome


@pytest.mark.parametrize("data", [None, "x", 7, [], ["a"]])
def test_an_error_event_that_is_no_object_is_a_fault(data: Json) -> None:
    outcome = streamed("generate", ("error", data)).outcome

    assert isinstance(outcome, Fault)
    assert outcome.may_be_paid


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_stream_that_is_cut_is_a_paid_fault_although_all_of_it_had_come(operation: str) -> None:
    whole = told(partial(operation), completed(operation))
    cut = Failure(kind="network", why="reset", sent=True, partial=whole)
    asked = shot("sub2api", operation, arguments={"stream": True})

    outcome = talk("sub2api", [cut], shot=asked).outcome

    assert isinstance(outcome, Fault)
    assert outcome.may_be_paid


@pytest.mark.parametrize("operation", ["generate", "edit"])
def test_a_stream_that_is_answered_with_one_reply_is_read_as_that(operation: str) -> None:
    plain = said({"created": 1, "data": [{"b64_json": MARK}]})
    asked = shot("sub2api", operation, arguments={"stream": True})

    outcome = images(talk("sub2api", [plain], shot=asked).outcome)

    assert (outcome.pictures, outcome.partials) == ((PICTURE,), ())


@pytest.mark.parametrize("name", ["buble", "nanobanana", "aimlapi", "apiframe"])
def test_events_from_a_provider_without_streams_are_a_fault(name: str) -> None:
    outcome = talk(name, [told(partial("generate"), completed("generate"))]).outcome

    assert isinstance(outcome, Fault)
    assert outcome.may_be_paid


@pytest.mark.parametrize("status", [400, 500])
def test_events_under_an_error_status_are_no_images(status: int) -> None:
    events = told(partial("generate"), completed("generate"))
    reply = Reply(status=status, events=events.events, pictures=events.pictures)

    assert not isinstance(talk("sub2api", [reply]).outcome, Images)


RESPONSE: dict[str, Json] = {"object": "response", "status": "failed", "output": []}
FAILED: Json = {**RESPONSE, "error": {"code": "server_error", "message": "x"}}
BLOCKED: Json = {**RESPONSE, "error": {"code": "moderation_blocked", "message": "no"}}


@pytest.mark.parametrize("partials", [0, 2])
def test_a_response_that_failed_in_its_stream_is_a_fault_that_may_be_paid(partials: int) -> None:
    some = [partial("respond", number) for number in range(partials)]

    found = streamed("respond", NOISE, *some, ("response.failed", {"response": FAILED})).outcome

    assert isinstance(found, Fault)
    assert found.may_be_paid
    assert found.why == "the response ended with an error: x"


def test_a_response_that_failed_as_json_is_the_same_and_one_that_was_blocked_is_refused() -> None:
    failed, blocked = (
        talk("sub2api", [Reply(status=200, document=document)], shot=shot("sub2api", "respond"))
        for document in (FAILED, BLOCKED)
    )

    assert isinstance(failed.outcome, Fault)
    assert failed.outcome.may_be_paid
    assert failed.outcome.why == "the response ended with an error: x"
    assert isinstance(blocked.outcome, Refused)
    assert blocked.outcome.error.error_class == "moderation"
