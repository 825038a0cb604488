import asyncio
import threading
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

import pytest

from harness import reference_images
from harness.core.exchange import Exchange, Failure, Part, Request
from harness.core.jsonvalue import Json
from harness.core.placeholders import ASSETS, WEBHOOKS
from harness.core.recipe import Recipe
from harness.spec.request import form_part
from harness.transport import outgoing
from harness.transport.foreign.forms import read_multipart
from tests.loopback import HUNG_S
from tests.runner.hostile import Received, http, serving
from tests.transport.connections import failed, live, outside, replied

SMALL = Recipe(format="png", mode="rgba", width_px=64, height_px=48)
LARGE = Recipe(format="png", mode="rgb", width_px=64, height_px=48, size_bytes=50_000_000)
OK = http({"ok": True})


def file(recipe: Recipe, name: str = "image[]", **other: Json) -> Part:
    return form_part(name, {**reference_images.reference_json(recipe).as_json(), **other})


def upload(*parts: Part, method: str = "POST", **headers: str) -> Request:
    return Request(
        method=method,
        target="/v1/images/edits",
        headers=tuple(headers.items()),
        form=parts,
        timeout_s=HUNG_S,
    )


def sent(
    request: Request, now_s: Callable[[], float] | None = None
) -> tuple[Exchange, list[Received]]:
    """One round trip to a server that accepts everything, and what the server was sent."""

    async def go() -> tuple[Exchange, list[Received]]:
        async with (
            asyncio.timeout(HUNG_S),
            serving(OK) as server,
            live(server.url, now_s=now_s) as transport,
        ):
            return await transport.send(request, due_s=0.0), server.requests

    return asyncio.run(go())


def test_a_form_arrives_in_its_order_with_the_files_that_were_planned() -> None:
    request = upload(
        Part(name="model", value="gpt-image-2"),
        file(SMALL),
        Part(name="prompt", value='Łódź "16:9"\r\n--x'),
        file(Recipe(format="jpeg", mode="l", width_px=32, height_px=16, seed=7)),
        Part(name="n", value=""),
        file(SMALL, "mask"),
    )

    exchange, (received,) = sent(request)

    read = read_multipart(received.body, received.headers["content-type"])
    assert replied(exchange).document == {"ok": True}
    assert exchange.request == request
    assert [part.name for part in read] == [part.name for part in request.form or ()]
    assert [part.value for part in read] == [part.value for part in request.form or ()]
    for arrived, planned in zip(read, request.form or (), strict=True):
        assert arrived.digest == planned.digest
        assert (arrived.filename, arrived.media_type) == (planned.filename, planned.media_type)
    assert reference_images.reference_bytes(SMALL.name) in received.body
    assert received.headers["content-length"] == str(len(received.body))


def test_a_plain_value_says_no_type_of_its_own() -> None:
    _, (received,) = sent(upload(Part(name="n", value="2")))

    assert b'form-data; name="n"\r\n\r\n2\r\n--' in received.body


def test_the_type_of_a_form_is_that_of_the_form_whatever_the_request_says() -> None:
    request = upload(Part(name="n", value="2"), **{"content-Type": "application/json", "X-A": "1"})

    _, (received,) = sent(request)

    assert received.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert received.headers["x-a"] == "1"


def test_half_a_letter_arrives_as_its_three_bytes() -> None:
    _, (received,) = sent(upload(Part(name="prompt", value="a \ud83d cat")))

    assert b"\r\n\r\na \xed\xa0\xbd cat\r\n" in received.body


@pytest.mark.parametrize(
    "part",
    [Part(name="\ud83d", value="1"), Part(name="a", filename=SMALL.name, media_type="\udcff")],
)
def test_half_a_letter_where_none_can_be_sent_is_a_failure_that_sent_nothing(part: Part) -> None:
    exchange, received = sent(upload(part))

    assert (failed(exchange).kind, failed(exchange).sent) == ("protocol", False)
    assert received == []


def test_a_file_of_fifty_megabytes_arrives_whole() -> None:
    exchange, (received,) = sent(upload(file(LARGE), Part(name="n", value="1")))

    (image, count) = read_multipart(received.body, received.headers["content-type"])
    assert replied(exchange).status == 200
    assert (image.size_bytes, count.value) == (50_000_000, "1")
    assert image.digest == reference_images.reference_json(LARGE).digest


