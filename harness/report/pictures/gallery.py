"""Small copies of the images that came, beside what was asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.core.inspection import Inspection
from harness.core.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """What came for one prompt, provider beside provider."""

    prompt: str


def galleries(
    records: Sequence[Record], inspections: Mapping[str, Inspection]
) -> tuple[Gallery, ...]:
    """Return the prompts whose images tell most, each with what every provider made of it."""
    del records, inspections
    return ()
