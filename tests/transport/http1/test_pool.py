import asyncio
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.exchange import Exchange, Failure, Request, Times
from harness.transport.client import Live
from harness.transport.http1 import pool
from harness.transport.http1.connect import Dialler
from harness.transport.http1.pool import PHASES, Sockets, trusted
from harness.transport.http1.reach import Reach
from harness.transport.http1.socket import Phases, longer
from tests import ahead
from tests.ahead import put_ahead, settled
from tests.loopback import HUNG_S
from tests.runner.hostile import reset
from tests.transport.connections import clock, failed, live, replied
from tests.transport.servers import Talking, certificate, talking

POST = Request(method="POST", target="/v1/x", body={"prompt": "a cat"}, timeout_s=HUNG_S)
LARGE = replace(POST, body={"prompt": "x" * 16_000_000})
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
LOOPBACK = Reach("http://127.0.0.1")
SMALL = OK + b'Content-Length: 8\r\n\r\n{"a": 1}'

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter


async def answering(server: Talking, reader: Reader, writer: Writer) -> None:
    """Answer all that is asked."""
    while True:
        await server.asked(reader)
        writer.write(SMALL)


async def _both(transport: Live) -> tuple[Exchange, Exchange]:
    first = await transport.send(POST, due_s=0.0)
    return first, await transport.send(POST, due_s=0.0)


def in_order(times: Times) -> None:
    """Check that phases follow each other, and that those of a connection fit before its reply."""
    moments = (
        times.due_s, times.sent_s, times.written_s, times.headers_s, times.first_byte_s, times.end_s
    )  # fmt: skip
    given_ones = [moment for moment in moments if moment is not None]
    for before, after in pairwise(given_ones):
        assert before <= after, times
    opening = sum(phase or 0.0 for phase in (times.dns_s, times.connect_s, times.tls_s))
    arrived = times.end_s if times.headers_s is None else times.headers_s
    assert opening <= arrived - times.sent_s + 1e-9, times


def test_a_connection_serves_the_next_request_and_only_the_first_has_its_phases() -> None:
    async def go() -> tuple[Exchange, Exchange, Talking]:
        async with talking(answering) as server, live(server.url()) as transport:
            return *await _both(transport), server

    first, second, server = asyncio.run(go())

    assert (server.connections, len(server.requests)) == (1, 2)
    assert first.times.connect_s is not None
    assert (first.times.dns_s, first.times.tls_s) == (None, None)  # an address needs no name
    assert (second.times.dns_s, second.times.connect_s, second.times.tls_s) == (None, None, None)
    for exchange in (first, second):
        assert replied(exchange).document == {"a": 1}
        assert exchange.times.written_s is not None
        in_order(exchange.times)


def test_over_tls_every_phase_of_a_connection_is_told_once(
    tmp_path: Path, vouched_for: pytest.MonkeyPatch
) -> None:
    cert, secured = certificate(tmp_path)
    vouched_for.setenv("SSL_CERT_FILE", str(cert))

    async def go() -> tuple[Exchange, Exchange]:
        async with (
            talking(answering, secured=secured) as server,
            live(server.url("https", "localhost")) as transport,
        ):
            return await _both(transport)

    first, second = asyncio.run(go())

    assert None not in (first.times.dns_s, first.times.connect_s, first.times.tls_s)
    assert (second.times.dns_s, second.times.connect_s, second.times.tls_s) == (None, None, None)
    for exchange in (first, second):
        assert replied(exchange).document == {"a": 1}
        assert exchange.times.written_s is not None
        in_order(exchange.times)


def test_a_large_body_over_tls_arrives_whole(
    tmp_path: Path, vouched_for: pytest.MonkeyPatch
) -> None:
    cert, secured = certificate(tmp_path)
    vouched_for.setenv("SSL_CERT_FILE", str(cert))

    async def large(server: Talking, reader: Reader, writer: Writer) -> None:
        await server.asked(reader)
        writer.write(OK + b"Connection: close\r\n\r\n" + b'"' + b"y" * 5_000_000 + b'"')

    async def go() -> tuple[Exchange, Talking]:
        async with (
            talking(large, secured=secured) as server,
            live(server.url("https")) as transport,
        ):
            return await transport.send(LARGE, due_s=0.0), server

    exchange, server = asyncio.run(go())

    assert replied(exchange).document == "y" * 4096 + "... (4,995,904 bytes more)"
    assert replied(exchange).size_bytes == 5_000_002
    assert len(server.requests[0]) > 16_000_000
    assert exchange.times.written_s is not None
    in_order(exchange.times)