def test_a_large_file_is_read_in_pieces_and_never_held() -> None:
    outgoing.sent_parts([file(SMALL)])
    tracemalloc.start()
    try:
        ((_, one),) = outgoing.sent_parts([file(LARGE)])
        assert not isinstance(one[1], bytes)
        assert sum(map(len, iter(lambda: one[1].read(65_536), b""))) == 50_000_000
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak_bytes < 5_000_000


def test_files_are_made_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    made_on: list[threading.Thread] = []

    def spied(part: Part) -> BinaryIO:
        made_on.append(threading.current_thread())
        return reference_images.opened_file(part)

    monkeypatch.setattr(outgoing, "opened_file", spied)

    sent(upload(file(SMALL)))

    assert len(made_on) == 1
    assert made_on[0] is not threading.main_thread()


def test_drawing_files_is_no_part_of_the_round_trip(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 0.0

    def slowly(part: Part) -> BinaryIO:
        nonlocal now_s
        now_s += 60.0
        return reference_images.opened_file(part)

    monkeypatch.setattr(outgoing, "opened_file", slowly)

    exchange, _ = sent(upload(file(SMALL)), lambda: now_s)

    assert exchange.times.sent_s - exchange.times.due_s == 60.0


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (Part(name="image[]", filename="cat.png", digest="0" * 64), "none that this harness made"),
        (Part(name="image[]"), "none that this harness made"),
        (file(SMALL, digest="0" * 64), "another version of Pillow"),
    ],
)
def test_a_file_that_cannot_be_made_is_a_failure_that_sent_nothing(part: Part, told: str) -> None:
    exchange, received = sent(upload(Part(name="n", value="1"), part))

    found = failed(exchange)
    assert (found.kind, found.sent, found.partial) == ("protocol", False, None)
    assert told in found.why
    assert received == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_form_is_sent_with_post_only(method: str) -> None:
    exchange, received = sent(upload(Part(name="n", value="1"), method=method))

    assert (failed(exchange).kind, failed(exchange).sent) == ("protocol", False)
    assert method in failed(exchange).why
    assert received == []


def test_plain_values_leave_with_the_real_address_and_stay_with_the_stand_in() -> None:
    request = upload(
        Part(name="image_url", value=f"{ASSETS}{SMALL.name}"),
        Part(name="hook", value=f"{WEBHOOKS}t-1"),
        Part(name="prompt", value=f"not {ASSETS}a"),
    )

    async def go() -> tuple[Exchange, Received, str | None]:
        async with serving(OK) as server, outside() as places, live(server.url, places) as one:
            exchange = await one.send(request, due_s=0.0)
            return exchange, server.requests[0], places.assets_url

    exchange, received, address = asyncio.run(go())

    image, hook, prompt = read_multipart(received.body, received.headers["content-type"])
    assert exchange.request == request
    assert image.value == f"{address}/{SMALL.name}"
    assert str(hook.value).endswith("/apiframe/t-1")
    assert "invalid" not in str(hook.value)
    assert prompt.value == f"not {ASSETS}a"


def test_a_refusal_that_comes_before_the_whole_form_is_read() -> None:
    async def refused(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(http({"error": "too large"}, status="413 Content Too Large"))
            await writer.drain()
            while await reader.read(2**20):
                pass
        writer.close()

    async def go() -> Exchange:
        server = await asyncio.start_server(refused, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(HUNG_S), server, live(f"http://127.0.0.1:{port}") as transport:
            return await transport.send(upload(file(LARGE)), due_s=0.0)

    assert replied(asyncio.run(go())).status == 413


def test_a_connection_that_breaks_within_a_form_may_have_been_paid() -> None:
    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async def go() -> Exchange:
        server = await asyncio.start_server(broken, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(HUNG_S), server, live(f"http://127.0.0.1:{port}") as transport:
            return await transport.send(upload(file(LARGE)), due_s=0.0)

    found = asyncio.run(go()).answer

    assert isinstance(found, Failure)
    assert found.sent
