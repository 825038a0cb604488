import asyncio

import pytest

from harness.core.exchange import Exchange, Request
from tests.loopback import HUNG_S
from tests.transport.connections import failed, live, replied
from tests.transport.servers import Talking, talking

POST = Request(method="POST", target="/v1/x", body={"prompt": "a cat"}, timeout_s=HUNG_S)
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"a": 1}'


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name}_proxy".upper(), raising=False)


def test_what_goes_through_a_proxy_of_the_environment_has_no_phases_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def forward(
        server: Talking, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await server.asked(reader)
        writer.write(OK)

    async def go() -> tuple[Exchange, bytes]:
        async with talking(forward) as server:
            monkeypatch.setenv("HTTP_PROXY", server.url())
            async with live("http://api.test") as transport:
                return await transport.send(POST, due_s=0.0), server.first_line

    exchange, first_line = asyncio.run(go())
    times = exchange.times

    assert replied(exchange).document == {"a": 1}
    assert first_line == b"POST http://api.test/v1/x HTTP/1.1"
    assert (times.dns_s, times.connect_s, times.tls_s, times.written_s) == (None,) * 4
    assert times.headers_s is not None
    assert times.sent_s <= times.headers_s <= times.end_s


def test_a_proxy_that_hangs_up_may_have_passed_the_request_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def swallow(
        server: Talking, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await server.asked(reader)
        del writer

    async def go() -> Exchange:
        async with talking(swallow) as server:
            monkeypatch.setenv("HTTP_PROXY", server.url())
            async with live("http://api.test") as transport:
                return await transport.send(POST, due_s=0.0)

    assert failed(asyncio.run(go())).sent


@pytest.mark.parametrize("passed", ["no_proxy", "loopback"])
def test_who_needs_no_proxy_is_reached_without(
    monkeypatch: pytest.MonkeyPatch, passed: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    base_url = "http://127.0.0.1:{}"
    if passed == "no_proxy":
        monkeypatch.setenv("NO_PROXY", "127.1.2.3")
        base_url = "http://127.1.2.3:{}"

    async def answer(
        server: Talking, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await server.asked(reader)
        writer.write(OK)

    async def go() -> Exchange:
        async with (
            talking(answer, host="0.0.0.0") as server,  # noqa: S104 - all of loopback
            live(base_url.format(server.port)) as transport,
        ):
            return await transport.send(POST, due_s=0.0)

    exchange = asyncio.run(go())

    assert replied(exchange).document == {"a": 1}
    assert exchange.times.connect_s is not None


@pytest.mark.parametrize("address", ["gopher://me:secret@127.0.0.1", "http://[me:secret"])
def test_a_proxy_that_cannot_be_used_sends_nothing_and_is_not_quoted(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", address)

    async def go() -> Exchange:
        async with live("http://api.test") as transport:
            return await transport.send(POST, due_s=0.0)

    found = failed(asyncio.run(go()))

    assert (found.kind, found.sent) == ("protocol", False)
    assert "proxy" in found.why
    assert "secret" not in found.why
