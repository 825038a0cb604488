import pytest

from harness.core.case import FollowUp
from harness.core.exchange import Failure, Reply
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, FollowUpResult, Outcome
from harness.core.record import Record
from tests.checks import lives
from tests.checks.build import case, failures, picture, record, refused, said, served, verdicts

FORWARD = "job_states_only_move_forward"
FREE = "failed_jobs_cost_nothing"
LOST = Failure(kind="network", why="reset", sent=True)


def states(*names: str) -> list[Reply]:
    return [Reply(status=200, document={"id": "j", "status": name}) for name in names]


@pytest.mark.parametrize(
    ("seen", "status"),
    [
        (("QUEUED", "PROCESSING", "COMPLETED"), ["pass"]),
        (("QUEUED", "QUEUED", "COMPLETED"), ["pass"]),
        (("QUEUED", "COMPLETED"), ["pass"]),
        (("PROCESSING", "QUEUED", "COMPLETED"), ["fail"]),
        (("QUEUED", "UPLOADING", "COMPLETED"), ["pass"]),
        ((), []),
    ],
)
def test_a_job_goes_through_its_states_in_their_order(
    seen: tuple[str, ...], status: list[str]
) -> None:
    asked = case("apiframe")

    assert (
        said(FORWARD, record(asked, served(picture(kind="webp")), answers=states(*seen))) == status
    )


def test_a_lost_poll_or_an_error_in_between_is_no_step_back() -> None:
    broken = Reply(status=503, document={"error": "later"})
    answers: list[Reply | Failure] = [
        *states("QUEUED", "PROCESSING"),
        LOST,
        broken,
        *states("PROCESSING", "COMPLETED"),
    ]

    assert said(FORWARD, record(case("apiframe"), served(picture()), answers=answers)) == ["pass"]


def test_a_provider_without_jobs_makes_no_promise_about_them() -> None:
    told = record(case("sub2api"), served(picture()), answers=states("QUEUED"))

    assert said(FORWARD, told) == said(FREE, told) == []


@pytest.mark.parametrize(
    ("cost", "status"),
    [
        *((9, "fail"), ("9.0", "fail"), (0.5, "fail"), (0, "pass"), ("0.0", "pass"), (-3, "pass")),
        *((None, "pass"), (True, "pass"), ("much", "pass")),
    ],
)
def test_a_failed_job_is_free_where_the_document_says_so(cost: Json, status: str) -> None:
    failed = Reply(status=200, document={"id": "j", "status": "FAILED", "creditCost": cost})
    fault = Fault(error_class="job_failed", why="no", may_be_paid=False)

    assert said(FREE, record(case("apiframe"), fault, answers=[failed])) == [status]


def test_a_failed_job_may_cost_what_it_likes_where_no_document_says_otherwise() -> None:
    failed = Reply(status=200, document={"data": {"status": "failed", "cost_credits": 9}})
    fault = Fault(error_class="job_failed", why="no", may_be_paid=False)

    assert said(FREE, record(case("buble"), fault, answers=[failed])) == []


@pytest.mark.parametrize(("status", "word"), [(202, ["pass"]), (200, ["fail"]), (201, ["fail"])])
def test_a_job_is_taken_with_the_status_that_the_documents_show(
    status: int, word: list[str]
) -> None:
    taken = Reply(status=status, document={"jobId": "j", "status": "QUEUED"})
    asked = record(case("apiframe"), served(picture(kind="webp")), answers=[taken])

    assert said("job_is_taken_with_the_documented_status", asked) == word


def test_a_provider_that_shows_no_status_may_take_a_job_with_any() -> None:
    taken = Reply(status=201, document={"data": {"id": "j", "status": "pending"}})
    asked = record(case("buble"), served(picture()), answers=[taken])

    assert said("job_is_taken_with_the_documented_status", asked) == []


STAY, UNKNOWN = "terminal_states_stay", "unknown_jobs_are_not_found"
ONCE = "the_same_key_makes_no_second_job"
TAKEN = "job_is_taken_with_the_documented_status"


def followed(*after: FollowUpResult, name: str = "apiframe") -> Record:
    """A served job and what was asked about it afterwards."""
    return lives.record(lives.shot(name), lives.images_of(after=after))


def told(
    kind: FollowUp, status: int | None, job: str | None = None, state: str | None = None
) -> FollowUpResult:
    return FollowUpResult(
        kind=kind, status=status, job=job, state=state, why="" if status else "reset"
    )


@pytest.mark.parametrize(
    ("after", "word"),
    [
        (told("poll_again", 200, "j", "COMPLETED"), ("pass", "asked again, it is still COMPLETED")),
        (
            told("poll_again", 200, "j", "PROCESSING"),
            ("fail", "ended, and was PROCESSING when asked again"),
        ),
        (
            told("poll_again", 200, "j", "FAILED"),
            ("fail", "ended, and was FAILED when asked again"),
        ),
        (told("poll_again", 200, "j", "ARCHIVED"), ("inconclusive", None)),
        (told("poll_again", 200), ("inconclusive", "asked again: HTTP 200")),
        (told("poll_again", 404), ("inconclusive", "asked again: HTTP 404")),
        (told("poll_again", 503, None, "FAILED"), ("inconclusive", None)),
        (told("poll_again", 404, "j", "PROCESSING"), ("inconclusive", None)),
        (told("poll_again", None), ("inconclusive", "asked again: reset")),
    ],
)
def test_a_job_that_has_ended_stays_so(after: FollowUpResult, word: tuple[str, str | None]) -> None:
    ((status, why),) = lives.words(STAY, followed(after))

    assert status == word[0]
    assert word[1] in (None, why)


