"""Jobs whose addresses stand in replies, over sockets: polled, fetched, cancelled with the key."""

from decimal import Decimal

import pytest

from harness.core.exchange import Failure, Reply
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, Images, Refused
from harness.transport.redaction import Redactor
from harness.wire.protocol import pick_up
from tests.wires import shapes
from tests.wires.serving import KEY, PNG, RUN_WORD, Answer, Asked, planned, served, talk

IMAGE = "/files/1.png"
FOX: dict[str, Json] = {"model": "fal-ai/flux", "prompt": "a fox"}


def queued(asked: Asked, url: str, *, polls: int = 2, state: str = "COMPLETED") -> Answer:
    """A queue: three addresses in the submission's reply, and a result behind the second."""
    place = f"{url}/fal-ai/requests/r1"
    match asked.method, asked.path:
        case "POST", "/fal-ai/flux":
            return 200, {
                "request_id": "r1",
                "status": "IN_QUEUE",
                "status_url": f"{place}/status",
                "response_url": place,
                "cancel_url": f"{place}/cancel",
            }
        case "GET", "/fal-ai/requests/r1/status":
            seen = COUNTS[url] = COUNTS.get(url, 0) + 1
            return 200, {
                "request_id": "r1",
                "status": state if seen >= polls else "IN_PROGRESS",
                "response_url": place,
            }
        case "GET", "/fal-ai/requests/r1":
            return 200, {"images": [{"url": f"{url}{IMAGE}"}]}
        case "PUT", "/fal-ai/requests/r1/cancel":
            return 202, {"status": "CANCELLATION_REQUESTED"}
        case "GET", "/files/1.png":
            return 200, PNG
        case _:
            return 404, {"detail": "no such job"}


COUNTS: dict[str, int] = {}
"""How often each server was polled."""


def test_a_queue_is_polled_and_its_result_fetched_at_the_addresses_of_its_replies() -> None:
    queue = shapes.queue()
    with served(queued) as api:
        talked = talk(queue, planned(queue, FOX), api.url)

    assert isinstance(talked.outcome, Images)
    assert [picture.state for picture in talked.outcome.pictures] == ["decoded"]
    assert talked.steps == ["submit", "poll", "poll", "result", "download"]
    assert api.lines == [
        "POST /fal-ai/flux",
        "GET /fal-ai/requests/r1/status",
        "GET /fal-ai/requests/r1/status",
        "GET /fal-ai/requests/r1",
        "GET /files/1.png",
    ]
    keys = [asked.headers.get("authorization") for asked in api.asked]
    assert keys == [f"Key {KEY}"] * 4 + [None]  # an image is fetched without the key


@pytest.mark.parametrize("place", ["status_url", "response_url"])
def test_another_host_gets_neither_the_key_nor_any_request(place: str) -> None:
    queue = shapes.queue()
    with served(queued) as other, served(queued) as api:

        def stray(asked: Asked, url: str) -> Answer:
            status, content = queued(asked, url)
            if isinstance(content, dict) and place in content:
                content = {**content, place: f"{other.url}/fal-ai/requests/r1/status"}
            return status, content

        with served(stray) as straying:
            talked = talk(queue, planned(queue, FOX), straying.url)

    assert other.asked == api.asked == []
    assert isinstance(talked.outcome, Fault)
    assert talked.outcome.error_class == "protocol"
    assert talked.outcome.job == "r1"
    assert talked.outcome.may_be_paid
    assert f"leads away from the provider's own address, {straying.url}" in talked.outcome.why


@pytest.mark.parametrize(
    "address", ["//elsewhere.test/x", "http://user:pw@{host}/x", "https://{host}/x", "inbox:/x"]
)
def test_addresses_that_only_look_like_the_providers_own_get_no_key(address: str) -> None:
    queue = shapes.queue()

    def strange(asked: Asked, url: str) -> Answer:
        status, content = queued(asked, url)
        if isinstance(content, dict) and asked.method == "POST":
            host = url.removeprefix("http://")
            content = {**content, "status_url": address.format(host=host)}
        return status, content

    with served(strange) as api:
        talked = talk(queue, planned(queue, FOX), api.url)

    assert isinstance(talked.outcome, Fault)
    assert [one.path for one in api.asked] == ["/fal-ai/flux"]


def test_a_reply_without_the_address_convicts_nobody_and_says_where_it_was_looked_for() -> None:
    queue = shapes.queue()

    def silent(asked: Asked, url: str) -> Answer:
        status, content = queued(asked, url)
        assert isinstance(content, dict)
        return status, {key: text for key, text in content.items() if key != "status_url"}

    with served(silent) as api:
        talked = talk(queue, planned(queue, FOX), api.url)

    assert isinstance(talked.outcome, Fault)
    assert talked.outcome.why == (
        "not judged: the TOML reads at status_url where the job is polled; no reply holds it there"
    )


