from dataclasses import replace
from typing import get_args

import pytest

from harness.core.benchmark import Benchmark, Calibration, OwnWaits, Stage, Watched
from harness.report.benchmark.cautions import CautionKind, cautions, nearest_workloads
from harness.stats.benchmark.model import Measured
from tests.report import benchmarks as bm

DESIGN = bm.design((bm.SQUARE,))
FINE = bm.benchmark(DESIGN)
SOLID = replace(
    bm.measured(DESIGN),
    speeds=tuple(
        replace(one, p95=bm.estimate(60.0, 50.0, 70.0), p99=bm.estimate(70.0, 60.0, 80.0))
        for one in bm.measured(DESIGN).speeds
    ),
)


def _kinds(benchmark: Benchmark = FINE, measured: Measured = SOLID) -> list[str]:
    return [one.kind for one in cautions(benchmark, measured)]


def _watched(**seen: float) -> Benchmark:
    return replace(FINE, watched=(bm.WATCHED, replace(bm.WATCHED, **seen)))  # type: ignore[arg-type]  # all of its fields are numbers


def test_a_sound_measurement_has_no_caution() -> None:
    assert _kinds() == []


@pytest.mark.parametrize(
    ("benchmark", "kind"),
    [
        (replace(FINE, calibrations=()), "calibration_failed"),
        (
            replace(FINE, calibrations=(replace(bm.CALIBRATION, p50_s=None, failed="refused"),)),
            "calibration_failed",
        ),
        (replace(FINE, calibrations=(replace(bm.CALIBRATION, p50_s=0.1),)), "overhead"),
        (replace(FINE, calibrations=(replace(bm.CALIBRATION, p99_s=0.61),)), "overhead"),
        (_watched(lag_p99_s=0.1), "event_loop_lag"),
        (_watched(lag_max_s=1.5), "event_loop_lag"),
        (_watched(cpu_share=0.97), "cpu_saturated"),
        (_watched(own_cpu_share=0.95), "cpu_saturated"),
        (_watched(memory_left_share=0.02), "memory_short"),
        (_watched(clock_step_s=-0.5), "clock_stepped"),
    ],
)
def test_what_is_wrong_with_the_measurement_is_said_alone(benchmark: Benchmark, kind: str) -> None:
    (found,) = cautions(benchmark, SOLID)

    assert found.kind == kind
    assert found.kind in get_args(CautionKind)
    assert found.text.endswith(".")
    assert found.remedy.endswith(".")


@pytest.mark.parametrize(
    "benchmark",
    [
        _watched(lag_p99_s=0.09, lag_max_s=0.9),
        _watched(cpu_share=0.94, own_cpu_share=0.85),
        _watched(memory_left_share=0.06),
        _watched(clock_step_s=0.1),
        replace(FINE, watched=(replace(bm.WATCHED, cpu_share=None, memory_left_share=None),)),
        replace(FINE, watched=()),
    ],
)
def test_what_shifts_no_figure_is_not_said(benchmark: Benchmark) -> None:
    assert _kinds(benchmark) == []


def test_lag_is_held_against_the_smallest_measured_median() -> None:
    lagging = _watched(lag_p99_s=0.05)
    fast = replace(SOLID.speeds[0], median=bm.estimate(0.5, 0.4, 0.6), p95=bm.estimate(9.0, 8.0))

    assert _kinds(lagging) == []
    assert _kinds(lagging, replace(SOLID, speeds=(*SOLID.speeds, fast))) == ["event_loop_lag"]


def test_late_starts_count_where_more_than_one_in_a_hundred_is_late() -> None:
    late, punctual = bm.observation(late_s=2.0), bm.observation(late_s=0.09)
    rare = replace(SOLID, observations=(late, *[punctual] * 99))
    often = replace(SOLID, observations=(late, late, *[punctual] * 98))
    warming = replace(SOLID, observations=(replace(late, warm_up=True), punctual))

    assert _kinds(measured=rare) == []
    assert _kinds(measured=often) == ["late_starts"]
    assert "2 of 100 requests" in cautions(FINE, often)[0].text
    assert _kinds(measured=warming) == []


def test_too_few_samples_name_the_quantiles_and_how_many_rows() -> None:
    (found,) = cautions(FINE, bm.measured(DESIGN))

    assert found.kind == "too_few_samples"
    assert "of 5 rows below, the p95 in 4, the p99 in 5 of them" in found.text
    assert "a median needs 6, a p95 59, a p99 299" in found.text


def test_an_error_is_held_against_the_calibration_most_like_the_row() -> None:
    small = replace(bm.CALIBRATION, body_bytes=2_000)
    large = replace(bm.CALIBRATION, body_bytes=25_000_000)
    busy = replace(bm.CALIBRATION, concurrency=64)
    benchmark = replace(FINE, calibrations=(small, large, busy, bm.CALIBRATION))

    assert nearest_workloads(benchmark, SOLID.speeds[0]) == bm.CALIBRATION


def test_a_timetable_has_no_concurrency_to_compare_with() -> None:
    stage = Stage(name=bm.STAGE.name, blocks=8, rate_per_s=0.5)
    benchmark = replace(FINE, design=replace(DESIGN, stages=(stage,)))

    assert nearest_workloads(benchmark, SOLID.speeds[0]) == bm.CALIBRATION


def test_what_held_requests_back_on_our_machine_is_said_once_with_what_to_do() -> None:
    waits = OwnWaits(decoders=2, replies=80, decoder_full=64, decoder_s=41.0, decoder_longest_s=7.5)
    busy = replace(bm.WATCHED, waits=waits)
    benchmark = replace(FINE, watched=(bm.WATCHED, busy, busy))

    (caution,) = cautions(benchmark, SOLID)

    assert caution.kind == "decoder_queue"
    assert "64 of 80 replies found all decoders (2) busy and waited up to 7.5 s" in caution.text
    assert "--decoders 4" in caution.remedy


@pytest.mark.parametrize(
    ("waits", "kinds"),
    [
        (OwnWaits(decoders=1), []),
        (OwnWaits(decoders=1, replies=100, decoder_s=20.0, decoder_longest_s=2.0), []),
        (OwnWaits(decoders=1, journal_lines=10, journal_s=4.0), ["slow_journal"]),
        (OwnWaits(decoders=1, journal_lines=10, journal_longest_s=3.0), ["slow_journal"]),
        (OwnWaits(decoders=1, paused_s=3.0), ["slow_disk"]),
    ],
)
def test_waits_that_hold_nothing_up_are_not_told(waits: OwnWaits, kinds: list[str]) -> None:
    benchmark = replace(FINE, watched=(replace(bm.WATCHED, waits=waits),))

    assert _kinds(benchmark, SOLID) == kinds


def test_nothing_measured_has_nothing_to_say_of_its_figures() -> None:
    none = Measured(
        observations=(),
        speeds=(),
        reliability=(),
        spend=(),
        comparisons=(),
        rankings=(),
        saved=(),
    )
    idle = Watched(seconds=0.0, lag_p99_s=0.0, lag_max_s=0.0, own_cpu_share=0.0)
    failed = Calibration(concurrency=4, body_bytes=1, n=0, failed="no such address")

    assert _kinds(replace(FINE, watched=(idle,)), none) == []
    assert _kinds(replace(FINE, calibrations=(failed, bm.CALIBRATION)), none) == [
        "calibration_failed"
    ]
