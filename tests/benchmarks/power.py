"""Power losses at random instants: what was not synced is gone, and nothing is paid twice.

    python tests/benchmarks/power.py [--cuts N] [--seed N] [--jobs N] [--write]

As `kills.py`, but each killed run's folder is laid out anew as a disk may have it that lost its
power: contents and names as they were last synced, with some blocks of what was written since,
torn and reordered (`synced.py`). A run whose folder cannot be read any more cannot go on.
Exits with 1 where a body was paid twice, where a run could not go on, or where a reply is missing
that was in the folder.
"""

import sys
import tempfile
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from tests.benchmarks.kills import measured
from tests.benchmarks.lives import Life, Series, Undisturbed, lived
from tests.benchmarks.reliability import ROOT
from tests.benchmarks.synced import cut
from tests.runner.processes import HARNESS

CUTS = 100
CLAIM = (
    "A run whose machine loses its power at any instant goes on with what its disk has kept, and "
    "pays for no body twice."
)


def cut_off(series: Series, like: Undisturbed, seed: int) -> Life:
    """Live as `lived` does, on a disk that loses what was not synced."""
    random = Random(seed)
    with tempfile.TemporaryDirectory() as parent:
        shadow = Path(parent) / "synced"
        first = (
            f"import sys; sys.path.insert(0, {str(ROOT)!r}); from pathlib import Path; "
            f"from tests.benchmarks.synced import record_syncs; record_syncs(Path({str(shadow)!r}))"
        )
        command = (*HARNESS[:-1], f"{first}; {HARNESS[-1]}")
        return lived(
            series,
            like,
            seed,
            command=command,
            after_kill=lambda folder: cut(folder, shadow, random),
        )


def main() -> int:
    """Cut, compare, report; return 1 where anything is paid twice."""
    return measured("cuts", CUTS, about=__doc__, title="Power loss", claim=CLAIM, live=cut_off)


if __name__ == "__main__":
    sys.exit(main())
