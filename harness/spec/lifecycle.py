"""How an operation goes on after its request: replies, jobs, streams, uploads and webhooks."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from harness.core.exchange import Exchange, Reply, submission
from harness.core.jsonvalue import Json
from harness.spec.expressions import (
    Cited,
    Compiled,
    Expression,
    Frozen,
    OrOne,
    Paths,
    Promise,
    Quote,
    Quoted,
    Sourced,
    Status,
    first_match,
)

Seconds = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
"""A wait, in seconds."""


class Field_(Quoted):  # noqa: N801 - `Field` is pydantic's
    """A field that a reply must hold: where, of which type, and who says so."""

    path: Compiled
    """Where the field stands: `path = "data[*].url"`."""
    type: Literal["string", "integer", "array", "object", "strings"]
    """What it must be; `strings` for a list of texts: `type = "strings"`."""
    source: Cited
    """Where the document shows it: `source = "page: Response"`."""
    status: Status = "documented"
    """Whether it is promised for sure: `status = "contradictory"`."""
    note: str = ""
    """What is unclear, in your own words: `note = "only for new accounts"`."""


class UsagePaths(Quoted):
    """Where a reply counts tokens; the parts must add up to their whole.

    The finer kinds (`text_input` and so on) are those that a price list knows by name; `seconds` is
    where the reply says how long the work took that is paid for.
    """

    input: Compiled | None = None
    """Tokens of the request: `input = "usage.input_tokens"`."""
    output: Compiled | None = None
    """Tokens of the images: `output = "usage.output_tokens"`."""
    total: Compiled | None = None
    """All tokens: `total = "usage.total_tokens"`."""
    input_parts: Compiled | None = None
    """The parts of which `input` is the sum:
    `input_parts = "usage.input_tokens_details.[image_tokens, text_tokens]"`."""
    output_parts: Compiled | None = None
    """The parts of which `output` is the sum: `output_parts =
    "usage.output_tokens_details.[image_tokens, text_tokens]"`."""
    text_input: Compiled | None = None
    """Tokens of the prompt: `text_input = "usage.input_tokens_details.text_tokens"`."""
    image_input: Compiled | None = None
    """Tokens of reference images: `image_input = "usage.input_tokens_details.image_tokens"`."""
    cached_input: Compiled | None = None
    """Tokens that the provider had in its cache: `cached_input = "usage.cached_tokens"`."""
    text_output: Compiled | None = None
    """Tokens of text in the reply: `text_output = "usage.output_tokens_details.text_tokens"`."""
    image_output: Compiled | None = None
    """Tokens of images in the reply:
    `image_output = "usage.output_tokens_details.image_tokens"`."""
    seconds: Compiled | None = None
    """Where the reply says how long the paid work took: `seconds = "metrics.predict_time"`."""
    source: Cited
    """Where the document shows them: `source = "page: Response"`."""

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


_NO_COUNT = ("input_parts", "output_parts", "source", "quote")


class ReplyShape(Frozen):
    """How to read a reply that carries images, or addresses of images.

    Where a job's images lie behind a further address, what is charged, counted and declared is read
    in the reply of that address and, where it does not say so, in that of the last poll.
    """

    images: Paths
    """Where the images are, or their addresses; the first place that holds any counts:
    `images = ["data[*].[b64_json || url][]"]`."""
    fields: tuple[Field_, ...] = ()
    """Fields that every such reply must hold."""
    model: Paths = ()
    """Where it names the model: `model = ["model"]`."""
    size: Paths = ()
    """Where it names the size: `size = ["size"]`."""
    quality: Paths = ()
    """Where it names the quality: `quality = ["quality"]`."""
    output_format: Paths = ()
    """Where it names the format: `output_format = ["output_format"]`."""
    charged: Paths = ()
    """Where it says what was charged, in the price list's unit: `charged = ["credits_used"]`."""
    usage: UsagePaths | None = None
    """Where it counts tokens."""
    default_format: str | None = None
    """The image format sent where the request names none, if the documents say so:
    `default_format = "png"`."""


class Idempotency(Promise):
    """A header, or a field of the JSON body, by which a repeated submission is known."""

    header: str = ""
    """The header's name; each submission bears a key of its own in it:
    `header = "Idempotency-Key"`."""
    field: str = ""
    """The place of such a key in the JSON body: `field = "request_id"`."""

    @property
    def place(self) -> str:
        """The header's name, or the field's place."""
        return self.header or self.field


Success = Annotated[int, Field(strict=True, ge=200, le=299)]


def _listed(value: object) -> object:
    return [value] if isinstance(value, int) else value


