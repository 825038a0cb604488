"""The images of a served reply: fetched where the documents say, and where else the reply says.

What was paid for is collected. An image that stands elsewhere is taken and told (`found_at`); of
several, each is fetched, whatever became of the others. Downloads never carry the key to another
host: an absolute address is asked without it, and so is a path of the provider's own.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin, urlsplit

from harness.core.elided import stands_for_an_image
from harness.core.exchange import Failure, Picture, Reply, Request, Step
from harness.core.jsonvalue import Json, texts
from harness.core.outcome import Declared, ErrorClass, Fault, Images
from harness.spec.expressions import Paths, first_match
from harness.spec.lifecycle import Stream
from harness.spec.provider import Operation
from harness.spec.reply_places import where
from harness.wire.errors import OK, REDIRECT, SERVER, by_status, fault_of
from harness.wire.images import (
    declared_others,
    from_text,
    image_texts,
    no_image,
    read_images,
    usage_of,
    word_at,
)
from harness.wire.places import ADDRESS, Elsewhere, images_elsewhere, is_address
from harness.wire.retry import (
    MISSING_PAUSES_S,
    Answer,
    Pause,
    Talk,
    Wire,
    send_until_answered,
)

DOWNLOAD_S = 120.0

IMAGES_AT_MOST = 64
"""Several times what can be ordered: a reply that names thousands is not fetched to its end."""

NOT_YET = frozenset((202, 403, 404, 409, 425))
"""Answers to the download of a result that may be there a moment later: object stores answer 403 or
404 until all of their copies have it."""

TURNED_AWAY = frozenset((401, 403))
"""Answers to a download that say nothing of the key, which it does not carry."""

ABOUT_THE_LINE = frozenset((407, 408))
"""Answers to a download that are about the way to it, not the image."""

GONE = frozenset((404, 410))
"""Answers that say that nothing is there; to the end, the provider's own words for its image."""

