"""Server-sent events out of a byte stream, by the rules of the WHATWG HTML standard, section 9.2.

Lines end with LF, CR or CRLF, also across chunks; a line that starts with a colon is a comment;
several `data` lines of an event are joined by line feeds; an event counts once its blank line has
come. `id` and `retry` are ignored: nobody reconnects to a paid request.
"""

from harness.core.exchange import Event, Picture
from harness.transport.body import Clean, read_body
from harness.transport.pictures import Pictures

EVENT_AT_MOST_BYTES = 64 * 1024 * 1024
"""An image of 8 million pixels in base64 stays below half of it."""

_BOM = b"\xef\xbb\xbf"


class SseError(ValueError):
    """An event did not end within its bound; the rest of the stream cannot be read."""


class SseDecoder:
    """Turns chunks into events; one for each stream."""

    def __init__(self, *, event_at_most_bytes: int = EVENT_AT_MOST_BYTES) -> None:
        self._at_most = event_at_most_bytes
        self._line: list[bytes] = []  # the pieces of a line that has not ended yet
        self._data: list[bytes] = []
        self._name = b""
        self._size = 0
        self._after_cr = False
        self._first_line = True

    @property
    def unfinished(self) -> bool:
        """Tell whether the stream stopped within a line, or within an event that has data."""
        return bool(self._line or self._data)

    def feed(self, chunk: bytes) -> list[tuple[str, str]]:
        """Take the next bytes and return the events they complete, as (name, data).

        The name is empty where the stream gives none (a browser would say `message`).
        Raises SseError.
        """
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        complete: list[tuple[str, str]] = []
        for piece in chunk.splitlines(keepends=True):  # on bytes: LF, CR and CRLF only
            content = piece.rstrip(b"\r\n")
            self._grow(len(content))
            self._line.append(content)
            if len(content) == len(piece):
                continue  # the last piece, whose end is yet to come
            line = b"".join(self._line)
            self._line = []
            complete += self._taken(line)
        self._after_cr = chunk.endswith(b"\r") or (self._after_cr and not chunk)
        return complete

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > self._at_most:
            raise SseError(f"an event is larger than {self._at_most:,} bytes")

    def _taken(self, line: bytes) -> list[tuple[str, str]]:
        size = len(line)
        if self._first_line:
            line = line.removeprefix(_BOM)
            self._first_line = False
        if not line:
            return self._dispatched()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
        elif field == b"event":
            self._name = value
        if field not in (b"data", b"event"):
            self._size -= size  # keep-alive comments never add up to an event
        return []

    def _dispatched(self) -> list[tuple[str, str]]:
        name, data = self._name.decode("utf-8", "replace"), self._data
        self._name, self._data, self._size = b"", [], 0
        if not data:
            return []
        return [(name, b"\n".join(data).decode("utf-8", "replace"))]


def read_event(
    name: str, data: str, *, at_s: float, pictures: Pictures, clean: Clean = str
) -> tuple[Event, dict[str, Picture]]:
    """Read an event's data as JSON with its images taken out, or keep a text's start (`[DONE]`).

    An event without a name is called by the `type` in its data, as OpenAI's are. `clean` takes keys
    out of every text that is kept.
    """
    body = read_body(data.encode("utf-8", "replace"), pictures, clean=clean)
    read = body.document if body.text is None else body.text
    named = name or str(read.get("type", "") if isinstance(read, dict) else "")
    return Event(name=clean(named), at_s=at_s, data=read), body.pictures
