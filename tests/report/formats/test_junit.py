from dataclasses import replace
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.report.formats.junit import junit
from harness.report.model import Exit
from tests.report import builders as b
from tests.report.formats import judged as j
from tests.report.formats.schemas import junit_mistakes

SERVED = b.record(b.case(), b.images())
REPORT = b.report([SERVED], [b.verdict(SERVED)])


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own output, made in this test


def test_the_counts_are_those_of_the_cases_inside() -> None:
    root = parsed(junit(b.sample()))

    assert root.tag == "testsuites"
    for suite in root:
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases))
        for attribute, tag in (
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ):
            assert suite.get(attribute) == str(sum(case.find(tag) is not None for case in cases))
    for attribute in ("tests", "failures", "errors"):
        assert root.get(attribute) == str(sum(int(suite.get(attribute, "x")) for suite in root))


def test_there_is_a_suite_for_each_operation() -> None:
    records = [b.record(b.case(operation=name), b.images()) for name in ("generate", "edit")]
    root = parsed(junit(b.report(records, [b.verdict(item) for item in records])))

    assert [suite.get("name") for suite in root] == ["sub2api.generate", "sub2api.edit"]


def test_a_run_that_failed_without_a_failed_case_is_an_error_itself() -> None:
    unreachable = Exit(code=4, why="the address cannot be reached")
    text = junit(replace(REPORT, exit=unreachable))
    (case,) = parsed(text)[-1].findall("testcase")

    assert parsed(text)[-1].get("name") == "run"
    assert case[0].get("message") == "exit code 4: the address cannot be reached"
    assert (parsed(text).get("failures"), parsed(text).get("errors")) == ("0", "1")
    assert not junit_mistakes(text)
    assert len(parsed(junit(replace(REPORT, exit=Exit(code=0, why="all held"))))) == 1


def test_a_run_with_a_failed_case_is_no_error_of_its_own() -> None:
    failed = b.report([SERVED], [replace(b.verdict(SERVED), status="fail")])
    root = parsed(junit(replace(failed, exit=Exit(code=1, why="1 promise broken"))))

    assert [suite.get("name") for suite in root] == ["sub2api.generate"]


def test_times_of_a_suite_are_the_sum_of_its_cases() -> None:
    served = b.record(b.case(), b.images(), seconds=12.5)
    report = b.report([served], [b.verdict(served), b.verdict(served, check="other")])
    suite = parsed(junit(report))[0]

    assert suite.get("time") == "12.500"
    assert [case.get("time") for case in suite.findall("testcase")] == ["12.500", "0.000"]


def test_only_a_broken_promise_is_a_failure() -> None:
    served = b.record(b.case(), b.images())
    report = b.report(
        [served],
        [
            b.verdict(served, "fail", constraint="n.range", why="served 11"),
            b.verdict(served, "error", why="KeyError"),
            b.verdict(served, "skip", why="no usage"),
            b.verdict(served, "inconclusive", why="no bytes"),
            b.verdict(served, "pass"),
        ],
    )
    cases = parsed(junit(report))[0].findall("testcase")

    assert [[(child.tag, child.get("message")) for child in case] for case in cases] == [
        [("failure", "served 11")],
        [("error", "KeyError")],
        [("skipped", "no usage")],
        [("skipped", "inconclusive: no bytes")],
        [],
    ]
    assert cases[0][0].text == "n.range: served 11"


def test_jenkins_and_ant_take_it() -> None:
    assert junit_mistakes(junit(b.sample())) == []
    assert junit_mistakes(junit(b.report([]))) == []


@given(j.HOSTILE)
@settings(max_examples=25)
def test_jenkins_and_ant_take_it_whatever_a_provider_or_a_header_says(text: str) -> None:
    report = j.broken(text).report
    odd = replace(SERVED.shot.case, id=text, operation=text)
    verdicts = [
        b.verdict(SERVED, status, check=text, constraint=text, why=text)
        for status in ("pass", "fail", "error", "skip", "inconclusive")
    ]
    named = [replace(each, case=odd.id, operation=odd.operation) for each in verdicts]

    assert junit_mistakes(junit(replace(report, verdicts=tuple(named)))) == []


def test_no_two_cases_of_a_suite_have_one_name() -> None:
    verdicts = [b.verdict(SERVED, constraint=each) for each in (None, "n.range", "n.range")]
    (suite,) = parsed(junit(b.report([SERVED], verdicts)))

    assert [case.get("name") for case in suite.findall("testcase")] == [
        "n.range=10 [accepts_what_it_documents]",
        "n.range=10 [accepts_what_it_documents: n.range]",
        "n.range=10 [accepts_what_it_documents: n.range] (2)",
    ]


def test_what_was_skipped_says_why_in_its_text_too() -> None:
    verdict = b.verdict(SERVED, "inconclusive", why="no bytes")
    (skipped,) = parsed(junit(b.report([SERVED], [verdict]))).iter("skipped")

    assert skipped.text == skipped.get("message") == "inconclusive: no bytes"


@given(st.text(st.one_of(st.characters(), st.sampled_from(list("\0\x1b\x7f\ud800\ufffe<&]]>")))))
def test_any_text_makes_well_formed_xml(why: str) -> None:
    root = parsed(junit(replace(REPORT, verdicts=(b.verdict(SERVED, "error", why=why),))))

    assert root.get("errors") == "1"


def test_an_empty_run_is_an_empty_list_of_suites() -> None:
    root = parsed(junit(b.report([])))

    assert (len(root), root.get("tests"), root.get("time")) == (0, "0", "0.000")


def test_the_banner_travels_with_each_suite() -> None:
    found = parsed(junit(b.sample())).iter("property")

    assert any("says nothing about the real providers" in item.get("value", "") for item in found)
