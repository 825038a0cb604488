from typing import Any

import pytest

from harness.core.errors import UsageError
from harness.planning.benchmark_options import BenchmarkOptions, Measuring, measuring
from harness.planning.option_values import read_slo
from harness.runner.preflight import fresh_seed
from harness.spec.workload.workloads import shipped_workloads


def measured(concurrency: int | None = None, **asked: Any) -> Measuring:  # noqa: ANN401 - of several types
    found = measuring(BenchmarkOptions(**asked), only="benchmark", concurrency=concurrency)
    assert found is not None
    return found


def test_a_bare_benchmark_asks_the_default_set_in_eight_blocks_four_at_once() -> None:
    assert measured() == Measuring(workloads=shipped_workloads("default"), levels=(4,), blocks=8)


def test_a_run_for_conformance_measures_nothing() -> None:
    assert measuring(BenchmarkOptions(), only="conformance", concurrency=8) is None


def test_until_decided_there_may_be_sixty_blocks() -> None:
    assert measured(until_decided=True).blocks == 60
    assert measured(until_decided=True, blocks=10).blocks == 10


@pytest.mark.parametrize(
    ("asked", "arrivals", "levels"),
    [
        ({"concurrency": 16}, "closed", (16,)),
        ({"sweep": "1,2, 4"}, "closed", (1, 2, 4)),
        ({"ramp": "1:8"}, "closed", (1, 2, 4, 8)),
        ({"ramp": "3:10"}, "closed", (3, 6, 10)),
        ({"rates": ("2/s",)}, "constant", (2.0,)),
        ({"rates": ("30/min",)}, "constant", (0.5,)),
        ({"rates": ("36/h",)}, "constant", (0.01,)),
        ({"rates": ("0.25",), "arrivals": "poisson"}, "poisson", (0.25,)),
        ({"rates": ("1,2/s", "240/min")}, "constant", (1.0, 2.0, 4.0)),
        ({"sweep": "30/min,1/s", "arrivals": "constant"}, "constant", (0.5, 1.0)),
        ({"ramp": "0.5/s:90/min", "arrivals": "poisson"}, "poisson", (0.5, 1.0, 1.5)),
    ],
)
def test_the_load_is_a_level_for_each_stage(
    asked: dict[str, Any], arrivals: str, levels: tuple[float, ...]
) -> None:
    found = measured(**asked)

    assert (found.arrivals, found.levels) == (arrivals, levels)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"arrivals": "poisson"}, "--arrivals poisson needs a rate (give --rate"),
        (
            {"arrivals": "closed", "rates": ("2/s",)},
            "closed arrivals take a concurrency, not a rate",
        ),
        ({"arrivals": "constant", "concurrency": 4}, "leave --concurrency out"),
        ({"rates": ("2/s",), "concurrency": 4}, "--rate and --concurrency all set the load"),
        ({"sweep": "1,2", "ramp": "1:2"}, "--sweep and --ramp all set the load"),
        ({"sweep": ""}, "--sweep: '' is not a concurrency"),
        ({"sweep": "1,,2"}, "'' is not a concurrency"),
        ({"sweep": "0"}, "'0' is not a concurrency"),
        ({"sweep": "257"}, "'257' is not a concurrency (a whole number from 1 to 256"),
        ({"sweep": "2/s"}, "rates go with --arrivals constant"),
        ({"sweep": "2,2"}, "--sweep names a level twice"),
        ({"sweep": ",".join(map(str, range(1, 40)))}, "--sweep names 39 levels; 32 are the most"),
        ({"rates": ("1/s", "60/min")}, "--rate names a level twice"),
        ({"rates": ("0/s",)}, "'0/s' is not a rate (like 2/s, 30/min or 0.5)"),
        ({"rates": ("-1",)}, "'-1' is not a rate"),
        ({"rates": ("nan",)}, "'nan' is not a rate"),
        ({"rates": ("2/week",)}, "'2/week' is not a rate"),
        ({"rates": ("9999/s",)}, "'9999/s' is not a rate"),
        ({"ramp": "8"}, "--ramp 8: write FROM:TO"),
        ({"ramp": "8:1"}, "--ramp 8:1: TO is not above FROM"),
        ({"ramp": "a:8"}, "--ramp: 'a' is not a concurrency"),
        ({"workloads": ("nothing",)}, "--workload nothing: no such workload"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(asked: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as error:
        measured(**asked)

    assert told in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["p95", "p0<1s", "p100<1s", "p95<0s"])
def test_what_is_no_ceiling_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError) as error:
        read_slo(text)

    assert str(error.value).startswith(f"--slo {text}: not a ceiling (like 'p95<60s'")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "quantile", "seconds"),
    [
        ("p95<60s", 0.95, 60.0),
        ("p50<20", 0.5, 20.0),
        ("p99<2min", 0.99, 120.0),
        ("p99.9 < 500ms", 0.999, 0.5),
    ],
)
def test_a_ceiling_is_read(text: str, quantile: float, seconds: float) -> None:
    found = read_slo(text)

    assert found.quantile == pytest.approx(quantile)
    assert found.seconds == pytest.approx(seconds)


def test_what_is_for_a_benchmark_is_named_where_none_is_asked_for() -> None:
    given = BenchmarkOptions(workloads=("print",), warm_up=0, until_decided=True, rates=("1",))

    with pytest.raises(UsageError) as error:
        measuring(given, only="conformance")

    assert str(error.value) == (
        "--workload, --warm-up, --rate, --until-decided: for a benchmark only "
        "(add --only benchmark)"
    )


def test_only_a_live_benchmark_asks_what_no_earlier_one_has_asked() -> None:
    drawn = {fresh_seed(None, against="live", benchmark=True) for _ in range(20)}

    assert len(drawn) > 1
    assert fresh_seed(7, against="live", benchmark=True) == 7
    assert fresh_seed(None, against="live", benchmark=False) == 0
    assert fresh_seed(None, against="emulator", benchmark=True) == 0
