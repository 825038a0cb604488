"""Which comparisons are changes: of samples whose truth is known, and by the rules."""

from dataclasses import replace

import numpy as np
import pytest

from harness.comparing.figures.decide import SHARES, decided, moved
from harness.comparing.figures.samples import compare_samples
from harness.comparing.model import Change, ChangeKind, Comparison, Thresholds
from harness.core.verdict import Estimate
from tests.benchmarks.gate_simulated import World, alarms, drawn, told


def estimate(value: float, unit: str = "ratio", n: int = 40) -> Estimate:
    return Estimate(value=value, low=value, high=value, confidence=0.95, n=n, unit=unit, method="")


def compared(kind: ChangeKind, change: float, p: float | None, n: int = 60) -> Comparison:
    return Comparison(
        kind=kind,
        provider="buble",
        operation="generate",
        workload="square-draft",
        promise="fresh" if kind == "authenticity" else "",
        base=estimate(0.5, n=n),
        head=estimate(0.75, n=n),
        change=estimate(change, n=n),
        p=p,
        p_better=None if p is None else 1 - p,
        method="",
        pairs=60,
    )


def changes(*comparisons: Comparison) -> list[Change]:
    return [*decided(comparisons, Thresholds())]


# ------------------------------------------------------------------- truth that is known
def test_nothing_changed_and_nothing_is_said() -> None:
    world = World(n=60, rows=2, sigma=0.3)
    rng = np.random.default_rng(11)

    assert not any(alarms(told(drawn(world, rng), drawn(world, rng))) for _ in range(10))


def test_a_median_slowed_by_a_fifth_is_found_in_60_pairs() -> None:
    base = World(n=60, sigma=0.15, fail=0.0)
    rng = np.random.default_rng(12)
    found = [told(drawn(base, rng), drawn(replace(base, slower=1.2), rng)) for _ in range(10)]

    assert all(
        [(each.kind, each.standing) for each in diff] == [("slower", "certain")] for diff in found
    )


def test_a_few_per_cent_of_drift_are_no_alarm_however_sure() -> None:
    base = World(n=200, sigma=0.1, fail=0.0)
    rng = np.random.default_rng(13)
    diff = compare_samples(drawn(base, rng), drawn(replace(base, slower=1.04), rng))

    assert (diff[0].p or 1) < 0.001
    assert list(decided(diff, Thresholds())) == []
    assert list(decided(diff, replace(Thresholds(), slower=0.02)))


def test_all_of_a_provider_is_told_where_no_workload_is_sure_by_itself() -> None:
    base = World(n=50, rows=4, fail=0.02, sigma=0.2)
    rng = np.random.default_rng(4)
    (change,) = told(drawn(base, rng), drawn(replace(base, fail=0.1), rng))

    assert (change.kind, change.standing, change.workload) == ("failing", "certain", "")
    assert change.sentence.startswith("p0: fails more often: ")


def test_each_workload_is_told_in_place_of_all_where_it_is_sure() -> None:
    base = World(n=60, rows=2, sigma=0.1, fail=0.0)
    rng = np.random.default_rng(5)
    found = told(drawn(base, rng), drawn(replace(base, slower=1.5), rng))

    assert [each.workload for each in found] == ["w0", "w1"]


# ------------------------------------------------------------------------------- by rule
def test_the_shares_of_the_level_are_one_together() -> None:
    assert sum(SHARES.values()) == pytest.approx(1)


def test_a_small_change_is_none_however_sure() -> None:
    assert changes(compared("slower", 1.09, 1e-9)) == []
    assert [each.standing for each in changes(compared("slower", 1.1, 1e-9))] == ["certain"]


def test_what_moved_by_milliseconds_may_be_our_own() -> None:
    quick = compared("slower", 1.5, 1e-9)

    assert changes(replace(quick, base=estimate(0.03))) == []
    assert changes(replace(quick, base=estimate(0.05)))


def test_what_may_be_chance_is_suspected_and_what_may_well_be_is_not_said() -> None:
    (change,) = changes(compared("slower", 1.3, 0.03))

    assert change.standing == "suspected"
    assert change.p_adjusted == pytest.approx(0.03)
    assert change.sentence.endswith("; suspected")
    assert changes(compared("slower", 1.3, 0.2)) == []


def test_few_requests_need_more_to_be_certain_of_a_failure_rate() -> None:
    standings = [changes(compared("failing", 8, 0.01, n=n))[0].standing for n in (60, 200)]

    assert standings == ["suspected", "certain"]


def test_without_chance_any_move_past_the_threshold_is_certain() -> None:
    (change,) = changes(compared("dearer", 1.5, None))

    assert (change.standing, change.direction, change.p_adjusted) == ("certain", "worse", None)
    assert changes(compared("dearer", 1.005, None)) == []


@pytest.mark.parametrize(
    ("comparison", "words"),
    [
        (
            compared("slower", 0.8, 1 - 1e-9),
            "buble square-draft: faster: median time to pixels 0.80",
        ),
        (compared("dearer", 0.5, None), "buble square-draft: cheaper: an image costs 0.5 times"),
        (compared("failing", -8, 1 - 1e-9), "buble square-draft: fails less often: "),
        (compared("authenticity", 25, 1 - 1e-9), "buble: more images fresh: "),
        (compared("flaky", -30, 1 - 1e-9), "buble square-draft: broken less often: "),
    ],
)
def test_what_got_better_is_told_and_fails_nothing(comparison: Comparison, words: str) -> None:
    (change,) = changes(comparison)

    assert change.direction == "better"
    assert change.sentence.startswith(words)


def test_a_sentence_says_how_much_how_sure_and_from_when_on() -> None:
    slower = compared("slower", 1.21, 1e-9)
    slower = replace(slower, change=replace(slower.change, low=1.12, high=1.31))

    assert changes(slower)[0].sentence == (
        "buble square-draft: slower: median time to pixels 1.21 times as long (95 %: 1.12 to 1.31;"
        " 60 pairs), 0.75 s in place of 0.5 s; threshold 1.10"
    )
    assert changes(compared("failing", 25, 1e-9))[0].sentence == (
        "buble square-draft: fails more often: 45 of 60 in place of 30 of 60, +25.0 points (95 %:"
        " +25.0 to +25.0); threshold 4 points"
    )


def test_a_time_beyond_all_waiting_is_a_change() -> None:
    endless = compared("slower", 1, 1e-9)
    endless = replace(endless, change=replace(endless.change, value=None, low=None, high=None))

    assert moved(endless, Thresholds(), "worse")
    assert not moved(endless, Thresholds(), "better")
    assert "far longer" in changes(endless)[0].sentence


def test_fewer_images_that_are_fresh_are_the_worse() -> None:
    fewer = compared("authenticity", -50, 1e-9)

    assert [each.direction for each in changes(fewer)] == ["worse"]


@pytest.mark.parametrize(("own_s", "standing"), [(0.06, "certain"), (0.2, "suspected")])
def test_what_a_busy_machine_of_ours_may_have_taken_is_only_suspected(
    own_s: float, standing: str
) -> None:
    longer = replace(compared("slower", 1.3, 1e-9), own_s=own_s)  # by 0.15 s

    (change,) = changes(longer)
    assert change.standing == standing
    assert ("our own process woke up 0.2 s late" in change.sentence) == (standing == "suspected")
