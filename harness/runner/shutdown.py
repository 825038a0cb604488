"""How a run and its servers end: Ctrl-C and SIGTERM finish what has left; --max-minutes."""

import asyncio
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from threading import current_thread, main_thread
from types import FrameType
from typing import TypeVar

GRACE_S = 7.0
"""How long an interrupted run waits for replies that are under way: they are paid for. With the
report after it, a run ends within 10 s, which is what service managers wait before they kill."""

DECODE_S = 0.5
"""How long a reply that is there may yet be decoded once the grace is over."""

STOP_S = 5.0
"""How long a server of ours may take to end before it is killed."""

STOPPING = (signal.SIGINT, signal.SIGTERM)
"""A service manager's SIGTERM costs no more than Ctrl-C: what is under way is waited for."""

T = TypeVar("T")


class StoppedError(Exception):
    """The run was stopped, so this ended early; it is no failure, and a resumed run goes on."""


async def until_stopped(work: Awaitable[T], stop: asyncio.Event) -> T:
    """Wait for work to end; once the run is stopped, cancel it and raise StoppedError."""
    task = asyncio.ensure_future(work)
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([task, stopped], return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        await _cancelled(task)
        raise
    finally:
        stopped.cancel()
    await _cancelled(task)
    if task.cancelled() or (stop.is_set() and task.exception() is None):
        raise StoppedError
    return task.result()


async def _cancelled(task: "asyncio.Future[T]") -> None:
    """Cancel work that has not ended, and wait for its end."""
    if not task.done():
        task.cancel()
        await asyncio.wait([task])


@contextmanager
def stop_signals(handle: Callable[[], None]) -> Iterator[None]:
    """Call this for every Ctrl-C and SIGTERM, within its handler; those of before come back.

    It may take no lock and print nothing. Signals reach the main thread only: elsewhere this
    changes nothing.
    """

    def handler(_number: int, _frame: FrameType | None) -> None:
        handle()

    signals = STOPPING if current_thread() is main_thread() else ()
    before = {number: signal.signal(number, handler) for number in signals}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, signal.SIG_DFL if earlier is None else earlier)


@contextmanager
def interruptible(
    stop: asyncio.Event,
    on_interrupt: Callable[[], None],
    *,
    give_up: Callable[[], None],
    on_signal: Callable[[], None] = lambda: None,
    handed: Callable[[Callable[[], None]], None] = lambda _interrupt: None,
) -> Iterator[None]:
    """Make the first Ctrl-C (or SIGTERM) wait for what is under way; the second stops at once.

    `on_interrupt` is called once, in the event loop, and `give_up` where what is under way does not
    end within `GRACE_S`, or the second signal comes; `on_signal` for every signal, and within its
    handler, even while the loop is busy: it may take no lock and print nothing. The handlers of
    before are in place again afterwards. Signals reach the main thread only: elsewhere, who is
    `handed` what interrupts the work calls that, from any thread and as often as signals come.
    """
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        if stop.is_set():
            give_up()
            return
        stop.set()
        on_interrupt()
        loop.call_later(GRACE_S, give_up)

    def handle() -> None:
        on_signal()
        loop.call_soon_threadsafe(interrupt)

    def interrupt_from_afar() -> None:
        with suppress(RuntimeError):  # the loop is closed: there is nothing left to interrupt
            loop.call_soon_threadsafe(interrupt)

    handed(interrupt_from_afar)
    # Not by the loop's own way: it forgets the handlers of before, and waits for a busy loop.
    with stop_signals(handle):
        yield


class Deadline:
    """The time in which new requests leave: `max_s` seconds from now on."""

    def __init__(self, max_s: float, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._ends_s = now_s() + max_s

    def passed(self, *, longest_s: float) -> str | None:
        """Return why nothing new leaves any more: what takes `longest_s` might not end in time."""
        left_s = self._ends_s - self._now_s()
        if left_s > 0 and left_s >= longest_s:
            return None
        if left_s <= 0:
            return "time: --max-minutes is over"
        return f"time: {left_s:.0f} s are left, and a request has taken {longest_s:.0f} s"


def stop_process(process: "subprocess.Popen[str]") -> None:
    """Terminate a server of ours and wait for its end; kill it where that takes too long."""
    process.terminate()
    try:
        process.communicate(timeout=STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def first_line(process: "subprocess.Popen[str]") -> str:
    """Wait for the first line that a server of ours prints; empty where it ends without one."""
    return process.stdout.readline() if process.stdout else ""
