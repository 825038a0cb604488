"""Our own process and machine, watched while a benchmark runs: what would spoil its figures."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

import psutil

from harness.core.benchmark import Watched

if sys.platform != "win32":
    import resource

TICK_S = 0.025
SLOW_TICKS = 40
"""The machine is asked once a second; the loop's lateness and the clocks at every tick."""

FAMILY_TICKS = 400
"""Once in ten seconds it is seen which processes we started."""

GRAIN_S = 0.0001
"""Latenesses are counted in this grain, so that days of watching take no memory."""

READ_WITHIN_S = 0.001
"""Two clocks are compared where both could be read at once, undisturbed."""

Reading = TypeVar("Reading")


@dataclass(slots=True, kw_only=True)
class SelfMonitor:
    """Watches from `start` to `stop`, as a task of the running event loop.

    Takes less than 1 % of a core. What cannot be seen on this system stays None.
    """

    _task: "asyncio.Task[None] | None" = None
    _began_s: float = 0.0
    _own_cpu_s: float = 0.0
    _lags: "Counter[int]" = field(default_factory=Counter)
    _lag_max_s: float = 0.0
    _busy: tuple[float, float] | None = None
    _children: Sequence[psutil.Process] = ()
    _cpu_share: float | None = None
    _peak_bytes: int | None = None
    _left_share: float | None = None
    _offset_s: float | None = None
    _step_s: float = 0.0

    def start(self) -> None:
        """Begin to watch; only within a running event loop, and once."""
        self._began_s, self._own_cpu_s = time.monotonic(), time.process_time()
        self._busy = _reading(_busy)
        self._slow()
        self._compare()
        self._task = asyncio.get_running_loop().create_task(self._watch(), name="watcher")

    async def stop(self) -> Watched:
        """Stop watching and tell what was seen. RuntimeError where nobody watched."""
        if self._task is None:
            raise RuntimeError("watch first: call start()")
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._children = await asyncio.to_thread(_children)
        self._slow()
        self._compare()
        seconds = time.monotonic() - self._began_s
        return Watched(
            seconds=seconds,
            lag_p99_s=self._lag_s(0.99),
            lag_max_s=self._lag_max_s,
            own_cpu_share=(time.process_time() - self._own_cpu_s) / max(seconds, GRAIN_S),
            cpu_share=self._cpu_share,
            memory_peak_bytes=self._peak_bytes,
            memory_left_share=self._left_share,
            clock_step_s=self._step_s,
        )

    async def _watch(self) -> None:
        ticks = 0
        due_s = time.monotonic() + TICK_S
        try:
            while True:
                await asyncio.sleep(due_s - time.monotonic())
                self._late(due_s)
                self._compare()
                if ticks % FAMILY_TICKS == 0:  # a look at every process there is
                    self._children = await asyncio.to_thread(_children)
                ticks += 1
                if ticks % SLOW_TICKS == 0:
                    self._slow()
                due_s = time.monotonic() + TICK_S
        finally:
            self._late(due_s)  # it may be stopped while the loop stands still

    def _late(self, due_s: float) -> None:
        late_s = max(0.0, time.monotonic() - due_s)
        self._lags[round(late_s / GRAIN_S)] += 1
        self._lag_max_s = max(self._lag_max_s, late_s)

    def _lag_s(self, share: float) -> float:
        """Return the lateness that this share of the ticks did not exceed."""
        remaining = share * self._lags.total()
        for grains in sorted(self._lags):
            remaining -= self._lags[grains]
            if remaining <= 0:
                return min(grains * GRAIN_S, self._lag_max_s)
        return self._lag_max_s

    def _compare(self) -> None:
        """Compare the wall clock with the monotonic one, which a suspended machine stops too."""
        before_s, wall_s, after_s = time.monotonic(), time.time(), time.monotonic()
        if after_s - before_s > READ_WITHIN_S:
            return
        offset_s = wall_s - (before_s + after_s) / 2
        if self._offset_s is not None and abs(offset_s - self._offset_s) > abs(self._step_s):
            self._step_s = offset_s - self._offset_s
        self._offset_s = offset_s

    def _slow(self) -> None:
        """Ask the machine for its processors and memory."""
        busy = _reading(_busy)
        if busy is not None and self._busy is not None and busy[1] > self._busy[1]:
            share = (busy[0] - self._busy[0]) / (busy[1] - self._busy[1])
            self._cpu_share = max(share, self._cpu_share or 0.0)
            self._busy = busy
        self._peak_bytes = max(_memory_bytes(self._children), self._peak_bytes or 0)
        available = _reading(_left_share)
        if available is not None:
            self._left_share = (
                available if self._left_share is None else min(available, self._left_share)
            )


def _reading(read: Callable[[], Reading]) -> Reading | None:
    try:
        return read()
    except Exception:  # noqa: BLE001 - a machine that hides its figures ends no paid run
        return None


def _busy() -> tuple[float, float]:
    """Return how long all processors together worked, and were there, since the machine began."""
    times = psutil.cpu_times()
    counted = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return counted - times.idle - getattr(times, "iowait", 0.0), counted


def _left_share() -> float:
    """Return the share of the machine's memory that could be had without swapping."""
    memory = psutil.virtual_memory()
    return memory.available / memory.total


def _memory_bytes(children: Sequence[psutil.Process]) -> int:
    """Return the most that this process ever held, and what those that it started hold now."""
    held = (_reading(child.memory_info) for child in children)
    return _peak_bytes() + sum(memory.rss for memory in held if memory is not None)


def _peak_bytes() -> int:
    """Return the most memory that this process ever held."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _children() -> Sequence[psutil.Process]:
    """Return the processes that we started; those that they started are not among."""
    return _reading(lambda: psutil.Process().children()) or ()
