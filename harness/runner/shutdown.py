"""How a run and its servers end: Ctrl-C and SIGTERM wait for paid requests; --max-minutes."""

import asyncio
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread

GRACE_S = 20.0
"""How long an interrupted run waits for replies that are under way: they are paid for."""

STOP_S = 5.0
"""How long a server of ours may take to end before it is killed."""

STOPPING = (signal.SIGINT, signal.SIGTERM)
"""A service manager's SIGTERM costs no more than Ctrl-C: what is under way is waited for."""


@contextmanager
def interruptible(
    work: "asyncio.Future[list[BaseException | None]]",
    stop: asyncio.Event,
    on_interrupt: Callable[[], None],
) -> Iterator[None]:
    """Make the first Ctrl-C (or SIGTERM) wait for what is under way; the second stops at once.

    Signals reach the main thread only: in any other one, nothing interrupts the work.
    """
    signals = STOPPING if current_thread() is main_thread() else ()
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        if stop.is_set():
            work.cancel()
            return
        stop.set()
        on_interrupt()
        loop.call_later(GRACE_S, work.cancel)

    for number in signals:
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


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
