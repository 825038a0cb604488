"""Hostile replies: over two hundred misbehaviours met by real runs, and what they cost.

    python tests/benchmarks/hostile.py [--only NAME ...] [--jobs N] [--write]

A server on loopback misbehaves (`hostile_catalogue`), with each request in the next way; `harness
run --against live` meets it in a process of its own, up to twenty ways a run, one at a time, and
then some ways with 64 requests at once. Memory is the resident memory of that process and all under
it together, looked at every 20 ms, and never less than what the kernel calls the process's peak
(VmHWM). Right is: below 512 MiB, ended in time (four tries and the pauses between them), an error
class that fits, no traceback, and exit code 0, 2 or 4; also 1 where a reply is JSON without what is
promised, or an image. `--write` writes the table to `tests/benchmarks/hostile.md`, and what it
comes to into reports/reliability.md. Exits with 1 where one is not right.
"""

import argparse
import asyncio
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from harness.core.outcome import Fault, Outcome, Refused
from harness.core.record import Record
from harness.store.reader import read_run
from harness.wire.retry import TRIES
from tests.benchmarks.hostile_catalogue import BEHAVIOURS, CROWDS
from tests.benchmarks.hostile_replies import MIB, RESET, Piece
from tests.benchmarks.reliability import Section, conclude

MEMORY_AT_MOST = 512 * MIB
ENDS_WITHIN_S = 600.0
TIMEOUT_S, CROWD_S = 60.0, 300.0
EVERY_S = 0.02
PAUSES_S = 30.0
"""What the pauses between the tries of a download or a poll add up to."""
A_RUN, SLOW_RUN = 20, 8
CROWD = 64
JOBS = 3
PAGE = Path(__file__).with_suffix(".md")
KEY = "hostile-key-0123456789"


class Server:
    """Answers each POST in the next of some ways, and what follows from it in the same.

    One that is sent again, as after HTTP 429, is answered as it was.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._last = b""
        self._count = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, path, _ = head.split(" ", 2)
            if method == "POST":
                length = re.search(r"\r\ncontent-length: (\d+)", head, re.IGNORECASE)
                body = await reader.readexactly(int(length[1]) if length else 0)
                self._count += body != self._last
                self._last = body
            name = self._names[(self._count - 1) % len(self._names)]
            host = head.lower().partition("\r\nhost:")[2].partition("\r\n")[0].strip()
            for piece in BEHAVIOURS[name].reply(method, path):
                await _send(piece, writer, host)
            writer.write_eof()
            async with asyncio.timeout(5):  # what is still being sent must not meet a reset
                while await reader.read(65_536):
                    pass
        writer.transport.abort()


async def _send(piece: Piece, writer: asyncio.StreamWriter, host: str) -> None:
    if piece == RESET:
        lingering = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)
        writer.transport.abort()
        raise ConnectionResetError
    if isinstance(piece, float):
        await asyncio.sleep(piece)
        return
    if b"://HOST/" in piece:
        piece = _with_length(piece.replace(b"://HOST/", f"://{host}/".encode()))
    writer.write(piece)
    await writer.drain()


def _with_length(reply: bytes) -> bytes:
    """Correct the length of a reply whose body was changed."""
    head, _, body = reply.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
    return b"\r\n".join((*lines, b"Content-Length: %d" % len(body), b"", body))


async def serve(names: Sequence[str]) -> None:
    """Serve until the process is killed; the first line printed is the port."""
    server = await asyncio.start_server(Server(names).answer, "127.0.0.1", 0, limit=2**26)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextmanager
def serving(names: Sequence[str]) -> Iterator[int]:
    """Start a server in a process of its own; give its port."""
    with subprocess.Popen(
        (sys.executable, __file__, "--serve", *names), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one misbehaviour came to; the memory is the peak of its run."""

    name: str
    peak_bytes: int
    seconds: float
    outcome: str
    why: str
    wrong: tuple[str, ...]


