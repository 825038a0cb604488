"""Sends what the selected tests need, once, by ordinary runs; then each test asks how it ended."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.api.ahead import Ahead, ahead
from harness.api.runs import run
from harness.core.case import Plan
from harness.core.errors import HarnessError
from harness.planning.options import Options
from harness.planning.ready import ReadyPlans
from harness.pytest_plugin.conformance.selection import Failed, selected_plan
from harness.pytest_plugin.promises.grouping import outcomes, planned_tests, tests_of_result
from harness.pytest_plugin.promises.promise_tests import PromiseTest, TestOutcome
from harness.run_result import RunResult
from harness.runner.execution.provider_run import ProgressListener

SELECTED = "the requests of the tests that were selected in a session of pytest"


FAILING = ("failed", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a session may send, and the tests of it; any process may send a part.

    The options hold no key.
    """

    options: Options
    plans: Mapping[str, Plan]
    tests: tuple[PromiseTest, ...]

    @classmethod
    def of(cls, prepared: Ahead) -> "Work":
        """Return the tests of what a run would send."""
        return cls(
            options=prepared.options,
            plans=prepared.plans,
            tests=tuple(
                test
                for name, plan in prepared.plans.items()
                for test in planned_tests(plan, prepared.providers[name])
            ),
        )


def prepared(options: Options, note: list[str]) -> tuple[Work, Ahead]:
    """Return what these options would send; nothing is sent. `note` takes what is to be read."""
    found = ahead(options, note=note.append)
    return Work.of(found), found


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a run came to: the outcome of each test, and the cases that failing ones failed by.

    `others` are tests of what was found that the plan has none for, and that do not pass: a known
    deviation that is none any more. `broken` are ids of planned tests that were not selected and
    fail, for what others needed showed it.
    """

    folder: Path
    exit_code: int
    why: str
    interrupted: bool
    outcomes: Mapping[str, TestOutcome]
    failed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    others: tuple[PromiseTest, ...] = ()
    broken: tuple[str, ...] = ()


def send(
    work: Work,
    selected: Collection[str],
    *,
    failed: Failed,
    watch: ProgressListener,
    out: Path | None = None,
) -> Sent:
    """Send what the selected tests need as an ordinary run, and judge it once.

    What is to be sent again of `failed` tests is what they failed by. `out` is the run folder
    unless the options name one. Raises as `harness.api.run` does.
    """
    options = work.options
    if options.output.resume is None:
        options = _with_plans(work, selected, failed)
        if out is not None:
            options = replace(options, output=replace(options.output, out=out))
    result = run(options, watch=watch)
    told = outcomes(work.tests, result)
    known = {test.id for test in work.tests}
    tests = [test for test in work.tests if test.id in selected]
    failing = {name for name, outcome in told.items() if outcome.ending in FAILING}
    found = {name for name, outcome in told.items() if outcome.ending in (*FAILING, "xfailed")}
    others = () if found <= known else tests_of_result(result)
    return Sent(
        folder=result.folder or Path(),
        exit_code=result.exit_code,
        why=result.why,
        interrupted=result.header.interrupted,
        outcomes=told,
        failed=_failed_by(tests, told, result),
        others=tuple(test for test in others if test.id in found - known),
        broken=tuple(sorted((failing & known) - {*selected})),
    )


def unsent(error: HarnessError, opened: Sequence[Path]) -> Sent:
    """Return what a run came to that could not be made: each of its tests is an error of ours."""
    return Sent(
        folder=opened[0] if opened else Path(),
        exit_code=error.exit_code,
        why=str(error),
        interrupted=False,
        outcomes={},
    )


def _with_plans(work: Work, selected: Collection[str], failed: Failed) -> Options:
    """Return the options of the run that sends only what the tests need."""
    plans = {
        name: selected_plan(plan, work.tests, selected, failed) for name, plan in work.plans.items()
    }
    plans = {name: plan for name, plan in plans.items() if plan.shots}
    whole = all(work.plans[name] is plan for name, plan in plans.items())
    planned = sum(len(plan.shots) for plan in work.plans.values())
    number = sum(len(plan.shots) for plan in plans.values())
    note = () if whole else (f"{SELECTED}: {number} of {planned} that were planned",)
    options = work.options
    planning = options.planning if whole else replace(options.planning, explore=0)
    return replace(
        options,
        target=replace(options.target, providers=tuple(plans)),
        planning=planning,
        ready=ReadyPlans(plans=plans, notes=note),
    )


def _failed_by(
    tests: Sequence[PromiseTest], told: Mapping[str, TestOutcome], result: RunResult
) -> dict[str, tuple[str, ...]]:
    """Return of each test that failed the cases of its own that a check failed."""
    broken = {
        (verdict.provider, verdict.case)
        for verdict in result.report.verdicts
        if verdict.status == "fail"
    }
    cases = {
        test.id: tuple(name for name in test.cases if (test.provider, name) in broken)
        for test in tests
        if test.id in told and told[test.id].ending == "failed"
    }
    return {name: theirs for name, theirs in cases.items() if theirs}
