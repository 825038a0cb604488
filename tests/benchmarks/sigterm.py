"""How soon a command ends after its first signal, whatever it waits for.

    python tests/benchmarks/sigterm.py [--only NAME] [--write]

Each situation starts the command as a process of its own, waits until it is where it is to be
interrupted, sends SIGTERM (SIGINT to every other one) and takes the time to its end. It must take
10 s at most and end with 130 (`emulate` with 0); a run's folder must be whole, say that it was
interrupted, and be named in the hint to go on. A report is written where that fits: on a machine
that is busy otherwise it may not. Exits with 1 where one does not end so.
"""

import argparse
import base64
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

import psutil

from harness.core.errors import HarnessError
from harness.reference_images import reference_bytes
from harness.store.folder import RunFolder
from harness.store.line import JOURNAL
from harness.store.reader import read_run
from tests.benchmarks.reliability import Section, conclude
from tests.loopback import HUNG_S
from tests.runner.processes import HARNESS, emulator, started
from tests.stalling import (
    Way,
    endless_job,
    silent,
    slow_reader,
    stalling,
    too_early,
    trickling,
    unreachable,
)

AT_MOST_S = 10.0
LOOK_S = 0.02
SETTLE_S = 0.5
"""For what follows the moment that can be seen: a pause, a connection, the next request."""
LIMITS = ("--max-images", "200", "--max-requests", "1000", "--concurrency", "8")
BENCHMARK = ("--only", "benchmark", "--budget", "buble=1000", "--blocks", "4")

Process = subprocess.Popen[str]
Situation = Callable[[Path], AbstractContextManager[Process]]
"""Starts a command that writes into a folder, if it does, and yields it when it is to be ended."""


def until(process: Process, ready: Callable[[], bool]) -> None:
    """Wait until a command is where it is to be; RuntimeError where it ends before."""
    while not ready():
        if process.poll() is not None:
            raise RuntimeError(f"it ended before: {process.communicate()}")
        time.sleep(LOOK_S)


def lines(folder: Path) -> int:
    """Return how many lines the journal of a run has."""
    journal = folder / JOURNAL
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def busy_s(process: Process) -> float:
    """Return how many seconds of a processor a command has used."""
    times = psutil.Process(process.pid).cpu_times()
    return times.user + times.system


