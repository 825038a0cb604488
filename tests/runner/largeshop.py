"""A provider like sub2api whose every image has 6 MB; a test fills the disk while it works."""

import base64
import hashlib
import io
import json
import random
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image

EDGE_PX = 1430
AT_ONCE_WAIT_S = 2.0
"""How long a request waits for others to be under way beside it."""


def _noise() -> bytes:
    raw = random.Random(6).randbytes(EDGE_PX * EDGE_PX * 3)
    file = io.BytesIO()
    Image.frombytes("RGB", (EDGE_PX, EDGE_PX), raw).save(file, "PNG", compress_level=0)
    return file.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


@dataclass(slots=True)
class LargeShop:
    """`paid` are the digests of all images that it has sent; `when_busy` is called once.

    That is when `at_once` requests are under way, or when that many do not come.
    """

    at_once: int
    when_busy: Callable[[], None]
    url: str = ""
    posts: int = 0
    paid: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _busy: threading.Event = field(default_factory=threading.Event)
    _under_way: int = 0
    _image: bytes = field(default_factory=_noise)

    def reply(self, images: int) -> bytes:
        """Wait until enough requests are under way, and return a body of new images."""
        with self._lock:
            self.posts += 1
            number = self.posts
            self._under_way += 1
            busy = self._under_way >= self.at_once and not self._busy.is_set()
            if busy:
                self.when_busy()
                self._busy.set()
        if number > 1:  # the first one is sent alone
            self._busy.wait(AT_ONCE_WAIT_S)
        data = []
        for index in range(images):
            name = _chunk(b"tEXt", b"number\0" + f"{number}.{index}".encode())
            image = self._image[:33] + name + self._image[33:]  # behind the first chunk
            data.append({"b64_json": base64.b64encode(image).decode()})
            with self._lock:
                self.paid.append(hashlib.sha256(image).hexdigest())
        with self._lock:
            self._under_way -= 1
        return json.dumps({"created": 1, "data": data}).encode()


@contextmanager
def open_large_shop(at_once: int, when_busy: Callable[[], None]) -> Iterator[LargeShop]:
    """Such a provider on a free port of loopback."""
    shop = LargeShop(at_once=at_once, when_busy=when_busy)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", "0")))
            try:
                images = json.loads(raw).get("n", 1)
            except ValueError:
                images = 1
            self._answer(shop.reply(images if isinstance(images, int) and 0 < images < 5 else 1))

        def do_GET(self) -> None:
            self._answer(b'{"object":"list","data":[]}')

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    shop.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield shop
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
