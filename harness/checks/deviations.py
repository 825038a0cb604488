"""What a served reply says of itself that its images do not bear out, and what is odd about them.

No document promises the opposite of most of it: it is told, and convicts nobody.
"""

import re
from collections.abc import Collection, Iterable, Iterator

from harness.checks.check import (
    Assertion,
    CheckInput,
    CheckResult,
    Reproduced,
    check,
    failed,
    passed,
    unclear,
)
from harness.checks.naming import media_format
from harness.core.exchange import Picture, Reply
from harness.core.jsonvalue import Json, texts
from harness.core.outcome import Images
from harness.core.record import Record
from harness.spec import price
from harness.spec.expressions import Paths, first_match
from harness.spec.reply_places import places_read
from harness.wire.errors import OK, REDIRECT
from harness.wire.images import image_texts
from harness.wire.places import (
    ADDRESS,
    Steps,
    addresses_of_job,
    expression,
    is_address,
    places_of_images,
    values,
)

_SAME_FORMAT = {"apng": "png", "x-png": "png", "pjpeg": "jpeg", "heic": "heif", "svg+xml": "svg"}
"""Other names of formats, in media types and of decoders."""

_COUNTS = frozenset(
    ("n", "count", "imagecount", "imagescount", "numimages", "numberofimages", "totalimages")
)
"""Names, without underscores, under which a reply says how many images it holds."""

_OF_THE_REQUEST = frozenset(("usage", "input", "inputs", "request", "parameters", "params", "meta"))
"""Objects of a reply that repeat the request or count something else."""

_STATES = frozenset(("status", "state"))
_UNFINISHED = frozenset(
    (
        *("generating", "inprogress", "processing", "queued", "inqueue", "pending", "running"),
        *("starting", "started", "submitted", "created", "waiting", "incomplete"),
    )
)
"""States, without spaces and underscores, of work that is not done."""

_BASE64_PLACE = re.compile(r"b64|base64", re.IGNORECASE)
_DEEPEST = 4
_BITS = 8
_TURNED = {
    2: "mirrored",
    3: "turned by 180 degrees",
    4: "upside down and mirrored",
    5: "turned by 270 degrees and mirrored",
    6: "turned by 90 degrees",
    7: "turned by 90 degrees and mirrored",
    8: "turned by 270 degrees",
}
"""What EXIF's orientations stand for, clockwise."""


def _repeated_lines(_: Reproduced) -> tuple[str, ...]:
    return ("assert len({*images}) == len(images)",)


@check(rank=65, assertion=Assertion(lines=_repeated_lines), usability=True, of_parameters=True)
def images_are_different(subject: CheckInput) -> tuple[CheckResult, ...]:
    """Several images that were asked for are several: no two of them have the same bytes.

    Where the same image was served to another request, too, nothing follows: who draws one picture
    whatever is asked is no model, and may be a server for tests, or a cleaned recording.
    """
    served = subject.served
    decoded = [one for one in served.pictures if one.state == "decoded"] if served else []
    if len(decoded) < 2:  # noqa: PLR2004 - a pair
        return ()
    about = subject.about("n", "range", "one_of")
    first: dict[str, int] = {}
    repeated = [
        (number, first[picture.digest])
        for number, picture in enumerate(decoded, 1)
        if first.setdefault(picture.digest, number) != number
    ]
    if not repeated:
        return passed(f"{len(decoded)} different images", about)
    pairs = ", ".join(f"image {number} is image {earlier}" for number, earlier in repeated)
    why = f"{pairs} again, byte for byte: {len(first)} of {len(decoded)} images"
    if first.keys() & subject.sent_to_others:
        return unclear(f"{why}; another request was served with it, too", about)
    asked = price.images_asked(subject.operation, subject.arguments)
    return failed(why, about) if asked > len(first) else unclear(why, about)


def may_be_repeated(record: Record) -> frozenset[str]:
    """Return the digests of the images of a reply that holds one twice; of no other reply."""
    outcome = record.outcome
    digests = [
        picture.digest
        for picture in (outcome.pictures if isinstance(outcome, Images) else ())
        if picture.state == "decoded"
    ]
    return frozenset(digests) if len({*digests}) < len(digests) else frozenset()


