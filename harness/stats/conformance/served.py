"""When valid requests were served: curves of time, timeouts and cut-offs censored."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

from harness.core.exchange import Failure
from harness.core.outcome import Fault, Images
from harness.core.record import Record
from harness.core.verdict import Estimate
from harness.stats import survival
from harness.stats.conformance.time_to_images import NEEDED, seconds_to_images
from harness.stats.curves import CurveStep, curve_steps
from harness.stats.survival import CensoredTimes


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedTimes:
    """Time to images of one provider's operation over its valid requests, in seconds.

    Counted from the departure of the request. `n` are those that were served or given up: the
    `timeouts`, and the `cut_off` that we gave up ourselves, are censored. `untimed` were served
    without a recorded duration, `served_s` are the times of the others. `emulated` says that some
    reply was an emulator's.
    """

    provider: str
    operation: str
    emulated: bool
    n: int
    timeouts: int
    cut_off: int
    untimed: int
    median: Estimate
    p95: Estimate
    horizon_s: float
    curve: tuple[CurveStep, ...]
    given_up_s: tuple[float, ...]
    served_s: tuple[float, ...]


def served_by_operation(records: Iterable[Record]) -> tuple[ServedTimes, ...]:
    """Return one row for each provider and operation that served a valid request or timed out.

    Rows stand in the order of the records; those of a benchmark, which have a place in its design,
    are measured there.
    """
    return served_or_late(record for record in records if record.shot.slot is None)


def served_or_late(records: Iterable[Record]) -> tuple[ServedTimes, ...]:
    """Return the same rows, those of a benchmark included.

    Valid is what the documents promise to accept; of an operation of which no such request was
    sent, as in the traffic of others, what they do not forbid.
    """
    groups: dict[tuple[str, str], dict[bool, _Times]] = {}
    for record in records:
        case = record.shot.case
        if case.expect != "refuse" and record.outcome is not None:
            group = groups.setdefault((case.provider, case.operation), {})
            group.setdefault(case.expect == "accept", _Times()).add(record)
    rows = (_row(*place, group.get(True) or group[False]) for place, group in groups.items())
    return tuple(row for row in rows if row.n or row.untimed)


class _Times:
    """The times of one operation's requests, and how many have none or were given up."""

    def __init__(self) -> None:
        self.served_s, self.late_s, self.cut_s = array("d"), array("d"), array("d")
        self.untimed = 0
        self.emulated = False

    def add(self, record: Record) -> None:
        """Add a request that was sent."""
        self.emulated = self.emulated or record.evidence.emulated
        if isinstance(record.outcome, Images):
            elapsed_s = seconds_to_images(record)
            if elapsed_s is None:
                self.untimed += 1
            else:
                self.served_s.append(elapsed_s)
        elif _timed_out(record):
            self.late_s.append(_waited_s(record))
        elif _cut_off(record):
            self.cut_s.append(_waited_s(record))


def _row(provider: str, operation: str, held: _Times) -> ServedTimes:
    timed, waited = tuple(held.served_s), (*held.late_s, *held.cut_s)
    times = CensoredTimes(
        seconds=(*timed, *waited), ended=(True,) * len(timed) + (False,) * len(waited)
    )
    return ServedTimes(
        provider=provider,
        operation=operation,
        emulated=held.emulated,
        n=times.n,
        timeouts=len(held.late_s),
        cut_off=len(held.cut_s),
        untimed=held.untimed,
        median=survival.censored_quantile(times, 0.5),
        p95=survival.censored_quantile(times, 0.95),
        horizon_s=survival.horizon_s(times),
        curve=curve_steps(times),
        given_up_s=times.given_up_s,
        served_s=timed,
    )


def _timed_out(record: Record) -> bool:
    """Tell a reply that did not come in time from a connection that was never made."""
    outcome, last = record.outcome, record.exchanges[-1].answer if record.exchanges else None
    if not isinstance(outcome, Fault) or outcome.error_class != "timeout" or outcome.status:
        return False
    return last is not None and (not isinstance(last, Failure) or last.sent)


def _cut_off(record: Record) -> bool:
    """Tell what was under way when the run was stopped."""
    match record.outcome:
        case Fault(error_class="unknown", status=None, job=None, may_be_paid=True):
            return bool(record.exchanges)
        case _:
            return False


def _waited_s(record: Record) -> float:
    """Return how long a request was waited for."""
    needed = [one.times for one in record.exchanges if one.step in NEEDED] or [
        one.times for one in record.exchanges
    ]
    return max(max(times.end_s for times in needed) - needed[0].sent_s, 0.0)
