"""What looking at an image costs, and that a benchmark's times do not feel it.

    python tests/benchmarks/provenance.py [--write] [--repeats 40] [--rounds 3]

Part 1 takes the CPU time of one signed 1024x1024 image in each format: decoding it (what every run
does), its manifest, the token arithmetic, the weak signs of its pixels, and a small copy of it.
Part 2 measures the emulator with nobody looking at images and with the stage on, in turns within
one run of this script, and prints the harness's own error in each. Prints Markdown; `--write` puts
it into `provenance.md`, below the mark.
"""

import argparse
import io
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import monotonic, process_time
from unittest.mock import patch

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # run as a script

import numpy as np  # noqa: E402 - after the path
from PIL import Image, ImageFilter  # noqa: E402 - the same

from harness import api  # noqa: E402 - the same
from harness.core.inspection import Inspection  # noqa: E402 - the same
from harness.spec.model import ImageTokens  # noqa: E402 - the same
from harness.spec.tokens import Counted, drawn_as  # noqa: E402 - the same
from harness.transport.bodies.decode import decoded  # noqa: E402 - the same
from harness.transport.inspection.manifests import Manifests  # noqa: E402 - the same
from harness.transport.inspection.signs import looked_at, signs_of  # noqa: E402 - the same
from harness.transport.inspection.thumbnails import thumbnail_of  # noqa: E402 - the same
from tests.signing import Authority, encoded  # noqa: E402 - the same

MARK = "<!-- What follows is written by the script. -->"
PAGE = Path(__file__).with_suffix(".md")
EDGE = 1024
GOAL_MS = 60.0
FORMATS = ("png", "jpeg", "webp")
COUNTED = Counted(tokens=7024, images=((EDGE, EDGE),))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    text = "\n".join([*_about(), "", *_costs(chosen.repeats), "", *_errors(chosen.rounds), ""])
    sys.stdout.write(text)
    if chosen.write:
        upper = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
        PAGE.write_text(f"{upper}{MARK}\n\n{text}", encoding="utf-8")


def _about() -> list[str]:
    cores, load = os.cpu_count(), os.getloadavg()[0]
    return [f"Python {platform.python_version()}, {cores} cores, load {load:.1f} at the start."]


def _picture() -> Image.Image:
    """Draw what compresses like a photograph: soft shapes with a little noise."""
    rng = np.random.default_rng(5)
    noise = Image.fromarray(rng.integers(0, 255, (EDGE, EDGE, 3), dtype=np.uint8), "RGB")
    soft = np.asarray(noise.filter(ImageFilter.GaussianBlur(12)), dtype=np.int16)
    grain = rng.integers(-3, 4, soft.shape, dtype=np.int16)
    return Image.fromarray(np.clip((soft - 127) * 6 + 127 + grain, 0, 255).astype(np.uint8), "RGB")


# ------------------------------------------------------------------------------------- part 1
def _costs(repeats: int) -> Iterator[str]:
    root, picture = Authority(), _picture()
    tokens = api.load_provider("openai").model
    assert tokens is not None
    assert tokens.tokens is not None
    arithmetic, listed = tokens.tokens, Manifests(root.pem)
    yield "| one 1024x1024 image, CPU ms (median) | " + " | ".join(FORMATS) + " |"
    yield "|---|" + "---:|" * len(FORMATS)
    rows: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in FORMATS:
            path = Path(folder) / f"image.{kind}"
            path.write_bytes(root.signer().signed(encoded(picture, kind), kind))
            for name, work in _works(path, kind, listed, arithmetic).items():
                rows.setdefault(name, []).append(_cpu_ms(work, repeats))
    together = [sum(each) for each in zip(*list(rows.values())[:3], strict=True)]
    rows[f"**decoding, 1, 2 together** (goal: below {GOAL_MS:.0f})"] = together
    for name, values in rows.items():
        yield f"| {name} | " + " | ".join(f"{each:.2f}" for each in values) + " |"


def _works(
    path: Path, kind: str, listed: Manifests, arithmetic: ImageTokens
) -> dict[str, Callable[[], object]]:
    raw = path.read_bytes()

    def read() -> object:
        with path.open("rb") as image:
            return listed.read(kind, image)

    def alone() -> object:
        with path.open("rb") as image:
            return looked_at(image, thumbnail_of)

    return {
        "decoding": lambda: decoded(io.BytesIO(raw)),
        "1. token arithmetic": lambda: drawn_as(arithmetic, COUNTED),
        "2. signed manifest": read,
        "weak signs of the pixels": lambda: signs_of(path),
        "the same, and a small copy": lambda: signs_of(path, thumbnail_of),
        "a small copy alone": alone,
    }


def _cpu_ms(work: Callable[[], object], repeats: int) -> float:
    work()
    taken = []
    for _ in range(repeats):
        before = process_time()
        work()
        taken.append(process_time() - before)
    return median(taken) * 1000


# ------------------------------------------------------------------------------------- part 2
@contextmanager
def _watched(looks: list[float], *, off: bool) -> Iterator[None]:
    """Note when the first image of a run is looked at, or have none looked at."""
    from harness.runner import inspecting  # noqa: PLC0415 - what is replaced

    inspected = inspecting.inspected

    def noted(*arguments: object, **more: object) -> Mapping[str, Inspection]:
        looks.append(monotonic())
        return {} if off else inspected(*arguments, **more)  # type: ignore[arg-type]

    with patch("harness.api.runs.inspected", noted):
        yield


def _errors(rounds: int) -> Iterator[str]:
    yield "| own error of the harness, in ms | body | n | p50 | p99 | to the first byte p50 | p99 |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    found: dict[tuple[str, int], list[tuple[int, float, float, float, float]]] = {}
    gaps: list[float] = []
    for _ in range(rounds):
        for name in ("before (nobody looks)", "after (the stage)"):
            looks: list[float] = []
            ended: list[float] = []
            with _watched(looks, off=name.startswith("before")):
                result = _benchmark(ended)
            gaps.append(looks[0] - ended[-1])
            assert result.header.benchmark is not None
            for each in result.header.benchmark.calibrations:
                if each.p50_s is None or each.p99_s is None:
                    continue
                figures = (each.n, each.p50_s, each.p99_s, each.first_p50_s, each.first_p99_s)
                found.setdefault((name, each.body_bytes), []).append(figures)  # type: ignore[arg-type]
    for (name, body), rows in sorted(
        found.items(), key=lambda each: (each[0][1], -ord(each[0][0][0]))
    ):
        columns = list(zip(*rows, strict=True))
        cells = " | ".join(f"{median(column) * 1000:.3f}" for column in columns[1:])
        yield f"| {name} | {body:,} B | {sum(columns[0])} | {cells} |"
    yield ""
    yield (
        f"In all {len(gaps)} runs the first image was looked at {min(gaps):.2f} to "
        f"{max(gaps):.2f} s after the last request had ended: no time is taken any more by then."
    )


def _benchmark(ended: list[float]) -> api.RunResult:
    watch = api.ProgressListener(progress=lambda _part: ended.append(monotonic()))
    with tempfile.TemporaryDirectory() as folder:
        return api.run(
            api.Options(
                target=api.Target(against="emulator", providers=("openai",)),
                planning=api.Planning(only="benchmark", seed=1),
                benchmark=api.BenchmarkOptions(blocks=12, warm_up=0),
                emulator=api.EmulatorOptions(time_scale=0.02),
                output=api.Output(out=Path(folder) / "run"),
            ),
            watch=watch,
        )


if __name__ == "__main__":
    main()
