"""Where the images stand in a body that is too long to hold: one pass over its file.

It finds the images that `harness.transport.bodies.body` finds in a body in memory and writes each
to a file of its own; the reader of the body then joins the text between them. Like `decode` it is
loaded by a small process.

Quotes mark where strings begin and end as long as a text is JSON. What follows a mistake does not
matter: nothing is taken out of a text that is not JSON as a whole.
"""

import codecs
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from time import thread_time
from typing import BinaryIO, NamedTuple

from harness.transport.bodies.base64text import BEGINNING, Unpacking, begins_as_image
from harness.transport.bodies.bounds import (
    LONG_BYTES,
    SHOWN_BYTES,
    STRING,
    BoundError,
    Room,
    structure,
)
from harness.transport.bodies.decode import looks_like_image
from harness.transport.bodies.formats import HEAD_BYTES

_Utf8 = codecs.getincrementaldecoder("utf-8")

PIECE_BYTES = 256 * 1024
LEAST_BYTES = 4096
"""A shorter string is left in the text, image or not."""

_CONTROLS = bytes(range(0x20))

_ESCAPED = 6
"""Bytes of a letter that is escaped (`\\u0069`)."""


class Image(NamedTuple):
    """An image in a file of its own, and the seconds of one processor that unpacking it took.

    `encoding` and `media_type` are what its text told: see `base64text`.
    """

    path: str
    digest: str
    cpu_s: float
    encoding: str = ""
    media_type: str = ""


class Cut(NamedTuple):
    """A string that is an image or too long to hold, quotes included, as offsets into the body.

    `text` is the same for strings that are the same image, as the names of an object may be. A
    string that is only too long has no image.
    """

    start: int
    end: int
    text: str
    image: Image | None


class Scan(NamedTuple):
    """What stands in a body: it is one image (`whole`), or has some (`cuts`, in order).

    `open` says that a string never ends, so that it is no JSON; `excess` which bound it passes.
    """

    whole: Image | None = None
    cuts: tuple[Cut, ...] = ()
    open: bool = False
    excess: str = ""


def scan(body: Path, *, least: int = LEAST_BYTES, piece: int = PIECE_BYTES) -> Scan:
    """Find the images in a body, as files beside it (`<its name>.0` and so on).

    It stops where a body passes a bound, so that no body takes long. OSError where they cannot be
    written; the caller removes what was written.
    """
    with body.open("rb") as file:
        if looks_like_image(file.read(HEAD_BYTES)):
            file.seek(0)
            before = thread_time()
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return Scan(whole=Image(str(body), digest, thread_time() - before))
        file.seek(0)
        try:
            return Scan(cuts=tuple(_cuts(_Reader(file, piece), body, least)))
        except EOFError:
            return Scan(open=True)
        except BoundError as error:
            return Scan(excess=str(error))


def _cuts(reader: "_Reader", body: Path, least: int) -> Iterator[Cut]:
    room = reader.room
    number = around = 0
    while reader.past_quote():
        start = reader.offset - 1
        room.values(1)
        image, text = None, ""
        if not reader.begins_as_image() or reader.ends_within(least):
            reader.skip()
        else:
            path = Path(f"{body}.{number}")
            image, text = _unpacked(reader.inside(), path)
        if image is not None:
            room.images(1)
            number += 1
        elif reader.offset - start <= LONG_BYTES:
            continue
        else:
            room.text(SHOWN_BYTES)
        yield Cut(start, reader.offset, text, image)
        room.text(start - around)
        around = reader.offset
    room.text(reader.offset - around)


class _Reader:
    """A file read forwards; `offset` is where in it the reader stands.

    The values of its JSON are counted as they pass, so its methods raise BoundError.
    """

    def __init__(self, file: BinaryIO, piece: int) -> None:
        self.room = Room()
        self._file = file
        self._piece = piece
        self._buffer = b""
        self._at = 0
        self._before = 0

    @property
    def offset(self) -> int:
        return self._before + self._at

    def past_quote(self) -> bool:
        """Go behind the next quote; False where there is none."""
        while (quote := self._buffer.find(b'"', self._at)) < 0:
            self.room.values(structure(self._buffer, self._at))
            self._at = len(self._buffer)
            if not self._fill():
                return False
        self.room.values(structure(self._buffer, self._at, quote))
        self._at = quote + 1
        return True

    def begins_as_image(self) -> bool:
        """Tell whether the string from here on begins as an image does."""
        size = BEGINNING * _ESCAPED
        self._have(size)
        inside = STRING.match(self._buffer[self._at : self._at + size])
        try:
            return begins_as_image(_text(inside[0] if inside else b""))
        except ValueError:
            return False

    def ends_within(self, size: int) -> bool:
        """Tell whether the string from here on is shorter than that."""
        self._have(size)
        return self._closing() - self._at < size

    def inside(self) -> Iterator[bytes]:
        """Yield the string from here on in pieces that cut no escape in two, and go behind it.

        Raises EOFError where it never ends.
        """
        while True:
            end = self._closing()
            closed = self._buffer[end : end + 1] == b'"'
            piece = self._buffer[self._at : end]
            self._at = end + closed
            yield piece
            if closed:
                return
            if not self._fill():
                raise EOFError

    def skip(self) -> None:
        """Go behind the string from here on. Raises EOFError where it never ends."""
        for _ in self.inside():
            pass

    def _closing(self) -> int:
        """Return where in the buffer the string ends, or what can be read of it for now."""
        end = self._buffer.find(b'"', self._at)
        end = end if end >= 0 else len(self._buffer)
        if self._buffer.find(b"\\", self._at, end) < 0:
            return end
        inside = STRING.match(self._buffer, self._at)
        return inside.end() if inside else self._at

    def _have(self, size: int) -> None:
        while len(self._buffer) - self._at < size and self._fill():
            pass

    def _fill(self) -> bool:
        more = self._file.read(self._piece)
        self._buffer = self._buffer[self._at :] + more
        self._before += self._at
        self._at = 0
        return bool(more)


def _text(inside: bytes) -> str:
    """Return what a string's inside says. Raises ValueError where it is none."""
    return _unescaped(inside.decode("utf-8", "replace"))


def _printable(inside: bytes) -> bytes:
    """Return a string's inside. Raises ValueError on what no string of JSON holds as it is."""
    if len(inside.translate(None, _CONTROLS)) < len(inside):
        raise ValueError("a control character")
    return inside


def _unescaped(inside: str) -> str:
    if "\\" not in inside:
        return inside
    text: str = json.loads(f'"{inside}"')
    return text


def _unpacked(inside: Iterator[bytes], path: Path) -> tuple[Image | None, str]:
    """Write the image that a string is to a file; None where it is none, once its end is known."""
    unpacking = Unpacking()
    decoder = _Utf8("replace")
    with path.open("wb") as file:
        try:
            for piece in inside:
                file.write(unpacking.add(_unescaped(decoder.decode(_printable(piece)))))
            file.write(unpacking.add(decoder.decode(b"", final=True)))
            file.write(unpacking.rest())
        except ValueError:
            for _ in inside:
                pass
            return None, ""
    told = unpacking.encoding, unpacking.media_type
    return Image(str(path), unpacking.digest, unpacking.cpu_s, *told), unpacking.name
