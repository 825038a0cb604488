"""Whether a run can be the slice that its options ask for; a run that goes on stays what it was."""

from dataclasses import replace

from harness.core.errors import UsageError
from harness.core.record import RunHeader
from harness.core.slicing import Slice
from harness.planning.benchmark_options import Measuring
from harness.planning.options import Distribution, Options
from harness.planning.slicing import refuse_thin_stage, sliced_concurrency
from harness.runner.start import refuse_far_start


def refuse_merged(past: RunHeader) -> None:
    """Raise UsageError where a merged run is to go on: its slices do, each by itself."""
    if past.parts:
        runs = ", ".join(part.run for part in past.parts)
        raise UsageError(
            f"{past.run} is merged of {runs}: nothing can be added to it",
            hint="resume its slices, then merge them again",
        )


def distribution_of(asked: Distribution, past: RunHeader) -> Distribution:
    """Return the part that a run which goes on sends: that with which it began.

    Raises UsageError where another one, or another vantage point, is asked for.
    """
    if asked.slice is not None and asked.slice != past.slice:
        was = f"slice {past.slice}" if past.slice else "no slice: it sends its whole plan"
        raise UsageError(f"--slice {asked.slice}: {past.run} is {was}", hint="leave --slice out")
    if asked.vantage and asked.vantage != past.vantage:
        was = f"began at {past.vantage}" if past.vantage else "began without a vantage point"
        raise UsageError(f"--vantage {asked.vantage}: {past.run} {was}", hint="leave --vantage out")
    return replace(asked, slice=past.slice, vantage=past.vantage)


def refuse_slices(options: Options, measured: Measuring | None) -> None:
    """Raise UsageError where a run cannot be the slice, or begin when and where, it is to be."""
    distribution = options.distribution
    refuse_far_start(distribution.start_at)
    if options.target.against == "cassettes" and distribution.vantage:
        raise UsageError(
            "--vantage: a recording was measured where it was recorded",
            hint="add --against emulator or live",
        )
    if distribution.slice is not None:
        _refuse_slice(options, distribution.slice, measured)


def _refuse_slice(options: Options, part: Slice, measured: Measuring | None) -> None:
    if options.output.record:
        raise UsageError(
            "--record and --slice: cassettes are of a whole plan", hint="leave one out"
        )
    if measured is None:
        sliced_concurrency(options.limits.concurrency, options.concurrency, part)
    elif options.target.against != "cassettes" and measured.arrivals == "closed":
        for level in measured.levels:
            refuse_thin_stage(int(level), part)


def refuse_undecided(options: Options) -> None:
    """Raise UsageError for a slice by itself that is to end once a comparison is decided."""
    part = options.distribution.slice
    if part is not None and options.benchmark.until_decided:
        raise UsageError(
            f"--until-decided and --slice {part}: no slice alone can decide for all of them",
            hint="--on ray runs them under one that does; or leave --until-decided out",
        )
