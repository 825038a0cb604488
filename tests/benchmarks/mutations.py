"""Harmless mutations of honest recordings convict nobody; planted provider faults are all found.

    python tests/benchmarks/mutations.py [--count N] [--faults N] [--seed N] [--only KIND] [--write]

The emulator answers on loopback; what went over the wire is written as recorders write it (honest),
changed as recorders, sanitisers, exporters and editors do (mutations, one to three in a file), and
judged in this process as `harness judge` does. A conviction is a failed verdict, a finding or exit
code 1; a crash is a traceback, a check that crashed or exit code 3. `--only` keeps the mutations of
one kind or name. `--keep DIR` keeps the files of convictions and misses. `--write` writes the page
to `tests/benchmarks/mutations.md`. Exits with 1 where an honest file is convicted, anything crashes
or a fault is missed.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from tests.benchmarks import mutations_cut, mutations_order, mutations_packed
from tests.benchmarks.mutations_forms import READ, suffix, written
from tests.benchmarks.mutations_honest import honest, recorded
from tests.benchmarks.mutations_judged import Judged, judge
from tests.benchmarks.mutations_kinds import CATALOGUE, Harmless
from tests.benchmarks.mutations_tape import Tape

KINDS = (mutations_cut, mutations_order, mutations_packed)
"""Where the catalogue is filled."""

COUNT, FAULTS = 2_000, 200
TRIES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One mutated file and what was said of it."""

    index: int
    tape: str
    form: str
    chain: tuple[str, ...]
    judged: Judged
    size_bytes: int

    @property
    def is_wrong(self) -> bool:
        return bool(self.judged.blamed or self.judged.crash)


def mutated(
    tapes: Sequence[Tape], seed: int, index: int, among: Sequence[Harmless]
) -> tuple[Tape, tuple[str, ...]]:
    """Return the tape of this seed and number, and the names of what was done to it."""
    rng = Random(f"{seed}/{index}")
    wanted, tape, done = rng.randint(1, 3), _base(tapes, rng), []
    for _ in range(TRIES):
        one = rng.choice(among)
        changed = tape.copy()
        if one.name not in done and one.change(changed, rng) and changed.exchanges:
            tape, done = changed, [*done, one.name]
        elif not done:
            tape = _base(tapes, rng)
        if len(done) == wanted:
            break
    assert done, f"no mutation fits: {[one.name for one in among]}"
    return tape, tuple(done)


def _base(tapes: Sequence[Tape], rng: Random) -> Tape:
    tape = rng.choice(tapes).copy()
    tape.form = rng.choice(READ)
    return tape


def tried(tape: Tape, chain: tuple[str, ...], index: int, folder: Path) -> Tried:
    """Write a tape, judge the file, and leave it in the folder only where the word is wrong."""
    raw = written(tape)
    path = folder / f"{index:05}-{tape.name}-{tape.form}{suffix(tape.form)}"
    path.write_bytes(raw)
    one = Tried(
        index=index,
        tape=tape.name,
        form=tape.form,
        chain=chain,
        judged=judge(path, tape.provider),
        size_bytes=len(raw),
    )
    if not one.is_wrong:
        path.unlink()
    return one


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--faults", type=int, default=FAULTS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    begun = time.monotonic()
    tapes = honest(recorded(options.seed), options.seed)
    among = [
        one for one in CATALOGUE.values() if options.only in ("", one.kind, one.name)
    ]
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        rows = []
        for index in range(options.count):
            rows.append(tried(*mutated(tapes, options.seed, index, among), index, folder))
            if index % 100 == 99:
                wrong = sum(row.is_wrong for row in rows)
                print(f"{index + 1} of {options.count}: {wrong} wrong", file=sys.stderr, flush=True)
    wrong = [row for row in rows if row.is_wrong]
    counts: Counter[str] = Counter()
    for row in wrong:
        counts.update(row.chain)
        said = row.judged.crash.strip().splitlines()[-1] if row.judged.crash else row.judged.blamed[0]
        print(row.index, row.tape, row.form, "+".join(row.chain), row.size_bytes, said[:260], sep=" | ")
    print(counts.most_common())
    print(f"{len(wrong)} of {len(rows)} wrong; {time.monotonic() - begun:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
