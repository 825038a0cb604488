"""What the small servers have in common: sockets, images, faults. Nothing of the harness is used.

A server answers on loopback. Its faults are switched on by name; without one it keeps every word
of the documentation that its module tells.
"""

import base64
import io
import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from PIL import Image

MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request as it came: `body` is its JSON, `form` the parts of a form by name."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes
    body: Any = None
    form: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A reply: JSON, or bytes of a media type."""

    status: int = 200
    document: Any = None
    raw: bytes = b""
    media_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):  # noqa: N818 - it is an answer, and no error of ours
    """A request that the documentation forbids, and the answer to it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.document)
        self.answer = answer


class Shape:
    """One API. `faults` are those that are switched on; `KNOWN` are all that it can have."""

    KNOWN: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *faults: str, key: str = "shape-key-0123456789abcdef") -> None:
        unknown = set(faults) - set(self.KNOWN)
        if unknown:
            raise ValueError(f"{type(self).__name__} has no fault {', '.join(sorted(unknown))}")
        self.faults = frozenset(faults)
        self.key = key
        self.url = ""
        self.files: dict[str, Answer] = {}
        self.served = 0
        self.received: list[Received] = []
        self.lock = threading.RLock()
        self._numbers = itertools.count(1)

    def answer(self, request: Received) -> Answer:
        """Answer a request; each API has its own way."""
        raise NotImplementedError

    def number(self) -> int:
        """Return the next number, for ids."""
        with self.lock:
            return next(self._numbers)

    def image(self, width: int, height: int, form: str = "png") -> bytes:
        """Draw an image of which no other has the bytes."""
        number = self.number()
        with self.lock:
            self.served += 1
        red = 37 * number % 256  # neighbours are no one colour to a JPEG
        picture = Image.new("RGB", (width, height), (red, number // 256 % 256, 90))
        picture.putpixel((0, 0), (number % 251, 7, 7))
        out = io.BytesIO()
        picture.save(out, form.upper())
        return out.getvalue()

    def keep(self, raw: bytes, form: str) -> str:
        """Keep a file, and return its address."""
        name = f"/files/{self.number()}.{form}"
        self.files[name] = Answer(raw=raw, media_type=MEDIA_TYPES[form])
        return self.url + name


def as_base64(raw: bytes) -> str:
    """Return bytes as base64."""
    return base64.b64encode(raw).decode()


def is_integer(value: Any) -> bool:  # noqa: ANN401 - any JSON
    """Tell a whole number; true is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:  # noqa: ANN401 - any JSON
    """Tell a number; true is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def opened(raw: bytes) -> tuple[str, int, int] | None:
    """Return the format and the edges of an image, or None where the bytes are none."""
    try:
        with Image.open(io.BytesIO(raw)) as image:
            image.load()
            return (image.format or "").lower(), image.width, image.height
    except (OSError, ValueError):
        return None


@contextmanager
def serve(shape: Shape) -> Iterator[Shape]:
    """Serve an API on a free port of loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            return

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            request = _received(self, self.rfile.read(length))
            with shape.lock:
                shape.received.append(request)
            stored = shape.files.get(request.path)
            try:
                answer = stored or shape.answer(request)
            except Refusal as refusal:
                answer = refusal.answer
            raw = answer.raw or json.dumps(answer.document).encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.media_type)
            self.send_header("Content-Length", str(len(raw)))
            for name, text in answer.headers.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PUT = handle_any  # noqa: N815 - the library's names

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    shape.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield shape
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _received(handler: BaseHTTPRequestHandler, raw: bytes) -> Received:
    address = urlsplit(handler.path)
    media_type = handler.headers.get("Content-Type", "")
    body: Any = None
    form: dict[str, list[Any]] = {}
    if media_type.startswith("multipart/form-data"):
        form = _form(media_type, raw)
    elif raw:
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
    return Received(
        method=handler.command,
        path=address.path,
        query={name: texts[-1] for name, texts in parse_qs(address.query).items()},
        headers={name.lower(): text for name, text in handler.headers.items()},
        raw=raw,
        body=body,
        form=form,
    )


def _form(media_type: str, raw: bytes) -> dict[str, list[Any]]:
    """Read a form with the standard library: texts as texts, files as bytes."""
    whole: Any = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + media_type.encode() + b"\r\n\r\n" + raw
    )
    parts: dict[str, list[Any]] = {}
    for part in whole.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        content = bytes(part.get_payload(decode=True) or b"")
        is_file = part.get_filename() is not None
        parts.setdefault(name, []).append(content if is_file else content.decode())
    return parts
