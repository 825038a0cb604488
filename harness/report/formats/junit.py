"""`junit.xml`: the verdicts as test results, for CI servers."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from harness.core.verdict import Finding, Verdict
from harness.known.model import KnownShown
from harness.report.formats.format import report_format
from harness.report.known import known_behind, reason_text
from harness.report.labels import failure_rate
from harness.report.model import Report
from harness.report.moments import moment
from harness.report.text import visible

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped (section 2.2, `Char`)."""

_NO_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
_TAGS = {"fail": "failure", "error": "error", "skip": "skipped", "inconclusive": "skipped"}


@report_format("junit.xml", rank=40)
def junit(report: Report) -> str:
    """Return the verdicts as JUnit XML: a suite for each operation, a case for each verdict.

    A failure is a promise whose breach was confirmed, an error a bug of the harness, or a run that
    ended with another code than 0 where nothing else failed (nobody was reached, say). A skipped
    test says why; inconclusive verdicts and those of flaky or unconfirmed findings are skipped, for
    they blame nobody, and those that are known deviations, with the reason. A known deviation that
    is stale or has expired is a failure in a suite of its own. Times are seconds; a case's time
    stands at its first verdict, so that a suite's time is the sum of its cases'. Characters that
    XML 1.0 forbids are left out, others that hide or turn text round are spelled as their numbers.

    Jenkins' XSD takes it, and Ant's but for attributes of `testsuites`. The text of a failure,
    of an error and of what was skipped says all, for GitLab shows nothing else of a case; it keeps
    one case of a name, so that a second verdict of a check on a case has its promise in its name.
    """
    suites: dict[tuple[str, str], list[Verdict]] = {}
    verdicts = _without_doubts(report)
    for verdict in verdicts:
        suites.setdefault((verdict.provider, verdict.operation), []).append(verdict)
    failing = [_failing(each) for each in report.failing_known]
    failed = failing or {"fail", "error"} & {each.status for each in verdicts}
    ended = [] if failed else _ended(report)
    counts = _counts([*verdicts, *failing, *ended])
    del counts["skipped"]  # which no schema of `testsuites` has
    root = ET.Element("testsuites", {"name": "harness", **counts})
    total = 0.0
    for (provider, operation), verdicts in suites.items():
        total += _fill(root, f"{provider}.{operation}", verdicts, report)
    if failing:
        _fill(root, "known deviations", failing, report)
    if ended:
        _fill(root, "run", ended, report)
    root.set("time", f"{total:.3f}")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"


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


def _without_doubts(report: Report) -> list[Verdict]:
    """Return the verdicts, those of doubtful findings with the doubt in the place of failure."""
    of_case: dict[tuple[str, str, str], Finding] = {}
    of_check: dict[tuple[str, str, str, str], Finding] = {}
    for shown in reversed(report.all_findings):  # the gravest comes last, and stays
        finding = shown.finding
        for case in finding.cases:
            of_case[finding.provider, finding.operation, case] = finding
            of_check[finding.provider, finding.operation, case, finding.check] = finding
    verdicts = []
    for verdict in report.verdicts:
        failed = verdict.status == "fail"
        if known := known_behind(verdict, report) if failed and report.expected else None:
            why = f"{reason_text(known)}: {verdict.why}"
            verdicts.append(replace(verdict, status="skip", why=why))
            continue
        place = (verdict.provider, verdict.operation, verdict.case)
        doubted = of_check.get((*place, verdict.check)) or of_case.get(place)
        if doubted and doubted.standing != "confirmed" and verdict.status == "fail":
            verdicts.append(replace(verdict, status="skip", why=_doubt(doubted, verdict)))
        else:
            verdicts.append(verdict)
    return verdicts


def _doubt(finding: Finding, verdict: Verdict) -> str:
    why = failure_rate(finding) if finding.standing == "flaky" else finding.doubt
    return f"{finding.standing} ({why}): {verdict.why}" if why else verdict.why


def _fill(root: ET.Element, name: str, verdicts: Sequence[Verdict], report: Report) -> float:
    """Write a suite with its attributes, properties and cases; return its time in seconds."""
    header, number = report.header, len(root)
    suite = ET.SubElement(root, "testsuite")
    suite.attrib |= {
        "name": _token(name),
        "package": "harness",
        "id": str(number),
        "hostname": "localhost",
        "timestamp": _moment(header.created),
        **_counts(verdicts),
    }
    properties = ET.SubElement(suite, "properties")
    facts = {
        "run": header.run,
        "against": header.against,
        "seed": str(header.seed),
        "banner": f"{report.banner.title}. {report.banner.text}",
    }
    for key, text in facts.items():
        ET.SubElement(properties, "property", {"name": key, "value": _allowed(text)})
    total = 0.0
    timed: set[tuple[str, str, str]] = set()
    names = _names(verdicts)
    for verdict, own in zip(verdicts, names, strict=True):
        case = (verdict.provider, verdict.operation, verdict.case)
        seconds = 0.0 if case in timed else report.case_times_s.get(case, 0.0)
        timed.add(case)
        total += seconds
        place = {"classname": _token(name), "name": own, "time": f"{seconds:.3f}"}
        _end(ET.SubElement(suite, "testcase", place), verdict)
    ET.SubElement(suite, "system-out")
    ET.SubElement(suite, "system-err")
    suite.set("time", f"{total:.3f}")
    return total


def _names(verdicts: Sequence[Verdict]) -> list[str]:
    """Return a name for each verdict of a suite, no two alike."""
    used: Counter[str] = Counter()
    names = []
    for verdict in verdicts:
        name = _token(f"{verdict.case} [{verdict.check}]")
        if used[name] and verdict.constraint:
            name = _token(f"{verdict.case} [{verdict.check}: {verdict.constraint}]")
        used[name] += 1
        names.append(name if used[name] == 1 else f"{name} ({used[name]})")
    return names


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


def _counts(verdicts: Sequence[Verdict]) -> dict[str, str]:
    tags = [_TAGS.get(verdict.status) for verdict in verdicts]
    return {
        "tests": str(len(verdicts)),
        "failures": str(tags.count("failure")),
        "errors": str(tags.count("error")),
        "skipped": str(tags.count("skipped")),
    }


def _allowed(text: str) -> str:
    return visible(_FORBIDDEN.sub("", text), keep="\n\t")


def _token(text: str) -> str:
    """Return a text as a name, which begins and ends with no blank and is never empty."""
    return " ".join(_allowed(text).split()) or "-"


def _moment(created: str) -> str:
    """Return a moment in UTC without its zone, as XML has it here; 1970 where it is none."""
    return (moment(created) or _NO_MOMENT).strftime("%Y-%m-%dT%H:%M:%S")
