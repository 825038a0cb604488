import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from harness.transport.http1.socket import StampedSocket

REFUSAL = b"HTTP/1.1 413 Content Too Large\r\n\r\n"


@pytest.fixture
def pair() -> Iterator[tuple[StampedSocket, socket.socket]]:
    """A connected socket of ours and its peer."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        StampedSocket(socket.AF_INET, now_s=time.monotonic) as ours,
    ):
        ours.settimeout(5)
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
    ours.settimeout(5)
    assert ours.recv(1) == b""
    ours.settimeout(0)

    assert not ours.idle()


def test_moments_of_bytes_are_between_their_leaving_and_their_reading(
    pair: tuple[StampedSocket, socket.socket],
) -> None:
    ours, peer = pair
    before_s = time.monotonic()
    ours.send(b"?")
    given_s = ours.given_s
    asked_s = time.monotonic()
    peer.sendall(b"!")
    ours.settimeout(5)
    ours.recv_into(bytearray(10))

    assert before_s <= given_s <= asked_s
    assert asked_s - 1e-3 <= ours.arrived_s <= time.monotonic()
