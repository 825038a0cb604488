from dataclasses import replace
from decimal import Decimal

import pytest

from harness.core.exchange import Failure
from harness.core.outcome import Outcome
from harness.core.rate import Rate
from harness.report.model import Exit, Report
from harness.report.overview.model import Fact, Overview
from harness.report.overview.overview import overview
from harness.stats.money.model import PriceComparison
from tests.report import benchmarks as bm
from tests.report import builders as b

COVERED = "sub2api generate: 6 of 6 rules, 16 of 16 values and 59 of 90 pairs are tried"


@pytest.fixture(scope="module")
def sample() -> Report:
    return b.sample()


@pytest.fixture(scope="module")
def seen(sample: Report) -> Overview:
    return overview(sample)


@pytest.fixture(scope="module")
def raced() -> Overview:
    return overview(bm.report())


def test_a_conformance_run_says_who_breaks_how_many_promises(
    sample: Report, seen: Overview
) -> None:
    assert seen.sentence == "1 of 6 emulated providers breaks promises: sub2api 2."
    assert seen.tone == "bad"
    assert seen.tag == sample.banner.title
    assert seen.certainty.startswith("n = ")
    assert seen.worst in sample.findings


def test_each_provider_has_one_row_and_each_cell_leads_on(sample: Report, seen: Overview) -> None:
    lines = {line.provider: line for line in seen.lines}
    broken = lines["sub2api"].promises

    assert [*lines] == [row.provider for row in sample.providers]
    assert (broken.text, broken.tone) == ("2 broken", "bad")
    assert broken.anchor.startswith("finding-sub2api-generate-")
    assert lines["buble"].promises.text.startswith("all ")
    assert lines["aimlapi"].promises.text == "not tested"
    assert all(line.emulated for line in seen.lines)
    assert {line.figures[0].time.anchor for line in seen.lines} == {"latency"}


def test_the_failure_rate_is_of_valid_requests_with_its_interval(
    sample: Report, seen: Overview
) -> None:
    (line,) = (line for line in seen.lines if line.provider == "apiframe")
    (row,) = (row for row in sample.providers if row.provider == "apiframe")
    share = line.figures[0].failed_share

    assert share is not None
    number = row.faults.faults + row.faults.refused
    assert share.value == number / row.faults.valid
    assert f"{number} of {row.faults.valid}" in line.failed.small
    assert line.failed.small.startswith("[")


def failed(*outcomes: Outcome) -> Fact:
    records = [b.record(b.case(id=f"c{at}"), outcome) for at, outcome in enumerate(outcomes)]
    (line,) = overview(b.report(records)).lines
    return line.failed


def test_a_valid_request_that_is_refused_has_failed_as_in_a_benchmark() -> None:
    fact = failed(b.images(), b.images(), b.refused(), b.fault("server"))

    assert (fact.text, fact.tone) == ("50 %", "bad")
    assert fact.small.endswith("2 of 4, 1 of them refused")


def test_a_provider_that_was_never_reached_has_failed_at_nothing() -> None:
    nothing = Failure(kind="network", sent=False, why="refused")
    unsent = replace(b.exchange("submit", 0, 0), answer=nothing)
    record = replace(b.record(b.case(), b.fault("network")), exchanges=(unsent,))
    (line,) = overview(b.report([record])).lines

    assert (line.failed.text, line.failed.tone) == ("never reached", "open")
    assert line.figures[0].failed_share is None


def test_a_key_that_is_refused_throughout_is_no_failure_of_the_provider() -> None:
    auth = b.refused(error_class="auth", status=401)
    fact = failed(auth, auth, auth)

    assert (fact.text, fact.small, fact.tone) == ("our key refused", "3 of 3", "open")
    assert failed(auth, b.images()).text == "50 %"


def test_a_conformance_run_ranks_nobody_and_says_so(seen: Overview, raced: Overview) -> None:
    assert seen.decisions == ()
    assert "ranks nobody" in seen.no_ranks
    assert raced.no_ranks == ""


