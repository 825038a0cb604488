"""The images that a reply names: in it, or behind addresses that are downloaded."""

from dataclasses import replace

from harness.core.exchange import Failure, Picture, Reply, Request
from harness.core.outcome import Fault
from harness.spec.provider import Operation
from harness.wire.errors import OK, SERVER, by_status, fault_of
from harness.wire.images import image_texts, no_picture, not_recorded, read_images, unfetched
from harness.wire.retry import send_until_answered
from harness.wire.steps import Talk, Wire

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
