"""Verdicts that neither pass nor fail, one line a reason: not one for each job, number or address.

A reason names what differs each time, and a provider may write what it likes into it. What is left
when that is taken out says which reasons are one.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from harness.core.outcome import Fault, Images
from harness.core.record import Record
from harness.core.verdict import Status, Verdict
from harness.report.model import Unjudged, UnjudgedCase
from harness.report.text import hidden

ORDER: tuple[Status, ...] = ("error", "inconclusive", "skip")
"""The verdicts that judge nothing, the gravest first."""

MOST_REASONS = 12
"""Lines a provider gets for one kind of verdict; what is left shares one more."""

_SHORTEST_JOB = 3
_LONGEST_REASON = 2_000
_LONGEST_WORD = 32
# A status is what a reason is about, and three digits long.
_STATUS = re.compile(r"\bHTTP \d{3}\b")
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s\"'<>()\[\]{}]+", re.IGNORECASE)
_WORD = re.compile(r"\w[\w.:/+-]*\w|\w")
_AGAIN = re.compile(r"…(?:[ ,;/]{1,2}…)+")

_Place = tuple[str, str, str]
_Group = tuple[Status, str, str, str]


def unjudged(verdicts: Sequence[Verdict], records: Sequence[Record]) -> tuple[Unjudged, ...]:
    """Gather errors, inconclusive and skipped verdicts by provider and reason, in that order.

    A crashed check is one line for each operation, for it is a bug of ours with a place. `records`
    tell which words of a reason are the id of a job.
    """
    jobs = _jobs(records)
    groups: dict[_Group, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.status in ORDER:
            job = jobs.get((verdict.provider, verdict.operation, verdict.case), "")
            place = f"{verdict.operation} {verdict.check}" if verdict.status == "error" else ""
            key = (verdict.status, verdict.provider, place, constant_part(verdict.why, job))
            groups[key].append(verdict)
    rows = [_row(key, group) for key, group in groups.items()]
    rows.sort(key=lambda row: (ORDER.index(row.status), -len(row.cases)))
    return tuple(_bounded(rows))


def constant_part(why: str, job: str = "") -> str:
    """Return a reason with `…` for what differs each time: ids, numbers, addresses, hidden signs.

    The status of a reply stays. `job` is the id of the job that the reason is about.
    """
    text = why[:_LONGEST_REASON]
    if len(job) >= _SHORTEST_JOB:
        text = text.replace(job, "…")
    text = " ".join("".join(char for char in text if char.isspace() or not hidden(char)).split())
    text = _ADDRESS.sub("…", text)
    parts, end = [], 0
    for status in _STATUS.finditer(text):
        parts += [_WORD.sub(_varying, text[end : status.start()]), status[0]]
        end = status.end()
    parts.append(_WORD.sub(_varying, text[end:]))
    return _AGAIN.sub("…", "".join(parts))


def _varying(word: re.Match[str]) -> str:
    differs = len(word[0]) > _LONGEST_WORD or any(char.isnumeric() for char in word[0])
    return "…" if differs else word[0]


def _jobs(records: Iterable[Record]) -> Mapping[_Place, str]:
    """Return the id of each case's job, where it had one."""
    return {
        (record.shot.case.provider, record.shot.case.operation, record.shot.case.id): job
        for record in records
        if isinstance(record.outcome, Fault | Images) and (job := record.outcome.job)
    }


def _row(key: _Group, group: Sequence[Verdict]) -> Unjudged:
    """Make one line; a reason that is the same each time is told word for word."""
    status, provider, _, constant = key
    same = len({verdict.why for verdict in group}) == 1
    cases: dict[tuple[str, str], UnjudgedCase] = {}
    for verdict in group:
        case = UnjudgedCase(
            operation=verdict.operation, case=verdict.case, why="" if same else verdict.why
        )
        cases.setdefault((verdict.operation, verdict.case), case)
    return Unjudged(
        provider=provider,
        status=status,
        why=group[0].why if same else constant,
        operations=tuple(dict.fromkeys(verdict.operation for verdict in group)),
        checks=tuple(dict.fromkeys(verdict.check for verdict in group)),
        cases=tuple(cases.values()),
    )


def _bounded(rows: Sequence[Unjudged]) -> Iterable[Unjudged]:
    """Keep the most frequent reasons of each provider and verdict; the others share one line.

    Errors are ours, and all stand.
    """
    by_kind: dict[tuple[Status, str], list[Unjudged]] = defaultdict(list)
    for row in rows:
        by_kind[row.status, row.provider].append(row)
    for (status, _), group in by_kind.items():
        if status == "error" or len(group) <= MOST_REASONS + 1:
            yield from group
        else:
            yield from group[:MOST_REASONS]
            yield _gathered(group[MOST_REASONS:])


def _gathered(rows: Sequence[Unjudged]) -> Unjudged:
    cases = [replace(case, why=case.why or row.why) for row in rows for case in row.cases]
    once = {(case.operation, case.case): case for case in reversed(cases)}
    return Unjudged(
        provider=rows[0].provider,
        status=rows[0].status,
        why=f"{len(rows):,} more reasons, none of more than {len(rows[0].cases):,}",
        operations=tuple(dict.fromkeys(name for row in rows for name in row.operations)),
        checks=tuple(dict.fromkeys(name for row in rows for name in row.checks)),
        cases=tuple(reversed(once.values())),
    )
