"""What a recording of others holds something else for: what was there is not known.

Images are absent, words that a reply declares and counts of its usage are not there: only the
claims about them go without a verdict. The same in live traffic is the provider's fault.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from harness.core.elided import holds_filtered, is_filtered, stands_for_an_image
from harness.core.exchange import Picture, Reply
from harness.core.jsonvalue import texts
from harness.core.outcome import Declared, Images, Usage
from harness.core.record import Record
from harness.spec.provider import Operation
from harness.spec.rules import edges
from harness.spec.rules.lattice import Size, text
from harness.wire.errors import OK

SMALL_PX = 64
"""Neither edge of a placeholder is longer, as a rule: no maker draws so small where more was asked.
An image of half or a quarter of what was asked is a fault, and stays one."""

LARGER = 64
"""How many times a placeholder's pixels were asked for or declared, at least."""

PLAIN_BYTES = 1_024
"""A larger one than `SMALL_PX` is a placeholder only where its file is smaller than this: one
colour. A small drawing is a thumbnail."""

HEADER_BYTES = 128
"""Bytes of a file that ends before its pixels begin."""

TOKENS = 100
"""Output tokens that no small image takes: low quality takes 196 at 1024x1024."""


def without_placeholders(record: Record, operation: Operation) -> Record:
    """Return a record of others' traffic in which no placeholder counts as what it stands for.

    A usage of zeros beside an image is none: it was taken out, too.
    """
    outcome = record.outcome
    if not isinstance(outcome, Images):
        return record
    marks = {len(text): text for text in _texts(record) if stands_for_an_image(text)}
    asked = operation.size_px(operation.given(record.shot.case.arguments))
    seen = _Seen(marks=marks, downloads=_marked_downloads(record), asked=asked, outcome=outcome)
    pictures = tuple(map(seen.judged, outcome.pictures))
    return replace(
        record,
        outcome=replace(
            outcome,
            pictures=pictures,
            partials=tuple(map(seen.judged, outcome.partials)),
            usage=None if pictures and _is_zero(outcome.usage) else _whole(outcome, operation),
            declared=_declared(outcome.declared),
        ),
    )


def _declared(declared: Declared) -> Declared:
    """Return what a reply declares of its images, without words that stand for others."""
    return Declared(
        model=_word(declared.model),
        size=_word(declared.size),
        quality=_word(declared.quality),
        output_format=_word(declared.output_format),
        others={name: word for name, word in declared.others.items() if not is_filtered(word)},
    )


def _word(text: str | None) -> str | None:
    return None if is_filtered(text) else text


def _whole(outcome: Images, operation: Operation) -> Usage | None:
    """Return a usage without the details of which some were taken out: they add up to nothing."""
    usage, stream = outcome.usage, operation.stream
    shapes = [shape for shape in (operation.reply.usage, stream and stream.usage) if shape]
    paths = [path for shape in shapes for path in (shape.input_parts, shape.output_parts) if path]
    if usage is None or not any(holds_filtered(path.search(outcome.document)) for path in paths):
        return usage
    return replace(usage, input_parts=(), output_parts=())


class _Seen:
    """What a record shows of the images that it should hold."""

    def __init__(
        self,
        *,
        marks: Mapping[int, str],
        downloads: Mapping[str, str],
        asked: Size | None,
        outcome: Images,
    ) -> None:
        self._marks = marks
        self._downloads = downloads
        self._asked = asked
        self._declared = edges(outcome.declared.size)
        usage = outcome.usage
        self._tokens = 0
        if usage is not None:
            self._tokens = (usage.output_parts or (usage.output or 0,))[0]

    def judged(self, picture: Picture) -> Picture:
        """Return a picture as it is, or as absent where it is a placeholder."""
        why = self._why(picture)
        if not why:
            return picture
        return Picture(
            digest="",
            format="unknown",
            size_bytes=picture.size_bytes,
            state="absent",
            why=f"placeholder: {why}",
        )

    def _why(self, picture: Picture) -> str:
        if picture.state == "decoded":
            return self._too_small(picture)
        if not picture.digest:
            bodies = (body for at, body in self._downloads.items() if at in picture.why)
            mark = self._marks.get(picture.size_bytes, "") or next(bodies, "")
            return f"the recording holds {_short(mark)}" if mark else ""
        if picture.state == "undecodable" and picture.size_bytes <= HEADER_BYTES:
            return f"{picture.size_bytes} bytes{self._beside()}"
        return ""

    def _too_small(self, picture: Picture) -> str:
        width, height = picture.width_px or 1, picture.height_px or 1
        wanted = self._asked or self._declared
        small = max(width, height) <= SMALL_PX
        if wanted is not None and wanted[0] * wanted[1] < LARGER * width * height:
            return ""
        if not small and (wanted is None or picture.size_bytes >= PLAIN_BYTES):
            return ""
        return f"{width}x{height} {picture.format}{self._beside()}"

    def _beside(self) -> str:
        if self._tokens >= TOKENS:
            return f" beside {self._tokens:,} image tokens"
        if self._asked is not None:
            return f" where {text(self._asked)} was asked"
        return "" if self._declared is None else f" declared as {text(self._declared)}"


def _is_zero(usage: Usage | None) -> bool:
    if usage is None:
        return False
    counts = (usage.input, usage.output, usage.total, *usage.kinds.values())
    return any(count == 0 for count in counts) and not any(counts)


_AS_TEXT = ("\x89PNG", "\xff\xd8\xff", "RIFF", "GIF8")
"""How an image begins whose bytes a recorder took for text, one letter each."""

_HEAD = 64
"""Letters of such a text in which some byte was none."""


def _marked_downloads(record: Record) -> dict[str, str]:
    """Return the paths of downloads whose body in the recording is a mark, each with it.

    Their hosts may be others in the recording than in the reply.
    """
    marked: dict[str, str] = {}
    for exchange in record.exchanges:
        reply = exchange.answer
        if exchange.step != "download" or not isinstance(reply, Reply) or reply.status != OK:
            continue
        words = reply.document if isinstance(reply.document, str) else reply.text or ""
        nothing = not words and not reply.document  # null, {}, or no body at all
        if nothing or stands_for_an_image(words):
            marked[_path(exchange.request.target)] = words or "nothing"
        elif words.startswith(_AS_TEXT) or "\ufffd" in words[:_HEAD]:
            marked[_path(exchange.request.target)] = "bytes that were decoded as text"
    return marked


def _path(target: str) -> str:
    path = urlsplit(target).path
    return path if path.strip("/") else target


def _texts(record: Record) -> Iterator[str]:
    for exchange in record.exchanges:
        if isinstance(reply := exchange.answer, Reply):
            yield from texts(reply.document)
            for event in reply.events:
                yield from texts(event.data)


def _short(mark: str) -> str:
    said = " ".join(mark.split())
    return said if len(said) <= SMALL_PX else f"{said[:SMALL_PX]}..."
