"""What a peer does to one round trip over loopback, and what that is called.

`network`: the connection was closed, reset or never made. `protocol`: what came is no HTTP, or
contradicts itself. `timeout`: nothing more came in time. `sent` says whether the request may have
arrived, and so been paid.
"""

import asyncio
import gzip
import socket
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest

from harness.core.exchange import Exchange, Failure, Reply, Request
from harness.wire.errors import fault_of
from tests import ahead
from tests.ahead import put_ahead
from tests.loopback import HUNG_S
from tests.runner.hostile import Received, chunked, http, reset, serving, taken
from tests.transport.connections import failed, live, replied

LIMIT_S = 60.0
POST = Request(method="POST", target="/v1/x", body={"prompt": "a cat"}, timeout_s=LIMIT_S)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SSE = ("Content-Type: text/event-stream",)
EVENT = b'data: {"type": "a"}\n\n'
JSON = b'{"data": []}'

Act = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a connection ends after these bytes: closed, reset, or left open without a word."""

    raw: bytes
    how: str = "close"
    kept: bool = False

    async def act(self, writer: asyncio.StreamWriter) -> None:
        writer.write(self.raw)
        if self.how == "close":
            return
        if self.raw:
            await taken(writer)
        if self.how == "reset":
            reset(writer)
        else:
            await put_ahead(LIMIT_S)
            await asyncio.Event().wait()


def lengths(*values: str, body: bytes = JSON) -> bytes:
    return HEAD + b"".join(b"Content-Length: %s\r\n" % v.encode() for v in values) + b"\r\n" + body


def chunks(raw: bytes) -> bytes:
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + raw


def packed(raw: bytes, coding: str) -> bytes:
    return http(raw, headers=(f"Content-Encoding: {coding}",))


GONE = {
    "closed without a byte": End(raw=b""),
    "reset without a byte": End(raw=b"", how="reset"),
    "closed within the status line": End(raw=b"HTT"),
    "closed after the version": End(raw=b"HTTP/1.1"),
    "closed after the status line": End(raw=b"HTTP/1.1 200 OK\r\n"),
    "closed within the headers": End(raw=HEAD + b"Content-Le"),
    "reset within the headers": End(raw=HEAD, how="reset"),
    "closed after an interim reply": End(raw=b"HTTP/1.1 100 Continue\r\n\r\n"),
    "closed after early hints": End(raw=b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    "closed before the body": End(raw=lengths("12", body=b""), kept=True),
    "closed within the body": End(raw=lengths("900"), kept=True),
    "closed one byte early": End(raw=lengths(str(len(JSON) + 1)), kept=True),
    "reset within the body": End(raw=lengths("900"), how="reset", kept=True),
    "closed before the first chunk": End(raw=chunks(b""), kept=True),
    "closed within a chunk": End(raw=chunks(b"ff\r\n{"), kept=True),
    "closed within a chunk's size": End(raw=chunks(b"c\r\n" + JSON + b"\r\n1"), kept=True),
    "closed before the last chunk": End(raw=chunks(b"c\r\n" + JSON + b"\r\n"), kept=True),
    "closed within the last chunk": End(raw=chunks(b"c\r\n" + JSON + b"\r\n0\r\n"), kept=True),
    "closed within a trailer": End(raw=chunks(b"c\r\n" + JSON + b"\r\n0\r\nDig"), kept=True),
    "reset within a chunk": End(raw=chunks(b"ff\r\n{"), how="reset", kept=True),
    "closed within a body without a length": End(raw=HEAD + b"\r\n" + JSON[:-1], kept=True),
    "closed within a packed body without a length": End(
        raw=HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(JSON * 9)[:20], kept=True
    ),
    "closed within an event": End(
        raw=b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + EVENT + b"data: {",
        kept=True,
    ),
    "closed within a chunked event": End(
        raw=chunked(EVENT, b"data: {", headers=SSE, end=False), kept=True
    ),
    "closed between chunked events": End(raw=chunked(EVENT, headers=SSE, end=False), kept=True),
    "reset within an event": End(
        raw=chunked(EVENT, b"data: {", headers=SSE, end=False), how="reset", kept=True
    ),
    "closed within a packed body": End(
        raw=b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 900\r\n\r\n"
        + gzip.compress(JSON)[:12],
        kept=True,
    ),
    "an error that is cut off": End(
        raw=b"HTTP/1.1 500 No\r\nContent-Length: 900\r\n\r\n{", kept=True
    ),
}

GARBAGE = {
    "another protocol": End(raw=b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "another protocol without a line": End(raw=b"SSH-2.0-OpenSSH_9.6"),
    "mail": End(raw=b"220 mail.test ESMTP\r\n\r\n"),
    "TLS": End(raw=b"\x15\x03\x01\x00\x02\x02\x28"),
    "HTTP/2": End(raw=b"\x00\x00\x12\x04\x00\x00\x00\x00\x00"),
    "zeros": End(raw=bytes(64)),
    "HTML without HTTP": End(raw=b"<html><body>no</body></html>\r\n\r\n"),
    "JSON without HTTP": End(raw=JSON),
    "letters that resemble it": End(raw=b"HTTPS/1.1 200 OK\r\n\r\n"),
    "blank lines": End(raw=b"\r\n" * 9),
    "no status": End(raw=b"HTTP/1.1 \r\n\r\n"),
    "a word for a status": End(raw=b"HTTP/1.1 abc OK\r\n\r\n"),
    "four digits": End(raw=b"HTTP/1.1 2000 OK\r\n\r\n"),
    "a version that never was": End(raw=b"HTTP/9.9.9 200 OK\r\n\r\n"),
    "a header without a colon": End(raw=HEAD + b"Nonsense\r\n\r\n"),
    "a header with a space": End(raw=HEAD + b"Bad Name: 1\r\n\r\n"),
    "a header without a name": End(raw=HEAD + b": 1\r\n\r\n"),
    "a zero in a header": End(raw=HEAD + b"X: a\x00b\r\n\r\n"),
    "a head of 200 KB": End(raw=HEAD + b"X: " + b"y" * 200_000 + b"\r\n\r\n"),
    "a thousand interim replies": End(raw=b"HTTP/1.1 100 Continue\r\n\r\n" * 1000 + http(JSON)),
    "lengths that differ": End(raw=lengths("12", "13")),
    "a negative length": End(raw=lengths("-1")),
    "a length in words": End(raw=lengths("twelve")),
    "a length in hexadecimal": End(raw=lengths("0x0c")),
    "a length of 5,000 digits": End(raw=lengths("9" * 5000)),
    "a transfer coding that nobody knows": End(
        raw=HEAD + b"Transfer-Encoding: gzip\r\n\r\n" + JSON
    ),
    "a chunk's size in words": End(raw=chunks(b"zz\r\n{}\r\n0\r\n\r\n"), kept=True),
    "a chunk's negative size": End(raw=chunks(b"-2\r\n{}\r\n0\r\n\r\n"), kept=True),
    "a chunk's size of 30 digits": End(raw=chunks(b"f" * 30 + b"\r\n{}\r\n0\r\n\r\n"), kept=True),
    "a chunk that is longer than it says": End(raw=chunks(b"1\r\n{}}\r\n0\r\n\r\n"), kept=True),
    "gzip that is none": End(raw=packed(b"no gzip at all", "gzip"), kept=True),
    "deflate that is none": End(raw=packed(b"\xff\xff no deflate", "deflate"), kept=True),
    "gzip with a wrong sum": End(
        raw=packed(gzip.compress(JSON)[:-8] + bytes(8), "gzip"), kept=True
    ),
    "packed twice": End(raw=packed(gzip.compress(zlib.compress(JSON)), "deflate, gzip"), kept=True),
    "events that end in the middle": End(raw=http(EVENT + b"data: {", headers=SSE), kept=True),
}

STALLS = {
    "nothing at all": End(raw=b"", how="stay"),
    "half a status line": End(raw=b"HTTP/1.1 2", how="stay"),
    "a head without end": End(raw=HEAD, how="stay"),
    "an interim reply": End(raw=b"HTTP/1.1 100 Continue\r\n\r\n", how="stay"),
    "a head": End(raw=lengths("12", body=b""), how="stay", kept=True),
    "half a body": End(raw=lengths("900"), how="stay", kept=True),
    "a chunk": End(raw=chunks(b"c\r\n" + JSON + b"\r\n"), how="stay", kept=True),
    "an event": End(raw=chunked(EVENT, headers=SSE, end=False), how="stay", kept=True),
}

WHOLE = {
    "more than it announced": End(raw=http(JSON, length=len(JSON)) + b"more"),
    "a body that the end ends": End(raw=HEAD + b"\r\n" + JSON),
    "chunks with a trailer": End(raw=chunks(b"c\r\n" + JSON + b"\r\n0\r\nDigest: x\r\n\r\n")),
    "a few interim replies": End(raw=b"HTTP/1.1 102 Processing\r\n\r\n" * 9 + http(JSON)),
    "the same length twice": End(raw=lengths("12", "12")),
    "no reason": End(raw=b"HTTP/1.1 200\r\nContent-Length: 12\r\n\r\n" + JSON),
    "HTTP/1.0": End(raw=b"HTTP/1.0 200 OK\r\n\r\n" + JSON),
}


def trip(end: End) -> Exchange:
    """One round trip to a peer that ends so."""

    async def answer(_request: Received, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await end.act(writer)

    async def go() -> Exchange:
        async with (
            asyncio.timeout(HUNG_S),
            serving(answer) as server,
            live(server.url) as transport,
        ):
            return await transport.send(POST, due_s=0.0)

    return ahead.run(go())


def met(end: End) -> Failure:
    """What that is called; it may have been paid, and what had come is kept."""
    failure = failed(trip(end))
    fault = fault_of(failure, paid=False)
    assert (fault.error_class, fault.may_be_paid) == (failure.kind, True)
    assert (failure.partial is not None) is end.kept
    return failure


@pytest.mark.parametrize("end", GONE.values(), ids=GONE)
def test_a_connection_that_ends_too_early_is_the_network(end: End) -> None:
    assert met(end).kind == "network"


@pytest.mark.parametrize("end", GARBAGE.values(), ids=GARBAGE)
def test_what_is_no_http_is_a_matter_of_protocol(end: End) -> None:
    assert met(end).kind == "protocol"


@pytest.mark.parametrize("end", STALLS.values(), ids=STALLS)
def test_what_does_not_go_on_is_a_timeout(end: End) -> None:
    assert met(end).kind == "timeout"


@pytest.mark.parametrize("end", WHOLE.values(), ids=WHOLE)
def test_what_is_odd_but_whole_is_a_reply(end: End) -> None:
    assert replied(trip(end)).document == {"data": []}


def test_a_port_that_nobody_listens_on_is_the_network_and_nothing_was_sent() -> None:
    with socket.socket() as taken_port:
        taken_port.bind(("127.0.0.1", 0))  # bound, and not listening
        port = taken_port.getsockname()[1]

        async def go() -> Exchange:
            async with live(f"http://127.0.0.1:{port}") as transport:
                return await transport.send(POST, due_s=0.0)

        failure = failed(asyncio.run(go()))

    assert (failure.kind, failure.sent) == ("network", False)


@pytest.mark.parametrize("raw", [b"HTTP/1.1 400 No\r\n\r\n", b"", b"\x15\x03\x01\x00\x02\x02\x28"])
def test_a_peer_that_does_not_speak_tls_is_the_network_and_nothing_was_sent(raw: bytes) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(raw)
        writer.close()

    async def go() -> Exchange:
        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, live(f"https://127.0.0.1:{port}") as transport:
            return await transport.send(POST, due_s=0.0)

    failure = failed(asyncio.run(go()))

    assert (failure.kind, failure.sent) == ("network", False)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [(b"", "network"), (http(JSON, length=900), "network"), (b"no\r\n\r\n", "protocol")],
)
def test_the_same_is_called_the_same_behind_a_proxy(
    monkeypatch: pytest.MonkeyPatch, raw: bytes, kind: str
) -> None:
    async def go() -> Exchange:
        async with asyncio.timeout(HUNG_S), serving(raw) as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            monkeypatch.delenv("http_proxy", raising=False)
            async with live("http://api.test") as transport:
                return await transport.send(POST, due_s=0.0)

    failure = failed(asyncio.run(go()))

    assert (failure.kind, failure.sent) == (kind, True)


@pytest.mark.parametrize("pace", ["bytes", "headers", "interim", "events", "redirects"])
def test_a_peer_that_never_ends_is_given_up_when_the_time_is_over(pace: str) -> None:
    """Each piece comes soon after the one before: what ends it is the whole of the time."""
    redirect = b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"
    begin = {
        "bytes": lengths("999999", body=b""),
        "headers": HEAD,
        "interim": b"",
        "events": b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
        "redirects": redirect,
    }[pace]
    piece = {
        "bytes": b" ",
        "headers": b"X: y\r\n",
        "interim": b"HTTP/1.1 102 Processing\r\n\r\n",
        "events": b": keep-alive\n\n",
        "redirects": b"",
    }[pace]

    async def trickle(_request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(begin)
        for _ in range(20 if piece else 0):
            await put_ahead(LIMIT_S / 15)
            writer.write(piece)
            await taken(writer)

    async def go() -> Exchange:
        async with (
            asyncio.timeout(HUNG_S),
            serving(trickle) as server,
            live(server.url) as transport,
        ):
            fetch = Request(method="GET", target=f"{server.url}/a", timeout_s=LIMIT_S)
            return await transport.send(fetch if pace == "redirects" else POST, due_s=0.0)

    failure = failed(ahead.run(go()))

    assert failure.kind == ("protocol" if pace == "redirects" else "timeout")


def test_a_peer_that_takes_no_more_of_a_request_is_given_up_as_well() -> None:
    over = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await put_ahead(LIMIT_S)
        await over.wait()
        writer.transport.abort()

    async def go() -> Exchange:
        server = await asyncio.start_server(deaf, "127.0.0.1", 0)
        large = replace(POST, body={"prompt": "a" * 32_000_000})
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with asyncio.timeout(HUNG_S), server, live(url) as transport:
            exchange = await transport.send(large, due_s=0.0)
            over.set()
            await ahead.settled()
        return exchange

    failure = failed(ahead.run(go()))

    assert (failure.kind, failure.sent, failure.partial) == ("timeout", True, None)


def test_a_reply_is_a_reply() -> None:
    assert isinstance(trip(End(raw=http(JSON))).answer, Reply)
