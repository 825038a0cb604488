"""Servers on loopback that keep a client waiting as long as they stand, each in its own way."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

CHUNK_S = 0.2
"""Seconds between two bytes of what trickles."""

JOB = {"data": {"id": "gen_the-job", "status": "pending"}}


@dataclass(slots=True)
class Stall:
    """Where a server listens, the first lines of all requests that arrived, the bodies of POSTs.

    `arrived` is set once something of a request is there, `over` when the server is to end.
    """

    url: str
    lines: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def posts(self) -> int:
        """How many POSTs have arrived."""
        return sum(line.startswith("POST") for line in self.lines)


Way = Callable[[Stall, socket.socket, bytes], None]
"""How one request is kept waiting, whose head and first bytes have been read."""


def silent(stall: Stall, _connection: socket.socket, _request: bytes) -> None:
    """Read the request and say nothing."""
    stall.over.wait()


def trickling(stall: Stall, connection: socket.socket, _request: bytes) -> None:
    """Answer a byte at a time, and never to the end."""
    connection.sendall(b'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n{"data": "')
    while not stall.over.wait(CHUNK_S):
        connection.sendall(b"x")


def slow_reader(stall: Stall, connection: socket.socket, _request: bytes) -> None:
    """Take an upload a byte at a time."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    while not stall.over.wait(CHUNK_S):
        connection.recv(1)


def too_early(_stall: Stall, connection: socket.socket, _request: bytes) -> None:
    """Answer 429 and ask for a pause of five minutes, which a client still waits for."""
    connection.sendall(b"HTTP/1.1 429 Too Many\r\nretry-after: 300\r\ncontent-length: 0\r\n\r\n")


def endless_job(_stall: Stall, connection: socket.socket, request: bytes) -> None:
    """Accept a job of Buble's, and say at every poll that it is under way."""
    status = "pending" if request.startswith(b"POST") else "processing"
    body = json.dumps({"data": {**JOB["data"], "status": status}}).encode()
    head = (
        f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + body)


@contextmanager
def stalling(way: Way) -> Iterator[Stall]:
    """Serve until the block ends, each connection on a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    stall = Stall(url=f"http://127.0.0.1:{listener.getsockname()[1]}")
    threading.Thread(target=_accept, args=(stall, listener, way), daemon=True).start()
    try:
        yield stall
    finally:
        stall.over.set()
        listener.close()


def _accept(stall: Stall, listener: socket.socket, way: Way) -> None:
    with suppress(OSError):
        while not stall.over.is_set():
            connection, _ = listener.accept()
            threading.Thread(target=_serve, args=(stall, connection, way), daemon=True).start()


def _serve(stall: Stall, connection: socket.socket, way: Way) -> None:
    with connection, suppress(OSError):
        while request := _request(connection, whole=way is not slow_reader):
            stall.lines.append(request.partition(b"\r\n")[0].decode("latin-1"))
            stall.bodies += (
                [request.partition(b"\r\n\r\n")[2]] if request.startswith(b"POST") else []
            )
            stall.arrived.set()
            way(stall, connection, request)


def _request(connection: socket.socket, *, whole: bool) -> bytes:
    """Read a request's head, and its body where it is to be `whole`; empty where none comes."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        if not (piece := connection.recv(1 << 12)):
            return b""
        raw += piece
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    size = sum(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
    while whole and len(body) < size:
        piece = connection.recv(1 << 16)
        raw, body = raw + piece, body + piece
    return raw


@contextmanager
def unreachable() -> Iterator[Stall]:
    """Yield an address that never accepts: its queue is full, so that packets are lost."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        queued = []
        for _ in range(8):
            waiting = socket.socket()
            waiting.settimeout(0)
            waiting.connect_ex(address)
            queued.append(waiting)
        try:
            yield Stall(url=f"http://127.0.0.1:{address[1]}")
        finally:
            for waiting in queued:
                waiting.close()
