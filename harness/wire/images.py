"""A served reply as images: where they are, what is declared, counted and charged."""

import re
from collections.abc import Sequence
from dataclasses import replace

from harness.core.exchange import Failure, Picture, PictureState, Reply, Request, Step
from harness.core.jsonvalue import Json, read_amount
from harness.core.outcome import Declared, Fault, Images, Usage
from harness.spec.expressions import Paths, first_match
from harness.spec.lifecycle import Field_, ReplyShape, Stream, UsagePaths, declared_places
from harness.spec.provider import Operation
from harness.spec.reply_places import where
from harness.wire.errors import OK, SERVER, by_status, fault_of
from harness.wire.retry import (
    MISSING_PAUSES_S,
    Answer,
    Pause,
    Talk,
    Wire,
    send_until_answered,
)

DECLARED = ("model", "size", "quality", "output_format")
"""The arguments whose places in a reply the TOML names."""

COUNT_AT_MOST = 2**53
"""A larger count is no count, and cannot be computed with."""

QUOTED = 60
"""Characters of a provider's words that a sentence quotes."""

A_NUMBER = re.compile(r"'\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*'", re.ASCII)
"""What `no_price` returns for an amount that is too large, too long or below zero."""

ELIDED = re.compile(r"\s*<.*>\s*", re.DOTALL)
"""What recordings put in place of bytes they left out; base64 never starts so."""


def image_texts(shape: ReplyShape, document: Json) -> tuple[str, ...]:
    """Return the texts at the first documented place that has any: marks, addresses or neither."""
    for path in shape.images:
        listed = path.search(document)
        texts = listed if isinstance(listed, list) else [listed]
        if images := tuple(text for text in texts if isinstance(text, str) and text):
            return images
    return ()


def _no_image(text: str, why: str, state: PictureState = "undecodable") -> Picture:
    return Picture(digest="", format="unknown", size_bytes=len(text), state=state, why=why)


def _from_text(text: str) -> Picture:
    """Return the picture for a text that is neither an image nor an address."""
    if ELIDED.fullmatch(text):
        return _no_image(text, f"the recording holds {text.strip()[:100]}", "absent")
    return _no_image(text, f"no base64 of an image: {text[:60]!r}")


def _images(
    operation: Operation,
    documents: tuple[Json, ...],
    pictures: tuple[Picture, ...],
    job: str | None,
) -> Images:
    """Read what is declared, counted and charged in the first of the documents that says so."""
    shape = operation.reply
    counted = (_usage(shape.usage, document) for document in documents)
    return Images(
        pictures=pictures,
        declared=Declared(
            model=_said(shape.model, documents),
            size=_said(shape.size, documents),
            quality=_said(shape.quality, documents),
            output_format=_said(shape.output_format, documents),
            others=_others(operation, shape, documents[0]),
        ),
        usage=next((usage for usage in counted if usage is not None), None),
        charged=read_amount(said_charged(shape, documents)),
        missing=missing_fields(shape.fields, documents[0]),
        document=documents[0],
        job=job,
    )


def said_charged(shape: ReplyShape, documents: Sequence[Json]) -> Json:
    """Return what the first of the documents that says anything of it says was charged."""
    said = (first_match(shape.charged, document) for document in documents)
    return next((content for content in said if content not in (None, "")), None)


def _others(operation: Operation, shape: ReplyShape | Stream, document: Json) -> dict[str, str]:
    """Return what a reply repeats of the arguments that are words of a list, by name."""
    names = (
        name
        for name, argument in operation.arguments.items()
        if argument.type == "string" and argument.one_of is not None and name not in DECLARED
    )
    words = {name: _word(declared_places(shape, name), document) for name in names}
    return {name: word for name, word in words.items() if word is not None}


def read_streamed(operation: Operation, stream: Stream, reply: Reply) -> Images:
    """Return the outcome of a stream of events; a missing completion is a missing field."""
    finals = [event for event in reply.events if event.name == stream.completed]
    partials = [event for event in reply.events if event.name == stream.partial]
    last = finals[-1].data if finals else None
    usage = _usage(stream.usage, last)
    missing = () if finals else (f"event {stream.completed}",)
    if finals and stream.usage is not None and usage is None:
        missing = ("usage",)
    return Images(
        pictures=tuple(final for event in finals for final in _finals(stream, event.data, reply)),
        partials=tuple(_picture(stream.image.search(event.data), reply) for event in partials),
        declared=Declared(
            size=_word(stream.size, last),
            quality=_word(stream.quality, last),
            output_format=_word(stream.output_format, last),
            others=_others(operation, stream, last),
        ),
        usage=usage,
        missing=missing,
        document=last,
    )


def _finals(stream: Stream, data: Json, reply: Reply) -> tuple[Picture, ...]:
    """Return the images of a completed event, which holds one image or a list of them."""
    if not stream.images:
        return (_picture(stream.image.search(data), reply),)
    texts = first_match(stream.images, data)
    return tuple(_picture(text, reply) for text in texts) if isinstance(texts, list) else ()


def _picture(text: Json, reply: Reply) -> Picture:
    if not isinstance(text, str):
        return _no_image("", "the event holds no image")
    return reply.pictures.get(text) or _from_text(text)


def _usage(paths: UsagePaths | None, document: Json) -> Usage | None:
    """Return what the reply counts, or None where it counts nothing."""
    if paths is None:
        return None
    found = {name: path.search(document) for name, path in paths.places.items()}
    seconds = read_amount(found.pop("seconds", None))
    counted = {name: _count(content) for name, content in found.items()}
    counts = {name: each for name, each in counted.items() if each is not None}
    if not counts and seconds is None:
        return None
    return Usage(
        input=counts.pop("input", None),
        output=counts.pop("output", None),
        total=counts.pop("total", None),
        kinds=counts,
        seconds=seconds,
        input_parts=_counts(paths.input_parts.search(document) if paths.input_parts else None),
        output_parts=_counts(paths.output_parts.search(document) if paths.output_parts else None),
    )