@contextmanager
def ended(process: Process) -> Iterator[Process]:
    """Yield a command, and kill it where it outlives its situation."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


@contextmanager
def images_of_a_minute(
    folder: Path, *, provider: str, options: tuple[str, ...] = LIMITS, at: int = 3
) -> Iterator[Process]:
    """A run at an emulator whose images take 60 s, once the journal has `at` lines."""
    with emulator("--seconds-per-image", "60") as served:
        live = ("--against", "live", *served.at(provider))
        with ended(started("run", *live, *options, "--out", folder)) as process:
            until(process, lambda: lines(folder) >= at)
            time.sleep(SETTLE_S)
            yield process


@contextmanager
def calibrating(folder: Path) -> Iterator[Process]:
    """A benchmark that measures its own error."""
    with emulator("--seconds-per-image", "60") as served:
        live = ("--against", "live", *served.at("buble"))
        with ended(started("run", *live, *BENCHMARK, "--out", folder)) as process:
            until(process, (folder / "plan-buble.json").exists)
            time.sleep(SETTLE_S)
            yield process


@contextmanager
def kept_waiting(
    folder: Path,
    *,
    way: Way,
    provider: str = "buble",
    options: tuple[str, ...] = (),
) -> Iterator[Process]:
    """A run at a server that answers in its own way, once a request has arrived there."""
    with stalling(way) as stall:
        live = (
            "--against",
            "live",
            "--provider",
            provider,
            "--base-url",
            f"{provider}={stall.url}",
        )
        with ended(started("run", *live, *LIMITS, *options, "--out", folder)) as process:
            until(process, stall.arrived.is_set)
            time.sleep(SETTLE_S)
            yield process


@contextmanager
def connecting(folder: Path) -> Iterator[Process]:
    """A run whose connections are never accepted."""
    with unreachable() as nowhere:
        live = ("--against", "live", "--provider", "buble", "--base-url", f"buble={nowhere.url}")
        with ended(started("run", *live, *LIMITS, "--out", folder)) as process:
            until(process, lambda: lines(folder) >= 1)
            time.sleep(SETTLE_S)
            yield process


@contextmanager
def looking_up(folder: Path) -> Iterator[Process]:
    """A run whose resolver never answers: a system call on a thread that nothing interrupts."""
    hanging = "import socket, time; socket.getaddrinfo = lambda *a, **k: time.sleep(1e6)"
    command = (*HARNESS[:-1], f"{hanging}; {HARNESS[-1]}")
    live = ("--against", "live", "--provider", "buble", "--base-url", "buble=http://images.test")
    process = started("run", *live, *LIMITS, "--out", folder, command=command)
    with ended(process):
        until(process, lambda: lines(folder) >= 1)
        time.sleep(SETTLE_S)
        yield process


@contextmanager
def working(
    folder: Path, *, arguments: tuple[str, ...], out: bool = False, after_s: float
) -> Iterator[Process]:
    """A command that has used so many seconds of a processor."""
    where = ("--out", str(folder)) if out else ()
    with ended(started(*arguments, *where)) as process:
        until(process, lambda: busy_s(process) >= after_s)
        yield process


@contextmanager
def judging(folder: Path) -> Iterator[Process]:
    """`judge` of a recording of 60 MB."""
    file = folder.parent / "big.har"
    entry = '{"request": {"method": "GET", "url": "https://x.test/"}, "response": {"status": 200}}'
    file.write_text('{"log": {"entries": [' + ",".join([entry] * 700_000) + "]}}")
    with working(folder, arguments=("judge", str(file), "--provider", "buble"), after_s=2) as it:
        yield it


@contextmanager
def emulating(_folder: Path) -> Iterator[Process]:
    """`emulate` with a request open whose image takes a minute."""
    with ended(started("emulate", "--json", "--seconds-per-image", "60")) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process


@contextmanager
def going_on(folder: Path) -> Iterator[Process]:
    """A run that goes on with jobs of an interrupted one."""
    with stalling(endless_job) as stall:
        live = ("--against", "live", "--provider", "buble", "--base-url", f"buble={stall.url}")
        with ended(started("run", *live, *LIMITS, "--out", folder)) as first:
            until(first, lambda: lines(folder) >= 3)
            first.terminate()
            first.communicate(timeout=HUNG_S)
        polls = len(stall.lines)
        command = ("run", "--resume", str(folder), *live, *LIMITS)
        with ended(started(*command)) as process:
            until(process, lambda: len(stall.lines) > polls)
            time.sleep(SETTLE_S)
            yield process


@contextmanager
def decoding(folder: Path) -> Iterator[Process]:
    """A run whose decoder process has images of 8 megapixels in hand."""
    body = _large_reply()
    head = (
        f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )

    def answer(_stall: object, connection: object, _request: bytes) -> None:
        connection.sendall(head.encode() + body)  # type: ignore[attr-defined]  # a socket

    with stalling(answer) as stall:
        live = ("--against", "live", "--provider", "sub2api", "--base-url", f"sub2api={stall.url}")
        with ended(started("run", *live, *LIMITS, "--out", folder)) as process:
            until(process, stall.arrived.is_set)
            until(process, lambda: bool(psutil.Process(process.pid).children()))
            yield process


def _large_reply() -> bytes:
    image = base64.b64encode(reference_bytes("png-rgb-3840x2160-1.png")).decode()
    return (
        '{"created": 1, "data": [' + ",".join([f'{{"b64_json": "{image}"}}'] * 40) + "]}"
    ).encode()


STREAM = ("--operation", "respond")
EDIT = ("--operation", "edit")
SITUATIONS: dict[str, Situation] = {
    "synchronous images of 60 s (sub2api)": partial(images_of_a_minute, provider="sub2api", at=1),
    "synchronous images of 60 s (aimlapi)": partial(images_of_a_minute, provider="aimlapi", at=1),
    "streams of 60 s (sub2api)": partial(
        images_of_a_minute, provider="sub2api", options=(*LIMITS, *STREAM), at=1
    ),
    "jobs of 60 s (buble)": partial(images_of_a_minute, provider="buble"),
    "jobs of 60 s (apiframe)": partial(images_of_a_minute, provider="apiframe"),
    "jobs of 60 s (nanobanana)": partial(images_of_a_minute, provider="nanobanana"),
    "a run that is recorded": partial(
        images_of_a_minute, provider="buble", options=(*LIMITS, "--record")
    ),
    "Retry-After of five minutes": partial(kept_waiting, way=too_early),
    "a server that says nothing": partial(kept_waiting, way=silent),
    "a reply that trickles": partial(kept_waiting, way=trickling, provider="sub2api"),
    "an upload that trickles": partial(
        kept_waiting, way=slow_reader, provider="sub2api", options=EDIT
    ),
    "a job that never ends": partial(kept_waiting, way=endless_job),
    "a connection that is not accepted": connecting,
    "a resolver that does not answer": looking_up,
    "a run that goes on": going_on,
    "large replies that are decoded": decoding,
    "a benchmark under load": partial(
        images_of_a_minute, provider="buble", options=(*BENCHMARK, "--no-calibrate")
    ),
    "a benchmark of synchronous images": partial(
        images_of_a_minute,
        provider="sub2api",
        options=("--only", "benchmark", "--budget", "sub2api=1000", "--no-calibrate"),
        at=4,
    ),
    "departures of a benchmark": partial(
        images_of_a_minute,
        provider="buble",
        options=(*BENCHMARK, "--no-calibrate", "--rate", "0.01"),
        at=2,
    ),
    "calibration": calibrating,
    "start and imports": partial(
        working, arguments=("run", "--against", "emulator"), out=True, after_s=0.4
    ),
    "planning": partial(working, arguments=("run", "--against", "emulator"), out=True, after_s=4.0),
    "plan": partial(working, arguments=("plan",), after_s=3.0),
    "a replay of cassettes": partial(working, arguments=("run",), out=True, after_s=3.0),
    "judge of 60 MB": judging,
    "emulate": emulating,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a command ended after its signal; `why` says what is wrong with it, if anything."""

    situation: str
    signal: str
    took_s: float
    code: int
    report: str
    why: str

    def row(self) -> str:
        """Return a row of the table."""
        cells = (
            *(self.situation, self.signal, f"{self.took_s:.1f}", str(self.code)),
            *(self.report, self.why),
        )
        return f"| {' | '.join(cells)} |"


