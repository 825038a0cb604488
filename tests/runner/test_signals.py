"""What SIGINT and SIGTERM leave behind: `tests/benchmarks/sigterm.py` measures how soon."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from harness.store.folder import RunFolder
from harness.store.line import JOURNAL
from harness.store.reader import StoredRun, read_run
from tests.loopback import HUNG_S
from tests.runner.processes import HARNESS, Emulator, emulator, harness, started
from tests.runner.test_resume import LOOK_S, wait_for_lines
from tests.stalling import (
    Stall,
    Way,
    endless_job,
    silent,
    slow_reader,
    stalling,
    too_early,
    trickling,
    unreachable,
)

NUMBERS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
LIMIT = ("--max-images", "30")
BUBLE = ("--provider", "buble", *LIMIT, "--concurrency", "2")
IMPATIENT = "import sys, harness.runner.shutdown as s; s.GRACE_S = 0.2"
"""The command, which waits for a moment only for what is under way."""
HASTY = (*HARNESS[:-1], f"{IMPATIENT}; {HARNESS[-1]}")


def at(stall: Stall, name: str = "buble") -> tuple[str, ...]:
    return ("--against", "live", "--base-url", f"{name}={stall.url}")


def interrupted(process: "subprocess.Popen[str]", number: signal.Signals = signal.SIGTERM) -> str:
    """Signal once, wait for the end, and return what was said."""
    process.send_signal(number)
    _, err = process.communicate(timeout=HUNG_S)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    return err


def kept(folder: Path) -> StoredRun:
    """The run as it was left: closed, whole, and said to be interrupted."""
    RunFolder.reopen(folder).close()
    past = read_run(folder)
    assert past.header.interrupted
    assert past.header.finished is not None
    assert (folder / "index.html").exists()
    return past


def stalled(folder: Path, way: Way, *options: str) -> tuple[Stall, StoredRun, str]:
    """Interrupt a run at a server that keeps it waiting."""
    with stalling(way) as stall:
        process = started("run", *at(stall), *BUBLE, *options, "--out", folder, command=HASTY)
        assert stall.arrived.wait(HUNG_S)
        wait_for_lines(process, folder, 1)
        err = interrupted(process)
    assert f"go on with: harness run --resume {folder}" in err
    return stall, kept(folder), err


def test_a_job_is_left_with_its_id_and_polled_by_the_run_that_goes_on(tmp_path: Path) -> None:
    with stalling(endless_job) as stall:
        process = started("run", *at(stall), *BUBLE, "--out", tmp_path / "run")
        wait_for_lines(process, tmp_path / "run", 3)  # sent, answered, polled
        interrupted(process)
        past = kept(tmp_path / "run")
        polls = len(stall.lines) - stall.posts()
        again = started("run", "--resume", tmp_path / "run", *at(stall), *LIMIT)
        while len(stall.lines) - stall.posts() == polls and again.poll() is None:
            time.sleep(LOOK_S)
        interrupted(again)

        assert [line.line.case for line in past.unfinished]
        assert all(line.exchanges for line in past.unfinished)
        assert len(stall.bodies) == len(set(stall.bodies))


def test_a_pause_that_the_provider_asked_for_ends_and_the_request_is_new_later(
    tmp_path: Path,
) -> None:
    stall, past, _ = stalled(tmp_path / "run", too_early)

    assert stall.posts() >= 1
    assert past.unfinished == ()
    assert {record.skipped for record in past.records} == {"interrupted"}


@pytest.mark.parametrize("way", [silent, trickling, slow_reader])
def test_what_has_left_and_does_not_end_in_the_grace_is_in_doubt(tmp_path: Path, way: Way) -> None:
    stall, past, _ = stalled(tmp_path / "run", way)

    assert len(past.unfinished) == stall.posts()
    assert stall.posts() >= 1


def nonsense(stall: Stall, connection: socket.socket, _request: bytes) -> None:
    """Answer with 100 MB of JSON whose end never comes."""
    piece = b'{"b":[1,2,{"c":null}]},' * 4096
    connection.sendall(b'HTTP/1.1 200 OK\r\ncontent-length: 900000000\r\n\r\n{"a":[')
    for _ in range(100_000_000 // len(piece)):
        connection.sendall(piece)
    stall.over.wait()


def strings(_stall: Stall, connection: socket.socket, _request: bytes) -> None:
    """Answer with 100 MB of JSON that takes the longest to read, again and again."""
    pieces = [b'{"a":"', b"\\u0061" * 16_000_000, b'"}']
    size = sum(map(len, pieces))
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
    for piece in pieces:
        connection.sendall(piece)


def test_what_comes_in_nonsense_ends_in_time(tmp_path: Path) -> None:
    stall, past, _ = stalled(tmp_path / "run", nonsense)

    assert len(past.unfinished) == stall.posts()


def test_reading_nonsense_ends_in_time(tmp_path: Path) -> None:
    with stalling(strings) as stall:
        process = started("run", *at(stall), *BUBLE, "--out", tmp_path / "run", command=HASTY)
        while process.poll() is None and not psutil.Process(process.pid).children():
            time.sleep(LOOK_S)  # until the process that reads is there
        interrupted(process)
        kept(tmp_path / "run")

    assert "its reply had not been read" in (tmp_path / "run" / JOURNAL).read_text()


def test_what_has_not_left_is_new_later(tmp_path: Path) -> None:
    with unreachable() as nowhere:
        process = started("run", *at(nowhere), *BUBLE, "--out", tmp_path / "run")
        wait_for_lines(process, tmp_path / "run", 1)
        interrupted(process)
    past = kept(tmp_path / "run")

    assert past.unfinished == ()
    assert all(record.skipped == "interrupted" for record in past.records)


HANGING = "import socket, time; socket.getaddrinfo = lambda *a, **k: time.sleep(1e6)"


def test_a_name_that_is_looked_up_for_ever_keeps_no_process_alive(tmp_path: Path) -> None:
    command = (*HARNESS[:-1], f"{HANGING}; {HARNESS[-1]}")
    where = ("--against", "live", "--base-url", "buble=http://images.test")
    process = started("run", *where, *BUBLE, "--out", tmp_path / "run", command=command)
    wait_for_lines(process, tmp_path / "run", 1)
    interrupted(process)

    assert kept(tmp_path / "run").unfinished == ()


@pytest.fixture(scope="module")
def slow() -> Iterator[Emulator]:
    """An emulator whose images take longer than any test."""
    with emulator("--seconds-per-image", "3600") as found:
        yield found


def test_departures_and_calibration_of_a_benchmark_end(slow: Emulator, tmp_path: Path) -> None:
    options = ("--only", "benchmark", "--rate", "0.01", "--blocks", "2", "--budget", "buble=1000")
    live = ("--against", "live", *slow.at("buble"))
    calibrating = started("run", *live, *options, "--out", tmp_path / "calibrating")
    wait_for_file(calibrating, tmp_path / "calibrating" / "plan-buble.json")
    interrupted(calibrating)  # before it has begun, or while it calibrates
    process = started("run", *live, *options, "--no-calibrate", "--out", tmp_path / "run")
    wait_for_lines(process, tmp_path / "run", 2)
    interrupted(process)

    assert kept(tmp_path / "calibrating").unfinished == ()
    past = kept(tmp_path / "run")
    assert all(line.exchanges for line in past.unfinished)
    assert len(slow.posts("buble")) == len(past.unfinished)
    slow.reset()


AT_ITS_PLANS = """
import os, signal, harness.runner.run as run
save_plan = run.save_plan
def saved(*arguments):
    save_plan(*arguments)
    os.kill(os.getpid(), signal.SIGTERM)
