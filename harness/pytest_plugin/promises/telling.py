"""How a test ends, and what it says: expected, observed, the request, and how sure that is."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.core.case import Case, PlannedRequest
from harness.core.outcome import Images, Refused
from harness.core.verdict import Finding, Verdict
from harness.diagnosis.history import ACCEPTS
from harness.known.model import KnownShown
from harness.policy import finding_behind
from harness.pytest_plugin.promises.places import (
    NOT_SENT,
    Place,
    ResultPlaces,
    of_finding,
    of_known,
    of_verdict,
)
from harness.pytest_plugin.promises.promise_tests import Ending, PromiseTest, Side, TestOutcome
from harness.report.formats.terminal import request_line
from harness.report.known import reason_text
from harness.report.labels import failure_rate
from harness.report.model import Shown
from harness.report.text import count, one_line
from harness.stats.conformance.faults import unserved_values

_LONGEST = 300
_LONGEST_REQUEST = 120
_REPEAT = "repeat.sh"


class Telling:
    """The ends of the tests of one result; behind `planned` ones stand the cases that they name."""

    def __init__(
        self,
        places: ResultPlaces,
        folder: Path | None,
        tests: Sequence[PromiseTest],
        *,
        planned: Sequence[PromiseTest] = (),
    ) -> None:
        self._places = places
        self._folder = folder
        self._report = places.result.report
        self._ids = {Place.of(test): test.id for test in tests}
        self._findings: defaultdict[Place, list[Shown]] = defaultdict(list)
        self._near: defaultdict[tuple[str, str], list[Shown]] = defaultdict(list)
        for shown in self._report.all_findings:
            finding = shown.finding
            self._findings[of_finding(finding)].append(shown)
            self._near[finding.provider, finding.operation].append(shown)
        self._known: defaultdict[Place, list[KnownShown]] = defaultdict(list)
        for known in self._report.failing_known:
            self._known[of_known(known.known)].append(known)
        self._cases = {Place.of(test): frozenset(test.cases) for test in planned}
        self._seen: defaultdict[Place, _Seen] = defaultdict(_Seen)
        self._served: defaultdict[Place, _Seen] = defaultdict(_Seen)
        for shot, spoken in places.spoken():
            self._see(shot, spoken)
        self._came_to = self._looked_at()
        self._unserved = unserved_values(places.result.records)

    def _see(self, shot: PlannedRequest | None, spoken: Sequence[Verdict]) -> None:
        """Count the verdicts on one case for the tests that they speak of."""
        case = shot.case if shot is not None else None
        about = [of_verdict(verdict, case) for verdict in spoken]
        serving = self._tests_of(case, about, "serves") if case is not None else ()
        for verdict, place in zip(spoken, about, strict=True):
            blamed = tuple(self._blamed(verdict)) if verdict.status == "fail" else ()
            unexplained = verdict.status == "fail" and self._is_unexplained(verdict)
            self._seen[place].add(verdict, blamed, unexplained=unexplained)
            if verdict.check in (ACCEPTS, NOT_SENT):
                for other in serving:
                    self._served[other].add(verdict, blamed, unexplained=False)

    def _tests_of(self, case: Case, about: Sequence[Place], side: Side) -> tuple[Place, ...]:
        """Return the tests of one side behind which a case stands."""
        places = dict.fromkeys((*self._places.of_case(case), *about))
        return tuple(
            place
            for place in places
            if place.side == side and case.id in self._cases.get(place, (case.id,))
        )

    def _looked_at(self) -> Mapping[Place, Counter[str]]:
        """Count what requests came to of which no document says whether they are served."""
        came: defaultdict[Place, Counter[str]] = defaultdict(Counter)
        for record in self._places.result.records:
            case, outcome = record.shot.case, record.outcome
            if case.expect != "observe" or outcome is None:
                continue
            kind = "served" if isinstance(outcome, Images) else "other"
            kind = "refused" if isinstance(outcome, Refused) else kind
            for place in self._tests_of(case, (), "observes"):
                came[place][kind] += 1
        return came

    def outcome(self, test: PromiseTest) -> TestOutcome:
        """Return how one of the tests ends."""
        place = Place.of(test)
        shown = self._findings.get(place, [])
        ending, message = self._ending(place, shown)
        return TestOutcome(
            ending=ending, message=message, properties=tuple(self._properties(test, shown))
        )

    def _ending(self, place: Place, shown: Sequence[Shown]) -> tuple[Ending, str]:
        seen = self._seen.get(place, _Seen())
        if known := self._known.get(place):
            return "failed", "\n".join(map(_known_text, known))
        broken = [each for each in shown if each.known is None and _is_sure(each.finding)]
        if broken:
            return "failed", "\n\n".join(map(self._text, broken))
        if (first := seen.crashed) is not None:
            return "error", (
                f"our own failure: {first.check} crashed on {first.case}: {_line(first.why)}"
            )
        if seen.unexplained:
            return "failed", "\n".join(seen.unexplained)
        if shown:
            return "xfailed", "\n\n".join(map(self._text, shown))
        return self._unbroken(place, seen)

    def _unbroken(self, place: Place, own: "_Seen") -> tuple[Ending, str]:
        """Say how a test ends to which no finding belongs."""
        seen = [own]
        if place.side == "serves":
            seen.append(self._served.get(place, _Seen()))
            values = self._unserved.get((place.provider, place.operation, place.promise))
            if values:
                return "skipped", f"inconclusive: not served: {_line(', '.join(values))}"
        if any(each.passed for each in seen):
            return "passed", ""
        reasons: Counter[str] = Counter()
        for each in seen:
            reasons.update(each.reasons)
        if reasons:
            (why, number), *_ = reasons.most_common(1)
            return "skipped", f"{why} ({number} times)" if number > 1 else why
        blamed = dict.fromkeys(name for each in seen for name in each.blamed)
        if blamed:
            return "skipped", f"not judged: its requests failed for {', '.join(blamed)}"
        if place.side == "observes":
            came = self._came_to.get(place, Counter[str]())
            return "skipped", (
                f"the documents leave it open: {came['served']} served and"
                f" {came['refused']} refused of {count(came.total(), 'request')}"
            )
        return "skipped", "nothing was judged: no reply shows anything of it"

    def _is_unexplained(self, verdict: Verdict) -> bool:
        """Tell whether a failed verdict is part of no finding, nor its request."""
        return not self._near_to(verdict) and finding_behind(verdict, self._report) is None

    def _near_to(self, verdict: Verdict) -> list[Shown]:
        """Return the findings that name the request of a verdict."""
        near = self._near.get((verdict.provider, verdict.operation), ())
        return [shown for shown in near if verdict.case in shown.finding.cases]

    def _blamed(self, verdict: Verdict) -> Iterator[str]:
        """Yield the tests of the findings that a failed request is a part of."""
        for shown in self._near_to(verdict):
            yield self._ids.get(of_finding(shown.finding), shown.name)

    def _text(self, shown: Shown) -> str:
        """Return what a finding is, in a few lines that fit a terminal."""
        finding = shown.finding
        first = _doubt(finding) or finding.check.replace("_", " ")
        lines = [
            f"{first}: {_line(finding.observed)}",
            f"  expected: {_line(finding.expected)}",
            f"  request:  {request_line(shown, _LONGEST_REQUEST)}",
        ]
        if again := self._again(shown):
            lines.append(f"  again:    {again}")
        lines.append(f"  sure:     {self._sure(shown)}")
        if shown.known is None:
            return "\n".join(lines)
        return "\n".join((one_line(reason_text(shown.known), _LONGEST), *lines))

    def _again(self, shown: Shown) -> str:
        """Return the command that sends a request again; empty where no file holds one."""
        if self._folder is None:
            return ""
        script = self._folder / shown.reproduction.folder / _REPEAT
        return f"sh {script}" if script.is_file() else ""

    @staticmethod
    def _sure(shown: Shown) -> str:
        finding = shown.finding
        sure = ", ".join(filter(None, ("confirmed", failure_rate(finding))))
        return f"{_doubt(finding) or sure}; {finding.record.evidence.words}"

    def _properties(self, test: PromiseTest, shown: Sequence[Shown]) -> Iterator[tuple[str, str]]:
        evidence = self._places.result.header.evidence.get(test.provider)
        yield "evidence", evidence.words if evidence else "none"
        yield "price", test.price
        yield "images", str(test.images)
        yield "run", str(self._folder) if self._folder else self._places.result.header.run
        for each in shown:
            yield "request", request_line(each, _LONGEST)
            if again := self._again(each):
                yield "again", again


_MOST_LINES = 100
_MOST_REASONS = 500


@dataclass(slots=True)
class _Seen:
    """What verdicts say together; of very many reasons the first ones."""

    crashed: Verdict | None = None
    passed: bool = False
    unexplained: dict[str, None] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    blamed: dict[str, None] = field(default_factory=dict)

    def add(self, verdict: Verdict, blamed: Sequence[str], *, unexplained: bool) -> None:
        """Take one more verdict, with the tests that are to blame for it."""
        self.passed |= verdict.status == "pass"
        if verdict.status == "error" and self.crashed is None:
            self.crashed = verdict
        if unexplained and len(self.unexplained) < _MOST_LINES:
            self.unexplained[_verdict_text(verdict)] = None
        if verdict.status == "fail":
            self.blamed.update(dict.fromkeys(blamed))
        elif verdict.status != "pass":  # where one passed, nobody asks why others did not
            why = f"{verdict.status}: {_line(verdict.why)}"
            if why in self.reasons or len(self.reasons) < _MOST_REASONS:
                self.reasons[why] += 1


def _is_sure(finding: Finding) -> bool:
    return finding.standing == "confirmed"


def _doubt(finding: Finding) -> str:
    """Say why a finding breaks nothing for certain; empty where it does."""
    match finding.standing:
        case "confirmed":
            return ""
        case "flaky":
            return f"flaky, {failure_rate(finding)}"
        case "unconfirmed":
            return f"unconfirmed, {finding.doubt or 'asked only once'}"


def _line(text: str) -> str:
    return one_line(text, _LONGEST)


def _verdict_text(verdict: Verdict) -> str:
    return f"{verdict.check.replace('_', ' ')}: {_line(verdict.why)} ({verdict.case})"


def _known_text(known: KnownShown) -> str:
    reason = one_line(reason_text(known.known), _LONGEST)
    return f"known deviation {known.state}: {_line(known.sentence)}; {reason}"
