"""Jobs and results that are odd for a moment: asked for again, never lost and never paid twice."""

import pytest

from harness.core.exchange import Reply
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, Images
from harness.wire.retry import MISSING_PAUSES_S, TRIES
from tests.wire.by_hand import IMAGE, PICTURE, Talk, page, said, talk, waited
from tests.wire.replies import ADDRESS, JOBS, done, pending, polled, served, submitted

GONE = said({"error": {"code": "not_found", "message": "Not found"}}, 404)
ADDRESSES = ("buble", "apiframe", "nanobanana", "aimlapi")


def of_another(name: str, job: str = "job-2") -> Reply:
    """A finished job of somebody else, images and all."""
    document = done(name).document
    assert isinstance(document, dict)
    inner = document.get("data")
    if isinstance(inner, dict):
        return said({"data": {**inner, "id": job}})
    return said({**document, "id": job})


def images(found: Talk) -> tuple[object, ...]:
    assert isinstance(found.outcome, Images), found.outcome
    assert found.posts == 1
    return found.outcome.pictures


@pytest.mark.parametrize("name", JOBS)
@pytest.mark.parametrize("state", ["UPSCALING", "post-processing", "Completed?"])
def test_a_state_that_no_document_names_is_polled_through(name: str, state: str) -> None:
    odd = polled(name, state)

    found = talk(name, [submitted(name), odd, pending(name), odd, odd, done(name), IMAGE])

    assert images(found) == (PICTURE,)
    assert set(found.pauses) == {2.0}


@pytest.mark.parametrize("name", JOBS)
def test_a_state_that_stays_unknown_is_given_up_after_the_providers_time(name: str) -> None:
    found = talk(name, [submitted(name), polled(name, "UPSCALING")])

    assert isinstance(found.outcome, Fault)
    assert "in a state that no document knows: 'UPSCALING'" in found.outcome.why
    assert found.outcome.can_be_picked_up
    assert sum(found.pauses) == 300


@pytest.mark.parametrize("name", JOBS)
def test_images_of_a_state_that_stays_unknown_are_fetched_in_the_end(name: str) -> None:
    shown: Json = {"images": [{"url": ADDRESS}]}
    odd = polled(name, "FINALISED", shown)

    found = talk(name, [submitted(name), *[odd] * 151, IMAGE])

    assert images(found) == (PICTURE,)
    assert sum(found.pauses) == 300


@pytest.mark.parametrize("name", JOBS)
@pytest.mark.parametrize("times", range(1, 1 + len(MISSING_PAUSES_S)))
def test_a_job_that_is_not_found_at_first_is_polled_again(name: str, times: int) -> None:
    found = talk(name, [submitted(name), *[GONE] * times, pending(name), done(name), IMAGE])

    assert images(found) == (PICTURE,)
    assert found.pauses == (*MISSING_PAUSES_S[:times], 2.0)


@pytest.mark.parametrize("name", JOBS)
def test_a_job_that_is_never_found_is_a_paid_fault_that_can_be_picked_up(name: str) -> None:
    found = talk(name, [submitted(name), GONE])

    assert isinstance(found.outcome, Fault)
    assert (found.outcome.error_class, found.outcome.status) == ("not_found", 404)
    assert (found.outcome.may_be_paid, found.outcome.job) == (True, "job-1")
    assert (found.posts, found.pauses) == (1, MISSING_PAUSES_S)


@pytest.mark.parametrize("name", JOBS)
def test_a_job_that_is_lost_for_a_moment_half_way_is_not_given_up(name: str) -> None:
    answers = [submitted(name), GONE, GONE, pending(name), GONE, GONE, GONE, done(name), IMAGE]

    assert images(talk(name, answers)) == (PICTURE,)


