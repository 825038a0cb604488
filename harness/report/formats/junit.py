"""`junit.xml`: the verdicts as test results, for CI servers."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from harness.core.verdict import Finding, Verdict
from harness.known.model import KnownShown
from harness.report.formats.format import report_format
from harness.report.formats.most import WrittenVerdicts
from harness.report.known import known_behind, reason_text
from harness.report.labels import failure_rate
from harness.report.model import Report
from harness.report.moments import moment
from harness.report.text import visible

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped (section 2.2, `Char`)."""

_NO_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
_TAGS = {"fail": "failure", "error": "error", "skip": "skipped", "inconclusive": "skipped"}


def junit(report: Report) -> str:
    """Return the verdicts as one JUnit XML text."""
    return "".join(junit_parts(report))


@report_format("junit.xml", rank=40)
def junit_parts(report: Report) -> Iterator[str]:
    """Yield the verdicts as JUnit XML: a suite for each operation, a case for each verdict.

    A failure is a promise whose breach was confirmed, an error a bug of the harness, or a run that
    ended with another code than 0 where nothing else failed (nobody was reached, say). A skipped
    test says why; inconclusive verdicts and those of flaky or unconfirmed findings are skipped, for
    they blame nobody, and those that are known deviations, with the reason. A known deviation that
    is stale or has expired is a failure in a suite of its own. Times are seconds; a case's time
    stands at its first verdict, so that a suite's time is the sum of its cases'. Characters that
    XML 1.0 forbids are left out, others that hide or turn text round are spelled as their numbers.
    Of very many verdicts those that passed are left out (`most`), and a property says how many.

    Jenkins' XSD takes it, and Ant's but for attributes of `testsuites`. The text of a failure,
    of an error and of what was skipped says all, for GitLab shows nothing else of a case; it keeps
    one case of a name, so that a second verdict of a check on a case has its promise in its name.
    """
    verdicts = _Settled(report)
    failing = [_failing(each) for each in report.failing_known]
    counted = _counted(verdicts)
    failed = failing or any(counts["failure"] + counts["error"] for counts in counted.values())
    ended = [] if failed else _ended(report)
    suites: list[tuple[str, Iterable[Verdict]]] = [
        (f"{provider}.{operation}", _Of(verdicts, provider, operation))
        for provider, operation in counted
    ]
    suites += [("known deviations", failing)] if failing else []
    suites += [("run", ended)] if ended else []
    counts = Counter[str]()
    for each in (*counted.values(), *_counted([*failing, *ended]).values()):
        counts.update(each)
    attributes = _attributes(counts)
    del attributes["skipped"]  # which no schema of `testsuites` has
    times = [_time(suite, report) for _, suite in suites]
    root = ET.Element("testsuites", {"name": "harness", **attributes, "time": f"{sum(times):.3f}"})
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    if not suites:
        yield ET.tostring(root, "unicode") + "\n"
        return
    yield _opened(root) + "\n"
    for number, ((name, suite), seconds) in enumerate(zip(suites, times, strict=True)):
        yield from _suite(name, number, suite, seconds, report)
    yield "</testsuites>\n"


def _failing(each: KnownShown) -> Verdict:
    """Return a known deviation that fails a build as a verdict that failed."""
    known = each.known
    return Verdict(
        provider=known.provider,
        operation=known.operation,
        case=f"{known.provider}/{known.operation} {known.promise}".rstrip(),
        constraint=known.promise or None,
        check=known.check,
        status="fail",
        why=f"known deviation {each.state}: {each.sentence}; {reason_text(known)}",
    )


def _ended(report: Report) -> list[Verdict]:
    """Return the end of a run as an error, or nothing where it ended well."""
    if report.exit is None or not report.exit.code:
        return []
    why = f"exit code {report.exit.code}: {report.exit.why}"
    return [
        Verdict(
            provider="harness",
            operation="run",
            case="run",
            constraint=None,
            check="ends_well",
            status="error",
            why=why,
        )
    ]


