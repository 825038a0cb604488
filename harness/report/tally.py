"""Which cases speak for and against each promise: what the matrix counts and transcripts show."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from harness.checks.verdicts import beside
from harness.core.case import FIRST_STAGES, Expect, Stage
from harness.core.outcome import Images, Refused
from harness.core.record import Record
from harness.core.verdict import Finding, Standing, Status, Verdict, more_cases
from harness.stats.conformance.faults import unserved_values

Observed = Literal["served", "refused", "unanswered"]
"""What came of a case that only looks."""

Place = tuple[str, str, str]
"""Provider, operation, and promise (or case)."""


MOST_NAMED = 256
"""How many cases of a promise are known by name: a page shows one or two of them."""

_MOST_REASONS = 512

Key = TypeVar("Key")


class Named(Collection[str]):
    """Cases of one promise, each once: all are counted, the first ones are known by name.

    What is added again is known to be the same where it comes right after itself, or has a name.
    """

    __slots__ = ("_last", "_named", "_number")

    def __init__(self) -> None:
        self._named: dict[str, None] = {}
        self._number = 0
        self._last = ""

    def add(self, case: str) -> None:
        """Count a case."""
        if case == self._last or case in self._named:
            return
        self._last, self._number = case, self._number + 1
        if len(self._named) < MOST_NAMED:
            self._named[case] = None

    def __len__(self) -> int:
        """Return how many there are, named or not."""
        return self._number

    def __iter__(self) -> Iterator[str]:
        """Yield those that are known by name, the first ones first."""
        return iter(self._named)

    def __contains__(self, case: object) -> bool:
        """Tell whether a case is one of those that are known by name."""
        return case in self._named


@dataclass(slots=True)
class Tally:
    """What speaks for and against one promise of one column; filled while verdicts are read.

    `unjudged` are the cases of `unsure`, `observed` those that only looked, by what came. `fails`
    are the cases that findings name, and `more_fails` how many more they count. `tried` of the
    first askings tell of it, of which `tried_refusals` asked for what is to be refused; of
    `failed` a finding speaks.
    """

    fails: dict[Standing, set[str]] = field(default_factory=dict)
    more_fails: int = 0
    accepts: Named = field(default_factory=Named)
    refuses: Named = field(default_factory=Named)
    unsure: Counter[tuple[Status, str]] = field(default_factory=Counter)
    unjudged: Named = field(default_factory=Named)
    unsent: Counter[str] = field(default_factory=Counter)
    observed: dict[Observed, Named] = field(default_factory=dict)
    unserved: tuple[str, ...] = ()
    tried: int = 0
    tried_refusals: int = 0
    failed: int = 0

    def looked(self, came: Observed) -> int:
        """Count the cases that only looked and came to this."""
        return len(self.observed.get(came, ()))


def tallies(
    records: Sequence[Record], verdicts: Sequence[Verdict], findings: Sequence[Finding]
) -> dict[Place, Tally]:
    """Count what speaks for and against each promise; a reply check counts under its own name.

    Nothing is held of a record or a verdict but what its promises' tallies keep.
    """
    tallied: defaultdict[Place, Tally] = defaultdict(Tally)
    unserved = unserved_values(_looked_at(tallied, records))
    found = _by_operation(findings)
    kinds: dict[_Asked, _Asked] = {}

    def told(record: Record) -> _Asked:
        asked = _asked(record)
        return kinds.setdefault(asked, asked) if len(kinds) < _MOST_KINDS else asked

    tries: dict[Place, _Tries] = {}
    for asked, spoken in beside(records, verdicts, told):
        named = _named(spoken[0], found)
        told_of = _count_case(tallied, asked, spoken, is_named=bool(named))
        if asked is not None and asked.fresh:
            _count_tries(tries, spoken[0], told_of, named, refusal=asked.expect == "refuse")
    for promised, values in unserved.items():
        tallied[promised].unserved = values
    for finding in findings:
        if broken := broken_promise(finding):
            tally = tallied[finding.provider, finding.operation, broken]
            tally.fails.setdefault(finding.standing, set()).update(finding.cases)
            tally.more_fails += more_cases(finding.cases)
    for place, counted in tries.items():
        tally = tallied[place]
        tally.tried, tally.tried_refusals = counted.tried, counted.refusals
        tally.failed = counted.failed
    return dict(tallied)


_MOST_KINDS = 20_000

FRESH: frozenset[Stage] = FIRST_STAGES | {"measure"}
"""Stages whose requests are samples. The others are sent because something failed: what they come
to would make failures look commoner than they are."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a tally wants to know of a record: the same for most records of a run."""

    expect: Expect
    covers: tuple[str, ...]
    served: bool
    sent: bool
    skipped: str | None
    fresh: bool


