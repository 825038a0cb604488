"""The verb that asks again what two runs make suspect."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness.api.runs import report, run
from harness.comparing.asked_again.recheck import (
    Came,
    Findings,
    Whole,
    doubts_of,
    rechecked,
    unasked,
)
from harness.comparing.model import Baseline, Diff
from harness.core.digests import text_digest
from harness.core.errors import UsageError
from harness.core.jsonvalue import Amount
from harness.core.record import RunHeader
from harness.core.verdict import Finding
from harness.planning.benchmark_options import BenchmarkOptions
from harness.planning.conformance import limits_of
from harness.planning.doubts import RecheckPlan
from harness.planning.kept import with_kept
from harness.planning.options import Options, Planning
from harness.planning.ready import ReadyPlans
from harness.planning.recheck import measuring_of, recheck_plan
from harness.report.labels import finding_name
from harness.report.model import Report
from harness.report.tally import broken_promise
from harness.run_result import RunResult
from harness.runner.execution.provider_run import ProgressListener
from harness.spec.catalogue import Catalogue, catalogue_of
from harness.store.reader import read_run

SEEDS = 1_000_000
NO_FAULT = "none"
"""What is given for a fault to have the emulator without those of HEAD."""


def recheck(  # noqa: PLR0913 - two runs, and how one of them is asked again
    diff: Diff,
    base: Baseline,
    head: str | Path | RunResult,
    *,
    options: Options,
    watch: ProgressListener | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[Diff, RunResult | None]:
    """Ask again what would fail the build, and return the diff with what came of it, and the run.

    Only the questions behind those changes are asked, in other words and beside controls, within
    the limits of the `options`, into a run folder of its own: by an ordinary run, which
    `output.resume` goes on with. `head` is HEAD's run folder, or its result; the emulator has that
    one's faults and time scale unless the options name others (`none` for none). What was asked and
    not decided is suspected and fails no build, be it certain by the two runs alone; what could not
    be asked again counts as those have it: all of it where HEAD is a baseline's file, which keeps
    no requests. `Diff.recheck` says what it cost and saved. The run is None where nothing was sent.

    Raises UsageError where HEAD is a replay, or is asked again at another kind of endpoint; and as
    `run` does.

        recheck(diff, base, "reports/head", options=Options(limits=RunLimits(max_images=9)))
    """
    if not isinstance(head, RunResult) and not Path(head).is_dir():
        return unasked(diff, f"{head} is a baseline, which keeps no requests"), None
    past = head if isinstance(head, RunResult) else _judged(Path(head), options)
    options = _as_head(options, past.header)
    catalogue = _catalogue(options, past)
    found = _findings(past.report)
    doubts = doubts_of(diff, base, past.baseline, found)
    plan = recheck_plan(
        {name: catalogue.entry(name) for name in past.header.evidence},
        [record.shot for record in past.records if record.outcome is not None],
        promises=doubts.promises,
        samples=doubts.samples,
        limits={name: limits_of(options, name) for name in past.header.evidence},
        seed=_seed(options, past.header),
        design=past.header.benchmark.design if past.header.benchmark else None,
    )
    said = f"a recheck of {past.header.run} against {base.run}: {len(plan.asked)} changes in doubt"
    plan = replace(plan, notes=(said,))
    result = (
        run(_asking(options, plan), watch=watch, environment=environment) if plan.plans else None
    )
    came = Came(
        plan=plan,
        not_asked=doubts.not_asked,
        records=() if result is None else result.records,
        verdicts=() if result is None else result.report.verdicts,
        shown=None if result is None else result.baseline,
        findings=found,
    )
    after = rechecked(
        diff,
        base,
        came,
        run="" if result is None else str(result.folder),
        cost=_cost(None if result is None else result.report),
        whole=_cost(past.report),
    )
    return after, result


def _judged(head: Path, options: Options) -> RunResult:
    return replace(report(head, specs=options.target.specs), folder=head)


def _as_head(options: Options, header: RunHeader) -> Options:
    """Return the options with what HEAD was sent to, and as its emulator was started."""
    against = options.target.against
    if header.against not in ("emulator", "live"):
        raise UsageError(
            f"--confirm: {header.run} is against {header.against}, which cannot be asked again",
            hint="make HEAD with --against emulator or live, or leave --confirm out",
        )
    if against == "cassettes":
        against = "emulator" if header.against == "emulator" else "live"
    if against != header.against:
        raise UsageError(
            f"--confirm --against {against}: {header.run} is against {header.against}",
            hint=f"add --against {header.against}: only that shows whether it comes again",
        )
    emulator = options.emulator
    if against == "emulator":
        kept = with_kept(Options(), header.choices, owned=False).emulator
        faults = tuple(each for each in emulator.faults if each != NO_FAULT)
        emulator = replace(
            emulator,
            faults=faults if emulator.faults else kept.faults,
            time_scale=kept.time_scale if emulator.time_scale is None else emulator.time_scale,
        )
    concurrency = header.choices.get("concurrency") if header.benchmark is None else None
    limits = options.limits
    if limits.concurrency is None and isinstance(concurrency, int):
        limits = replace(limits, concurrency=concurrency)
    return replace(
        options,
        target=replace(options.target, against=against),
        emulator=emulator,
        limits=limits,
    )


def _catalogue(options: Options, past: RunResult) -> Catalogue:
    catalogue = catalogue_of(options.target.specs)
    return catalogue.with_copies(read_run(past.folder).specs) if past.folder else catalogue


def _seed(options: Options, header: RunHeader) -> int:
    """Return a new seed, for no live run is to pay for the words of an earlier one again.

    A run that goes on has that which it began with.
    """
    if options.output.resume is not None:
        return read_run(options.output.resume).header.seed
    if header.against == "live":
        return secrets.randbelow(SEEDS)
    return int(text_digest(header.run), 16) % SEEDS


def _asking(options: Options, plan: RecheckPlan) -> Options:
    """Return the options of the run that asks again."""
    measured = plan.benchmark is not None
    resumed = options.output.resume is not None
    return replace(
        options,
        target=replace(options.target, providers=tuple(plan.plans), operations=()),
        planning=Planning(),
        benchmark=BenchmarkOptions(calibrate=not measured),  # ratios need no error of our own
        measuring=measuring_of(plan.benchmark.design) if plan.benchmark and not resumed else None,
        limits=options.limits if measured else replace(options.limits, max_shrink=0),
        ready=ReadyPlans(
            plans=plan.plans, benchmark=plan.benchmark, notes=plan.notes, follows_up=False
        ),
    )


def _findings(told: Report) -> Findings:
    found: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in (shown.finding for shown in told.all_findings):
        promise = broken_promise(finding) or finding_name(finding)
        found.setdefault((finding.provider, finding.operation, promise), []).append(finding)
    return found


def _cost(told: Report | None) -> Whole:
    """Return what a run came to; what may still be paid for counts as paid."""
    spent: dict[str, Amount] = {}
    costs = [summary.cost for summary in told.providers] if told is not None else []
    for each in costs:
        spent[each.unit] = spent.get(each.unit, Amount(0)) + each.amount + each.unsettled_amount
    return Whole(
        requests=sum(each.cases for each in costs),
        images=sum(each.images_paid + each.unsettled for each in costs),
        spent=spent,
    )
