"""Cheaper requests that may show wrong content, without a provider."""

from dataclasses import replace

import pytest

from harness.adaptive.cheaper import Seen
from harness.core.jsonvalue import Json
from harness.diagnosis.judged import claimed_arguments
from tests.adaptive.world import base, row
from tests.shipped import shipped_provider as shipped

PLAIN = base().arguments
GENERATE = shipped("sub2api").operation("generate")


def seen(*suspected: str, received: int = 0, several: bool = False, **values: Json) -> Seen:
    first = row(1, quality="high")
    return Seen(
        case=replace(first, arguments={**first.arguments, **values}),
        plain=PLAIN,
        suspected=frozenset(suspected),
        received=received,
        several=several,
    )


def test_the_suspected_argument_is_sent_alone_with_the_plain_number_of_images() -> None:
    alone, fewer = seen("size", size="2048x2048", n=2).before_a_repetition()

    assert alone == {**PLAIN, "size": "2048x2048"}
    assert (fewer["n"], fewer["quality"]) == (1, "high")


def test_what_nothing_is_suspected_of_is_sent_with_fewer_images_where_it_had_more() -> None:
    wrong = seen(size="2048x2048", n=7)

    numbers = [{**wrong.case.arguments, "n": 1}, {**wrong.case.arguments, "n": 2}]
    assert list(wrong.before_a_repetition()) == numbers
    assert list(seen(size="2048x2048").before_a_repetition()) == []


def test_an_image_beside_right_ones_is_sent_for_with_two() -> None:
    wrong = seen("size", several=True, size="2048x2048", n=7)

    alone, fewer = wrong.before_a_repetition()

    assert alone == {**PLAIN, "size": "2048x2048", "n": 2}
    assert fewer == {**wrong.case.arguments, "n": 2}


@pytest.mark.parametrize(
    ("received", "numbers"),
    [(9, [2]), (11, [2]), (6, [2, 7]), (4, [5, 2]), (1, [2, 2]), (0, [2])],
)
def test_a_wrong_number_is_shown_by_the_least_that_may_show_it(
    received: int, numbers: list[int]
) -> None:
    wrong = seen("n", received=received, n=10)

    *alone, same = wrong.before_a_repetition()

    assert [one["n"] for one in alone] == numbers
    assert same == {**wrong.case.arguments, "n": 2}
    assert [one["n"] for one in wrong.instead_of_a_repetition()] == [4, 8]


def test_no_number_is_larger_than_the_first_one() -> None:
    wrong = seen("n", received=2, n=3)

    assert [one["n"] for one in wrong.before_a_repetition()] == [2, 2]
    assert list(wrong.instead_of_a_repetition()) == []


def test_an_argument_is_suspected_with_what_it_needs() -> None:
    constraints = ["output_compression.range", "size.format", None]

    assert claimed_arguments(GENERATE, constraints) == {
        "output_compression",
        "output_format",
        "size",
    }
