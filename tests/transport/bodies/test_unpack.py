import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.transport.bodies.unpack import PIECE_BYTES, unpacked


def bare(raw: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(raw) + packer.flush()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "": bytes,
}


def pieces(packed: bytes, coding: str, size: int) -> list[bytes]:
    async def chunks() -> AsyncIterator[bytes]:
        for place in range(0, len(packed), size):
            yield packed[place : place + size]

    async def go() -> list[bytes]:
        return [piece async for piece in unpacked(chunks(), coding)]

    return asyncio.run(go())


@given(st.binary(max_size=2000), st.sampled_from(sorted(PACKERS)), st.integers(1, 500))
def test_a_packed_body_comes_out_as_it_went_in(raw: bytes, coding: str, size: int) -> None:
    assert b"".join(pieces(PACKERS[coding](raw), coding, size)) == raw


@given(st.binary(max_size=2000), st.integers(2, 500))
def test_deflate_without_its_header_is_unpacked_as_well(raw: bytes, size: int) -> None:
    assert b"".join(pieces(bare(raw), "deflate", size)) == raw


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_comes_in_small_pieces(coding: str) -> None:
    bomb = PACKERS[coding](bytes(20_000_000))

    arrived = pieces(bomb, coding, len(bomb))

    assert sum(map(len, arrived)) == 20_000_000
    assert max(map(len, arrived)) == PIECE_BYTES


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_damaged_body_is_an_error_of_httpx(coding: str) -> None:
    with pytest.raises(httpx.DecodingError):
        pieces(b"\x00\x01 no zlib " * 20, coding, 50)


def test_other_tasks_have_their_turn_between_the_pieces() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def chunks() -> AsyncIterator[bytes]:
        yield gzip.compress(bytes(20_000_000))

    async def go() -> None:
        task = asyncio.create_task(others())
        async for _ in unpacked(chunks(), "gzip"):
            pass
        task.cancel()

    asyncio.run(go())

    assert turns > 20_000_000 / PIECE_BYTES / 2


@given(st.lists(st.binary(max_size=500), min_size=1, max_size=4), st.integers(1, 200))
def test_a_gzip_of_several_members_is_unpacked_as_a_whole(parts: list[bytes], size: int) -> None:
    assert b"".join(pieces(b"".join(map(gzip.compress, parts)), "gzip", size)) == b"".join(parts)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_of_garbage_behind_a_packed_body_nothing_is_kept(coding: str) -> None:
    packed, garbage = PACKERS[coding](b"body"), b"garbage" * 20_000

    async def chunks() -> AsyncIterator[bytes]:
        yield packed
        for _ in range(100):
            yield garbage

    async def go() -> bytes:
        return b"".join([piece async for piece in unpacked(chunks(), coding)])

    tracemalloc.start()
    try:
        assert asyncio.run(go()) == b"body"
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 20 * len(garbage)
