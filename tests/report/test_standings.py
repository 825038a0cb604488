"""Confirmed, flaky and unconfirmed findings in every format."""

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from harness.core.verdict import Finding
from harness.report.formats.html import html
from harness.report.formats.junit import junit
from harness.report.formats.markdown import markdown
from harness.report.formats.summary_json import summary_json
from harness.report.model import Report
from tests.report import builders as b
from tests.report.formats.test_summary_json import SCHEMA

OVER = b.record(b.case(id="n=11", expect="refuse", breaks="n.range"), b.images(11))
SIZE = b.record(b.case(id="size=17", expect="refuse", breaks="size.multiple_of"), b.images())
ROW = b.record(b.case(id="generate/row/1", covers=("n.range=10",)), b.refused())
SURE = replace(b.finding(OVER), failed=2, tried=2)
FLAKY = replace(b.finding(SIZE, constraint="size.multiple_of"), standing="flaky", failed=1, tried=3)
TOGETHER = replace(
    b.finding(ROW, constraint=None, check="accepts_what_it_documents"),
    combination=("quality=high", "output_format=jpeg"),
    standing="unconfirmed",
    doubt="not asked again: the budget ended",
)


def report(*findings: Finding) -> Report:
    verdicts = [
        b.verdict(OVER, "fail", check="refuses_what_it_forbids", constraint="n.range", why="x1"),
        b.verdict(SIZE, "fail", check="refuses_what_it_forbids", constraint="size.x", why="x2"),
        b.verdict(ROW, "fail", check="accepts_what_it_documents", why="x3"),
    ]
    known = [case for finding in findings for case in finding.cases]
    return b.report([OVER, SIZE, ROW], [one for one in verdicts if one.case in known], findings)


ALL = (TOGETHER, FLAKY, SURE)


def test_only_confirmed_ones_are_findings_in_the_summary() -> None:
    found = json.loads(summary_json(report(*ALL)))

    assert list(Draft202012Validator(SCHEMA).iter_errors(found)) == []
    assert [one["constraint"] for one in found["findings"]] == ["n.range"]
    assert [one["constraint"] for one in found["flaky"]] == ["size.multiple_of"]
    assert [one["combination"] for one in found["unconfirmed"]] == [list(TOGETHER.combination)]
    assert (found["findings"][0]["failed"], found["findings"][0]["tried"]) == (2, 2)
    assert found["unconfirmed"][0]["doubt"] == "not asked again: the budget ended"


def test_a_flaky_one_has_its_share_with_a_wilson_interval() -> None:
    interval = json.loads(summary_json(report(FLAKY)))["flaky"][0]["interval"]

    # 1 of 3: R, prop.test(1, 3, correct = FALSE)$conf.int gives 0.06149194 and 0.79234033.
    assert interval["low"] == pytest.approx(0.06149194)
    assert interval["high"] == pytest.approx(0.79234033)
    assert interval["n"] == 3


def test_each_finding_names_its_own_folder() -> None:
    found = json.loads(summary_json(report(*ALL)))
    folders = [
        one["reproduction"] for key in ("findings", "flaky", "unconfirmed") for one in found[key]
    ]

    assert folders == [
        "findings/01-sub2api-generate-n.range-not-refused",
        "findings/02-sub2api-generate-size.multiple_of-not-refused",
        "findings/03-sub2api-generate-quality_high-output_format_jpeg-not-served",
    ]


def test_only_a_confirmed_breach_fails_in_junit() -> None:
    root = ET.fromstring(junit(report(*ALL)))  # noqa: S314 - our own output, made in this test
    told = {case.get("name", "").partition(" ")[0]: case[0] for case in root.iter("testcase")}

    assert {name: child.tag for name, child in told.items()} == {
        "n=11": "failure",
        "size=17": "skipped",
        "generate/row/1": "skipped",
    }
    assert told["size=17"].get("message") == "flaky (1 of 3 times): x2"
    assert told["generate/row/1"].get("message") == (
        "unconfirmed (not asked again: the budget ended): x3"
    )
    assert (root.get("failures"), root[0].get("skipped")) == ("1", "2")


