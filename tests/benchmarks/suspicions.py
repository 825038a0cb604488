"""How often the signs of suspicion are wrong on natives, and what they see of what they are for.

    python -m tests.benchmarks.suspicions [--natives 500] [--first SEED] [--emulator] [--write]

False alarms are counted on pictures of `natives.py` in PNG, JPEG and WebP, each of which nobody
enlarged or copied; with `--emulator` on those that the emulator draws under `--natural`. The page
`suspicions.md` is written with `--write`; the figures beside each method in
`harness/stats/suspicions/suspicions.py` are those of it, and a test holds them to the page.
"""

import argparse
import hashlib
import io
import os
import random
import shlex
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import combinations
from multiprocessing import Pool
from multiprocessing.pool import Pool as PoolOfProcesses
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np
from PIL import Image, ImageDraw, ImageEnhance

from harness.core.inspection import Signs
from harness.stats.intervals import proportion_estimate
from harness.stats.suspicions.signals import (
    ENLARGED_FROM,
    NEAR_AT_MOST_BITS,
    differs,
    fineness,
)
from harness.transport.inspection.encoding import jpeg_quality, layout, webp_quantiser
from harness.transport.inspection.signs import signs_of
from tests.benchmarks.natives import FORMATS, KINDS, Native, native, over_white, stored

PAGE = Path(__file__).with_suffix(".md")
RESAMPLERS = ("BILINEAR", "BICUBIC", "LANCZOS")
Share = float | tuple[float, float]
SHARES: tuple[Share, ...] = (0.5, 0.67, 0.8, (0.6, 0.75))
"""How large the smaller picture is along each axis."""

STORED = (("png", 0), ("jpeg", 90), ("jpeg", 75), ("webp", 90))
PARAMETERS = ((10, 90), (50, 100))
LIVELY = ("fractal", "photo", "soft", "shapes", "text", "line_art", "sticker", "night")


def looked_at(data: bytes) -> Signs:
    """Return the signs of a file with these bytes."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        signs = signs_of(Path(file.name))
    if signs is None:
        raise RuntimeError("a file that was just written cannot be read")
    return signs


def container(data: bytes) -> Signs:
    """Return the signs of a file's container alone."""
    file = io.BytesIO(data)
    quality = jpeg_quality(file)
    return Signs(
        layout=layout(file).names,
        jpeg_quality=quality and quality.quality,
        webp_quantiser=webp_quantiser(file),
    )


class Seen(NamedTuple):
    """What one native shows, and which parameters leave no trace in it."""

    seed: int
    kind: str
    format: str
    signs: Signs
    digest: str
    alike: tuple[int, ...]
    """For each of PARAMETERS: 1 where its two files cannot be told apart."""


def drawn(seed: int) -> Native:
    """Return a native of ours."""
    return native(seed)


def emulated(seed: int) -> Native:
    """Return a picture of the emulator's, in a size of the same lattice."""
    from harness.emulator.natural import drawn as natural  # noqa: PLC0415 - with --emulator only

    ours = native(seed * len(KINDS))  # the first kind is the quickest to draw
    image = natural(f"native {seed}", *ours.image.size)
    return Native(
        kind="emulator", seed=seed, image=image, format=FORMATS[seed % 3], quality=ours.quality
    )


SOURCES = {"natives.py": drawn, "the emulator": emulated}


def seen(job: tuple[str, int]) -> Seen:
    """Look at one native."""
    source, seed = job
    one = SOURCES[source](seed)
    form = "jpeg" if seed % 2 else "webp"
    part = one.image.crop((256, 256, 768, 768))  # a quantiser needs no more
    alike = []
    for low, high in PARAMETERS:
        pair = [fineness(container(stored(part, form, at))) for at in (low, high)]
        alike.append(0 if differs(pair[0], pair[1]) else 1)
    data = one.data
    digest = hashlib.sha256(data).hexdigest()
    return Seen(seed, one.kind, one.format, looked_at(data), digest, tuple(alike))


# ------------------------------------------------------------------------------- false positives


def share(count: int, n: int) -> str:
    """Return `2 of 500: 0.4 % (0.05 % to 1.4 %)`."""
    estimate = proportion_estimate(count, n, exact=True)
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "nothing to count"
    value, low, high = (100 * x for x in (estimate.value, estimate.low, estimate.high))
    return f"{count} of {n}: {value:.2g} % ({low:.2g} % to {high:.2g} %)"


