"""How long a provider takes to deliver images."""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.core.record import Record
from harness.core.verdict import Estimate
from harness.stats.conformance.served import ServedTimes, served_or_late

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Time to images of one provider's operation, in seconds.

    Counted from the departure of the request to the end of the last reply that its images needed,
    over the valid requests as they were planned (`ServedTimes`): sizes, qualities and counts are
    mixed. Uploads before it and follow-ups after it are not counted. The `timeouts`, and the
    `cut_off` that we gave up ourselves, count as longer than they were waited for; what lies beyond
    what was seen is missing. `fastest_s` and `slowest_s` are of the `served`; `untimed` were served
    without a recorded duration and are in no figure.
    """

    provider: str
    operation: str
    median: Estimate
    p95: Estimate
    fastest_s: float | None
    slowest_s: float | None
    served: int
    timeouts: int
    cut_off: int
    untimed: int

    @property
    def n(self) -> int:
        """How many valid requests the figures rest on: those served, and those given up."""
        return self.median.n

    @property
    def given_up(self) -> str:
        """What the figures hold beside what was served, in words; empty where nothing."""
        return ", ".join(
            filter(
                None,
                (
                    _counted(self.timeouts, "timeout") if self.timeouts else "",
                    f"{self.cut_off} cut off by us" if self.cut_off else "",
                ),
            )
        )

    @property
    def left_out(self) -> str:
        """What the figures do not hold, in words; empty where nothing is missing."""
        return f"{self.untimed} without a recorded duration" if self.untimed else ""


def latency_by_operation(records: Iterable[Record]) -> tuple[Latency, ...]:
    """Return one row for each provider and operation that served anything or ran out of time.

    Rows stand in the order in which the records name them.
    """
    return tuple(map(_row, served_or_late(records)))


def _row(row: ServedTimes) -> Latency:
    return Latency(
        provider=row.provider,
        operation=row.operation,
        median=row.median,
        p95=row.p95,
        fastest_s=min(row.served_s, default=None),
        slowest_s=max(row.served_s, default=None),
        served=len(row.served_s),
        timeouts=row.timeouts,
        cut_off=row.cut_off,
        untimed=row.untimed,
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
