import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx
import pytest

from harness import reference_images
from harness.core.errors import UsageError
from harness.core.exchange import Exchange, Request
from harness.core.jsonvalue import Json
from harness.core.placeholders import ASSETS, INBOX, MISSING, THIS_RUN, WEBHOOKS
from harness.core.recipe import Recipe
from harness.transport.callbacks.server import CallbackServer
from tests.loopback import HUNG_S
from tests.runner.hostile import Received, Server, chunked, http, serving
from tests.transport.connections import RUN_WORD, failed, live, outside, replied

IMAGE = Recipe(format="png", mode="rgba", width_px=64, height_px=48).name
LARGE = Recipe(format="png", mode="rgb", width_px=8, height_px=8, size_bytes=20_000_000).name
T = TypeVar("T")


def post(body: Json, *headers: tuple[str, str], target: str = "/v1/x") -> Request:
    return Request(method="POST", target=target, headers=headers, body=body, timeout_s=HUNG_S)


def get(target: str) -> Request:
    return Request(method="GET", target=target, timeout_s=HUNG_S)


def with_places(
    work: Callable[[CallbackServer, httpx.AsyncClient], Awaitable[T]],
    **arguments: str | bool | None,
) -> T:
    """Do something with the places of a run, and a client that is not ours."""

    async def go() -> T:
        async with (
            asyncio.timeout(HUNG_S),
            outside(**arguments) as places,  # type: ignore[arg-type]  # as the test names them
            httpx.AsyncClient(trust_env=False, timeout=HUNG_S) as client,
        ):
            places.serve_assets([IMAGE, LARGE, "missing.png", "etc/passwd"])
            return await work(places, client)

    return asyncio.run(go())


def trip(
    request: Request,
    answer: Callable[[CallbackServer], bytes] = lambda _: http({}),
    **arguments: str | bool | None,
) -> tuple[Exchange, Server, CallbackServer]:
    """One round trip to a provider, who may know where our places are."""

    async def go(
        places: CallbackServer, _client: httpx.AsyncClient
    ) -> tuple[Exchange, Server, CallbackServer]:
        async with serving(answer(places)) as server, live(server.url, places) as transport:
            return await transport.send(request, due_s=0.0), server, places

    return with_places(go, **arguments)


def test_a_reference_image_is_served_with_its_real_bytes() -> None:
    async def go(places: CallbackServer, client: httpx.AsyncClient) -> list[httpx.Response]:
        url = f"{places.assets_url}/{IMAGE}"
        return [await client.get(url), await client.head(url)]

    whole, head = with_places(go)

    assert (whole.status_code, whole.content) == (200, reference_images.reference_bytes(IMAGE))
    assert whole.headers["content-type"] == "image/png"
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.content))


def test_a_large_reference_image_is_served_whole_to_several_at_once() -> None:
    async def go(places: CallbackServer, client: httpx.AsyncClient) -> list[httpx.Response]:
        url = f"{places.assets_url}/{LARGE}"
        return list(await asyncio.gather(*(client.get(url) for _ in range(3))))

    assert {one.content for one in with_places(go)} == {reference_images.reference_bytes(LARGE)}


@pytest.mark.parametrize("prefix", ["/assets/", "/some/tunnel/assets/", "/"])
def test_a_prefix_of_a_tunnel_does_not_matter(prefix: str) -> None:
    async def go(places: CallbackServer, client: httpx.AsyncClient) -> int:
        return (await client.get(f"http://127.0.0.1:{places.port}{prefix}{IMAGE}")).status_code

    assert with_places(go) == 200


@pytest.mark.parametrize(
    "path",
    [
        "/assets/missing.png",
        "/assets/png-rgb-64x48-2.png",  # could be made, but nobody asked for it
        "/assets/",
        "/assets",
        "/",
        "/assets/../../etc/passwd",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/assets/etc%2fpasswd",
        f"/assets/..%00{IMAGE}",
        f"/assets/{IMAGE}/",
        f"/assets/{IMAGE}%00",
        "/assets//etc/passwd",
        "/assets/" + "x" * 5_000,
    ],
)
def test_what_nobody_was_told_of_is_not_there(path: str) -> None:
    async def go(places: CallbackServer, _client: httpx.AsyncClient) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", places.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())  # no client tidies it up
        status = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return status

    assert with_places(go).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
