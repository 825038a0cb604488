"""The jobs of a provider that answers later: waiting, then working, then done or failed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from .faults.catalogue import ActiveFaults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .pictures import RenderedImage

Stage = Literal["waiting", "working", "done", "failed"]
ENDED = ("done", "failed")
WAITING_SHARE = 0.15  # of a job's duration; ours, no provider publishes it


@dataclass(slots=True, kw_only=True)
class WebhookTarget:
    """Where a job's events go.

    `secret` is the key of the signatures, empty for none. `status` is about the event that ends the
    job.
    """

    url: str
    events: frozenset[str]
    secret: bytes
    status: Literal["pending", "delivered", "failed"] = "pending"


@dataclass(slots=True, kw_only=True)
class EmulatedJob:
    """One job; only a reset forgets it.

    `start_s` and `duration_s` are on the server's monotonic clock, `created_at` is a Unix time in
    seconds, `base_url` is the server's address as its client knows it. `price` is what the job
    costs where it is charged, in the provider's unit; `images` is how many were requested. `body`
    is the submission, None for a job that no client submitted. `unreachable` is the address of a
    reference that served nothing: such a job fails. `faults` are those that were on when the job
    was submitted; switching them off later does not change the job.
    """

    id: str
    start_s: float
    created_at: float
    duration_s: float
    price: float
    base_url: str
    images: int = 1
    body: Mapping[str, object] | None = None
    pictures: tuple[RenderedImage, ...] = ()
    unreachable: str | None = None
    faults: ActiveFaults = field(default_factory=ActiveFaults)
    webhook: WebhookTarget | None = None
    polls: int = 0
    polls_after_end: int = 0
    polled_after_event: bool = False

    @property
    def fails(self) -> bool:
        """Whether the job ends as failed."""
        fault = "failed_job" in self.faults or "charge_failed_job" in self.faults
        return fault or self.unreachable is not None

    @property
    def charged(self) -> bool:
        """Whether the job is paid for; one that fails or never ends is not, but for a fault."""
        if "charge_failed_job" in self.faults:
            return True
        return not self.fails and "stuck_job" not in self.faults

    @property
    def cost(self) -> float:
        """Return what the job is charged, in the provider's unit."""
        return self.price if self.charged else 0.0

    @property
    def completed_early(self) -> bool:
        """Whether an event reports the job as completed before it is."""
        early = self.webhook is not None and "webhook_before_end" in self.faults
        return early and not self.fails

    @property
    def finished_at(self) -> float:
        """Return the Unix time in seconds at which the job ends or ended."""
        return self.created_at + self.duration_s

    def stage(self, now_s: float) -> Stage:
        """Return how far the job is at a time of the monotonic clock."""
        elapsed_s = now_s - self.start_s
        if elapsed_s >= self.duration_s and "stuck_job" not in self.faults:
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
        """Count a poll; return the stage to show, None where the job is no longer found."""
        self.polls += 1
        lost, backward = "job_lost" in self.faults, "backward_state" in self.faults
        if lost and self.polls >= 2:
            return None
        if self.polls == 1 and "first_poll_missing" in self.faults:
            return None
        if self.polls == 1 and (lost or backward or "job_passes_unknown_state" in self.faults):
            return "working"
        if self.completed_early and self._seems_unfinished():
            return "working"
        if backward and self.polls == 2:
            return "waiting"
        stage = self.stage(now_s)
        if stage in ENDED:
            self.polls_after_end += 1
            if "terminal_changes" in self.faults and self.polls_after_end == 2:
                return "working"
        return stage

    def _seems_unfinished(self) -> bool:
        """Whether a poll has yet to show the job at work after the event that completed it."""
        if self.webhook is not None and self.webhook.status == "pending":
            return True
        first, self.polled_after_event = not self.polled_after_event, True
        return first

    def urls(self) -> list[str]:
        """Return where the pictures can be downloaded; under a fault nothing is there."""
        names = [picture.filename for picture in self.pictures]
        if "result_url_404" in self.faults:
            names = [invented_name(self.id, name) for name in names]
        return [f"{self.base_url}cdn/{name}" for name in names]


def invented_name(job_id: str, filename: str) -> str:
    """Return the name of a file that does not exist, with the same ending."""
    ending = filename.rpartition(".")[2]
    return f"{hashlib.sha256(f'{job_id}:{filename}'.encode()).hexdigest()}.{ending}"


def displayed_id(faults: ActiveFaults, job_id: str) -> str:
    """Return the id that a poll shows: under a fault one of the same form that no job has."""
    if "poll_tells_another_id" not in faults:
        return job_id
    digits = str.maketrans("0123456789abcdef", "1234567890bcdefa")
    head, line, tail = job_id.rpartition("_")
    return head + line + tail.translate(digits)


def timestamp(unix_s: float) -> str:
    """Return a Unix time in seconds as ISO 8601 in UTC, to the millisecond, with a Z."""
    text = datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
