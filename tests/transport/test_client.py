import asyncio
import base64
import gc
import gzip
import io
import json
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from harness.core.exchange import Exchange, Failure, Reply, Request
from harness.core.outcome import Fault, Refused
from harness.spec.weight import reply_bounds
from harness.store.folder import RunFolder
from harness.store.line import Exchanged, Sent
from harness.store.reader import read_run
from harness.transport.bodies.images import ImageCollector
from harness.transport.client import Live, LiveEndpoint
from harness.transport.redaction import Redactor
from harness.wire.errors import fault_of, refused_or_fault
from tests import ahead
from tests.ahead import put_ahead
from tests.loopback import HUNG_S
from tests.runner.hostile import Answer, Received, Server, chunked, http, reset, serving, taken
from tests.runner.journals import EVIDENCE, header
from tests.shipped import shipped_provider
from tests.wire.by_hand import SHOTS

KEY = "sk-live-0123456789abcdefghij"
POST = Request(
    method="POST",
    target="/v1/images/generations",
    headers=(("Content-Type", "application/json"),),
    body={"prompt": "a cat"},
    timeout_s=HUNG_S,
)
SSE = ("Content-Type: text/event-stream; charset=utf-8",)
PLAIN = b'{"a": 1}'
ENOUGH = 500
"""Pieces of a reply that has no end: more than is ever read, and few enough to end a test."""

DONE = {"type": "image_generation.completed", "b64_json": "", "size": "8x8"}


def png(width: int = 8) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, 8), "red").save(file, "PNG")
    return file.getvalue()


@asynccontextmanager
async def live(base_url: str, *, key: str = KEY, at_most: int | None = None) -> AsyncIterator[Live]:
    start = time.monotonic()
    usual = reply_bounds()
    bounds = usual if at_most is None else replace(usual, reply_bytes=at_most)
    auth = shipped_provider("sub2api").auth
    transport = Live(
        LiveEndpoint(base_url=base_url, auth=auth, key=key, bounds=bounds),
        pictures=ImageCollector(lambda _name, _raw: None),
        redactor=Redactor({"SUB2API_API_KEY": key}),
        now_s=lambda: time.monotonic() - start,
    )
    try:
        yield transport
    finally:
        await transport.aclose()


def trip(
    answer: Answer | bytes, request: Request = POST, *, at_most: int | None = None
) -> Exchange:
    """One round trip to a server that answers so."""
    return trips(answer, request, at_most=at_most)[0]


def trips(
    answer: Answer | bytes, request: Request = POST, *, at_most: int | None = None
) -> tuple[Exchange, Server]:
    async def go() -> tuple[Exchange, Server]:
        async with (
            asyncio.timeout(HUNG_S),
            serving(answer) as server,
            live(server.url, at_most=at_most) as transport,
        ):
            return await transport.send(request, due_s=0.0), server

    return ahead.run(go())


def to(base_url: str, request: Request = POST) -> Exchange:
    async def go() -> Exchange:
        async with asyncio.timeout(HUNG_S), live(base_url) as transport:
            return await transport.send(request, due_s=0.0)

    return asyncio.run(go())


def reply(answer: Answer | bytes, request: Request = POST) -> Reply:
    exchange = trip(answer, request)
    assert isinstance(exchange.answer, Reply), exchange.answer
    return exchange.answer


def failure(exchange: Exchange) -> Failure:
    assert isinstance(exchange.answer, Failure), exchange.answer
    fault = fault_of(exchange.answer, paid=False)
    assert fault.error_class == exchange.answer.kind
    assert fault.may_be_paid is exchange.answer.sent
    return exchange.answer


def test_a_refused_connection_is_a_network_failure_that_sent_nothing() -> None:
    found = failure(to("http://127.0.0.1:1"))

    assert (found.kind, found.sent, found.partial) == ("network", False, None)
    assert "http://127.0.0.1:1" in found.why


