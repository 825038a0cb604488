"""The jobs of a provider that answers later: waiting, then working, then done or failed."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from .faults.catalogue import ActiveFaults
    from .pictures import RenderedImage
    from .replies import JsonReply
    from .state import ProviderState
    from .webhooks import WebhookTarget

Stage = Literal["waiting", "working", "done", "failed"]
ENDED = ("done", "failed")
WAITING_SHARE = 0.15  # of a job's duration is spent waiting; ours, nobody publishes it


@dataclass(slots=True, kw_only=True)
class EmulatedJob:
    """One job.

    `start_s` and `duration_s` are on the server's monotonic clock, `created_at` is a Unix time in
    seconds, `base_url` is the server's address as its client knows it. What the faults make of the
    job is decided when it is submitted and stays, also if they are switched off later. It is
    forgotten by a reset only.
    """

    id: str
    start_s: float
    created_at: float
    duration_s: float
    price: float
    facts: dict[str, object]
    base_url: str
    pictures: tuple[RenderedImage, ...] = ()
    error: str = ""
    hook: WebhookTarget | None = None
    fails: bool = False
    stuck: bool = False
    backward: bool = False
    lost: bool = False
    early: bool = False
    restless: bool = False
    gone: bool = False
    hollow: bool = False
    polls: int = field(default=0)
    polls_after_end: int = field(default=0)
    seen_after_event: bool = field(default=False)

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
        if self.early and self._seems_unfinished():
            return "working"
        if self.backward and self.polls == 2:
            return "waiting"
        stage = self.stage(now_s)
        if stage in ENDED:
            self.polls_after_end += 1
            if self.restless and self.polls_after_end == 2:
                return "working"
        return stage

    def _seems_unfinished(self) -> bool:
        """Whether a job said to be completed too early has yet to be seen at work after that."""
        if self.hook is not None and self.hook.status == "pending":
            return True
        first, self.seen_after_event = not self.seen_after_event, True
        return first

    def finished_at(self) -> float:
        """Return the Unix time in seconds at which the job ends or ended."""
        return self.created_at + self.duration_s

    def urls(self) -> list[str]:
        """Return where the pictures can be downloaded; a job whose results are gone lies here."""
        names = [picture.filename for picture in self.pictures]
        if self.gone:
            names = [invented_job(self.id, name) for name in names]
        return [f"{self.base_url}cdn/{name}" for name in names]


def invented_job(job_id: str, filename: str) -> str:
    """Return the name of a file with the same ending that does not exist."""
    ending = filename.rpartition(".")[2]
    return f"{hashlib.sha256(f'{job_id}:{filename}'.encode()).hexdigest()}.{ending}"


class Fate(TypedDict):
    """What faults make of a job, as arguments of Job."""

    fails: bool
    stuck: bool
    backward: bool
    lost: bool
    restless: bool
    gone: bool
    hollow: bool


def draw_fate(faults: ActiveFaults, *, doomed: bool = False) -> Fate:
    """Return what becomes of a job submitted now; a doomed one fails by itself."""
    return {
        "fails": doomed or "failed_job" in faults or "charge_failed_job" in faults,
        "stuck": "stuck_job" in faults,
        "backward": "backward_state" in faults,
        "lost": "job_lost" in faults,
        "restless": "terminal_changes" in faults,
        "gone": "result_url_404" in faults,
        "hollow": "completed_without_result" in faults,
    }


def is_charged(faults: ActiveFaults, *, doomed: bool = False) -> bool:
    """Whether a job submitted now is paid for; one that fails or never ends is not."""
    if "charge_failed_job" in faults:
        return True
    return not doomed and "failed_job" not in faults and "stuck_job" not in faults


def poll_job(
    state: ProviderState, job_id: str, base_url: str
) -> tuple[EmulatedJob | None, Stage | None]:
    """Count a poll; return the job, None if there is none, and the stage to show, None for a 404.

    An unknown job that a fault makes up is not kept.
    """
    job = state.jobs.get(job_id)
    if job is not None:
        return job, job.poll(state.now_s())
    if "unknown_job_200" not in state.faults:
        return None, None
    made_up = EmulatedJob(
        id=job_id,
        start_s=state.now_s(),
        created_at=time.time(),
        duration_s=0.0,
        price=0.0,
        facts={},
        base_url=base_url,
    )
    return made_up, "waiting"


def displayed_id(faults: ActiveFaults, job_id: str) -> str:
    """Return the id that a poll tells: under a fault one of the same form that nobody has."""
    if "poll_tells_another_id" not in faults:
        return job_id
    digits = str.maketrans("0123456789abcdef", "1234567890bcdefa")
    head, line, tail = job_id.rpartition("_")
    return head + line + tail.translate(digits)


def hurried(state: ProviderState, answer: JsonReply, stage: Stage) -> JsonReply:
    """Return the answer to a poll; in a variant it says when an unfinished job is worth another."""
    if "retry_after" in state.variants and stage not in ENDED:
        answer.headers["retry-after"] = "5"
    return answer