class _Settled:
    """The verdicts, those of doubtful findings with the doubt in the place of failure."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._written = WrittenVerdicts(report.verdicts)
        self.left_out = self._written.left_out
        self._of_case: dict[tuple[str, str, str], Finding] = {}
        self._of_check: dict[tuple[str, str, str, str], Finding] = {}
        for shown in reversed(report.all_findings):  # the gravest comes last, and stays
            finding = shown.finding
            for case in finding.cases:
                self._of_case[finding.provider, finding.operation, case] = finding
                self._of_check[finding.provider, finding.operation, case, finding.check] = finding

    def __iter__(self) -> Iterator[Verdict]:
        for verdict in self._written:
            yield self._settled(verdict) if verdict.status == "fail" else verdict

    def _settled(self, verdict: Verdict) -> Verdict:
        report = self._report
        if known := known_behind(verdict, report) if report.expected else None:
            return replace(verdict, status="skip", why=f"{reason_text(known)}: {verdict.why}")
        doubted = self._finding(verdict)
        if doubted and doubted.standing != "confirmed":
            return replace(verdict, status="skip", why=_doubt(doubted, verdict))
        return verdict

    def _finding(self, verdict: Verdict) -> Finding | None:
        place = (verdict.provider, verdict.operation, verdict.case)
        named = self._of_check.get((*place, verdict.check)) or self._of_case.get(place)
        return named or next(
            (
                shown.finding
                for shown in self._report.all_findings
                if (shown.finding.provider, shown.finding.operation) == place[:2]
                and verdict.case in shown.finding.cases
            ),
            None,
        )


@dataclass(frozen=True, slots=True)
class _Of:
    """The verdicts on one operation."""

    verdicts: Iterable[Verdict]
    provider: str
    operation: str

    def __iter__(self) -> Iterator[Verdict]:
        place = self.provider, self.operation
        return (each for each in self.verdicts if (each.provider, each.operation) == place)


def _doubt(finding: Finding, verdict: Verdict) -> str:
    why = failure_rate(finding) if finding.standing == "flaky" else finding.doubt
    return f"{finding.standing} ({why}): {verdict.why}" if why else verdict.why


def _suite(
    name: str, number: int, verdicts: Iterable[Verdict], seconds: float, report: Report
) -> Iterator[str]:
    """Yield a suite with its attributes, properties and cases, a line after the other."""
    header = report.header
    counts = sum(_counted(verdicts).values(), Counter[str]())
    suite = ET.Element("testsuite")
    suite.attrib |= {
        "name": _token(name),
        "package": "harness",
        "id": str(number),
        "hostname": "localhost",
        "timestamp": _moment(header.created),
        **_attributes(counts),
        "time": f"{seconds:.3f}",
    }
    yield f"  {_opened(suite)}\n"
    properties = ET.Element("properties")
    facts = {
        "run": header.run,
        "against": header.against,
        "seed": str(header.seed),
        "banner": f"{report.banner.title}. {report.banner.text}",
    }
    if left_out := WrittenVerdicts(report.verdicts).left_out:
        facts["verdicts_left_out"] = str(left_out)
    for key, text in facts.items():
        ET.SubElement(properties, "property", {"name": key, "value": _allowed(text)})
    yield _line(properties)
    used: Counter[str] = Counter()
    for verdict, spent in _timed(verdicts, report):
        place = {"classname": _token(name), "name": _name(verdict, used), "time": f"{spent:.3f}"}
        case = ET.Element("testcase", place)
        _end(case, verdict)
        yield _line(case)
    yield _line(ET.Element("system-out")) + _line(ET.Element("system-err"))
    yield "  </testsuite>\n"


def _line(element: ET.Element) -> str:
    """Return an element of a suite as it stands there."""
    ET.indent(element, level=2)
    return f"    {ET.tostring(element, 'unicode')}\n"


def _opened(element: ET.Element) -> str:
    """Return the tag that an element begins with."""
    element.text = "-"
    return ET.tostring(element, "unicode").removesuffix(f"-</{element.tag}>")


def _time(verdicts: Iterable[Verdict], report: Report) -> float:
    return sum((spent for _, spent in _timed(verdicts, report)), 0.0)


def _timed(verdicts: Iterable[Verdict], report: Report) -> Iterator[tuple[Verdict, float]]:
    """Yield verdicts, the first one of each case with the case's time in seconds."""
    timed: set[tuple[str, str, str]] = set()
    for verdict in verdicts:
        case = (verdict.provider, verdict.operation, verdict.case)
        yield verdict, 0.0 if case in timed else report.case_times_s.get(case, 0.0)
        timed.add(case)


def _name(verdict: Verdict, used: Counter[str]) -> str:
    """Return a name for a verdict of a suite, no two alike."""
    name = _token(f"{verdict.case} [{verdict.check}]")
    if used[name] and verdict.constraint:
        name = _token(f"{verdict.case} [{verdict.check}: {verdict.constraint}]")
    used[name] += 1
    return name if used[name] == 1 else f"{name} ({used[name]})"


def _end(element: ET.Element, verdict: Verdict) -> None:
    """Write how a case ended, where it did not pass."""
    tag = _TAGS.get(verdict.status)
    if tag is None:
        return
    why = _allowed(verdict.why) or verdict.status
    message = f"inconclusive: {why}" if verdict.status == "inconclusive" else why
    outcome = ET.SubElement(element, tag, {"message": message})
    if tag == "skipped":
        outcome.text = message
    else:
        outcome.set("type", _token(verdict.check))
        outcome.text = f"{_allowed(verdict.constraint)}: {why}" if verdict.constraint else why


def _counted(verdicts: Iterable[Verdict]) -> dict[tuple[str, str], Counter[str]]:
    """Count the verdicts of each operation, by what they are: `tests`, and by their tags."""
    counted: dict[tuple[str, str], Counter[str]] = {}
    for verdict in verdicts:
        counts = counted.setdefault((verdict.provider, verdict.operation), Counter())
        counts["tests"] += 1
        counts[_TAGS.get(verdict.status, "")] += 1
    return counted


def _attributes(counts: Mapping[str, int]) -> dict[str, str]:
    return {
        "tests": str(counts["tests"]),
        "failures": str(counts["failure"]),
        "errors": str(counts["error"]),
        "skipped": str(counts["skipped"]),
    }


def _allowed(text: str) -> str:
    return visible(_FORBIDDEN.sub("", text), keep="\n\t")


def _token(text: str) -> str:
    """Return a text as a name, which begins and ends with no blank and is never empty."""
    return " ".join(_allowed(text).split()) or "-"


def _moment(created: str) -> str:
    """Return a moment in UTC without its zone, as XML has it here; 1970 where it is none."""
    return (moment(created) or _NO_MOMENT).strftime("%Y-%m-%dT%H:%M:%S")
