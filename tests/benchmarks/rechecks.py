"""`python -m tests.benchmarks.rechecks`: what is slower, and what only seems so, asked again.

Two emulators serve nanobanana and sub2api at fixed times, the second one 1.4 times as long. BASE is
measured at the first one; in HEAD nanobanana is at the second. Then HEAD's change is asked again
with nanobanana at either of them, and with both providers at the slow one.
"""

import sys
import tempfile
from pathlib import Path

from harness import Options, Output, Planning, RunLimits, Target, api
from harness.api.rechecks import recheck
from harness.comparing.compare import compare
from harness.planning.benchmark_options import BenchmarkOptions
from harness.run_result import RunResult
from tests.runner.processes import KEYS, KNOWN, Emulator, emulator

SLOW, OTHER = "nanobanana", "sub2api"
SECONDS, FACTOR = 1.0, 1.4


def options(places: dict[str, Emulator], out: Path) -> Options:
    """Return the options of a run with these providers at these emulators."""
    return Options(
        target=Target(
            against="live",
            providers=tuple(places),
            base_urls={name: each.urls[name] for name, each in places.items()},
        ),
        limits=RunLimits(max_images=100),
        output=Output(out=out),
    )


def measured(places: dict[str, Emulator], out: Path) -> RunResult:
    """Measure both providers."""
    choices = options(places, out)
    return api.run(
        Options(
            target=choices.target,
            limits=choices.limits,
            output=choices.output,
            planning=Planning(only="benchmark"),
            benchmark=BenchmarkOptions(blocks=12, calibrate=False),
        ),
        environment=KEYS,
    )


def main() -> int:
    """Print what came of each; 0 where it is what it should be."""
    wrong = 0
    times = [("--seconds-per-image", f"{SECONDS * each:g}") for each in (1, FACTOR)]
    with (
        tempfile.TemporaryDirectory() as folder,
        emulator(*times[0], *KNOWN) as quick,
        emulator(*times[1], *KNOWN) as slow,
    ):
        root = Path(folder)
        base = measured({SLOW: quick, OTHER: quick}, root / "base")
        head = measured({SLOW: slow, OTHER: quick}, root / "head")
        diff = compare(base.baseline, head.baseline)
        for name, places, expected in (
            ("still slow", {SLOW: slow, OTHER: quick}, "confirmed"),
            ("quick again", {SLOW: quick, OTHER: quick}, "refuted"),
            ("everything slow", {SLOW: slow, OTHER: slow}, "suspected"),
        ):
            out = root / name.replace(" ", "-")
            after, _ = recheck(
                diff, base.baseline, head, options=options(places, out), environment=KEYS
            )
            found = {each.standing for each in after.changes if each.kind == "slower"}
            wrong += found != {expected}
            sys.stdout.write(f"{name}: {', '.join(sorted(found)) or 'no change'}\n")
            for each in after.changes:
                sys.stdout.write(f"  {each.sentence}\n")
            sys.stdout.write(f"  {after.recheck.sentence if after.recheck else ''}\n")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
