"""Which values and pairs of values were served: a map of the plan's reach."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.core.record import Record
from harness.spec.provider import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageMap:
    """How often each pair of documented values was served, of one provider's operation."""

    provider: str


def coverage_maps(
    records: Sequence[Record],
    providers: Mapping[str, Provider],
) -> tuple[CoverageMap, ...]:
    """Return a map for each operation that served anything."""
    del records, providers
    return ()
