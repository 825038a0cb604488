"""The exam: every fault of the emulator alone, and 20 seeds without one, at the default budget.

    python tests/benchmarks/exam.py [--seeds N] [--to FILE] [--only FAMILY|PREFIX ...]
        [PART OF provider:name ...]

Writes a Markdown table to `reports/exam.md`: one line for each fault on each provider where it
breaks a promise, each a run of its own over all operations. "found" means that a promise that it
breaks is a confirmed finding; "exactly" that all of them are, on all operations, and nothing else
is. Of a fault planted at values, a finding counts that names these values, or the rule of a single
one; if it names others beside them, the fault is not found exactly. `--only` takes a family
(`valid_request`) or how a name begins (`sub2api:fails`, `takes:`) and leaves out the runs without a
fault. Requests are submissions, as the harness counts them; images and price are what the
emulator's own ledger says was paid. Exits with 1 where the faultless emulator was found at fault.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from harness.core.record import Record
from harness.core.verdict import Finding
from harness.diagnosis.combinations import joined_values
from harness.emulator.faults.catalogue import NamedFault, catalogue
from tests.benchmarks.one_emulator import served, start
from tests.faults.at_values import covers_the_values, names_the_values, planted, promises
from tests.faults.expectation import INVISIBLE, expected
from tests.faults.runs import concluded, ledger, performed
from tests.shipped import NAMES
from tests.shipped import shipped_provider as shipped

WORKERS = 2
REPEATS = "repeats under a key are the check itself, of which a provider makes no second job"
IMAGES, REQUESTS = 40, 100
"""What an operation may cost at the default budget."""

FAMILIES = {
    "single_rule": "single rule",
    "boundary": "boundary off by one",
    "interaction": "two- and three-way interaction",
    "content": "response content",
    "job_and_stream": "job and stream",
    "charging": "charging",
    "valid_request": "valid request that fails",
    "content_interaction": "content at values that meet",
    "count": "number of images at a value",
    "type": "another type is taken",
    "refusal_shape": "another shape of refusals",
    "alpha": "alpha channel",
    "hidden_limit": "hidden limit",
    "keys": "keys",
    "authenticity": "drawn, billed or served otherwise",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one run came to; the three tuples are (operation, constraint, check) in words."""

    fault: NamedFault | None
    provider: str
    found: int
    awaited: int
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    requests: dict[str, int]
    images: dict[str, int]
    amount: float
    unit: str
    duplicates: int
    seconds: float
    repeats: int = 0
    wide: tuple[str, ...] = ()
    seed: int = 0


