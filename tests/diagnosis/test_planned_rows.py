"""What the rows of a plan show of values that fail, corrected for the choice among all values."""

from collections.abc import Callable
from random import Random

import pytest

from harness.checks.judge import judge_records
from harness.core.case import Case
from harness.core.outcome import Fault, Outcome
from harness.diagnosis.faults import SURE, shown_by_rows, suspected_by_rows
from harness.diagnosis.history import FAILS, CaseHistory
from harness.diagnosis.planned_rows import RowEvidence
from harness.planning.plan import planned_request
from harness.stats.exact import chance_of_more
from tests.adaptive.world import World, base, fine, row
from tests.shipped import shipped_provider as shipped

DOWN = Fault(error_class="server", why="HTTP 500", may_be_paid=False, status=500)
QUALITIES = ("low", "medium", "high")
FORMATS = ("png", "jpeg", "webp")


def rows(number: int = 30) -> list[Case]:
    """The plain request, and rows whose values have nothing to do with each other."""
    dice = Random(3)
    return [
        base(),
        *(
            row(
                at,
                quality=dice.choice(QUALITIES),
                output_format=dice.choice(FORMATS),
                background=dice.choice(("auto", "opaque")),
                moderation=dice.choice(("auto", "low")),
            )
            for at in range(number)
        ),
    ]


def evidence(
    fails: Callable[[Case], bool], cases: list[Case], sure: float = SURE
) -> tuple[tuple[RowEvidence, ...], tuple[RowEvidence, ...]]:
    """Return what is suspected, and what is shown."""

    def answer(case: Case) -> Outcome:
        return DOWN if fails(case) else fine(case)

    world = World(answer)
    records = [world.ask(planned_request(shipped(case.provider), case)) for case in cases]
    provider = shipped("sub2api")
    verdicts = judge_records(records, {"sub2api": provider})
    history = CaseHistory(provider, records, verdicts)
    (group,) = (each for each in history.failure_groups() if each.check == FAILS)
    return suspected_by_rows(history, group, sure), shown_by_rows(history, group)


def test_the_tail_is_that_of_fishers_exact_test() -> None:
    assert chance_of_more(8, 8, 0, 26) == pytest.approx(1 / 18156204)
    assert chance_of_more(0, 5, 3, 10) == 1
    assert chance_of_more(2, 4, 1, 4) == pytest.approx((6 * 4 + 4) / 56)


def test_rows_that_all_fail_for_one_value_show_it_without_another_request() -> None:
    ((suspect,), (shown,)) = evidence(
        lambda case: case.arguments.get("quality") == "medium", rows()
    )

    assert shown == suspect
    assert (shown.names, shown.failed) == (("quality",), shown.tried)
    assert shown.other_failed == 0
    assert shown.chance <= SURE


def test_a_burst_of_failures_shows_nothing_though_one_value_was_in_it() -> None:
    cases = sorted(rows(), key=lambda case: case.arguments.get("quality") == "medium")

    suspected, shown = evidence(lambda case: case.arguments.get("quality") == "medium", cases)

    assert (suspected, shown) == ((), ())  # all of them ended one after the other


def test_two_values_that_the_same_rows_hold_are_not_told_apart() -> None:
    cases = [base()]
    for at in range(30):
        odd = at % 3 == 0
        values = ("opaque", "webp") if odd else ("auto", ("png", "jpeg")[at % 2])
        cases.append(row(at, background=values[0], output_format=values[1], quality="low"))

    suspected, shown = evidence(lambda case: case.arguments.get("background") == "opaque", cases)

    assert (suspected, shown) == ((), ())


def test_a_pair_in_few_rows_is_too_little_among_so_many_pairs() -> None:
    def fails(case: Case) -> bool:
        given = case.arguments
        return (given.get("quality"), given.get("output_format")) == ("high", "jpeg")

    few = [case for case in rows() if not fails(case)]
    pair = [case for case in rows(60) if fails(case)][:3]
    mixed = [few[0], pair[0], *few[1:9], pair[1], *few[9:18], pair[2], *few[18:]]

    assert evidence(fails, mixed) == ((), ())


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
def test_requests_that_fail_at_random_show_nothing(share: float) -> None:
    for seed in range(40):
        dice = Random(seed)

        def fails(_: Case, dice: Random = dice) -> bool:
            return dice.random() < share

        try:
            _, shown = evidence(fails, rows())
        except ValueError:
            continue  # nothing failed
        assert shown == ()
