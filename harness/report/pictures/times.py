"""Time to pixels as curves with their intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.core.record import Record
from harness.spec.provider import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class TimesChart:
    """The share served over time, with its band, of providers or operations on one axis."""

    provider: str


def times_charts(
    records: Sequence[Record],
    providers: Mapping[str, Provider],
) -> tuple[TimesChart, ...]:
    """Return the curves of a run, timeouts censored."""
    del records, providers
    return ()