def met(names: Sequence[str], *, concurrency: int = 1, requests: int | None = None) -> list[Row]:
    """Meet some ways of one provider in one run."""
    provider = BEHAVIOURS[names[0]].provider
    timeout_s = BEHAVIOURS[names[0]].timeout_s or (TIMEOUT_S if concurrency == 1 else CROWD_S)
    blocks = -(-(requests or len(names)) // 2)  # two requests a block
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder, serving(names) as port:
        out = Path(folder) / "run"
        command = [
            *(sys.executable, "-m", "harness", "run", "--against", "live", "--out", str(out)),
            *("--provider", provider, "--budget", f"{provider}=100000", "--max-images", "10000"),
            *("--base-url", f"{provider}=http://127.0.0.1:{port}/x", "--timeout", str(timeout_s)),
            *("--only", "benchmark", "--no-calibrate", "--blocks", str(blocks)),
            *("--concurrency", str(concurrency)),
        ]
        environment = os.environ | {f"{provider.upper()}_API_KEY": KEY}
        with (Path(folder) / "output").open("w+b") as output:
            process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, env=environment
            )
            peak_bytes, late = watched(process)
            output.seek(0)
            printed = output.read().decode("utf-8", "replace")
        records = read_run(out).records if (out / "journal.jsonl").exists() else ()
    wrong = [f"{peak_bytes / MIB:.0f} MiB"] * (peak_bytes >= MEMORY_AT_MOST)
    wrong += ["not ended"] * late + ["a traceback"] * ("Traceback" in printed)
    served = any(BEHAVIOURS[name].served for name in names)
    if process.returncode not in ((0, 1, 2, 4) if served else (0, 2, 4)):
        wrong.append(f"exit code {process.returncode}: {printed.strip()[-200:]}")
    rows = _rows(names, records, peak_bytes, tuple(wrong), timeout_s=timeout_s)
    return rows[: requests or len(names)]  # blocks are of two


def watched(process: subprocess.Popen[bytes]) -> tuple[int, bool]:
    """Wait for a process; return the peak of its memory, and whether it had to be killed."""
    peak, started_s = 0, time.monotonic()
    while process.poll() is None:
        with suppress(OSError, ValueError):
            now = sum(_memory(pid, "VmRSS:") for pid in _tree(process.pid))
            peak = max(peak, now, _memory(process.pid, "VmHWM:"))
        if time.monotonic() - started_s > ENDS_WITHIN_S:
            process.kill()
            process.wait()
            return peak, True
        time.sleep(EVERY_S)
    return peak, False


def _tree(pid: int) -> list[int]:
    """Return a process and all under it, but one that was forked just now: it shares its memory."""
    under: list[int] = []
    mine = Path(f"/proc/{pid}/cmdline").read_bytes()
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            with suppress(OSError):
                if Path(f"/proc/{child}/cmdline").read_bytes() != mine:
                    under += _tree(int(child))
    return [pid, *under]


def _memory(pid: int, name: str) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    return 0


def _rows(
    names: Sequence[str],
    records: Sequence[Record],
    peak_bytes: int,
    wrong: tuple[str, ...],
    *,
    timeout_s: float,
) -> list[Row]:
    """Return a row for each request, in the order in which they left."""
    sent = sorted((rec for rec in records if rec.exchanges), key=_left_s)
    rows = []
    for number, record in enumerate(sent):
        name = names[number % len(names)]
        outcome, why = _told(record.outcome)
        fits = outcome in BEHAVIOURS[name].classes | {"refused"}
        fits = fits or (outcome == "images" and BEHAVIOURS[name].served)
        took_s = record.exchanges[-1].times.end_s - _left_s(record)
        unfit = [f"class {outcome}"] * (not fits)
        unfit += ["late"] * (took_s > TRIES * timeout_s + PAUSES_S)
        rows.append(
            Row(
                name=name,
                peak_bytes=peak_bytes,
                seconds=took_s,
                outcome=outcome,
                why=why,
                wrong=(*wrong, *unfit),
            )
        )
    missing = names[len(sent) :]
    return rows + [_missing(name, peak_bytes, wrong) for name in missing]


def _missing(name: str, peak_bytes: int, wrong: tuple[str, ...]) -> Row:
    wrong = (*wrong, "no outcome")
    return Row(name=name, peak_bytes=peak_bytes, seconds=0.0, outcome="none", why="", wrong=wrong)


def _left_s(record: Record) -> float:
    return record.exchanges[0].times.sent_s


def _told(outcome: Outcome | None) -> tuple[str, str]:
    match outcome:
        case Fault(error_class=error_class, why=why):
            return error_class, why
        case Refused(error=error):
            return "refused", error.message
        case None:
            return "none", ""
        case _:
            return "images", ""


