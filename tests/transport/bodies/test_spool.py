import asyncio
import gc
import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import StoreError
from harness.transport.bodies import spool as bounds
from harness.transport.bodies.spool import (
    BATCH_BYTES,
    IN_MEMORY_BYTES,
    TOGETHER_IN_MEMORY_BYTES,
    WAITING_BYTES,
    Incoming,
    Spool,
)
from tests.loopback import HUNG_S


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """A system that takes no file above a size, as a full disk takes none."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def filled(spool: Spool, *chunks: bytes) -> Incoming:
    async def fill() -> Incoming:
        body = spool.body()
        for chunk in chunks:
            if body.add(chunk):
                await body.room()
        return body

    return asyncio.run(fill())


def test_a_small_body_stays_in_memory(tmp_path: Path) -> None:
    body = filled(Spool(tmp_path / "bodies"), b"a" * (IN_MEMORY_BYTES - 1), b"b")

    assert body.path() is None
    assert body.whole() == b"a" * (IN_MEMORY_BYTES - 1) + b"b"
    assert list(tmp_path.iterdir()) == []


@given(
    st.lists(st.integers(0, 40_000) | st.integers(BATCH_BYTES - 1, 3 * BATCH_BYTES), max_size=12)
)
def test_a_body_is_what_was_added_however_it_was_cut(sizes: list[int]) -> None:
    raw = (os.urandom(999) * 10_000)[: sum(sizes)]
    at = [sum(sizes[:number]) for number in range(len(sizes) + 1)]
    spool = Spool()

    body = filled(spool, *(raw[a:b] for a, b in pairwise(at)))

    path = body.path()
    assert (path is not None) == (len(raw) > IN_MEMORY_BYTES)
    assert path is None or path.read_bytes() == raw
    assert body.whole() == raw
    body.discard()
    assert path is None or not list(path.parent.iterdir())
    spool.close()


def test_what_lay_in_its_folder_goes_and_in_the_end_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "bodies"
    folder.mkdir()
    (folder / "0").write_text("of a run that was killed")
    spool = Spool(folder)

    body = filled(spool, bytes(2 * IN_MEMORY_BYTES))

    assert body.path() == folder / "0"
    assert body.whole() == bytes(2 * IN_MEMORY_BYTES)
    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_a_spool_that_nobody_closes_leaves_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "bodies")
    body = filled(spool, bytes(2 * IN_MEMORY_BYTES))
    assert body.path() is not None

    del spool, body

    assert list(tmp_path.iterdir()) == []


def test_no_disk_means_memory(tmp_path: Path) -> None:
    raw = os.urandom(2 * IN_MEMORY_BYTES)

    body = filled(Spool(tmp_path / "not" / "there"), raw[:1000], raw[1000:])

    assert body.path() is None
    assert body.whole() == raw
    body.discard()


def test_a_disk_that_is_full_on_the_way_loses_nothing(tmp_path: Path) -> None:
    raw = os.urandom(1_000_000)
    chunks = [raw[at : at + 70_000] for at in range(0, len(raw), 70_000)]

    with files_of_at_most(600_001):
        body = filled(Spool(tmp_path / "bodies"), *chunks)
        assert body.path() is None

    assert (tmp_path / "bodies" / "0").stat().st_size > 500_000
    assert body.whole() == raw
    body.discard()


def test_a_body_that_the_disk_does_not_give_back_is_heard_of(tmp_path: Path) -> None:
    body = filled(Spool(tmp_path / "bodies"), bytes(2 * IN_MEMORY_BYTES))
    path = body.path()
    assert path is not None
    path.unlink()

    with pytest.raises(StoreError, match="cannot be read back"):
        body.whole()


class Stalled(Spool):
    """A spool on a disk that takes nothing until it is told to."""

    def __init__(self, folder: Path, bodies: int) -> None:
        super().__init__(folder)
        self.goes_on = threading.Event()
        self.all_wait = asyncio.Event()
        self.missing = bodies

    async def room(self) -> None:
        self.missing -= 1
        if not self.missing:
            self.all_wait.set()
        await super().room()

    def _written(self, body: Incoming, piece: bytes | bytearray) -> None:
        self.goes_on.wait()
        super()._written(body, piece)


def test_a_disk_that_stalls_stalls_those_who_receive_and_forgets_none(tmp_path: Path) -> None:
    bodies, chunks = 30, 20
    spool = Stalled(tmp_path / "bodies", bodies)
    chunk = bytes(BATCH_BYTES)

    async def receive(body: Incoming) -> Incoming:
        for _ in range(chunks):
            if body.add(chunk):
                await body.room()
            await asyncio.sleep(0)
        return body

    async def all_at_once() -> list[Incoming]:
        async with asyncio.timeout(HUNG_S):
            tasks = [asyncio.ensure_future(receive(spool.body())) for _ in range(bodies)]
            await spool.all_wait.wait()
            at_most = WAITING_BYTES + bodies * (IN_MEMORY_BYTES + BATCH_BYTES)
            assert WAITING_BYTES < spool.waiting <= at_most
            spool.goes_on.set()
            return await asyncio.gather(*tasks)

    received = asyncio.run(all_at_once())

    assert {body.whole() for body in received} == {chunk * chunks}
    assert spool.waiting == 0


def test_all_who_wait_go_on_when_nothing_is_left_to_write(tmp_path: Path) -> None:
    spool = Stalled(tmp_path / "bodies", 40)

    async def go() -> None:
        body = spool.body()
        assert body.add(bytes(WAITING_BYTES + 1))
        async with asyncio.timeout(HUNG_S):
            waiting = asyncio.gather(*(body.room() for _ in range(40)))
            await spool.all_wait.wait()
            spool.goes_on.set()
            await waiting

    asyncio.run(go())


def test_what_a_full_disk_does_not_take_fills_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.transport.bodies.spool.REFUSED_AT_MOST_BYTES", 1_000_000)
    spool = Spool(tmp_path / "bodies")
    with files_of_at_most(100_000):
        first = filled(spool, b"a" * 600_000)
        assert first.whole() == b"a" * 600_000
        second = filled(spool, *[b"b" * 300_000] * 3)
        with pytest.raises(StoreError, match="no room for a reply of 900,000 bytes"):
            second.whole()
        assert second.start(5) == b"bbbbb"
        first.discard()
        second.discard()

        third = filled(spool, b"c" * 900_000)
        assert third.whole() == b"c" * 900_000


def seen(condition: Callable[[], bool]) -> None:
    """Wait until it holds; in a thread."""
    while not condition():
        time.sleep(0.001)


def test_a_large_body_waits_for_older_ones_to_be_read_and_the_oldest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "USUAL_BYTES", 4 * BATCH_BYTES)
    monkeypatch.setattr(bounds, "TOGETHER_AT_MOST_BYTES", 16 * BATCH_BYTES)
    spool = Spool(tmp_path / "bodies")

    def grown(body: Incoming, batches: int) -> Incoming:
        for _ in range(batches):
            body.add(bytes(BATCH_BYTES))
        return body

    async def go() -> None:
        oldest, small = grown(spool.body(), 12), grown(spool.body(), 3)
        large = grown(spool.body(), 9)
        waiting = asyncio.ensure_future(large.room())
        await grown(oldest, 9).room()
        await small.room()
        async with asyncio.timeout(HUNG_S):  # its own disk comes first
            await asyncio.to_thread(seen, lambda: large.crowded_out)
        assert not waiting.done()

        await asyncio.to_thread(oldest.discard)
        async with asyncio.timeout(HUNG_S):
            await waiting
        assert (large.crowded_out, large.whole()) == (False, bytes(9 * BATCH_BYTES))

    asyncio.run(go())
    spool.close()


def test_many_bodies_at_once_share_the_memory_and_the_rest_is_files() -> None:
    spool = Spool()
    most = TOGETHER_IN_MEMORY_BYTES // IN_MEMORY_BYTES

    bodies = [spool.body() for _ in range(4 * most)]
    for body in bodies:
        body.add(bytes(IN_MEMORY_BYTES // 2))

    assert not any(body.is_large for body in bodies[:most])
    assert bodies[-1].is_large
    assert sum(not body.is_large for body in bodies) <= 2 * most
    spool.close()


def test_a_body_that_is_forgotten_takes_nobodys_share() -> None:
    spool = Spool()
    bodies = [spool.body() for _ in range(1000)]

    del bodies
    gc.collect()
    body = spool.body()
    body.add(bytes(IN_MEMORY_BYTES))

    assert not body.is_large
