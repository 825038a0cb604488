"""How many large replies are taken apart in a second, by one decoder and by several.

    python tests/benchmarks/decoders.py [--decoders 1 2] [--rounds 5] [--write FILE]

Each round gives 16 bodies of 25 MB to every number of decoders in turn, in another order each
time, so that what else the machine does falls on all of them; figures are medians over rounds, and
the ratio is that of each round. Memory is looked at ten times a second: ours above what it was
before the first body, and that of the decoders beside it.
"""

import argparse
import asyncio
import base64
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from random import Random
from statistics import median
from threading import Event, Thread

import psutil
from PIL import Image

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # run as a script

from harness.transport.bodies.decoder import ImageDecoder, usual_decoders  # noqa: E402 - the path
from harness.transport.bodies.images import ImageCollector  # noqa: E402 - the same
from harness.transport.bodies.reply import Arrival, reply_of  # noqa: E402 - the same

BODIES, SIZE = 16, (2800, 2230)
MEGA = 1_000_000
MARK = "<!-- What follows is written by the script. -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one number of decoders did with all bodies: replies a second, megabytes, seconds."""

    per_s: float
    own_mb: float
    decoders_mb: float
    waited_s: float


def bodies(mode: str) -> list[bytes]:
    """Return bodies of JSON, each around another image in base64."""
    made = []
    for seed in range(BODIES):
        pixels = Random(seed).randbytes(SIZE[0] * SIZE[1] * len(mode))
        file = BytesIO()
        Image.frombytes(mode, SIZE, pixels).save(file, "PNG", compress_level=1)
        made.append(json.dumps({"b64": base64.b64encode(file.getvalue()).decode()}).encode())
    return made


def measured(files: Sequence[Path], decoders: int, baseline: float) -> Round:
    """Take all bodies apart; RuntimeError where an image is not whole."""
    with tempfile.TemporaryDirectory() as folder:
        decoder = ImageDecoder(Path(folder) / "bodies", decoders=decoders)
        pictures = ImageCollector(
            lambda _name, _raw: None, keep_file=lambda _name, path: path.unlink(), decoder=decoder
        )
        for number in range(decoders):  # what starting takes is no part of it
            with ThreadPoolExecutor(decoders) as pool:
                list(pool.map(decoder.decoded, [files[number]] * decoders))
        arrivals = [_arrived(path, decoder) for path in files]
        peaks, ended = [0.0, 0.0], Event()
        thread = Thread(target=_look, args=(peaks, ended))
        thread.start()
        began_s = time.monotonic()
        asyncio.run(_taken(arrivals, pictures))
        took_s = time.monotonic() - began_s
        ended.set()
        thread.join()
        decoder.close()
    return Round(
        per_s=len(files) / took_s,
        own_mb=peaks[0] - baseline,
        decoders_mb=peaks[1],
        waited_s=decoder.queue.waited_s,
    )


def _arrived(path: Path, decoder: ImageDecoder) -> Arrival:
    body = decoder.spool.body()
    with path.open("rb") as file:
        while chunk := file.read(256 * 1024):
            body.add(chunk)
    body.path()  # it is on the disk
    return Arrival(sent_s=0.0, body=body, status=200, size_bytes=body.size_bytes)


async def _taken(arrivals: Sequence[Arrival], pictures: ImageCollector) -> None:
    decoder = pictures.decoder

    async def one(arrival: Arrival) -> None:
        reply, _ = await decoder.queue.through(
            decoder.thread, lambda: reply_of(arrival, pictures, clean=str)
        )
        if [picture.state for picture in reply.pictures.values()] != ["decoded"]:
            raise RuntimeError(f"no whole image: {reply}")

    await asyncio.gather(*map(one, arrivals))


def _look(peaks: list[float], ended: Event) -> None:
    me = psutil.Process()
    while not ended.wait(0.1):
        children = [child.memory_info().rss for child in me.children()]
        peaks[0] = max(peaks[0], me.memory_info().rss / MEGA)
        peaks[1] = max(peaks[1], sum(children) / MEGA)


def rows(numbers: Sequence[int], rounds: int) -> Iterator[str]:
    """Yield the table."""
    yield f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, by default"
    yield f"{usual_decoders()} decoder(s); load average before: {os.getloadavg()[0]:.1f}"
    yield ""
    yield "| images | decoders | replies/s | against one | ours above baseline | decoders' memory |"
    yield "|---|---|---|---|---|---|"
    for mode, name in (("RGB", "opaque PNG"), ("RGBA", "PNG with alpha")):
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for number, raw in enumerate(bodies(mode)):
                files.append(Path(folder) / f"{number}.json")
                files[-1].write_bytes(raw)
            megabytes = files[0].stat().st_size / MEGA
            del raw
            baseline = psutil.Process().memory_info().rss / MEGA
            found: dict[int, list[Round]] = {number: [] for number in numbers}
            for turn in range(rounds):
                for number in numbers if turn % 2 else reversed(numbers):
                    found[number].append(measured(files, number, baseline))
        for number in numbers:
            ratio = median(
                one.per_s / other.per_s
                for one, other in zip(found[number], found[numbers[0]], strict=True)
            )
            yield (
                f"| {BODIES} x {megabytes:.0f} MB, {name} | {number}"
                f" | {median(one.per_s for one in found[number]):.2f} | {ratio:.2f}"
                f" | {max(one.own_mb for one in found[number]):.0f} MB"
                f" | {max(one.decoders_mb for one in found[number]):.0f} MB |"
            )


def main() -> None:
    """Measure and print, or write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decoders", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path)
    asked = parser.parse_args()
    table = "\n".join(rows(asked.decoders, asked.rounds)) + "\n"
    sys.stdout.write(table)
    if asked.write:
        head = asked.write.read_text().partition(MARK)[0] if asked.write.exists() else ""
        asked.write.write_text(f"{head}{MARK}\n\n{table}")


if __name__ == "__main__":
    main()
