from collections.abc import Iterable
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats.benchmark.comparison import HOPELESS, PairwiseComparisons, rank_providers
from harness.stats.benchmark.model import Attempt, Ranking
from tests.benchmarks.worlds import attempt

THREE = {"w": ("a", "b", "c")}


def blocks(number: int, *, start: int = 0, **seconds: float) -> list[Attempt]:
    """Blocks in which each provider takes as long as it always does."""
    return [
        attempt(name, block, took)
        for block in range(start, start + number)
        for name, took in seconds.items()
    ]


def race(seen: Iterable[Attempt], names: tuple[str, ...] = ("a", "b", "c")) -> PairwiseComparisons:
    made = PairwiseComparisons(contenders={"w": names})
    for one in seen:
        made.add(one)
    made.settle()
    return made


def test_every_two_are_compared_at_the_error_rate_of_the_whole_race() -> None:
    made = PairwiseComparisons(
        contenders={"w": ("a", "b", "c"), "v": ("a", "b"), "u": ("c",)}, alpha=0.04
    )

    assert set(made.comparing) == {
        ("w", "a", "b"),
        ("w", "a", "c"),
        ("w", "b", "c"),
        ("v", "a", "b"),
    }
    assert {one.needed for one in made.comparing.values()} == {4 / 0.04}


def test_attempts_of_one_block_are_pairs_whoever_ends_first() -> None:
    seen = blocks(20, a=10.0, b=20.0)
    there, back = race(seen, ("a", "b")), race(reversed(seen), ("a", "b"))

    assert there.comparing["w", "a", "b"].pairs == 20
    assert there.word(("w", "a", "b")) == "first"
    assert there.comparing["w", "a", "b"].evidence == back.comparing["w", "a", "b"].evidence


@pytest.mark.parametrize(
    "change",
    [{"warm_up": True}, {"end": "refused"}, {"end": "failed"}, {"end": "cut_off"}],
)
def test_what_is_no_time_to_pixels_makes_no_pair(change: dict[str, object]) -> None:
    one, other = attempt("a", 1, 10.0), attempt("b", 1, 20.0)
    changed = replace(other, **change)  # type: ignore[arg-type]  # each is a field of its type

    assert race([one, changed], ("a", "b")).comparing["w", "a", "b"].pairs == 0
    assert race([one, other], ("a", "b")).comparing["w", "a", "b"].pairs == 1


@pytest.mark.parametrize(
    "change", [{"block": 2}, {"stage": "c8"}, {"case": "another"}, {"emulated": True}]
)
def test_attempts_in_different_places_are_no_pair(change: dict[str, object]) -> None:
    changed = replace(attempt("b", 1, 20.0), **change)  # type: ignore[arg-type]  # as above

    assert race([attempt("a", 1, 10.0), changed], ("a", "b")).comparing["w", "a", "b"].pairs == 0


def test_who_does_not_serve_it_exactly_takes_no_part() -> None:
    made = race(blocks(30, a=10.0, b=12.0, d=1.0), ("a", "b"))

    assert list(made.comparing) == [("w", "a", "b")]


def test_one_attempt_that_is_told_twice_is_one() -> None:
    seen = blocks(3, a=10.0, b=20.0)

    assert race([*seen, *seen], ("a", "b")).comparing["w", "a", "b"].pairs == 3


def test_who_is_slower_than_anybody_is_out_and_waited_for_no_more() -> None:
    a_or_b = [blocks(1, start=at, a=10.0 + at % 2, b=11.0 - at % 2, c=25.0) for at in range(14)]
    made = race(one for block in a_or_b for one in block)

    assert set(made.beaten("w")) == {"c"}
    assert made.undecided("w") == (("w", "a", "b"),)


def test_who_never_served_anything_is_not_waited_for() -> None:
    failed = [attempt("c", block, 1.0, end="failed") for block in range(HOPELESS)]
    fast = blocks(14, a=10.0, b=25.0)

    assert race([*fast, *failed[:-1]]).hopeless("w") == ()
    assert race([*fast, *failed[:-1]]).undecided("w") == (("w", "a", "c"),)
    assert race([*fast, *failed]).hopeless("w") == ("c",)
    assert race([*fast, *failed]).undecided("w") == ()


