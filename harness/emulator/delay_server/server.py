"""A server whose delays are known: the ground truth for clients that measure.

    python -m harness.emulator.delay_server.server --json

serves on loopback and prints one line, `{"url": ..., "pid": ...}`, when it is ready, until SIGTERM
(or, with `--until-eof`, until standard input closes). The address of a request says what it wants:

    /delay/MS/body/BYTES     small JSON of that length, MS milliseconds after the whole request
    /delay/MS/image/BYTES    JSON with a large PNG in base64, another one for every request
    /about/image/BYTES       the dimensions of the PNG in such a body, as JSON; makes it ahead
    /freeze/STAND_S/EVERY_S  from now on, stand still at the end of every EVERY_S, for STAND_S
    /thaw                    never stand still again
    /log                     what was done so far, as JSON; empties it

with `?id=NAME` (or a header `X-Request-ID`) to find it in the log, `first_ms` (from the headers to
the body), `last_ms` (from there to the last byte), `sigma` (log-normal around MS as median) or
`other=MS,SHARE` (two kinds of delay), and `seed` for these. The log has seconds of
`time.monotonic()`, which all processes of a machine share on Linux: `received_s` (the whole request
was read), `due_s` (when the reply was to begin), `headers_s` and `first_s` (just before the system
was handed the first byte of each) and `last_s` (it had taken the last byte; null where the client
left).

It is written on bare sockets, in one thread: a framework would add delays of its own. While it
stands still, it still notes when requests arrive, so that clients can be told how long they waited.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import heapq
import itertools
import json
import os
import select
import selectors
import signal
import socket
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from .address import UnknownAddressError, json_body, parse_address, pixels_of, reply_head, segments

if TYPE_CHECKING:
    from collections.abc import Callable

    from .address import Part, Segment

READ_BYTES = 1 << 18
LONGEST_HEAD = 1 << 16
CONTROL_TIMEOUT_S = 60.0  # a busy client gets its reply, one that hangs does not


@dataclass(frozen=True)
class Standstill:
    """From `from_s` on, the last `stand_s` of every `every_s` seconds are a standstill."""

    from_s: float = 0.0
    stand_s: float = 0.0
    every_s: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.stand_s < self.every_s:
            raise ValueError(f"nobody stands still {self.stand_s} s of {self.every_s} s")

    def over_s(self, now_s: float) -> float:
        """Return when work may go on: now, or at the end of the standstill."""
        within_s = (now_s - self.from_s) % self.every_s
        return now_s + self.every_s - within_s if within_s >= self.every_s - self.stand_s else now_s


@dataclass(slots=True)
class _Reply:
    """A reply that is being written; `times` goes into the log."""

    name: str
    times: dict[str, float | None]
    segments: list[Segment]
    begins: tuple[str, ...] = ()
    parts: list[Part] = field(default_factory=list)


class ClientConnection:
    """One client's connection: reads a request, answers it, reads the next."""

    def __init__(self, server: Server, peer: socket.socket) -> None:
        self._server = server
        self._peer = peer
        self._read = bytearray()
        self._reply: _Reply | None = None
        self._writing = False

    def ready(self, events: int) -> None:
        """Read what has arrived, write what can be written."""
        try:
            if events & selectors.EVENT_READ:
                self._receive()
            if events & selectors.EVENT_WRITE and self._writing:
                self._send()
        except (OSError, ValueError, IndexError):  # the client left, or speaks no HTTP
            self.close()

    def close(self) -> None:
        """Forget the client; a reply that it did not wait for stays in the log."""
        if self._reply is not None:
            self._server.done(self._reply.name, self._reply.times)
            self._reply = None
        if self._peer.fileno() >= 0:
            self._server.selector.unregister(self._peer)
            self._peer.close()

    def _receive(self) -> None:
        data = self._peer.recv(READ_BYTES)
        now_s = time.monotonic()
        self._read += data
        end = self._read.find(b"\r\n\r\n") + 4
        if not data or (end < 4 and len(self._read) > LONGEST_HEAD):
            self.close()
        elif end >= 4 and self._reply is None:
            head = bytes(self._read[:end])
            end += int(_header(head, b"content-length") or 0)
            if len(self._read) >= end:
                del self._read[:end]
                self._answer(head, now_s)

    def _answer(self, head: bytes, now_s: float) -> None:
        target = head.split(b" ", 2)[1].decode("latin-1")
        status, document = 200, self._server.control(target, now_s)
        if document is None:
            try:
                spec, name = parse_address(target)
            except UnknownAddressError as error:
                status, document = 404, {"error": str(error)}
            else:
                name = name or _header(head, b"x-request-id")
                waiting = list(segments(spec, name))
                self._begin(_Reply(name, {"received_s": now_s}, waiting), now_s)
                return
        body = json_body(document)
        self._peer.settimeout(CONTROL_TIMEOUT_S)  # no client measures such replies
        self._peer.sendall(reply_head(status, len(body)) + body)
        self._peer.settimeout(0.0)

    def _begin(self, reply: _Reply, now_s: float) -> None:
        due_s = self._server.over_s(self._server.over_s(now_s) + reply.segments[0].wait_s)
        reply.times["due_s"] = due_s
        self._reply = reply
        self._server.at(due_s, self._next)

    def _next(self) -> None:
        """Write the next segment, which is due."""
        reply = self._reply
        if reply is None:
            return
        segment = reply.segments.pop(0)
        reply.begins, reply.parts = segment.begins, list(segment.parts)
        self._send_again()

    def _send(self) -> None:
        reply = self._reply
        if reply is None:
            return
        now_s = time.monotonic()
        over_s = self._server.over_s(now_s)
        if over_s > now_s:
            self._wait(writing=False)
            self._server.at(over_s, self._send_again)
            return
        reply.times.update(dict.fromkeys(reply.begins, now_s))
        reply.begins = ()
        with contextlib.suppress(BlockingIOError):
            _drop(reply.parts, self._peer.sendmsg(reply.parts))
        if reply.parts:
            self._wait(writing=True)
            return
        now_s = time.monotonic()
        self._wait(writing=False)
        if reply.segments:
            self._server.at(self._server.over_s(now_s + reply.segments[0].wait_s), self._next)
            return
        reply.times["last_s"] = now_s
        self._reply = None
        self._server.done(reply.name, reply.times)

    def _send_again(self) -> None:
        try:
            self._send()
        except OSError:
            self.close()

    def _wait(self, *, writing: bool) -> None:
        if writing != self._writing:
            self._writing = writing
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if writing else 0)
            self._server.selector.modify(self._peer, events, self.ready)


