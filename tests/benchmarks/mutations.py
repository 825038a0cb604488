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
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from harness.core.verdict import Verdict
from tests.benchmarks import mutations_cut, mutations_order, mutations_packed
from tests.benchmarks.mutations_faults import FAULTS as PLANTED
from tests.benchmarks.mutations_faults import Fault
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """A planted fault and what was said of the request that got it."""

    index: int
    fault: Fault
    tape: str
    form: str
    on_top: str
    found: str
    judged: Judged


def planted(
    tapes: Sequence[Tape], seed: int, index: int
) -> tuple[Tape, Fault, int, str]:
    """Return a tape with the fault of this seed and number, its call, and what is done on top.

    The kinds of faults take turns; half of the files have one harmless mutation on top.
    """
    rng, kinds = Random(f"fault/{seed}/{index}"), list(PLANTED.values())
    one = kinds[index % len(kinds)]
    fitting = [tape for tape in tapes if tape.provider in one.providers]
    for _ in range(TRIES * 20):
        tape = rng.choice(fitting).copy()
        tape.form = rng.choice(READ)
        call = rng.choice(sorted({each.call for each in tape.exchanges}))
        if not one.change(tape, call, rng):
            continue
        on_top = _on_top(tape, one, rng) if index % 2 else ""
        return tape, one, call, on_top
    raise AssertionError(f"no call for {one.name}")


def _on_top(tape: Tape, one: Fault, rng: Random) -> str:
    among = [each for each in CATALOGUE.values() if each.lossless]
    if one.needs_length:
        among = [each for each in among if each.name not in HIDE_LENGTHS]
    for _ in range(TRIES):
        harmless = rng.choice(among)
        if harmless.change(tape, rng):
            return harmless.name
    raise AssertionError("no harmless mutation fits")


HIDE_LENGTHS = ("content_length_gone", "newline_after_bodies")


def sought(tapes: Sequence[Tape], seed: int, index: int, folder: Path) -> Sought:
    """Plant a fault, judge the file, and look for it on the record of its request."""
    tape, one, call, on_top = planted(tapes, seed, index)
    prompt = f"number {call} "
    path = folder / f"fault-{index:03}-{one.name}-{tape.name}-{tape.form}{suffix(tape.form)}"
    path.write_bytes(written(tape))
    judged = judge(path, tape.provider)
    found = _found(one, judged, prompt)
    if found:
        path.unlink()
    return Sought(
        index=index,
        fault=one,
        tape=tape.name,
        form=tape.form,
        on_top=on_top,
        found=found,
        judged=judged,
    )


def _found(one: Fault, judged: Judged, prompt: str) -> str:
    cases = {
        record.shot.case.id
        for record in judged.records
        if prompt in str(record.shot.case.arguments.get("prompt"))
    }
    about = [verdict for verdict in judged.verdicts if verdict.case in cases]
    for verdict in about:
        if verdict.check in one.checks and (verdict.status == "fail" or _is_observed(verdict)):
            return f"{verdict.check}: {verdict.why}"
    for verdict in about if one.told else ():
        if re.search(one.told, verdict.why):
            return f"{verdict.check} ({verdict.status}): {verdict.why}"
    return ""


def _is_observed(verdict: Verdict) -> bool:
    """Tell whether a failure was seen on a request on which the documents promise nothing."""
    return verdict.status == "inconclusive" and verdict.why.startswith("observed: ")


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
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        sought_for = [sought(tapes, options.seed, index, folder) for index in range(options.faults)]
    missed = [each for each in sought_for if not each.found]
    for each in missed:
        about = [f"{v.check}={v.status}: {v.why[:90]}" for v in each.judged.verdicts if v.status != "pass"]
        print("MISSED", each.index, each.fault.name, each.tape, each.form, each.on_top, each.judged.code, each.judged.why[:80], about[:4], sep=" | ")
    kinds = Counter(each.fault.name for each in missed)
    print(len(missed), "missed", kinds.most_common())
    print(f"{len(wrong)} of {len(rows)} wrong; {time.monotonic() - begun:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
