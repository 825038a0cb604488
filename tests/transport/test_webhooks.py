import asyncio
import hashlib
import hmac
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar, cast

import httpx
import pytest

from harness.core.exchange import Exchange, Failure, Reply, Request
from harness.core.jsonvalue import Json
from harness.core.placeholders import INBOX, WEBHOOKS
from harness.transport.callbacks import app
from harness.transport.callbacks.app import DELIVERIES_AT_MOST, DELIVERY_AT_MOST_BYTES
from harness.transport.callbacks.server import CallbackServer
from harness.transport.client import Live
from tests import ahead
from tests.ahead import put_ahead, settled
from tests.loopback import HUNG_S
from tests.runner.hostile import http, serving
from tests.transport.connections import KEY, failed, live, outside, replied

SHA = hashlib.sha256(KEY.encode())
RAW = b'{"event":"completed","jobId":"j-1"}'
EVENT = ("X-Webhook-Event", "completed")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A receiver, a connection that may ask it, a sender, and where the sender was told to go."""

    places: CallbackServer
    transport: Live
    sender: httpx.AsyncClient
    url: str

    async def deliver(self, raw: bytes = RAW, *headers: tuple[str, str], place: str = "t-1") -> int:
        url = self.url.removesuffix("t-1") + place
        return (await self.sender.post(url, content=raw, headers=list(headers))).status_code

    async def ask(self, place: str = "t-1", *, wait_s: float = 0.0) -> Exchange:
        return await self.transport.send(inbox(place, wait_s=wait_s), due_s=0.0)


def inbox(place: str = "t-1", *, wait_s: float = 0.0) -> Request:
    return Request(method="GET", target=INBOX + place, timeout_s=wait_s)


@asynccontextmanager
async def hooked(time_scale: float = 1.0) -> AsyncIterator[Hook]:
    asking = Request(method="POST", target="/v1/x", body=f"{WEBHOOKS}t-1", timeout_s=HUNG_S)
    async with (
        asyncio.timeout(HUNG_S),
        outside() as places,
        serving(http({})) as server,
        live(server.url, places, time_scale=time_scale) as transport,
        httpx.AsyncClient(trust_env=False, timeout=HUNG_S) as sender,
    ):
        await transport.send(asking, due_s=0.0)
        url = str(json.loads(server.requests[0].body))
        yield Hook(places=places, transport=transport, sender=sender, url=url)


def with_hook(work: Callable[[Hook], Awaitable[T]], *, time_scale: float = 1.0) -> T:
    async def go() -> T:
        async with hooked(time_scale) as hook:
            return await work(hook)

    return ahead.run(go())


def signed(raw: bytes = RAW, key: bytes | None = None, prefix: str = "sha256=") -> tuple[str, str]:
    digest = hmac.new(SHA.digest() if key is None else key, raw, "sha256").hexdigest()
    return "x-webhook-signature", prefix + digest


def deliveries(exchange: Exchange) -> list[dict[str, Json]]:
    document = replied(exchange).document
    assert isinstance(document, dict)
    return cast("list[dict[str, Json]]", document["deliveries"])


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ((signed(),), ("valid", "sha256")),
        ((signed(key=SHA.hexdigest().encode()),), ("valid", "sha256_hex")),
        ((signed(key=KEY.encode()),), ("forged", None)),
        ((signed(b"another body"),), ("forged", None)),
        ((signed(prefix=""),), ("forged", None)),
        ((signed(prefix="sha512="),), ("forged", None)),
        ((signed(), signed()), ("forged", None)),
        ((("x-webhook-signature", ""),), ("forged", None)),
        ((("X-Webhook-Signature", "sha256=\xe9"),), ("forged", None)),
        ((), ("missing", None)),
        ((("x-signature", "sha256=1"),), ("missing", None)),
    ],
)
def test_a_signature_is_read_with_each_reading_of_the_key(
    headers: tuple[tuple[str, str], ...], told: tuple[str, str | None]
) -> None:
    async def go(hook: Hook) -> Exchange:
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        await hook.sender.post(hook.url, content=RAW, headers=raw)
        return await hook.ask()

    (one,) = deliveries(with_hook(go))

    assert (one["signature"], one["key"]) == told


def test_what_was_delivered_is_told_in_order_with_its_times() -> None:
    async def go(hook: Hook) -> tuple[Exchange, Exchange]:
        assert await hook.deliver(RAW, EVENT, signed()) == 200
        assert await hook.deliver(b"no <json>", ("Content-Type", "text/plain")) == 200
        assert await hook.deliver(b"") == 200
        return await hook.ask(), await hook.ask()

    first, again = with_hook(go)

    one, two, three = deliveries(first)
    assert one == {
        "at_s": one["at_s"],
        "signature": "valid",
        "key": "sha256",
        "headers": {"x-webhook-event": "completed"},
        "body": json.loads(RAW),
        "text": None,
        "sha256": hashlib.sha256(RAW).hexdigest(),
    }
    assert (two["body"], two["text"]) == (None, "no <json>")
    assert two["headers"] == {"content-type": "text/plain"}
    assert (three["body"], three["text"]) == (None, None)
    times = [cast("float", each["at_s"]) for each in (one, two, three)]
    assert times == sorted(times)
    assert times[0] > 0
    assert deliveries(again) == [one, two, three]
    assert replied(first).status == 200
    assert replied(first).size_bytes == len(RAW) + 9
    assert first.request == inbox()
    assert first.times.headers_s is not None
    assert first.times.sent_s <= first.times.headers_s <= first.times.end_s


def test_keys_and_addresses_are_taken_out_of_deliveries() -> None:
    async def go(hook: Hook) -> tuple[Exchange, str]:
        body = json.dumps({"key": KEY, "to": hook.url, "port": f":{hook.places.port}"}).encode()
        await hook.deliver(body, ("X-Webhook-To", hook.url))
        await hook.deliver(f"{KEY} {hook.url}".encode())
        return await hook.ask(), hook.url

    exchange, url = with_hook(go)

    one, two = deliveries(exchange)
    assert one["headers"] == {"x-webhook-to": f"{WEBHOOKS}t-1"}
    assert one["body"] == {
        "key": "<SUB2API_API_KEY>",
        "to": f"{WEBHOOKS}t-1",
        "port": f":{httpx.URL(url).port}",
    }
    assert two["text"] == f"<SUB2API_API_KEY> {WEBHOOKS}t-1"


NEVER_S = 10 * HUNG_S


@pytest.mark.parametrize("time_scale", [1.0, 0.001])
def test_who_asks_early_waits_for_the_first_delivery_and_no_longer(
    time_scale: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[Live.__module__], "DELIVERY_LEAST_WAIT_S", NEVER_S)

    async def go(hook: Hook) -> Exchange:
        asking = asyncio.create_task(hook.ask(wait_s=NEVER_S))  # in scaled time as well
        await put_ahead(60.0)
        await settled()
        assert not asking.done()
        await hook.deliver()
        return await asking

    exchange = with_hook(go, time_scale=time_scale)

    (one,) = deliveries(exchange)
    assert exchange.times.sent_s < cast("float", one["at_s"])


@pytest.mark.parametrize(("wait_s", "scale", "least_s"), [(0.2, 0.5, 100.0), (200.0, 0.5, 1.0)])
def test_the_wait_ends_without_a_delivery(
    wait_s: float, scale: float, least_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the scaled time, or at least what is due to a machine that is no faster for it."""
    monkeypatch.setattr(sys.modules[Live.__module__], "DELIVERY_LEAST_WAIT_S", least_s)

    async def go(hook: Hook) -> Exchange:
        asking = asyncio.create_task(hook.ask(wait_s=wait_s))
        await put_ahead(50.0)
        await settled()
        assert not asking.done()
        await put_ahead(60.0)
        return await asking

    assert deliveries(with_hook(go, time_scale=scale)) == []


