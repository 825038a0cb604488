"""What an earlier run left of one provider's requests, and of its time, for a run that goes on."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from harness.core.case import Plan, PlannedRequest
from harness.core.exchange import Exchange
from harness.core.outcome import Fault
from harness.core.record import Record
from harness.runner.execution.failures import blocking_reason, costs_nothing
from harness.store.line import JOURNAL
from harness.store.reader import StoredRun


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeState:
    """An earlier run's requests by what is to be done with them; cases are known by their ids.

    `finished` is not sent again, in the order in which it ended. `given_up` has a paid job that is
    polled once more. `exchanges` is what was seen of each request that goes on, given up or cut off
    under way. `again` met trouble that cost nothing, and others depend on it: it is new. `added` is
    what was begun and is not in the plan, in that order.
    """

    finished: tuple[Record, ...] = ()
    given_up: dict[str, Record] = field(default_factory=dict)
    exchanges: dict[str, list[Exchange]] = field(default_factory=dict)
    again: tuple[Record, ...] = ()
    added: tuple[PlannedRequest, ...] = ()


def resume_state(plan: Plan, past: StoredRun | None) -> ResumeState:
    """Sort what the journal of an earlier run holds of a plan's provider; nothing without one."""
    if past is None:
        return ResumeState()
    ended = [
        record
        for record in past.records
        if record.shot.case.provider == plan.provider and record.skipped is None
    ]
    begun = [shot for shot in past.unfinished if shot.line.provider == plan.provider]
    bases = {case_id for shot in plan.shots for case_id in shot.case.depends_on}
    given_up = {record.shot.case.id: record for record in ended if _given_up(record)}
    again = {
        record.shot.case.id: record
        for record in ended
        if record.shot.case.id in bases - given_up.keys()
        and blocking_reason(record)
        and costs_nothing(record)
    }
    shots = [record.shot for record in ended]
    shots += [unfinished.line.shot for unfinished in begun]
    return ResumeState(
        finished=tuple(
            record for record in ended if record.shot.case.id not in given_up.keys() | again.keys()
        ),
        given_up=given_up,
        exchanges={
            **{unfinished.line.case: unfinished.exchanges for unfinished in begun},
            **{case_id: [*record.exchanges] for case_id, record in given_up.items()},
        },
        again=tuple(again.values()),
        added=tuple(not_among(plan.shots, shots)),
    )


def elapsed_s(folder: Path, past: StoredRun | None) -> float:
    """Return what the clock of a run that goes on has to show, in seconds: it never goes back.

    From the last thing that was received on, time has passed as the journal's own date tells.
    """
    if past is None:
        return 0.0
    exchanges = [exchange for record in past.records for exchange in record.exchanges]
    exchanges += [exchange for shot in past.unfinished for exchange in shot.exchanges]
    latest_s = max((exchange.times.end_s for exchange in exchanges), default=0.0)
    return latest_s + max(time.time() - (folder / JOURNAL).stat().st_mtime, 0.0)


def not_among(
    present: Iterable[PlannedRequest], shots: Iterable[PlannedRequest]
) -> list[PlannedRequest]:
    """Return those of `shots` whose ids are not among the present ones, each once."""
    ids = {shot.case.id for shot in present}
    return [*{shot.case.id: shot for shot in shots if shot.case.id not in ids}.values()]


def _given_up(record: Record) -> bool:
    return isinstance(record.outcome, Fault) and record.outcome.can_be_picked_up
