"""A run's records to the benchmark that its report shows."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from harness.checks.check import CHECKS
from harness.core.benchmark import Design
from harness.core.case import Price
from harness.core.record import Record
from harness.core.run import RunHeader
from harness.core.verdict import Verdict
from harness.report.benchmark.answers import Benchmarked, benchmarked
from harness.spec.provider import Provider
from harness.stats.benchmark.measure import measure


def of_run(
    header: RunHeader,
    records: Sequence[Record],
    verdicts: Sequence[Verdict],
    providers: Mapping[str, Provider],
) -> Benchmarked | None:
    """Return what a run measured; None where it is no benchmark."""
    if header.benchmark is None:
        return None
    decisive = {name for name, check in CHECKS.items() if check.usability}
    failed = {
        (verdict.provider, verdict.case)
        for verdict in verdicts
        if verdict.status == "fail" and verdict.check in decisive
    }
    cases = {(record.shot.case.provider, record.shot.case.id) for record in records}
    design = header.benchmark.design
    measured = measure(
        records,
        providers=providers,
        design=design,
        usable={case: case not in failed for case in cases},
        designed=designed(design) if design.until_decided else None,
    )
    taped = frozenset(
        record.shot.case.provider for record in records if record.evidence.kind == "recorded"
    )
    return benchmarked(header.benchmark, measured, recorded=taped)


def designed(design: Design) -> dict[str, Price]:
    """Return what the whole design costs at each provider by its price list, warm-up included."""
    weights = {workload.name: workload.weight for workload in design.workloads}
    blocks = sum(design.warm_up + stage.blocks for stage in design.stages)
    found: dict[str, Price] = {}
    for fit in design.fits:
        if fit.price is None:
            continue
        times = blocks * weights[fit.workload]
        before = found.get(fit.provider)
        found[fit.provider] = Price(
            amount=fit.price.amount * times + (before.amount if before else Decimal(0)),
            unit=fit.price.unit,
            images=fit.price.images * times + (before.images if before else 0),
        )
    return found
