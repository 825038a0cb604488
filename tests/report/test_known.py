"""Known deviations in every format of a report: the same, and nothing of a reason acts in one."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from harness.known.model import KnownDeviation
from harness.policy import Conclusion
from harness.policy import conclude as conclude_of
from harness.report.formats.html import html
from harness.report.formats.junit import junit
from harness.report.formats.markdown import markdown
from harness.report.formats.summary_json import summary_document, summary_json
from harness.report.formats.terminal import provider_rows
from harness.report.known import known_behind
from harness.report.overview.overview import overview
from tests.diagnosis.test_known import BOTH_REFUSED, BROKEN
from tests.known.entries import LINK, N_RANGE, known
from tests.report.folders import HEADER
from tests.report.formats.test_html import Page
from tests.shipped import PROVIDERS

HOSTILE = "<script>alert(1)</script>\n# @everyone ](javascript:x) \u202e \x1b[31m |"


def conclude(*entries: KnownDeviation, broken: bool = True) -> Conclusion:
    records = BROKEN if broken else BOTH_REFUSED
    return conclude_of(HEADER, records, PROVIDERS, known=entries)


def xml(done: Conclusion) -> ET.Element:
    return ET.fromstring(junit(done.report).partition("?>")[2])  # noqa: S314 - ours


def test_every_format_says_what_is_known_until_when_why_and_where() -> None:
    report = conclude(N_RANGE).report
    sentence = "1 broken promise is known until 2030-12-31, and fails no build."
    page, comment = html(report), markdown(report)
    document = json.loads(json.dumps(summary_document(report)))
    skipped = [case.find("skipped") for case in xml(conclude(N_RANGE)).iter("testcase")]
    messages = [each.get("message", "") for each in skipped if each is not None]

    assert overview(report).known_sentence == sentence
    assert sentence in Page(page).text
    assert f'<a href="{LINK}" rel="noopener noreferrer">' in page
    assert ", known until 2030-12-31" in page.partition('class="matrix')[2]
    assert sentence in comment
    assert f"]({LINK})" in comment
    assert "✗ **broken**, known until 2030-12-31" in comment
    assert document["known"][0]["state"] == "expected"
    assert document["known"][0]["link"] == LINK
    assert document["findings"][0]["known"] is True
    assert document["findings"][0]["known_reason"] == N_RANGE.reason
    assert any(f"known until 2030-12-31: {N_RANGE.reason} ({LINK})" in each for each in messages)


def test_the_first_sentence_and_the_counts_are_those_of_the_exit_code() -> None:
    report = conclude(N_RANGE).report
    seen = overview(report)
    head, (row,) = provider_rows(report)

    assert seen.sentence == "Emulated sub2api newly breaks no promise: 1 known deviation, 4 kept."
    assert (seen.tone, seen.lines[0].promises.text) == ("open", "1 known")
    assert row[head.index("broken")] == "1 (1 known)"
    assert report.providers[0].sentence.endswith("n.range (known). 21 not tried.")
    assert xml(conclude(N_RANGE)).get("failures") == "0"


@pytest.mark.parametrize(
    ("entry", "broken", "state"),
    [(N_RANGE, False, "stale"), (known(expires="2000-01-01"), True, "expired")],
)
def test_what_fails_the_build_is_a_failure_in_every_format(
    entry: KnownDeviation,
    broken: bool,  # noqa: FBT001 - a parameter of the test
    state: str,
) -> None:
    done = conclude(entry, broken=broken)
    root = xml(done)
    (suite,) = [each for each in root if each.get("name") == "known deviations"]
    failure = suite.find("testcase/failure")
    document = summary_document(done.report)

    assert done.code == 1
    assert failure is not None
    assert failure.get("message", "").startswith(f"known deviation {state}: sub2api generate")
    assert int(root.get("failures", "0")) == len(root.findall(".//failure"))
    assert overview(done.report).tone == "bad"
    assert overview(done.report).sentence.endswith(f"The build fails on 1 {state} known deviation.")
    assert f"known deviation {'is stale' if state == 'stale' else 'has expired'}" in (
        Page(html(done.report)).text
    )
    assert f"**{state}**: sub2api generate" in markdown(done.report)
    assert "known" not in json.dumps(document["findings"])


def test_a_report_without_known_deviations_says_nothing_of_them() -> None:
    report = conclude().report

    assert "known" not in summary_document(report)
    assert 'class="known"' not in html(report)
    assert overview(report).known_sentence == ""


def test_nothing_in_a_reason_acts_in_any_format() -> None:
    done = conclude(known(reason=HOSTILE, link='https://a.example/?q="><b>)'))
    page, comment = html(done.report), markdown(done.report)
    text = junit(done.report) + summary_json(done.report)

    assert "<script>alert" not in page
    assert 'q="><b>' not in page
    assert "<script>" not in comment
    assert not re.search(r"(?<!\\)\]\(javascript", comment)
    assert "\n# @" not in comment
    assert re.search(r"\]\(https://a\.example/\?q=%22%3E%3Cb%3E%29\)", comment)
    for shown in (page, comment, text, done.why):
        assert "\u202e" not in shown
        assert "\x1b" not in shown


def test_only_a_failing_verdict_that_is_the_known_one_is_skipped() -> None:
    other = replace(N_RANGE, check="accepts_what_it_documents")
    root = xml(conclude(other))

    assert int(root.get("failures", "0")) > 0


def test_a_request_that_breaks_a_known_promise_and_another_one_is_skipped_for_the_first_only() -> (
    None
):
    report = conclude(N_RANGE).report
    (shown,) = report.findings
    other = replace(shown.finding, check="images_are_whole", constraint=None)
    report = replace(report, findings=(shown, replace(shown, finding=other, known=None)))
    failed = next(each for each in report.verdicts if each.status == "fail")
    also = replace(failed, check="images_are_whole", constraint=None)

    assert known_behind(failed, report) == shown.known
    assert known_behind(also, report) is None
    assert known_behind(replace(also, check="another"), report) is None