@pytest.fixture
def vouched_for(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Let the test say which certificates are trusted."""
    trusted.cache_clear()
    yield monkeypatch
    trusted.cache_clear()


def test_a_certificate_that_nobody_vouches_for_is_a_network_failure_that_sent_nothing(
    tmp_path: Path,
) -> None:
    _, secured = certificate(tmp_path)

    async def go() -> tuple[Exchange, Talking]:
        async with (
            talking(answering, secured=secured) as server,
            live(server.url("https")) as transport,
        ):
            return await transport.send(POST, due_s=0.0), server

    exchange, server = asyncio.run(go())
    found = failed(exchange)

    assert (found.kind, found.sent, found.partial) == ("network", False, None)
    assert "TLS" in found.why
    assert "self-signed certificate" in found.why.replace("self signed", "self-signed")
    assert server.requests == []
    assert exchange.times.connect_s is not None
    assert (exchange.times.tls_s, exchange.times.written_s) == (None, None)


def test_a_name_that_is_none_is_a_network_failure_that_names_it() -> None:
    async def go() -> Exchange:
        async with live("http://nosuch.invalid") as transport:
            return await transport.send(POST, due_s=0.0)

    exchange = asyncio.run(go())
    found = failed(exchange)

    assert (found.kind, found.sent) == ("network", False)
    assert "the name was not found" in found.why
    assert (exchange.times.dns_s, exchange.times.connect_s) == (None, None)


def test_the_next_address_of_a_name_is_tried_where_the_first_is_shut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def both(_host: str, port: int, **_more: object) -> list[object]:
        kind = (socket.SOCK_STREAM, 6, "")
        return [
            (socket.AF_INET, *kind, ("127.0.0.1", 1)),
            (socket.AF_INET, *kind, ("127.0.0.1", port)),
        ]

    async def go() -> Exchange:
        async with talking(answering) as server:
            monkeypatch.setattr(socket, "getaddrinfo", both)
            async with live(server.url(host="two.test")) as transport:
                return await transport.send(POST, due_s=0.0)

    exchange = asyncio.run(go())

    assert replied(exchange).document == {"a": 1}
    assert exchange.times.dns_s is not None


def test_a_connection_that_was_closed_meanwhile_is_replaced_before_anything_leaves() -> None:
    hung_up = asyncio.Event()

    async def once(server: Talking, reader: Reader, writer: Writer) -> None:
        await server.asked(reader)
        writer.write(SMALL)
        await writer.drain()
        writer.close()
        hung_up.set()

    async def go() -> tuple[Exchange, Exchange, Talking]:
        async with talking(once) as server, live(server.url()) as transport:
            first = await transport.send(POST, due_s=0.0)
            await hung_up.wait()
            await settled()
            return first, await transport.send(POST, due_s=0.0), server

    first, second, server = asyncio.run(go())

    assert (replied(first).status, replied(second).status) == (200, 200)
    assert (server.connections, len(server.requests)) == (2, 2)
    assert second.times.connect_s is not None


def test_a_connection_closed_while_the_loop_was_busy_is_replaced_as_well() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(HUNG_S)
        hang_up, hung_up = threading.Event(), threading.Event()

        def serve() -> None:
            for _ in range(2):
                connection, _ = listening.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(SMALL)
                    hang_up.wait(HUNG_S)
                hung_up.set()

        async def go() -> tuple[Exchange, Exchange]:
            async with live(f"http://127.0.0.1:{listening.getsockname()[1]}") as transport:
                first = await transport.send(POST, due_s=0.0)
                hang_up.set()
                hung_up.wait(HUNG_S)  # nobody else may run
                return first, await transport.send(POST, due_s=0.0)

        thread = threading.Thread(target=serve)
        thread.start()
        first, second = asyncio.run(go())
        thread.join()

    assert (replied(first).status, replied(second).status) == (200, 200)
    assert second.times.connect_s is not None


def test_a_request_that_a_kept_connection_swallowed_is_never_sent_again() -> None:
    async def swallowing(server: Talking, reader: Reader, writer: Writer) -> None:
        await server.asked(reader)
        writer.write(SMALL)
        await server.asked(reader)

    async def go() -> tuple[Exchange, Exchange, Talking]:
        async with talking(swallowing) as server, live(server.url()) as transport:
            return *await _both(transport), server

    first, second, server = asyncio.run(go())
    found = failed(second)

    assert replied(first).status == 200
    assert (found.kind, found.sent, found.partial) == ("network", True, None)
    assert (server.connections, len(server.requests)) == (1, 2)
    in_order(second.times)


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH_9\r\n", b"", SMALL])
def test_a_server_that_does_not_wait_to_be_asked_is_a_failure(greeting: bytes) -> None:
    async def hasty(_server: Talking, _reader: Reader, writer: Writer) -> None:
        writer.write(greeting)

    async def go() -> tuple[Exchange, Talking]:
        async with talking(hasty) as server, live(server.url()) as transport:
            return await transport.send(POST, due_s=0.0), server

    exchange, server = asyncio.run(go())

    if greeting != SMALL:  # which may come after we began to ask
        assert failed(exchange).kind in ("network", "protocol")
    assert server.connections == 1


def test_a_connection_that_ended_before_anything_was_asked_sends_nothing() -> None:
    async def hasty(_server: Talking, _reader: Reader, writer: Writer) -> None:
        writer.close()

    async def go() -> Phases:
        async with talking(hasty) as server:
            dialler = Dialler(
                now_s=clock(),
                trusted=trusted(),
                lost=lambda _: None,
                reach=Reach(server.url()),
            )
            request, phases = httpx.Request("GET", server.url()), Phases()
            connection = await dialler.dial(request.url, phases, within_s=HUNG_S)
            await connection.gone
            with pytest.raises(httpx.ConnectError, match="before it was asked"):
                await connection.send(request, phases)
            return phases

    phases = asyncio.run(go())

    assert phases.connect_s is not None
    assert not phases.left


def test_a_connection_that_waited_too_long_is_not_used_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool, "IDLE_AT_MOST_S", -1.0)
    closed = asyncio.Event()

    async def until_closed(server: Talking, reader: Reader, writer: Writer) -> None:
        await server.asked(reader)
        writer.write(SMALL)
        await reader.read()
        closed.set()

    async def go() -> tuple[Exchange, Exchange, Talking]:
        async with talking(until_closed) as server, live(server.url()) as transport:
            both = await _both(transport)
            await asyncio.wait_for(closed.wait(), HUNG_S)
            return *both, server

    _, second, server = asyncio.run(go())

    assert replied(second).status == 200
    assert server.connections == 2


def test_a_packed_body_comes_in_pieces_that_are_safe_to_unpack() -> None:
    async def packed(server: Talking, reader: Reader, writer: Writer) -> None:
        await server.asked(reader)
        writer.write(OK + b"Content-Encoding: gzip\r\nContent-Length: 100000\r\n\r\n")
        writer.write(bytes(100_000))

    async def go() -> list[int]:
        async with talking(packed) as server:
            ours = Sockets(trusted=trusted(), now_s=clock(), reach=LOOPBACK)
            async with (
                httpx.AsyncClient(transport=ours) as client,
                client.stream("GET", server.url()) as response,
            ):
                return [len(piece) async for piece in response.aiter_raw()]

    sizes = asyncio.run(go())

    assert sum(sizes) == 100_000
    assert max(sizes) <= 16 * 1024


def test_durations_of_redirects_add_up() -> None:
    assert longer(None, 1.5) == 1.5
    assert longer(1.5, 0.5) == 2.0


def test_after_a_redirect_the_moments_are_those_of_the_last_reply() -> None:
    moved_s: list[float] = []

    async def go() -> tuple[Phases, int]:
        async with talking(answering) as last:

            async def moving(server: Talking, reader: Reader, writer: Writer) -> None:
                await server.asked(reader)
                moved_s.append(time.monotonic())
                location = last.url().encode()
                writer.write(b"HTTP/1.1 302 Found\r\nLocation: %s\r\n\r\n" % location)

            async with talking(moving) as first:
                ours = Sockets(trusted=trusted(), now_s=time.monotonic, reach=LOOPBACK)
                async with httpx.AsyncClient(transport=ours, follow_redirects=True) as client:
                    phases = Phases()
                    reply = await client.get(first.url(), extensions={PHASES: phases})
                    return phases, reply.status_code

    phases, status = asyncio.run(go())

    assert status == 200
    assert phases.connect_s is not None
    for moment in (phases.written_s, phases.headers_s, phases.latest_s):
        assert moment is not None
        assert moment > moved_s[0]


@pytest.mark.parametrize("surplus", [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"x"])
def test_what_comes_after_a_reply_is_never_taken_for_the_next_one(surplus: bytes) -> None:
    async def chatty(server: Talking, reader: Reader, writer: Writer) -> None:
        await server.asked(reader)
        writer.write(SMALL + surplus)
        await reader.read()

    async def go() -> tuple[Exchange, Exchange, Talking]:
        async with talking(chatty) as server, live(server.url()) as transport:
            return *await _both(transport), server

    first, second, server = asyncio.run(go())

    assert replied(first).document == replied(second).document == {"a": 1}
    assert server.connections == 2


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n" + SMALL,
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2 + SMALL,
        OK
        + b'Transfer-Encoding: chunked\r\n\r\n8;x=y\r\n{"a": 1}\r\n0\r\nDigest: no\r\nB: c\r\n\r\n',
        OK + b'Transfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n5\r\n": 1}\r\n0\r\n\r\n',
        OK + b'Content-Length: 8, 8\r\n\r\n{"a": 1}',
    ],
    ids=["100", "103", "trailers", "chunks", "twice"],
)
def test_every_framing_is_read_to_its_end_and_no_further(raw: bytes) -> None:
    async def bytewise(server: Talking, reader: Reader, writer: Writer) -> None:
        while True:
            await server.asked(reader)
            for place in range(len(raw)):
                writer.write(raw[place : place + 1])
                await asyncio.sleep(0)

    async def go() -> tuple[Exchange, Exchange, Talking]:
        async with talking(bytewise) as server, live(server.url()) as transport:
            return *await _both(transport), server

    first, second, server = asyncio.run(go())

    assert replied(first).document == replied(second).document == {"a": 1}
    assert replied(first).status == 200
    assert server.connections == 1
    in_order(first.times)


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_a_status_without_body_ends_with_its_head(status: bytes) -> None:
    async def bodiless(server: Talking, reader: Reader, writer: Writer) -> None:
        while True:
            await server.asked(reader)
            writer.write(b"HTTP/1.1 %s\r\nContent-Length: 99\r\n\r\n" % status)

    async def go() -> tuple[Exchange, Exchange, Talking]:
        async with talking(bodiless) as server, live(server.url()) as transport:
            return *await _both(transport), server

    first, second, server = asyncio.run(go())

    assert replied(first).status == replied(second).status == int(status[:3])
    assert server.connections == 1


@pytest.mark.parametrize(
    "said", [b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 200 OK\r\nConnection: close\r\n"]
)
def test_a_server_that_will_close_is_not_asked_again_on_that_connection(said: bytes) -> None:
    async def closing(server: Talking, reader: Reader, writer: Writer) -> None:
        await server.asked(reader)
        writer.write(said + b'Content-Length: 8\r\n\r\n{"a": 1}')
        await reader.read()

    async def go() -> tuple[Exchange, Exchange, Talking]:
        async with talking(closing) as server, live(server.url()) as transport:
            return *await _both(transport), server

    _, second, server = asyncio.run(go())

    assert replied(second).document == {"a": 1}
    assert server.connections == 2


TOO_LARGE = b'HTTP/1.1 413 Content Too Large\r\nContent-Length: 8\r\n\r\n{"a": 1}'


@pytest.mark.parametrize("hangs_up", [True, False])
def test_a_refusal_that_comes_before_the_request_has_left_is_read(*, hangs_up: bool) -> None:
    async def early(_server: Talking, reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        assert isinstance(writer.transport, asyncio.Transport)
        writer.transport.pause_reading()
        writer.write(TOO_LARGE)
        if not hangs_up:
            await asyncio.Event().wait()

    async def go() -> tuple[Exchange, Exchange, Talking]:
        async with talking(early) as server, live(server.url()) as transport:
            return (
                await transport.send(LARGE, due_s=0.0),
                await transport.send(LARGE, due_s=0.0),
                server,
            )

    first, second, server = asyncio.run(go())

    for exchange in (first, second):
        assert replied(exchange).status == 413
        assert exchange.times.written_s is None
        in_order(exchange.times)
    assert server.connections == 2


def test_a_reply_that_begins_while_the_request_leaves_lets_it_leave() -> None:
    async def eager(server: Talking, reader: Reader, writer: Writer) -> None:
        length = await server.head(reader)
        writer.write(OK + b"Content-Length: 8\r\n\r\n")
        server.requests.append(await reader.readexactly(length))
        writer.write(b'{"a": 1}')

    async def go() -> tuple[Exchange, Talking]:
        async with talking(eager) as server, live(server.url()) as transport:
            return await transport.send(LARGE, due_s=0.0), server

    exchange, server = asyncio.run(go())

    assert replied(exchange).document == {"a": 1}
    assert len(server.requests[0]) > 16_000_000
    assert exchange.times.written_s is None
    in_order(exchange.times)


def test_a_server_that_dies_while_the_request_leaves_is_a_network_failure() -> None:
    async def dying(_server: Talking, reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        reset(writer)

    async def go() -> Exchange:
        async with talking(dying) as server, live(server.url()) as transport:
            return await transport.send(LARGE, due_s=0.0)

    exchange = asyncio.run(go())
    found = failed(exchange)

    assert (found.kind, found.sent, found.partial) == ("network", True, None)
    assert exchange.times.written_s is None


def test_a_server_must_wait_while_nobody_takes_what_it_sends() -> None:
    taken = 0

    async def endless(server: Talking, reader: Reader, writer: Writer) -> None:
        nonlocal taken
        await server.asked(reader)
        writer.write(OK + b"Content-Length: 200000000\r\n\r\n")
        for _ in range(200):
            writer.write(b" " * 1_000_000)
            await writer.drain()
            taken += 1_000_000

    async def go() -> None:
        async with talking(endless) as server:
            ours = Sockets(trusted=trusted(), now_s=clock(), reach=LOOPBACK)
            async with (
                httpx.AsyncClient(transport=ours) as client,
                client.stream("GET", server.url()) as response,
            ):
                await asyncio.sleep(0.3)
                held = taken
                assert held < 40_000_000
                async for _ in response.aiter_raw():
                    if taken > held:
                        break

    asyncio.run(go())

    assert taken > 0


def test_a_request_that_is_given_up_closes_its_connection() -> None:
    closed = asyncio.Event()

    async def silent(server: Talking, reader: Reader, writer: Writer) -> None:
        await server.asked(reader)
        del writer
        await put_ahead(60.0)
        await reader.read()
        closed.set()

    async def go() -> Exchange:
        async with talking(silent) as server, live(server.url()) as transport:
            request = Request(method="POST", target="/v1/x", timeout_s=60.0)
            exchange = await transport.send(request, due_s=0.0)
            await asyncio.wait_for(closed.wait(), HUNG_S)
            return exchange

    exchange = ahead.run(go())

    assert (failed(exchange).kind, failed(exchange).sent) == ("timeout", True)
    assert exchange.times.written_s is not None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says when bytes arrived")
def test_a_reply_is_timed_by_its_arrival_even_while_the_loop_is_busy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        asked, answer, answered = (threading.Semaphore(0) for _ in range(3))

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                while connection.recv(65536):
                    asked.release()
                    answer.acquire(timeout=HUNG_S)
                    connection.sendall(SMALL)
                    answered.release()

        async def busy(client: httpx.AsyncClient, url: str) -> bool:
            """Answer while the loop stands still; tell whether the reply is from before its end."""
            phases = Phases()
            request = client.build_request("GET", url, extensions={PHASES: phases})
            sending = asyncio.create_task(client.send(request))
            await asyncio.to_thread(asked.acquire, timeout=HUNG_S)
            answer.release()
            answered.acquire(timeout=HUNG_S)
            busy_until_s = time.monotonic()
            await sending
            assert None not in (phases.written_s, phases.headers_s, phases.latest_s)
            return (phases.latest_s or 0.0) <= busy_until_s

        async def go() -> bool:
            ours = Sockets(trusted=trusted(), now_s=time.monotonic, reach=LOOPBACK)
            async with httpx.AsyncClient(transport=ours) as client:
                url = f"http://127.0.0.1:{listening.getsockname()[1]}"
                return any([await busy(client, url) for _ in range(20)])  # Linux begins late

        thread = threading.Thread(target=serve)
        thread.start()
        assert asyncio.run(go())
        thread.join()


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a server sends in reply, how it ends, and whether that is all of it."""

    pieces: tuple[bytes, ...]
    ending: str
    whole: bool

    @property
    def patience_s(self) -> float:
        """How long a client waits that knows the end."""
        return 0.1 if self.ending == "stays" and not self.whole else HUNG_S


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    document = {"a": "y" * draw(st.sampled_from((0, 1, 300, 70_000)))}
    body = json.dumps(document).encode()
    framing = draw(st.sampled_from(("length", "chunks", "end")))
    if framing == "length":
        raw = OK + b"Content-Length: %d\r\n\r\n" % len(body) + body
    elif framing == "chunks":
        middle = draw(st.integers(1, len(body) - 1))
        parts = b"".join(b"%x\r\n%s\r\n" % (len(x), x) for x in (body[:middle], body[middle:]))
        raw = OK + b"Transfer-Encoding: chunked\r\n\r\n" + parts + b"0\r\nDigest: x\r\n\r\n"
    else:
        raw = OK + b"\r\n" + body
    raw = draw(st.sampled_from((b"", b"HTTP/1.1 100 Continue\r\n\r\n"))) + raw
    end = draw(st.one_of(st.just(len(raw)), st.integers(0, len(raw) - 1)))
    cuts = sorted({0, end, *draw(st.lists(st.integers(0, end), max_size=4))})
    ending = draw(st.sampled_from(("stays", "closes", "resets")))
    whole = end == len(raw) and (framing != "end" or ending == "closes")
    pieces = tuple(raw[start:stop] for start, stop in pairwise(cuts))
    return Script(pieces=pieces, ending=ending, whole=whole and ending != "resets")


def _as_scripted(exchange: Exchange, script: Script) -> None:
    in_order(exchange.times)
    if script.whole:
        assert exchange.times.written_s is not None
        assert "a" in dict(replied(exchange).document)  # type: ignore[arg-type]  # an object
    elif isinstance(exchange.answer, Failure):
        assert exchange.answer.sent or script.ending == "stays"
        kinds = ("timeout",) if script.ending == "stays" else ("network", "protocol")
        assert exchange.answer.kind in kinds
    elif script.ending != "resets":  # only a body that its connection ends may be cut unnoticed
        head = b"".join(script.pieces)
        assert b"Content-Length" not in head
        assert b"Transfer-Encoding" not in head


@settings(max_examples=60, deadline=None)
@given(st.tuples(scripts(), scripts()))
def test_whatever_a_server_does_is_one_exchange_whose_phases_are_in_order(
    both: tuple[Script, Script],
) -> None:
    async def acting(server: Talking, reader: Reader, writer: Writer) -> None:
        script = None
        while script is None or script.ending == "stays":
            await server.asked(reader)
            script = both[json.loads(server.requests[-1])["n"]]
            for piece in script.pieces:
                writer.write(piece)
                await asyncio.sleep(0)
        await writer.drain()
        if script.ending == "resets":
            reset(writer)

    async def go() -> list[Exchange]:
        async with talking(acting) as server, live(server.url()) as transport:
            return [
                await transport.send(
                    replace(POST, body={"n": number}, timeout_s=script.patience_s), due_s=0.0
                )
                for number, script in enumerate(both)
            ]

    for exchange, script in zip(asyncio.run(go()), both, strict=True):
        _as_scripted(exchange, script)


def test_a_cookie_that_the_provider_sets_comes_back_to_it() -> None:
    heads: list[bytes] = []

    async def sticky(_server: Talking, reader: Reader, writer: Writer) -> None:
        while True:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            await reader.readexactly(len(b'{"prompt":"a cat"}'))
            writer.write(SMALL.replace(OK, OK + b"Set-Cookie: backend=b7; Path=/\r\n"))

    async def go() -> tuple[Exchange, Exchange]:
        async with talking(sticky) as server, live(server.url()) as transport:
            return await _both(transport)

    first, _ = asyncio.run(go())

    assert replied(first).header("set-cookie") is None
    assert [b"backend=b7" in head for head in heads] == [False, True]


def test_a_name_and_a_password_in_a_base_url_are_sent_as_a_header() -> None:
    heads: list[bytes] = []

    async def guarded(_server: Talking, reader: Reader, writer: Writer) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(SMALL)

    async def go() -> Exchange:
        async with talking(guarded) as server, live(server.url(host="me:word@127.0.0.1")) as ours:
            return await ours.send(POST, due_s=0.0)

    assert replied(asyncio.run(go())).status == 200
    assert b"\r\nauthorization: basic bwu6d29yza==\r\n" in heads[0].lower()
