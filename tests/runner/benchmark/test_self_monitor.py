import asyncio
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from harness.core.benchmark import Watched
from harness.runner.benchmark.self_monitor import TICK_S, SelfMonitor

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="a machine is made up as Linux tells it")
STAT = "cpu  {busy} 0 0 {idle} 0 0 0 0 {busy} 0\ncpu0 1 2 3 4\n"
MEMINFO = (
    "MemTotal:       1000 kB\nMemFree:          10 kB\nMemAvailable:    {left} kB\n"
    + "".join(
        f"{name}: 0 kB\n" for name in ("Buffers", "Cached", "Shmem", "Active", "Inactive", "Slab")
    )
)


def tell(proc: Path, *, busy: int = 0, idle: int = 0, left: int = 500) -> Path:
    """Write what a machine would tell."""
    (proc / "stat").write_text(STAT.format(busy=busy, idle=idle), encoding="ascii")
    (proc / "meminfo").write_text(MEMINFO.format(left=left), encoding="ascii")
    return proc


def watched(seconds: float, *, block_s: float = 0.0) -> Watched:
    async def watch() -> Watched:
        watcher = SelfMonitor()
        watcher.start()
        await asyncio.sleep(seconds)
        time.sleep(block_s)  # noqa: ASYNC251 - what is to be seen
        await asyncio.sleep(0)
        return await watcher.stop()

    return asyncio.run(watch())


def test_a_loop_that_stood_still_is_seen() -> None:
    seen = watched(3 * TICK_S, block_s=0.12)

    assert seen.lag_max_s >= 0.08
    assert seen.lag_p99_s >= 0.08
    assert seen.seconds >= 3 * TICK_S + 0.12


def test_work_of_our_own_is_a_share_of_one_core() -> None:
    async def work() -> Watched:
        watcher = SelfMonitor()
        watcher.start()
        until = time.process_time() + 0.05
        while time.process_time() < until:
            pass
        return await watcher.stop()

    seen = asyncio.run(work())

    assert seen.own_cpu_share * seen.seconds >= 0.05


def test_the_machine_s_processors_and_memory_are_shares() -> None:
    seen = watched(TICK_S)

    assert seen.memory_peak_bytes is not None
    assert seen.memory_peak_bytes > 1_000_000
    assert seen.memory_left_share is not None
    assert 0 < seen.memory_left_share < 1


@LINUX
def test_the_busiest_second_and_the_least_memory_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tell(tmp_path, busy=1_000, idle=9_000)))
    watcher = SelfMonitor()

    async def watch() -> Watched:
        watcher.start()
        for busy, idle, left in ((1_090, 9_010, 300), (1_100, 9_100, 700)):
            tell(tmp_path, busy=busy, idle=idle, left=left)
            watcher._slow()
        return await watcher.stop()

    seen = asyncio.run(watch())

    assert seen.cpu_share == pytest.approx(0.9)
    assert seen.memory_left_share == pytest.approx(0.3)


@LINUX
@pytest.mark.parametrize(
    "told", [None, "", "cpu one two\n", "MemTotal: 0 kB\nMemAvailable: 0 kB\n"]
)
def test_what_the_machine_does_not_tell_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str | None
) -> None:
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))
    for name in ("stat", "meminfo") if told is not None else ():
        (tmp_path / name).write_text(told or "", encoding="ascii")

    seen = watched(TICK_S)

    assert seen.cpu_share is None
    assert seen.memory_left_share is None
    assert seen.memory_peak_bytes is not None


def test_memory_of_processes_that_we_started_is_ours() -> None:
    script = "held = bytearray(200_000_000); print('there', flush=True); input()"
    alone = watched(TICK_S).memory_peak_bytes
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        together = watched(TICK_S).memory_peak_bytes
        child.kill()

    assert alone is not None
    assert together is not None
    assert together - alone > 190_000_000


@pytest.mark.parametrize("step_s", [5.0, -3_600.0])
def test_a_wall_clock_that_was_set_is_seen(step_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = time.time

    async def watch() -> Watched:
        watcher = SelfMonitor()
        watcher.start()
        monkeypatch.setattr(time, "time", lambda: honest() + step_s)
        return await watcher.stop()

    assert asyncio.run(watch()).clock_step_s == pytest.approx(step_s, abs=0.5)


def test_clocks_that_go_on_alike_have_no_step() -> None:
    assert abs(watched(2 * TICK_S).clock_step_s) < 0.5


def test_nothing_is_seen_without_a_start() -> None:
    with pytest.raises(RuntimeError, match="start"):
        asyncio.run(SelfMonitor().stop())