def near(all_seen: Sequence[Seen]) -> tuple[set[int], int, int]:
    """Return natives within reach of another, how many have a hash, the least distance of two."""
    hashed = [one for one in all_seen if one.signs.perceptual_hash]
    values = [int(one.signs.perceptual_hash, 16) for one in hashed]
    least, accused = 256, set()
    for (i, a), (j, b) in combinations(enumerate(values), 2):
        distance = (a ^ b).bit_count()
        least = min(least, distance)
        if distance <= NEAR_AT_MOST_BITS:
            accused |= {hashed[i].seed, hashed[j].seed}
    return accused, len(hashed), least


def false_positives(all_seen: Sequence[Seen]) -> Iterator[str]:
    """Yield the rows of the table."""
    n = len(all_seen)
    digests = len({one.digest for one in all_seen})
    accused, hashed, least = near(all_seen)
    told = [one for one in all_seen if one.signs.enlarged is not None]
    wrong = [one for one in told if (one.signs.enlarged or 0) >= ENLARGED_FROM]
    alike = sum(one.alike[0] for one in all_seen)
    layouts = [one for one in all_seen if one.format == "png"]
    foreign = [one for one in layouts if one.signs.layout != "IHDR IDAT IEND"]
    yield f"| `identical_images` | {share(n - digests, n)} | all |"
    yield (
        f"| `near_identical_images` | {share(len(accused), n)} | all, each against all others;"
        f" {hashed} have a hash, and the nearest two of these differ in {least} of 256 bits |"
    )
    yield (
        f"| `enlarged` | {share(len(wrong), n)} | all; {len(told)} are not too plain to tell:"
        f" {share(len(wrong), len(told))} of these |"
    )
    for form in FORMATS:
        of = [one for one in told if one.format == form]
        those = [one for one in wrong if one.format == form]
        kinds = ", ".join(sorted({one.kind for one in those})) or "none"
        yield f"| - of {form} | {share(len(those), len(of))} | of these kinds: {kinds} |"
    yield f"| `compression_ignored` | {share(alike, n)} | 10 against 90, JPEG and WebP by turns |"
    yield f"| - 50 against 100 | {share(sum(one.alike[1] for one in all_seen), n)} | the same |"
    yield (
        f"| `reencoded` | {share(len(layouts) - len(foreign), len(layouts))} | PNGs whose writer"
        " happens to lay out like the maker: says nothing of how often a genuine one looks written"
        " anew |"
    )


# ------------------------------------------------------------------------------------- detection


def enlargement(job: tuple[str, Share]) -> list[tuple[str, str, bool]]:
    """Return what is told of a native of a kind that was enlarged: how, stored how, told."""
    kind, by = job
    across, down = by if isinstance(by, tuple) else (by, by)
    edges = (1024, 1024)
    seed = list(KINDS).index(kind) + len(KINDS) * 100
    small = native(seed, size=(round(edges[0] * across), round(edges[1] * down))).image
    results = []
    for resampler in RESAMPLERS:
        large = small.resize(edges, Image.Resampling[resampler])
        for form, quality in STORED:
            score = looked_at(stored(large, form, quality)).enlarged or 0
            results.append((resampler, f"{form} {quality or ''}".strip(), score >= ENLARGED_FROM))
    return results


def copies(seed: int) -> dict[str, bool | None]:
    """Return which copies of a native are within reach of it; None where it has no hash."""
    image = over_white(native(seed).image)
    width, height = image.size
    first = looked_at(stored(image, "png")).perceptual_hash
    made = {
        "JPEG 90": stored(image, "jpeg", 90),
        "JPEG 30": stored(image, "jpeg", 30),
        "WebP 80": stored(image, "webp", 80),
        "cut by 1 pixel": stored(image.crop((1, 1, width, height)), "png"),
        "brighter by 10 %": stored(ImageEnhance.Brightness(image).enhance(1.1), "png"),
        "half as large": stored(image.reduce(2), "png"),
    }
    found: dict[str, bool | None] = {}
    for name, data in made.items():
        other = looked_at(data).perceptual_hash
        bits = (int(first, 16) ^ int(other, 16)).bit_count() if first and other else 256
        found[name] = bits <= NEAR_AT_MOST_BITS if first else None
    return found


