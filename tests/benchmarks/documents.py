"""Changed documents, told or not: leaves of all shipped TOMLs, each changed by itself.

Run by hand: `python tests/benchmarks/documents.py [--write FILE] [--each N]`. What makes a TOML
that is none is left out; told is a change of which one sentence names the key or the parameter,
and both values where they are numbers, words or texts of up to 100 characters.
"""

import argparse
import random
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from harness.comparing.documents.changelog import changelog
from harness.spec.catalogue import shipped_catalogue
from harness.spec.load import parse_provider
from harness.spec.provider import Provider
from tests.comparing.mutated import alternatives, at, is_told, leaves, mutated, written

HEAD = """# Changed documents, told in words

    .venv/bin/python tests/benchmarks/documents.py --write PAGE.md

In each shipped TOML {each:,} leaves were drawn (seed 0) and changed one at a time, quotes excepted;
changes that make no valid TOML are left out. Told: one sentence of the changelog names the key or
the parameter, and both values where they are numbers, words or texts of up to {long} characters.
False: the same TOML with a comment, another layout and another quote made a sentence.

{changes:,} changes in {seconds:.0f} s of one processor

| change | of {changes:,} | told |
|---|---|---|
"""


def main() -> None:
    """Change, compare, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--each", type=int, default=600)
    options = parser.parse_args()
    draws, start = random.Random(0), time.process_time()
    changes: Counter[str] = Counter()
    told: Counter[str] = Counter()
    false = 0
    for entry in shipped_catalogue().values():
        tables = tomllib.loads(entry.text)
        paths, before = [*leaves(tables)], written(tables)
        quoted = entry.text.replace('quote = "', 'quote = "of today: ')
        false += bool(changelog(entry.text, f"# of today\n\n{quoted}").told)
        for _ in range(options.each):
            path = draws.choice(paths)
            mutation = mutated(tables, path, draws.choice(alternatives(at(tables, path))))
            if not isinstance(parse_provider(mutation.tables), Provider):
                continue
            log = changelog(before, written(mutation.tables))
            changes[mutation.kind] += 1
            told[mutation.kind] += is_told(mutation, log)
            if not is_told(mutation, log):
                said = [each.sentence for each in log.told][:3]
                sys.stdout.write(f"untold: {entry.name} {mutation} {said}\n")
    page = HEAD.format(
        each=options.each,
        long=100,
        changes=changes.total(),
        seconds=time.process_time() - start,
    )
    page += "".join(
        f"| {kind} | {changes[kind]:,} | {told[kind]:,} |\n" for kind in sorted(changes)
    )
    page += f"| all | {changes.total():,} | {told.total():,} |\n"
    page += f"\nFalse: {false} of {len(shipped_catalogue())}.\n"
    sys.stdout.write(page)
    if options.write:
        options.write.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
