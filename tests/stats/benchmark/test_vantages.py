"""A benchmark that was measured from several places."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from harness.stats.benchmark.measure import POOLED, WITHIN, of_observations
from harness.stats.benchmark.model import Attempt, Measured
from harness.stats.benchmark.vantages import reversals
from harness.stats.survival import CensoredTimes, log_rank, stratified_log_rank
from tests.benchmarks.worlds import attempt
from tests.stats.benchmark.test_measure import design


def seen_from(
    vantage: str, first: int, *, a: float, b: float, blocks: int = 40
) -> Iterator[Attempt]:
    """Blocks of one place, in which each provider takes about as long as it does from there."""
    dice = Random(vantage)
    for block in range(first, first + blocks):
        for name, seconds in (("a", a), ("b", b)):
            took = seconds * dice.lognormvariate(0, 0.1)
            yield replace(attempt(name, block, took), vantage=vantage)


def measured(*attempts: Iterator[Attempt]) -> Measured:
    return of_observations([one for each in attempts for one in each], design=design("a", "b"))


def test_one_place_alone_changes_nothing_but_the_attempts_own_word() -> None:
    named = measured(seen_from("eu", 0, a=10.0, b=20.0))
    plain = of_observations(
        [replace(one, vantage="") for one in named.observations], design=design("a", "b")
    )

    assert named.by_vantage == ()
    assert replace(named, observations=()) == replace(plain, observations=())


def test_of_several_each_has_its_rows_beside_those_of_all() -> None:
    found = measured(
        seen_from("eu", 0, a=10.0, b=20.0), seen_from("ap", 40, a=30.0, b=60.0, blocks=20)
    )

    assert [(row.provider, row.n, row.vantage) for row in found.speeds] == [
        ("a", 60, ""),
        ("b", 60, ""),
    ]
    assert [(at.vantage, at.attempts) for at in found.by_vantage] == [("ap", 40), ("eu", 80)]
    assert [(row.provider, row.n, row.vantage) for at in found.by_vantage for row in at.speeds] == [
        ("a", 20, "ap"),
        ("b", 20, "ap"),
        ("a", 40, "eu"),
        ("b", 40, "eu"),
    ]
    assert [row.sent for at in found.by_vantage for row in at.reliability] == [20, 20, 40, 40]
    assert all(row.median.method.endswith(POOLED) for row in found.speeds)
    assert not any(POOLED in row.median.method for at in found.by_vantage for row in at.speeds)


def test_pairs_stand_within_a_place_and_those_of_all_count_together() -> None:
    found = measured(
        seen_from("eu", 0, a=10.0, b=20.0), seen_from("ap", 0, a=30.0, b=60.0, blocks=20)
    )
    (all_of_them, *_), ap, eu = (
        found.comparisons,
        *(at.comparisons[0] for at in found.by_vantage),
    )

    assert (all_of_them.pairs, ap.pairs, eu.pairs) == (60, 20, 40)
    assert all_of_them.ratio.value == pytest.approx(2, rel=0.1)
    assert all_of_them.ratio.method.endswith(WITHIN)
    assert (ap.needed, eu.needed) == (2 * all_of_them.needed, 2 * all_of_them.needed)
    assert [rank.provider for rank in found.by_vantage[0].rankings[0].places] == ["a", "b"]


def test_a_place_that_is_slower_for_both_makes_no_difference_of_the_two() -> None:
    # From ap twice as many attempts of b: pooled without strata b would look the slower one.
    eu = seen_from("eu", 0, a=10.0, b=10.0, blocks=60)
    ap = [
        one
        for one in seen_from("ap", 60, a=60.0, b=60.0, blocks=60)
        if one.provider == "b" or one.block % 3 == 0
    ]
    found = measured(eu, iter(ap)).comparisons[0]
    two = [
        CensoredTimes(
            seconds=[
                one.seconds
                for one in (*seen_from("eu", 0, a=10.0, b=10.0, blocks=60), *ap)
                if one.provider == name
            ],
            ended=[True] * (80 if name == "a" else 120),
        )
        for name in ("a", "b")
    ]
    pooled = log_rank(*two)

    assert found.p_fixed is not None
    assert found.p_fixed > 0.1
    assert pooled is not None
    assert pooled < 0.05


def test_the_stratified_test_of_one_stratum_is_the_plain_one() -> None:
    dice = np.random.default_rng(5)
    one, other = (
        CensoredTimes(seconds=np.minimum(drawn, 25.0).round(0), ended=drawn < 25)
        for drawn in (dice.lognormal(2.7, 0.4, 70), dice.lognormal(2.9, 0.4, 50))
    )
    none = CensoredTimes(seconds=(), ended=())

    assert stratified_log_rank([(one, other)]) == pytest.approx(log_rank(one, other))
    assert stratified_log_rank([(one, other), (none, none)]) == pytest.approx(log_rank(one, other))
    assert stratified_log_rank([(none, none), (one, none)]) is None
    assert stratified_log_rank([(one, one)]) == pytest.approx(1.0)


def test_who_is_faster_here_and_slower_there_is_named_once() -> None:
    found = measured(seen_from("eu", 0, a=10.0, b=20.0), seen_from("ap", 40, a=40.0, b=20.0))
    (reversal,) = reversals(found.by_vantage)

    assert (reversal.workload, reversal.faster, reversal.slower) == ("w", "b", "a")
    assert (reversal.here, reversal.there, reversal.decided) == ("ap", "eu", True)


def test_medians_that_lie_apart_both_ways_are_a_reversal_before_any_is_decided() -> None:
    found = measured(
        seen_from("eu", 0, a=10.0, b=20.0, blocks=8), seen_from("ap", 8, a=40.0, b=20.0, blocks=8)
    )
    found = replace(
        found,
        by_vantage=tuple(
            replace(at, comparisons=tuple(replace(one, word="open") for one in at.comparisons))
            for at in found.by_vantage
        ),
    )

    assert [one.decided for one in reversals(found.by_vantage)] == [False]


def test_places_that_agree_hide_nothing() -> None:
    found = measured(seen_from("eu", 0, a=10.0, b=20.0), seen_from("ap", 40, a=30.0, b=60.0))

    assert reversals(found.by_vantage) == ()
