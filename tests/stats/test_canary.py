"""How unlikely a few figures are: exact for shares, by ranks and by days for times."""

from math import comb

import pytest
from scipy.stats import fisher_exact, mannwhitneyu  # type: ignore[import-untyped]  # no types

from harness.stats.canary import drift_p, rank_sum_p, share_p, shifts


def test_a_share_has_the_p_of_fishers_exact_test() -> None:
    for few, many in (((2, 6), (4, 80)), ((0, 6), (4, 80)), ((6, 6), (0, 30))):
        table = [[few[0], few[1] - few[0]], [many[0], many[1] - many[0]]]
        expected = fisher_exact(table, alternative="greater").pvalue

        assert share_p(few, many) == pytest.approx(expected)
    assert share_p((2, 2), (0, 3)) == pytest.approx(1 / comb(5, 2))
    assert share_p((0, 0), (1, 2)) == 1.0


def test_ranks_have_the_p_of_mann_and_whitney_ties_among_them() -> None:
    before, now = [1.0, 2.0, 2.0, 3.0, 4.0, 2.5, 1.5], [2.0, 3.5, 5.0, 6.0]
    expected = mannwhitneyu(now, before, alternative="greater", method="asymptotic").pvalue

    assert rank_sum_p(before, now) == pytest.approx(expected)
    assert rank_sum_p([1.0, 1.0], [1.0]) == 1.0


def test_many_figures_of_one_day_tell_little_where_days_differ() -> None:
    alike = [(f"day-{day}", 0.01 * number) for day in range(10) for number in range(-3, 4)]
    apart = [(f"day-{day}", 0.3 * (day % 2) + 0.01 * n) for day in range(10) for n in range(-3, 4)]
    today = [("today", 0.4)] * 200

    assert drift_p(alike, today) < 1e-6
    assert drift_p(apart, today) > 0.01


def test_a_question_without_a_past_tells_nothing() -> None:
    before = [("1", "a", 8.0), ("2", "a", 8.0), ("3", "a", 8.0), ("1", "b", 1.0)]
    earlier, later = shifts(before, [("4", "a", 16.0), ("4", "b", 9.0), ("4", "c", 9.0)])

    assert earlier == [("1", 0.0), ("2", 0.0), ("3", 0.0)]
    assert [day for day, _ in later] == ["4"]
    assert later[0][1] == pytest.approx(0.6931, abs=1e-4)
