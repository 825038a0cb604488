"""What is known of each case is found again."""

import pytest

from harness.report.keyed import Summed
from harness.stats.grouped import MOST_CASES, First, grouped


def test_numbers_of_one_case_are_added_up() -> None:
    summed = Summed([(("a", "x"), 1.0), (("b", "x"), 2.0), (("a", "x"), 0.5)])

    assert summed["a", "x"] == 1.5
    assert dict(summed) == {("a", "x"): 1.5, ("b", "x"): 2.0}
    with pytest.raises(KeyError):
        summed["c", "x"]


def test_groups_stand_in_the_order_of_their_first_values() -> None:
    groups = grouped([3, 1, 4, 5], lambda value: None if value == 4 else value % 2 == 0)

    assert {key: [*group] for key, group in groups.items()} == {False: [3, 1, 5]}


def test_the_first_different_texts_are_kept() -> None:
    few, many = First(), First()
    few.extend("abab")
    many.extend(map(str, range(MOST_CASES + 2)))

    assert few.told == ("a", "b")
    assert len(many.told) == MOST_CASES