@pytest.mark.parametrize("wait_s", [0.0, 0.05])
def test_who_does_not_wait_gets_what_is_there(
    wait_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[Live.__module__], "DELIVERY_LEAST_WAIT_S", NEVER_S)

    async def go(hook: Hook) -> Exchange:
        return await hook.ask(wait_s=wait_s)

    assert deliveries(with_hook(go)) == []


def test_tokens_and_providers_are_kept_apart() -> None:
    async def go(hook: Hook) -> list[list[dict[str, Json]]]:
        await hook.deliver(b'"mine"')
        await hook.deliver(b'"another case"', place="t-2")
        other = hook.url.replace("/apiframe/", "/buble/")
        await hook.sender.post(other, content=b'"another provider"', headers=[signed()])
        async with live("http://127.0.0.1:1", hook.places, name="buble") as buble:
            asked = [await hook.ask(), await hook.ask("t-2"), await hook.ask("t-3")]
            return [deliveries(one) for one in (*asked, await buble.send(inbox(), due_s=0.0))]

    mine, case, nothing, provider = with_hook(go)

    assert [one["body"] for one in (*mine, *case, *provider)] == [
        "mine",
        "another case",
        "another provider",
    ]
    assert nothing == []
    assert provider[0]["signature"] == "missing"  # nobody documents how it would be signed


