"""A server on loopback that hands out files and keeps what is posted to it."""

from __future__ import annotations

import io
import queue
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from PIL import Image

from tests.loopback import HUNG_S

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Posted:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Listener:
    """What the server has, and what came: `statuses` are used up by POSTs, then all get 200."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    posted: queue.Queue[Posted] = field(default_factory=queue.Queue)

    def put(self, name: str, data: bytes) -> str:
        self.files[f"/{name}"] = data
        return f"{self.url}/{name}"

    def next(self) -> Posted:
        return self.posted.get(timeout=HUNG_S)

    def silent(self, for_s: float = 0.3) -> bool:
        try:
            self.posted.get(timeout=for_s)
        except queue.Empty:
            return True
        return False


@contextmanager
def listening() -> Iterator[Listener]:
    """A running listener on a free port."""
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            listener.asked.append(self.path)
            if self.path in listener.moved:
                self.send_response(302)
                self.send_header("location", listener.moved[self.path])
                self.end_headers()
                return
            data = listener.files.get(self.path)
            self.send_response(404 if data is None else 200)
            self.end_headers()
            self.wfile.write(data or b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            listener.posted.put(Posted(self.path, headers, body))
            self.send_response(listener.statuses.pop(0) if listener.statuses else 200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            del arguments

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    listener.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def image(encoding: str) -> bytes:
    """A small real image."""
    out = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(out, encoding)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Padded:
    """The same image in a file of that size: bytes after its end mean nothing.

    Its bytes are made when they are asked for: 50 MB are too many to hold from the start.
    """

    data: bytes
    size_bytes: int

    def __bytes__(self) -> bytes:
        return self.data + bytes(self.size_bytes - len(self.data))
