"""How unlikely a few figures are: exact for shares, by ranks and by days for times."""

from math import comb, exp

import pytest
from scipy.stats import (  # type: ignore[import-untyped]  # no types
    fisher_exact,
    mannwhitneyu,
)
from scipy.stats import t as student

from harness.stats.canary import drift, rank_sum_p, shifts, student_p
from harness.stats.exact import chance_of_more


def test_a_share_has_the_p_of_fishers_exact_test() -> None:
    for few, many in (((2, 6), (4, 80)), ((0, 6), (4, 80)), ((6, 6), (0, 30))):
        table = [[few[0], few[1] - few[0]], [many[0], many[1] - many[0]]]
        expected = fisher_exact(table, alternative="greater").pvalue

        assert chance_of_more(*few, *many) == pytest.approx(expected)
    assert chance_of_more(2, 2, 0, 3) == pytest.approx(1 / comb(5, 2))
    assert chance_of_more(0, 0, 1, 2) == 1.0


def test_ranks_have_the_p_of_mann_and_whitney_ties_among_them() -> None:
    before, now = [1.0, 2.0, 2.0, 3.0, 4.0, 2.5, 1.5], [2.0, 3.5, 5.0, 6.0]
    expected = mannwhitneyu(now, before, alternative="greater", method="asymptotic").pvalue

    assert rank_sum_p(before, now) == pytest.approx(expected)
    assert rank_sum_p([1.0, 1.0], [1.0]) == 1.0


def _days(levels: list[float], times: int = 4) -> list[tuple[str, str, float]]:
    """Return days of these levels, each with figures of two questions around it."""
    return [
        (f"day-{day}", question, usual * exp(level + 0.02 * (place - (times - 1) / 2)))
        for day, level in enumerate(levels)
        for question, usual in (("a", 8.0), ("b", 20.0))
        for place in range(times)
    ]


def test_many_figures_of_one_day_tell_little_where_days_differ() -> None:
    today = [("today", "a", 8.0 * exp(0.4))] * 200
    alike = drift(_days([0.0] * 12), today)
    apart = drift(_days([-0.2, 0.2] * 6), today)

    assert alike is not None
    assert apart is not None
    assert alike.p < 1e-5
    assert apart.p > 0.01
    assert alike.ratio == pytest.approx(exp(0.4), rel=0.05)


def test_a_question_of_a_short_past_tells_less_and_one_of_none_nothing() -> None:
    before = [*_days([0.0] * 8), ("day-0", "rare", 5.0)]
    often = drift(before, [("today", "a", 8.0 * 1.3)] * 2)
    rare = drift(before, [("today", "rare", 5.0 * 1.3)] * 2)

    assert often is not None
    assert rare is not None
    assert often.p < rare.p
    assert drift(before, [("today", "new", 99.0)]) is None
    assert drift([("day-0", "a", 8.0)], [("today", "a", 99.0)]) is None


def test_one_figure_far_out_is_no_change() -> None:
    figures = [("today", "a", 8.0 * exp(0.02 * place)) for place in (-1, 0, 1)]
    found = drift(_days([0.0] * 10), [*figures, ("today", "a", 8000.0)])

    assert found is not None
    assert found.p > 0.05


@pytest.mark.parametrize(("t", "degrees"), [(0.5, 4), (2.0, 9), (4.0, 60), (-1.5, 20)])
def test_the_tail_of_students_t_is_close(t: float, degrees: int) -> None:
    assert student_p(t, degrees) == pytest.approx(student.sf(t, degrees), rel=0.05)


def test_a_question_without_a_past_tells_nothing() -> None:
    before = [("1", "a", 8.0), ("2", "a", 8.0), ("3", "a", 8.0), ("1", "b", 1.0)]
    earlier, later = shifts(before, [("4", "a", 16.0), ("4", "b", 9.0), ("4", "c", 9.0)])

    assert earlier == [("1", 0.0), ("2", 0.0), ("3", 0.0)]
    assert [day for day, _ in later] == ["4"]
    assert later[0][1] == pytest.approx(0.6931, abs=1e-4)
