"""What replies show beside the promises: named in the report, and no judgement on anybody."""

from dataclasses import dataclass
from typing import Literal

BehaviourKind = Literal[
    "limit", "slow_above_size", "undocumented_state", "job_late", "result_late", "other_job"
]
"""A quota or a limit of requests at a time; large images that take far longer than small ones; a
state of a job that no document names; a job that was not found at first; a result that was not
there at first; a poll that told of another job for a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One thing that replies of one operation showed and that no document promises or excludes.

    `times` counts the replies (or requests) that showed it, `cases` names theirs.
    """

    provider: str
    operation: str
    kind: BehaviourKind
    text: str
    times: int
    cases: tuple[str, ...]
