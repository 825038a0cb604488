"""What lies in a run folder so that a run can go on: its plans, and how far its clock has come."""

import time
from pathlib import Path

from harness.core.case import Plan
from harness.planning.plan import dumped, read_plan
from harness.spec.load import shipped_provider as shipped
from harness.store.folder import RunFolder
from harness.store.line import JOURNAL
from harness.store.reader import StoredRun


def save_plan(folder: RunFolder, plan: Plan) -> None:
    """Write a plan beside the journal."""
    folder.write_file(f"plan-{plan.provider}.json", dumped(plan))


def plan_of(folder: Path, name: str) -> Plan:
    """Read a provider's plan back; UsageError where it is missing or unreadable."""
    hint = "without its plan a run cannot go on; start a new one"
    return read_plan(folder / f"plan-{name}.json", provider=shipped(name), hint=hint)


def elapsed_s(folder: Path, past: StoredRun | None) -> float:
    """Return what the clock of a run that goes on has to show, in seconds: it never goes back.

    From the last thing that was received on, time has passed as the journal's own date tells.
    """
    if past is None:
        return 0.0
    seen = [e for record in past.records for e in record.exchanges]
    seen += [e for one in past.unfinished for e in one.exchanges]
    latest_s = max((exchange.times.end_s for exchange in seen), default=0.0)
    return latest_s + max(time.time() - (folder / JOURNAL).stat().st_mtime, 0.0)
