"""A served reply as images: where they are, what is declared, counted and charged."""

import math
import re
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from harness.core.exchange import Failure, Picture, Reply, Request
from harness.core.jsonvalue import Json
from harness.core.outcome import Declared, Fault, Images, Usage
from harness.spec.expressions import Paths, first_match
from harness.spec.lifecycle import Field_, ReplyShape, Stream, UsagePaths
from harness.spec.provider import Operation
from harness.wire.errors import OK, SERVER, by_status, fault_of
from harness.wire.retry import Talk, Wire, send_until_answered

ELIDED = re.compile(r"\s*<.*>\s*", re.DOTALL)
"""What recordings put in place of bytes they left out; base64 never starts so."""


def image_texts(shape: ReplyShape, document: Json) -> tuple[str, ...]:
    """Return what stands at the images' places: marks, addresses, or what is neither."""
    for path in shape.images:
        found = path.search(document)
        if isinstance(found, list):
            texts = tuple(item for item in found if isinstance(item, str) and item)
            if texts:
                return texts
    return ()


def no_picture(text: str) -> Picture:
    """Return the picture for a text that is neither an image nor an address."""
    if ELIDED.fullmatch(text):
        return _without(text, state_absent=True, why=f"the recording holds {text.strip()[:100]}")
    return _without(text, state_absent=False, why=f"no base64 of an image: {text[:60]!r}")


def unfetched(address: str, why: str) -> Picture:
    """Return the picture for an address that did not yield an image."""
    return _without(address, state_absent=False, why=why)


def not_recorded(address: str) -> Picture:
    """Return the picture for an address whose download was not recorded."""
    return _without(address, state_absent=True, why=f"its download was not recorded: {address}")


def _without(text: str, *, state_absent: bool, why: str) -> Picture:
    return Picture(
        digest="",
        format="unknown",
        size_bytes=len(text),
        state="absent" if state_absent else "undecodable",
        why=why,
    )


def read_images(
    shape: ReplyShape, reply: Reply, pictures: tuple[Picture, ...], *, job: str | None = None
) -> Images:
    """Return the outcome of a reply whose images are in hand."""
    document = reply.document
    return Images(
        pictures=pictures,
        declared=Declared(
            model=_word(shape.model, document),
            size=_word(shape.size, document),
            quality=_word(shape.quality, document),
            output_format=_word(shape.output_format, document),
        ),
        usage=read_usage(shape.usage, document),
        charged=charged_amount(first_match(shape.charged, document)),
        missing=missing_fields(shape.fields, document),
        document=document,
        job=job,
    )


def read_streamed(stream: Stream, reply: Reply) -> Images:
    """Return the outcome of a stream of events; a missing completion is a missing field."""
    finals = [event for event in reply.events if event.name == stream.completed]
    partials = [event for event in reply.events if event.name == stream.partial]
    last = finals[-1].data if finals else None
    counted = read_usage(stream.usage, last)
    lacking = () if finals else (f"event {stream.completed}",)
    if finals and stream.usage is not None and counted is None:
        lacking = ("usage",)
    return Images(
        pictures=tuple(final for event in finals for final in _finals(stream, event.data, reply)),
        partials=tuple(_picture(stream.image.search(event.data), reply) for event in partials),
        declared=Declared(
            size=_word(stream.size, last),
            quality=_word(stream.quality, last),
            output_format=_word(stream.output_format, last),
        ),
        usage=counted,
        missing=lacking,
        document=last,
    )


def _finals(stream: Stream, data: Json, reply: Reply) -> tuple[Picture, ...]:
    """Return the images of a completed event: one in its own place, or a list of them."""
    if not stream.images:
        return (_picture(stream.image.search(data), reply),)
    found = first_match(stream.images, data)
    return tuple(_picture(text, reply) for text in found) if isinstance(found, list) else ()


def _picture(text: Json, reply: Reply) -> Picture:
    if not isinstance(text, str):
        return unfetched("", "the event holds no image")
    return reply.pictures.get(text) or no_picture(text)


def read_usage(paths: UsagePaths | None, document: Json) -> Usage | None:
    """Return the token counts, or None where the reply counts nothing."""
    if paths is None:
        return None
    whole = [_count(path.search(document)) for path in (paths.input, paths.output, paths.total)]
    if all(count is None for count in whole):
        return None
    return Usage(
        input=whole[0],
        output=whole[1],
        total=whole[2],
        input_parts=_counts(paths.input_parts.search(document) if paths.input_parts else None),
        output_parts=_counts(paths.output_parts.search(document) if paths.output_parts else None),
    )


def missing_fields(fields: tuple[Field_, ...], document: Json) -> tuple[str, ...]:
    """Return the documented fields that a reply lacks, or holds with another type."""
    return tuple(
        field.path.text
        for field in fields
        if field.status == "documented" and not _present(field, document)
    )


def _present(field: Field_, document: Json) -> bool:
    found = field.path.search(document)
    match field.type:
        case "string":
            return isinstance(found, str) and bool(found)
        case "integer":
            return isinstance(found, int) and not isinstance(found, bool)
        case "array":
            return isinstance(found, list)
        case "object":
            return isinstance(found, dict)
        case "strings":
            items = found if isinstance(found, list) else []
            return bool(items) and all(isinstance(item, str) and item for item in items)


def _word(paths: Paths, document: Json) -> str | None:
    found = first_match(paths, document)
    return found if isinstance(found, str) and found else None


def charged_amount(value: Json) -> Decimal | None:
    """Read a price as a reply may write it, as a number or as text; None where it is neither."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _count(value: Json) -> int | None:
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _counts(value: Json) -> tuple[int, ...]:
    found = [_count(item) for item in value] if isinstance(value, list) else []
    return tuple(item for item in found if item is not None)


DOWNLOAD_S = 120.0
IMAGES_AT_MOST = 64
"""Several times what can be asked for: a reply that names thousands is not fetched to its end."""
ABOUT_THE_ASKER = frozenset((401, 403, 407, 408))
"""Answers to a download that are about who asks, from where or how slowly, not about the image."""


def collect(operation: Operation, reply: Reply, *, job: str | None) -> Wire:
    """Fetch the images that a reply names and return them with all that the reply declares."""
    pictures: list[Picture] = []
    for text in image_texts(operation.reply, reply.document)[:IMAGES_AT_MOST]:
        if text in reply.pictures:
            pictures.append(reply.pictures[text])
        elif text.startswith(("http://", "https://")):
            picture = yield from _fetch(text)
            if isinstance(picture, Fault):
                return replace(picture, job=job)
            pictures.append(picture)
        else:
            pictures.append(no_picture(text))
    return read_images(operation.reply, reply, tuple(pictures), job=job)


def _fetch(address: str) -> Talk[Picture | Fault]:
    """Download one image; a fault where the network failed, a broken picture where it is none."""
    request = Request(method="GET", target=address, timeout_s=DOWNLOAD_S)
    answer = yield from send_until_answered(request, "download")
    if isinstance(answer, Failure):
        if answer.kind == "not_on_tape":
            return not_recorded(address)
        return fault_of(answer, paid=True)
    if answer.status >= SERVER or answer.status in ABOUT_THE_ASKER:
        return Fault(
            error_class=by_status(answer.status),
            why=f"{address} answered HTTP {answer.status}",
            may_be_paid=True,
            status=answer.status,
        )
    if answer.status != OK:
        return unfetched(address, f"{address} answered HTTP {answer.status}")
    whole = answer.pictures.get(answer.document) if isinstance(answer.document, str) else None
    return whole or unfetched(address, f"{address} holds no image")
