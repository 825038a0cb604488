"""An event loop in virtual time: it never sleeps, and a seed says who of the ready ones goes first.

There is no socket, no thread and no clock of the machine: what waits for nothing and is waited for
by somebody is a deadlock, and is raised as such.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

DAY_S = 86_400.0


class DeadlockError(AssertionError):
    """Nothing is ready and nothing is scheduled, but the work has not ended."""


class EndlessError(AssertionError):
    """The work has not ended although more virtual time has passed than it can need."""


class _Clock:
    """Stands in for a selector: asked to wait, it puts the clock forward."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        self._loop.turn(timeout)
        return []

    def close(self) -> None:
        """There is nothing to close."""


class VirtualLoop(asyncio.BaseEventLoop):
    """A loop that starts at `now_s` seconds and may run until `until_s`."""

    _ready: deque[asyncio.Handle]

    def __init__(self, rng: random.Random, *, now_s: float = 0.0, until_s: float = DAY_S) -> None:
        super().__init__()
        self.rng = rng
        self._now_s = now_s
        self._until_s = until_s
        self._selector = _Clock(self)
        self._clock_resolution = 1e-6
        self.set_exception_handler(lambda _loop, _context: None)

    def time(self) -> float:
        """Return the virtual time, in seconds."""
        return self._now_s

    def turn(self, timeout: float | None) -> None:
        """Let the time pass until the next timer, or shuffle those that are ready."""
        if timeout is None:
            raise DeadlockError("nothing is ready, nothing is scheduled, and the run has not ended")
        if timeout > 0:
            self._now_s += timeout
        if self._now_s > self._until_s:
            raise EndlessError(f"the run has not ended after {self._now_s:.0f} s of virtual time")
        if len(self._ready) > 1:
            handles = list(self._ready)
            self.rng.shuffle(handles)
            self._ready.clear()
            self._ready.extend(handles)

    def abandon(self) -> None:
        """End as a crash does: nobody goes on, and nobody hears of it."""
        for task in asyncio.all_tasks(self):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            if isinstance(coroutine := task.get_coro(), Coroutine):
                coroutine.close()  # now, and not when its memory is needed
        self._ready.clear()
        self.close()

    def _process_events(self, event_list: list[Any]) -> None:
        """There are no events: nothing is open."""

    def _write_to_self(self) -> None:
        """Nobody has to be woken: there are no threads."""


class VirtualExecutor(Executor):
    """One thread of a pool, as it looks from outside: in order, and each job takes a while."""

    def __init__(self, loop: VirtualLoop, *, job_s: float = 0.02) -> None:
        self._loop = loop
        self._job_s = job_s
        self._free_s = 0.0
        self._waiting: deque[Callable[[], None]] = deque()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Do it after what was submitted before, and some virtual milliseconds."""
        future: Future[T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as error:  # noqa: BLE001 - whoever waits for it receives it
                future.set_exception(error)

        self._free_s = max(self._free_s, self._loop.time()) + self._loop.rng.random() * self._job_s
        self._waiting.append(work)
        self._loop.call_at(self._free_s, self._next)
        return future

    def _next(self) -> None:
        if self._waiting:
            self._waiting.popleft()()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - as the base has it
        """Do all that was submitted, as a pool does before it ends."""
        while self._waiting:
            self._next()