def measured(name: str, number: signal.Signals) -> Ending:
    """Bring a command into a situation and end it; where that cannot be, say why."""
    try:
        return _ended_in(name, number)
    except (RuntimeError, psutil.Error) as error:
        why = " ".join(str(error).split())
        return Ending(
            situation=name, signal=number.name, took_s=0.0, code=-1, report="-", why=why[:200]
        )


def _ended_in(name: str, number: signal.Signals) -> Ending:
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "run"
        with SITUATIONS[name](folder) as process:
            begun_s = time.monotonic()
            process.send_signal(number)
            _, err = process.communicate(timeout=HUNG_S)
            took_s = time.monotonic() - begun_s
        code = process.returncode
        why = "; ".join(_wrong(name, folder, took_s, code, err))
        written = "yes" if (folder / "index.html").exists() else "no"
        report = written if (folder / "run.json").exists() else "-"
    return Ending(
        situation=name, signal=number.name, took_s=took_s, code=code, report=report, why=why
    )


def _wrong(name: str, folder: Path, took_s: float, code: int, err: str) -> Iterator[str]:
    if took_s > AT_MOST_S:
        yield "too late"
    if code != (0 if name == "emulate" else 130):
        yield "exit code"
    if "Traceback" in err:
        yield "a traceback"
    if (folder / "run.json").exists():
        if f"harness run --resume {folder}" not in err:
            yield "no hint to go on"
        yield from _left_open(folder)


def _left_open(folder: Path) -> Iterator[str]:
    """Say what a run folder lacks of one that was closed."""
    try:
        RunFolder.reopen(folder).close()
        header = read_run(folder).header
    except HarnessError as error:
        yield str(error)
        return
    if header.finished is None or not header.interrupted:
        yield "cut off before it was closed"


def main() -> int:
    """Measure every situation; return 1 where one does not end as it should."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=SITUATIONS, help="this situation only")
    parser.add_argument("--write", action="store_true", help="into reports/reliability.md")
    chosen = parser.parse_args()
    endings: list[Ending] = []
    for place, name in enumerate([chosen.only] if chosen.only else SITUATIONS):
        endings.append(measured(name, (signal.SIGTERM, signal.SIGINT)[place % 2]))
        sys.stderr.write(f"{endings[-1].row()}\n")
    right = [ending for ending in endings if not ending.why]
    slowest_s = max(ending.took_s for ending in endings)
    section = Section(
        title="Signals",
        claim="The first SIGINT or SIGTERM ends every command that waits within 10 s, with 130, "
        "and leaves a folder with which the run goes on.",
        holds=len(right) == len(endings),
        figures=[
            f"{len(right)} of {len(endings)} situations; the slowest took {slowest_s:.1f} s.",
            "",
            "| situation | signal | seconds to the end | exit code | report | what is wrong |",
            "|---|---|---:|---:|---|---|",
            *(ending.row() for ending in endings),
        ],
    )
    return conclude(section, write=chosen.write)


if __name__ == "__main__":
    sys.exit(main())