def test_strangers_are_counted_and_not_kept() -> None:
    async def go(hook: Hook) -> tuple[list[int], int, int]:
        base, secret, *_ = hook.url.removeprefix("http://").split("/")
        paths = ("t-1", "apiframe/t-1", f"{secret}x/apiframe/t-1", f"{secret[:-1]}/apiframe/t-1")
        urls = [f"http://{base}/{path}" for path in paths]
        told = [(await hook.sender.post(url, content=RAW)).status_code for url in urls]
        told.append((await hook.sender.get(urls[1])).status_code)
        assert deliveries(await hook.ask()) == []
        return told, hook.places.strangers, hook.places.dropped

    assert with_hook(go) == ([404] * 5, 4, 0)


@pytest.mark.parametrize("ending", ["", "/", "/..", "/a_b", "/%2e%2e", "/" + "a" * 300, "/a%00"])
def test_a_place_that_no_token_names_is_not_there(ending: str) -> None:
    async def go(hook: Hook) -> int:
        return (await hook.sender.post(hook.url.removesuffix("/t-1") + ending)).status_code

    assert with_hook(go) == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "BREW"])
def test_a_webhook_is_posted(method: str) -> None:
    async def go(hook: Hook) -> tuple[httpx.Response, Exchange]:
        return await hook.sender.request(method, hook.url), await hook.ask()

    answer, exchange = with_hook(go)

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert deliveries(exchange) == []


def test_a_body_is_kept_up_to_its_bound_and_no_further() -> None:
    async def chunks(size: int) -> AsyncIterator[bytes]:
        for _ in range(size // 1024):
            yield b"x" * 1024
        yield b"x" * (size % 1024)

    async def go(hook: Hook) -> tuple[list[int | None], Exchange, int]:
        told: list[int | None] = [await hook.deliver(b"x" * DELIVERY_AT_MOST_BYTES)]
        for content in (b"x" * (DELIVERY_AT_MOST_BYTES + 1), chunks(2 * DELIVERY_AT_MOST_BYTES)):
            try:
                told.append((await hook.sender.post(hook.url, content=content)).status_code)
            except httpx.TransportError:
                told.append(None)  # the answer is lost where the sender does not stop sending
        return told, await hook.ask(), hook.places.dropped

    told, exchange, dropped = with_hook(go)

    assert told[0] == 200
    assert set(told[1:]) <= {413, None}
    (one,) = deliveries(exchange)
    assert one["sha256"] == hashlib.sha256(b"x" * DELIVERY_AT_MOST_BYTES).hexdigest()
    assert len(str(one["text"])) == 4096
    assert dropped == 2


def test_a_length_that_lies_costs_nothing() -> None:
    async def go(hook: Hook) -> tuple[list[bytes], int]:
        path = httpx.URL(hook.url).path
        told = []
        for length in ("99999999999999999999999999", "1048577", "-1", "x"):
            reader, writer = await asyncio.open_connection("127.0.0.1", hook.places.port)
            head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n"
            writer.write(head.encode())
            told.append((await reader.readline())[9:12])
            writer.close()
            await writer.wait_closed()
        return told, len(deliveries(await hook.ask()))

    told, kept = with_hook(go)

    assert told[1] == b"413"
    assert set(told) <= {b"413", b"400"}
    assert kept == 0


def test_thousands_of_deliveries_are_answered_and_the_first_thousand_kept() -> None:
    count = 1_200

    async def go(hook: Hook) -> tuple[list[int], Exchange, int]:
        async def some(share: range) -> list[int]:
            return [await hook.deliver(b'{"number": %d}' % number) for number in share]

        told = await asyncio.gather(*(some(range(first, count, 20)) for first in range(20)))
        return [*chain(*told)], await hook.ask(), hook.places.dropped

    told, exchange, dropped = with_hook(go)

    assert sorted(told) == [200] * DELIVERIES_AT_MOST + [507] * (count - DELIVERIES_AT_MOST)
    assert len(deliveries(exchange)) == DELIVERIES_AT_MOST
    assert dropped == count - DELIVERIES_AT_MOST


def test_what_is_kept_is_bounded_in_bytes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "KEPT_AT_MOST_BYTES", 10_000)

    async def go(hook: Hook) -> tuple[list[int], int]:
        told = [await hook.deliver(b"x" * 4_000) for _ in range(4)]
        return told, len(deliveries(await hook.ask()))

    assert with_hook(go) == ([200, 200, 507, 507], 2)


