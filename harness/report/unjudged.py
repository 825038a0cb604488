"""Verdicts that neither pass nor fail, one line a reason: not one for each job, number or address.

A reason names what differs each time, and a provider may write what it likes into it. What is left
when that is taken out says which reasons are one.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.checks.verdicts import beside
from harness.core.outcome import Fault, Images
from harness.core.record import Record
from harness.core.verdict import Status, Verdict
from harness.report.model import Unjudged, UnjudgedCase
from harness.report.text import hidden

ORDER: tuple[Status, ...] = ("error", "inconclusive", "skip")
"""The verdicts that judge nothing, the gravest first."""

MOST_REASONS = 12
"""Lines a provider gets for one kind of verdict; what is left shares one more."""

MOST_CASES = 1_000
"""Cases that a line names; of more it says how many there are."""

_MOST_CONSTANTS = 1_000
_OTHERS = "further reasons, each of another wording"
_SHORTEST_JOB = 3
_LONGEST_REASON = 2_000
_LONGEST_WORD = 32
# A status is what a reason is about, and three digits long.
_STATUS = re.compile(r"\bHTTP \d{3}\b")
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s\"'<>()\[\]{}]+", re.IGNORECASE)
_WORD = re.compile(r"\w[\w.:/+-]*\w|\w")
_AGAIN = re.compile(r"…(?:[ ,;/]{1,2}…)+")

_Group = tuple[Status, str, str, str]


def unjudged(verdicts: Sequence[Verdict], records: Sequence[Record]) -> tuple[Unjudged, ...]:
    """Gather errors, inconclusive and skipped verdicts by provider and reason, in that order.

    A crashed check is one line for each operation, for it is a bug of ours with a place. `records`
    tell which words of a reason are the id of a job.
    """
    groups: dict[_Group, _Reason] = {}
    kinds: Counter[tuple[Status, str]] = Counter()
    for job, spoken in beside(records, verdicts, _job):
        for verdict in spoken:
            if verdict.status in ORDER:
                key = _key(verdict, job or "")
                if key not in groups:
                    kinds[key[:2]] += 1
                    if kinds[key[:2]] > _MOST_CONSTANTS:
                        key = (*key[:2], "", _OTHERS)
                groups.setdefault(key, _Reason()).add(verdict)
    rows = [_row(key, reason) for key, reason in groups.items()]
    rows.sort(key=lambda row: (ORDER.index(row.status), -row.number))
    return tuple(_bounded(rows))


def _key(verdict: Verdict, job: str) -> _Group:
    place = f"{verdict.operation} {verdict.check}" if verdict.status == "error" else ""
    return verdict.status, verdict.provider, place, constant_part(verdict.why, job)


def _job(record: Record) -> str:
    """Return the id of a case's job, where it had one."""
    return (isinstance(record.outcome, Fault | Images) and record.outcome.job) or ""


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


class _Reason:
    """What is said of the verdicts with one reason, as they come."""

    def __init__(self) -> None:
        self.first = ""
        self.same = True
        self.number = 0
        self.operations: dict[str, None] = {}
        self.checks: dict[str, None] = {}
        self.cases: dict[tuple[str, str], UnjudgedCase] = {}
        self._last = ("", "")

    def add(self, verdict: Verdict) -> None:
        """Take one more; verdicts on one case come one after the other."""
        self.first = verdict.why if not self.number else self.first
        self.same = self.same and verdict.why == self.first
        self.operations[verdict.operation] = self.checks[verdict.check] = None
        place = (verdict.operation, verdict.case)
        if place == self._last or place in self.cases:
            return
        self._last, self.number = place, self.number + 1
        if len(self.cases) < MOST_CASES:
            self.cases[place] = UnjudgedCase(
                operation=verdict.operation, case=verdict.case, why=verdict.why
            )


def _row(key: _Group, reason: _Reason) -> Unjudged:
    """Make one line; a reason that is the same each time is told word for word."""
    status, provider, _, constant = key
    cases = reason.cases.values()
    return Unjudged(
        provider=provider,
        status=status,
        why=reason.first if reason.same else constant,
        operations=tuple(reason.operations),
        checks=tuple(reason.checks),
        cases=tuple(replace(case, why="") if reason.same else case for case in cases),
        more=reason.number - len(cases),
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
    once: dict[tuple[str, str], UnjudgedCase] = {}
    for row in reversed(rows):
        for case in reversed(row.cases):
            once.pop((case.operation, case.case), None)
            once[case.operation, case.case] = replace(case, why=case.why or row.why)
    cases = tuple(reversed(once.values()))
    return Unjudged(
        provider=rows[0].provider,
        status=rows[0].status,
        why=f"{len(rows):,} more reasons, none of more than {rows[0].number:,}",
        operations=tuple(dict.fromkeys(name for row in rows for name in row.operations)),
        checks=tuple(dict.fromkeys(name for row in rows for name in row.checks)),
        cases=cases[:MOST_CASES],
        more=sum(row.more for row in rows) + len(cases[MOST_CASES:]),
    )
