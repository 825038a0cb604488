"""Where the time of one request went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.core.record import Record
from harness.spec.provider import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """The parts of one job in their order: sent, queued, drawn, downloaded, decoded."""

    provider: str


def waterfalls(
    records: Sequence[Record],
    providers: Mapping[str, Provider],
) -> tuple[Waterfall, ...]:
    """Return the waterfall of a typical served request of each operation."""
    del records, providers
    return ()
