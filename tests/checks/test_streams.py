from dataclasses import replace

import pytest

from harness.core.case import PlannedRequest
from harness.core.exchange import Picture, Reply
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, Images
from tests.checks.build import (
    absent_picture,
    broken_picture,
    failures,
    picture,
    refused,
    served,
)
from tests.checks.lives import LOST, made, record, shot, stream, submitted, words

ASKED, FEWER = "streams_where_asked", "sends_no_more_partials_than_asked"
NUMBERED, DECODE = "partials_are_numbered_in_order", "partials_decode"
LAST = "the_completed_event_is_the_last"
ALL = (ASKED, FEWER, NUMBERED, DECODE, LAST)

OPERATIONS = ("generate", "edit", "respond")
PARTIAL = {
    "generate": "image_generation.partial_image",
    "edit": "image_edit.partial_image",
    "respond": "response.image_generation_call.partial_image",
}
COMPLETED = {
    "generate": "image_generation.completed",
    "edit": "image_edit.completed",
    "respond": "response.completed",
}
NOISE: tuple[str, Json] = ("keepalive", None)


def asked(operation: str = "generate", *, partials: Json = 2, n: int = 1) -> PlannedRequest:
    return shot("sub2api", operation, stream=True, partial_images=partials, n=n)


def partial(operation: str = "generate", index: Json = 0) -> tuple[str, Json]:
    return PARTIAL[operation], {"partial_image_index": index}


def completed(operation: str = "generate") -> tuple[str, Json]:
    return COMPLETED[operation], {}


def images(*partials: Picture) -> Images:
    """A served outcome with these partial pictures."""
    return replace(served(picture(64, 64)), partials=partials)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_stream_as_documented_keeps_every_promise(operation: str) -> None:
    one = stream(
        asked(operation),
        images(picture(), picture()),
        NOISE,
        partial(operation, 0),
        NOISE,
        partial(operation, 1),
        completed(operation),
    )

    assert words(ASKED, one) == [("pass", "5 events")]
    assert words(FEWER, one) == [("pass", "2 of at most 2")]
    assert words(NUMBERED, one) == [("pass", "numbered 0, 1")]
    assert words(DECODE, one) == [("pass", "2 decoded")]
    name, end = PARTIAL[operation], COMPLETED[operation]
    assert words(LAST, one) == [("pass", f"{name} -> {name} -> {end}")]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_one_reply_where_a_stream_was_asked_for_breaks_that_promise_alone(operation: str) -> None:
    one = record(asked(operation), images(), [made("submit", Reply(status=200, document={}))])

    assert [check for check, _ in failures(one) if check in ALL] == [ASKED]


def test_who_asked_for_no_stream_is_promised_none() -> None:
    for stream_ in (None, False):
        one = record(shot("sub2api", stream=stream_), images(), [made("submit", Reply(status=200))])
        assert [words(check, one) for check in ALL] == [[]] * len(ALL)


@pytest.mark.parametrize(
    "outcome",
    [refused(), Fault(error_class="server", why="the stream ended", may_be_paid=True)],
)
def test_a_refusal_or_a_fault_in_a_stream_is_judged_elsewhere(outcome: Fault) -> None:
    one = stream(asked(partials=0), outcome, partial(), partial(index=7), completed(), partial())

    assert [words(check, one) for check in ALL] == [[]] * len(ALL)


@pytest.mark.parametrize(
    ("partials", "came", "status"),
    [(0, 0, "pass"), (0, 1, "fail"), (2, 0, "pass"), (2, 2, "pass"), (2, 3, "fail")],
)
def test_fewer_partials_may_come_and_never_more(partials: int, came: int, status: str) -> None:
    some = [partial(index=number) for number in range(came)]
    one = stream(asked(partials=partials), images(), *some, completed())

    assert [told for told, _ in words(FEWER, one)] == [status]
    assert [check for check, _ in failures(one)] == ([FEWER] if status == "fail" else [])


@pytest.mark.parametrize("partials", [None, "2", True, 1.5, []])
def test_a_number_of_partials_that_is_none_is_not_compared(partials: Json) -> None:
    some = [partial(index=number) for number in range(3)]

    assert words(FEWER, stream(asked(partials=partials), images(), *some, completed())) == []


@pytest.mark.parametrize("indices", [[1], [0, 2], [1, 0], [0, 0], [None], ["0"], [{}]])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_partials_that_are_not_numbered_from_0_break_that_promise_alone(
    operation: str, indices: list[Json]
) -> None:
    some = [partial(operation, index) for index in indices]
    one = stream(asked(operation), images(), *some, completed(operation))

    assert [check for check, _ in failures(one)] == [NUMBERED]


def test_how_the_partials_of_several_images_are_numbered_and_counted_is_not_said() -> None:
    some = [partial(index=index) for index in (0, 0, 1, 1)]
    one = stream(asked(n=2), images(), *some, completed(), completed())

    assert words(NUMBERED, one) == words(FEWER, one) == []


@pytest.mark.parametrize("place", [0, 1])
def test_a_partial_that_does_not_decode_breaks_that_promise_alone(place: int) -> None:
    pictures = [picture(), picture()]
    pictures[place] = broken_picture("ends half-way")
    one = stream(asked(), images(*pictures), partial(index=0), partial(index=1), completed())

    assert failures(one) == [(DECODE, "1 of 2 do not decode: ends half-way")]


def test_partials_whose_bytes_were_not_recorded_say_nothing() -> None:
    one = stream(asked(), images(absent_picture(), picture()), partial(), completed())

    assert words(DECODE, one) == []


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_partial_after_the_completed_event_breaks_that_promise_alone(operation: str) -> None:
    one = stream(asked(operation), images(), completed(operation), partial(operation))

    assert failures(one) == [(LAST, "1 partial after the completed event")]


def test_what_is_no_image_may_follow_the_completed_event() -> None:
    one = stream(asked(), images(), partial(), completed(), NOISE, ("", "[DONE]"))

    assert [status for status, _ in words(LAST, one)] == ["pass"]


def test_a_completion_that_never_came_is_told_by_another_claim() -> None:
    one = stream(asked(), replace(images(), missing=("event x",)), partial())

    assert words(LAST, one) == []
    assert [check for check, _ in failures(one)] == ["reply_has_the_documented_fields"]


def test_the_answer_that_counts_is_the_last_one_to_the_submission() -> None:
    busy = made("submit", Reply(status=429))
    one = stream(asked(), images(), partial(), completed())

    assert words(ASKED, replace(one, exchanges=(busy, *one.exchanges))) == [("pass", "2 events")]


@pytest.mark.parametrize("name", ["buble", "apiframe", "nanobanana", "aimlapi"])
def test_providers_without_streams_promise_none(name: str) -> None:
    one = record(shot(name, stream=True), images(picture()), [made("submit", submitted())])

    assert [words(check, one) for check in ALL if check != DECODE] == [[]] * (len(ALL) - 1)


def test_an_exchange_that_was_lost_says_nothing_of_streams() -> None:
    one = record(asked(), images(), [made("submit", LOST)])

    assert [words(check, one) for check in ALL if check != ASKED] == [[]] * (len(ALL) - 1)