# ------------------------------------------------------------------------------- places
def places(ranking: Ranking) -> list[tuple[int, str]]:
    return [(rank.place, rank.provider) for rank in ranking.places]


def test_places_are_those_who_are_decided_to_be_faster() -> None:
    made = race(blocks(20, a=20.0, b=10.0, c=40.0))
    found = rank_providers(made, "w", {"a": 20.0, "b": 10.0, "c": 40.0})

    assert places(found) == [(1, "b"), (2, "a"), (3, "c")]
    assert found.decided
    assert found.why == "b is faster at an error rate of 0.05 for the whole race"


def test_who_is_not_told_apart_shares_a_place_the_lower_median_first() -> None:
    dice = np.random.default_rng(1)
    seen = [
        attempt(name, block, float(middle * np.exp(0.3 * dice.standard_normal())))
        for block in range(30)
        for name, middle in (("a", 10.5), ("b", 10.0), ("c", 40.0))
    ]
    found = rank_providers(race(seen), "w", {"a": 10.5, "b": 10.0, "c": 40.0})

    assert places(found) == [(1, "b"), (1, "a"), (3, "c")]
    assert not found.decided
    assert found.why == "not told apart: a and b"


def test_a_first_place_that_equals_share_is_decided() -> None:
    dice = np.random.default_rng(2)
    seen = [
        attempt(name, block, float(10 * np.exp(0.05 * dice.standard_normal())))
        for block in range(80)
        for name in ("a", "b")
    ]
    found = rank_providers(race(seen, ("a", "b")), "w", {"a": 10.0, "b": 10.0})

    assert found.decided
    assert found.why == "a and b are equally fast within 10%"


def test_who_served_nothing_has_no_place() -> None:
    failed = [attempt("b", block, 1.0, end="failed") for block in range(3)]
    found = rank_providers(race([*blocks(3, a=10.0), *failed], ("a", "b")), "w", {"a": 10.0})

    assert places(found) == [(1, "a")]
    assert found.why == "only a served it exactly; b served nothing that counts here"
    assert rank_providers(race(failed, ("a", "b")), "w", {}).why.startswith("nothing was served")


@given(seconds=st.lists(st.integers(10, 14), min_size=4, max_size=4), number=st.integers(1, 25))
@settings(max_examples=25, deadline=None)
def test_nobody_stands_before_anybody_without_a_decided_chain(
    seconds: list[int], number: int
) -> None:
    names = ("a", "b", "c", "d")
    noise = Random(number)
    seen = [
        attempt(name, block, base * noise.lognormvariate(0, 0.15))
        for block in range(number)
        for name, base in zip(names, seconds, strict=True)
    ]
    made = race(seen, names)
    places = rank_providers(made, "w", {}).places
    words = {
        (first, second): made.word((of, first, second)) for of, first, second in made.comparing
    }
    faster = {pair for pair, word in words.items() if word == "first"}
    faster |= {(second, first) for (first, second), word in words.items() if word == "second"}

    for one in places:
        for other in places:
            if one.place < other.place:
                assert chained(one.provider, other.provider, faster)


def chained(one: str, other: str, faster: set[tuple[str, str]]) -> bool:
    """Tell whether decided pairs lead from the one to the other."""
    return (one, other) in faster or any(
        chained(third, other, faster - {(first, third)}) for first, third in faster if first == one
    )


def test_who_is_open_against_the_second_shares_its_place() -> None:
    """a is faster than b; of c nobody knows anything, so that b may not stand behind it."""
    seen = [*blocks(20, a=10.0, b=20.0), *blocks(1, start=30, c=15.0)]
    found = rank_providers(race(seen), "w", {"a": 10.0, "b": 20.0, "c": 15.0})

    assert {rank.provider: rank.place for rank in found.places} == {"a": 1, "b": 1, "c": 1}
    assert not found.decided


def test_pairs_stand_within_one_vantage_point() -> None:
    near = blocks(20, a=10.0, b=20.0)
    far = [replace(one, vantage="ap") for one in near if one.provider == "a"]

    assert race([*near[1::2], *far], ("a", "b")).comparing["w", "a", "b"].pairs == 0
    assert race([*near, *far], ("a", "b")).comparing["w", "a", "b"].pairs == 20
