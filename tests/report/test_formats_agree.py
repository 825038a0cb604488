"""The page, the terminal, the comment, CI's file and the JSON say the same of one run."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from harness.core.record import Record, RunHeader
from harness.report.formats.html import html
from harness.report.formats.junit import junit
from harness.report.formats.markdown import markdown
from harness.report.formats.summary_json import summary_document
from harness.report.formats.terminal import operation_rows, provider_rows
from harness.report.model import Exit, Report
from harness.report.overview.overview import overview
from tests.report import benchmarks as bm
from tests.report import builders as b
from tests.report.folders import ENDINGS, HEADER
from tests.report.formats.test_html import Page
from tests.shipped import conclude

LATE = b.fault("timeout", why="no reply within 300 s", may_be_paid=True)
DOWN = [
    b.record(b.case(id="served"), b.images(), evidence=b.EMULATOR),
    *(b.record(b.case(id=f"down{at}"), b.fault(), evidence=b.EMULATOR) for at in range(4)),
]
RUNS: dict[str, tuple[int, RunHeader, Sequence[Record]]] = {
    **{name: ending for name, ending in ENDINGS.items() if name not in ("killed", "crashed")},
    "mostly down": (4, HEADER, DOWN),
}
MARKS = {0: {"good", "open"}, 1: {"bad"}, 2: {"open"}, 4: {"open"}, 130: {"open", "bad"}}


@pytest.mark.parametrize("name", RUNS)
def test_the_first_sentence_is_the_same_everywhere_and_never_better_than_the_exit_code(
    name: str,
) -> None:
    code, header, records = RUNS[name]
    done = conclude(header, records)
    seen = overview(done.report)
    document = json.loads(json.dumps(summary_document(done.report)))

    assert done.code == code
    assert seen.tone in MARKS[code]
    assert ("breaks" in seen.sentence) == bool(done.report.findings)
    assert document["overview"]["sentence"] == seen.sentence
    assert seen.sentence in Page(html(done.report)).text
    assert seen.sentence.split(".")[0] in markdown(done.report)


@pytest.mark.parametrize("name", RUNS)
def test_what_is_broken_is_counted_alike_everywhere(name: str) -> None:
    report = conclude(*RUNS[name][1:]).report
    head, rows = provider_rows(report)
    _, operations = operation_rows(report)
    failures = int(ET.fromstring(junit(report).partition("?>")[2]).attrib["failures"])  # noqa: S314 - ours
    (summary,) = report.providers

    assert [int(row[head.index("broken")]) for row in rows] == [len(report.findings)]
    assert sum(int(row[3]) for row in operations) == len(report.findings)
    assert summary.broken == len(report.findings)
    assert bool(failures) == bool(report.findings)
    assert overview(report).lines[0].promises.text.endswith("broken") == bool(summary.broken)


def test_a_run_that_is_inconclusive_does_not_only_say_that_all_promises_are_kept() -> None:
    sentence = overview(conclude(HEADER, DOWN).report).sentence

    assert "Inconclusive all the same: most requests ended in faults" in sentence


def test_our_own_failure_stands_in_the_first_sentence() -> None:
    report = conclude(HEADER, DOWN).report
    seen = overview(replace(report, exit=Exit(code=3, why="a_check crashed on c1: ValueError")))

    assert seen.tone == "open"
    assert "The harness itself failed" in seen.sentence


def _half_late() -> Report:
    served = [b.record(b.case(id=f"s{at}"), b.images(), seconds=10.0 + at) for at in range(6)]
    late = [b.record(b.case(id=f"t{at}"), LATE, seconds=300.0) for at in range(4)]
    forbidden = b.case(id="wrong", expect="refuse", breaks="n.range")
    return b.report([*served, *late, b.record(forbidden, b.images(), seconds=0.1)])


def test_the_median_and_its_n_are_the_same_everywhere_with_timeouts_counted() -> None:
    report = _half_late()
    (line,), (row,) = overview(report).lines, operation_rows(report)[1]
    document = json.loads(json.dumps(summary_document(report)))
    (latency,) = document["latency"]

    assert line.time.text == "14.5 s"
    assert "n = 10 with 4 timeouts" in line.time.small
    assert row[5] == "10"
    assert row[6].startswith("14.5 s")
    assert (latency["n"], latency["served"], latency["timeouts"]) == (10, 6, 4)
    assert latency["median"]["value"] == pytest.approx(14.5)
    assert re.search(r"\| sub2api \| generate \| 10 \| 14\.5 s ", markdown(report))
    assert "median 14.5 s" in Page(html(report)).text


def test_a_missed_ceiling_is_in_the_sentence_of_a_benchmark_that_exits_with_1() -> None:
    seen = overview(bm.report())

    assert seen.objective is not None
    assert seen.objective.tone == "bad"
    assert seen.tone == "bad"
    assert "missed the ceiling" in seen.sentence