@pytest.mark.parametrize("name", JOBS)
def test_images_of_another_job_are_not_taken(name: str) -> None:
    found = talk(name, [submitted(name), of_another(name)])

    assert isinstance(found.outcome, Fault)
    assert found.outcome.why == (
        "polls of job job-1 tell of another job, job-2: its images are not taken"
    )
    assert (found.outcome.job, found.outcome.may_be_paid) == ("job-1", True)
    assert (found.posts, found.of("download")) == (1, ())


@pytest.mark.parametrize("name", JOBS)
def test_the_right_job_is_waited_for_after_another_was_told(name: str) -> None:
    found = talk(name, [submitted(name), of_another(name), of_another(name), done(name), IMAGE])

    assert images(found) == (PICTURE,)
    assert len(found.of("download")) == 1


@pytest.mark.parametrize("name", JOBS)
def test_a_poll_that_tells_no_id_is_about_the_job_that_was_asked_for(name: str) -> None:
    assert images(talk(name, [submitted(name), of_another(name, ""), IMAGE])) == (PICTURE,)


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("status", [404, 403, 425])
@pytest.mark.parametrize("times", [1, len(MISSING_PAUSES_S)])
def test_a_result_that_is_not_there_at_first_is_asked_for_again(
    name: str, status: int, times: int
) -> None:
    found = talk(name, [*served(name)[:-1], *[page(status)] * times, IMAGE])

    assert images(found) == (PICTURE,)
    assert found.pauses[-times:] == MISSING_PAUSES_S[:times]
    assert len(set(found.of("download"))) == 1


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_result_that_stays_away_is_a_broken_image_and_waited_for_once(name: str) -> None:
    found = talk(name, [*served(name)[:-1], page(404)])

    (picture,) = images(found)
    assert picture.state == "undecodable"  # type: ignore[attr-defined]  # a Picture
    assert len(found.of("download")) == 1 + len(MISSING_PAUSES_S)


def test_many_results_that_stay_away_are_waited_for_as_long_as_one() -> None:
    addresses: Json = {"images": [f"https://cdn.test/{number}.png" for number in range(10)]}

    found = talk(
        "apiframe", [submitted("apiframe"), polled("apiframe", "COMPLETED", addresses), GONE]
    )

    assert len(images(found)) == 10
    assert len(found.of("download")) == 10 + len(MISSING_PAUSES_S)
    assert found.pauses == MISSING_PAUSES_S


@pytest.mark.parametrize(
    ("words", "headers", "pauses"),
    [
        ("slow down", {}, (1.0, 2.0, 4.0)),
        ("limit: 5 images per minute", {}, (20.0, 20.0, 20.0)),
        ("5 requests/min exceeded", {}, (20.0, 20.0, 20.0)),
        ("100 images per day", {}, (1.0, 2.0, 4.0)),
        ("limit: 5 images per minute", {"retry_after": "7"}, (7.0, 7.0, 7.0)),
        ("slow down", {"x_ratelimit_reset_requests": "1m30s"}, (90.0, 90.0, 90.0)),
        ("slow down", {"x_ratelimit_reset_images": "250ms"}, (0.25, 0.25, 0.25)),
        ("slow down", {"ratelimit_reset": "12"}, (12.0, 12.0, 12.0)),
        ("slow down", {"x_ratelimit_reset": "3600"}, (120.0, 120.0, 120.0)),
        ("slow down", {"x_ratelimit_reset": "1790000000"}, (1.0, 2.0, 4.0)),
        ("slow down", {"x_ratelimit_reset": "soon"}, (1.0, 2.0, 4.0)),
    ],
)
def test_a_429_waits_as_long_as_its_quota_says(
    words: str, headers: dict[str, str], pauses: tuple[float, ...]
) -> None:
    found = talk("sub2api", [said({"error": {"message": words}}, 429, **headers)])

    assert isinstance(found.outcome, Fault)
    assert (found.outcome.error_class, found.outcome.may_be_paid) == ("rate_limit", False)
    assert found.posts == TRIES
    waited(found.pauses, *pauses)
