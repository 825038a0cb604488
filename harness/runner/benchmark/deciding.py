"""Who says that a benchmark knows enough: the runner tells it all that ends, and asks."""

from collections.abc import Callable, Mapping
from typing import Protocol

from harness.core.benchmark import Design
from harness.core.record import Record
from harness.spec.provider import Provider


class StoppingCriterion(Protocol):
    """Decides which provider need be asked no more of which workload; reads no clock.

    It is told every record once, in the order in which they end, those of an earlier run first, of
    all providers and warm-ups too. The same records make it say the same, so a run that goes on
    stops where it would have stopped. A replay has none: all that is on tape was asked.
    """

    def on_record(self, record: Record) -> None:
        """Take note of a record that ended (or was skipped)."""
        ...

    def over(self) -> Mapping[str, str]:
        """Return `NAME/WORKLOAD` -> why no more of it need leave; asked before each departure."""
        ...


MakeStoppingCriterion = Callable[[Design, Mapping[str, Provider]], StoppingCriterion]
"""Makes the referee of a run from its design and its providers by name."""
