"""What convicts a request that fails each time, and what an outage may look like."""

from dataclasses import replace

import pytest

from harness.core.outcome import Fault, Images, Outcome
from harness.core.record import Record
from harness.core.verdict import Finding
from harness.diagnosis.faults import SURE, TRIALS, Contrast
from tests.checks.build import case, found, picture, record, refused, served

DOWN = Fault(error_class="server", why="HTTP 500: no", may_be_paid=False, status=500)
FAILS = "fails_where_it_should_serve"
SERVED = served(picture())


def contrast(failed: int, tried: int, other_failed: int, others: int) -> Contrast:
    return Contrast(failed=failed, tried=tried, other_failed=other_failed, others=others)


@pytest.mark.parametrize(
    ("counts", "chance"),
    [
        ((3, 3, 0, 22), 1 / 2300),  # 1 of the 25 over 3 ways
        ((2, 2, 0, 22), 1 / 276),
        ((1, 2, 0, 2), 1 / 2),
        ((2, 2, 2, 2), 1 / 1),
        ((0, 3, 4, 9), 1 / 1),
    ],
)
def test_the_chance_is_the_tail_of_the_hypergeometric_distribution(
    counts: tuple[int, int, int, int], chance: float
) -> None:
    assert contrast(*counts).chance == pytest.approx(chance)


def test_three_failures_convict_beside_neighbours_that_are_all_served_and_two_do_not() -> None:
    assert contrast(3, 3, 0, 22).convicts
    assert not contrast(2, 2, 0, 22).convicts
    assert contrast(2, 2, 0, 22).is_undecided


def test_nothing_convicts_where_six_of_ten_neighbours_fail_as_well() -> None:
    assert not contrast(TRIALS, TRIALS, 15, 25).convicts
    assert not contrast(1, 1, 15, 25).is_undecided
    assert contrast(TRIALS, TRIALS, 15, 25).chance > SURE


def rows(number: int, outcome: Outcome = SERVED) -> list[Record]:
    return [
        record(case(id=f"row/{at}", user=f"u{at}", moderation="low"), outcome)
        for at in range(number)
    ]


def again(first: Record, number: int, outcome: Outcome) -> Record:
    name = first.shot.case.id
    fresh = replace(first.shot.case, id=f"{name}/again-{number}", stage="confirm", follows=name)
    return record(fresh, outcome)


PLAIN = record(case(id="base"), SERVED)
MEDIUM = record(
    case(id="medium", about="quality.one_of", covers=("quality.one_of=medium",), quality="medium"),
    DOWN,
)


def repeated(*outcomes: Outcome, between: Outcome = SERVED) -> list[Record]:
    """Repeat the failing request, each time after the plain one."""
    both = (
        (again(PLAIN, at, between), again(MEDIUM, at, outcome))
        for at, outcome in enumerate(outcomes)
    )
    return [each for pair in both for each in pair]


def findings_of(*records: Record) -> list[Finding]:
    return [finding for finding in found(*records) if finding.check == FAILS]


def test_a_value_that_fails_each_time_while_its_neighbours_are_served_is_a_finding() -> None:
    (one,) = findings_of(PLAIN, *rows(20), MEDIUM, *repeated(DOWN, DOWN, DOWN))

    assert (one.standing, one.constraint) == ("confirmed", "quality.one_of")
    assert (one.failed, one.tried, one.other_failed, one.others) == (3, 3, 0, 24)
    assert one.chance is not None
    assert one.chance <= SURE
    assert one.observed == "quality=medium: server: HTTP 500: no"


def test_one_failure_is_nobodys_fault_until_it_was_repeated() -> None:
    (one,) = findings_of(PLAIN, *rows(20), MEDIUM)

    assert (one.standing, one.doubt) == ("unconfirmed", "not asked again")


def test_failures_with_nothing_served_between_count_as_one() -> None:
    in_a_row = [again(MEDIUM, at, DOWN) for at in range(TRIALS)]

    (one,) = findings_of(PLAIN, *rows(20), MEDIUM, again(PLAIN, 1, SERVED), *in_a_row)

    assert (one.standing, one.failed, one.tried) == ("unconfirmed", 1, 1)


def test_a_failure_that_was_served_the_next_time_is_no_finding() -> None:
    assert findings_of(PLAIN, *rows(20), MEDIUM, *repeated(SERVED)) == []


def test_what_fails_more_often_than_its_neighbours_and_not_always_is_flaky() -> None:
    (one,) = findings_of(PLAIN, *rows(30), MEDIUM, *repeated(DOWN, SERVED, DOWN, DOWN))

    assert (one.standing, one.failed, one.tried, one.other_failed) == ("flaky", 3, 4, 0)


def test_an_outage_convicts_nobody() -> None:
    down = rows(20, DOWN)

    assert findings_of(PLAIN, *down, MEDIUM, *repeated(DOWN, DOWN, DOWN)) == []
    assert findings_of(PLAIN, *rows(20), MEDIUM, *repeated(DOWN, DOWN, between=DOWN)) == []


def test_an_error_in_no_documented_way_is_a_fault_and_a_refusal_is_not() -> None:
    strange = refused(error_class="unknown")
    first = replace(MEDIUM, outcome=strange)

    (one,) = findings_of(PLAIN, *rows(20), first, *repeated(strange, strange, strange))

    assert one.standing == "confirmed"
    assert findings_of(PLAIN, *rows(20), replace(MEDIUM, outcome=refused())) == []


def test_a_lone_server_error_leaves_its_verdict_inconclusive() -> None:
    assert isinstance(PLAIN.outcome, Images)
    assert all(finding.standing != "confirmed" for finding in found(PLAIN, MEDIUM))