def _asked(record: Record) -> _Asked:
    case = record.shot.case
    return _Asked(
        expect=case.expect,
        covers=case.covers,
        served=isinstance(record.outcome, Images),
        sent=record.outcome is not None,
        skipped=record.skipped,
        fresh=case.stage in FRESH,
    )


def _looked_at(tallied: Mapping[Place, Tally], records: Sequence[Record]) -> Iterator[Record]:
    for record in records:
        _count_outcome(tallied, record)
        yield record


def _by_operation(findings: Sequence[Finding]) -> Mapping[tuple[str, str], Sequence[Finding]]:
    found: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        found[finding.provider, finding.operation].append(finding)
    return found


def _named(
    verdict: Verdict, found: Mapping[tuple[str, str], Sequence[Finding]]
) -> Sequence[Finding]:
    """Return the findings that name the case of a verdict."""
    near = found.get((verdict.provider, verdict.operation), ())
    return [finding for finding in near if verdict.case in finding.cases]


def _count_case(
    tallied: Mapping[Place, Tally],
    asked: _Asked | None,
    spoken: Sequence[Verdict],
    *,
    is_named: bool,
) -> dict[str, None]:
    """Count what the verdicts on one case say; return the promises that it kept."""
    kept: dict[str, None] = {}
    for verdict in spoken:
        if verdict.status == "fail" and is_named:
            continue  # the finding says what broke, and where
        for promise in _promises(verdict, asked):
            place = (verdict.provider, verdict.operation, promise)
            _count_verdict(tallied[place], verdict, asked)
            if verdict.status == "pass":
                kept[promise] = None
    return kept


@dataclass(slots=True)
class _Tries:
    """How many first askings tell of a promise."""

    tried: int = 0
    refusals: int = 0
    failed: int = 0


def _count_tries(
    tries: dict[Place, _Tries],
    verdict: Verdict,
    kept: Mapping[str, None],
    named: Sequence[Finding],
    *,
    refusal: bool,
) -> None:
    broken = dict.fromkeys(promise for each in named if (promise := broken_promise(each)))
    for promise in {**kept, **broken}:
        counted = tries.setdefault((verdict.provider, verdict.operation, promise), _Tries())
        counted.tried += 1
        counted.refusals += refusal
        counted.failed += promise in broken


def broken_promise(finding: Finding) -> str | None:
    """Name the promise that a finding breaks; None where only values together break one."""
    if finding.constraint or not finding.combination:
        return finding.constraint or finding.check
    return None


def _promises(verdict: Verdict, asked: _Asked | None) -> tuple[str, ...]:
    """Name the promises that a verdict speaks of.

    A verdict without a constraint speaks of its check, whatever its status; where the request was
    one to accept and was served, or nobody can tell, it speaks of all that the request covers,
    too. A failing one accuses only what it names.
    """
    named = verdict.constraint or verdict.check
    if asked is None or asked.expect != "accept" or verdict.status == "fail":
        return (named,)
    if verdict.status == "pass" and not asked.served:
        return (named,)
    covered = (entry.partition("=")[0] for entry in asked.covers)
    return tuple(dict.fromkeys((named, *covered)))


def _count_verdict(tally: Tally, verdict: Verdict, asked: _Asked | None) -> None:
    match verdict.status:
        case "pass":
            refused = asked is not None and asked.expect == "refuse"
            (tally.refuses if refused else tally.accepts).add(verdict.case)
        case _ if asked is not None and not asked.sent:
            _count(tally.unsent, asked.skipped or verdict.why)
        case _:
            _count_unsure(tally, verdict)
            tally.unjudged.add(verdict.case)


def _count_unsure(tally: Tally, verdict: Verdict) -> None:
    reason = (verdict.status, verdict.why)
    if all(status != verdict.status for status, _ in tally.unsure):
        tally.unsure[reason] += 1
    else:
        _count(tally.unsure, reason)


def _count(counter: Counter[Key], key: Key) -> None:
    """Count one more; of very many that differ each time, the first ones only."""
    if key in counter or len(counter) < _MOST_REASONS:
        counter[key] += 1


def _count_outcome(tallied: Mapping[Place, Tally], record: Record) -> None:
    case = record.shot.case
    promise = case.breaks or case.about
    if case.expect != "observe" or record.outcome is None or promise is None:
        return
    came: Observed
    match record.outcome:
        case Images():
            came = "served"
        case Refused():
            came = "refused"
        case _:
            came = "unanswered"
    observed = tallied[case.provider, case.operation, promise].observed
    observed.setdefault(came, Named()).add(case.id)
