"""When jobs ended: between two polls, and by webhook where a signed one came."""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import sub
from typing import Annotated

from pydantic import Field

from harness.core.exchange import Failure, submission
from harness.core.outcome import Images
from harness.core.record import Record
from harness.core.verdict import Estimate
from harness.core.webhook import webhooks_received
from harness.spec.expressions import first_match
from harness.spec.lifecycle import Job, Webhook, ended_between, job_id_of
from harness.spec.provider import Operation, Provider
from harness.stats.intervals import median_estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """When the served jobs of one provider's operation ended, in seconds since their submission.

    Polls tell an end from both sides only: `after` is the median of the lower bounds (the last
    poll that said no was sent), `before` that of the upper bounds (the reply of the first that
    said yes was whole). The median of the true ends of these `n` jobs lies between the two values.
    `widest_gap_s` is the largest distance of a job's two bounds. `delivered` is the median time at
    which a signed webhook told the end, over the jobs of which one came. `untimed` jobs were
    served and have no such times.
    """

    provider: str
    operation: str
    after: Estimate
    before: Estimate
    widest_gap_s: Annotated[float, Field(ge=0)]
    delivered: Estimate
    untimed: int

    @property
    def n(self) -> int:
        """Of how many jobs the polls told the end."""
        return self.after.n


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One job's end in seconds since its submission left; `delivered_s` is missing without one."""

    after_s: float
    before_s: float
    delivered_s: float | None = None


def completion_by_operation(
    records: Iterable[Record], providers: Mapping[str, Provider]
) -> tuple[Completion, ...]:
    """Return one row for each provider and operation of which a job was served and timed.

    Rows stand in the order in which the records name them; KeyError for a provider not given.
    """
    groups: dict[tuple[str, str], _Ends] = {}
    for record in records:
        case = record.shot.case
        operation = providers[case.provider].operation(case.operation)
        if operation.job is not None and isinstance(record.outcome, Images) and record.outcome.job:
            ends = groups.setdefault((case.provider, case.operation), _Ends())
            ends.add(completion_end(operation, operation.job, record))
    return tuple(
        _row(provider, operation, ends)
        for (provider, operation), ends in groups.items()
        if ends.after_s
    )


class _Ends:
    """The ends of one operation's jobs, in seconds: three numbers of each."""

    def __init__(self) -> None:
        self.after_s, self.before_s, self.delivered_s = array("d"), array("d"), array("d")
        self.untimed = 0

    def add(self, end: End | None) -> None:
        """Add a job's end; None of one without times."""
        if end is None:
            self.untimed += 1
            return
        self.after_s.append(end.after_s)
        self.before_s.append(end.before_s)
        if end.delivered_s is not None:
            self.delivered_s.append(end.delivered_s)


def completion_end(operation: Operation, job: Job, record: Record) -> End | None:
    """Return a served job's end; None where no poll tells it or the times are no times."""
    bounds, sent = ended_between(job, record.exchanges), submission(record.exchanges)
    if bounds is None or sent is None:
        return None
    left_s = sent.times.sent_s
    if bounds[1] <= left_s or bounds[1] < bounds[0]:
        return None
    notified_s = _notified_s(operation.webhook, job, record) if operation.webhook else None
    return End(
        after_s=bounds[0] - left_s,
        before_s=bounds[1] - left_s,
        delivered_s=None if notified_s is None or notified_s < left_s else notified_s - left_s,
    )


def _notified_s(webhook: Webhook, job: Job, record: Record) -> float | None:
    """Return when the first signed delivery reported this job's end, on the run's clock."""
    ours = record.outcome.job if isinstance(record.outcome, Images) else None
    deliveries = webhooks_received(record.exchanges)
    if deliveries is None or isinstance(deliveries, Failure):
        return None
    moments_s = [
        delivery.at_s
        for delivery in deliveries
        if delivery.signature == "valid"
        and delivery.at_s is not None
        and first_match(webhook.state, delivery.body) in (*job.done, *job.failed)
        and job_id_of(first_match(webhook.id, delivery.body)) == ours
    ]
    return min(moments_s, default=None)


def _row(provider: str, operation: str, ends: _Ends) -> Completion:
    return Completion(
        provider=provider,
        operation=operation,
        after=median_estimate(ends.after_s),
        before=median_estimate(ends.before_s),
        widest_gap_s=max(map(sub, ends.before_s, ends.after_s)),
        delivered=median_estimate(ends.delivered_s),
        untimed=ends.untimed,
    )
