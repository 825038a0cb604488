"""What was found out about a question that the documents leave open, as a row of a table."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from harness.core.record import Provenance
from harness.spec.rules import Scalar

Documents = Literal["silent", "agrees", "contradicts", "contradictory"]
"""The documents against what was seen: they say nothing of it, they say the same (in a place that
promises nothing), they say otherwise, or they contradict each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """One open question of one operation, and what the answers to its probes showed.

    `said` is what the documents say with its source, or "nothing". `low` is the most that was
    served and `high` the least that was not, in the units of `rule`; either is missing where it
    was not seen, and for a lower limit (`min_pixels`) `low` is the most that was not served.
    `rule` names the rule that would hold it ("" where none does), `values` the members that were
    served. `requests` and `images` count the probes of discovery alone, `cases` all that is behind
    the row; a probe about several fields counts in the row of each.
    """

    provider: str
    operation: str
    parameter: str
    question: str
    documents: Documents
    said: str
    observed: str
    low: int | None = None
    high: int | None = None
    rule: str = ""
    values: tuple[Scalar, ...] = ()
    requests: int
    images: int
    evidence: Provenance
    on: date | None
    cases: tuple[str, ...]
