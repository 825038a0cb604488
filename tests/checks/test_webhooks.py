import pytest

from harness.checks.webhooks import LATE_S
from harness.core.exchange import Failure, Reply
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault
from tests.checks.build import failures
from tests.checks.lives import (
    LOST,
    called,
    delivery,
    images_of,
    made,
    polled,
    record,
    shot,
    submitted,
    words,
)

ARRIVES, SIGNED = "webhook_arrives", "webhook_is_signed"
TELLS, AGREES = "webhook_tells_of_this_job", "webhook_agrees_with_the_polls"
ALL = (ARRIVES, SIGNED, TELLS, AGREES)
STUCK = Fault(error_class="timeout", why="stuck", may_be_paid=True, job="j")
FAILED = Fault(error_class="job_failed", why="no", may_be_paid=False, job="j")
UNREADABLE: list[Json] = [
    None,
    "x",
    7,
    [],
    {},
    {"jobId": ""},
    {"jobId": True},
    {"status": {}},
    {"status": ["COMPLETED"]},
]


def test_a_delivery_as_documented_keeps_every_promise() -> None:
    told = called([delivery()])

    assert words(ARRIVES, told) == [("pass", "1 valid; 0.1 s before the poll that told the end")]
    assert words(SIGNED, told) == [("pass", "1 signed, keyed with sha256")]
    assert words(TELLS, told) == [("pass", "told of job j")]
    assert words(AGREES, told) == [("pass", "no delivery was ahead of the polls")]


@pytest.mark.parametrize("check", ALL)
def test_who_gave_no_address_hears_nothing_of_webhooks(check: str) -> None:
    plain = [made("submit", submitted()), made("poll", polled("COMPLETED"))]

    assert words(check, record(shot("apiframe"), images_of(), plain)) == []


@pytest.mark.parametrize("check", ALL)
def test_a_provider_without_webhooks_promises_nothing_of_them(check: str) -> None:
    looked = [made("deliveries", Reply(status=200, document={"deliveries": [delivery()]}))]

    assert words(check, record(shot("buble"), images_of(), looked)) == []


@pytest.mark.parametrize("inbox", [[], LOST, Reply(status=200), Reply(status=200, document=[1])])
def test_that_nothing_came_convicts_nobody(inbox: list[Json] | Reply | Failure) -> None:
    told = called(inbox)

    assert [status for status, _ in words(ARRIVES, told)] == ["inconclusive"]
    assert words(SIGNED, told) == words(TELLS, told) == words(AGREES, told) == []
    assert failures(told) == []


def test_where_nothing_can_be_received_the_reason_is_told() -> None:
    nowhere = Failure(kind="protocol", why="no address: give one with --webhook-url", sent=False)

    assert words(ARRIVES, called(nowhere)) == [
        ("inconclusive", f"nothing could be received: {nowhere.why}")
    ]


def test_a_job_in_an_unknown_state_is_told_as_that_and_not_by_our_receiver() -> None:
    nowhere = Failure(kind="protocol", why="no address: give one with --webhook-url", sent=False)
    why = "job j is in a state that no document knows: 'DREAMING'"
    unknown = Fault(error_class="protocol", why=why, may_be_paid=True, job="j")
    polls = [made("submit", submitted()), made("poll", polled("DREAMING"))]

    told = record(shot("apiframe"), unknown, [*polls, made("deliveries", nowhere)])

    assert not told.ended_unsent
    assert ("inconclusive", f"protocol: {why}") in words("fails_where_it_should_serve", told)
    assert record(shot("apiframe"), unknown, [*polls, made("poll", nowhere)]).ended_unsent


@pytest.mark.parametrize(
    ("at_s", "when"),
    [
        (12.1, "2 s after the poll that told the end"),
        (10.1 + LATE_S - 1, "29 s after the poll that told the end"),
        (10.1 + LATE_S + 1, "31 s after the poll that told the end, late"),
        (9.1, "1 s before the poll that told the end"),
    ],
)
def test_how_late_it_came_is_told_and_convicts_nobody(at_s: float, when: str) -> None:
    assert words(ARRIVES, called([delivery(at_s=at_s)])) == [("pass", f"1 valid; {when}")]


def test_a_repetition_is_told_from_another_event() -> None:
    once, again = delivery(number=1), delivery(number=1, at_s=11.0)
    other = delivery("PROCESSING", number=2, at_s=5.0)

    repeated = words(ARRIVES, called([once], [once, again]))
    two = words(ARRIVES, called([other], [other, once]))

    assert repeated == [("pass", "2 valid; 1 repeated; 0.1 s before the poll that told the end")]
    assert two == [("pass", "2 valid; 0.1 s before the poll that told the end")]


