"""The page of the mutation run: tables of kinds and faults, and every wrong word."""

from collections import Counter
from collections.abc import Sequence

from tests.benchmarks.mutations_kinds import CATALOGUE
from tests.benchmarks.mutations_planted import FAULTS
from tests.benchmarks.mutations_run import Sought, Tried

ENDS = ("judged", "inconclusive", "unread", "convicted", "crashed")
INTRODUCTION = """\
# Mutations

    python tests/benchmarks/mutations.py --write

Honest recordings - what the emulator answered on loopback, written as recorders write it, and some
by hand in the shapes of public cassettes - are changed as recorders, sanitisers, exporters and
editors do (one to three mutations a file), and judged in one process. *Judged*: promises were
tried and held; *inconclusive*: nobody is blamed, and what is not known is named; *unread*: the file
or all that is in it is named as unreadable. *Convicted* (a failed verdict, a finding or exit code
1) and *crashed* (a traceback, a check's own error, exit code 3) are to be 0.
"""
PLANTED = """\
## Planted faults

What a lying or broken provider would have answered, in one call of an otherwise honest file, its
declared lengths fitting; half of the files have a harmless mutation on top that leaves the evidence
in. Found is a failed verdict of a named check on the record of that request (`observed: ...` where
the documents promise nothing on it), or for deviations that break no promise a sentence about that
request with the named words. Not planted: what no document promises against, and what no file can
show (a stream without its completed event is a file cut between two events).
"""


def page(
    seed: int, honest: Sequence[Tried], rows: Sequence[Tried], sought: Sequence[Sought]
) -> str:
    """Return the page as Markdown."""
    parts = [
        INTRODUCTION,
        f"Seed {seed}. Honest files as they are: {_counted(honest)}.\n",
        _kinds(rows),
        _wrong(rows, "Wrong words"),
        PLANTED,
        _faults(sought),
        _missed(sought),
    ]
    return "\n".join(part for part in parts if part)


def _counted(rows: Sequence[Tried]) -> str:
    ends = Counter(row.end for row in rows)
    told = ", ".join(f"{ends[end]} {end}" for end in ENDS if ends[end] or end == "convicted")
    return f"{len(rows)} files: {told}"


def _kinds(rows: Sequence[Tried]) -> str:
    """Return the table of kinds; a file with several kinds counts in each."""
    lines = [
        "| kind | mutations | files | judged | inconclusive | unread | convicted | crashed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind in dict.fromkeys(one.kind for one in CATALOGUE.values()):
        names = {one.name for one in CATALOGUE.values() if one.kind == kind}
        own = [row for row in rows if names & {*row.chain}]
        lines.append(_line(kind, len(names), own))
    lines.append(_line("all", len(CATALOGUE), rows))
    return "\n".join([*lines, ""])


def _line(kind: str, number: int, rows: Sequence[Tried]) -> str:
    ends = Counter(row.end for row in rows)
    cells = " | ".join(str(ends[end]) for end in ENDS)
    return f"| {kind} | {number} | {len(rows)} | {cells} |"


def _wrong(rows: Sequence[Tried], title: str) -> str:
    wrong = [row for row in rows if row.is_wrong]
    if not wrong:
        return ""
    lines = [
        f"## {title}",
        "",
        "| number | tape | form | mutations | said |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.index} | {row.tape} | {row.form} | {', '.join(row.chain)} | {said(row)} |"
        for row in wrong
    ]
    return "\n".join([*lines, ""])


def said(row: Tried) -> str:
    """Return the first sentence that blames somebody, or the last line of a crash, on one line."""
    crash = row.judged.crash.strip().splitlines()
    text = crash[-1] if crash else next(iter(row.judged.blamed), "")
    return _plain(text)


def _plain(text: str) -> str:
    plain = "".join(letter if letter.isprintable() else "?" for letter in text)
    return plain[:200].replace("|", "\\|")


def _faults(sought: Sequence[Sought]) -> str:
    lines = [
        "| fault | providers | found by | planted | with a mutation | found |",
        "|---|---|---|---|---|---|",
    ]
    for one in FAULTS.values():
        own = [each for each in sought if each.fault.name == one.name]
        by = ", ".join(one.checks) + (f"; words: `{_plain(one.told)}`" if one.told else "")
        on_top = sum(bool(each.on_top) for each in own)
        found = sum(bool(each.found) for each in own)
        cells = (one.name, ", ".join(one.providers), by, len(own), on_top, found)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    on_top = sum(bool(each.on_top) for each in sought)
    found = sum(bool(each.found) for each in sought)
    lines.append(f"| all | | | {len(sought)} | {on_top} | {found} |")
    return "\n".join([*lines, ""])


def _missed(sought: Sequence[Sought]) -> str:
    missed = [each for each in sought if not each.found]
    if not missed:
        return ""
    lines = [
        "## Missed",
        "",
        "| number | fault | tape | form | on top | said |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {each.index} | {each.fault.name} | {each.tape} | {each.form} | {each.on_top} | "
        f"{_plain(each.judged.why)} |"
        for each in missed
    ]
    return "\n".join([*lines, ""])
