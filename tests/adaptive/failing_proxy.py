"""An emulated provider whose valid requests fail as a test says: a proxy before the emulator."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from tests.loopback import loopback

Kind = Literal["500", "502 page", "200 error", "no reply", "half a stream"]

ERROR = {"error": {"message": "Internal error, please contact us", "type": "server_error"}}
PARTIAL = (
    b"event: image_generation.partial_image\n"
    b'data: {"type": "image_generation.partial_image", "partial_image_index": 0}\n\n'
)


@dataclass(slots=True)
class Failing:
    """Which bodies fail, and how; `hits` counts them."""

    fails: Callable[[dict[str, Any]], bool]
    kind: Kind = "500"
    hits: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def takes(self, body: bytes) -> bool:
        try:
            document = json.loads(body)
        except ValueError:
            return False
        with self.lock:
            matched = isinstance(document, dict) and self.fails(document)
            self.hits += matched
        return matched


class Proxy(ThreadingHTTPServer):
    """Passes on to an emulator what does not fail."""

    def __init__(self, emulator: str, failing: Failing) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.emulator = emulator
        self.failing = failing


class Handler(BaseHTTPRequestHandler):
    """Answers one connection of a proxy."""

    protocol_version = "HTTP/1.1"
    server: Proxy

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        if self.server.failing.takes(body):
            self._fail()
        else:
            self._pass_on(body)

    def do_GET(self) -> None:
        self._pass_on(b"")

    def _pass_on(self, body: bytes) -> None:
        skipped = ("host", "content-length", "accept-encoding", "connection")
        headers = {k: v for k, v in self.headers.items() if k.lower() not in skipped}
        with loopback(self.server.emulator) as client:
            reply = client.request(self.command, self.path, content=body, headers=headers)
        kind = reply.headers.get("content-type", "")
        self._send(reply.status_code, reply.content, kind, reply.headers.get("retry-after"))

    def _fail(self) -> None:
        match self.server.failing.kind:
            case "500":
                self._send(500, json.dumps(ERROR).encode())
            case "502 page":
                self._send(502, b"<html>Bad Gateway</html>", "text/html")
            case "200 error":
                self._send(200, json.dumps(ERROR).encode())
            case "no reply":
                self.close_connection = True
            case "half a stream":
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("content-length", str(len(PARTIAL) + 100))
                self.end_headers()
                self.wfile.write(PARTIAL)
                self.close_connection = True

    def _send(
        self, status: int, body: bytes, kind: str = "application/json", after: str | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        if after is not None:
            self.send_header("retry-after", after)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def before(emulator: str, failing: Failing) -> Iterator[str]:
    """Serve at another address what this emulator serves, but for what fails."""
    with Proxy(emulator, failing) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
