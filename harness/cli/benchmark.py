"""What is different where a run is a benchmark: its defaults, what it refuses, how it ends."""

import secrets
from collections.abc import Sequence

import click
from click.core import ParameterSource

from harness.cli.measuring import Asked, measuring
from harness.core.errors import UsageError
from harness.core.outcome import Fault, Images
from harness.core.record import Record
from harness.core.run import RunHeader
from harness.planning.options import Against, Measuring
from harness.report.model import Report
from harness.report.text import count
from harness.stats.benchmark.model import Reliability

CONCURRENCY = 8
"""Requests under way at once at each provider, where conformance is asked for."""

TIME_SCALE = 0.001
REAL_TIME = 1.0
"""A benchmark of the emulator takes as long as one of the real thing: its waits are measured."""

SEEDS = 1_000_000

CONFORMANCE = {
    "operations": "--operation",
    "discover": "--discover",
    "strength": "--strength",
    "max_shrink": "--max-shrink-requests",
}
"""Options that mean nothing in a benchmark, by the name of their parameter."""


def asked_for(
    context: click.Context,
    asked: Asked,
    *,
    against: Against,
    past: RunHeader | None,
    concurrency: int | None,
) -> tuple[bool, Measuring | None]:
    """Tell whether a run is a benchmark, and what it is to measure unless that was laid out before.

    UsageError for options that do not go together.
    """
    only = str(context.params["only"])
    if past is not None and only == "benchmark" and past.benchmark is None:
        raise UsageError(
            "--resume: this run asks for conformance", hint="leave --only benchmark out"
        )
    measured = only == "benchmark" or (past is not None and past.benchmark is not None)
    if not measured:
        if _given(context, "calibrate"):
            raise UsageError("--no-calibrate: for a benchmark only", hint="add --only benchmark")
        return False, measuring(asked, only=only)
    _refuse([text for name, text in CONFORMANCE.items() if _given(context, name)])
    laid_out = [*asked.given, *(["--concurrency"] if concurrency is not None else [])]
    if past is not None and laid_out:
        raise UsageError(
            f"{', '.join(laid_out)}: a run goes on as it was laid out", hint="leave it out"
        )
    kept = [text for text in laid_out if text != "--slo"]  # which judges, and changes nothing sent
    if against == "cassettes" and kept:
        raise UsageError(
            f"{', '.join(kept)}: cassettes are replayed as they were recorded",
            hint="add --against emulator or live",
        )
    if past is not None:
        return True, None
    return True, measuring(asked, only="benchmark", concurrency=concurrency)


def fresh_seed(given: int | None, *, against: Against, benchmark: bool) -> int:
    """Return the seed of a new run: 0, unless a benchmark asks the providers themselves.

    That one draws prompts which no earlier run has sent, for a cache would answer those in no time.
    """
    if given is not None:
        return given
    return secrets.randbelow(SEEDS) if benchmark and against == "live" else 0


def _given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is not ParameterSource.DEFAULT


def _refuse(options: Sequence[str]) -> None:
    if options:
        raise UsageError(
            f"{', '.join(options)}: a benchmark has no use for it",
            hint="choose what is asked with --workload, or leave --only benchmark out",
        )


def missed(report: Report) -> str:
    """Say of whom it is certain that the ceiling was missed; nothing where of nobody."""
    rows = [] if report.benchmark is None else report.benchmark.measured.reliability
    late = [_place(row) for row in rows if row.slo == "missed"]
    return f"the ceiling was missed by {', '.join(late)}" if late else ""


def _place(row: Reliability) -> str:
    return f"{row.provider} at {row.workload} ({row.stage})"


def unmeasured(records: Sequence[Record]) -> str:
    """Say why nothing was measured: nobody was asked anything. Nothing where somebody was."""
    if any(record.outcome is not None for record in records):
        return ""
    why = next((record.skipped for record in records if record.skipped), "the plan holds no case")
    return f"nothing was measured: {why}"


def unserved(records: Sequence[Record]) -> str:
    """Say that nobody served anything, and how that looked; nothing where anybody did."""
    if any(isinstance(record.outcome, Images) for record in records):
        return ""
    faults = [record.outcome.why for record in records if isinstance(record.outcome, Fault)]
    told = f": {faults[0]}" if faults else ""
    return f"none of {count(len(records), 'request')} was served{told}"