def images_of_several(records: Iterable[Record], digests: Collection[str]) -> frozenset[str]:
    """Return those of some digests with whose images several requests of a provider were served."""
    first: dict[tuple[str, str], str] = {}
    several: set[str] = set()
    for record in records:
        case, outcome = record.shot.case, record.outcome
        for picture in outcome.pictures if isinstance(outcome, Images) else ():
            if picture.state != "decoded" or picture.digest not in digests:
                continue
            if first.setdefault((case.provider, picture.digest), case.id) != case.id:
                several.add(picture.digest)
    return frozenset(several)


@check(rank=82)
def media_types_name_the_format(subject: CheckInput) -> tuple[CheckResult, ...]:
    """The media type of a download, or of a data URL, is that of the bytes; else it is told."""
    wrong = [
        (picture.media_type, picture.format)
        for picture in _decoded(subject)
        if picture.media_type.startswith("image/") and not picture.media_type.endswith("*")
        if _format(picture.media_type) != _format(picture.format)
    ]
    if not wrong:
        return ()
    told = ", ".join(f"{format_} bytes under {type_}" for type_, format_ in dict.fromkeys(wrong))
    return unclear(told, subject.about("output_format", "one_of"))


def _format(name: str) -> str:
    lowered = media_format(name).removesuffix("-sequence")
    return _SAME_FORMAT.get(lowered, lowered)


@check(rank=84)
def base64_is_plain(subject: CheckInput) -> tuple[CheckResult, ...]:
    """An image as base64 is plain base64, which every decoder reads; else it is told.

    `base64 --decode` reads lines, and neither a `data:` prefix nor the URL-safe alphabet.
    """
    served = subject.served
    if served is None:
        return ()
    paths = [*(path.text for path in subject.operation.reply.images)]
    if subject.operation.stream is not None:
        paths += [path.text for path in subject.operation.stream.images]
        paths.append(subject.operation.stream.image.text)
    of_base64 = any(map(_BASE64_PLACE.search, paths)) or subject.operation.protocol == "responses"
    ways = [way for picture in served.pictures for way in picture.encoding.split(", ") if way]
    odd = [way for way in dict.fromkeys(ways) if way != "data URL" or of_base64]
    if not odd:
        return ()
    unreadable = [way for way in odd if way != "line breaks"]
    said = f"the base64 of an image is not plain: {', '.join(odd)}"
    if unreadable:
        said += "; `base64 --decode` does not read it"
    return unclear(said)


@check(rank=86)
def images_are_still_and_of_8_bits(subject: CheckInput) -> tuple[CheckResult, ...]:
    """An image is still, upright, of 8 bits a channel, in RGB or grey; what is not is told."""
    told = dict.fromkeys(word for picture in _decoded(subject) for word in _odd(picture))
    return unclear(", ".join(told)) if told else ()


def _odd(picture: Picture) -> Iterator[str]:
    if picture.frames is not None and picture.frames > 1:
        yield f"an animated {picture.format} of {picture.frames} frames"
    if picture.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        yield f"a {picture.format} in {picture.mode}, not RGB"
    if picture.bit_depth is not None and picture.bit_depth > _BITS:
        yield f"a {picture.format} of {picture.bit_depth} bits a channel"
    if picture.orientation in _TURNED:
        turned = _TURNED[picture.orientation]
        shown = f"{picture.width_px}x{picture.height_px}"
        yield f"a {picture.format} that EXIF says to show {turned}, at {shown}"


@check(rank=66)
def counts_in_a_reply_are_right(subject: CheckInput) -> tuple[CheckResult, ...]:
    """Where a reply says how many images it holds, it holds so many; else it is told."""
    served = subject.served
    if served is None or served.missing:
        return ()
    held = len(served.pictures)
    words = "1 image" if held == 1 else f"{held} images"
    for place, content in _places(served.document):
        whole = isinstance(content, int) and not isinstance(content, bool)
        if whole and _plain(place) in _COUNTS and content != held:
            return unclear(f"the reply says {place} {content}, and holds {words}")
    return ()


