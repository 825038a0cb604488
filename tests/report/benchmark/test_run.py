"""From the records of a benchmark to its report: which images are usable, what was charged."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from harness.checks.judge import judge_records
from harness.cli.conclude import publish
from harness.core.benchmark import Benchmark, Design
from harness.core.case import Slot
from harness.core.outcome import Fault, Images, Outcome
from harness.core.record import Record
from harness.diagnosis.findings import findings
from harness.report.benchmark.answers import designed
from harness.report.benchmark.sections import sections
from harness.report.compose import compose
from harness.report.formats.html import html
from harness.report.model import Report
from harness.stats.benchmark.model import Spend
from tests.report import benchmarks as bm
from tests.report import builders as b
from tests.shipped import conclude, shipped_provider

NAME = "nanobanana"
SHOP = {NAME: shipped_provider(NAME)}
DESIGN = replace(
    bm.design((bm.SQUARE,)),
    fits=(bm.fit(NAME, bm.SQUARE),),
    until_decided=True,
)


def _attempt(block: int, outcome: Outcome, *, size: str = "1024x1024") -> Record:
    asked = b.case(
        name=NAME,
        id=f"bench-{block}",
        arguments={"prompt": f"a red fox {block}", "size": size, "quality": "low"},
    )
    made = b.record(asked, outcome, seconds=10.0 + block, amount="1")
    slot = Slot(workload="square-draft", fit="exact", stage=bm.STAGE.name, block=block)
    case = replace(made.shot.case, stage="measure")
    return replace(made, shot=replace(made.shot, case=case, slot=slot))


def _report(records: Sequence[Record], design: Design = DESIGN) -> Report:
    header = replace(b.header({NAME: b.LIVE}), benchmark=Benchmark(design=design))
    verdicts = judge_records(records, SHOP)
    return compose(header, records, verdicts, findings(records, verdicts, SHOP), SHOP)


def _spend(report: Report) -> Spend:
    assert report.benchmark is not None
    (found,) = report.benchmark.measured.spend
    return found


def test_an_image_of_another_size_is_paid_for_and_wasted() -> None:
    right = _attempt(1, b.images(1, charged="1"))
    wrong = _attempt(2, b.images(1, charged="1"), size="1536x1024")
    found = _spend(_report([right, wrong]))

    assert (found.images, found.usable, found.wasted) == (2, 1, Decimal(1))


def test_an_image_at_a_wrong_price_is_usable_and_the_price_a_finding() -> None:
    records = [_attempt(block, b.images(1, charged="3")) for block in (1, 2, 3)]
    report = _report(records)

    assert (_spend(report).usable, _spend(report).wasted) == (3, Decimal(0))
    (shown,) = report.findings
    assert (shown.finding.check, shown.finding.standing) == ("charges_the_list_price", "confirmed")
    assert (shown.finding.failed, shown.finding.tried) == (3, 3)
    assert "6 credits over the list" in html(report)


def test_a_price_that_is_wrong_now_and_then_is_flaky() -> None:
    records = [_attempt(1, b.images(1, charged="1")), _attempt(2, b.images(1, charged="3"))]
    report = _report(records)

    assert report.findings == ()
    assert [item.finding.standing for item in report.flaky] == ["flaky"]


def test_an_attempt_without_an_image_is_not_usable_and_may_be_paid() -> None:
    lost: Fault = b.fault("timeout", may_be_paid=True)
    found = _spend(_report([_attempt(1, b.images(1, charged="1")), _attempt(2, lost)]))

    assert (found.requests, found.usable, found.unsettled) == (2, 1, Decimal(1))


def test_the_order_of_the_records_changes_nothing() -> None:
    records = [_attempt(block, b.images(1, charged="1")) for block in range(1, 9)]

    assert _report(records).benchmark == _report(records[::-1]).benchmark


def test_times_of_a_recording_are_labelled_in_every_row() -> None:
    records = [
        replace(_attempt(block, b.images(1, charged="1")), evidence=b.TAPED) for block in (1, 2)
    ]
    value = _report(records).benchmark
    assert value is not None

    assert value.label(NAME) == f"{NAME} (recorded)"
    assert "recorded 2026-11-30 by qa" in value.answers[0].basis
    named = [
        row[0] for section in sections(value) for table in section.tables for row in table.rows
    ]
    assert {cell.small for cell in named if cell.text == NAME} == {"(recorded)"}


def test_a_run_without_a_design_has_no_benchmark() -> None:
    record = _attempt(1, Images(pictures=(b.picture(),)))
    report = compose(b.header({NAME: b.LIVE}), [record], [], [], SHOP)

    assert report.benchmark is None


def test_the_whole_design_is_priced_with_its_warm_up_weights_and_stages() -> None:
    heavy = replace(bm.SQUARE, weight=3)
    made = replace(
        DESIGN, workloads=(heavy, bm.WIDE), fits=(bm.fit(NAME, heavy), bm.fit(NAME, bm.WIDE)),
        stages=(bm.STAGE, replace(bm.STAGE, name="closed-8")), warm_up=2,
    )  # fmt: skip

    found = designed(made)[NAME]

    assert (found.amount, found.unit, found.images) == (Decimal(40), "credit", 80)


def test_what_was_saved_is_told_only_where_a_run_could_stop_early() -> None:
    records = [_attempt(1, b.images(1, charged="1"))]
    early = _report(records).benchmark
    whole = _report(records, replace(DESIGN, until_decided=False)).benchmark
    assert early is not None
    assert whole is not None

    assert early.savings[0].startswith(f"{NAME}: 1 credit spent of the 4.5 credits")
    assert whole.savings == ()


def test_the_terminal_shows_a_table_for_each_workload_and_the_answer_below(
    capsys: pytest.CaptureFixture[str],
) -> None:
    header = replace(b.header({NAME: b.EMULATOR}), benchmark=Benchmark(design=DESIGN))
    records = [
        replace(_attempt(block, b.images(1, charged="1")), evidence=b.EMULATOR)
        for block in range(1, 9)
    ]
    done = conclude(header, records)
    publish(done.report, done.why, None, as_json=False)
    out = capsys.readouterr().out

    assert re.search(r"^square-draft\s+provider\s+median \[95 %\]", out, re.MULTILINE)
    assert re.search(r"nanobanana +14\.5 \[1\d\.\d, 1\d\.\d\] s", out.replace("(emulator)", " "))
    assert "square-draft: nanobanana (median 14.5 s" in out
    assert "caution: The harness's own error was not measured" in out


def test_a_narrow_terminal_loses_no_figure_of_a_benchmark(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    header = replace(b.header({NAME: b.LIVE}), benchmark=Benchmark(design=DESIGN))
    records = [_attempt(block, b.images(1, charged="7")) for block in range(1, 9)]
    done = conclude(header, records)
    publish(done.report, done.why, None, as_json=False)
    out = capsys.readouterr().out
    table = out[out.index("\nsquare-draft") : out.index("caution:")]

    words = re.sub(r"[^a-z0-9]", "", table)
    assert "credi" in words  # the last column
    assert max(map(len, table.splitlines())) <= 40
