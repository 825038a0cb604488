import pickle
from dataclasses import replace
from random import Random

import pytest

from harness.stats.benchmark.measure import of_observations
from harness.stats.benchmark.model import Attempt
from harness.stats.benchmark.observed import Observed, Row, attempts_of, row_of
from tests.benchmarks.worlds import attempt
from tests.stats.benchmark.test_measure import design


def many(number: int = 100) -> list[Attempt]:
    """Attempts of two providers in their order; of every three two begin at one time."""
    return [
        attempt(name, block, 10.0 + block % 7, start_s=float(block // 3 * 3 + block % 3 // 2))
        for name in ("a", "b")
        for block in range(number)
    ]


def observed(attempts: list[Attempt]) -> Observed:
    return Observed(attempts, lambda row: (ord(row.provider),))


def test_attempts_stand_row_by_row_by_time_and_equal_ones_by_case() -> None:
    seen = many()
    mixed = Random(3).sample(seen, len(seen))
    found = observed(mixed)

    assert [*found] == seen
    assert found == observed(seen)
    assert found != observed(seen[1:])
    assert [found[at] for at in (0, 99, 100, -1)] == [seen[at] for at in (0, 99, 100, -1)]
    assert found[98:103] == seen[98:103]
    assert found.rows == (row_of(seen[0]), row_of(seen[-1]))


@pytest.mark.parametrize("place", [-201, 200, 1_000])
def test_a_place_beyond_the_end_is_none(place: int) -> None:
    with pytest.raises(IndexError):
        observed(many())[place]


def test_a_row_is_read_alone_and_another_one_is_empty() -> None:
    seen = many()
    found = observed(seen)

    assert [*found.of(row_of(seen[-1]))] == seen[100:]
    assert [*found.of(Row("w", "c4", "nobody", "simulated", ""))] == []
    assert (len(observed([])), [*observed([])]) == (0, [])


def test_they_are_pickled_as_what_they_are() -> None:
    found = pickle.loads(pickle.dumps(observed(many(5))))  # noqa: S301 - our own

    assert found == tuple(many(5))


def test_a_figure_names_its_attempts_wherever_they_are_held() -> None:
    seen = [
        *many(40),
        replace(many(1)[0], warm_up=True),
        *(replace(one, vantage="ap") for one in many(3)),
    ]
    measured = of_observations(seen, design=design("a", "b"))
    pooled, (nowhere, ap) = measured.speeds[0], measured.by_vantage

    for held in (measured.observations, tuple(measured.observations)):
        assert len([*attempts_of(held, pooled)]) == pooled.n == 43
        assert len([*attempts_of(held, ap.speeds[0])]) == ap.speeds[0].n == 3
    assert nowhere.speeds[0].n == 40
