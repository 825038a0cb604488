"""How a test ends, and what it says: expected, observed, the request, and how sure that is."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

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
)
from harness.pytest_plugin.promises.promise_tests import Ending, PromiseTest, TestOutcome
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
    """The ends of the tests of one result."""

    def __init__(
        self, places: ResultPlaces, folder: Path | None, tests: Sequence[PromiseTest]
    ) -> None:
        self._places = places
        self._folder = folder
        self._report = places.result.report
        self._ids = {Place.of(test): test.id for test in tests}
        self._findings: defaultdict[Place, list[Shown]] = defaultdict(list)
        self._near: defaultdict[tuple[str, str, str], list[Shown]] = defaultdict(list)
        for shown in self._report.all_findings:
            finding = shown.finding
            self._findings[of_finding(finding)].append(shown)
            for case in finding.cases:
                self._near[finding.provider, finding.operation, case].append(shown)
        self._known: defaultdict[Place, list[KnownShown]] = defaultdict(list)
        for known in self._report.failing_known:
            self._known[of_known(known.known)].append(known)
        self._verdicts: defaultdict[Place, list[Verdict]] = defaultdict(list)
        self._served: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
        for verdict in self._report.verdicts:
            self._verdicts[places.of_verdict(verdict)].append(verdict)
            if verdict.check in (ACCEPTS, NOT_SENT):
                self._served[verdict.provider, verdict.case].append(verdict)
        self._unserved = unserved_values(places.result.records)

    def outcome(self, test: PromiseTest) -> TestOutcome:
        """Return how one of the tests ends."""
        place = Place.of(test)
        verdicts = self._verdicts.get(place, [])
        shown = self._findings.get(place, [])
        ending, message = self._ending(test, place, verdicts, shown)
        return TestOutcome(
            ending=ending, message=message, properties=tuple(self._properties(test, shown))
        )

    def _ending(
        self, test: PromiseTest, place: Place, verdicts: Sequence[Verdict], shown: Sequence[Shown]
    ) -> tuple[Ending, str]:
        if known := self._known.get(place):
            return "failed", "\n".join(map(_known_text, known))
        broken = [each for each in shown if each.known is None and _is_sure(each.finding)]
        if broken:
            return "failed", "\n\n".join(map(self._text, broken))
        if crashed := [each for each in verdicts if each.status == "error"]:
            first = crashed[0]
            return "error", (
                f"our own failure: {first.check} crashed on {first.case}: {_line(first.why)}"
            )
        if unexplained := [each for each in verdicts if self._is_unexplained(each)]:
            return "failed", "\n".join(dict.fromkeys(map(_verdict_text, unexplained)))
        if shown:
            return "xfailed", "\n\n".join(map(self._text, shown))
        return self._unbroken(test, place, verdicts)

    def _unbroken(
        self, test: PromiseTest, place: Place, verdicts: Sequence[Verdict]
    ) -> tuple[Ending, str]:
        """Say how a test ends to which no finding belongs."""
        seen = [*verdicts]
        if place.side == "serves":
            seen += [one for case in test.cases for one in self._served[test.provider, case]]
            values = self._unserved.get((place.provider, place.operation, place.promise))
            if values:
                return "skipped", f"inconclusive: not served: {_line(', '.join(values))}"
        if any(each.status == "pass" for each in seen):
            return "passed", ""
        reasons = Counter(
            f"{each.status}: {_line(each.why)}" for each in seen if each.status != "fail"
        )
        if reasons:
            (why, number), *_ = reasons.most_common(1)
            return "skipped", f"{why} ({number} times)" if number > 1 else why
        blamed = dict.fromkeys(self._blamed(seen))
        if blamed:
            return "skipped", f"not judged: its requests failed for {', '.join(blamed)}"
        if place.side == "observes":
            return "skipped", f"the documents leave it open: {self._came(test)}"
        return "skipped", "nothing was judged: no reply shows anything of it"

    def _came(self, test: PromiseTest) -> str:
        """Say what came of requests that no document promises anything about."""
        records = [self._places.records.get((test.provider, case)) for case in test.cases]
        sent = [each.outcome for each in records if each is not None and each.outcome is not None]
        served = sum(isinstance(outcome, Images) for outcome in sent)
        refused = sum(isinstance(outcome, Refused) for outcome in sent)
        return f"{served} served and {refused} refused of {count(len(sent), 'request')}"

    def _is_unexplained(self, verdict: Verdict) -> bool:
        """Tell whether a failed verdict is part of no finding, nor its request."""
        if verdict.status != "fail":
            return False
        near = self._near.get((verdict.provider, verdict.operation, verdict.case))
        return not near and finding_behind(verdict, self._report) is None

    def _blamed(self, verdicts: Iterable[Verdict]) -> Iterator[str]:
        """Yield the tests of the findings that failed requests are a part of."""
        for verdict in verdicts:
            for shown in self._near.get((verdict.provider, verdict.operation, verdict.case), ()):
                place = of_finding(shown.finding)
                yield self._ids.get(place, shown.name)

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
