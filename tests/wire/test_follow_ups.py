from dataclasses import replace
from typing import get_args

import pytest

from harness.core.case import FollowUp, PlannedRequest
from harness.core.exchange import Reply, Request, Step
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, Images
from harness.core.placeholders import INBOX, THIS_RUN, WEBHOOKS
from harness.wire.job import DELIVERY_S, NEVER_WAS, REPEATED_S
from harness.wire.protocol import pick_up
from harness.wire.retry import Answer
from tests.shipped import shipped_provider
from tests.wire.by_hand import (
    BASES,
    IMAGE,
    LOST,
    SHOTS,
    page,
    picked_up,
    said,
    shot,
    shot_of,
    talk,
    waited,
)
from tests.wire.replies import BUSY, JOBS, done, failed, pending, polled, submitted

UNKNOWN = {
    "buble": said({"error": {"code": "not_found", "message": "no"}}, 404),
    "apiframe": said({"error": "Job not found"}, 404),
}
NOTHING = said({"deliveries": []})
DELIVERED = said({"deliveries": [{"at_s": 1.0, "signature": "valid"}]})
FOLLOW_UPS: tuple[FollowUp, ...] = get_args(FollowUp)


def base(name: str) -> PlannedRequest:
    """The plain request with all that is asked after it."""
    return shot_of(BASES[name, "generate"])


def to_the_end(name: str) -> list[Answer]:
    return [submitted(name), pending(name), done(name), IMAGE]


def calls() -> PlannedRequest:
    return shot("apiframe", arguments={"webhook_url": f"{WEBHOOKS}a-case"})


def after(answers: list[Answer], *, name: str = "apiframe") -> dict[str, tuple[object, ...]]:
    outcome = talk(name, answers, shot=base(name)).outcome
    assert isinstance(outcome, Images)
    return {one.kind: (one.status, one.job, one.state) for one in outcome.after}


def test_each_follow_up_tells_the_status_the_job_and_the_state_that_came() -> None:
    answers = [
        *to_the_end("apiframe"), submitted("apiframe"), done("apiframe"), UNKNOWN["apiframe"],
    ]  # fmt: skip

    assert after(answers) == {
        "poll_again": (200, "job-1", "COMPLETED"),
        "unknown_job": (404, None, None),
        "same_key": (202, "job-1", "QUEUED"),
    }


def test_buble_knows_no_keys_so_that_nothing_is_repeated() -> None:
    answers = [*to_the_end("buble"), done("buble"), UNKNOWN["buble"]]

    assert after(answers, name="buble") == {
        "poll_again": (200, "job-1", "success"),
        "unknown_job": (404, None, None),
    }
    assert talk("buble", answers, shot=base("buble")).posts == 1


@pytest.mark.parametrize("name", JOBS)
def test_follow_ups_are_asked_of_the_same_job_and_of_one_that_never_was(name: str) -> None:
    found = talk(name, to_the_end(name), shot=base(name))

    again, never = found.of("follow_up")[-2:]
    assert again == found.of("poll")[0]
    assert never == replace(again, target=again.target.replace("job-1", NEVER_WAS))


def test_the_repetition_is_the_submission_byte_for_byte_under_the_key_of_its_case() -> None:
    found = talk("apiframe", to_the_end("apiframe"), shot=base("apiframe"))

    (first,), repeated = found.of("submit"), found.of("follow_up")[0]
    assert repeated == first
    assert dict(first.headers)["Idempotency-Key"] == f"{THIS_RUN}-generate/base"


@pytest.mark.parametrize("name", JOBS)
def test_each_submission_has_a_key_where_the_provider_knows_one(name: str) -> None:
    planned = shot(name)
    keys = [text for header, text in planned.request.headers if header == "Idempotency-Key"]

    assert keys == [f"{THIS_RUN}-{planned.case.id}"] * (name == "apiframe")


@pytest.mark.parametrize("name", JOBS)
@pytest.mark.parametrize(
    ("end", "step"),
    [
        ([page(400)], "submit"),
        ([said({"error": {"code": "invalid_model", "message": "no"}}, 400)], "submit"),
        ([LOST], "submit"),
        (["submitted", "failed"], "poll"),
        (["submitted", page(404)], "poll"),
        (["submitted", LOST], "poll"),
        (["submitted", "pending"], "poll"),
        (["submitted", "done", page(503)], "download"),
    ],
)
def test_nothing_is_asked_after_a_refusal_or_a_fault(
    name: str, end: list[Answer | str], step: Step
) -> None:
    words = {
        "submitted": submitted(name), "failed": failed(name), "pending": pending(name),
        "done": done(name),
    }  # fmt: skip
    answers = [words[one] if isinstance(one, str) else one for one in end]

    found = talk(name, answers, shot=base(name))

    assert not isinstance(found.outcome, Images)
    assert found.of("follow_up") == ()
    assert found.steps[-1] == step


@pytest.mark.parametrize("answer", [LOST, page(503), page(200), BUSY, said([1]), said({"id": {}})])
@pytest.mark.parametrize("kind", FOLLOW_UPS)
def test_a_follow_up_that_fails_takes_no_image_away(kind: FollowUp, answer: Answer) -> None:
    asked = shot("apiframe", follow_ups=(kind,))

    outcome = talk("apiframe", [*to_the_end("apiframe"), answer], shot=asked).outcome

    assert isinstance(outcome, Images)
    assert len(outcome.pictures) == 1
    (told,) = outcome.after
    assert (told.kind, told.job, told.state) == (kind, None, None)
    assert told.status is not None or told.why


