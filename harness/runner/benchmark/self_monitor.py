"""Our own process and machine, watched while a benchmark runs: what would spoil its figures."""

import asyncio
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.core.benchmark import Watched

TICK_S = 0.025
SLOW_TICKS = 40
"""The machine is asked once a second; the loop's lateness and the clocks at every tick."""

FAMILY_TICKS = 400
"""Once in ten seconds it is seen which processes we started."""

GRAIN_S = 0.0001
"""Latenesses are counted in this grain, so that days of watching take no memory."""

READ_WITHIN_S = 0.001
"""Two clocks are compared where both could be read at once, undisturbed."""

PROC = Path("/proc")
IDLE = slice(3, 5)
"""Of the counters of /proc/stat: idle, and idle while a disk is waited for (proc_stat(5))."""
GUEST = 8
"""From here on /proc/stat counts what is in the others already."""


@dataclass(slots=True, kw_only=True)
class SelfMonitor:
    """Watches from `start` to `stop`, as a task of the running event loop.

    Takes less than 1 % of a core. What cannot be seen on this system stays None; `proc` is where
    Linux tells it.
    """

    proc: Path = PROC
    _task: "asyncio.Task[None] | None" = None
    _began_s: float = 0.0
    _own_cpu_s: float = 0.0
    _lags: "Counter[int]" = field(default_factory=Counter)
    _lag_max_s: float = 0.0
    _busy: tuple[float, float] | None = None
    _children: tuple[str, ...] = ()
    _cpu_share: float | None = None
    _peak_bytes: int | None = None
    _left_share: float | None = None
    _offset_s: float | None = None
    _step_s: float = 0.0

    def start(self) -> None:
        """Begin to watch; only within a running event loop, and once."""
        self._began_s, self._own_cpu_s = time.monotonic(), time.process_time()
        self._busy = _busy(self.proc)
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
        self._children = await asyncio.to_thread(_children, self.proc)
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
                    self._children = await asyncio.to_thread(_children, self.proc)
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
        left = share * self._lags.total()
        for grains in sorted(self._lags):
            left -= self._lags[grains]
            if left <= 0:
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
        busy = _busy(self.proc)
        if busy is not None and self._busy is not None and busy[1] > self._busy[1]:
            share = (busy[0] - self._busy[0]) / (busy[1] - self._busy[1])
            self._cpu_share = max(share, self._cpu_share or 0.0)
            self._busy = busy
        self._peak_bytes = max(_memory_bytes(self.proc, self._children), self._peak_bytes or 0)
        left = _left_share(self.proc)
        if left is not None:
            self._left_share = left if self._left_share is None else min(left, self._left_share)


def _busy(proc: Path) -> tuple[float, float] | None:
    """Return how long all processors together worked, and were there, since the machine began."""
    try:
        first = (proc / "stat").read_text(encoding="ascii").split("\n", 1)[0]
        counts = [int(count) for count in first.split()[1:]][:GUEST]
    except (OSError, ValueError):
        return None
    return (float(sum(counts) - sum(counts[IDLE])), float(sum(counts))) if counts else None


def _left_share(proc: Path) -> float | None:
    """Return the share of the machine's memory that could be had without swapping."""
    fields = _fields(proc / "meminfo", "MemTotal", "MemAvailable")
    total, free = fields.get("MemTotal", 0), fields.get("MemAvailable")
    return None if free is None or total <= 0 else free / total


def _memory_bytes(proc: Path, children: Sequence[str]) -> int:
    """Return the most that this process ever held, and what those that it started hold now."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    own = most if sys.platform == "darwin" else most * 1024
    held = (_fields(proc / child / "status", "VmRSS") for child in children)
    return own + sum(fields.get("VmRSS", 0) for fields in held)


def _children(proc: Path) -> tuple[str, ...]:
    """Return the ids of the processes that we started; those that they started are not among."""
    ours = f" {os.getpid()} "
    try:
        names = [entry.name for entry in os.scandir(proc) if entry.name.isdigit()]
    except OSError:
        return ()
    return tuple(name for name in names if ours in _parent(proc / name))


def _parent(process: Path) -> str:
    """Return a process's parent between spaces: it follows its name and a letter (proc(5))."""
    try:
        told = (process / "stat").read_text(encoding="ascii", errors="replace")
    except OSError:  # it has ended
        return ""
    return f" {told.rpartition(')')[2].split()[1]} "


def _fields(file: Path, *names: str) -> dict[str, int]:
    """Read lines as `Name:  12 kB`; in bytes."""
    found: dict[str, int] = {}
    with suppress(OSError, ValueError):
        for line in file.read_text(encoding="ascii", errors="replace").splitlines():
            name, _, rest = line.partition(":")
            if name in names:
                found[name] = int(rest.split()[0]) * 1024
    return found
