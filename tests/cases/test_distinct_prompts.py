from itertools import pairwise

import pytest

from harness.cases.prompts import distinct_prompt, distinct_prompts


@pytest.mark.parametrize("length", [20, 33, 42, 43, 80])
def test_no_two_prompts_of_a_length_are_alike(length: int) -> None:
    known = distinct_prompts(length)
    made = {distinct_prompt(number, length, seed=3) for number in range(min(known, 30_000))}

    assert len(made) == min(known, 30_000)
    assert known >= 10_000
    assert {len(one) for one in made} == {length}


@pytest.mark.parametrize("length", [20, 43, 400, 5000])
def test_each_is_plain_ascii_that_no_server_trims(length: int) -> None:
    for number in range(200):
        made = distinct_prompt(number, length, seed=7)

        assert made.isascii()
        assert made.isprintable()
        assert made == made.strip()


def test_what_begins_alike_is_in_another_place() -> None:
    for first in range(0, 11_520, 97):
        made = {distinct_prompt(number, 43, seed=5) for number in range(first, 138_240, 11_520)}

        assert len(made) == 12


def test_requests_in_a_row_begin_otherwise() -> None:
    starts = [distinct_prompt(number, 80, seed=0)[:10] for number in range(40)]

    assert all(one != other for one, other in pairwise(starts))


def test_another_seed_asks_for_something_else() -> None:
    one, other = (
        [distinct_prompt(number, 80, seed=seed) for number in range(50)] for seed in (1, 2)
    )

    assert not set(one) & set(other)


@pytest.mark.parametrize(("number", "length"), [(-1, 80), (0, 19), (11_520, 20), (138_240, 80)])
def test_there_is_none_beyond_what_is_known(number: int, length: int) -> None:
    with pytest.raises(ValueError, match="no prompt"):
        distinct_prompt(number, length, seed=0)
