"""What a session asks for once it has answers: the runner knows when, somebody above knows what."""

from collections.abc import Sequence
from typing import Protocol

from harness.core.case import PlannedRequest
from harness.core.record import Record


class FollowUpStrategy(Protocol):
    """Decides what else is worth asking one provider; sends nothing and reads no clock.

    It is told every record of the session once, those of an earlier run first. What it asks for
    has ids of its own, which are the same whenever it is told the same records: so a run that goes
    on does not ask twice. It never asks for a body that was answered before.
    """

    def on_record(self, record: Record) -> Sequence[PlannedRequest]:
        """Take note of a finished (or skipped) record; return what should be asked next, first."""
        ...

    def on_idle(self) -> Sequence[PlannedRequest]:
        """Return the next round, once nothing is waiting or under way; nothing ends the session."""
        ...
