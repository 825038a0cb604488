"""What a TOML does not describe: images that lie where it does not read. A gap convicts nobody."""

import re
from collections.abc import Iterator

from harness.checks.check import CheckInput
from harness.core.exchange import Reply
from harness.core.jsonvalue import Json
from harness.spec.provider import Operation
from harness.wire.errors import OK, REDIRECT
from harness.wire.images import image_texts

_STEPS = ("submit", "poll", "result")
_ADDRESS = re.compile(r"https?://[^\s\"<>]+", re.IGNORECASE)
_A_FILE = re.compile(r"\.(png|jpe?g|webp|gif|avif)([?#]|$)", re.IGNORECASE)
_HOLDS_IMAGES = re.compile(
    r"image|output|result|artifact|sample|picture|photo|media", re.IGNORECASE
)


def unread_image(subject: CheckInput) -> str:
    """Say where a reply holds an image that the TOML does not read; empty where it holds none.

    An address counts that ends like an image's, or stands under a name such as `output`; those at
    which a job is polled, fetched or cancelled do not.
    """
    reply = _last(subject)
    if reply is None:
        return ""
    shape, document = subject.operation.reply, reply.document
    known = {*image_texts(shape, document), *_of_the_job(subject.operation, subject)}
    for place, text in _texts(document, ""):
        if text not in known and (text in reply.pictures or _may_be_image(place, text)):
            read = " or ".join(path.text for path in shape.images)
            return f"not judged: the TOML reads images at {read}; this reply holds one at {place}"
    return ""


def _last(subject: CheckInput) -> Reply | None:
    """Return the reply that the images were looked for in."""
    answers = (
        exchange.answer
        for exchange in reversed(subject.record.exchanges)
        if exchange.step in _STEPS
    )
    replies = (answer for answer in answers if isinstance(answer, Reply))
    found = (reply for reply in replies if OK <= reply.status < REDIRECT)
    return next((reply for reply in found if isinstance(reply.document, dict | list)), None)


def _of_the_job(operation: Operation, subject: CheckInput) -> Iterator[str]:
    job = operation.job
    for exchange in subject.record.exchanges if job is not None else ():
        if job is None or not isinstance(exchange.answer, Reply):
            continue
        for path in (*job.poll_url, *job.result_url, *job.cancel_url):
            address = path.search(exchange.answer.document)
            if isinstance(address, str):
                yield address


def _texts(content: Json, place: str) -> Iterator[tuple[str, str]]:
    match content:
        case str():
            yield place, content
        case dict():
            for key, inner in content.items():
                yield from _texts(inner, f"{place}.{key}" if place else key)
        case list():
            for at, inner in enumerate(content):
                yield from _texts(inner, f"{place}[{at}]")
        case _:
            return


def _may_be_image(place: str, text: str) -> bool:
    if not _ADDRESS.fullmatch(text):
        return False
    return bool(_A_FILE.search(text) or _HOLDS_IMAGES.search(place))
