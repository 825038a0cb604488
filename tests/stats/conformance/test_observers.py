from collections.abc import Mapping, Sequence

import pytest

from harness.core.record import Record
from harness.spec.provider import Provider
from harness.stats.conformance.behaviour import Behaviour
from harness.stats.conformance.observers import OBSERVERS, behaviours
from tests.shipped import shipped_provider
from tests.stats.conformance.test_slow_sizes import LARGE, SMALL, many

SHOP = {"sub2api": shipped_provider("sub2api")}
RECORDS = [*many(1.0, SMALL, 8), *many(9.0, LARGE, 8)]


def crashing(_: Sequence[Record], providers: Mapping[str, Provider]) -> tuple[Behaviour, ...]:
    raise TypeError(f"cannot use a list as a key, at {len(providers)} provider")


def test_an_observer_that_crashes_costs_its_own_rows_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rows = tuple(behaviours(RECORDS, SHOP, observers=(crashing, *OBSERVERS)))

    assert rows == tuple(behaviours(RECORDS, SHOP))
    assert [row.kind for row in rows] == ["slow_above_size"]
    assert "crashing crashed; the report lacks what it observes" in caplog.text