@check(rank=67)
def holds_no_further_images(subject: CheckInput) -> tuple[CheckResult, ...]:
    """All images of a reply stand where images are read; further ones are told."""
    served, reply = subject.served, _last_reply(subject)
    if served is None or not served.pictures or reply is None:
        return ()
    job = subject.operation.job
    known = {*image_texts(subject.operation.reply, reply.document)}
    known |= addresses_of_job(job, reply) if job is not None else set()
    known |= {*texts(subject.record.shot.request.body)}  # what was sent, and is said again
    places = places_of_images(reply, besides=known, listed=False) if known else ()
    if not places:
        return ()
    more = "a further image" if len(places) == 1 else f"{len(places)} or more further images"
    return unclear(f"beside the {len(served.pictures)} that are read, {more} at {places[0]}")


@check(rank=68)
def addresses_stand_as_documented(subject: CheckInput) -> tuple[CheckResult, ...]:
    """An image's address is absolute and no list where one was documented; else it is told."""
    reply = _last_reply(subject)
    if subject.served is None or reply is None:
        return ()
    shape = subject.operation.reply
    found = {text for text in image_texts(shape, reply.document) if is_address(text)}
    told: dict[str, None] = {}
    for steps, content in values((), reply.document):
        if not isinstance(content, str) or content not in found:
            continue
        place = expression(steps, general=False)
        if not ADDRESS.fullmatch(content.strip()):
            told[f"the address at {place} is relative"] = None
        if _one_was_documented(shape.images, steps):
            listed = expression(steps[:-1], general=False)
            told[f"{listed} is a list, where one address was documented"] = None
    return unclear("; ".join(told)) if told else ()


def _one_was_documented(documented: Paths, steps: Steps) -> bool:
    places = {place for path in documented for place in places_read(path)}
    place = expression(steps, general=True)
    one = place.removesuffix("[]")
    return one != place and one in places and place not in places


@check(rank=163)
def finished_images_are_called_finished(subject: CheckInput) -> tuple[CheckResult, ...]:
    """No state of unfinished work stands beside a finished image; where one does, it is told."""
    outcome, job = subject.outcome, subject.operation.job
    pending = frozenset(map(_plain, job.pending)) if job else frozenset()
    told: list[str] = []
    for reply in _with_images(subject):
        told += [
            f"{place} {content!r} beside a finished image"
            for place, content in _places(reply)
            if _plain(place) in _STATES and isinstance(content, str)
            if _plain(content) in _UNFINISHED | pending
        ]
    if not told:
        return ()
    seen = dict.fromkeys(told)
    ended = "" if outcome.kind == "images" else ", and the job never ended"
    return unclear(f"the reply says {', '.join(seen)}{ended}")


def _with_images(subject: CheckInput) -> Iterator[Json]:
    """Yield the documents that hold the finished images: replies, polls, a stream's last events."""
    shape, stream = subject.operation.reply, subject.operation.stream
    for exchange in subject.record.exchanges:
        reply = exchange.answer
        if exchange.step not in ("submit", "poll", "result") or not isinstance(reply, Reply):
            continue
        if OK <= reply.status < REDIRECT and image_texts(shape, reply.document):
            yield reply.document
        for event in reply.events:
            final = stream is not None and event.name == stream.completed
            if final and stream is not None and first_match(stream.images, event.data):
                yield event.data


def _decoded(subject: CheckInput) -> list[Picture]:
    served = subject.served
    return [one for one in served.pictures if one.state == "decoded"] if served else []


def _last_reply(subject: CheckInput) -> Reply | None:
    for exchange in reversed(subject.record.exchanges):
        reply = exchange.answer
        asked = exchange.step in ("submit", "poll", "result")
        if asked and isinstance(reply, Reply) and isinstance(reply.document, dict | list):
            return reply
    return None


def _places(document: Json, levels: int = _DEEPEST) -> Iterator[tuple[str, Json]]:
    """Yield the keys and texts of a reply, without what it repeats of the request."""
    if isinstance(document, list) and levels:
        for entry in document:
            yield from _places(entry, levels - 1)
    if isinstance(document, dict) and levels:
        for key, content in document.items():
            yield key, content
            if key.lower() not in _OF_THE_REQUEST:
                yield from _places(content, levels - 1)


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).lower()
