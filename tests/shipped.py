"""What ships with the harness, for tests: providers by name, as values that are handed down."""

from collections.abc import Sequence

from harness.core.record import Record, RunHeader
from harness.policy import Conclusion
from harness.policy import conclude as conclude_of
from harness.spec.catalogue import FOLDER, Entry, shipped_catalogue
from harness.spec.provider import Provider

__all__ = ["FOLDER", "NAMES", "PROVIDERS", "SHIPPED", "conclude", "entries", "shipped_provider"]

SHIPPED = shipped_catalogue()
NAMES = tuple(SHIPPED)
PROVIDERS = SHIPPED.providers


def shipped_provider(name: str) -> Provider:
    return SHIPPED.provider(name)


def entries(*names: str) -> list[Entry]:
    return [SHIPPED.entry(name) for name in names]


def conclude(header: RunHeader, records: Sequence[Record]) -> Conclusion:
    """What is said of records of shipped providers."""
    return conclude_of(header, records, PROVIDERS)
