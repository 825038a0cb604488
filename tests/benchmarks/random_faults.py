"""50 faults drawn at random, planted one at a time: found, flaky, not tried, missed, misnamed.

    python tests/benchmarks/random_faults.py [--seed N ...] [--faults N] [--write]

A fault is a value, a pair or a triple of documented values of a provider, what a valid request with
them leads to, and how often. All are drawn from the seed and planted in the emulator, which reads
requests by itself and shares no code with the harness. Each meets one run of the harness over all
operations, at the default budget and the plan's own seed. What was planted is then compared with
what the run reports, and the emulator's ledger says whether any request had the values. `--write`
writes the table to `tests/benchmarks/random_faults.md`. Exits with 1 where a finding has a wrong
name, or the faultless emulator was found at fault.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from harness.core.verdict import Finding
from harness.diagnosis.combinations import joined_values
from harness.emulator.faults.planted import DOCUMENTED, PlantedFault, planted_fault
from harness.emulator.rules import check
from harness.report.model import Shown
from tests.benchmarks.one_emulator import served, start
from tests.emulator.faults.values import as_changes, valid_body
from tests.faults.at_values import Planted, covers_the_values, names_the_values, planted
from tests.faults.runs import concluded, ledger, performed

WORKERS = 2
SEEDS = (1, 2, 3)
FAULTS = 50
PAGE = Path(__file__).with_suffix(".md")

KINDS = {
    "refused": "4xx",
    "fails": "5xx",
    "error_200": "error under 200",
    "other_format": "wrong format",
    "other_size": "wrong size",
    "fewer": "wrong count",
    "unanswered": "no reply",
}
RATES = (1.0, 0.5, 0.1)
CONTENT = {
    "other_format": ("output_format",),
    "other_size": ("size", "aspect_ratio"),
    "fewer": ("n",),
}
"""A wrong content shows only where it was asked for: one of these is among the fault's values."""

INVISIBLE = {
    ("buble", "aspect_ratio=1:1"): "1254x1254 is 1:1",
    ("buble", "aspect_ratio=auto"): "no size is promised",
}
"""Values at which 1254x1254 breaks no promise."""

PLAIN = "model=gpt-image-2"
"""Every request names it: a fault there is one of all requests."""

OPEN = {("apiframe", "aspect_ratio"), ("aimlapi", "quality")}
"""Parameters whose values stand in a second source only, or are contradictory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one run came to: the fault, how many requests had its values and got it, and a word."""

    provider: str
    fault: str
    met: int
    struck: int
    word: str
    named: tuple[str, ...]
    requests: int
    images: int


def drawn(seed: int, number: int) -> list[tuple[str, str]]:
    """Return that many different faults as (provider, name); no kind is likelier than another."""
    draws = Random(f"random faults {seed}")
    found: dict[tuple[str, str], None] = {}
    while len(found) < number:
        kind, rate = draws.choice(sorted(KINDS)), draws.choice(RATES)
        provider, values = _values(draws, kind)
        name = f"{kind}:{values}" if rate == 1 else f"{kind}@{rate:g}:{values}"
        if _is_valid(provider, name):
            found[provider, name] = None
    return list(found)


def _values(draws: Random, kind: str) -> tuple[str, str]:
    """Draw a provider and one to three of its values, among them one that shows the kind."""
    documented = {
        provider: sorted(name for name in values if (provider, name) not in OPEN)
        for provider, values in DOCUMENTED.items()
    }
    needed = CONTENT.get(kind)
    able = [
        (provider, name)
        for provider, names in sorted(documented.items())
        for name in names
        if needed is None or name in needed
    ]
    provider = draws.choice(sorted({provider for provider, _ in able}))
    first = draws.choice([name for where, name in able if where == provider])
    others = [name for name in documented[provider] if name != first]
    more = draws.sample(others, min(draws.choice((0, 1, 2)), len(others)))
    values = DOCUMENTED[provider]
    return provider, "+".join(f"{name}={draws.choice(values[name])}" for name in (first, *more))


def _is_valid(provider: str, name: str) -> bool:
    """Tell whether some request may have all the values, and the effect would break a promise."""
    fault = planted_fault(provider, name)
    if fault is None or not fault.where.operations:
        return False
    traits = fault.where.traits
    hidden = fault.kind == "other_size" and any((provider, one) in INVISIBLE for one in traits)
    if hidden or PLAIN in traits:
        return False
    return any(_is_served(provider, operation, fault) for operation in fault.where.operations)


def _is_served(provider: str, operation: str, fault: PlantedFault) -> bool:
    body = valid_body(provider, operation, as_changes(provider, fault.where.traits))
    return check(provider, operation, body) is None and fault.meets(provider, operation, body)


def _run(place: tuple[str, str]) -> Row:
    provider, fault = place
    address = served()[provider]
    with tempfile.TemporaryDirectory() as folder:
        report = concluded(performed(Path(folder) / "run", provider, fault=fault)).report
    entries = ledger(address)["entries"]
    submitted = [entry for entry in entries if entry["operation"]]
    met = sum(fault in entry["met"] for entry in entries)
    struck = sum(fault in entry["struck"] for entry in entries)
    shown = (report.findings, report.flaky, report.unconfirmed)
    at = planted(fault)
    return Row(
        provider=provider,
        fault=fault,
        met=met,
        struck=struck,
        word=_word(at, shown, met, struck),
        named=tuple(_words(each.finding) for several in shown for each in several),
        requests=len(submitted),
        images=sum(entry["images"] for entry in entries),
    )


