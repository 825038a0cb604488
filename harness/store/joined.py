"""Several run folders side by side, as one run."""

from collections.abc import Sequence
from dataclasses import replace

from harness.core.errors import UsageError
from harness.core.record import Record, RunHeader
from harness.store.reader import StoredRun

CUT_OFF = "cut off while under way; it may have been paid for: go on with --resume"


def joined(runs: Sequence[StoredRun]) -> tuple[RunHeader, tuple[Record, ...]]:
    """Put runs side by side; a request that was cut off under way is a record without an outcome.

    Raises UsageError where a provider is in more than one of them, and for a benchmark beside
    another run: what was not measured in the same minutes is not compared.
    """
    first, *others = (_honest(run.header) for run in runs)
    if others and any(header.benchmark for header in (first, *others)):
        raise UsageError(
            "a benchmark is reported alone: what was not measured in the same minutes is not "
            "compared",
            hint="report them one by one",
        )
    for header in others:
        twice = sorted(set(first.evidence) & set(header.evidence))
        if twice:
            raise UsageError(
                f"{', '.join(twice)} is in more than one of these runs",
                hint="report them one by one",
            )
        first = replace(
            first,
            run=f"{first.run} + {header.run}",
            evidence={**first.evidence, **header.evidence},
            spec_digests={**first.spec_digests, **header.spec_digests},
            plan_digests={**first.plan_digests, **header.plan_digests},
            notes=(*first.notes, *header.notes),
            interrupted=first.interrupted or header.interrupted,
        )
    return first, tuple(record for run in runs for record in _records(run))


def _honest(header: RunHeader) -> RunHeader:
    """Return the header of a run that never came to its end (a crash, a kill) as interrupted."""
    if header.finished is not None:
        return header
    note = f"{header.run} was cut off or is still under way: only what it has received is shown"
    return replace(header, interrupted=True, notes=(*header.notes, note))


def _records(run: StoredRun) -> list[Record]:
    unfinished = [
        Record(
            shot=item.line.shot,
            evidence=item.line.evidence,
            outcome=None,
            exchanges=tuple(item.exchanges),
            skipped=CUT_OFF,
        )
        for item in run.unfinished
    ]
    return [*run.records, *unfinished]
