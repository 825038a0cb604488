import httpx
import pytest

from harness.transport.http1.message import (
    CHUNK_LEAST_BYTES,
    CHUNKS_AT_MOST,
    HEADERS_AT_MOST,
    Message,
)

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def fed(*pieces: bytes) -> Message:
    message = Message(httpx.Request("GET", "http://localhost/"))
    message.opening()
    message.closing()
    for number, piece in enumerate(pieces):
        message.feed(memoryview(piece), float(number))
    return message


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def test_chunks_that_come_at_once_are_handed_over_as_one_piece() -> None:
    message = fed(CHUNKED, chunk(b"a") * 5_000, chunk(b"b") * 5_000 + b"0\r\n\r\n")

    assert message.taken() == (b"a" * 5_000, 1.0)
    assert message.taken() == (b"b" * 5_000, 2.0)
    assert message.taken() is None
    assert message.whole


def test_tiny_chunks_without_end_are_refused() -> None:
    allowed = fed(CHUNKED, chunk(b"a") * CHUNKS_AT_MOST)
    message = fed(CHUNKED, chunk(b"a") * CHUNKS_AT_MOST, chunk(b"a"))

    assert allowed.error is None
    assert isinstance(message.error, httpx.RemoteProtocolError)
    assert f"{CHUNKS_AT_MOST:,} chunks" in str(message.error)


def test_many_chunks_of_some_size_are_not() -> None:
    message = fed(CHUNKED, *[chunk(b"a" * CHUNK_LEAST_BYTES) * 1_000] * (CHUNKS_AT_MOST // 500))

    assert message.error is None


@pytest.mark.parametrize(("count", "refused"), [(HEADERS_AT_MOST, False), (2000, True)])
def test_a_head_of_too_many_headers_is_refused(count: int, *, refused: bool) -> None:
    headers = b"".join(b"X-%d: a\r\n" % number for number in range(count - 1))

    message = fed(OK + b"Content-Length: 0\r\n" + headers + b"\r\n")

    assert (message.error is not None) is refused
