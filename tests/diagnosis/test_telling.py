"""A large run is diagnosed from some of its records, and says what a diagnosis of all says."""

from dataclasses import replace

import pytest

import harness.diagnosis.telling
from harness.checks.judge import judge_records
from harness.core.digests import digest64
from harness.core.outcome import Fault
from harness.core.record import Record
from harness.core.verdict import MOST_NAMED, Cases, CasesShown, Finding
from harness.diagnosis.findings import findings, settled
from harness.diagnosis.telling import telling
from tests.checks.build import case, found, picture, record, refused, served
from tests.shipped import shipped_provider as shipped

SHOPS = {"sub2api": shipped("sub2api")}


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a run of more than a dozen records for a large one."""
    monkeypatch.setattr(harness.diagnosis.telling, "WHOLE", 12)


def _run(broken: int, kept: int) -> list[Record]:
    records = [record(case(id="base"), served(picture()))]
    for at in range(max(broken, kept)):
        if at < kept:
            valid = case(id=f"ok{at}", covers=("n.range=10",), n=10)
            records.append(record(valid, served(*[picture()] * 10)))
        if at < broken:
            forbidden = case(expect="refuse", breaks="n.range", id=f"bad{at}", n=11)
            records.append(record(forbidden, served(picture())))
    return records


def _told(finding: Finding) -> tuple[object, ...]:
    return (
        finding.constraint,
        finding.check,
        finding.combination,
        finding.expected,
        finding.observed,
        finding.standing,
    )


@pytest.mark.usefixtures("few")
def test_all_failing_cases_of_a_large_run_are_counted_and_known() -> None:
    records = _run(broken=60, kept=40)

    (broken,) = found(*records)

    assert len(broken.cases) == 60
    assert all(f"generate/bad{at}" in broken.cases for at in range(60))
    assert "generate/ok0" not in broken.cases


def test_a_large_run_is_told_what_a_small_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    records = _run(broken=30, kept=30)
    records += [
        record(case(id=f"high{at}", covers=("quality.one_of=high",), quality="high"), refused())
        for at in range(30)
    ]
    whole = found(*records)
    monkeypatch.setattr(harness.diagnosis.telling, "WHOLE", 12)

    some = found(*records)

    assert [*map(_told, some)] == [*map(_told, whole)]
    assert [len(each.cases) for each in some] == [len(each.cases) for each in whole]


def test_faults_of_one_kind_that_are_many_are_told_as_in_a_small_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records = _run(broken=30, kept=30)
    down = Fault(error_class="server", why="HTTP 500: no", may_be_paid=False, status=500)
    records += [record(case(id=f"high{at}", quality="high"), down) for at in range(30)]
    whole = found(*records)
    monkeypatch.setattr(harness.diagnosis.telling, "WHOLE", 12)

    some = found(*records)

    assert [*map(_told, some)] == [*map(_told, whole)]
    assert [len(each.cases) for each in some] == [len(each.cases) for each in whole]
    assert all(
        each.record.exchanges == old.record.exchanges for each, old in zip(some, whole, strict=True)
    )


@pytest.mark.usefixtures("few")
def test_few_records_of_a_kind_are_looked_at() -> None:
    records = _run(broken=200, kept=200)

    (looked_at,) = telling(records, judge_records(records, SHOPS), SHOPS)

    assert len(looked_at.history.records) < 2 * 200
    assert sum("bad" in name for name in looked_at.history.records) < 10


@pytest.mark.usefixtures("few")
def test_a_run_without_a_failure_has_no_finding_and_its_verdicts_stay() -> None:
    records = _run(broken=0, kept=40)
    verdicts = judge_records(records, SHOPS)

    assert findings(records, verdicts, SHOPS) == ()
    assert settled(verdicts, ()) is verdicts


def test_cases_beyond_those_that_are_named_are_counted_once_and_known() -> None:
    from_all = [f"case {at}" for at in range(MOST_NAMED + 5)]
    more = [digest64(each) for each in from_all]

    cases = Cases(from_all[:MOST_NAMED], more)

    assert len(cases) == len(from_all)
    assert cases.more == 5
    assert [*cases] == from_all[:MOST_NAMED]
    assert from_all[-1] in cases
    assert "another" not in cases


def test_a_case_shows_a_finding_whether_or_not_it_is_named() -> None:
    (broken,) = found(*_run(broken=60, kept=40))
    from_all = [f"case {at}" for at in range(MOST_NAMED + 5)]
    many = replace(broken, cases=Cases(from_all[:MOST_NAMED], map(digest64, from_all)))

    shown = CasesShown([broken, many])

    assert all(("sub2api", case) in shown for case in (*from_all, *broken.cases))
    assert ("sub2api", "another case") not in shown
    assert ("another provider", from_all[-1]) not in shown
