"""A socket that records when bytes arrived and left, whatever the event loop did meanwhile."""

import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


@dataclass(slots=True)
class Phases:
    """The phases of one request, filled in while it goes on; seconds on the run's clock.

    Durations are sums over a request's redirects, moments are those of the last reply. All are
    missing where a proxy stands between, for its connections are not ours. `left` is set before the
    first byte may leave. `latest_s` is when the last bytes that were handed over had arrived, and
    once all were, when the reply was whole.
    """

    left: bool = False
    dns_s: float | None = None
    connect_s: float | None = None
    tls_s: float | None = None
    written_s: float | None = None
    headers_s: float | None = None
    latest_s: float | None = None

    def again(self) -> None:
        """Forget the moments of a reply that led elsewhere."""
        self.written_s = self.headers_s = self.latest_s = None


def longer(so_far: float | None, by: float) -> float:
    """Return a duration to which one more was added."""
    return by if so_far is None else so_far + by


# Of Linux, asm-generic/socket.h and net_tstamp.h; Python names none of them.
SO_TIMESTAMPING = 37
RECEIVED_BY_SOFTWARE = (1 << 3) | (1 << 4)
TIMESPECS = struct.Struct("@6l")
"""`struct scm_timestamping`: three times of seconds and nanoseconds, the first by software."""

ROOM = socket.CMSG_SPACE(TIMESPECS.size) if hasattr(socket, "CMSG_SPACE") else 0


class StampedSocket(socket.socket):
    """A TCP socket for asyncio's transports, which read by `recv_into` and write by `send`.

    `arrived_s` is when the bytes that were read last had arrived: Linux says so (SO_TIMESTAMPING,
    in Documentation/networking/timestamping.rst), elsewhere it is when they were read. `given_s` is
    when the system last took bytes. Both are seconds on `now_s`.

    A failed write is kept in `broken` and passes for done: the peer may have answered before it
    hung up, and asyncio would throw that answer away.
    """

    __slots__ = ("_now_s", "arrived_s", "broken", "given_s")

    def __init__(self, family: int, *, now_s: Callable[[], float]) -> None:
        super().__init__(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self.settimeout(0)
        self.broken: OSError | None = None
        self.arrived_s = self.given_s = now_s()
        self._now_s = now_s
        if sys.platform == "linux":
            with suppress(OSError):  # a sandbox may not know it
                self.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, RECEIVED_BY_SOFTWARE)

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0, /) -> int:
        """Read as a socket does, and note when that had arrived."""
        if not ROOM:
            count = super().recv_into(buffer, nbytes, flags)
            self.arrived_s = self._now_s()
            return count
        count, ancillary, _, _ = self.recvmsg_into([buffer], ROOM, flags)
        # The age is taken before the clock is read: a thread that is held up between them records a
        # late arrival, and never a reply before its request.
        waited_s = _waited_s(ancillary)
        self.arrived_s = self._now_s() - waited_s
        return count

    def send(self, data: "ReadableBuffer", flags: int = 0, /) -> int:
        """Write as a socket does, but never fail: see `broken`."""
        size = memoryview(data).nbytes
        if self.broken is not None:
            return size
        try:
            count = super().send(data, flags)
        except (BlockingIOError, InterruptedError):
            raise
        except OSError as error:
            self.broken = error
            return size
        self.given_s = self._now_s()
        return count

    def idle(self) -> bool:
        """Tell whether the peer has neither sent anything nor hung up."""
        try:
            super().recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            return False
        return False


def _waited_s(ancillary: list[tuple[int, int, Any]]) -> float:
    """Return how long bytes had lain in the system before they were read; 0 where unknown.

    The system stamps them by the wall clock, so only an age is taken from it.
    """
    for level, kind, raw in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPING) and len(raw) >= TIMESPECS.size:
            seconds, nanoseconds, *_ = TIMESPECS.unpack_from(raw)
            if seconds:
                age_ns: int = time.time_ns() - seconds * 10**9 - nanoseconds
                return max(0.0, age_ns / 1e9)
    return 0.0
