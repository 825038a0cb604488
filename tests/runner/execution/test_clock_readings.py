import time
from dataclasses import replace

from harness.core.record import ClockReading
from harness.runner.execution.earlier import clock_readings
from harness.store.reader import StoredRun, joined
from tests.report import builders as b


def test_a_run_that_goes_on_keeps_what_its_clocks_showed_before() -> None:
    began = ClockReading(at_s=0.0, unix_s=1_000.0)
    past = replace(b.header(), clocks={"buble": (began,)})

    found = clock_readings(["buble", "openai"], past, at_s=90.0)

    assert found["buble"][0] == began
    assert [reading.at_s for reading in found["buble"]] == [0.0, 90.0]
    assert [reading.at_s for reading in found["openai"]] == [90.0]
    assert abs(found["openai"][0].unix_s - time.time()) < 60


def test_runs_side_by_side_have_their_own_clocks() -> None:
    first, second = (
        replace(b.header({name: b.LIVE}), clocks={name: (ClockReading(at_s=0.0, unix_s=unix_s),)})
        for name, unix_s in (("buble", 1_000.0), ("openai", 2_000.0))
    )

    header, _ = joined(
        [StoredRun(header=each, records=(), unfinished=()) for each in (first, second)]
    )

    assert {name: each[0].unix_s for name, each in header.clocks.items()} == {
        "buble": 1_000.0,
        "openai": 2_000.0,
    }