def test_a_reference_image_is_only_read(method: str) -> None:
    async def go(places: CallbackServer, client: httpx.AsyncClient) -> httpx.Response:
        return await client.request(method, f"{places.assets_url}/{IMAGE}")

    found = with_places(go)

    assert (found.status_code, found.headers["allow"]) == (405, "GET, HEAD")


def test_stand_ins_leave_as_addresses_and_are_kept_as_stand_ins() -> None:
    body: Json = {
        "image": f"{ASSETS}{IMAGE}",
        "deep": [{"urls": [MISSING, 1, None, True]}],
        "webhook_url": f"{WEBHOOKS}t-1",
        "prompt": f"see {ASSETS}{IMAGE}",
        ASSETS: "a key is no address",
    }
    request = post(body, ("Idempotency-Key", f"case-{THIS_RUN}-1"), ("X-Other", "a"))

    exchange, server, places = trip(request)

    (received,) = server.requests
    hook = rf"{places.webhook_url}/[\w-]{{20,}}/apiframe/t-1"
    assert exchange.request == request
    assert received.headers["idempotency-key"] == f"case-{RUN_WORD}-1"
    assert received.headers["x-other"] == "a"
    text = received.body.decode()
    assert f'"image":"{places.assets_url}/{IMAGE}"' in text
    assert f'"deep":[{{"urls":["{places.assets_url}/missing.png",1,null,true]}}]' in text
    assert re.search(f'"webhook_url":"{hook}"', text)
    assert f'"prompt":"see {ASSETS}{IMAGE}"' in text
    assert f'"{ASSETS}":"a key is no address"' in text


def test_a_stand_in_as_target_is_fetched_without_the_key() -> None:
    exchange, _, _ = trip(get(f"{ASSETS}{IMAGE}"))
    missing, _, _ = trip(get(MISSING))

    (picture,) = replied(exchange).pictures.values()
    assert (picture.width_px, picture.height_px, picture.alpha) == (64, 48, True)
    assert exchange.request.target == f"{ASSETS}{IMAGE}"
    assert replied(missing).status == 404


@pytest.mark.parametrize(
    ("request_", "option"),
    [
        (post({"a": [f"{ASSETS}{IMAGE}"]}), "--assets-url"),
        (post({"a": f"{WEBHOOKS}t"}), "--webhook-url"),
        (get(f"{ASSETS}{IMAGE}"), "--assets-url"),
        (get(f"{INBOX}t"), "--webhook-url"),
    ],
)
def test_a_stand_in_that_stands_for_nothing_does_not_leave(request_: Request, option: str) -> None:
    async def alone() -> tuple[Exchange, Server]:
        async with serving(http({})) as server, live(server.url) as transport:
            return await transport.send(request_, due_s=0.0), server

    exchange, server, _ = trip(request_, local=False)
    without, unasked = asyncio.run(alone())

    for found in (failed(exchange), failed(without)):
        assert (found.kind, found.sent, found.partial) == ("protocol", False, None)
        assert option in found.why
    assert server.requests == unasked.requests == []


def test_a_word_of_the_run_needs_a_run() -> None:
    async def go() -> Exchange:
        async with live("http://127.0.0.1:1") as transport:
            return await transport.send(post({}, ("Idempotency-Key", THIS_RUN)), due_s=0.0)

    found = failed(asyncio.run(go()))

    assert (found.kind, found.sent) == ("protocol", False)
    assert "word of this run's own" in found.why


def _told(places: CallbackServer, secret: str) -> dict[str, str]:
    return {
        "image": f"{places.assets_url}/{IMAGE}",
        "hook": f"{places.webhook_url}/{secret}/apiframe/t-1",
        "host": f"127.0.0.1:{places.port} refused",
        "longer": f"127.0.0.1:{places.port}0",
        "word": f"case-{RUN_WORD}",
        "part": f"nothing at /{secret}",
    }