def test_a_timeout_counts_as_longer_and_is_never_left_out() -> None:
    served = [b.record(b.case(id=f"s{at}"), b.images(), seconds=10.0 + at) for at in range(3)]
    late = [b.record(b.case(id=f"t{at}"), b.fault("timeout", may_be_paid=True)) for at in range(7)]
    (line,) = overview(b.report([*served, *late])).lines

    assert line.time.text == "> 11.7 s"
    assert "n = 10 with 7 timeouts" in line.time.small


def test_nothing_tested_is_the_verdict_of_an_empty_run() -> None:
    empty = overview(b.report([]))

    assert (empty.sentence, empty.tone) == ("Nothing was tested.", "open")
    assert empty.lines[0].promises.text == "not tested"
    assert empty.worst is None


def test_an_interrupted_run_and_judged_traffic_say_so_first() -> None:
    made = b.report([b.record(b.case(), b.images())])
    cut = replace(made, header=replace(made.header, interrupted=True))
    judged = replace(made, header=replace(made.header, against="recordings"))

    assert overview(cut).sentence.startswith("Interrupted; so far: ")
    assert overview(judged).sentence.startswith("In this traffic: ")


def test_a_clean_live_run_is_good_and_says_what_it_rests_on() -> None:
    served = b.record(b.case(), b.images())
    good = overview(b.report([served], [b.verdict(served, constraint="n.range")]))

    assert good.sentence.startswith("Sub2api keeps ")
    assert good.tone == "good"
    assert good.tag == "Live run"
    assert good.lines[0].evidence.text == "live"
    assert good.lines[0].evidence.small == "2026-12-01"


def test_coverage_is_kept_apart_from_the_other_notes() -> None:
    made = overview(b.report([], notes=(COVERED, "Budget was spent.")))

    assert made.coverage == (COVERED,)
    assert made.notes == ("Budget was spent.",)


def test_the_price_of_an_image_is_in_dollars_too_where_a_rate_is_known() -> None:
    made = b.report([b.record(b.case(name="buble"), b.images())], names=("buble",))
    rate = PriceComparison(
        provider="buble", title="Buble", unit="credit", rate=Rate(usd=Decimal("0.05"))
    )
    without, known = overview(made), overview(replace(made, price_comparison=(rate,)))

    assert "no USD rate" in without.lines[0].price.small
    assert "= 0.05 usd" in known.lines[0].price.small


def test_the_exit_code_is_said_with_its_reason_once_it_is_concluded(seen: Overview) -> None:
    made = replace(b.report([]), exit=Exit(code=2, why="nothing was tested"))
    fact = overview(made).exit

    assert seen.exit is None
    assert fact is not None
    assert (fact.text, fact.small) == ("exit code 2", "nothing was tested")


def test_a_benchmark_has_the_figures_of_each_workload(raced: Overview) -> None:
    (line,) = (line for line in raced.lines if line.provider == "sub2api")

    assert [each.about for each in line.figures] == ["square-draft", "wide"]
    assert line.figures[0].time.text == "9.8 s"
    assert line.figures[0].time.small.startswith("[8.3, 11.8] s, n = 8")
    assert line.time.text == "square-draft: 9.8 s; wide: 9.8 s"


def test_a_benchmark_says_at_how_many_workloads_the_fastest_is_decided(raced: Overview) -> None:
    assert raced.sentence.startswith(
        "Who is fastest is decided at 1 of 2 workloads: sub2api at square-draft."
    )
    assert [each.workload for each in raced.decisions] == ["square-draft", "wide"]


def test_the_objective_is_met_missed_or_open(raced: Overview) -> None:
    value = bm.shown()
    met = tuple(replace(row, slo="met") for row in value.measured.reliability)
    good = replace(value, measured=replace(value.measured, reliability=met))
    free = replace(value.benchmark, design=replace(value.design, slo=None))

    assert raced.objective is not None
    assert raced.objective.text == "p95 < 60 s: missed"
    assert raced.objective.small.startswith(
        "missed: apiframe (square-draft), apiframe (wide); open"
    )
    assert overview(bm.report(good)).objective is not None
    assert getattr(overview(bm.report(good)).objective, "tone", "") == "good"
    assert overview(bm.report(replace(value, benchmark=free))).objective is None
