import pytest

from harness.core.exchange import Failure, Reply
from harness.core.jsontype import Json
from harness.core.outcome import Fault
from tests.checks.build import case, picture, record, said, served

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
    ("cost", "status"), [(9, "fail"), (0, "pass"), (None, "pass"), (True, "pass")]
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