def _header(head: bytes, name: bytes) -> str:
    start = head.lower().find(b"\r\n" + name + b":")
    if start < 0:
        return ""
    start += len(name) + 3
    return head[start : head.index(b"\r\n", start)].strip().decode("latin-1")


def _drop(parts: list[Part], count: int) -> None:
    """Remove the first `count` bytes, which are written."""
    while parts and count >= len(parts[0]):
        count -= len(parts.pop(0))
    if count:
        parts[0] = memoryview(parts[0])[count:]


class _EndedError(Exception):
    """A signal, or the end of the input, requested the end."""


class Server:
    """Listens, keeps the timers and the log."""

    def __init__(self, port: int = 0) -> None:
        self.selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=2048)
        self._listener.settimeout(0.0)
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._log: list[dict[str, Any]] = []
        self._standstill = Standstill()
        self.over_s = self._standstill.over_s
        self.selector.register(self._listener, selectors.EVENT_READ, self._accept)

    @property
    def url(self) -> str:
        """Return the server's address."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def at(self, at_s: float, do: Callable[[], None]) -> None:
        """Call `do` at a time of the monotonic clock."""
        heapq.heappush(self._timers, (at_s, next(self._count), do))

    def done(self, name: str, times: dict[str, float | None]) -> None:
        """Write the end of a request into the log."""
        blank = dict.fromkeys(("received_s", "due_s", "headers_s", "first_s", "last_s"))
        self._log.append({"id": name, **blank, **times})

    def control(self, target: str, now_s: float) -> object:
        """Answer a request about the server itself; None where it is about a delayed reply."""
        match target.split("/")[1:]:
            case ["log"]:
                requests, self._log = self._log, []
                return {"requests": requests, "standstill": asdict(self._standstill)}
            case ["about", "image", size]:
                return asdict(pixels_of(int(size)))
            case ["thaw"]:
                self._set(Standstill())
            case ["freeze", stand, every]:
                self._set(Standstill(now_s, float(stand), float(every)))
            case _:
                return None
        return asdict(self._standstill)

    def _set(self, standstill: Standstill) -> None:
        self._standstill, self.over_s = standstill, standstill.over_s

    def serve(self) -> NoReturn:
        """Serve until a signal raises."""
        poller = self.selector.fileno() if hasattr(self.selector, "fileno") else None
        while True:
            wait_s = max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None
            if poller is None:
                ready = self.selector.select(wait_s)
            else:  # epoll counts whole milliseconds, select microseconds
                select.select((poller,), (), (), wait_s)
                ready = self.selector.select(0)
            for key, events in ready:
                key.data(events)
            while self._timers and self._timers[0][0] <= time.monotonic():
                heapq.heappop(self._timers)[2]()

    def _accept(self, _events: int) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                peer, _ = self._listener.accept()
                peer.settimeout(0.0)
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection = ClientConnection(self, peer)
                self.selector.register(peer, selectors.EVENT_READ, connection.ready)


def _end(_number: int, _frame: object) -> NoReturn:
    raise _EndedError


def _until_eof(server: Server) -> None:
    """End like after a signal once standard input closes: the process that started us is gone."""
    near, far = socket.socketpair()

    def watch() -> None:
        while os.read(
            sys.stdin.fileno(), 1 << 12
        ):  # a buffered read would keep its lock at our end
            pass
        far.close()

    def end(_events: int) -> NoReturn:
        near.close()
        raise _EndedError

    # a signal that another thread sends would not wake the one that waits
    server.selector.register(near, selectors.EVENT_READ, end)
    threading.Thread(target=watch, daemon=True).start()


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code: 0 after a signal."""
    parser = argparse.ArgumentParser(prog="truth", description="Serve replies of known delays.")
    parser.add_argument("--json", action="store_true", help="one line of JSON on stdout when ready")
    parser.add_argument("--port", type=int, default=0, help="to listen on (default: a free one)")
    parser.add_argument("--until-eof", action="store_true", help="also end when stdin closes")
    options = parser.parse_args(argv)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    with contextlib.suppress(_EndedError):
        server = Server(options.port)
        ready = {"url": server.url, "pid": os.getpid()}
        sys.stdout.write(f"{json.dumps(ready) if options.json else server.url}\n")
        sys.stdout.flush()
        if options.until_eof:
            _until_eof(server)
        gc.collect()
        gc.freeze()
        gc.disable()  # a pause would be taken for the client's
        server.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
