"""How long a provider takes to deliver images."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from harness.core.outcome import Fault, Images
from harness.core.record import Record
from harness.core.verdict import Estimate
from harness.stats.intervals import median_estimate, quantile_estimate

CONFIDENCE = 0.95

NEEDED = ("submit", "poll", "result", "download")
"""The steps that lie between a request and its images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Time to images of one provider's operation, in seconds.

    Counted from the departure of the request to the end of the last reply that its images needed,
    over all served cases as they were planned: sizes, qualities and counts are mixed. Uploads
    before it and follow-ups after it are not counted. `timeouts` were sent, ran
    out of time and are in no figure but `censored`, so that the true quantiles lie higher;
    `untimed` were served without a recorded duration. `censored` is the median in which a timeout,
    where no refusal was due, counts as longer than all that was served; what lies beyond that is
    missing.
    """

    provider: str
    operation: str
    median: Estimate
    censored: Estimate
    p95: Estimate
    fastest_s: float | None
    slowest_s: float | None
    timeouts: int
    untimed: int

    @property
    def n(self) -> int:
        """How many served cases the figures rest on."""
        return self.median.n

    @property
    def left_out(self) -> str:
        """What the figures do not hold, in words; empty where nothing is missing."""
        parts = [
            f"{_counted(self.timeouts, 'timeout')} left out" if self.timeouts else "",
            f"{self.untimed} without a recorded duration" if self.untimed else "",
        ]
        return ", ".join(part for part in parts if part)


def seconds_to_images(record: Record) -> float | None:
    """Return the seconds from the request's departure to the end of the last reply it needed.

    None where no images came, or where the recording kept no times, or times of which a later
    request left before an earlier one: a cassette may answer with the recording of an equal request
    that another case made.
    """
    needed = [exchange for exchange in record.exchanges if exchange.step in NEEDED]
    if not isinstance(record.outcome, Images) or not needed:
        return None
    if any(later.times.sent_s < exchange.times.sent_s for exchange, later in pairwise(needed)):
        return None
    elapsed = needed[-1].times.end_s - needed[0].times.sent_s
    return elapsed if elapsed > 0 else None


def latency_by_operation(records: Iterable[Record]) -> tuple[Latency, ...]:
    """Return one row for each provider and operation that served anything or ran out of time.

    Rows stand in the order in which the records name them.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        case = record.shot.case
        groups.setdefault((case.provider, case.operation), []).append(record)
    rows = (_row(*place, group) for place, group in groups.items())
    return tuple(row for row in rows if row is not None)


def _row(provider: str, operation: str, records: Sequence[Record]) -> Latency | None:
    """Return the row of one operation; None where it neither served nor ran out of time."""
    outcomes = [(record.outcome, seconds_to_images(record)) for record in records]
    served = [seconds for outcome, seconds in outcomes if isinstance(outcome, Images)]
    timeouts = sum(isinstance(end, Fault) and end.error_class == "timeout" for end, _ in outcomes)
    if not served and not timeouts:
        return None
    timed = [seconds for seconds in served if seconds is not None]
    return Latency(
        provider=provider,
        operation=operation,
        median=median_estimate(timed),
        censored=_censored_median(timed, sum(map(_waited_in_vain, records))),
        p95=quantile_estimate(timed, 0.95, unit="s"),
        fastest_s=min(timed, default=None),
        slowest_s=max(timed, default=None),
        timeouts=timeouts,
        untimed=len(served) - len(timed),
    )


_NEVER_S = 1e300
"""Longer than any wait, and still a number that can be averaged."""


def _waited_in_vain(record: Record) -> bool:
    """Tell whether a request timed out that may have been served: no refusal was due."""
    end = record.outcome
    timed_out = isinstance(end, Fault) and end.error_class == "timeout"
    return timed_out and record.shot.case.expect != "refuse"


def _censored_median(timed: Sequence[float], timeouts: int) -> Estimate:
    estimate = median_estimate([*timed, *[_NEVER_S] * timeouts])
    value, low, high = (
        None if bound is None or bound > _NEVER_S / 4 else bound
        for bound in (estimate.value, estimate.low, estimate.high)
    )
    return replace(estimate, value=value, low=low, high=high)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