@pytest.mark.parametrize("answer", [LOST, page(503), said({"error": "no"}, 409)])
def test_a_repetition_is_posted_once_whatever_comes(answer: Answer) -> None:
    asked = shot("apiframe", follow_ups=("same_key",))

    assert talk("apiframe", [*to_the_end("apiframe"), answer], shot=asked).posts == 2


def test_a_repetition_that_comes_too_early_is_made_again() -> None:
    asked = shot("apiframe", follow_ups=("same_key",))
    answers = [*to_the_end("apiframe"), replace(BUSY, headers=(("retry-after", "7"),))]

    found = talk("apiframe", [*answers, submitted("apiframe")], shot=asked)

    assert found.posts == 3
    waited(found.pauses[-1:], 7)
    assert isinstance(found.outcome, Images)
    assert found.outcome.after[0].job == "job-1"


# ----------------------------------------------------------------------------------- deliveries
@pytest.mark.parametrize("name", JOBS)
def test_no_receiver_is_asked_where_no_address_was_given(name: str) -> None:
    assert "deliveries" not in talk(name, to_the_end(name), shot=base(name)).steps


@pytest.mark.parametrize("address", ["https://elsewhere.test/hook", 7, "", {"url": WEBHOOKS}])
def test_no_receiver_is_asked_for_what_went_elsewhere(address: Json) -> None:
    asked = shot("apiframe", arguments={"webhook_url": address})

    assert "deliveries" not in talk("apiframe", to_the_end("apiframe"), shot=asked).steps


@pytest.mark.parametrize("ended", [[done("apiframe"), IMAGE], [failed("apiframe")]])
def test_the_receiver_is_asked_once_the_job_has_ended(ended: list[Answer]) -> None:
    found = talk("apiframe", [submitted("apiframe"), *ended, NOTHING], shot=calls())

    (asked,) = found.of("deliveries")
    assert asked == Request(method="GET", target=f"{INBOX}a-case", timeout_s=DELIVERY_S)
    assert found.steps[-1] == "deliveries"


def test_what_was_delivered_may_come_again_so_it_listens_on() -> None:
    found = talk("apiframe", [*to_the_end("apiframe"), DELIVERED], shot=calls())

    first, second = found.of("deliveries")
    assert second == replace(first, timeout_s=0.0)
    assert found.pauses[-1] == REPEATED_S


@pytest.mark.parametrize(
    "answer", [LOST, page(200), said([]), said({"deliveries": None}), said({"deliveries": {}})]
)
def test_a_receiver_that_has_nothing_to_tell_takes_no_image_away(answer: Answer) -> None:
    found = talk("apiframe", [*to_the_end("apiframe"), answer], shot=calls())

    assert isinstance(found.outcome, Images)
    assert len(found.of("deliveries")) == 1


@pytest.mark.parametrize("refused", [said({"error": "no", "details": {"a": ["b"]}}, 400), LOST])
def test_the_receiver_is_not_asked_where_no_job_was_made(refused: Answer) -> None:
    assert talk("apiframe", [refused], shot=calls()).steps == ("submit",)


# -------------------------------------------------------------------------------------- pick-ups
@pytest.mark.parametrize("name", JOBS)
def test_a_job_that_is_picked_up_is_polled_by_its_id_and_never_submitted(name: str) -> None:
    found = picked_up(base(name), "job-1", [pending(name), done(name), IMAGE, done(name)])

    assert isinstance(found.outcome, Images)
    assert found.outcome.job == "job-1"
    assert found.posts == 0
    assert found.steps[:3] == ("poll", "poll", "download")
    assert found.requests[0].target.endswith("/job-1")


def test_a_job_that_is_picked_up_is_asked_all_that_is_free_and_nothing_of_another_run() -> None:
    asked = replace(base("apiframe"), case=replace(calls().case, follow_ups=FOLLOW_UPS))

    found = picked_up(asked, "job-1", [done("apiframe"), IMAGE, done("apiframe")])

    assert found.steps == ("poll", "download", "follow_up", "follow_up")
    assert isinstance(found.outcome, Images)
    assert [one.kind for one in found.outcome.after] == ["poll_again", "unknown_job"]


@pytest.mark.parametrize("name", JOBS)
def test_a_job_that_is_still_stuck_can_be_picked_up_once_more(name: str) -> None:
    outcome = picked_up(base(name), "job-1", [pending(name)]).outcome

    assert isinstance(outcome, Fault)
    assert outcome.can_be_picked_up
    assert outcome.job == "job-1"


@pytest.mark.parametrize("name", JOBS)
def test_a_job_that_has_failed_is_not_picked_up_again(name: str) -> None:
    outcome = picked_up(base(name), "job-1", [failed(name)]).outcome

    assert isinstance(outcome, Fault)
    assert not outcome.can_be_picked_up


def test_there_is_nothing_to_pick_up_where_there_are_no_jobs() -> None:
    shop = shipped_provider("sub2api")

    with pytest.raises(ValueError, match="sub2api has no jobs"):
        next(pick_up(shop, shop.operation("generate"), SHOTS["sub2api"], "job-1"))


@pytest.mark.parametrize("retry_after", ["7", "0", "900", "x", ""])
def test_a_picked_up_job_is_polled_at_the_pace_that_it_asks_for(retry_after: str) -> None:
    waiting: Reply = polled("buble", "processing", retry_after=retry_after)

    found = picked_up(base("buble"), "job-1", [waiting, done("buble"), IMAGE, done("buble")])

    waited(found.pauses[:1], {"7": 7.0, "900": 120.0}.get(retry_after, 2.0))