TOLD = """
[operations.generate.reply]
images = ["images[*].url"]
model = ["model"]
charged = ["cost"]
usage = { output = "tokens", source = "page: Queue" }
"""


@pytest.mark.parametrize(
    ("polled", "resulting", "read"),
    [
        ({"cost": 0.04, "model": "flux", "tokens": 7}, {}, (Decimal("0.04"), "flux", 7)),
        ({}, {"cost": 0.04, "model": "flux", "tokens": 7}, (Decimal("0.04"), "flux", 7)),
        (
            {"cost": 9, "model": "queue", "tokens": 1},
            {"cost": 0.04, "model": "flux", "tokens": 7},
            (Decimal("0.04"), "flux", 7),
        ),
        ({"cost": 0.04, "tokens": 7}, {"model": "flux", "cost": ""}, (Decimal("0.04"), "flux", 7)),
        ({}, {}, (None, None, None)),
    ],
)
def test_what_the_result_does_not_say_is_read_in_the_last_poll(
    polled: dict[str, Json],
    resulting: dict[str, Json],
    read: tuple[Decimal | None, str | None, int | None],
) -> None:
    shape = shapes.QUEUE.replace('reply = { images = ["images[*].url"] }\n', "")
    queue = shapes.provider("queue", shape, more=TOLD)

    def telling(asked: Asked, url: str) -> Answer:
        status, content = queued(asked, url)
        more = {"/status": polled, "/r1": resulting}.get(asked.path[asked.path.rfind("/") :], {})
        return status, {**content, **more} if isinstance(content, dict) else content

    with served(telling) as api:
        outcome = talk(queue, planned(queue, FOX), api.url).outcome

    assert isinstance(outcome, Images)
    tokens = outcome.usage.output if outcome.usage else None
    assert (outcome.charged, outcome.declared.model, tokens) == read


def test_what_is_refused_at_the_address_of_the_result_is_a_refusal() -> None:
    queue = shapes.queue()

    def refusing(asked: Asked, url: str) -> Answer:
        if asked.path == "/fal-ai/requests/r1":
            return 422, {
                "detail": [
                    {"loc": ["body", "num_images"], "msg": "at most 4", "type": "less_than"},
                    {"loc": ["body", "prompt"], "msg": "too short", "type": "short"},
                ]
            }
        return queued(asked, url)

    with served(refusing) as api:
        talked = talk(queue, planned(queue, FOX), api.url)

    assert isinstance(talked.outcome, Refused)
    error = talked.outcome.error
    assert (error.error_class, error.code) == ("validation", "less_than")
    assert error.message == "at most 4; too short"
    assert error.parameter == "body.num_images, body.prompt"


def test_a_result_that_is_not_there_yet_is_asked_for_again() -> None:
    queue, early = shapes.queue(), [404, 404]

    def late(asked: Asked, url: str) -> Answer:
        if asked.path == "/fal-ai/requests/r1" and early:
            return early.pop(), {"detail": "not found"}
        return queued(asked, url)

    with served(late) as api:
        talked = talk(queue, planned(queue, FOX), api.url)

    assert isinstance(talked.outcome, Images)
    assert talked.steps.count("result") == 3


@pytest.mark.parametrize(
    ("after", "kind", "job"), [("CANCELLED", Fault, None), ("COMPLETED", Images, "r1")]
)
def test_a_job_that_is_late_for_good_is_cancelled_and_looked_after(
    after: str, kind: type, job: str | None
) -> None:
    queue = shapes.queue()

    def slow(asked: Asked, url: str) -> Answer:
        cancelled = any(one.method == "PUT" for one in api.asked)
        return queued(asked, url, polls=1, state=after if cancelled else "IN_PROGRESS")

    with served(slow) as api:
        talked = talk(queue, planned(queue, FOX), api.url)

    assert isinstance(talked.outcome, kind)
    assert talked.steps.count("cancel") == 1
    assert isinstance(talked.outcome, Fault | Images)
    assert talked.outcome.job == job
    cancel = next(one for one in api.asked if one.method == "PUT")
    assert (cancel.headers["authorization"], cancel.raw) == (f"Key {KEY}", b"")
    if isinstance(talked.outcome, Fault):
        assert talked.outcome.error_class == "timeout"
        assert talked.outcome.may_be_paid
        assert talked.outcome.why.endswith("; cancelled (HTTP 202), it is CANCELLED")