def missing_fields(fields: tuple[Field_, ...], document: Json) -> tuple[str, ...]:
    """Return the documented fields that a reply lacks, or holds with another type, as its keys."""
    return tuple(
        where((field.path,))
        for field in fields
        if field.status == "documented" and not _present(field, document)
    )


def _present(field: Field_, document: Json) -> bool:
    content = field.path.search(document)
    match field.type:
        case "string":
            return isinstance(content, str) and bool(content)
        case "integer":
            return isinstance(content, int) and not isinstance(content, bool)
        case "array":
            return isinstance(content, list)
        case "object":
            return isinstance(content, dict)
        case "strings":
            texts = content if isinstance(content, list) else []
            return bool(texts) and all(isinstance(text, str) and text for text in texts)


def _word(paths: Paths, document: Json) -> str | None:
    word = first_match(paths, document)
    return word if isinstance(word, str) and word else None


def _said(paths: Paths, documents: Sequence[Json]) -> str | None:
    """Return the word of the first document that has one."""
    words = (_word(paths, document) for document in documents)
    return next((word for word in words if word is not None), None)


def no_price(content: Json) -> str | None:
    """Return what a reply says it charged, in its own words, where that is no price.

    None for a price, and where nothing is said.
    """
    if content is None or content == "" or read_amount(content) is not None:
        return None
    return repr(str(pruned(content)))


def pruned(content: Json) -> Json:
    """Return a value short enough to be quoted."""
    if isinstance(content, str):
        return content[:QUOTED]
    if isinstance(content, int) and abs(content) > COUNT_AT_MOST:
        return "a number of very many digits"
    return content if isinstance(content, int | float) else f"a {type(content).__name__}"


def _count(number: Json) -> int | None:
    """Read a count of tokens; what no reply can count is none."""
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    if not -COUNT_AT_MOST <= number <= COUNT_AT_MOST or number != int(number):
        return None
    return int(number)


def _counts(numbers: Json) -> tuple[int, ...]:
    counts = map(_count, numbers if isinstance(numbers, list) else [])
    return tuple(count for count in counts if count is not None)


DOWNLOAD_S = 120.0
IMAGES_AT_MOST = 64
"""Several times what can be ordered: a reply that names thousands is not fetched to its end."""
ABOUT_THE_CLIENT = frozenset((401, 403, 407, 408))
"""Answers to a download that are about who sends, from where or how slowly, not the image."""


NOT_YET = frozenset((403, 404, 425))
"""Answers to the download of a result that may be there a moment later: object stores answer 403 or
404 until all of their copies have it."""


def collect(
    operation: Operation, reply: Reply, *, job: str | None, polled: Reply | None = None
) -> Wire:
    """Fetch the images that a reply names and return them with all that the reply declares.

    What it does not say may stand in the reply of the job's last poll (`polled`): what was charged,
    what was counted, which model it was.

    One that is not there yet is asked for again for some seconds; once one has stayed away so long,
    the others have had the same time.
    """
    pictures: list[Picture] = []
    waited = False
    for text in image_texts(operation.reply, reply.document)[:IMAGES_AT_MOST]:
        if text in reply.pictures:
            pictures.append(reply.pictures[text])
        elif text.startswith(("http://", "https://")):
            request = Request(method="GET", target=text, timeout_s=DOWNLOAD_S)
            pauses_s = () if waited else MISSING_PAUSES_S
            answer = yield from send_until_there(request, "download", pauses_s)
            waited |= isinstance(answer, Reply) and answer.status in NOT_YET
            picture = _fetched(text, answer)
            if isinstance(picture, Fault):
                return replace(picture, job=job)
            pictures.append(picture)
        else:
            pictures.append(_from_text(text))
    documents = (reply.document,) if polled is None else (reply.document, polled.document)
    return _images(operation, documents, tuple(pictures), job)


def send_until_there(
    request: Request, step: Step, pauses_s: tuple[float, ...] = MISSING_PAUSES_S
) -> Talk[Answer]:
    """Ask for a result until it is there, with these pauses between; return the last answer."""
    answer = yield from send_until_answered(request, step)
    for pause_s in pauses_s:
        if isinstance(answer, Failure) or answer.status not in NOT_YET:
            break
        yield Pause(seconds=pause_s)
        answer = yield from send_until_answered(request, step)
    return answer


def _fetched(address: str, answer: Answer) -> Picture | Fault:
    """Read a download; a fault where the network failed, a broken picture where it is none."""
    if isinstance(answer, Failure):
        if answer.kind == "not_on_tape":
            return _no_image(address, f"its download was not recorded: {address}", "absent")
        return fault_of(answer, paid=True)
    if answer.status >= SERVER or answer.status in ABOUT_THE_CLIENT:
        return Fault(
            error_class=by_status(answer.status),
            why=f"{address} answered HTTP {answer.status}",
            may_be_paid=True,
            status=answer.status,
        )
    if answer.status != OK:
        return _no_image(address, f"{address} answered HTTP {answer.status}")
    whole = answer.pictures.get(answer.document) if isinstance(answer.document, str) else None
    if whole is None:
        return _no_image(address, f"{address} holds no image")
    return replace(whole, media_type=media_type(answer))


def media_type(reply: Reply) -> str:
    """Return what a reply's Content-Type says that its body is: lower case, no parameters."""
    return (reply.header("content-type") or "").partition(";")[0].strip().lower()
