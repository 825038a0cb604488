"""The loop in virtual time: no waiting, an order by seed, and deadlocks that are seen."""

import asyncio
import random

import pytest

from tests.simulation.loop import DeadlockError, EndlessError, VirtualExecutor, VirtualLoop


def _order(seed: int) -> list[int]:
    loop, order = VirtualLoop(random.Random(seed)), list[int]()

    async def worker(number: int) -> None:
        await asyncio.sleep(0)
        order.append(number)

    async def work() -> None:
        await asyncio.gather(*(worker(number) for number in range(8)))

    loop.run_until_complete(work())
    loop.close()
    return order


def test_a_day_of_sleep_takes_no_time() -> None:
    loop = VirtualLoop(random.Random(0), now_s=5.0, until_s=100_000.0)
    loop.run_until_complete(asyncio.sleep(86_000))
    assert loop.time() == pytest.approx(86_005)
    loop.close()


def test_a_seed_decides_who_goes_first() -> None:
    assert _order(1) == _order(1)
    assert len({tuple(_order(seed)) for seed in range(10)}) > 5


def test_whoever_waits_for_nobody_is_a_deadlock() -> None:
    loop = VirtualLoop(random.Random(0))
    with pytest.raises(DeadlockError):
        loop.run_until_complete(asyncio.Event().wait())
    loop.abandon()


def test_work_without_an_end_is_ended() -> None:
    async def poll() -> None:
        for _ in range(1000):
            await asyncio.sleep(2)

    loop = VirtualLoop(random.Random(0), until_s=60)
    with pytest.raises(EndlessError):
        loop.run_until_complete(poll())
    loop.abandon()


def test_the_executor_keeps_the_order_and_hands_on_what_is_raised() -> None:
    loop = VirtualLoop(random.Random(3))
    executor, ended = VirtualExecutor(loop), list[int]()

    async def work() -> None:
        jobs = [loop.run_in_executor(executor, ended.append, number) for number in range(5)]
        await asyncio.gather(*jobs)
        with pytest.raises(ZeroDivisionError):
            await loop.run_in_executor(executor, lambda: 1 / 0)

    loop.run_until_complete(work())
    loop.close()
    assert ended == [0, 1, 2, 3, 4]
    assert loop.time() > 0
