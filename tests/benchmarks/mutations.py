"""Harmless mutations of honest recordings convict nobody; planted provider faults are all found.

    python tests/benchmarks/mutations.py [--count N] [--faults N] [--seed N] [--only KIND] [--write]

The emulator answers on loopback; what went over the wire is written as recorders write it (honest),
changed as recorders, sanitisers, exporters and editors do (mutations, one to three in a file), and
judged in this process as `harness judge` does. A conviction is a failed verdict, a finding or exit
code 1; a crash is a traceback, a check that crashed or exit code 3. `--only` keeps the mutations of
one kind or name. `--keep DIR` keeps the files of wrong words there. `--write` writes the page to
`tests/benchmarks/mutations.md`. Exits with 1 where an honest file is convicted, anything crashes or
a fault is missed.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from tests.benchmarks.mutations_kinds import CATALOGUE
from tests.benchmarks.mutations_page import page, said
from tests.benchmarks.mutations_run import (
    Tried,
    mutated,
    sought,
    tapes_of,
    tried,
    untouched,
)
from tests.benchmarks.mutations_tape import Tape

COUNT, FAULTS = 2_000, 200
PAGE = Path(__file__).with_suffix(".md")
EVERY = 100
"""After how many files the progress is told."""


def main() -> int:
    options = _options()
    begun = time.monotonic()
    tapes = tapes_of(options.seed)
    with _folder(options.keep) as folder:
        honest = [] if options.only else [*untouched(tapes, folder)]
        _told(honest, "honest files")
        rows = _mutated(tapes, options, folder)
        faults = [sought(tapes, options.seed, index, folder) for index in range(options.faults)]
    missed = [each for each in faults if not each.found]
    for each in missed:
        print(f"missed: {each.index} {each.fault.name} in {each.tape} {each.form} {each.on_top}")  # noqa: T201
    _told(rows, "mutated files")
    print(f"{len(faults) - len(missed)} of {len(faults)} faults found")  # noqa: T201
    print(f"{time.monotonic() - begun:.0f} s")  # noqa: T201
    if options.write:
        PAGE.write_text(page(options.seed, honest, rows, faults))
    return 1 if missed or any(row.is_wrong for row in (*honest, *rows)) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--faults", type=int, default=FAULTS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory() as scratch:
        yield Path(scratch)


def _mutated(tapes: Sequence[Tape], options: argparse.Namespace, folder: Path) -> list[Tried]:
    among = [one for one in CATALOGUE.values() if options.only in ("", one.kind, one.name)]
    rows: list[Tried] = []
    for index in range(options.count):
        rows.append(tried(*mutated(tapes, options.seed, index, among), index, folder))
        if len(rows) % EVERY == 0:
            wrong = sum(row.is_wrong for row in rows)
            print(f"{len(rows)} of {options.count}: {wrong} wrong", file=sys.stderr, flush=True)  # noqa: T201
    return rows


def _told(rows: Sequence[Tried], what: str) -> None:
    wrong = [row for row in rows if row.is_wrong]
    for row in wrong:
        print(f"wrong: {row.index} {row.tape} {row.form} {'+'.join(row.chain)}: {said(row)}")  # noqa: T201
    print(f"{len(wrong)} of {len(rows)} {what} wrong")  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
