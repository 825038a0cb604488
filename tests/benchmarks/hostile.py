"""Hostile replies: each of over a hundred misbehaviours against a run of its own, and what it cost.

    python tests/benchmarks/hostile.py [--only NAME ...] [--write]

A server on loopback misbehaves (`hostile_catalogue`); `harness run --against live` meets it in a
process of its own. Memory is the resident memory of that process and all under it together, looked
at every 20 ms, and never less than what the kernel calls the process's peak (VmHWM).
Right is: below 512 MiB, ended in time, an error class that fits, no exit code 1 (but where images
were served) or 3, no traceback. `--write` writes the table to `tests/benchmarks/hostile.md`. Exits
with 1 where one is not right.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from harness.core.outcome import Fault, Images, Refused
from harness.store.reader import read_run
from tests.benchmarks.hostile_catalogue import BEHAVIOURS
from tests.benchmarks.hostile_replies import MIB, Behaviour, Piece

MEMORY_AT_MOST = 512 * MIB
ENDS_WITHIN_S = 180.0
EVERY_S = 0.02
PAGE = Path(__file__).with_suffix(".md")


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, path, _ = head.split(" ", 2)
        host = next(
            line.partition(":")[2].strip()
            for line in head.split("\r\n")
            if line.lower().startswith("host:")
        )
        for piece in BEHAVIOURS[path.split("/")[1]].reply(method, path):
            await _send(piece, writer, host)
        if writer.can_write_eof():
            writer.write_eof()
        async with asyncio.timeout(5):  # what is still being sent must not meet a reset
            while await reader.read(65_536):
                pass
    writer.transport.abort()


async def _send(piece: Piece, writer: asyncio.StreamWriter, host: str) -> None:
    if isinstance(piece, float):
        await asyncio.sleep(piece)
        return
    if b"http://HOST/" in piece:
        piece = _with_length(piece.replace(b"http://HOST/", f"http://{host}/".encode()))
    writer.write(piece)
    await writer.drain()


def _with_length(reply: bytes) -> bytes:
    """Correct the length of a reply whose body was changed."""
    head, _, body = reply.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
    return b"\r\n".join((*lines, b"Content-Length: %d" % len(body), b"", body))


async def serve() -> None:
    """Serve until the process is killed; the first line printed is the port."""
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, limit=2**26)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one run came to."""

    name: str
    peak_bytes: int
    seconds: float
    code: int
    classes: Counter[str]
    wrong: tuple[str, ...]
    why: str


@contextmanager
def serving() -> Iterator[int]:
    """Start a server in a process of its own; give its port."""
    with subprocess.Popen((sys.executable, __file__, "--serve"), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def meet(name: str, port: int, *, concurrency: int = 8, max_requests: int = 8) -> Row:
    """Run against one misbehaviour."""
    behaviour = BEHAVIOURS[name]
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        out = Path(folder) / "run"
        command = [
            *(sys.executable, "-m", "harness", "run", "--against", "live", "--out", str(out)),
            *("--provider", behaviour.provider, "--concurrency", str(concurrency)),
            *("--budget", f"{behaviour.provider}=1000"),
            *("--base-url", f"{behaviour.provider}=http://127.0.0.1:{port}/{name}"),
        ]
        if behaviour.timeout_s is None:
            command += ["--max-requests", str(max_requests), "--seed", "1"]
            command += ["--operation", "generate"]
        else:
            command += ["--only", "benchmark", "--no-calibrate", "--blocks", "1", "--warm-up", "0"]
            command += ["--timeout", str(behaviour.timeout_s), "--max-requests", str(max_requests)]
        environment = os.environ | {
            f"{behaviour.provider.upper()}_API_KEY": "hostile-key-0123456789"
        }
        started_s = time.monotonic()
        with (Path(folder) / "output").open("w+b") as output:
            process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, env=environment
            )
            peak_bytes, late = _watched(process)
            output.seek(0)
            said = output.read().decode("utf-8", "replace")
        return _row(
            name,
            behaviour,
            out,
            (peak_bytes, time.monotonic() - started_s),
            process.returncode,
            said,
            late,
        )


def _watched(process: subprocess.Popen[bytes]) -> tuple[int, bool]:
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


def _row(
    name: str,
    behaviour: Behaviour,
    out: Path,
    cost: tuple[int, float],
    code: int,
    said: str,
    late: bool,
) -> Row:
    classes: Counter[str] = Counter()
    why = ""
    for record in read_run(out).records if (out / "journal.jsonl").exists() else ():
        match record.outcome:
            case Fault(error_class=error_class, why=words):
                classes[error_class] += 1
                why = why or words
            case Refused(error=error):
                classes[f"refused: {error.error_class}"] += 1
            case Images():
                classes["images"] += 1
    wrong = []
    if cost[0] >= MEMORY_AT_MOST:
        wrong.append(f"{cost[0] / MIB:.0f} MiB")
    if late:
        wrong.append("not ended")
    if code not in ((0, 1, 2, 4) if behaviour.served else (0, 2, 4)):
        wrong.append(f"exit code {code}")
    if "Traceback" in said:
        wrong.append("traceback")
    strange = {
        word for word in classes if word not in behaviour.classes and not word.startswith("refused")
    }
    if strange - ({"images"} if behaviour.served else set()):
        wrong.append(f"class {', '.join(sorted(strange))}")
    if not classes:
        wrong.append("no outcome: " + said.strip()[-300:])
    return Row(
        name=name,
        peak_bytes=cost[0],
        seconds=cost[1],
        code=code,
        classes=classes,
        wrong=tuple(wrong),
        why=why,
    )


def table(rows: Sequence[Row]) -> str:
    """Return the rows in Markdown."""
    lines = ["| misbehaviour | MiB | s | exit | outcomes | why |", "|---|---|---|---|---|---|"]
    for row in rows:
        classes = ", ".join(f"{word} {count}" for word, count in row.classes.items())
        why = row.why.replace("|", "\\|").partition(": ")[2][:110]
        lines.append(
            f"| {row.name}{' **wrong**' * bool(row.wrong)} | {row.peak_bytes / MIB:.0f} |"
            f" {row.seconds:.1f} | {row.code} | {classes} | {why} |"
        )
    return "\n".join(lines)


def _met(name: str) -> Row:
    with serving() as port:
        return meet(name, port)


def _show(row: Row) -> None:
    wrong = f" WRONG {'; '.join(row.wrong)}" if row.wrong else ""
    sys.stdout.write(
        f"{row.name:28}{row.peak_bytes / MIB:6.0f} MiB{row.seconds:7.1f} s  {row.code}"
        f" {dict(row.classes)}{wrong} | {row.why[:150]}\n"
    )
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Meet them all; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=list(BEHAVIOURS))
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args(arguments)
    if options.serve:
        asyncio.run(serve())
        return 0
    rows = []
    with ThreadPoolExecutor(options.at_once) as pool:
        for row in pool.map(_met, options.only):
            rows.append(row)
            _show(row)
    wrong = [row for row in rows if row.wrong]
    peak = max(row.peak_bytes for row in rows)
    summary = (
        f"{len(rows)} misbehaviours, {datetime.now(UTC):%Y-%m-%d}: {len(rows) - len(wrong)} right,"
        f" largest memory {peak / MIB:.0f} MiB, longest run {max(row.seconds for row in rows):.0f} s"
    )
    sys.stdout.write(summary + "\n")
    if options.write:
        PAGE.write_text(f"# Hostile replies\n\n{summary}\n\n{table(rows)}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
