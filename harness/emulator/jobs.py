"""The jobs of a provider that answers later: waiting, then working, then done or failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from .faults import ActiveFaults
    from .pictures import Picture

Stage = Literal["waiting", "working", "done", "failed"]
WAITING_SHARE = 0.15  # of a job's duration is spent waiting; ours, nobody publishes it


@dataclass(slots=True, kw_only=True)
class Job:
    """One job.

    `start_s` and `duration_s` are on the server's monotonic clock, `created_at` is a Unix time in
    seconds. What the faults make of the job is decided when it is submitted and stays, also if they
    are switched off later.
    """

    id: str
    start_s: float
    created_at: float
    duration_s: float
    price: float
    facts: dict[str, object]
    pictures: tuple[Picture, ...] = ()
    fails: bool = False
    stuck: bool = False
    backward: bool = False
    lost: bool = False
    polls: int = field(default=0)

    def stage(self, now_s: float) -> Stage:
        """Return how far the job is at a time of the monotonic clock."""
        elapsed_s = now_s - self.start_s
        if self.stuck:
            return "waiting" if elapsed_s < self.duration_s * WAITING_SHARE else "working"
        if elapsed_s >= self.duration_s:
            return "failed" if self.fails else "done"
        return "waiting" if elapsed_s < self.duration_s * WAITING_SHARE else "working"

    def progress(self, now_s: float) -> int:
        """Return the finished share in percent; 100 only when the job is done."""
        if self.stage(now_s) == "done":
            return 100
        if self.duration_s <= 0:
            return 50
        return max(0, min(99, int(100 * (now_s - self.start_s) / self.duration_s)))

    def poll(self, now_s: float) -> Stage | None:
        """Count a poll and return the stage to show, None where the job is not found any more."""
        self.polls += 1
        if self.lost and self.polls >= 2:
            return None
        if (self.lost or self.backward) and self.polls == 1:
            return "working"
        if self.backward and self.polls == 2:
            return "waiting"
        return self.stage(now_s)

    def finished_at(self) -> float:
        """Return the Unix time in seconds at which the job ends or ended."""
        return self.created_at + self.duration_s


class Fate(TypedDict):
    """What faults make of a job, as arguments of Job."""

    fails: bool
    stuck: bool
    backward: bool
    lost: bool


def fate(faults: ActiveFaults) -> Fate:
    """Return what the active faults make of a job submitted now."""
    return {
        "fails": "failed_job" in faults or "charge_failed_job" in faults,
        "stuck": "stuck_job" in faults,
        "backward": "backward_state" in faults,
        "lost": "job_lost" in faults,
    }


def is_charged(faults: ActiveFaults) -> bool:
    """Whether a job submitted now is paid for; one that fails or never ends is not."""
    if "charge_failed_job" in faults:
        return True
    return "failed_job" not in faults and "stuck_job" not in faults
