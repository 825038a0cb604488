import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from harness.transport.http1.socket import StampedSocket
from tests.loopback import HUNG_S

REFUSAL = b"HTTP/1.1 413 Content Too Large\r\n\r\n"


@pytest.fixture
def pair() -> Iterator[tuple[StampedSocket, socket.socket]]:
    """A connected socket of ours and its peer."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        StampedSocket(socket.AF_INET, now_s=time.monotonic) as ours,
    ):
        ours.settimeout(HUNG_S)
        ours.connect(listening.getsockname())
        ours.settimeout(0)
        peer, _ = listening.accept()
        with peer:
            yield ours, peer


def fill(ours: StampedSocket) -> None:
    """Write until the system takes no more."""
    with suppress(BlockingIOError):
        while True:
            ours.send(bytes(1_000_000))


def test_what_a_peer_said_before_it_hung_up_is_read_after_a_write_has_failed(
    pair: tuple[StampedSocket, socket.socket],
) -> None:
    ours, peer = pair
    fill(ours)
    peer.sendall(REFUSAL)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    buffer = bytearray(1000)

    assert ours.send(b"more") == 4
    assert isinstance(ours.broken, OSError)
    assert ours.send(b"and more") == 8
    assert buffer[: ours.recv_into(buffer)] == REFUSAL


def test_a_socket_is_idle_until_its_peer_says_something_or_goes(
    pair: tuple[StampedSocket, socket.socket],
) -> None:
    ours, peer = pair

    assert ours.idle()

    peer.close()
    ours.settimeout(HUNG_S)
    assert ours.recv(1) == b""
    ours.settimeout(0)

    assert not ours.idle()


def test_whoever_is_held_up_while_a_moment_is_worked_out_never_has_it_too_early(
    pair: tuple[StampedSocket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, peer = pair
    late_s, honest_ns = 0.0, time.time_ns

    def held_up() -> int:
        """Take a second to tell the time."""
        nonlocal late_s
        late_s += 1.0
        return honest_ns() + int(late_s * 1e9)

    ours._now_s = lambda: time.monotonic() + late_s
    asked_s = time.monotonic()
    peer.sendall(b"!")
    ours.settimeout(HUNG_S)
    monkeypatch.setattr(time, "time_ns", held_up)
    ours.recv_into(bytearray(10))

    assert ours.arrived_s >= asked_s - 1e-3


def test_moments_of_bytes_are_between_their_leaving_and_their_reading(
    pair: tuple[StampedSocket, socket.socket],
) -> None:
    ours, peer = pair
    before_s = time.monotonic()
    ours.send(b"?")
    given_s = ours.given_s
    asked_s = time.monotonic()
    peer.sendall(b"!")
    ours.settimeout(HUNG_S)
    ours.recv_into(bytearray(10))

    assert before_s <= given_s <= asked_s
    assert asked_s - 1e-3 <= ours.arrived_s <= time.monotonic()
