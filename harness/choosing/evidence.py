"""What runs measured of a provider at a workload, whatever the workload was called there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from harness.choosing.model import MeasuredRun, RunEvidence
from harness.core.benchmark import Slo
from harness.core.jsonvalue import Json
from harness.core.record import Provenance
from harness.core.workload import Fit, Workload
from harness.stats.benchmark.model import Speed, Spend
from harness.stats.benchmark.observed import attempts_of
from harness.stats.benchmark.tallies import RowTally
from harness.stats.intervals import proportion_estimate


def same_work(workload: Workload, other: Workload) -> bool:
    """Tell whether two workloads ask for the same, whatever they are called and weigh."""
    return replace(workload, name="", weight=1) == replace(other, name="", weight=1)


def names_in(run: MeasuredRun, workload: Workload) -> frozenset[str]:
    """Return under which names a run measured a workload."""
    return frozenset(each.name for each in run.design.workloads if same_work(each, workload))


def as_today(run: MeasuredRun, fit: Fit, workload: Workload) -> bool:
    """Tell whether a run asked a provider for a workload as its documents have it today."""
    asked = [_asked(each) for each in _fits(run, fit.provider, workload)]
    return bool(asked) and all(each == _asked(fit) for each in asked)


def _asked(fit: Fit) -> tuple[str, dict[str, Json]]:
    return fit.kind, fit.arguments


def _fits(run: MeasuredRun, provider: str, workload: Workload) -> Iterator[Fit]:
    names = names_in(run, workload)
    return (
        each for each in run.design.fits if each.provider == provider and each.workload in names
    )


def evidence(
    runs: Sequence[MeasuredRun], fit: Fit, workload: Workload, slo: Slo | None
) -> tuple[RunEvidence, ...]:
    """Return what each run saw of a provider at a workload, in the order of the runs."""
    return tuple(
        _row(run, speed, slo)
        for run in runs
        if as_today(run, fit, workload)
        for speed in run.measured.speeds
        if speed.provider == fit.provider and speed.workload in names_in(run, workload)
    )


def spends(
    runs: Sequence[MeasuredRun], fit: Fit, workload: Workload
) -> list[tuple[MeasuredRun, Spend]]:
    """Return what each run paid a real provider for a workload."""
    return [
        (run, spend)
        for run in runs
        if as_today(run, fit, workload)
        for spend in run.measured.spend
        if spend.provider == fit.provider
        and spend.workload in names_in(run, workload)
        and not spend.emulated
    ]


def _row(run: MeasuredRun, speed: Speed, slo: Slo | None) -> RunEvidence:
    tally, ended, unusable = RowTally(slo), 0, 0
    for each in attempts_of(run.measured.observations, speed):
        tally.add(each)
        if each.end != "cut_off":
            ended += 1
            unusable += not each.usable
    judged = tally.reliability() if tally.sent else None
    known, paid = run.evidence.get(speed.provider), _paid(run, speed)
    return RunEvidence(
        run=run.name,
        day=_day(run, known),
        kind=known.kind if known else "live",
        emulated=speed.emulated,
        basis=speed.basis,
        stage=speed.stage,
        fit=speed.fit,
        n=ended,
        median=speed.median,
        p95=speed.p95,
        failure=proportion_estimate(unusable, ended),
        within=judged.within if judged else None,
        slo=judged.slo if judged else None,
        per_image=paid.per_image if paid else None,
        unit=paid.unit if paid else "",
    )


def _paid(run: MeasuredRun, speed: Speed) -> Spend | None:
    """Return what a run spent at a provider for a workload, at all of its loads."""
    row = (speed.provider, speed.basis, speed.workload)
    rows = (
        each for each in run.measured.spend if (each.provider, each.basis, each.workload) == row
    )
    return next(rows, None)


def _day(run: MeasuredRun, known: Provenance | None) -> str:
    """Return the day of the replies: a recording's own, else that of the run."""
    return known.date[:10] if known is not None and known.kind == "recorded" else run.day


Faster = Mapping[tuple[str, str], bool]
"""By two providers, whether the first is faster at every workload that tells the two apart."""


def faster(runs: Sequence[MeasuredRun], workloads: Sequence[Workload]) -> Faster:
    """Return who is faster than whom by the pair tests of the runs, at all workloads.

    Where one workload, or one run, has it the other way round or undecided, nobody is.
    """
    words: dict[tuple[str, str], set[str]] = {}
    for run in runs:
        names = {name for workload in workloads for name in names_in(run, workload)}
        for pair in run.measured.comparisons:
            if pair.workload in names:
                words.setdefault((pair.first, pair.second), set()).add(pair.word)
                turned = {"first": "second", "second": "first"}.get(pair.word, pair.word)
                words.setdefault((pair.second, pair.first), set()).add(turned)
    return {two: said == {"first"} for two, said in words.items()}