def table(rows: Sequence[Row]) -> str:
    """Return the rows in Markdown."""
    lines = ["| misbehaviour | MiB of its run | s | outcome | why |", "|---|---|---|---|---|"]
    for row in rows:
        why = row.why.replace("|", "\\|").replace("`", "'").partition("/x: ")[2][:110]
        lines.append(
            f"| {row.name}{' **wrong**' * bool(row.wrong)} | {row.peak_bytes / MIB:.0f} |"
            f" {row.seconds:.1f} | {row.outcome} | {why} |"
        )
    return "\n".join(lines)


def _show(row: Row) -> None:
    wrong = f" WRONG {'; '.join(row.wrong)}" if row.wrong else ""
    sys.stdout.write(
        f"{row.name:28}{row.peak_bytes / MIB:6.0f} MiB{row.seconds:7.1f} s"
        f" {row.outcome}{wrong} | {row.why[:140]!r}\n"
    )
    sys.stdout.flush()


def _runs(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the names in runs: one provider and one timeout each, served or not."""

    def kind(name: str) -> tuple[float, str, bool]:
        behaviour = BEHAVIOURS[name]
        return behaviour.timeout_s or TIMEOUT_S, behaviour.provider, behaviour.served

    for (timeout_s, *_), group in groupby(sorted(names, key=kind), key=kind):
        alike, most = list(group), A_RUN if timeout_s == TIMEOUT_S else SLOW_RUN
        yield from (alike[start : start + most] for start in range(0, len(alike), most))


def main(arguments: Sequence[str] | None = None) -> int:
    """Meet them all; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=list(BEHAVIOURS))
    parser.add_argument("--crowds", nargs="*", default=list(CROWDS))
    parser.add_argument("--jobs", type=int, default=JOBS, help="runs at a time")
    parser.add_argument("--serve", nargs="*")
    parser.add_argument("--write", action="store_true", help="the table, and the section")
    options = parser.parse_args(arguments)
    if options.serve:
        asyncio.run(serve(options.serve))
        return 0
    began_s = time.monotonic()
    rows: list[Row] = []
    with ThreadPoolExecutor(options.jobs) as pool:
        runs = [pool.submit(met, names) for names in _runs(options.only)]
        for run in as_completed(runs):
            for row in run.result():
                rows.append(row)
                _show(row)
    crowds: list[Row] = []
    for name in options.crowds:
        last = max(met([name], concurrency=CROWD, requests=CROWD), key=lambda row: len(row.wrong))
        crowds.append(last)
        _show(last)
    rows.sort(key=lambda row: options.only.index(row.name))
    page = _section(rows, crowds, minutes=(time.monotonic() - began_s) / 60)
    if options.write:
        PAGE.write_text(
            f"# Hostile replies\n\n{page.figures[0]}\n\n{table(rows)}\n\n"
            f"## {CROWD} at once\n\n{table(crowds)}\n"
        )
    return conclude(page, write=options.write)


def _peak_mib(rows: list[Row]) -> float:
    return max((row.peak_bytes for row in rows), default=0) / MIB


def _section(rows: list[Row], crowds: list[Row], *, minutes: float) -> Section:
    """Return what they came to."""
    wrong = [row for row in (*rows, *crowds) if row.wrong]
    classes = Counter(row.outcome for row in rows)
    found = (
        f"{len(rows)} misbehaviours one at a time and {len(crowds)} with {CROWD} requests at once"
        f" ({minutes:.0f} minutes): {len(rows) + len(crowds) - len(wrong)} right. Largest memory"
        f" {_peak_mib(rows):.0f} MiB one at a time, {_peak_mib(crowds):.0f} MiB with {CROWD} at"
        " once (the process and all under it together)."
    )
    came = ", ".join(f"{name} {count}" for name, count in sorted(classes.items()))
    return Section(
        title="Hostile replies",
        claim="Whatever a server sends, a run stays below 512 MiB, ends in time, names an error "
        "class that fits, and says that a promise is broken only where something was served.",
        holds=not wrong,
        figures=[found, "", f"Outcomes: {came}. Each is in tests/benchmarks/hostile.md."],
        evidence=[f"- {row.name}: {'; '.join(row.wrong)}" for row in wrong],
    )


if __name__ == "__main__":
    sys.exit(main())
