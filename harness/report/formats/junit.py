"""`junit.xml`: the verdicts as test results, for CI servers."""

import re
from collections.abc import Sequence
from dataclasses import replace
from xml.etree import ElementTree as ET

from harness.core.verdict import Finding, Verdict
from harness.known.model import KnownShown
from harness.report.formats.format import report_format
from harness.report.known import known_behind, reason_text
from harness.report.labels import failure_rate
from harness.report.model import Report
from harness.report.text import visible

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped (section 2.2, `Char`)."""

_TAGS = {"fail": "failure", "error": "error", "skip": "skipped", "inconclusive": "skipped"}


@report_format("junit.xml", rank=40)
def junit(report: Report) -> str:
    """Return the verdicts as JUnit XML: a suite for each operation, a case for each verdict.

    A failure is a promise whose breach was confirmed, an error is a bug of the harness. A skipped
    test says why; inconclusive verdicts and those of flaky or unconfirmed findings are skipped, for
    they blame nobody, and those that are known deviations, with the reason. A known deviation that
    is stale or has expired is a failure in a suite of its own. Times are seconds; a case's time
    stands at its first verdict, so that a suite's time is the sum of its cases'. Characters that
    XML 1.0 forbids are left out, others that hide or turn text round are spelled as their numbers.
    """
    suites: dict[tuple[str, str], list[Verdict]] = {}
    verdicts = _without_doubts(report)
    for verdict in verdicts:
        suites.setdefault((verdict.provider, verdict.operation), []).append(verdict)
    failing = [_failing(each) for each in report.failing_known]
    root = ET.Element("testsuites", {"name": "harness", **_counts([*verdicts, *failing])})
    total = 0.0
    for (provider, operation), verdicts in suites.items():
        suite = ET.SubElement(root, "testsuite")
        total += _fill(suite, f"{provider}.{operation}", verdicts, report)
    if failing:
        _fill(ET.SubElement(root, "testsuite"), "known deviations", failing, report)
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


def _fill(suite: ET.Element, name: str, verdicts: Sequence[Verdict], report: Report) -> float:
    """Write a suite's attributes, properties and cases; return its time in seconds."""
    header = report.header
    suite.attrib |= {"name": _allowed(name), "timestamp": _allowed(header.created.rstrip("Z"))}
    suite.attrib |= _counts(verdicts)
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
    for verdict in verdicts:
        case = (verdict.provider, verdict.operation, verdict.case)
        seconds = 0.0 if case in timed else report.case_times_s.get(case, 0.0)
        timed.add(case)
        total += seconds
        _case(ET.SubElement(suite, "testcase"), name, verdict, seconds)
    suite.set("time", f"{total:.3f}")
    return total


def _case(element: ET.Element, suite: str, verdict: Verdict, seconds: float) -> None:
    element.attrib |= {
        "classname": _allowed(suite),
        "name": _allowed(f"{verdict.case} [{verdict.check}]"),
        "time": f"{seconds:.3f}",
    }
    tag = _TAGS.get(verdict.status)
    if tag is None:
        return
    why = _allowed(verdict.why) or verdict.status
    message = f"inconclusive: {why}" if verdict.status == "inconclusive" else why
    outcome = ET.SubElement(element, tag, {"message": message})
    if tag != "skipped":
        outcome.set("type", _allowed(verdict.check))
        outcome.text = _allowed(
            f"{verdict.constraint}: {verdict.why}" if verdict.constraint else verdict.why
        )


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
