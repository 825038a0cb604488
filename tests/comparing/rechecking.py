"""Two runs of one provider at a running emulator, and the changes between them, made by hand."""

from collections.abc import Sequence
from pathlib import Path

from harness import Options, Output, RunLimits, Target, api
from harness.comparing.model import Baseline, Change, Diff, Side, Thresholds
from harness.run_result import RunResult
from tests.runner.processes import KEYS, Emulator

NAME = "nanobanana"


def target(emulated: Emulator, *operations: str) -> Target:
    return Target(
        against="live",
        providers=(NAME,),
        operations=operations,
        base_urls={NAME: emulated.urls[NAME]},
        allow_private=True,
    )


def run_of(emulated: Emulator, out: Path, *faults: str) -> RunResult:
    """Test conformance, with these faults."""
    emulated.switch(NAME, *faults)
    options = Options(
        target=target(emulated, "generate"),
        limits=RunLimits(max_images=8, max_requests=60),
        output=Output(out=out),
    )
    return api.run(options, environment=KEYS)


def asked(emulated: Emulator, out: Path, **limits: int) -> Options:
    """Return the options of a recheck there."""
    return Options(
        target=target(emulated),
        limits=RunLimits(**{"max_images": 20, **limits}),  # type: ignore[arg-type]
        output=Output(out=out),
    )


def broken(base: Baseline, head: Baseline) -> tuple[Change, ...]:
    """Return a change for each promise that the first kept and the second did not."""
    kept = {
        (each.operation, each.promise)
        for each in base.promises
        if each.state in ("held", "not tried")
    }
    return tuple(
        Change(
            kind="broken",
            direction="worse",
            standing="certain",
            provider=each.provider,
            operation=each.operation,
            promise=each.promise,
            check=", ".join(each.checks),
            sentence=f"{each.promise} is newly broken",
        )
        for each in head.promises
        if each.state in ("broken", "flaky", "unconfirmed")
        and ((each.operation, each.promise) in kept or each.kind == "combination")
    )


def diff_of(base: Baseline, head: Baseline, changes: Sequence[Change]) -> Diff:
    return Diff(
        base=_side(base),
        head=_side(head),
        changes=tuple(changes),
        comparisons=(),
        not_compared=(),
        fail_on=("broken", "slower", "failing", "flaky"),
        thresholds=Thresholds(),
    )


def _side(run: Baseline) -> Side:
    return Side(
        source=run.run,
        run=run.run,
        created=run.created,
        harness=run.harness,
        against=run.against,
        evidence=run.evidence,
    )
