"""Does Ray change what is measured? Time to pixels through it and in one process. Writes a table.

    unshare -rn sh -c 'ip link set lo up && python -m tests.benchmarks.ray_overhead --pairs 10'

Pairs of one benchmark of one provider, against an emulator each of whose images takes exactly a
second, in the reply to the request: no draw and no polling hides what is added. Once in one
process, once as one slice on Ray, in an order that a coin decides. The difference of the medians,
in per cent, has a 95 % t interval over the pairs. Needs the extra `ray`.
"""

import argparse
import random
import statistics
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from scipy.special import stdtrit  # type: ignore[import-untyped]  # scipy ships no types

from harness.spec.catalogue import catalogue_of
from harness.stats.benchmark.attempts import attempt_of
from harness.store.reader import read_run
from tests.benchmarks.ray_kills import HARNESS, QUIET
from tests.runner.processes import KNOWN, Emulator, emulator, environment

PROVIDER = "sub2api"
EVERY_S = 0.2
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run: its times to pixels, how long all of it took, and the memory of its processes."""

    seconds: tuple[float, ...]
    wall_s: float
    peak_mib: float


def _measured(shop: Emulator, env: dict[str, str], requests: int, *, on_ray: bool) -> Measured:
    with tempfile.TemporaryDirectory(prefix="ray-overhead-") as root:
        out = Path(root) / "run"
        command = [*HARNESS, "run", "--against", "live", "--only", "benchmark", "--seed", "3"]
        command += ["--provider", PROVIDER, "--base-url", f"{PROVIDER}={shop.urls[PROVIDER]}"]
        command += ["--max-images", "500", "--blocks", str(requests), "--warm-up", "1"]
        command += ["--out", str(out), *(("--on", "ray", "--slices", "1") if on_ray else ())]
        began_s = time.monotonic()
        with subprocess.Popen(
            command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as running:
            peak = _Peak(running.pid)
            peak.start()
            _, said = running.communicate()
            peak.ended.set()
            peak.join()
        wall_s = time.monotonic() - began_s
        if running.returncode not in {0, 1}:
            raise SystemExit(said)
        provider = catalogue_of(()).provider(PROVIDER)
        attempts = [attempt_of(each, provider, usable=True) for each in read_run(out).records]
        seconds = [
            one.seconds for one in attempts if one and one.end == "served" and not one.warm_up
        ]
        return Measured(seconds=tuple(seconds), wall_s=wall_s, peak_mib=peak.mib)


class _Peak(threading.Thread):
    """The most memory that a process and all below it hold together, shared pages once each."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(pid)
        self.ended = threading.Event()
        self.mib = 0.0

    def run(self) -> None:
        while not self.ended.wait(EVERY_S):
            with suppress(psutil.Error):
                each = [self._process, *self._process.children(recursive=True)]
                self.mib = max(self.mib, sum(map(_own_bytes, each)) / MIB)


def _own_bytes(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_full_info().uss)
    return 0


def main() -> None:
    """Run the pairs and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--seconds-per-image", default="1")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    chosen = parser.parse_args()
    env = environment(**QUIET, HOME=tempfile.mkdtemp(prefix="ray-overhead-home-"))
    coin = random.Random(1)
    pairs: list[tuple[Measured, Measured]] = []
    with emulator("--seconds-per-image", chosen.seconds_per_image, *KNOWN) as shop:
        for _ in range(chosen.pairs):
            made = {}
            for on_ray in coin.sample([False, True], 2):
                made[on_ray] = _measured(shop, env, chosen.requests, on_ray=on_ray)
            pairs.append((made[False], made[True]))
            chosen.out.write_text(_page(pairs, chosen.requests), encoding="utf-8")
            print(_row(len(pairs), *pairs[-1]), flush=True)  # noqa: T201


def _row(number: int, one: Measured, ray: Measured) -> str:
    first, second = statistics.median(one.seconds), statistics.median(ray.seconds)
    memory = (f"{one.peak_mib:.0f}", f"{ray.peak_mib:.0f}")
    walls = (f"{one.wall_s:.1f}", f"{ray.wall_s:.1f}")
    cells = (f"{first:.4f}", f"{second:.4f}", f"{second / first - 1:+.2%}", *walls, *memory)
    return f"| {number} | " + " | ".join(cells) + " |"


def _page(pairs: list[tuple[Measured, Measured]], requests: int) -> str:
    shares = [
        statistics.median(ray.seconds) / statistics.median(one.seconds) - 1 for one, ray in pairs
    ]
    mean, interval = statistics.fmean(shares), "needs two pairs"
    if len(shares) > 1:
        error = statistics.stdev(shares) / len(shares) ** 0.5
        half = float(stdtrit(len(shares) - 1, 0.975)) * error
        interval = f"[{mean - half:+.2%}, {mean + half:+.2%}]"
    starts = statistics.fmean(ray.wall_s - one.wall_s for one, ray in pairs)
    rows = "\n".join(_row(at, *pair) for at, pair in enumerate(pairs, 1))
    return f"""# What Ray changes in what is measured

Evidence: emulator. `tests/benchmarks/ray_overhead.py`: {len(pairs)} pairs of a benchmark of
{requests} requests, in one process and as one slice on a Ray cluster of this machine, interleaved;
each image takes the same time, in the reply to its request.

The median time to pixels through Ray differs by **{mean:+.2%}**, 95 % t interval over the pairs
{interval}. A run on Ray takes {starts:.1f} s longer: the cluster starts and ends. Memory is the sum
over all processes of what each holds for itself alone, at its peak.

| pair | one process, s | Ray, s | differs | one process, all s | Ray, all s | MiB | MiB with Ray |
| --- | --- | --- | --- | --- | --- | --- | --- |
{rows}
"""


if __name__ == "__main__":
    main()