def sisters(seed: int) -> int | None:
    """Return how many bits two drawings of one scene differ in: moved a little, other textures."""
    rng = random.Random(seed)
    images = []
    things = [[rng.random() for _ in range(7)] for _ in range(14)]
    for number in range(2):
        base = np.asarray(
            native(14 * (200 + 2 * seed + number), size=(1024, 1024)).image, np.float32
        )
        scene = Image.new("RGB", (1024, 1024), (140, 150, 160))
        draw = ImageDraw.Draw(scene)
        for at_x, at_y, size, *colour in (thing[:6] for thing in things):
            x, y = at_x + rng.gauss(0, 0.02), at_y + rng.gauss(0, 0.02)
            radius = (0.03 + 0.15 * size) * (1 + rng.gauss(0, 0.05))
            box = tuple(1024 * one for one in (x - radius, y - radius, x + radius, y + radius))
            draw.ellipse(box, fill=tuple(int(255 * one) for one in colour))
        mixed = np.asarray(scene, np.float32) + 0.25 * (base - base.mean())
        images.append(Image.fromarray(np.clip(mixed, 0, 255).astype(np.uint8)))
    a, b = (looked_at(stored(one, "png")).perceptual_hash for one in images)
    return (int(a, 16) ^ int(b, 16)).bit_count() if a and b else None


def of_enlargements(pool: PoolOfProcesses) -> Iterator[str]:
    """Yield the table of what is seen of enlarged natives."""
    jobs = [(kind, by) for by in SHARES for kind in LIVELY]
    by_case: dict[tuple[Share, str, str], list[bool]] = defaultdict(list)
    for (_, by), results in zip(jobs, pool.imap(enlargement, jobs), strict=True):
        for how, form, told in results:
            by_case[by, how, form].append(told)
    forms = [f"{form} {quality or ''}".strip() for form, quality in STORED]
    yield "| drawn at | enlarged by | " + " | ".join(forms) + " |"
    yield "|---" * (2 + len(forms)) + "|"
    for by in SHARES:
        for how in RESAMPLERS:
            cells = (by_case[by, how, form] for form in forms)
            row = " | ".join(f"{sum(cell)} of {len(cell)}" for cell in cells)
            name = " by ".join(map(str, by)) if isinstance(by, tuple) else str(by)
            yield f"| {name} | {how.lower()} | {row} |"


def of_copies(pool: PoolOfProcesses) -> Iterator[str]:
    """Yield the table of what is seen of copies, and what of pictures that are only alike."""
    yield "| copy | found of those with a hash |"
    yield "|---|---|"
    found: dict[str, list[bool]] = defaultdict(list)
    for one in pool.imap(copies, range(1400, 1428)):
        for name, told in one.items():
            if told is not None:
                found[name].append(told)
    for name, those in found.items():
        yield f"| {name} | {sum(those)} of {len(those)} |"
    bits = sorted(one for one in pool.imap(sisters, range(8)) if one is not None)
    near_ones = sum(one <= NEAR_AT_MOST_BITS for one in bits)
    yield ""
    yield (
        f"{len(bits)} pairs of drawings of one scene, its things moved by some 2 % and textured"
        f" anew, differ in {bits[0]} to {bits[-1]} of 256 bits, half of them in"
        f" {bits[len(bits) // 2]} or more; {near_ones} would be called near-identical."
    )


def page(sections: Iterable[str]) -> str:
    """Return the page."""
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    command = shlex.join(["python", "-m", "tests.benchmarks.suspicions", *sys.argv[1:]])
    head = f"""# Suspicions: how often they are wrong, and what they see

Written by `{command}` on {day}. Intervals are exact (Clopper, Pearson 1934), two-sided, 95 %.
A method whose upper bound on natives lies above 1 % is not shown by default.
"""
    return "\n".join([head, *sections, ""])


def main() -> None:
    """Measure, print, and write the page with `--write`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--natives", type=int, default=500)
    parser.add_argument("--first", type=int, default=0, help="the seed of the first native")
    parser.add_argument("--emulator", action="store_true")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    lines: list[str] = []
    with Pool(options.processes) as pool:
        for source in SOURCES if options.emulator else ("natives.py",):
            seeds = range(options.first, options.first + options.natives)
            jobs = [(source, seed) for seed in seeds]
            all_seen = pool.map(seen, jobs, chunksize=5)
            lines += [f"## False positives: {options.natives} natives of {source}", ""]
            lines += [
                "| method | wrong | of what |",
                "|---|---|---|",
                *false_positives(all_seen),
                "",
            ]
            print("\n".join(lines), file=sys.stderr, flush=True)  # noqa: T201 - a script
            for one in all_seen:
                if (one.signs.enlarged or 0) >= ENLARGED_FROM:
                    print("wrong:", one, file=sys.stderr, flush=True)  # noqa: T201 - the same
        lines += ["## What is seen of enlarged natives", "", *of_enlargements(pool), ""]
        lines += ["## What is seen of copies", "", *of_copies(pool)]
    text = page(lines)
    print(text)  # noqa: T201 - a script
    if options.write:
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
