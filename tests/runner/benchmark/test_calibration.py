import asyncio
import contextlib
import math
import sys
from pathlib import Path

import pytest

from harness.core.benchmark import Calibration
from harness.runner import shutdown
from harness.runner.benchmark import calibration
from harness.runner.benchmark.calibration import calibrate
from tests.ahead import settled

TELLS = 'import sys, time; print(\'{"url": "%s"}\', flush=True); sys.stdin.read()'
DIES = "import sys; sys.exit('no memory left')"
MUTE = "import sys; sys.stdin.read()"
LEAVES = """
import os, threading
from harness.emulator.delay_server import server as truth
truth.Server.done = lambda *_: os._exit(1)
truth.main(["--json"])
"""
FORGETS = """
from harness.emulator.delay_server import server as truth
truth.Server.done = lambda *_: None
truth.main(["--json"])
"""
SLOW_TO_END = """
import signal, time
from harness.emulator.delay_server import server as truth
signal.signal = lambda *_: None
truth.main(["--json"])
"""


def measured(concurrency: int, body_bytes: int) -> Calibration:
    return asyncio.run(calibrate(concurrency=concurrency, body_bytes=body_bytes))


def failed(script: str) -> Calibration:
    server = (sys.executable, "-c", script)
    return asyncio.run(calibrate(concurrency=2, body_bytes=10, server=server))


def figures(found: Calibration) -> list[float]:
    quantiles = (found.p50_s, found.p99_s, found.first_p50_s, found.first_p99_s)
    return [math.nan if one is None else one for one in quantiles]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for less than a p99 needs: these tests are about what is compared with what."""
    monkeypatch.setattr(calibration, "REPLIES", 20)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("body_bytes", [0, 2_000, 50_000])
def test_our_own_error_is_a_few_figures(body_bytes: int) -> None:
    found = measured(4, body_bytes)

    assert found.failed == ""
    assert (found.concurrency, found.body_bytes, found.n) == (4, body_bytes, 20)
    assert all(map(math.isfinite, figures(found)))
    assert found.p50_s is not None
    assert found.p99_s is not None
    assert found.p50_s <= found.p99_s


@pytest.mark.usefixtures("few")
def test_the_delays_of_the_server_are_no_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "LEAST_DELAY_S", 2.0)
    monkeypatch.setattr(calibration, "SIGMA", 0.01)
    monkeypatch.setattr(calibration, "REPLIES", 3)

    found = measured(3, 10)

    assert found.p50_s is not None
    assert abs(found.p50_s) < 2.0


def test_bodies_that_do_not_fit_at_once_lower_the_concurrency_and_say_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calibration, "BYTES_AT_MOST", 100_000)

    found = measured(50, 30_000)

    assert (found.concurrency, found.n, found.failed) == (3, 3, "")


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("script", "why"),
    [
        (DIES, "no memory left"),
        ("", "did not say where it is"),
        (TELLS % "http://127.0.0.1:1", "127.0.0.1:1"),
        (TELLS % "nowhere", "nowhere"),
        (LEAVES, "no reply"),
        (FORGETS, "lacks requests of ours"),
    ],
)
def test_a_server_that_does_not_serve_is_a_reason_and_no_exception(script: str, why: str) -> None:
    found = failed(script)

    assert why in found.failed
    assert (found.n, found.p50_s) == (0, None)


def test_a_command_that_cannot_be_run_is_a_reason_too() -> None:
    found = asyncio.run(calibrate(concurrency=1, body_bytes=1, server=("no-such-command",)))

    assert "no-such-command" in found.failed


def test_a_server_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "START_S", 0.1)

    assert "said nothing" in failed(MUTE).failed


def test_a_calibration_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "LEAST_DELAY_S", 60.0)
    monkeypatch.setattr(calibration, "WITHIN_S", 0.5)

    assert "longer than 0.5 s" in measured(2, 10).failed


@pytest.mark.usefixtures("few")
def test_a_server_that_ignores_its_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutdown, "STOP_S", 0.1)

    assert failed(SLOW_TO_END).failed == ""


def test_who_cancels_leaves_no_server_behind() -> None:
    async def cancelled() -> set[str]:
        work = asyncio.ensure_future(calibrate(concurrency=2, body_bytes=10))
        while _children() == before:  # until there is a server that could be left behind
            await settled()
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
        assert work.cancelled()
        return {task.get_name() for task in asyncio.all_tasks()} - {_own_name()}

    before = _children()
    assert asyncio.run(cancelled()) == set()
    assert _children() == before


def _children() -> set[str]:
    """Return the processes of this one: tests that run beside it in one process have some."""
    found: set[str] = set()
    for task in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended
            found.update(task.read_text().split())
    return found


def _own_name() -> str:
    task = asyncio.current_task()
    return "" if task is None else task.get_name()