async def _begun(hook: Hook) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A delivery of which the last byte is still missing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", hook.places.port)
    head = (
        f"POST {httpx.URL(hook.url).path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(RAW)}\r\n\r\n"
    )
    writer.write(head.encode() + RAW[:-1])
    await writer.drain()
    return reader, writer


async def _ended(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


def test_a_slow_delivery_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "DELIVERY_WITHIN_S", 0.2)

    async def go(hook: Hook) -> tuple[bytes, int, int]:
        reader, writer = await _begun(hook)
        told = await reader.readline()
        await _ended(writer)
        return told, len(deliveries(await hook.ask())), hook.places.dropped

    told, kept, dropped = with_hook(go)

    assert b" 408 " in told
    assert (kept, dropped) == (0, 1)


def test_a_delivery_whose_sender_leaves_is_not_kept_and_spoils_no_other() -> None:
    async def go(hook: Hook) -> Exchange:
        _, writer = await _begun(hook)
        await _ended(writer)
        await hook.deliver()
        return await hook.ask()

    assert len(deliveries(with_hook(go))) == 1


def test_deliveries_under_way_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "ARRIVING_AT_MOST", 2)

    async def go(hook: Hook) -> tuple[int, int]:
        slow = [await _begun(hook) for _ in range(2)]
        while (told := await hook.deliver()) == 200:
            pass  # until both have come as far as to be counted
        for _, writer in slow:
            await _ended(writer)
        while await hook.deliver() != 200:
            pass  # and until both are gone
        return told, hook.places.dropped

    told, dropped = with_hook(go)

    assert told == 503
    assert dropped >= 1


def test_a_delivery_that_is_complete_during_the_shutdown_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys.modules[CallbackServer.__module__], "STOP_S", HUNG_S)

    async def go(hook: Hook) -> tuple[Exchange, bytes]:
        reader, writer = await _begun(hook)
        asking = asyncio.create_task(hook.ask(wait_s=NEVER_S))
        await settled()
        closing = asyncio.create_task(hook.places.aclose())
        await asyncio.wait([closing], timeout=0.5)
        writer.write(RAW[-1:])
        told = await reader.readline()
        await closing
        await _ended(writer)
        await asking
        return await hook.ask(wait_s=NEVER_S), told

    exchange, told = with_hook(go)

    assert b" 200 " in told
    assert len(deliveries(exchange)) == 1


def test_a_delivery_that_never_ends_does_not_hold_up_the_shutdown() -> None:
    async def go(hook: Hook) -> list[Exchange]:
        _, writer = await _begun(hook)
        before = asyncio.create_task(hook.ask(wait_s=NEVER_S))
        await settled()
        await hook.places.aclose()
        found = [await before, await hook.ask("t-9", wait_s=NEVER_S)]
        await hook.places.aclose()  # twice does no harm
        await _ended(writer)
        with pytest.raises(httpx.ConnectError):
            await hook.deliver()
        return found

    assert [deliveries(one) for one in with_hook(go)] == [[], []]


def test_a_run_that_is_stopped_while_it_waits_still_has_its_exchange() -> None:
    async def go(hook: Hook) -> tuple[list[Exchange], bool]:
        kept: list[Exchange] = []

        async def waiting() -> None:
            kept.append(await hook.ask(wait_s=NEVER_S))
            await asyncio.Event().wait()  # the cancellation ends this

        task = asyncio.create_task(waiting())
        await settled()
        task.cancel()
        await asyncio.wait([task])
        return kept, task.cancelled()

    (exchange,), cancelled = with_hook(go)

    assert cancelled
    assert "the run was stopped" in failed(exchange).why
    assert not failed(exchange).sent


def test_a_hostile_body_is_told_like_a_reply() -> None:
    bodies = (b"[" * 5_000, b'{"a": NaN, "b": 1e999}', b'"\\ud83d"', b"\xff\xfe", b"9" * 5_000)

    async def go(hook: Hook) -> Exchange:
        for body in bodies:
            await hook.deliver(body)
        return await hook.ask()

    exchange = with_hook(go)

    assert isinstance(exchange.answer, Reply | Failure)
    told = [(one["body"], one["text"]) for one in deliveries(exchange)]
    assert told == [
        (None, "[" * 4096),
        ({"a": None, "b": None}, None),
        ("?", None),
        (None, "\ufffd\ufffd"),
        (None, "9" * 4096),
    ]