def _word(fault: Planted | None, shown: Sequence[Sequence[Shown]], met: int, struck: int) -> str:
    """Say what became of a fault; None is no fault."""
    confirmed, flaky, unconfirmed = ([each.finding for each in several] for several in shown)
    if fault is None:
        return "WRONG NAME" if confirmed or flaky else "nothing"
    if any(not covers_the_values(finding, fault) for finding in (*confirmed, *flaky)):
        return "WRONG NAME"
    for word, several in (("found", confirmed), ("flaky", flaky), ("suspected", unconfirmed)):
        if any(names_the_values(finding, fault) for finding in several):
            return word
    if any(finding.combination for finding in (*confirmed, *flaky)):
        return "named with more"
    if confirmed or flaky:
        return "no value named"
    return "not tried" if not met else "never struck" if not struck else "missed"


def _words(finding: Finding) -> str:
    named = joined_values(finding.combination) if finding.combination else finding.constraint
    standing = "" if finding.standing == "confirmed" else f", {finding.standing}"
    return f"{finding.operation} {finding.check}: {named or 'no value'}{standing}"


def _progress(rows: Iterable[Row], number: int) -> Iterator[Row]:
    for place, row in enumerate(rows, 1):
        text = f"{place}/{number} {row.provider} {row.fault or 'no fault'}: {row.word}"
        print(text, *row.named, sep="\n    ", file=sys.stderr, flush=True)  # noqa: T201
        yield row


WORDS = {
    "found": "a confirmed finding names exactly the values, or the rule of a single one",
    "flaky": "named so, as broken at one time and kept at another",
    "suspected": "named so, and not confirmed",
    "named with more": "a finding names the values and others beside them",
    "no value named": "a finding is about the reply as a whole, and names no value",
    "not tried": "no request of the run had the values",
    "never struck": "requests had the values, and chance spared them all",
    "missed": "requests got the fault, and nothing names it",
    "WRONG NAME": "a finding is not explained by the fault",
}


def _section(seed: int, rows: Sequence[Row], control: Sequence[Row]) -> list[str]:
    lines = [f"## Seed {seed}", "", *_totals(rows)]
    wrong = sum(row.word != "nothing" for row in control)
    lines += ["", f"Without a fault: {wrong} of {len(control)} runs report a finding.", ""]
    lines += ["| provider | fault | had the values | got it | | what was named |"]
    lines += ["|---|---|---|---|---|---|"]
    for row in rows:
        word = f"**{row.word}**" if row.word == "WRONG NAME" else row.word
        named = "; ".join(row.named)
        cells = (row.provider, f"`{row.fault}`", row.met, row.struck, word, named)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return [*lines, ""]


def _totals(rows: Sequence[Row]) -> list[str]:
    """Return a table: how many faults came to each word, by rate."""
    count = Counter((row.word, _rate(row)) for row in rows)
    heads = " | ".join(f"{rate:.0%}" for rate in RATES)
    lines = [f"| of {len(rows)} faults | {heads} | all |", f"|---|{'---|' * (len(RATES) + 1)}"]
    for word in WORDS:
        numbers = [count[word, rate] for rate in RATES]
        lines.append(f"| {' | '.join(map(str, (word, *numbers, sum(numbers))))} |")
    return lines


def _rate(row: Row) -> float:
    at = planted(row.fault)
    return at.rate if at is not None else 0.0


def _page(sections: Iterable[str], faults: int, seeds: Sequence[int], minutes: float) -> str:
    wanted = " ".join(f"--seed {seed}" for seed in seeds)
    lines = [
        "# Faults drawn at random",
        "",
        f"    python tests/benchmarks/random_faults.py {wanted} --faults {faults} --write",
        "",
        "Each fault is planted in the emulator alone, at one, two or three documented values of a",
        "provider, and meets one run of the harness over all operations at the default budget;",
        "evidence: emulator. A wrong content is planted only where the values ask for it. Left out",
        "are values in a second source only, and the model that every request names.",
        "`fails@0.5:quality=high` answers half of the valid requests of high quality with 500.",
        "",
        *(f"- {word}: {meaning}" for word, meaning in WORDS.items()),
        "",
        f"{minutes:.0f} minutes on 2 cores, two runs at a time.",
        "",
    ]
    return "\n".join([*lines, *sections])


def main() -> int:
    """Draw, run and compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, action="append", metavar="N")
    parser.add_argument("--faults", type=int, default=FAULTS, metavar="N")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    seeds = options.seed or list(SEEDS)
    control = [(provider, "") for provider in sorted(DOCUMENTED)]
    started = time.monotonic()
    sections: list[str] = []
    wrong = 0
    with ProcessPoolExecutor(WORKERS, initializer=start) as pool:
        faultless = list(_progress(pool.map(_run, control), len(control)))
        for seed in seeds:
            places = drawn(seed, options.faults)
            rows = list(_progress(pool.map(_run, places), len(places)))
            wrong += sum(row.word == "WRONG NAME" for row in (*rows, *faultless))
            sections += _section(seed, rows, faultless)
    text = _page(sections, options.faults, seeds, (time.monotonic() - started) / 60)
    print(text)  # noqa: T201
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
