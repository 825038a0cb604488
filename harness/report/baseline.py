"""A judged run as a baseline: all that another run is compared with."""

from collections.abc import Mapping, Sequence

from harness.comparing.model import Baseline
from harness.core.record import Record
from harness.report.model import Report
from harness.spec.provider import Provider


def baseline_of(
    report: Report,
    records: Sequence[Record],
    providers: Mapping[str, Provider],
    *,
    documents: Mapping[str, str],
) -> Baseline:
    """Return what a run showed; `documents` are the TOMLs by which it was planned, by provider."""
    raise NotImplementedError
