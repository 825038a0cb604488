"""How an operation goes on after its request: replies, jobs, streams, uploads and webhooks."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from harness.core.exchange import Exchange, Reply, submission
from harness.core.jsonvalue import Json
from harness.spec.expressions import (
    Cited,
    Compiled,
    Expression,
    Frozen,
    Paths,
    Promise,
    Sourced,
    Status,
    first_match,
)

Seconds = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
"""A wait, in seconds."""


class Field_(Frozen):  # noqa: N801 - `Field` is pydantic's
    """A field that a reply must hold: where, of which type, and who says so."""

    path: Compiled
    type: Literal["string", "integer", "array", "object", "strings"]
    source: Cited
    status: Status = "documented"
    note: str = ""


class UsagePaths(Frozen):
    """Where a reply counts tokens; the parts must add up to their whole.

    The finer kinds (`text_input` and so on) are those that a price list knows by name; `seconds` is
    where the reply says how long the work took that is paid for.
    """

    input: Compiled | None = None
    output: Compiled | None = None
    total: Compiled | None = None
    input_parts: Compiled | None = None
    output_parts: Compiled | None = None
    text_input: Compiled | None = None
    image_input: Compiled | None = None
    cached_input: Compiled | None = None
    text_output: Compiled | None = None
    image_output: Compiled | None = None
    seconds: Compiled | None = None
    source: Cited

    @model_validator(mode="after")
    def _counts_something(self) -> Self:
        if not self.places:
            raise ValueError("name the place of a count: input, output, total, seconds ...")
        return self

    @property
    def places(self) -> dict[str, Expression]:
        """The place of each single count, by its name; the lists of parts are not among them."""
        names = (name for name in UsagePaths.model_fields if name not in _NO_COUNT)
        found = {name: getattr(self, name) for name in names}
        return {name: place for name, place in found.items() if place is not None}


_NO_COUNT = ("input_parts", "output_parts", "source")


class ReplyShape(Frozen):
    """How to read a reply that carries images, or addresses of images."""

    images: Paths
    fields: tuple[Field_, ...] = ()
    model: Paths = ()
    size: Paths = ()
    quality: Paths = ()
    output_format: Paths = ()
    charged: Paths = ()
    usage: UsagePaths | None = None
    default_format: str | None = None
    """The image format sent where the request names none, if the documents say so."""


class Idempotency(Promise):
    """A header by which a repeated submission is known: it makes no second job."""

    header: str


class Job(Sourced):
    """The life cycle of an operation that answers with a job: submit, poll, fetch.

    States are listed in the order in which they may follow each other; `interval_s` is the
    documented pause between polls, in seconds.
    """

    id: Paths
    poll_path: str
    state: Paths
    pending: tuple[str, ...]
    done: tuple[str, ...]
    failed: tuple[str, ...]
    error: Paths
    interval_s: Seconds
    submitted: tuple[Field_, ...] = ()
    idempotency: Idempotency | None = None
    submitted_status: Annotated[int, Field(strict=True, ge=200, le=299)] | None = None
    """The HTTP status of a successful submission, if the documents name one."""
    unknown_status: Annotated[int, Field(strict=True, ge=400, le=499)] = 404
    """The HTTP status of a poll for a job that never was."""
    states_listed: Cited | None = None
    """Where a document says that there are no other states; without it, another is observed."""


class Upload(Sourced):
    """Files that are sent first, one by one; the request then names the addresses they were given.

    `argument` holds the files; each goes into the form field `file`, beside `fields`. `url` is
    where the reply names the file's address.
    """

    argument: str
    path: str
    file: str
    fields: dict[str, str] = Field(default_factory=dict)
    url: Paths


class Webhook(Sourced):
    """What the provider sends, unasked, to the address that the request gave in `argument`.

    The signature is an HMAC-SHA256 of the body as it came, in hexadecimal digits after `prefix`;
    `keys` are the readings of what it is keyed with: the API key's SHA-256 digest as bytes
    (`sha256`) or as the text of its hexadecimal digits (`sha256_hex`).
    """

    argument: str
    id: Paths
    state: Paths
    signature: str
    prefix: str = ""
    keys: Annotated[tuple[Literal["sha256", "sha256_hex"], ...], Field(min_length=1)]


class Stream(Sourced):
    """The server-sent events of a streamed reply.

    `image` is where a partial's event holds its image; `images` where the completed one holds them,
    if elsewhere. What an argument asks of the stream stands in `stream` and `partial_images`.
    """

    partial: str
    completed: str
    error: str
    image: Compiled
    images: Paths = ()
    index: Compiled
    model: Paths = ()
    size: Paths = ()
    quality: Paths = ()
    output_format: Paths = ()
    usage: UsagePaths | None = None


_ANCHORS = ("output_format", "quality", "size", "model")
"""What replies are documented to declare; arguments that they repeat stand beside it."""


def declared_places(shape: ReplyShape | Stream, name: str) -> Paths:
    """Return where a reply declares an argument: its documented places, else beside the others.

    A reply that holds `output_format` at `meta.output_format` would hold `background` at
    `meta.background`. Nothing is promised of such a place: a reply may lack it.
    """
    if name in _ANCHORS:
        documented: Paths = getattr(shape, name)
        return documented
    for anchor in _ANCHORS:
        paths: Paths = getattr(shape, anchor)
        if beside := tuple(filter(None, (_beside(path.text, anchor, name) for path in paths))):
            return beside
    return ()


@cache
def _beside(text: str, anchor: str, name: str) -> Expression | None:
    """Return the expression with one key exchanged; None where that is not its last key."""
    word = re.compile(rf"(?<![\w'\"`-]){re.escape(anchor)}(?![\w'\"`-])")
    return Expression(word.sub(name, text)) if len(word.findall(text)) == 1 else None


def job_id_of(content: Json) -> str:
    """Return a job's id as text, also one that came as a number; empty where it is neither."""
    is_id = isinstance(content, str | int) and not isinstance(content, bool)
    return str(content) if is_id else ""


def other_job(job: Job, document: Json, job_id: str) -> str:
    """Return the id of the other job that a poll tells of; empty where it is this one, or none.

    Where several places may hold the id, one that holds this job's is enough, in any case.
    """
    ids = [job_id_of(path.search(document)) for path in job.id]
    named = [text for text in ids if text]
    own = job_id.casefold() in map(str.casefold, named)
    return "" if not named or own else named[0]


def ended_between(job: Job, exchanges: Sequence[Exchange]) -> tuple[float, float] | None:
    """Return the bounds of a job's end in seconds on the run's clock; None where no poll showed it.

    It ended after the last poll that reported it as pending was sent (or the submission, if the
    first poll reported its end) and before the reply of the first poll that reported its end. Poll
    spacing keeps the two apart; the end of the interval alone is late by half of it on average.
    """
    sent = submission(exchanges)
    if sent is None:
        return None
    low_s = sent.times.sent_s
    submitted = sent.answer.document if isinstance(sent.answer, Reply) else None
    job_id = job_id_of(first_match(job.id, submitted))
    for poll in (exchange for exchange in exchanges if exchange.step == "poll"):
        document = poll.answer.document if isinstance(poll.answer, Reply) else None
        if job_id and other_job(job, document, job_id):
            continue
        state = first_match(job.state, document)
        if state in job.done or state in job.failed:
            return low_s, poll.times.end_s
        if state in job.pending:
            low_s = poll.times.sent_s
    return None
