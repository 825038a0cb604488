"""Ctrl-C and SIGTERM: what is under way is paid for, so it is waited for."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.runner.session import Session

GRACE_S = 20.0
"""How long an interrupted run waits for replies that are under way: they are paid for."""

STOPPING = (signal.SIGINT, signal.SIGTERM)
"""A service manager's SIGTERM costs no more than Ctrl-C: what is under way is waited for."""


@contextmanager
def interruptible(
    work: "asyncio.Future[list[BaseException | None]]",
    sessions: list[Session],
    stop: asyncio.Event,
    tell: Callable[[int], None],
) -> Iterator[None]:
    """Make the first Ctrl-C (or SIGTERM) wait for what is under way; the second stops at once."""
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        if stop.is_set():
            work.cancel()
            return
        stop.set()
        tell(sum(session.under_way for session in sessions))
        loop.call_later(GRACE_S, work.cancel)

    for number in STOPPING:
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        for number in STOPPING:
            loop.remove_signal_handler(number)
