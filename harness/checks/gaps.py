"""Gaps that convict nobody: images that lie where a TOML does not read, what a recording lacks."""

from collections.abc import Iterator

from harness.checks.check import CheckInput
from harness.core.elided import holds_filtered
from harness.core.exchange import Reply
from harness.core.outcome import Images
from harness.spec.reply_places import where
from harness.wire.errors import OK, REDIRECT
from harness.wire.images import image_texts
from harness.wire.places import addresses_of_job, places_of_addresses, places_of_images

_STEPS = ("submit", "poll", "result")


def unread_image(subject: CheckInput) -> str:
    """Say where a reply holds an image that the TOML does not read; empty where it holds none.

    The addresses at which a job is polled, fetched or cancelled are none.
    """
    reply = _last(subject)
    if reply is None:
        return ""
    shape = subject.operation.reply
    known = {*image_texts(shape, reply.document), *_of_the_job(subject)}
    places = places_of_images(reply, besides=known, listed=False)
    if not places:
        return ""
    read = where(shape.images)
    return f"not judged: the TOML reads images at {read}; this reply holds one at {places[0]}"


def unread_result(subject: CheckInput) -> str:
    """Say where a job that is done names a further address of itself; empty where it names none.

    Its images may lie behind that address, and the TOML does not read it.
    """
    reply, job, served = _last(subject), subject.operation.job, subject.served
    if reply is None or job is None or served is None or served.pictures or not served.job:
        return ""
    if job.result_url or job.result_path:
        return ""
    known = frozenset(_of_the_job(subject))
    places = places_of_addresses(reply, about=served.job, besides=known)
    if not places:
        return ""
    return (
        f"not judged: the job is done, and its reply names an address of it at {places[0]}, which "
        f'the TOML does not read: is it job.result_url = ["{places[0]}"]?'
    )


def left_out(subject: CheckInput, served: Images) -> tuple[str, ...]:
    """Return the missing fields in whose place a recording of others holds a mark, or null.

    A count or an object that was taken out is often null; a text is not.
    """
    evidence, shape = subject.record.evidence, subject.operation.reply
    if evidence.kind != "recorded" or evidence.emulated:
        return ()
    stream = subject.operation.stream
    found = {where([field.path]): field.path.search(served.document) for field in shape.fields}
    if stream is not None and isinstance(served.document, dict):
        found.setdefault("usage", served.document.get("usage", ""))
    nulled = _nulled(served)
    return tuple(
        name
        for name in served.missing
        if name in found and (holds_filtered(found[name]) or name in nulled)
    )


def _nulled(served: Images) -> frozenset[str]:
    """Return the fields at the top of a reply that are there and null."""
    document = served.document if isinstance(served.document, dict) else {}
    return frozenset(name for name in ("usage",) if name in document and document[name] is None)


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


def _of_the_job(subject: CheckInput) -> Iterator[str]:
    job = subject.operation.job
    for exchange in subject.record.exchanges:
        if job is not None and isinstance(exchange.answer, Reply):
            yield from addresses_of_job(job, exchange.answer)