@pytest.mark.parametrize(
    ("after", "word"),
    [
        (told("unknown_job", 404), "pass"),
        (told("unknown_job", 404, None, "QUEUED"), "pass"),
        (told("unknown_job", 200, "00000000", "QUEUED"), "fail"),
        (told("unknown_job", 200, "00000000"), "fail"),
        (told("unknown_job", 200, None, "QUEUED"), "fail"),
        (told("unknown_job", 200), "inconclusive"),
        (told("unknown_job", 302, "x", "QUEUED"), "inconclusive"),
        (told("unknown_job", 400), "inconclusive"),
        (told("unknown_job", 429), "inconclusive"),
        (told("unknown_job", 500, "x", "FAILED"), "inconclusive"),
        (told("unknown_job", None), "inconclusive"),
    ],
)
def test_a_job_that_never_was_is_not_found(after: FollowUpResult, word: str) -> None:
    assert [status for status, _ in lives.words(UNKNOWN, followed(after))] == [word]


@pytest.mark.parametrize(
    ("after", "word"),
    [
        (told("same_key", 202, "j", "QUEUED"), "pass"),
        (told("same_key", 200, "j", "COMPLETED"), "pass"),
        (told("same_key", 202, "k", "QUEUED"), "fail"),
        (told("same_key", 202), "inconclusive"),
        (told("same_key", 409, "k"), "inconclusive"),
        (told("same_key", 500, "k"), "inconclusive"),
        (told("same_key", None), "inconclusive"),
    ],
)
def test_a_repeated_key_is_answered_with_the_first_job(after: FollowUpResult, word: str) -> None:
    assert [status for status, _ in lives.words(ONCE, followed(after))] == [word]


@pytest.mark.parametrize("check", [STAY, UNKNOWN, ONCE])
def test_what_was_not_asked_is_not_judged(check: str) -> None:
    assert lives.words(check, followed()) == []


@pytest.mark.parametrize("check", [STAY, UNKNOWN, ONCE])
@pytest.mark.parametrize(
    "outcome",
    [refused(), Fault(error_class="timeout", why="stuck", may_be_paid=True, job="j")],
)
def test_nothing_is_said_of_a_job_that_did_not_end(check: str, outcome: Outcome) -> None:
    assert lives.words(check, lives.record(lives.shot("apiframe"), outcome)) == []


@pytest.mark.parametrize("check", [STAY, UNKNOWN])
def test_follow_ups_of_a_provider_without_jobs_say_nothing(check: str) -> None:
    after = (told("poll_again", 200, "j", "QUEUED"), told("unknown_job", 200, "j", "QUEUED"))
    one = lives.record(lives.shot("sub2api"), lives.images_of(after=after))

    assert lives.words(check, one) == []


def test_each_broken_promise_of_a_job_is_told_once_and_under_its_own_name() -> None:
    broken = followed(
        told("poll_again", 200, "j", "QUEUED"),
        told("unknown_job", 200, "x", "QUEUED"),
        told("same_key", 202, "k", "QUEUED"),
    )

    assert [check for check, _ in failures(broken)] == [STAY, UNKNOWN, ONCE]


def test_what_an_error_says_in_the_place_of_a_state_is_about_the_error() -> None:
    exchanges = [
        lives.made("submit", lives.submitted()),
        lives.made("poll", lives.polled("PROCESSING")),
        lives.made("poll", lives.polled("QUEUED", 503)),
        lives.made("poll", lives.polled("COMPLETED")),
    ]

    one = lives.record(lives.shot("apiframe"), lives.images_of(), exchanges)

    assert lives.words(FORWARD, one) == [("pass", "QUEUED -> PROCESSING -> COMPLETED")]


def test_follow_ups_and_uploads_are_no_part_of_a_jobs_way() -> None:
    exchanges = [
        lives.made("upload", lives.polled("COMPLETED")),
        lives.made("submit", lives.submitted()),
        lives.made("poll", lives.polled("COMPLETED")),
        lives.made("follow_up", lives.polled("QUEUED")),
        lives.made("deliveries", lives.polled("PROCESSING")),
    ]

    one = lives.record(lives.shot("apiframe"), lives.images_of(), exchanges)

    assert lives.words(FORWARD, one) == [("pass", "QUEUED -> COMPLETED")]


@pytest.mark.parametrize(
    ("answers", "word"),
    [
        ([lives.submitted()], ["pass"]),
        ([lives.submitted(status=200)], ["fail"]),
        ([lives.polled("x", 429), lives.submitted()], ["pass"]),
        ([lives.submitted(job=None)], []),
        ([lives.submitted(status=400)], []),
        ([lives.LOST], []),
    ],
)
def test_only_the_answer_that_took_the_job_tells_its_status(
    answers: list[Reply | Failure], word: list[str]
) -> None:
    exchanges = [lives.made("submit", answer) for answer in answers]

    one = lives.record(lives.shot("apiframe"), lives.images_of(), exchanges)

    assert [status for status, _ in lives.words(TAKEN, one)] == word


def test_a_result_that_we_do_not_fetch_convicts_nobody() -> None:
    why = "10.0.0.5 is private (10.0.0.0/8): not connected to without --allow-private"
    refused = Failure(kind="protocol", why=why, sent=False)
    fault = Fault(error_class="protocol", why=why, may_be_paid=True, job="j")
    one = lives.record(
        lives.shot("apiframe"),
        fault,
        [lives.made("submit", lives.submitted()), lives.made("download", refused)],
    )

    assert {told.status for told in verdicts(one)} <= {"pass", "skip", "inconclusive"}
    assert lives.words("fails_where_it_should_serve", one) == [("skip", f"nothing was sent: {why}")]