NOT_OBTAINABLE = "paid, not obtainable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a reply came from: `target` is that of its request, absolute or a path.

    `besides` are texts of the request, and addresses of its job: where a reply repeats them, they
    are no results. `digests` are those of the images that were sent.
    """

    target: str
    besides: frozenset[str] = frozenset()
    digests: frozenset[str] = frozenset()

    @classmethod
    def of(cls, request: Request, *, target: str = "", besides: Iterable[str] = ()) -> "Origin":
        """Return the origin of a reply to a submission, or to what followed it at `target`."""
        parts = request.form or ()
        named = (*texts(request.body), *(part.value for part in parts if part.value))
        return cls(
            target=target or request.target,
            besides=frozenset((*named, *besides)),
            digests=frozenset(part.digest for part in parts if part.digest),
        )

    def resolved(self, address: str) -> str:
        """Return an address of the reply as a target: absolute, or a path of the provider's.

        One that names a host is left as it is written.
        """
        address = address.strip()
        if ADDRESS.fullmatch(address):
            return address
        return urljoin(self.target, address)


Fetched = Picture | Fault


def collect(
    operation: Operation,
    reply: Reply,
    *,
    origin: Origin,
    job: str | None,
    polled: Reply | None = None,
) -> Wire:
    """Fetch the images that a reply names and return them with all that the reply declares.

    What it does not say may stand in the reply of the job's last poll (`polled`): what was charged,
    what was counted, which model it was. Where the documented place is empty, images are taken from
    elsewhere in the reply.

    One that is not there yet is asked for again for some seconds; once one has stayed away so long,
    the others have had the same time.
    """
    shape = operation.reply
    fetching = _Fetching(reply=reply, origin=origin, documented=shape.images)
    listed = image_texts(shape, reply.document)
    if any(map(fetching.is_usable, listed)):
        found = yield from fetching.fetched(listed)
    else:
        found = yield from fetching.elsewhere(reply.document, empty=not listed)
        found = found or [from_text(text) for text in listed]
    documents = (reply.document,) if polled is None else (reply.document, polled.document)
    return _outcome(found, fetching.told(read_images(operation, documents, (), job)))


def collect_streamed(operation: Operation, stream: Stream, reply: Reply, *, origin: Origin) -> Wire:
    """Fetch the images of a stream of events; a missing completion is a missing field.

    Where no completed event holds an image, one of another event is taken, but never a partial.
    """
    finals = [event for event in reply.events if event.name == stream.completed]
    others = [event for event in reply.events if _may_hold_a_result(stream, event.name)]
    documented = stream.images or (stream.image,)
    fetching = _Fetching(reply=reply, origin=origin, documented=documented)
    found: list[Fetched] = []
    for event in finals:
        listed = _final_texts(stream, event.data)
        if any(map(fetching.is_usable, listed)):
            found += yield from fetching.fetched(listed)
        else:
            found += yield from fetching.elsewhere(event.data, empty=not listed)
    for event in () if found else others:
        found += yield from fetching.elsewhere(event.data, event=event.name)
    if not found:
        found += [each for event in finals for each in _without_image(stream, event.data)]
    return _outcome(found, fetching.told(_read_stream(operation, stream, reply)))


def _read_stream(operation: Operation, stream: Stream, reply: Reply) -> Images:
    """Return what a stream declares and counts, and its partial images."""
    finals = [event for event in reply.events if event.name == stream.completed]
    partials = [event for event in reply.events if event.name == stream.partial]
    last = finals[-1].data if finals else None
    usage = usage_of(stream.usage, last)
    missing = () if finals else (f"event {stream.completed}",)
    if finals and stream.usage is not None and usage is None:
        missing = ("usage",)
    return Images(
        pictures=(),
        partials=tuple(_picture(stream.image.search(event.data), reply) for event in partials),
        declared=Declared(
            size=word_at(stream.size, last),
            quality=word_at(stream.quality, last),
            output_format=word_at(stream.output_format, last),
            others=declared_others(operation, stream, last),
        ),
        usage=usage,
        missing=missing,
        document=last,
    )


def _final_texts(stream: Stream, data: Json) -> tuple[str, ...]:
    """Return the texts at the documented place of a completed event, which may hold a list."""
    found = first_match(stream.images, data) if stream.images else stream.image.search(data)
    listed = found if isinstance(found, list) else [found]
    return tuple(text for text in listed if isinstance(text, str) and text)


def _without_image(stream: Stream, data: Json) -> tuple[Picture, ...]:
    """Return what stands in the place of images; an agent's reply may have none."""
    if not stream.images:
        return (_picture(stream.image.search(data), None),)
    return tuple(from_text(text) for text in _final_texts(stream, data))


def _picture(text: Json, reply: Reply | None) -> Picture:
    if not isinstance(text, str):
        return no_image("", "the event holds no image")
    return (reply.pictures.get(text) if reply else None) or from_text(text)


def _may_hold_a_result(stream: Stream, name: str) -> bool:
    documented = (stream.partial, stream.completed, stream.error)
    return name not in documented and not _UNFINISHED.search(name)


_UNFINISHED = re.compile(r"partial|progress|preview|delta|error|failed", re.IGNORECASE)
"""How events are named that hold no result."""


