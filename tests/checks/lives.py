"""Whole records of jobs, webhooks and streams, built by hand."""

from collections.abc import Sequence
from dataclasses import replace

from harness.cases.boundaries import plain_case
from harness.cases.build import Builder
from harness.core.case import Expect, PlannedRequest
from harness.core.exchange import Event, Exchange, Failure, Reply, Request, Step, Times
from harness.core.jsonvalue import Json
from harness.core.outcome import FollowUpResult, Images, Outcome
from harness.core.placeholders import INBOX, WEBHOOKS
from harness.core.record import Record
from harness.planning.plan import make_plan
from harness.wire.retry import Answer
from tests.checks.build import LIVE, picture, served, verdicts
from tests.shipped import shipped_provider as shipped

LOST = Failure(kind="network", why="reset", sent=True)


def shot(
    name: str,
    operation: str = "generate",
    *,
    expect: Expect = "accept",
    breaks: str | None = None,
    **arguments: Json,
) -> PlannedRequest:
    """The plain request of an operation with more arguments."""
    base = plain_case(Builder(shipped(name), operation))
    case = replace(
        base,
        id=f"{operation}/by-hand",
        expect=expect,
        breaks=breaks,
        arguments={**base.arguments, **arguments},
    )
    return make_plan(shipped(name), [case], seed=0, spec_digest="").shots[0]


def made(step: Step, answer: Answer, sent_s: float = 0.0, end_s: float | None = None) -> Exchange:
    """One round trip, and when it was."""
    times = Times(due_s=0, sent_s=sent_s, end_s=sent_s + 0.1 if end_s is None else end_s)
    return Exchange(
        request=Request(method="GET", target="/"), answer=answer, times=times, step=step
    )


def record(asked: PlannedRequest, outcome: Outcome, exchanges: Sequence[Exchange] = ()) -> Record:
    return Record(shot=asked, evidence=LIVE, outcome=outcome, exchanges=tuple(exchanges))


def words(check: str, one: Record) -> list[tuple[str, str]]:
    """What one check says of a record: its statuses, and why."""
    return [(told.status, told.why) for told in verdicts(one) if told.check == check]


# ---------------------------------------------------------------------------------- jobs
def submitted(job: Json = "j", status: int = 202) -> Reply:
    return Reply(status=status, document={"jobId": job, "status": "QUEUED"})


def polled(state: Json, status: int = 200, **more: Json) -> Reply:
    return Reply(status=status, document={"id": "j", "status": state, **more})


def images_of(job: str | None = "j", after: Sequence[FollowUpResult] = ()) -> Images:
    return replace(served(picture(kind="webp")), job=job, after=tuple(after))


# ------------------------------------------------------------------------------ webhooks
def delivery(
    state: Json = "COMPLETED",
    *,
    at_s: float = 10.0,
    job: Json = "j",
    signature: str = "valid",
    number: int = 1,
) -> dict[str, Json]:
    """One delivery, as our receiver tells it."""
    return {
        "at_s": at_s,
        "signature": signature,
        "key": "sha256" if signature == "valid" else None,
        "headers": {"x-webhook-event": "completed"},
        "body": {"event": "completed", "jobId": job, "status": state},
        "text": None,
        "sha256": f"{number:064x}",
    }


def called(*inboxes: Sequence[Json] | Answer, outcome: Outcome | None = None) -> Record:
    """A job of Apiframe that ended between 8 and 10.1 s, and what each look into the inbox told."""
    asked = shot("apiframe", webhook_url=f"{WEBHOOKS}a-case")
    exchanges = [
        made("submit", submitted(), 1.0),
        made("poll", polled("PROCESSING"), 8.0),
        made("poll", polled("COMPLETED"), 10.0),
    ]
    for inbox in inboxes:
        answer: Answer = (
            inbox
            if isinstance(inbox, Reply | Failure)
            else Reply(status=200, document={"deliveries": list(inbox)})
        )
        exchange = made("deliveries", answer, 11.0)
        exchanges.append(replace(exchange, request=Request(method="GET", target=f"{INBOX}a-case")))
    return record(asked, outcome or images_of(), exchanges)


# ------------------------------------------------------------------------------- streams
def stream(asked: PlannedRequest, outcome: Outcome, *events: tuple[str, Json]) -> Record:
    """A record of one request that was answered with these events."""
    told = tuple(Event(name=name, at_s=1.0, data=data) for name, data in events)
    return record(asked, outcome, [made("submit", Reply(status=200, events=told))])
