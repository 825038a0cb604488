"""Large replies over real sockets: what comes of them is what comes of small ones."""

import asyncio
import base64
import gzip
import io
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path

import pytest
from PIL import Image

from harness.core.exchange import Exchange, Failure, Reply, Request
from harness.transport.bodies.body import TEXT_AT_MOST, read_body
from harness.transport.bodies.decoder import ImageDecoder
from harness.transport.bodies.images import ImageCollector
from harness.transport.client import Live, LiveEndpoint
from harness.transport.redaction import Redactor
from tests.loopback import HUNG_S
from tests.runner.hostile import Answer, Received, chunked, http, serving
from tests.shipped import shipped_provider

KEY = "sk-live-0123456789abcdefghij"
QUOTED = "Bearer <SUB2API_API_KEY>"


@lru_cache
def noise() -> bytes:
    file = io.BytesIO()
    Image.frombytes("RGB", (600, 500), os.urandom(600 * 500 * 3)).save(file, "PNG")
    return file.getvalue()


@lru_cache
def document() -> bytes:
    """More than a megabyte of JSON that quotes our key."""
    image = base64.b64encode(noise()).decode()
    return json.dumps({"user": f"Bearer {KEY}", "data": [{"b64_json": image}]}).encode()


@asynccontextmanager
async def sending(folder: Path, kept: dict[str, bytes]) -> AsyncIterator[Live]:
    pictures = ImageCollector(kept.__setitem__, decoder=ImageDecoder(folder / "bodies"))
    transport = Live(
        LiveEndpoint(base_url="http://127.0.0.1:1", auth=shipped_provider("sub2api").auth, key=KEY),
        pictures=pictures,
        redactor=Redactor({"SUB2API_API_KEY": KEY}),
        now_s=time.monotonic,
    )
    try:
        yield transport
    finally:
        await transport.aclose()
        bodies = folder / "bodies"
        assert not bodies.exists() or not list(bodies.iterdir())  # nothing is left, whatever came
        pictures.decoder.close()


def trip(answer: Answer | bytes, folder: Path) -> tuple[Exchange, dict[str, bytes]]:
    async def go() -> tuple[Exchange, dict[str, bytes]]:
        kept: dict[str, bytes] = {}
        async with (
            asyncio.timeout(HUNG_S),
            serving(answer) as server,
            sending(folder, kept) as live,
        ):
            request = Request(method="GET", target=server.url, timeout_s=HUNG_S)
            return await live.send(request, due_s=0.0), kept

    return asyncio.run(go())


@pytest.mark.parametrize(
    "answer",
    [
        http(document()),
        http(gzip.compress(document()), headers=("Content-Encoding: gzip",)),
        chunked(*(document()[at : at + 9_999] for at in range(0, len(document()), 9_999))),
    ],
    ids=["length", "gzip", "chunked"],
)
def test_a_large_reply_is_taken_apart_as_a_small_one_is(answer: bytes, tmp_path: Path) -> None:
    exchange, kept = trip(answer, tmp_path)

    assert isinstance(exchange.answer, Reply)
    (mark,) = exchange.answer.pictures
    picture = exchange.answer.pictures[mark]
    assert exchange.answer.document == {"user": QUOTED, "data": [{"b64_json": mark}]}
    assert (picture.state, picture.width_px, picture.height_px) == ("decoded", 600, 500)
    assert list(kept.values()) == [noise()]
    assert exchange.answer.size_bytes == len(document())
    assert exchange.times.decode_s is not None
    assert exchange.times.pixels_s > exchange.times.end_s


def test_a_large_download_is_an_image_and_its_own_mark(tmp_path: Path) -> None:
    exchange, kept = trip(http(noise(), headers=("Content-Type: image/png",)), tmp_path)

    assert isinstance(exchange.answer, Reply)
    assert (
        exchange.answer.pictures
        == read_body(noise(), ImageCollector(lambda _name, _raw: None)).pictures
    )
    assert exchange.answer.document in exchange.answer.pictures
    assert list(kept.values()) == [noise()]


def test_a_large_reply_that_breaks_off_is_kept_as_far_as_a_text_is(tmp_path: Path) -> None:
    exchange, kept = trip(http(document()[:-500_000], length=len(document())), tmp_path)

    assert isinstance(exchange.answer, Failure)
    assert exchange.answer.partial is not None
    text = exchange.answer.partial.text
    assert text is not None
    assert text.startswith(f'{{"user": "{QUOTED}", "data"')
    assert len(text) == TEXT_AT_MOST
    assert exchange.times.decode_s is None
    assert kept == {}


def test_a_run_that_is_stopped_within_a_large_reply_leaves_nothing_behind(tmp_path: Path) -> None:
    async def go() -> Exchange:
        stalls = asyncio.Event()

        async def stalling(_request: Received, writer: asyncio.StreamWriter) -> None:
            writer.write(http(document())[:-500_000])
            await writer.drain()
            stalls.set()
            await asyncio.Event().wait()

        found: list[Exchange] = []
        async with (
            asyncio.timeout(HUNG_S),
            serving(stalling) as server,
            sending(tmp_path, {}) as live,
        ):
            request = Request(method="GET", target=server.url, timeout_s=HUNG_S)

            async def send() -> None:
                found.append(await live.send(request, due_s=0.0))
                await asyncio.Event().wait()  # the cancellation ends this

            task = asyncio.ensure_future(send())
            await stalls.wait()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
        return found[0]

    exchange = asyncio.run(go())

    assert isinstance(exchange.answer, Failure)
    assert "stopped while this was under way" in exchange.answer.why


def test_many_large_replies_at_once_are_each_their_own(tmp_path: Path) -> None:
    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        image = noise() + request.target.encode()  # a decoder reads no further than an image's end
        writer.write(http({"b64_json": base64.b64encode(image).decode()}))

    async def go() -> tuple[list[Exchange], dict[str, bytes]]:
        kept: dict[str, bytes] = {}
        async with (
            asyncio.timeout(HUNG_S),
            serving(answer) as server,
            sending(tmp_path, kept) as live,
        ):
            requests = (
                Request(method="GET", target=f"{server.url}/{number}", timeout_s=HUNG_S)
                for number in range(8)
            )
            return await asyncio.gather(*(live.send(one, due_s=0.0) for one in requests)), kept

    exchanges, kept = asyncio.run(go())

    assert sorted(kept.values()) == sorted(noise() + b"/%d" % number for number in range(8))
    for exchange in exchanges:
        assert isinstance(exchange.answer, Reply)
        assert [one.state for one in exchange.answer.pictures.values()] == ["decoded"]
