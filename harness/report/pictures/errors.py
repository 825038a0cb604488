"""When errors came: their classes over the minutes of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.core.record import Record
from harness.spec.provider import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorTimeline:
    """The errors of one provider by class, over the minutes of the run."""

    provider: str


def error_timelines(
    records: Sequence[Record],
    providers: Mapping[str, Provider],
) -> tuple[ErrorTimeline, ...]:
    """Return a timeline for each provider that had any error."""
    del records, providers
    return ()
