import asyncio
import os
import signal
from collections.abc import Callable

import pytest

from harness.runner.shutdown import STOPPING, StoppedError, interruptible, until_stopped


def test_work_that_ends_first_is_returned_and_its_failure_raised() -> None:
    async def value() -> int:
        return 1

    async def failing() -> int:
        raise OSError("no room")

    assert asyncio.run(until_stopped(value(), asyncio.Event())) == 1
    with pytest.raises(OSError, match="no room"):
        asyncio.run(until_stopped(failing(), asyncio.Event()))


def test_work_is_cancelled_and_over_once_the_run_is_stopped() -> None:
    ended: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("ended")

    async def stopped() -> None:
        stop = asyncio.Event()
        waiting = asyncio.ensure_future(until_stopped(endless(), stop))
        await asyncio.sleep(0)
        stop.set()
        with pytest.raises(StoppedError):
            await waiting

    asyncio.run(stopped())

    assert ended == ["ended"]


def test_work_is_cancelled_with_whoever_waits_for_it() -> None:
    async def cancelled() -> bool:
        inner: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = asyncio.ensure_future(until_stopped(inner, asyncio.Event()))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        return inner.cancelled() and waiting.cancelled()

    assert asyncio.run(cancelled())


def heard(signals: int, *, busy: bool = False) -> list[str]:
    """What is called when a process sends itself so many signals."""
    calls: list[str] = []

    def note(what: str) -> Callable[[], None]:
        return lambda: calls.append(what)

    async def work() -> None:
        stop = asyncio.Event()
        given_up, signalled = note("given up"), note("signal")
        with interruptible(stop, note("interrupted"), give_up=given_up, on_signal=signalled):
            for _ in range(signals):
                os.kill(os.getpid(), signal.SIGTERM)
                if not busy:
                    await asyncio.sleep(0.01)
            if busy:
                calls.append("busy")
            await asyncio.wait_for(stop.wait(), None)
            await asyncio.sleep(0.01)

    asyncio.run(work())
    return calls


def test_the_first_signal_interrupts_and_the_second_gives_up() -> None:
    assert heard(1) == ["signal", "interrupted"]
    assert heard(2) == ["signal", "interrupted", "signal", "given up"]


def test_a_signal_is_heard_while_the_loop_is_busy() -> None:
    assert heard(1, busy=True) == ["signal", "busy", "interrupted"]


def test_the_handlers_of_before_are_in_place_again() -> None:
    before = [signal.getsignal(number) for number in STOPPING]
    heard(1)

    assert [signal.getsignal(number) for number in STOPPING] == before