def predicted(asked: Asked, url: str, *, state: str) -> Answer:
    """Predictions: with `Prefer: wait` the submission's reply may show the end already."""
    if asked.path == IMAGE:
        return 200, PNG
    done = asked.method == "GET" or state == "succeeded"
    return (200 if asked.method == "GET" else 201), {
        "id": "p1",
        "status": "succeeded" if done else state,
        "output": [f"{url}{IMAGE}"] if done else None,
        "urls": {"get": f"{url}/v1/predictions/p1", "cancel": f"{url}/v1/predictions/p1/cancel"},
    }


@pytest.mark.parametrize(
    ("state", "steps"),
    [("succeeded", ["submit", "download"]), ("starting", ["submit", "poll", "download"])],
)
def test_a_submission_that_shows_the_end_is_not_polled(state: str, steps: list[str]) -> None:
    predictions = shapes.predictions()
    with served(lambda asked, url: predicted(asked, url, state=state)) as api:
        talked = talk(predictions, planned(predictions, {"prompt": "a fox"}), api.url)

    assert isinstance(talked.outcome, Images)
    assert len(talked.outcome.pictures) == 1
    assert talked.steps == steps
    assert api.asked[0].headers["prefer"] == "wait=60"


def test_a_job_that_never_was_is_asked_for_at_the_address_with_another_id() -> None:
    predictions = shapes.predictions()

    def known(asked: Asked, url: str) -> Answer:
        other = asked.method == "GET" and asked.path not in (IMAGE, "/v1/predictions/p1")
        return (404, {"detail": "none"}) if other else predicted(asked, url, state="starting")

    shot = planned(
        predictions, {"prompt": "a fox"}, follow_ups=("poll_again", "unknown_job", "same_key")
    )
    with served(known) as api:
        talked = talk(predictions, shot, api.url)

    assert isinstance(talked.outcome, Images)
    assert [(after.kind, after.status) for after in talked.outcome.after] == [
        ("poll_again", 200),
        ("unknown_job", 404),
        ("same_key", 201),
    ]
    assert api.lines[-2].startswith("GET /v1/predictions/00000000")
    keys = [one.body["input"]["request_key"] for one in api.asked if one.method == "POST"]
    assert keys == [f"{RUN_WORD}-generate/base"] * 2
    assert RUN_WORD not in repr(talked.exchanges)


# ----------------------------------------------------------------------------------- after a crash
def test_a_restart_polls_at_the_address_in_the_journalled_reply() -> None:
    queue = shapes.queue()
    shot = planned(queue, FOX)
    with served(queued) as api:
        whole = talk(queue, shot, api.url)
        before = len(api.asked)
        COUNTS[api.url] = 0
        again = talk(queue, shot, api.url, past=whole.exchanges[:2])

    assert isinstance(again.outcome, Images)
    assert api.lines[before:] == [
        "GET /fal-ai/requests/r1/status",
        "GET /fal-ai/requests/r1/status",
        "GET /fal-ai/requests/r1",
        "GET /files/1.png",
    ]


def test_after_a_restart_a_signed_address_is_not_asked_and_the_fault_says_why() -> None:
    queue = shapes.queue()
    shot = planned(queue, FOX)

    def signing(asked: Asked, url: str) -> Answer:
        status, content = queued(asked, url)
        if isinstance(content, dict) and "status_url" in content:
            signature = "X-Amz-Signature=" + "0123456789abcdef" * 4
            content = {**content, "status_url": f"{content['status_url']}?{signature}"}
        return status, content

    def redactor() -> Redactor:
        return Redactor({"SHAPE_TOKEN": KEY})

    with served(signing) as api:
        whole = talk(queue, shot, api.url, redactor=redactor())
        before = len(api.asked)
        again = talk(queue, shot, api.url, past=whole.exchanges[:1], redactor=redactor())

    assert isinstance(whole.outcome, Images)
    submitted = whole.exchanges[0].answer
    assert isinstance(submitted, Reply)
    assert "0123456789abcdef" not in str(submitted.document)
    assert len(api.asked) == before
    assert isinstance(again.exchanges[-1].answer, Failure)
    assert isinstance(again.outcome, Fault)
    assert again.outcome.may_be_paid
    assert again.outcome.job == "r1"
    assert "its signature is not recorded" in again.outcome.why


def test_a_job_that_was_given_up_is_picked_up_at_the_address_of_its_submission() -> None:
    queue = shapes.queue()
    shot = planned(queue, FOX)
    with served(queued) as api:
        submitted = talk(queue, shot, api.url).exchanges[0].answer
        assert isinstance(submitted, Reply)
        before = len(api.asked)
        operation = queue.operation("generate")
        wire = pick_up(queue, operation, shot, "r1", submitted=submitted.document)
        again = talk(queue, shot, api.url, wire=wire)

    assert isinstance(again.outcome, Images)
    assert api.lines[before] == "GET /fal-ai/requests/r1/status"
    assert "POST" not in "".join(api.lines[before:])
