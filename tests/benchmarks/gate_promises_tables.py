"""The tables of gate_promises.py: what a diff came to, and how often."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.comparing.model import UNCLEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a diff came to, and what it does after asking again; `said` are its sentences."""

    name: str
    code: int
    kinds: tuple[str, ...]
    doubts: tuple[str, ...]
    said: tuple[str, ...]
    promises: int
    after: int | None = None
    after_said: tuple[str, ...] = ()
    requests: int = 0
    found: int = 0
    misnamed: tuple[str, ...] = ()
    is_told: bool = False


def of_nulls(rows: Sequence[Row]) -> str:
    """Return the table of pairs in which nothing changed, and each alarm in its words."""
    names = [*dict.fromkeys(row.name for row in rows)]
    lines = [NULLS]
    lines += [_null_line(name, [row for row in rows if row.name == name]) for name in sorted(names)]
    lines.append(_null_line("**all**", rows))
    lines += [
        f"\nAlarm in {row.name}: {each}{'' if row.after == 1 else '; not after asking again'}.\n"
        for row in rows
        if row.code == 1
        for each in row.said
    ]
    return "".join(lines)


def _null_line(name: str, rows: Sequence[Row]) -> str:
    alarms = [row for row in rows if row.code == 1]
    doubts = Counter(kind for row in rows for kind in row.doubts)
    kinds = Counter(kind for row in rows for kind in row.kinds)
    asked = [row for row in rows if row.after is not None]
    left = sum(row.after == 1 for row in asked)
    cells = (
        name,
        len(rows),
        len(alarms),
        _counted(kinds),
        sum(row.code == UNCLEAR for row in rows),
        _counted(doubts),
        len(asked),
        left,
    )
    return f"| {' | '.join(map(str, cells))} |\n"


def _counted(kinds: Counter[str]) -> str:
    return ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items())) or "-"


def of_plants(rows: Sequence[Row]) -> str:
    """Return the table of planted faults."""
    found = [row for row in rows if row.found]
    caught = [row for row in found if row.code == 1 and "broken" in row.kinds]
    stay = [row for row in caught if row.after == 1]
    lines = [
        PLANTS.format(
            planted=len(rows),
            found=len(found),
            caught=len(caught),
            stay=len(stay),
            misnamed=sum(bool(row.misnamed) for row in rows),
            requests=sum(row.requests for row in caught),
        )
    ]
    for row in rows:
        cells = (
            f"`{row.name}`",
            row.found,
            row.code,
            _counted(Counter(row.kinds)),
            _counted(Counter(row.doubts)),
            "-" if row.after is None else row.after,
            len(row.misnamed),
        )
        lines.append(f"| {' | '.join(map(str, cells))} |\n")
    return "".join(lines)


def of_documents(rows: Sequence[Row]) -> str:
    """Return the table of documents that moved."""
    lines = [DOCUMENTS]
    for row in rows:
        said = "; ".join(row.said).replace("|", "\\|")
        lines.append(f"| {row.name} | {row.code} | {said} | {_counted(Counter(row.kinds))} |\n")
    return "".join(lines)


HEAD = """# `harness diff` on real runs: nothing changed, a promise broken, a document moved

    python tests/benchmarks/gate_promises.py --pairs {pairs} --each {each} --write

Every run is one of `harness.api.run` against the emulator. An alarm is exit code 1 of a diff with
the defaults. What fails or would if it were confirmed was asked again (`--confirm`, at most 40
images), of an emulator with the same faults and other draws.
"""

NULLS = """
## Nothing changed

Both runs meet the same 5 % of random faults, drawn anew in each; no two pairs share a run. Runs for
conformance have 6, 10 or 20 images or the default budget, at 0.002 of the emulator's latencies;
benchmarks have two workloads in 30 blocks, at 0.02 of them. Exit code 4 is that of HEAD's own run:
its first request met the fault, and what may be paid is not sent again.

| runs | pairs | alarms | of kind | exit 4 | suspicions | asked again | alarms left |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""

PLANTS = """
## A promise newly broken

{planted} faults, drawn from the catalogue by family and kind, are planted in HEAD only; both runs
are of the first operation that a fault shows on, with the default budget and the same plan.
`harness run` confirms {found} of them; the diff fails for {caught} of these as newly broken. What
it calls broken is no promise of the fault's in {misnamed}. Asked again ({requests} requests),
{stay} stay.

| fault | findings of HEAD | exit | fails on | suspicions | exit after `--confirm` | misnamed |
| --- | --- | --- | --- | --- | --- | --- |
"""

DOCUMENTS = """
## A document moved

HEAD goes by an edited TOML (`--frozen`), BASE by the shipped one; `--fail-on broken,document`.
documents.md has every kind of change of a leaf.

| change | exit | said | fails on |
| --- | --- | --- | --- |
"""