def main() -> int:
    """Run the exam and write its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--to", type=Path, default=Path("reports/exam.md"))
    parser.add_argument("--only", action="append", default=[], metavar="FAMILY|PREFIX")
    parser.add_argument("parts", nargs="*")
    options = parser.parse_args()
    faults = [
        one
        for one in catalogue()
        if _makes_sense(one) and _asked(one, options.parts) and _is_of(one, options.only)
    ]
    started = time.monotonic()
    with ProcessPoolExecutor(WORKERS, initializer=start) as pool:
        rows = list(_told(pool.map(_fault, faults), len(faults)))
        spot = options.parts or options.only
        seeds = [] if spot else [(n, seed) for seed in range(options.seeds) for n in NAMES]
        control = list(_told(pool.map(_control, seeds), len(seeds)))
    minutes = (time.monotonic() - started) / 60
    options.to.write_text("\n".join(_page(rows, control, minutes)) + "\n", encoding="utf-8")
    print(*_summary(rows, control), sep="\n")  # noqa: T201
    return 1 if any(row.found for row in control) else 0


def _makes_sense(fault: NamedFault) -> bool:
    """Tell whether a fault breaks a documented promise of its provider at all."""
    if fault.family not in FAMILIES:
        return False
    if fault.name in INVISIBLE.get(fault.provider, ()):
        return True  # broken, and not for us to see: it counts as not found
    return bool(_awaited(fault.provider, fault.name))


def _is_of(fault: NamedFault, only: Sequence[str]) -> bool:
    """Tell whether a fault is of one of these families, or its name begins so."""
    name = f"{fault.provider}:{fault.name}"
    return not only or any(
        text == fault.family or name.startswith(text) or fault.name.startswith(text)
        for text in only
    )


def _asked(fault: NamedFault, parts: Sequence[str]) -> bool:
    return not parts or any(part in f"{fault.provider}:{fault.name}" for part in parts)


def _fault(fault: NamedFault) -> Row:
    return _row(fault.provider, fault=fault)


def _control(place: tuple[str, int]) -> Row:
    return _row(place[0], seed=place[1])


def _row(provider: str, *, fault: NamedFault | None = None, seed: int = 0) -> Row:
    address = served()[provider]
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        name = fault.name if fault else ""
        done = performed(Path(folder) / "run", provider, fault=name, seed=seed)
    report = concluded(done).report
    books = ledger(address)
    found = {_promise(shown.finding, name) for shown in report.findings}
    awaited = _awaited(provider, name) if fault else frozenset()
    images: Counter[str] = Counter()
    for entry in books["entries"]:
        images[entry["operation"] or ""] += entry["images"]
    return Row(
        fault=fault,
        provider=provider,
        seed=seed,
        found=len(found & awaited) if fault else len(found),
        awaited=len(awaited),
        missing=tuple(sorted(map(_words, awaited - found))),
        extra=tuple(sorted(map(_words, found - awaited))),
        requests=dict(_submissions(done.records)),
        images=dict(images),
        amount=sum(entry["cost"]["amount"] for entry in books["entries"]),
        unit=shipped(provider).prices.unit,
        duplicates=len(books["duplicates"]),
        repeats=len(books["repeats"]),
        wide=tuple(
            joined_values(shown.finding.combination)
            for shown in report.findings
            if _is_wide(shown.finding, name)
        ),
        seconds=time.monotonic() - started,
    )


Promise = tuple[str, str | None, str]


def _awaited(provider: str, fault: str) -> frozenset[Promise]:
    """Return what a fault breaks on the operations of its provider, whatever their names."""
    return expected(provider, fault, shipped(provider).operations).promises


def _promise(finding: Finding, fault: str) -> Promise:
    """Return a finding's promise; of an undeclared rule its argument is as good as a combination.

    That a value is refused which is documented is the smallest way to say that it needs another.
    Where a fault is planted at values, a finding that names them is as good as its promise, and one
    that does not is another promise.
    """
    refused = fault.removeprefix("undeclared:").partition("-needs-")[0]
    parameter = (finding.constraint or "").partition(".")[0]
    constraint = None if fault != refused and parameter == refused else finding.constraint
    at = planted(fault)
    if at is not None and finding.check != "images_decode":
        exact = promises(finding.provider, finding.operation, fault)
        good = names_the_values(finding, at) or _is_wide(finding, fault)
        named = joined_values(finding.combination) if finding.combination else constraint
        constraint = exact[0][0] if exact and good else named or "no values"
    return (finding.operation, constraint, finding.check)


def _is_wide(finding: Finding, fault: str) -> bool:
    """Tell whether a finding names the values of a fault, and others beside them."""
    at = planted(fault)
    if at is None or not finding.combination:
        return False
    return covers_the_values(finding, at) and not names_the_values(finding, at)


def _words(promise: Promise) -> str:
    return " ".join(str(part) for part in promise if part)


def _submissions(records: Iterable[Record]) -> Counter[str]:
    count: Counter[str] = Counter()
    for record in records:
        count[record.shot.case.operation] += sum(
            exchange.step == "submit" for exchange in record.exchanges
        )
    return count


def _told(rows: Iterable[Row], number: int) -> Iterable[Row]:
    for place, row in enumerate(rows, 1):
        what = row.fault.name if row.fault else f"seed {row.seed}"
        missed = f" MISSING {row.missing}" if row.missing else ""
        more = f" EXTRA {row.extra}" if row.extra else ""
        line = f"{place}/{number} {row.provider} {what}: {row.found}/{row.awaited}{missed}{more}"
        print(f"{line} ({sum(row.requests.values())} requests)", file=sys.stderr, flush=True)  # noqa: T201
        yield row


def _summary(rows: Sequence[Row], control: Sequence[Row]) -> list[str]:
    caught = [row for row in rows if _caught(row)]
    lines = []
    if rows:
        share = 100 * len(caught) / len(rows)
        exact, repeats = sum(map(_exact, rows)), sum(row.repeats for row in rows)
        lines += [
            f"- {len(caught)} of {len(rows)} faults found ({share:.1f} %), {exact} exactly",
            f"- at most {_most(rows, 'requests')} requests (of {REQUESTS}) for an operation",
            f"- at most {_most(rows, 'images')} images paid (of {IMAGES}) for an operation",
            f"- {sum(row.duplicates for row in rows)} paid bodies were sent twice",
            f"- {repeats} more were paid again under the key of the first: {REPEATS}",
        ]
    if control:
        wrong = sum(row.found for row in control)
        seeds = len({row.seed for row in control})
        lines.append(
            f"- without a fault: {wrong} findings in {len(control)} runs at {seeds} seeds; at most "
            f"{_most(control, 'requests')} requests for one provider and operation"
        )
    return lines


def _caught(row: Row) -> bool:
    return row.found > 0


def _exact(row: Row) -> bool:
    return row.found > 0 and not row.missing and not row.extra and not row.wide


def _most(rows: Sequence[Row], what: str) -> int:
    return max(
        (number for row in rows for place, number in getattr(row, what).items() if place),
        default=0,
    )


def _page(rows: Sequence[Row], control: Sequence[Row], minutes: float) -> list[str]:
    lines = [
        "# The harness' own exam",
        "",
        "    make exam",
        "",
        "Each fault of the emulator alone, on all operations of its provider, at seed 0 and the",
        "default budget; evidence: emulator. A fault that breaks no documented promise of its",
        "provider is left out. Requests are submissions (polls and downloads are free); images and",
        "price are the emulator's own ledger's. Found: how many of the promises that the fault",
        "breaks (one for each operation) are confirmed findings. Files of more than 5 MB are sent",
        "where the fault is about the size of files, and at seed 0 without a fault. No document of",
        "the six forbids fields that it does not know, so that there is no family of these.",
        "",
        *_summary(rows, control),
        f"- {minutes:.0f} minutes on 2 cores, two runs at a time",
        "",
        "| family | faults | found | exactly | share found | most requests | most images |",
        "|---|---|---|---|---|---|---|",
    ]
    families: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        families[row.fault.family if row.fault else ""].append(row)
    for family, title in FAMILIES.items():
        lines.append(_family_line(title, families[family]))
    lines.append(_family_line("all", rows))
    for family, title in FAMILIES.items():
        if families[family]:
            lines += ["", f"## {title.capitalize()}", "", *HEAD, *map(_line, families[family])]
    if control:
        lines += ["", "## Without a fault", "", *CONTROL, *map(_control_line, control)]
    return lines


def _family_line(title: str, rows: Sequence[Row]) -> str:
    caught = sum(map(_caught, rows))
    share = f"{100 * caught / len(rows):.1f} %" if rows else "-"
    most = f"{_most(rows, 'requests')} | {_most(rows, 'images')}"
    exact = sum(map(_exact, rows))
    return f"| {title} | {len(rows)} | {caught} | {exact} | {share} | {most} |"


HEAD = (
    "| provider | fault | found | requests | images paid | price | notes |",
    "|---|---|---|---|---|---|---|",
)
CONTROL = ("| seed | provider | findings | requests | images paid |", "|---|---|---|---|---|")


def _line(row: Row) -> str:
    notes = [f"not found: {one}" for one in row.missing] + [f"also: {one}" for one in row.extra]
    notes += [f"named with more: {text}" for text in row.wide]
    if not row.awaited:
        notes.append("no reply tells")
    if row.duplicates:
        notes.append(f"{row.duplicates} paid twice")
    if row.repeats:
        notes.append(f"{row.repeats} paid again under the same key, the check itself")
    cells = (
        row.provider,
        f"`{row.fault.name if row.fault else ''}`",
        f"{row.found} of {row.awaited}" if row.awaited else "no",
        sum(row.requests.values()),
        sum(row.images.values()),
        f"{row.amount:g} {row.unit}",
        "; ".join(notes),
    )
    return f"| {' | '.join(map(str, cells))} |"


def _control_line(row: Row) -> str:
    cells = (
        row.seed,
        row.provider,
        row.found,
        sum(row.requests.values()),
        sum(row.images.values()),
    )
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    sys.exit(main())
