"""Submissions that are repeated under the same Idempotency-Key."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .jobs import EmulatedJob
    from .state import ProviderState

LONGEST_KEY = 255
REPEATABLE_S = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a repeated submission is recognized by: the API key, its Idempotency-Key, its body."""

    api_key: str
    key: str
    body: Mapping[str, object]

    @property
    def slot(self) -> str:
        """Return the key under which it is stored; two API keys have nothing in common."""
        return f"{self.api_key}\n{self.key}"

    @property
    def canonical(self) -> str:
        """Return the body in the one way of writing that all equal bodies share."""
        return json.dumps(self.body, sort_keys=True)


class OtherBodyError(ValueError):
    """The key was used before with another body."""


def earlier(state: ProviderState, submission: Submission) -> EmulatedJob | None:
    """Return the job created by the same submission within 24 hours, None where there is none.

    Raises OtherBodyError. The hours are not scaled.
    """
    if not submission.key or "idempotency_ignored" in state.faults:
        return None
    body, job_id = state.replays.get(submission.slot, ("", ""))
    job = state.jobs.get(job_id)
    if job is None or state.now_s() - job.start_s > REPEATABLE_S:
        return None
    if body != submission.canonical:
        raise OtherBodyError
    return job


def remember(state: ProviderState, submission: Submission, job: EmulatedJob) -> None:
    """Store the job for those who send the same again; without a key nothing is stored."""
    if submission.key:
        state.replays[submission.slot] = (submission.canonical, job.id)