def test_what_never_tells_the_end_is_named() -> None:
    assert words(ARRIVES, called([delivery("PROCESSING")])) == [
        ("pass", "1 valid; none of them tells the end")
    ]


@pytest.mark.parametrize("signature", ["forged", "missing"])
@pytest.mark.parametrize("others", [0, 1, 2])
def test_one_delivery_that_is_forged_or_unsigned_breaks_that_promise_alone(
    signature: str, others: int
) -> None:
    right = [delivery(number=number) for number in range(others)]
    told = called([*right, delivery(signature=signature, number=9)])

    expected = f"1 of {others + 1} deliveries: signature {signature}"
    assert failures(told) == [(SIGNED, expected)]


@pytest.mark.parametrize("signature", ["forged", "missing"])
def test_what_is_not_signed_is_nobodys_word_on_a_job(signature: str) -> None:
    told = called([delivery(job="another", signature=signature)])

    assert words(TELLS, told) == []


@pytest.mark.parametrize("job", ["another", 7])
def test_a_signed_delivery_that_tells_of_another_job_breaks_that_promise_alone(job: Json) -> None:
    told = called([delivery(number=1), delivery(job=job, number=2)])

    assert failures(told) == [(TELLS, f"told of job '{job}', the request made 'j'")]


@pytest.mark.parametrize("body", UNREADABLE)
def test_a_signed_delivery_in_which_no_job_is_found_convicts_nobody_and_crashes_nothing(
    body: Json,
) -> None:
    told = called([{**delivery(), "body": body}])

    assert failures(told) == []
    assert [status for status, _ in words(TELLS, told)] == ["inconclusive"]
    assert not [why for check in ALL for status, why in words(check, told) if status == "error"]


def test_without_a_job_of_our_own_nothing_is_compared() -> None:
    assert words(TELLS, called([delivery()], outcome=images_of(job=None))) == []


def test_a_job_that_was_given_up_waiting_for_can_still_be_told_of() -> None:
    assert words(TELLS, called([delivery()], outcome=STUCK)) == [("pass", "told of job j")]
    assert failures(called([delivery(job="x")], outcome=STUCK)) == [
        (TELLS, "told of job 'x', the request made 'j'")
    ]


@pytest.mark.parametrize("state", ["COMPLETED", "FAILED", "CANCELLED"])
def test_an_end_that_is_told_before_a_poll_that_denies_it_is_observed(state: str) -> None:
    told = called([delivery(state, at_s=5.0)])

    assert words(AGREES, told) == [
        (
            "inconclusive",
            "observed: delivered as ended 3 s before a poll that still said otherwise",
        )
    ]
    assert failures(told) == []


@pytest.mark.parametrize("at_s", [8.0, 9.0, 100.0])
def test_an_end_that_no_poll_denied_later_agrees(at_s: float) -> None:
    assert [status for status, _ in words(AGREES, called([delivery(at_s=at_s)]))] == ["pass"]


def test_progress_is_no_end_and_may_come_before_it() -> None:
    assert [s for s, _ in words(AGREES, called([delivery("PROCESSING", at_s=2.0)]))] == ["pass"]


def test_where_no_poll_told_the_end_nothing_is_compared() -> None:
    asked = shot("apiframe", webhook_url="https://webhooks.invalid/a-case")
    inbox = Reply(status=200, document={"deliveries": [delivery()]})
    exchanges = [
        made("submit", submitted(), 1.0),
        made("poll", polled("PROCESSING"), 8.0),
        made("deliveries", inbox, 9.0),
    ]

    told = record(asked, STUCK, exchanges)

    assert words(AGREES, told) == []
    assert words(ARRIVES, told) == [("pass", "1 valid")]


def test_the_last_look_tells_all_and_a_last_look_that_failed_takes_nothing_away() -> None:
    assert words(SIGNED, called([delivery()], LOST)) == [("pass", "1 signed, keyed with sha256")]


@pytest.mark.parametrize("number", [None, "10", True, [], {}])
def test_a_time_that_is_none_crashes_nothing(number: Json) -> None:
    told = called([{**delivery(), "at_s": number}])

    assert not [why for check in ALL for status, why in words(check, told) if status == "error"]


def test_a_failed_job_is_delivered_too() -> None:
    told = called([delivery("FAILED")], outcome=FAILED)

    assert failures(told) == []
    assert [status for status, _ in words(ARRIVES, told)] == ["pass"]


def test_a_job_whose_id_is_a_number_is_the_same_job_as_text() -> None:
    told = called([delivery(job=4711)], outcome=images_of(job="4711"))

    assert words(TELLS, told) == [("pass", "told of job 4711")]
