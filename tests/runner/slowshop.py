"""A provider like Buble with one job whose state a test decides; it survives every run."""

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image

JOB = "gen_the-job"


def _image() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 36), "red").save(file, "PNG")
    return file.getvalue()


@dataclass(slots=True)
class Shop:
    """`state` is the job's, or `lost` where polls do not find it; `posts` are all submissions."""

    url: str = ""
    state: str = "processing"
    posts: list[bytes] = field(default_factory=list)
    polls: int = 0
    downloads: int = 0

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        """Return a status, a media type and a body."""
        if path == "/image.png":
            self.downloads += 1
            return 200, "image/png", _image()
        if method == "POST":
            self.posts.append(body)
            return _json(200, {"data": {"id": JOB, "status": "pending"}})
        self.polls += 1
        if path.rpartition("/")[2] != JOB or self.state == "lost":
            return _json(404, {"error": {"code": "not_found", "message": "Not found."}})
        images = [{"url": f"{self.url}/image.png"}] if self.state == "success" else None
        data = {"id": JOB, "status": self.state, "cost_credits": 1}
        return _json(200, {"data": {**data, "result": images and {"images": images}}})


def _json(status: int, document: object) -> tuple[int, str, bytes]:
    return status, "application/json", json.dumps(document).encode()


@contextmanager
def open_shop(state: str) -> Iterator[Shop]:
    """A shop on a free port of loopback."""
    shop = Shop(state=state)

    class Handler(BaseHTTPRequestHandler):
        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            status, media_type, raw = shop.answer(self.command, self.path, body)
            self.send_response(status)
            self.send_header("content-type", media_type)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = _reply  # noqa: N815 - the names that http.server looks for

        def log_message(self, *arguments: object) -> None:
            del arguments

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    shop.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
