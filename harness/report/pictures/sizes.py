"""Width against height: what was served, refused or drawn otherwise, over what is documented."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.core.record import Record
from harness.core.verdict import Verdict
from harness.spec.provider import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class SizePlane:
    """Width against height of one provider's operation: asked, documented, received."""

    provider: str


def size_planes(
    records: Sequence[Record],
    verdicts: Sequence[Verdict],
    providers: Mapping[str, Provider],
) -> tuple[SizePlane, ...]:
    """Return a plane for each operation whose images have a size."""
    del records, verdicts, providers
    return ()