def test_one_case_may_hold_a_confirmed_and_a_doubtful_finding() -> None:
    other = replace(b.finding(OVER, check="images_decode"), standing="flaky", failed=1, tried=2)
    verdicts = [
        b.verdict(OVER, "fail", check="refuses_what_it_forbids", why="sure"),
        b.verdict(OVER, "fail", check="images_decode", why="unsure"),
    ]
    root = ET.fromstring(junit(b.report([OVER], verdicts, [SURE, other])))  # noqa: S314 - as above

    assert [case[0].tag for case in root.iter("testcase")] == ["failure", "skipped"]


@pytest.mark.parametrize("draw", [html, markdown])
def test_pages_tell_flaky_and_unconfirmed_apart_from_findings(draw: object) -> None:
    text = draw(report(*ALL))  # type: ignore[operator]  # one of our two formats

    assert text.index("n.range") < text.index(">Flaky<" if draw is html else "## Flaky")
    assert "1 of 3" in text
    assert "6.1, 79.2" in text
    assert "not asked again: the budget ended" in text
    assert "quality=high with output" in text


def test_pages_without_doubts_have_no_section_for_them() -> None:
    page, text = html(report(SURE)), markdown(report(SURE))

    assert 'id="flaky"' not in page
    assert 'id="unconfirmed"' not in page
    assert "## Flaky" not in text
    assert "## Not confirmed" not in text


@pytest.mark.parametrize(
    ("findings", "standing", "sentence"),
    [
        ((SURE, FLAKY), "broken", "breaks 1 of 1 promise tested: n.range. Now and then it breaks"),
        ((FLAKY,), "unclear", "Now and then it breaks size.multiple_of."),
        ((TOGETHER,), "unclear", "Suspected, not confirmed: quality=high with output_format=jpeg."),
        (
            (replace(TOGETHER, standing="confirmed"),),
            "broken",
            "breaks 1 of 1 promise tested: quality=high with output_format=jpeg.",
        ),
    ],
)
def test_a_providers_sentence_says_how_sure_it_is(
    findings: tuple[Finding, ...], standing: str, sentence: str
) -> None:
    row = report(*findings).providers[0]

    assert row.standing == standing
    assert sentence in row.sentence


def test_two_findings_on_one_promise_have_places_of_their_own_on_the_page() -> None:
    other = replace(SURE, check="images_decode")
    page = html(report(SURE, other))

    assert page.count('id="finding-sub2api-generate-n.range"') == 1
    assert page.count('id="finding-sub2api-generate-n.range--2"') == 1


def test_a_finding_lists_its_cases_with_what_their_ids_do_not_tell() -> None:
    base = b.record(b.case(id="generate/base"), b.images())
    row = b.record(
        b.case(id="generate/row/1", arguments=dict(base.shot.case.arguments) | {"quality": "high"}),
        b.refused(),
    )
    found = b.finding(row, constraint="quality.one_of", check="accepts_what_it_documents")
    page = html(b.report([base, row], [], [found]))

    assert "<code>generate/row/1</code> <small>quality=high</small>" in page


def test_a_request_that_was_not_made_smaller_is_called_the_smallest_nowhere() -> None:
    large = replace(SURE, not_reduced="the image limit was reached")
    told = report(large)
    page, text = html(told), markdown(told)
    (finding,) = told.findings
    request = json.loads(finding.reproduction.texts["request.json"])

    assert json.loads(summary_json(told))["findings"][0]["not_reduced"] == large.not_reduced
    assert "Not made smaller: the image limit was reached" in page
    assert 'aria-label="Smallest request"' not in page
    assert "**Not made smaller:** the image limit was reached" in text
    assert request["not_reduced"] == large.not_reduced
    assert (
        "Not made smaller: the image limit was reached." in finding.reproduction.texts["repeat.sh"]
    )


def test_a_smallest_request_is_called_so() -> None:
    told = report(SURE)

    assert 'aria-label="Smallest request"' in html(told)
    assert "made smaller" not in html(told) + markdown(told).lower()
    assert json.loads(summary_json(told))["findings"][0]["not_reduced"] == ""
