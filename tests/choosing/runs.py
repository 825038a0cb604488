"""Benchmarks as a choice sees them, made of attempts that can be counted by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from harness.choosing.model import MeasuredRun
from harness.core.benchmark import Design, Slo, Stage
from harness.core.record import Provenance
from harness.core.workload import Workload
from harness.spec.workload.fit import fit
from harness.stats.benchmark.measure import of_observations
from harness.stats.benchmark.model import Attempt
from tests.report.benchmarks import observation
from tests.shipped import shipped_provider

SQUARE = Workload(name="square", operation="generate", size="1024x1024", quality="low")
STAGE = Stage(name="c4", blocks=100, concurrency=4)
MINUTE = Slo(quantile=0.95, seconds=60.0)


def attempts(  # noqa: PLR0913 - what a choice looks at
    provider: str,
    seconds: Sequence[float],
    *,
    failed: int = 0,
    emulated: bool = False,
    listed: str = "1",
    workload: Workload = SQUARE,
) -> list[Attempt]:
    """Attempts of one provider, a duration each; the first `failed` brought nothing usable."""
    unit = shipped_provider(provider).prices.unit
    return [
        replace(
            observation(provider, seconds=each),
            workload=workload.name,
            stage=STAGE.name,
            block=block,
            case=f"case-{block}",
            usable=block >= failed,
            emulated=emulated,
            basis="emulator" if emulated else "live",
            unit=unit,
            listed=Decimal(listed),
            phases={},
            completion=None,
            server_s={},
        )
        for block, each in enumerate(seconds)
    ]


def run(
    rows: Mapping[str, Sequence[Attempt]],
    *,
    name: str = "a-run",
    emulated: bool = False,
    workloads: Sequence[Workload] = (SQUARE,),
) -> MeasuredRun:
    """A benchmark of these attempts, by provider."""
    design = Design(
        seed=0,
        workloads=tuple(workloads),
        fits=tuple(
            fit(shipped_provider(provider), workload) for workload in workloads for provider in rows
        ),
        arrivals="closed",
        stages=(STAGE,),
    )
    made = Provenance(
        kind="emulator" if emulated else "live",
        source="emulator" if emulated else "https://images.example.org",
        date="2026-12-01",
        by="qa",
    )
    return MeasuredRun(
        name=name,
        day="2026-12-01",
        design=design,
        measured=of_observations([each for one in rows.values() for each in one], design=design),
        evidence=dict.fromkeys(rows, made),
    )
