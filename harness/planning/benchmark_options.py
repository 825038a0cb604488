"""What a benchmark measures: as it is typed, and exactly."""

from dataclasses import dataclass, field

from harness.core.benchmark import Arrivals, Purchase, Slo
from harness.core.errors import UsageError
from harness.core.rate import Rate
from harness.core.workload import Workload
from harness.planning.flags import given, option
from harness.planning.option_values import (
    read_doubling_levels,
    read_exchange_rates,
    read_levels,
    read_slo,
)
from harness.spec.workload.workloads import select_purchase, select_workloads

CONCURRENCY = 4
"""Requests under way at once at each provider, where nothing else sets the load."""

BLOCKS = 8
BLOCKS_UNTIL_DECIDED = 60
"""Blocks of each stage; with `until_decided` a bound, which only near equals reach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkOptions:
    """What a benchmark measures, as it is typed; `measuring` makes it exact.

    `rates`, `sweep` and `ramp` set the load in one way each. `timeout` is in seconds.
    """

    workloads: tuple[str, ...] = option(
        "--workload",
        "A shipped set or workload, or a TOML file (repeatable) [default].",
        default=(),
        metavar="NAME|FILE[:WORKLOAD]",
    )
    blocks: int | None = option(
        "--blocks",
        f"Blocks of each stage [{BLOCKS}; {BLOCKS_UNTIL_DECIDED} at most with --until-decided].",
        default=None,
        least=1,
        most=10_000,
    )
    warm_up: int | None = option(
        "--warm-up",
        "Blocks at the start that are paid for and count in no figure [0].",
        default=None,
        least=0,
        most=10_000,
    )
    arrivals: Arrivals | None = option(
        "--arrivals",
        "Keep a number of requests under way (closed), or send by a timetable [closed; "
        "constant with --rate].",
        default=None,
    )
    rates: tuple[str, ...] = option(
        "--rate",
        "Requests per time at each provider, like 2/s or 30/min; several make a sweep.",
        default=(),
        metavar="RATE,...",
    )
    sweep: str | None = option(
        "--sweep",
        "A stage for each of these concurrencies (or rates), like 1,2,4,8.",
        default=None,
        metavar="LEVEL,...",
    )
    ramp: str | None = option(
        "--ramp",
        "A sweep that doubles from the first to the last, like 1:16.",
        default=None,
        metavar="FROM:TO",
    )
    until_decided: bool = option(
        "--until-decided", "Stop each comparison as soon as it is decided.", default=False
    )
    slo: Slo | None = option(
        "--slo",
        "A ceiling on time to pixels, like 'p95<60s'.",
        default=None,
        metavar="pQ<TIME",
        read=read_slo,
    )
    timeout: float | None = option(
        "--timeout",
        "How long to wait for a request [each provider's own time].",
        default=None,
        metavar="SECONDS",
        least=0,
        above=True,
        most=86_400,
    )
    reference: str | None = option(
        "--reference",
        "Compare each other provider's time, price and images with this one's.",
        default=None,
        metavar="NAME",
    )
    exchange_rates: dict[str, Rate] = option(
        "--exchange-rate",
        "What one unit of a provider's price is worth in US dollars, of a day (repeatable).",
        default={},
        metavar="NAME=USD[@DAY]",
        repeatable=True,
        read=read_exchange_rates,
    )
    calibrate: bool = option(
        "--calibrate/--no-calibrate",
        "Measure our own error first, for some seconds [yes].",
        default=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """What a benchmark is to measure.

    `levels` are the loads on each provider, one stage of `blocks` blocks each: requests under way
    at once for closed arrivals, requests per second for open ones. The first `warm_up` blocks of
    each stage come on top, and count in no figure.
    """

    workloads: tuple[Workload, ...]
    arrivals: Arrivals = "closed"
    levels: tuple[float, ...] = (4,)
    blocks: int = 8
    warm_up: int = 0
    until_decided: bool = False
    slo: Slo | None = None
    timeout_s: float | None = None
    reference: str | None = None
    exchange_rates: dict[str, Rate] = field(default_factory=dict)
    purchase: Purchase | None = None


def measuring(
    benchmark: BenchmarkOptions, *, only: str, concurrency: int | None = None
) -> Measuring | None:
    """Return what is to be measured; None for a run that asks for conformance.

    Raises UsageError for options that cannot be read, contradict each other, or need a benchmark.
    """
    if only != "benchmark":
        if flags := given(benchmark):
            raise UsageError(
                f"{', '.join(flags)}: for a benchmark only", hint="add --only benchmark"
            )
        return None
    arrivals = _arrivals(benchmark)
    blocks = BLOCKS_UNTIL_DECIDED if benchmark.until_decided else BLOCKS
    return Measuring(
        workloads=select_workloads(benchmark.workloads),
        arrivals=arrivals,
        levels=_levels(benchmark, arrivals, concurrency),
        blocks=benchmark.blocks or blocks,
        warm_up=benchmark.warm_up or 0,
        until_decided=benchmark.until_decided,
        slo=benchmark.slo,
        timeout_s=benchmark.timeout,
        reference=benchmark.reference,
        exchange_rates=benchmark.exchange_rates,
        purchase=select_purchase(benchmark.workloads),
    )


def _arrivals(benchmark: BenchmarkOptions) -> Arrivals:
    arrivals = benchmark.arrivals or ("constant" if benchmark.rates else "closed")
    if arrivals == "closed" and benchmark.rates:
        raise UsageError(
            "--rate: closed arrivals take a concurrency, not a rate",
            hint="say --arrivals constant or poisson, or leave --rate out",
        )
    return arrivals


def _levels(
    benchmark: BenchmarkOptions, arrivals: Arrivals, concurrency: int | None
) -> tuple[float, ...]:
    """Return the loads, one for each stage; they are set in one way only."""
    rates, sweep, ramp = benchmark.rates, benchmark.sweep, benchmark.ramp
    ways = {"--rate": rates or None, "--sweep": sweep, "--ramp": ramp, "--concurrency": concurrency}
    used = [name for name, load in ways.items() if load is not None]
    if len(used) > 1:
        raise UsageError(f"{' and '.join(used)} all set the load", hint="keep one of them")
    closed = arrivals == "closed"
    if not closed and (not used or "--concurrency" in used):
        raise UsageError(
            f"--arrivals {arrivals} needs a rate",
            hint="give --rate, like 2/s or 30/min"
            + (", and leave --concurrency out" if used else ""),
        )
    if ramp is not None:
        return tuple(read_doubling_levels("--ramp", ramp, closed=closed))
    if sweep is not None or rates:
        texts = rates or (sweep or "",)
        return read_levels(used[0], texts, closed=closed)
    return (concurrency or CONCURRENCY,)
