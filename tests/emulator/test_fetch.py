"""What the emulator gets from an address does not depend on how busy the machine is."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.emulator.fetch import LIMIT_S, FetchedReply, get

HALVES = (b"first half, ", b"second half")
WHOLE = b"".join(HALVES)


@dataclass(slots=True)
class Clock:
    """Moved by the test alone."""

    at_s: float = 1000.0

    def now_s(self) -> float:
        return self.at_s


@contextmanager
def slow_server(clock: Clock, pause_s: float) -> Iterator[str]:
    """Serve a body in two halves, `pause_s` seconds of the clock apart."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(WHOLE)))
            self.end_headers()
            self.wfile.write(HALVES[0])
            clock.at_s += pause_s
            self.wfile.write(HALVES[1])

        def log_message(self, *arguments: object) -> None:
            del arguments

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/a.png"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def got(pause_s: float) -> FetchedReply:
    clock = Clock()
    with slow_server(clock, pause_s) as url:
        return asyncio.run(get(url, now_s=clock.now_s))


def test_a_server_of_a_busy_machine_may_take_most_of_a_minute() -> None:
    assert got(pause_s=50.0) == FetchedReply(status=200, data=WHOLE)


def test_a_server_that_goes_on_and_on_is_given_up() -> None:
    assert got(pause_s=LIMIT_S + 1.0) == FetchedReply(status=0)


def test_a_server_that_stays_silent_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/a.png"

        assert asyncio.run(get(url, limit_s=0.05)) == FetchedReply(status=0)
