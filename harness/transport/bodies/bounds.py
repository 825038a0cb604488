"""What one reply may hold, so that no reply can fill the memory: see `Room`.

The largest documented reply stays below half of every bound. The process that scans large bodies
loads this module, so it imports the standard library only.
"""

import re
from threading import Lock

IMAGES_AT_MOST = 256
"""Images of one reply: documents allow 10, and 3 partial ones for each."""

EVENTS_AT_MOST = 4_096
"""Events of one stream; a stream of the documents has some twenty for each image."""

LINES_AT_MOST = 65_536
"""Lines of one stream: comments that keep it alive come every few seconds."""

VALUES_AT_MOST = 20_000
"""Values and names of one reply's JSON, its images among them; documented ones have hundreds."""

LONG_BYTES = 512 * 1024
"""A longer string of a large body is cut to its start: a prompt of 32,000 characters that takes two
escapes for each has 384,000."""

AROUND_AT_MOST = 8 * 1024 * 1024
"""Bytes of a reply beside its images, without what was cut: ten such prompts have 3.8 million."""

USUAL_VALUES, USUAL_BYTES = 2_000, 64 * 1024
"""What a reply has of values and text without being heavy."""

VALUE_BYTES = 128
"""Memory of a value, about: an object with one name takes 280."""

POOL_BYTES = 48 * 1024 * 1024
"""A prompt of 32,000 characters that comes back ten times a reply takes 0.3 million each time."""

SHOWN_BYTES = 16 * 1024
"""Read of a text that is cut to its start; less is kept, so that no key in it is cut in two."""

FEW_VALUES = 64
"""So many are counted with what stands in strings: commas of a prompt are no values."""

_STRUCTURE = (b",", b"[", b"{")

STRING = re.compile(rb'[^"\\]*(?:\\(?:[^u]|u.{4})[^"\\]*)*', re.DOTALL)
"""A string's inside, up to its closing quote or to an escape that is not there as a whole.

Nothing follows, so nothing is tried twice. Python 3.11 before 3.11.5 forgets what possessive
quantifiers within a group have matched, so there are none.
"""


class BoundError(ValueError):
    """A reply goes beyond a bound; the text names the bound and, where it is known, the excess."""


class Pool:
    """What the unusually heavy replies of a run may hold together: all of them stay in memory."""

    def __init__(self) -> None:
        self.is_full = False
        """Whether more was wanted than there was; from then on long texts are cut."""
        self._left_bytes = POOL_BYTES
        self._lock = Lock()  # bodies are read on several threads

    def take(self, size_bytes: int) -> bool:
        """Take some of it; tell whether there was so much."""
        with self._lock:
            if size_bytes > self._left_bytes:
                self.is_full = True
                return False
            self._left_bytes -= size_bytes
            return True


class Room:
    """What a reply may still hold; all events of a stream share one. Methods raise BoundError."""

    def __init__(self, pool: Pool | None = None) -> None:
        self._pool = pool or Pool()
        self._values = self._images = self._text_bytes = 0

    @property
    def crowded(self) -> bool:
        """Whether the replies before have left no room: then long texts are to be cut."""
        return self._pool.is_full

    def values(self, count: int) -> None:
        """Take so many values and names of JSON."""
        self._values += count
        if self._values > VALUES_AT_MOST:
            raise BoundError(f"the reply's JSON holds more than {VALUES_AT_MOST:,} values")
        self._share(min(count, self._values - USUAL_VALUES) * VALUE_BYTES, "values")

    def images(self, count: int) -> None:
        """Take so many images, equal ones included."""
        self._images += count
        if self._images > IMAGES_AT_MOST:
            raise BoundError(f"the reply holds more than {IMAGES_AT_MOST:,} images")

    def text(self, size_bytes: int) -> None:
        """Take so many bytes of JSON beside its images."""
        self._text_bytes += size_bytes
        if self._text_bytes > AROUND_AT_MOST:
            raise BoundError(
                f"the reply holds more than {AROUND_AT_MOST:,} bytes of JSON beside its images"
                f" (at least {self._text_bytes:,})"
            )
        self._share(min(size_bytes, self._text_bytes - USUAL_BYTES), "bytes of JSON")

    def _share(self, size_bytes: int, what: str) -> None:
        """Take what is more than usual from what all replies share."""
        was_full = self._pool.is_full
        if size_bytes > 0 and not self._pool.take(size_bytes) and was_full:
            raise BoundError(
                f"this reply and those before it hold more {what} than {POOL_BYTES:,} bytes take"
            )


def structure(raw: bytes, start: int = 0, end: int | None = None) -> int:
    """Count what separates or begins values in a piece of JSON that lies outside its strings."""
    stop = len(raw) if end is None else end
    return sum(raw.count(sign, start, stop) for sign in _STRUCTURE)


def take_values(raw: bytes, room: Room) -> None:
    """Count the values of a text before it is parsed; cheap for most. Raises BoundError.

    A text that is no JSON is counted as if it were.
    """
    most = structure(raw)
    if most <= FEW_VALUES:
        room.values(most)
        return
    at = 0
    while (quote := raw.find(b'"', at)) >= 0:
        room.values(1 + structure(raw, at, quote))
        inside = STRING.match(raw, quote + 1)
        at = inside.end() + 1 if inside else quote + 1
    room.values(structure(raw, at))
