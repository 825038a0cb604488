"""What a run says of known deviations: expected, stale, expired, not tried or unclear.

An entry is about one promise by one check. It expects the one finding that has this very name, and
no other: not another check of the same promise, not a combination beside a single value.

It is stale only where the run asked for all that the promise is about, and got it: each documented
value of a constraint, both sides of a range, the very values of a combination, and of a check on
replies as a whole several replies. What a smaller run leaves out (a budget, an operation, a
benchmark) fails no build. It has expired from the day after `expires` on, by the day on which the
run began, in UTC: a report that is made again of an old run says what it said then.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from harness.cases.boundaries import single_changes, single_violations
from harness.cases.build import Builder
from harness.cases.keys import TRIED, key_cases
from harness.checks.verdicts import beside
from harness.core.case import Case
from harness.core.outcome import Images, Refused
from harness.core.record import Record, RunHeader
from harness.core.verdict import Finding, Verdict
from harness.diagnosis.combinations import assignment, describe_values, joined_values
from harness.diagnosis.history import ACCEPTANCE
from harness.known.model import (
    KnownDeviation,
    KnownShown,
    KnownState,
    Place,
    about_of,
    is_combination,
    place_of,
)
from harness.spec.credentials import KEY_REQUIRED
from harness.spec.provider import Provider
from harness.spec.rules import Range
from harness.spec.rules.files import UrlOnly

FEW = 3
"""So many replies that pass say that a promise about any reply is kept; fewer may all be alike."""

_MOST_NAMED = 3


def known_shown(  # noqa: PLR0913, PLR0917 - all that a run is judged from
    known: Sequence[KnownDeviation],
    header: RunHeader,
    records: Sequence[Record],
    verdicts: Sequence[Verdict],
    findings: Sequence[Finding],
    providers: Mapping[str, Provider],
) -> tuple[KnownShown, ...]:
    """Return what a run says of each known deviation, in their order.

    The `providers` are those of the run; an entry about another one is not tried.
    """
    run = _Run(header, records, verdicts, findings, providers)
    return tuple(_shown(each, *run.said(each)) for each in known)


def expecting(finding: Finding, known: Sequence[KnownShown]) -> KnownDeviation | None:
    """Return the known deviation that expects a finding; None where none does."""
    names = _places(finding)
    return next(
        (each.known for each in known if each.state == "expected" and each.known.place in names),
        None,
    )


def _places(finding: Finding) -> tuple[Place, ...]:
    """Return what an entry may call a finding; a combination has its constraint before it, too."""
    where = (finding.provider, finding.operation)
    if not finding.combination:
        return (place_of(*where, finding.constraint or "", finding.check),)
    values = joined_values(finding.combination)
    names = [values] + ([f"{finding.constraint}: {values}"] if finding.constraint else [])
    return tuple(place_of(*where, name, finding.check) for name in names)


def _shown(known: KnownDeviation, state: KnownState, words: str) -> KnownShown:
    return KnownShown(known=known, state=state, sentence=f"{known.named}: {words}")


_AS_SEEN = {"confirmed": "broken", "flaky": "now and then broken", "unconfirmed": "seen broken"}


@dataclass(frozen=True)
class _Run:
    """A run, as far as it says something of known deviations."""

    header: RunHeader
    records: Sequence[Record]
    verdicts: Sequence[Verdict]
    findings: Sequence[Finding]
    providers: Mapping[str, Provider]

    def said(self, known: KnownDeviation) -> tuple[KnownState, str]:
        """Return the state of an entry, and what is said of it."""
        matching = [each for each in self.findings if known.place in _places(each)]
        if known.provider not in self.providers:
            return "not tried", f"not tried, for this run asked nothing of {known.provider}"
        if known.expires < self.header.created[:10]:
            now = f"; it is {_AS_SEEN[matching[0].standing]}" if matching else ""
            return "expired", f"expected until {known.expires} and no longer{now}"
        if len(matching) > 1:
            constraint = next((each.constraint for each in matching if each.constraint), "")
            hint = f'write promise = "{constraint}: {known.promise}"' if constraint else "name one"
            return (
                "unclear",
                f"{len(matching)} findings have this name, so none is expected; {hint}",
            )
        if matching:
            (finding,) = matching
            return "expected", f"{_AS_SEEN[finding.standing]}, as expected until {known.expires}"
        if self.header.benchmark is not None:
            return "not tried", "not tried, for a benchmark asks for its workloads only"
        return self._without_finding(known)

    def _without_finding(self, known: KnownDeviation) -> tuple[KnownState, str]:
        seen = _Seen(known, self)
        passed, unsure, failed = (seen.told[each] for each in ("pass", "inconclusive", "fail"))
        if not (passed.number or unsure.number or failed.number):
            return "not tried", f"not tried: {seen.why_not}"
        if failed.number:
            return "unclear", f"not told: it failed in {_requests(failed.number)} without a finding"
        if unsure.number > passed.number:
            why = unsure.first
            return "unclear", f"not told: {_requests(unsure.number)} could not be judged ({why})"
        if lacking := seen.lacking(passed):
            return "unclear", f"held in {_requests(passed.number)}, and {lacking}"
        return "stale", f"holds again, in {_requests(passed.number)}; take it out of the file"


def _requests(number: int) -> str:
    return "1 request" if number == 1 else f"{number} requests"


@dataclass(slots=True)
class _Told:
    """The cases of which a check says one thing: how many, what they expect, and why the first."""

    number: int = 0
    first: str = ""
    expected: set[str] = field(default_factory=set)

    def add(self, case: Case, why: str) -> None:
        """Count one more case."""
        self.first = self.first if self.number else why
        self.number += 1
        self.expected.add(case.expect)


@dataclass(frozen=True)
class _Seen:
    """What a run saw of one promise by one check; requests that another finding explains aside."""

    known: KnownDeviation
    run: _Run

    @property
    def records(self) -> Iterator[Record]:
        """The operation's records."""
        where = (self.known.provider, self.known.operation)
        for record in self.run.records:
            case = record.shot.case
            if (case.provider, case.operation) == where:
                yield record

    def _is_explained(self, case: str) -> bool:
        """Tell whether another finding by the same check speaks of a case."""
        return any(case in each.cases for each in self._findings)

    @cached_property
    def _findings(self) -> tuple[Finding, ...]:
        where = (self.known.provider, self.known.operation, self.known.check)
        return tuple(
            each
            for each in self.run.findings
            if (each.provider, each.operation, each.check) == where
        )

    @cached_property
    def told(self) -> Mapping[str, _Told]:
        """What the check says of requests that were sent, as far as they are about the promise."""
        where = (self.known.provider, self.known.operation, self.known.check)
        told: defaultdict[str, _Told] = defaultdict(_Told)
        for record, spoken in beside(self.run.records, self.run.verdicts, self._sent):
            if record is None or self._is_explained(record.shot.case.id):
                continue
            whys: dict[str, str] = {}
            for each in spoken:
                place = (each.provider, each.operation, each.check)
                if place == where and self._is_about(each, record):
                    whys.setdefault(each.status, each.why)
            for status, why in whys.items():
                told[status].add(record.shot.case, why)
        return told

    def _sent(self, record: Record) -> Record | None:
        """Return a record of the operation that was sent, without its round trips."""
        case = record.shot.case
        if (case.provider, case.operation) != (self.known.provider, self.known.operation):
            return None
        return None if record.outcome is None else replace(record, exchanges=())

    def _is_about(self, verdict: Verdict, record: Record) -> bool:
        promise, case = self.known.promise, record.shot.case
        of_any = verdict.check in ACCEPTANCE or verdict.constraint is None
        if not promise:
            return of_any
        if is_combination(promise):
            about, _ = about_of(promise)
            return self._holds(record) and (not about or of_any or verdict.constraint == about)
        if verdict.constraint == promise:
            return True
        covered = (token.partition("=")[0] for token in case.covers)
        return of_any and case.expect == "accept" and promise in covered

    def _holds(self, record: Record) -> bool:
        """Tell whether a request has all values of the combination, or more images of them."""
        operation = self.run.providers[self.known.provider].operation(self.known.operation)
        arguments = record.shot.case.arguments
        items = assignment(operation, arguments)
        said = set(describe_values(items, tuple(dict.fromkeys((*operation.arguments, *items)))))
        _, wanted = about_of(self.known.promise)
        return all(each in said or _of_more(each, items.get("n", "")) for each in wanted)

    @property
    def why_not(self) -> str:
        """Why nothing was asked, in words."""
        if is_combination(self.known.promise):
            return "no request had these values together"
        skipped = (record.skipped for record in self.records if record.skipped)
        why = next(skipped, "no request of this run asks for it")
        return why if next(self.records, None) is not None else "no request of this operation"

    def lacking(self, passed: _Told) -> str:
        """Say what the run would have had to ask, too, to show that the promise is kept."""
        promise = self.known.promise
        if is_combination(promise):
            return ""
        asked = passed.expected
        missing = [*self._missing_values()] if "accept" in asked or not promise else []
        if not promise:
            few = passed.number < FEW and missing
            return f"other values were not asked for ({_named(missing)})" if few else ""
        if missing:
            return f"not asked for or not served: {_named(missing)}"
        wanted, told = self._refusals(), passed.number
        if "refuse" in asked and told < wanted:
            return f"it is broken in {wanted} ways, of which {told} were tried"
        return ""

    @cached_property
    def _builder(self) -> Builder:
        return Builder(self.run.providers[self.known.provider], self.known.operation)

    def _missing_values(self) -> Iterator[str]:
        """Yield the documented values, those of the promise only, that no reply is about."""
        answered = {
            token
            for record in self.records
            if isinstance(record.outcome, Images | Refused)
            and not self._is_explained(record.shot.case.id)
            for token in record.shot.case.covers
        }
        wanted = (
            token
            for case in single_changes(self._builder)
            if case.expect == "accept" and case.about == (self.known.promise or case.about)
            for token in case.covers
            if case.about is not None and token.partition("=")[0] == case.about
        )
        yield from (each for each in dict.fromkeys(wanted) if each not in answered)

    def _refusals(self) -> int:
        """Return in how many ways a run has to break the rule: two where it has two sides."""
        promise, builder = self.known.promise, self._builder
        if promise == KEY_REQUIRED:
            return len(key_cases(builder, count=len(TRIED), seed=0))
        constraint = builder.operation.constraint(promise)
        two = constraint is not None and isinstance(constraint.rule, Range | UrlOnly)
        written = [each for each in single_violations(builder) if each.breaks == promise]
        return min(len(written), 2 if two else 1)


def _of_more(wanted: str, number: str) -> bool:
    """Tell whether a number of images is asked for that shows what a smaller one of them does."""
    name, _, least = wanted.partition("=")
    if name != "n" or not (least.isdecimal() and number.isdecimal()):
        return False
    return 1 < int(least) <= int(number)


def _named(values: Sequence[str]) -> str:
    more = f" and {len(values) - _MOST_NAMED} more" if len(values) > _MOST_NAMED else ""
    return ", ".join(values[:_MOST_NAMED]) + more
