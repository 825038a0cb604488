"""Whatever a provider answers: no conversation raises, goes on for ever, or pays twice."""

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.case import PlannedRequest
from harness.core.exchange import Reply, Step
from harness.core.outcome import Fault, Images, Refused
from harness.core.placeholders import INBOX, WEBHOOKS
from harness.core.recipe import Recipe
from harness.reference_images import reference_json
from harness.wire.retry import RETRY_AFTER_AT_MOST_S, TRIES, Answer
from tests.shipped import NAMES
from tests.strategies import failures, json_values, replies
from tests.wire.by_hand import BASES, LOST, MARK, SHOTS, picked_up, said, shot, shot_of, talk, told
from tests.wire.replies import ADDRESS, BUSY, JOBS, failed, pending, served, submitted, uploaded

FILES = [
    reference_json(Recipe(format="png", mode="rgb", width_px=64, height_px=64, seed=seed)).as_json()
    for seed in (1, 2, 1)
]
BUSIEST: dict[str, PlannedRequest] = {
    **{f"{name} {operation}": shot_of(base) for (name, operation), base in BASES.items()},
    "uploads": shot(
        "buble", "edit", arguments={"images": [*FILES]}, follow_ups=("poll_again", "unknown_job")
    ),
    "webhook": shot(
        "apiframe",
        arguments={"webhook_url": f"{WEBHOOKS}a-case"},
        follow_ups=("same_key", "poll_again", "same_key"),
    ),
    **{
        f"stream {operation}": shot("sub2api", operation, arguments={"stream": True})
        for operation in ("generate", "edit", "respond")
    },
}
"""Every operation, and conversations with all that may go on beside the request."""

WORDS = ("data", "id", "status", "error", "code", "message", "result", "images", "url", "jobId")
EVENTS = (
    *("image_generation.partial_image", "image_generation.completed", "image_edit.completed"),
    *("response.completed", "error", ""),
)


def answers() -> st.SearchStrategy[list[Answer]]:
    """Any replies, many of them close to what a provider would say."""
    usual = [answer for name in NAMES for answer in served(name)]
    jobs = [made for name in JOBS for made in (pending(name), failed(name))]
    busy = pending("apiframe", retry_after="1e9")
    near = st.sampled_from(
        [*usual, *jobs, busy, uploaded(), BUSY, LOST, said({"deliveries": [{"at_s": 1.0}]})]
    )
    leaves = json_values() | st.sampled_from((ADDRESS, MARK, "job-1", "success", "COMPLETED"))
    keyed = st.recursive(
        leaves,
        lambda inner: (
            st.dictionaries(st.sampled_from(WORDS), inner, max_size=5) | st.lists(inner, max_size=3)
        ),
        max_leaves=12,
    )
    shaped = st.builds(
        Reply,
        status=st.sampled_from((200, 201, 202, 204, 302, 400, 404, 429, 500, 503)),
        document=keyed,
        headers=st.sampled_from(((), (("Retry-After", "x"),), (("retry-after", "1e9"),))),
    )
    streams = st.lists(st.tuples(st.sampled_from(EVENTS), keyed), min_size=1, max_size=4)
    return st.lists(
        near | shaped | streams.map(lambda events: told(*events)) | replies() | failures(),
        min_size=1,
        max_size=8,
    )


def _too_early(answer: Answer) -> bool:
    return isinstance(answer, Reply) and answer.status == 429


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(sorted(BUSIEST)), answers() | answers().map(lambda some: some * 40))
def test_no_answers_break_the_wire_and_nothing_that_may_be_paid_is_posted_twice(
    name: str, given_: list[Answer]
) -> None:
    asked = BUSIEST[name]

    found = talk(asked.case.provider, given_, shot=asked)

    assert isinstance(found.outcome, Images | Refused | Fault)
    submissions = _runs(found.steps, "submit")
    assert len(submissions) <= 1  # none where an upload failed
    repeated = [kind for kind in asked.case.follow_ups if kind == "same_key"]
    for place, (request, step) in enumerate(zip(found.requests, found.steps, strict=True)):
        if request.method != "POST":
            assert step in ("poll", "download", "follow_up", "deliveries")
            assert request.body is None
            assert request.target.startswith(("/", "http://", "https://", INBOX))
        elif step == "upload":
            assert not submissions or place < submissions[0][0]
    posted = [
        place
        for place, one in enumerate(found.sends)
        if one.request.method == "POST" and one.step in ("submit", "follow_up")
    ]
    fresh = [
        place
        for place in posted
        if place - 1 not in posted or not _too_early(given_[min(place, len(given_)) - 1])
    ]
    assert len(fresh) <= 1 + len(repeated)
    assert len(posted) <= TRIES * (1 + len(repeated))
    for request in (found.requests[place] for place in posted):
        assert request == found.requests[posted[0]]
    assert all(0 <= pause <= RETRY_AFTER_AT_MOST_S for pause in found.pauses)


def _runs(steps: tuple[Step, ...], wanted: Step) -> list[tuple[int, int]]:
    """Where a step is made again and again without another between: first and last place."""
    runs: list[tuple[int, int]] = []
    for place, step in enumerate(steps):
        if step == wanted and runs and runs[-1][1] == place - 1:
            runs[-1] = (runs[-1][0], place)
        elif step == wanted:
            runs.append((place, place))
    return runs


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(JOBS), answers())
def test_a_fault_after_a_job_was_accepted_carries_its_id_and_counts_as_paid(
    name: str, given_: list[Answer]
) -> None:
    outcome = talk(name, [submitted(name), *given_], shot=SHOTS[name]).outcome

    assert not isinstance(outcome, Refused)
    assert outcome.job == "job-1"
    if isinstance(outcome, Fault) and outcome.error_class != "job_failed":
        assert outcome.may_be_paid
        assert outcome.can_be_picked_up


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(("buble generate", "apiframe edit", "uploads", "webhook")), answers())
def test_whatever_comes_a_job_that_is_picked_up_is_never_submitted_and_nobody_is_listened_for(
    name: str, given_: list[Answer]
) -> None:
    found = picked_up(BUSIEST[name], "job-1", given_)

    assert found.posts == 0
    assert set(found.steps) <= {"poll", "download", "follow_up"}
    assert not isinstance(found.outcome, Refused)
    assert found.outcome.job == "job-1"


def test_a_mark_stands_for_an_image_only_where_its_bytes_came() -> None:
    outcome = talk("sub2api", [Reply(status=200, document={"data": [{"b64_json": MARK}]})]).outcome

    assert isinstance(outcome, Images)
    assert [one.state for one in outcome.pictures] == ["undecodable"]