def test_a_name_that_does_not_resolve_is_a_network_failure_that_sent_nothing() -> None:
    found = failure(to("http://nosuch.invalid"))

    assert (found.kind, found.sent) == ("network", False)
    assert "nosuch.invalid" in found.why


def test_a_plain_server_behind_https_is_a_network_failure_that_sent_nothing() -> None:
    async def plain(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def go() -> Exchange:
        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, live(f"https://127.0.0.1:{port}") as transport:
            return await transport.send(POST, due_s=0.0)

    found = failure(asyncio.run(go()))

    assert (found.kind, found.sent) == ("network", False)


def test_a_tls_handshake_that_never_ends_is_a_timeout_that_sent_nothing() -> None:
    async def go() -> Exchange:
        request = Request(method="POST", target="/v1/x", timeout_s=0.3)
        async with serving(_silence) as server, live(f"https{server.url[4:]}") as transport:
            return await transport.send(request, due_s=0.0)

    found = failure(asyncio.run(go()))
    gc.collect()  # who warns of a socket that nobody closed

    assert (found.kind, found.sent) == ("timeout", False)


async def _reset_at_once(_request: Received, writer: asyncio.StreamWriter) -> None:
    reset(writer)


async def _silence(_request: Received, writer: asyncio.StreamWriter) -> None:
    del writer
    await put_ahead(60.0)
    await asyncio.Event().wait()


def test_a_reset_before_headers_may_have_been_paid() -> None:
    found = failure(trip(_reset_at_once))

    assert (found.kind, found.sent, found.partial) == ("network", True, None)


def test_a_connection_closed_without_a_word_may_have_been_paid() -> None:
    found = failure(trip(b""))

    assert (found.kind, found.sent, found.partial) == ("network", True, None)


def test_a_stall_before_headers_is_a_timeout_that_may_have_been_paid() -> None:
    found = failure(trip(_silence, Request(method="POST", target="/v1/x", timeout_s=60.0)))

    assert (found.kind, found.sent, found.partial) == ("timeout", True, None)
    assert "60 s (nothing had arrived)" in found.why


@pytest.mark.parametrize(
    "garbage",
    [b"\x16\x03\x01\x00\xff", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\r\n" * 9],
)
def test_what_is_no_http_is_a_protocol_failure(garbage: bytes) -> None:
    found = failure(trip(garbage))

    assert (found.kind, found.sent, found.partial) == ("protocol", True, None)


def test_headers_without_end_are_a_protocol_failure() -> None:
    async def endless(_request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(ENOUGH):
            writer.write(b"X-More: " + b"y" * 1000 + b"\r\n")
            await writer.drain()
        writer.write(b"\r\n{}")  # whoever read so far has a reply

    found = failure(trip(endless))

    assert (found.kind, found.sent) == ("protocol", True)


def test_a_reset_within_the_body_keeps_what_had_arrived() -> None:
    async def half(_request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(http(b'{"id": "job-1", ', length=900))
        await taken(writer)  # bytes are read before the RST
        reset(writer)

    found = failure(trip(half))

    assert (found.kind, found.sent) == ("network", True)
    assert found.partial is not None
    assert found.partial.status == 200
    assert found.partial.text == '{"id": "job-1", '


def test_a_body_shorter_than_its_length_is_a_network_failure_with_the_rest_kept() -> None:
    found = failure(trip(http(b'{"id": "job-1"}', length=900)))

    assert (found.kind, found.sent) == ("network", True)
    assert found.partial is not None
    assert found.partial.document == {"id": "job-1"}
    assert "after HTTP 200 and 15 bytes" in found.why


def test_a_stall_after_headers_is_a_timeout_with_the_headers_kept() -> None:
    async def stall(_request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nX-Request-Id: r-1\r\nContent-Length: 9\r\n\r\n")
        await taken(writer)
        await put_ahead(60.0)
        await asyncio.Event().wait()

    found = failure(trip(stall, Request(method="POST", target="/v1/x", timeout_s=60.0)))

    assert (found.kind, found.sent) == ("timeout", True)
    assert found.partial is not None
    assert found.partial.header("x-request-id") == "r-1"


def test_half_json_of_the_right_length_is_a_reply_with_a_text() -> None:
    found = reply(http(b'{"data": [{"b64_json": "iVBORw0KGgo'))

    assert found.document is None
    assert found.text == '{"data": [{"b64_json": "iVBORw0KGgo'


def test_a_body_without_end_is_cut_at_its_bound() -> None:
    async def endless(_request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        for _ in range(ENOUGH):
            writer.write(b" " * 65536)
            await writer.drain()

    found = failure(trip(endless, at_most=1_000_000))

    assert (found.kind, found.sent) == ("protocol", True)
    assert "longer than 1,000,000 bytes" in found.why


def test_events_without_end_are_cut_at_their_bound() -> None:
    async def endless(_request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for _ in range(ENOUGH):
            writer.write(b"data: {}\n\n" * 5000)
            await writer.drain()

    found = failure(trip(endless))

    assert (found.kind, found.sent) == ("protocol", True)
    assert "more than 4,096 events" in found.why


def test_a_gzip_bomb_is_cut_at_the_bound() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    packed = http(bomb, headers=("Content-Encoding: gzip",))

    found = failure(trip(packed, at_most=1_000_000))

    assert (found.kind, found.sent) == ("protocol", True)


def test_the_body_of_a_redirect_is_not_read() -> None:
    async def moved(request: Received, writer: asyncio.StreamWriter) -> None:
        if request.target.endswith("result"):
            writer.write(http(b'{"a": 1}'))
            return
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /result\r\n\r\n")
        for _ in range(ENOUGH):
            writer.write(bytes(65536))
            await writer.drain()

    async def go() -> Exchange:
        async with asyncio.timeout(HUNG_S), serving(moved) as server, live(server.url) as transport:
            return await transport.send(Request(method="GET", target=f"{server.url}/a"), due_s=0.0)

    answer = ahead.run(go()).answer

    assert isinstance(answer, Reply)
    assert answer.document == {"a": 1}


def test_a_reply_beyond_a_bound_is_the_protocols_failure_and_its_start_is_kept() -> None:
    found = failure(trip(http(b'{"a":[' + b"[]," * 30_000 + b"0]}")))

    assert (found.kind, found.sent) == ("protocol", True)
    assert "the reply's JSON holds more than 20,000 values" in found.why
    assert found.partial is not None
    assert found.partial.text is not None
    assert found.partial.text.startswith('{"a":[[],[],')
    assert len(found.partial.text) == 4096
    assert found.partial.size_bytes == 90_009


def test_a_stream_of_large_images_is_read_whole() -> None:
    file = io.BytesIO()
    Image.effect_noise((900, 900), 90).save(file, "PNG")
    text = base64.b64encode(file.getvalue()).decode()
    assert len(text) > 500_000

    async def stream(_request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for number in range(4):
            writer.write(f'data: {{"n":{number},"b64_json":"{text}"}}\n\n'.encode())
            await writer.drain()

    found = reply(stream)

    data = [event.data for event in found.events if isinstance(event.data, dict)]
    assert [content["n"] for content in data] == [*range(4)]
    (picture,) = found.pictures.values()
    assert picture.state == "decoded"
    assert {content["b64_json"] for content in data} == set(found.pictures)


def test_a_bomb_in_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(gzip.compress(bytes(50_000_000)))

    found = failure(trip(http(bomb, headers=("Content-Encoding: gzip, gzip",))))

    assert found.kind == "protocol"
    assert found.partial is not None
    assert found.partial.size_bytes == 0


def test_a_damaged_gzip_is_a_protocol_failure() -> None:
    packed = bytearray(gzip.compress(json.dumps(DONE).encode() * 100))
    packed[20:40] = bytes(20)

    found = failure(trip(http(bytes(packed), headers=("Content-Encoding: gzip",))))

    assert (found.kind, found.sent) == ("protocol", True)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_packed_reply_is_unpacked(coding: str) -> None:
    packed = gzip.compress(PLAIN) if coding == "gzip" else zlib.compress(PLAIN)

    assert reply(http(packed, headers=(f"Content-Encoding: {coding}",))).document == {"a": 1}


@pytest.mark.parametrize("status", ["204 No Content", "200 OK", "502 Bad Gateway"])
def test_an_empty_body_is_a_reply_with_nothing_in_it(status: str) -> None:
    found = reply(f"HTTP/1.1 {status}\r\nConnection: close\r\n\r\n".encode())

    assert (found.document, found.text, found.size_bytes) == (None, None, 0)


def test_letters_in_another_charset_cost_their_letters_only() -> None:
    body = b'{"data": [{"b64_json": "%s", "revised_prompt": "caf\xe9"}]}' % base64.b64encode(png())
    found = reply(http(body, headers=("Content-Type: application/json; charset=latin-1",)))

    assert isinstance(found.document, dict)
    assert "caf\ufffd" in str(found.document)
    assert len(found.pictures) == 1


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'{"a": NaN, "b": Infinity, "c": -Infinity, "d": 1e999}', dict.fromkeys("abcd")),
        (b'{"a": "\\ud83d", "\\ude00": 1}', {"a": "?", "?": 1}),
        (b"%d" % 10**4000, None),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b' \n\n {"a": 1} ', {"a": 1}),
        (b"null", None),
    ],
)
def test_odd_json_becomes_plain_values(body: bytes, document: object) -> None:
    assert reply(http(body)).document == document


@pytest.mark.parametrize("body", [b"9" * 5000, b"[" * 10_000, b"{'a': 1}", b"\xff\xfe{\x00}\x00"])
def test_what_json_cannot_read_is_a_text(body: bytes) -> None:
    found = reply(http(body))

    assert found.document is None
    assert found.text is not None
    assert len(found.text) <= 4096


@pytest.mark.parametrize("levels", [63, 65, 210, 600, 900])
def test_deep_json_is_kept_so_that_a_journal_can_hold_it(levels: int, tmp_path: Path) -> None:
    body = b'{"job": "j-1", "deep": ' + b"[" * levels + b"]" * levels + b"}"
    exchange = trip(http(body))
    folder = RunFolder.create(tmp_path / "run")
    folder.write_header(header())
    shot = SHOTS["sub2api"]
    case = shot.case.id
    folder.append(Sent(provider="sub2api", case=case, shot=shot, evidence=EVIDENCE))
    folder.append(Exchanged(provider="sub2api", case=case, exchange=exchange))
    folder.close()

    assert read_run(folder.path).unfinished[0].exchanges == [exchange]


def test_a_redirected_post_is_not_followed_and_the_key_goes_nowhere_else() -> None:
    async def go() -> tuple[Exchange, Server, Server]:
        async with serving(http({"ok": 1})) as other:
            location = (f"Location: {other.url}/v1/images/generations",)
            moved = http(b"", status="307 Temporary Redirect", headers=location)
            async with serving(moved) as server, live(server.url) as transport:
                return await transport.send(POST, due_s=0.0), server, other

    exchange, server, other = asyncio.run(go())

    assert isinstance(exchange.answer, Reply)
    assert exchange.answer.status == 307
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert other.requests == []


def test_a_result_is_fetched_without_the_key_from_any_host_and_over_redirects() -> None:
    async def go() -> tuple[Exchange, list[Received]]:
        image = http(png(), headers=("Content-Type: image/png",))
        async with serving(image) as other:
            location = (f"Location: {other.url}/second.png",)
            moved = http(b"", status="302 Found", headers=location)
            async with serving(moved) as server, live(server.url) as transport:
                fetch = Request(method="GET", target=f"{server.url}/first.png", timeout_s=HUNG_S)
                exchange = await transport.send(fetch, due_s=0.0)
                return exchange, server.requests + other.requests

    exchange, requests = asyncio.run(go())

    assert isinstance(exchange.answer, Reply)
    assert [picture.width_px for picture in exchange.answer.pictures.values()] == [8]
    assert [request.target for request in requests] == ["/first.png", "/second.png"]
    for request in requests:
        assert KEY not in str(request.headers)
        assert "authorization" not in request.headers


def test_a_result_that_redirects_for_ever_is_a_protocol_failure() -> None:
    async def go() -> Exchange:
        again = http(b"", status="302 Found", headers=("Location: /again",))
        async with serving(again) as server, live(server.url) as transport:
            fetch = Request(method="GET", target=f"{server.url}/a.png", timeout_s=HUNG_S)
            return await transport.send(fetch, due_s=0.0)

    assert failure(asyncio.run(go())).kind == "protocol"


@pytest.mark.parametrize(
    "address",
    [
        "http://",
        "http://[::1",
        "https://:0/x",
        "http://a b/",
        "http://\x00/",
        "http://x:99999/",
        "http://\u202e/",
    ],
)
def test_a_result_address_that_is_none_is_a_failure_that_sent_nothing(address: str) -> None:
    found = failure(
        to("http://127.0.0.1:1", Request(method="GET", target=address, timeout_s=HUNG_S))
    )

    assert not found.sent


def test_an_address_that_held_our_key_is_never_fetched() -> None:
    echoed = f"http://cdn.test/a.png?key={KEY}"
    found = reply(http({"data": [{"url": echoed}]}))
    assert found.document == {"data": [{"url": "http://cdn.test/a.png?key=<SUB2API_API_KEY>"}]}

    target = "http://127.0.0.1:1/a.png?key=<SUB2API_API_KEY>"
    again = failure(to("http://127.0.0.1:1", Request(method="GET", target=target)))

    assert (again.kind, again.sent) == ("protocol", False)
    assert "our key" in again.why


def _stream(*chunks: bytes, end: bool = True) -> bytes:
    return chunked(*chunks, headers=SSE, end=end)


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_events_are_read_with_any_line_end_and_any_chunks(newline: bytes) -> None:
    done = json.dumps({**DONE, "b64_json": base64.b64encode(png()).decode()}).encode()
    lines = (b"event: image_generation.completed", b"data: " + done, b"", b"data: [DONE]", b"", b"")
    raw = newline.join(lines)

    for step in (1, 7, len(raw)):
        found = reply(_stream(*(raw[place : place + step] for place in range(0, len(raw), step))))

        assert [event.name for event in found.events] == ["image_generation.completed", ""]
        assert [picture.width_px for picture in found.pictures.values()] == [8]


def test_a_stream_that_stops_within_an_event_keeps_it_and_convicts_nobody() -> None:
    done = json.dumps({**DONE, "b64_json": base64.b64encode(png()).decode()}).encode()

    found = failure(trip(_stream(b"data: {}\n\n", b"data: " + done + b"\n")))

    assert (found.kind, found.sent) == ("protocol", True)
    assert found.partial is not None
    assert [event.name for event in found.partial.events] == ["", "image_generation.completed"]
    assert len(found.partial.pictures) == 1


def test_a_stream_that_is_cut_off_keeps_its_events() -> None:
    found = failure(trip(_stream(b'data: {"type": "a"}\n\n', b"data: {", end=False)))

    assert (found.kind, found.sent) == ("network", True)
    assert found.partial is not None
    assert [event.name for event in found.partial.events] == ["a"]


def test_times_are_in_order_and_the_first_byte_is_no_white_space() -> None:
    parsed = asyncio.Event()

    async def slowly(_request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for _ in range(3):
            await asyncio.sleep(0.05)  # a keep-alive has its own pace
            writer.write(b" \n")
            await writer.drain()
        parsed.set()
        writer.write(b'{"a": 1}')

    times = trip(slowly).times

    assert times.headers_s is not None
    assert times.first_byte_s is not None
    assert 0 <= times.sent_s <= times.headers_s <= times.first_byte_s <= times.end_s
    assert times.first_byte_s - times.headers_s >= 0.1


@pytest.mark.parametrize(
    ("prefix", "target", "asked"),
    [
        ("", "/v1/images", "/v1/images"),
        ("/", "/v1/images", "/v1/images"),
        ("/v1", "/v1/images", "/v1/images"),
        ("/v1/", "/v1/images", "/v1/images"),
        ("/gateway", "/v1/images", "/gateway/v1/images"),
        ("/gateway/v1", "/v1/images", "/gateway/v1/images"),
        ("/gateway/v2", "/v1/images", "/gateway/v2/v1/images"),
        ("/myv1", "/v1/images", "/myv1/v1/images"),
        ("/api", "/api/v1/generations", "/api/v1/generations"),
        ("/api/v1", "/api/v1/generations", "/api/v1/generations"),
        ("/api/v1", "/api/v1/generations/j%2F..%3F1", "/api/v1/generations/j%2F..%3F1"),
    ],
)
def test_what_base_url_and_path_both_name_counts_once(prefix: str, target: str, asked: str) -> None:
    async def go() -> str:
        async with serving(http({})) as server, live(server.url + prefix) as transport:
            await transport.send(Request(method="GET", target=target, timeout_s=HUNG_S), due_s=0.0)
            return server.requests[0].target

    assert asyncio.run(go()) == asked


def test_a_host_called_like_a_version_keeps_its_name() -> None:
    found = failure(to("http://v1", Request(method="GET", target="/v1/x", timeout_s=HUNG_S)))

    assert (found.kind, found.sent) == ("network", False)  # and not an address without a host
    assert "protocol" not in found.why.lower()


def test_what_had_arrived_of_a_reply_is_handed_over_when_the_run_is_stopped() -> None:
    arriving = asyncio.Event()

    async def stall(_request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(http(b'{"id": "job-1"', length=900))
        await writer.drain()
        arriving.set()
        await asyncio.Event().wait()

    async def go() -> tuple[list[Exchange], bool]:
        kept: list[Exchange] = []

        async def shoot(transport: Live) -> None:
            kept.append(await transport.send(POST, due_s=0.0))
            await asyncio.sleep(60)  # the cancellation ends this

        async with asyncio.timeout(HUNG_S), serving(stall) as server, live(server.url) as transport:
            task = asyncio.create_task(shoot(transport))
            await arriving.wait()
            task.cancel()
            await asyncio.wait([task])
            return kept, task.cancelled()

    kept, cancelled = asyncio.run(go())

    assert cancelled
    found = failure(kept[0])
    assert found.sent
    assert "the run was stopped" in found.why


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.sampled_from((b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 ")))
def test_no_bytes_make_the_transport_raise(raw: bytes, before: bytes) -> None:
    request = Request(method="POST", target="/v1/images", body={}, timeout_s=HUNG_S)

    exchange = trip(before + raw, request)

    assert isinstance(exchange.answer, Reply | Failure)


def test_refusals_and_faults_are_told_apart_over_the_wire() -> None:
    errors = shipped_provider("sub2api").errors
    refusal = {"error": {"message": "Invalid 'n'", "type": "invalid_request_error", "param": "n"}}

    said = refused_or_fault(errors, reply(http(refusal, status="400 Bad Request")))
    page = refused_or_fault(errors, reply(http(b"<html>no</html>", status="400 Bad Request")))

    assert isinstance(said, Refused)
    assert isinstance(page, Fault)