run.save_plan = saved
"""
"""The command, which is signalled once its folder holds a plan, and nothing was sent yet."""


@pytest.mark.parametrize("options", [(), ("--only", "benchmark", "--budget", "buble=1000")])
def test_a_signal_before_the_first_request_leaves_a_run_to_go_on_with(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    with stalling(silent) as stall:
        signalled = (*HARNESS[:-1], AT_ITS_PLANS + HARNESS[-1])
        live = (*at(stall), "--provider", "buble", *(options or LIMIT))
        process = started("run", *live, "--out", tmp_path / "run", command=signalled)
        _, err = process.communicate(timeout=HUNG_S)

    assert process.returncode == 130, err
    assert f"go on with: harness run --resume {tmp_path / 'run'}" in err
    assert stall.posts() == 0
    assert kept(tmp_path / "run").unfinished == ()


def wait_for_file(process: "subprocess.Popen[str]", path: Path) -> None:
    while process.poll() is None and not path.exists():
        time.sleep(LOOK_S)
    assert path.exists(), process.communicate()


PLANNING = ("run", "--against", "emulator", "--max-images", "90")


@NUMBERS
def test_a_run_that_is_still_planned_ends_and_its_folder_can_be_taken(
    tmp_path: Path, number: signal.Signals
) -> None:
    process = started(*PLANNING, "--out", tmp_path / "run")
    wait_for_file(process, tmp_path / "run" / JOURNAL)
    err = interrupted(process, number)

    assert "--resume" not in err
    RunFolder.create(tmp_path / "run").close()


@NUMBERS
@pytest.mark.parametrize("verb", ["plan", "judge"])
def test_every_verb_ends_with_130(tmp_path: Path, verb: str, number: signal.Signals) -> None:
    file = tmp_path / "big.har"
    entry = '{"request": {"method": "GET", "url": "https://x.test/"}, "response": {"status": 200}}'
    file.write_text('{"log": {"entries": [' + ",".join([entry] * 200_000) + "]}}")
    arguments = {"plan": ("plan",), "judge": ("judge", str(file), "--provider", "buble")}[verb]
    process = started(*arguments)
    wait_for_work(process)
    interrupted(process, number)


BUSY_S = 0.5


def wait_for_work(process: "subprocess.Popen[str]") -> None:
    """Wait until a command has used a processor for a while: it is long past its start."""
    while process.poll() is None:
        times = psutil.Process(process.pid).cpu_times()
        if times.user + times.system >= BUSY_S:
            return
        time.sleep(LOOK_S)
    raise AssertionError(process.communicate())


def test_an_interrupted_recording_is_not_written(slow: Emulator, tmp_path: Path) -> None:
    live = ("--against", "live", *slow.at("buble"), "--record", "--cassettes", str(tmp_path / "c"))
    process = started("run", *live, "--max-images", "30", "--out", tmp_path / "run")
    wait_for_lines(process, tmp_path / "run", 3)
    interrupted(process)

    kept(tmp_path / "run")
    assert not (tmp_path / "c").exists()
    slow.reset()


def test_a_run_that_goes_on_is_interrupted_like_the_first(slow: Emulator, tmp_path: Path) -> None:
    live = ("--against", "live", *slow.at("buble"))
    process = started("run", *live, "--max-images", "30", "--out", tmp_path / "run")
    wait_for_lines(process, tmp_path / "run", 3)
    interrupted(process)
    lines = (tmp_path / "run" / JOURNAL).read_bytes().count(b"\n")
    again = started("run", "--resume", tmp_path / "run", *live, *LIMIT)
    wait_for_lines(again, tmp_path / "run", lines + 1)
    interrupted(again)

    kept(tmp_path / "run")
    posts = slow.posts("buble")
    assert len(posts) == len(set(posts))
    assert harness("report", tmp_path / "run").code == 130
    slow.reset()


SIGNALLED_IN_A_CALLBACK = """
import gc, os, signal, sys

def signalled(_phase, _info):
    if "harness.planning.conformance" in sys.modules and len(gc.callbacks) > 1:  # Hypothesis', too
        gc.callbacks.remove(signalled)
        os.kill(os.getpid(), signal.{name})

gc.callbacks.append(signalled)
"""


@NUMBERS
def test_planning_ends_though_python_throws_an_interruption_away(number: signal.Signals) -> None:
    """Hypothesis has a callback of the garbage collector, and what that raises goes nowhere."""
    script = SIGNALLED_IN_A_CALLBACK.format(name=number.name) + HARNESS[-1]
    process = started("plan", command=(*HARNESS[:-1], script))
    _, err = process.communicate(timeout=HUNG_S)

    # Where it met Hypothesis at an assertion, click has not seen it, and begins no new line.
    assert (process.returncode, err.lstrip("\n")) == (130, "harness: interrupted\n")
