"""What is seen of a run from outside while it goes on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.core.record import Record
from harness.runner.execution.budget import Budget
from harness.spec.provider import Provider


class ProviderProgress(Protocol):
    """One provider's part of a run: `records` have ended, of `total`; `under_way` may be paid."""

    @property
    def provider(self) -> Provider:
        """Whose part it is."""
        ...

    @property
    def budget(self) -> Budget:
        """What it has spent and may spend."""
        ...

    @property
    def records(self) -> Sequence[Record]:
        """What has ended, or was skipped, so far."""
        ...

    @property
    def total(self) -> int:
        """How many shots there are to end."""
        ...

    @property
    def under_way(self) -> int:
        """How many have left and not ended."""
        ...


@dataclass(slots=True, kw_only=True)
class ProgressListener:
    """How a run tells its progress; the command line draws it.

    `noted` receives sentences for the user: whom a run leaves out, what it would cost.
    """

    started: Callable[[Sequence[ProviderProgress]], None] = lambda _parts: None
    progress: Callable[[ProviderProgress], None] = lambda _part: None
    interrupted: Callable[[int], None] = lambda _under_way: None
    noted: Callable[[str], None] = lambda _sentence: None