def test_addresses_that_a_reply_quotes_are_kept_as_stand_ins() -> None:
    async def go(places: CallbackServer, _client: httpx.AsyncClient) -> tuple[Exchange, int | None]:
        async def echo(received: Received, writer: asyncio.StreamWriter) -> None:
            told = _told(places, received.body.split(b"/")[-3].decode())
            slashes = told["image"].replace("/", "\\/")
            headers = ("Content-Type: application/json", f"X-Request-Id: {told['hook']}")
            writer.write(http({**told, "quoted": slashes, told["image"]: 1}, headers=headers))

        async with serving(echo) as server, live(server.url, places) as transport:
            return await transport.send(post({"a": f"{WEBHOOKS}t-1"}), due_s=0.0), places.port

    exchange, port = with_places(go)

    reply = replied(exchange)
    assert reply.document == {
        "image": f"{ASSETS}{IMAGE}",
        "hook": f"{WEBHOOKS}t-1",
        "host": "assets.invalid refused",
        "longer": f"127.0.0.1:{port}0",
        "word": f"case-{THIS_RUN}",
        "part": "nothing at /secret",
        "quoted": f"{ASSETS}{IMAGE}",
        f"{ASSETS}{IMAGE}": 1,
    }
    assert reply.header("x-request-id") == f"{WEBHOOKS}t-1"


@pytest.mark.parametrize("kind", ["text/plain", "text/event-stream"])
def test_addresses_in_texts_and_events_are_kept_as_stand_ins(kind: str) -> None:
    def answer(places: CallbackServer) -> bytes:
        line = f"data: no {places.assets_url}/{IMAGE}\n\n".encode()
        return chunked(line, headers=(f"Content-Type: {kind}",))

    exchange, _, _ = trip(post({}), answer)

    reply = replied(exchange)
    kept = [reply.text or "", *(str(event.data) for event in reply.events)]
    assert f"no {ASSETS}{IMAGE}" in "".join(kept)
    assert "127.0.0.1" not in "".join(kept)


def test_public_addresses_are_taken_as_given_and_our_server_stays_behind_them() -> None:
    async def go(
        places: CallbackServer, _client: httpx.AsyncClient
    ) -> tuple[str | None, str | None, bool]:
        return places.assets_url, places.webhook_url, places.port is not None

    both = with_places(
        go, local=False, assets_url="https://b.test/refs/", webhook_url="https://t.test"
    )
    one = with_places(go, local=False, assets_url="https://b.test/refs")
    none = with_places(go, local=False)
    mixed = with_places(go, local=True, assets_url="https://b.test/refs")

    assert both == ("https://b.test/refs", "https://t.test", True)
    assert one == ("https://b.test/refs", None, True)
    assert none == (None, None, False)
    assert mixed[0] == "https://b.test/refs"
    assert str(mixed[1]).startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.test/",
        "a.test/refs",
        "https://",
        "https://a.test/?sig=1",
        "https://a.test/#x",
        "https://me:pw@a.test/",
        "https://a.test:0/",
        "https://a.test:99999/",
        "http://[::1",
    ],
)
def test_an_address_that_names_cannot_be_joined_to_is_refused(url: str) -> None:
    for option, argument in (("--assets-url", "assets_url"), ("--webhook-url", "webhook_url")):
        with pytest.raises(UsageError, match=option):
            trip(post({}), **{argument: url})  # type: ignore[arg-type]  # only addresses


def test_a_port_that_cannot_be_had_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        async def go() -> None:
            async with outside(port=port):
                pass

        with pytest.raises(UsageError, match=f"127.0.0.1 port {port}"):
            asyncio.run(go())


def test_the_port_that_was_asked_for_is_free_again_afterwards() -> None:
    async def go(port: int | None) -> int | None:
        async with outside(port=port) as places:
            return places.port

    first = asyncio.run(go(None))

    assert asyncio.run(go(first)) == first


def test_two_runs_have_two_servers_and_two_secrets() -> None:
    first, one, _ = trip(post({"a": f"{WEBHOOKS}t"}))
    second, two, _ = trip(post({"a": f"{WEBHOOKS}t"}))

    def secret(server: Server) -> bytes:
        return server.requests[0].body.split(b"/")[-3]

    assert first.request == second.request
    assert len(secret(one)) >= 20
    assert secret(one) != secret(two)
