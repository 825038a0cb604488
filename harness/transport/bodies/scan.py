"""Where the images stand in a body that is too long to hold: one pass over its file.

It finds the images that `harness.transport.bodies.body` finds in a body in memory and writes each
to a file of its own; the reader of the body then joins the text between them. Like `decode` it is
loaded by a small process.

Quotes mark where strings begin and end as long as a text is JSON. What follows a mistake does not
matter: nothing is taken out of a text that is not JSON as a whole.
"""

import binascii
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from time import thread_time
from typing import BinaryIO, NamedTuple

from harness.transport.bodies.bounds import (
    LONG_BYTES,
    SHOWN_BYTES,
    STRING,
    BoundError,
    Room,
    structure,
)
from harness.transport.bodies.decode import TEXT_STARTS, looks_like_image

PIECE_BYTES = 256 * 1024
LEAST_BYTES = 4096
"""A shorter string is left in the text, image or not."""

_STARTS = tuple(start.encode() for start in TEXT_STARTS)
_START_BYTES = 6 * max(map(len, _STARTS))
"""The longest start, with every letter of it escaped (`\\u0069`)."""

START_BYTES = 16
"""More of an image's bytes than are needed to see that it is one."""

HEAD_AT_MOST, HEAD_PIECES = 64 * 1024, 64
"""Characters before the comma of a `data:` URL, and pieces of them that are held."""

ENDING_AT_MOST = 64 * 1024
"""Letters from the padding on that are held: `=` may be repeated."""

_QUAD = 4
"""Letters of base64 that stand for three bytes."""


class Image(NamedTuple):
    """An image in a file of its own, and the seconds of one processor that unpacking it took."""

    path: str
    digest: str
    cpu_s: float


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
        if looks_like_image(file.read(START_BYTES)):
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
        self._have(_START_BYTES)
        start = self._buffer[self._at : self._at + _START_BYTES]
        if b"\\" not in start:
            return start.startswith(_STARTS)
        inside = STRING.match(start)
        try:
            return _text(inside[0] if inside else b"").startswith(TEXT_STARTS)
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
    text: str = json.loads(f'"{inside.decode("utf-8", "replace")}"')
    return text


def _unpacked(inside: Iterator[bytes], path: Path) -> tuple[Image | None, str]:
    """Write the image that a string is to a file; None where it is none, once its end is known."""
    unpacking = _Unpacking()
    with path.open("wb") as file:
        try:
            for piece in inside:
                file.write(unpacking.add(piece))
            file.write(unpacking.rest())
        except ValueError:
            for _ in inside:
                pass
            return None, ""
    return Image(str(path), unpacking.digest, unpacking.cpu_s), unpacking.name


class _Unpacking:
    """A text on its way from base64 to bytes; every method raises ValueError where it is none."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self._hash = hashlib.sha256()
        self._base64 = _Base64()
        self._head: list[bytes] | None = []
        self._before_comma = ""
        self._start = b""

    def add(self, piece: bytes) -> bytes:
        """Take more of a string's inside; return the bytes that it makes."""
        if self._head is not None:
            letters = self._past_head(self._head, piece)
        else:
            letters = _text(piece).encode("ascii") if b"\\" in piece else piece
        before = thread_time()
        return self._counted(self._base64.add(letters), before)

    def rest(self) -> bytes:
        """End the string; return the last bytes."""
        if self._head is not None:
            raise ValueError("no comma came")
        before = thread_time()
        raw = self._counted(self._base64.rest(), before)
        if not (self._start if self._before_comma else looks_like_image(self._start)):
            raise ValueError("no image")
        return raw

    @property
    def digest(self) -> str:
        """Return the digest of all bytes."""
        return self._hash.hexdigest()

    @property
    def name(self) -> str:
        """Return what tells this text from any other: its image, and how that is written."""
        head = self._before_comma.encode("utf-8", "surrogatepass")
        return self.digest + hashlib.sha256(head + b"," + self._base64.ending).hexdigest()

    def _past_head(self, head: list[bytes], piece: bytes) -> bytes:
        """Hold the text's start until the base64 begins, which in a `data:` URL may be late."""
        head.append(piece)
        if head[1:] and b"," not in piece and b"\\" not in piece and len(head) < HEAD_PIECES:
            return b""
        text = _text(b"".join(head))
        if text.startswith("data:"):
            before, comma, text = text.partition(",")
            if not comma:
                if len(before) > HEAD_AT_MOST:
                    raise ValueError("no comma in so long a head")
                return b""
            self._before_comma = before
        self._head = None
        return text.encode("ascii")

    def _counted(self, raw: bytes, before: float) -> bytes:
        if len(self._start) < START_BYTES:
            self._start += raw[:START_BYTES]
        self._hash.update(raw)
        self.cpu_s += thread_time() - before
        return raw


class _Base64:
    """Unpacks piece by piece what `base64.b64decode(validate=True)` would unpack at once.

    The last four letters are kept back, for what `=` may stand for depends on what it follows.
    """

    def __init__(self) -> None:
        self.ending = bytearray()
        self._padded = False

    def add(self, letters: bytes) -> bytes:
        """Return the bytes that are certain by now. Raises ValueError on a foreign letter."""
        self.ending += letters
        if self._padded:
            if len(self.ending) > ENDING_AT_MOST:
                raise ValueError("too much behind the end")
            return b""
        padding = self.ending.find(b"=")
        self._padded = padding >= 0
        letters_end = padding if self._padded else len(self.ending)
        certain = max(0, letters_end // _QUAD - 1) * _QUAD
        raw = binascii.a2b_base64(self.ending[:certain], strict_mode=True)
        del self.ending[:certain]
        return raw

    def rest(self) -> bytes:
        """Return the last bytes. Raises ValueError where the text does not end as it must."""
        return binascii.a2b_base64(self.ending, strict_mode=True)