class Job(Sourced):
    """The life cycle of an operation that answers with a job: submit, poll, fetch.

    States are listed in the order in which they may follow each other; `interval_s` is the
    documented pause between polls, in seconds. A poll goes to `poll_path`, or to the address that
    the submission's reply holds at `poll_url`. Where the images lie behind a further address, that
    is `result_path`, or stands at `result_url` in the last poll's reply, else in the submission's.
    A job that is late for good is cancelled where `cancel_path` or `cancel_url` say how. All of
    them are addresses of the provider's own API, and asked with the key.
    """

    id: Paths
    """Where the submission's reply holds the job's id: `id = ["id"]`."""
    poll_path: str = ""
    """Where to ask for the job, with `{id}` for its id: `poll_path = "/v1/jobs/{id}"`."""
    poll_url: Paths = ()
    """Where the submission's reply holds the address to ask for the job, in place of `poll_path`:
    `poll_url = ["urls.get"]`."""
    result_path: str = ""
    """Where a job that is done has its images, with `{id}` for its id, where polls do not hold
    them: `result_path = "/v1/jobs/{id}/result"`."""
    result_url: Paths = ()
    """Where a reply holds the address of the result, in place of `result_path`:
    `result_url = ["response_url"]`."""
    cancel_path: str = ""
    """Where to give up a job that is late for good: `cancel_path = "/v1/jobs/{id}/cancel"`."""
    cancel_url: Paths = ()
    """Where a reply holds that address, in place of `cancel_path`:
    `cancel_url = ["urls.cancel"]`."""
    cancel_method: Literal["POST", "PUT", "DELETE"] = "POST"
    """The HTTP method that gives a job up: `cancel_method = "PUT"`."""
    state: Paths
    """Where a poll's reply holds the state: `state = ["status"]`."""
    pending: tuple[str, ...]
    """States of a job that goes on, in the order in which they follow:
    `pending = ["queued", "running"]`."""
    done: tuple[str, ...]
    """States of a job whose images are there: `done = ["succeeded"]`."""
    failed: tuple[str, ...]
    """States of a job that has failed: `failed = ["failed", "canceled"]`."""
    error: Paths
    """Where a failed job says why: `error = ["error.message"]`."""
    interval_s: Seconds
    """Seconds between polls, by the documents: `interval_s = 2`."""
    submitted: tuple[Field_, ...] = ()
    """Fields that the submission's reply must hold."""
    idempotency: Idempotency | None = None
    """How a repeated submission is known, so that it makes no second job."""
    submitted_status: Annotated[tuple[Success, ...], BeforeValidator(_listed), OrOne()] = ()
    """The HTTP statuses of a successful submission, if the documents name any, one or a list:
    `submitted_status = 202`."""
    unknown_status: Annotated[int, Field(strict=True, ge=400, le=499)] = 404
    """The HTTP status of a poll for a job that never was: `unknown_status = 404`."""
    states_listed: Cited | None = None
    """Where a document says that there are no other states; without it, another is observed:
    `states_listed = "page: Jobs"`."""
    states_listed_quote: Quote = ""
    """What it says there, word for word:
    `states_listed_quote = "A job is queued, running, succeeded or failed."`."""

    @property
    def has_result(self) -> bool:
        """Whether the images lie behind a further address of the API."""
        return bool(self.result_path or self.result_url)


class Upload(Sourced):
    """Files that are sent first, one by one; the request then names the addresses they were given.

    `argument` holds the files; each goes into the form field `file`, beside `fields`. `url` is
    where the reply names the file's address.
    """

    argument: str
    """The argument whose files are sent first: `argument = "images"`."""
    path: str
    """Where each file goes: `path = "/v1/files"`."""
    file: str
    """The form field that holds the file: `file = "file"`."""
    fields: dict[str, str] = Field(default_factory=dict)
    """What else the form says: `fields = { purpose = "edit" }`."""
    url: Paths
    """Where the reply holds the file's address: `url = ["url"]`."""


class Webhook(Sourced):
    """What the provider sends, unasked, to the address that the request gave in `argument`.

    The signature is an HMAC-SHA256 of the body as it came, in hexadecimal digits after `prefix`;
    `keys` are the readings of what it is keyed with: the API key's SHA-256 digest as bytes
    (`sha256`) or as the text of its hexadecimal digits (`sha256_hex`).
    """

    argument: str
    """The argument that gives the address: `argument = "webhook_url"`."""
    id: Paths
    """Where a delivery holds the job's id: `id = ["id"]`."""
    state: Paths
    """Where it holds the state: `state = ["status"]`."""
    signature: str
    """The header with the signature: `signature = "X-Signature"`."""
    prefix: str = ""
    """What stands before the signature's digits: `prefix = "sha256="`."""
    keys: Annotated[tuple[Literal["sha256", "sha256_hex"], ...], Field(min_length=1)]
    """What the signature may be keyed with: the digest of your API key as bytes (`sha256`) or as
    text (`sha256_hex`): `keys = ["sha256"]`."""


class Stream(Sourced):
    """The server-sent events of a streamed reply.

    `image` is where a partial's event holds its image; `images` where the completed one holds them,
    if elsewhere. What an argument asks of the stream stands in `stream` and `partial_images`.
    """

    partial: str
    """The type of an event with a partial image: `partial = "image_generation.partial_image"`."""
    completed: str
    """The type of the last event: `completed = "image_generation.completed"`."""
    error: str
    """The type of an event that ends the stream with an error: `error = "error"`."""
    image: Compiled
    """Where an event holds its image: `image = "b64_json"`."""
    images: Paths = ()
    """Where the completed event holds its images, if elsewhere: `images = ["data[*].b64_json"]`."""
    index: Compiled
    """Where a partial's event counts: `index = "partial_image_index"`."""
    model: Paths = ()
    """Where the completed event names the model: `model = ["model"]`."""
    size: Paths = ()
    """Where it names the size: `size = ["size"]`."""
    quality: Paths = ()
    """Where it names the quality: `quality = ["quality"]`."""
    output_format: Paths = ()
    """Where it names the format: `output_format = ["output_format"]`."""
    usage: UsagePaths | None = None
    """Where the completed event counts tokens."""


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
    if first_match(job.state, submitted) in job.done:
        return low_s, sent.times.end_s
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