@dataclass(slots=True, kw_only=True)
class _Fetching:
    """The images of one reply on their way; `documented` is where they should stand."""

    reply: Reply
    origin: Origin
    documented: Paths
    found_at: list[str] = field(default_factory=list)
    beside: dict[str, Json] = field(default_factory=dict)
    waited: bool = False

    def is_usable(self, text: str) -> bool:
        """Tell whether a text is an image, the address of one, or stands for one left out."""
        inline = text in self.reply.pictures or stands_for_an_image(text)
        return bool(inline or is_address(text))

    def fetched(self, listed: Sequence[str]) -> Talk[list[Fetched]]:
        """Return the image of each text; a fault where the line or the address failed."""
        found: list[Fetched] = []
        for text in listed[:IMAGES_AT_MOST]:
            if text in self.reply.pictures:
                found.append(self.reply.pictures[text])
            elif is_address(text) and not stands_for_an_image(text):
                found.append((yield from self._downloaded(text)))
            else:
                found.append(from_text(text))
        return found

    def elsewhere(
        self, document: Json, *, event: str = "", empty: bool = True
    ) -> Talk[list[Fetched]]:
        """Return the images of a document, wherever they stand; none that turns out to be none."""
        found: list[Fetched] = []
        for one in self._candidates(document):
            (image,) = yield from self.fetched([one.text])
            if isinstance(image, Fault) or (image.state == "undecodable" and not image.digest):
                continue
            found.append(image)
            self.beside = self.beside or one.beside
            lacking = "is empty" if empty else "holds no image"
            place = one.place or "the body itself"
            of_event = f" of the event {event}" if event else ""
            self.found_at.append(
                f"{where(self.documented)} {lacking}; the image is at {place}{of_event}"
            )
        return found

    def _candidates(self, document: Json) -> list[Elsewhere]:
        found = images_elsewhere(document, self.reply.pictures, besides=self.origin.besides)
        sent = self.origin.digests
        marks = {text for text, one in self.reply.pictures.items() if one.digest in sent}
        return [one for one in found if one.text not in marks][:ELSEWHERE_AT_MOST]

    def told(self, images: Images) -> Images:
        """Return what a reply tells, with where its images were and what stood beside them."""
        declared = replace(
            images.declared,
            size=images.declared.size or self._beside("size"),
            quality=images.declared.quality or self._beside("quality"),
            output_format=images.declared.output_format or self._beside("output_format"),
        )
        return replace(images, declared=declared, found_at=tuple(dict.fromkeys(self.found_at)))

    def _beside(self, name: str) -> str | None:
        word = self.beside.get(name)
        return word if isinstance(word, str) and word else None

    def _downloaded(self, text: str) -> Talk[Fetched]:
        target = self.origin.resolved(text)
        own_path = target.startswith("/") and not target.startswith("//")
        request = Request(
            method="GET",
            target=target,
            timeout_s=DOWNLOAD_S,
            credential="none" if own_path else "own",
        )
        pauses_s = () if self.waited else MISSING_PAUSES_S
        answer = yield from send_until_there(request, "download", pauses_s)
        self.waited |= isinstance(answer, Reply) and answer.status in NOT_YET
        return _read_download(text, answer)


ELSEWHERE_AT_MOST = 16
"""Images that are taken from where no document shows them."""


def _outcome(found: Sequence[Fetched], images: Images) -> Images | Fault:
    """Return the images with what is missing of them, or the fault that kept all of them away.

    A job whose images can be fetched later is a fault as a whole: it can be picked up.
    """
    faults = [one for one in found if isinstance(one, Fault)]
    pictures = tuple(
        no_image("", one.why, "absent") if isinstance(one, Fault) else one for one in found
    )
    here = [one for one in pictures if one.state != "absent"]
    passing = [fault for fault in faults if not fault.why.endswith(NOT_OBTAINABLE)]
    if not faults or (here and not (passing and images.job)):
        return replace(images, pictures=pictures)
    first = (passing or faults)[0]
    more = f"; {len(here)} of {len(found)} images are here" if here else ""
    return replace(first, why=f"{first.why}{more}", job=images.job)


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


def _read_download(address: str, answer: Answer) -> Fetched:
    """Read a download: an image, a broken one where it is none, a fault where the way failed."""
    if isinstance(answer, Failure):
        if answer.kind == "not_on_tape":
            return no_image(address, f"its download was not recorded: {address}", "absent")
        return fault_of(answer, paid=True)
    status, host = answer.status, urlsplit(address.strip()).hostname or "the provider"
    answered = f"{host} answered HTTP {status} for an image that was paid for"
    if status in TURNED_AWAY:
        return _lost(f"{answered}: {NOT_OBTAINABLE}", "not_found", status)
    if status >= SERVER or status in ABOUT_THE_LINE:
        return _lost(answered, by_status(status), status)
    if status in GONE:
        return no_image(address, f"{answered}: {NOT_OBTAINABLE}")
    whole = answer.pictures.get(answer.document) if isinstance(answer.document, str) else None
    if not OK <= status < REDIRECT:
        return no_image(address, answered)
    if whole is None:
        return no_image(address, f"{address} holds no image")
    return replace(whole, media_type=media_type(answer))


def _lost(why: str, error_class: ErrorClass, status: int) -> Fault:
    return Fault(error_class=error_class, why=why, may_be_paid=True, status=status)


def media_type(reply: Reply) -> str:
    """Return what a reply's Content-Type says that its body is: lower case, no parameters."""
    return (reply.header("content-type") or "").partition(";")[0].strip().lower()
