"""One client's connection to the server of known delays: its requests, one after the other."""

from __future__ import annotations

import contextlib
import selectors
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import bodies
from .address import UnknownAddressError, parse_address, reply_head, segments

if TYPE_CHECKING:
    import socket

    from .address import Part, Segment
    from .server import Server

AT_ONCE = 1 << 18
HEAD_AT_MOST = 1 << 16
PATIENCE_S = 60.0  # a busy client is waited for, one that hangs is not


@dataclass(frozen=True)
class Standstill:
    """From `from_s` on, the last `stand_s` of every `every_s` seconds are stood still."""

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
    """A reply under way; `times` goes into the log."""

    name: str
    times: dict[str, float | None]
    left: list[Segment]
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
        """Read what came, write what can be written."""
        try:
            if events & selectors.EVENT_READ:
                self._receive()
            if events & selectors.EVENT_WRITE and self._writing:
                self._send()
        except (OSError, ValueError, IndexError):  # it left, or speaks no HTTP
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
        data = self._peer.recv(AT_ONCE)
        now_s = time.monotonic()
        self._read += data
        end = self._read.find(b"\r\n\r\n") + 4
        if not data or (end < 4 and len(self._read) > HEAD_AT_MOST):
            self.close()
        elif end >= 4 and self._reply is None:
            head = bytes(self._read[:end])
            end += int(_field(head, b"content-length") or 0)
            if len(self._read) >= end:
                del self._read[:end]
                self._answer(head, now_s)

    def _answer(self, head: bytes, now_s: float) -> None:
        target = head.split(b" ", 2)[1].decode("latin-1")
        status, told = 200, self._server.told(target, now_s)
        if told is None:
            try:
                wanted, name = parse_address(target)
            except UnknownAddressError as error:
                status, told = 404, {"error": str(error)}
            else:
                name = name or _field(head, b"x-request-id")
                left = list(segments(wanted, name))
                self._begin(_Reply(name, {"received_s": now_s}, left), now_s)
                return
        body = bodies.json_body(told)
        self._peer.settimeout(PATIENCE_S)  # such replies are for nobody who measures
        self._peer.sendall(reply_head(status, len(body)) + body)
        self._peer.settimeout(0.0)

    def _begin(self, reply: _Reply, now_s: float) -> None:
        due_s = self._server.over_s(self._server.over_s(now_s) + reply.left[0].wait_s)
        reply.times["due_s"] = due_s
        self._reply = reply
        self._server.at(due_s, self._next)

    def _next(self) -> None:
        """Write the next segment; its time has come."""
        reply = self._reply
        if reply is None:
            return
        segment = reply.left.pop(0)
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
        if reply.left:
            self._server.at(self._server.over_s(now_s + reply.left[0].wait_s), self._next)
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


def _field(head: bytes, name: bytes) -> str:
    start = head.lower().find(b"\r\n" + name + b":")
    if start < 0:
        return ""
    start += len(name) + 3
    return head[start : head.index(b"\r\n", start)].strip().decode("latin-1")


def _drop(parts: list[Part], count: int) -> None:
    """Take what was written off the front."""
    while parts and count >= len(parts[0]):
        count -= len(parts.pop(0))
    if count:
        parts[0] = memoryview(parts[0])[count:]
