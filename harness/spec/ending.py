"""When a job ended, as its polls tell: an interval, never a point."""

from collections.abc import Sequence

from harness.core.exchange import Exchange, Reply, submission
from harness.spec.expressions import first_match
from harness.spec.lifecycle import Job


def ended_between(job: Job, exchanges: Sequence[Exchange]) -> tuple[float, float] | None:
    """Return the bounds of a job's end in seconds on the run's clock; None where no poll told it.

    It ended after the last poll that said no was sent (or after the submission was, where the first
    poll said yes) and before the reply of the first poll that said yes was whole. Poll spacing is
    what keeps the two apart; the end of the interval alone is late by half of it on average.
    """
    sent = submission(exchanges)
    if sent is None:
        return None
    low_s = sent.times.sent_s
    for poll in (exchange for exchange in exchanges if exchange.step == "poll"):
        document = poll.answer.document if isinstance(poll.answer, Reply) else None
        state = first_match(job.state, document)
        if state in job.done or state in job.failed:
            return low_s, poll.times.end_s
        if state in job.pending:
            low_s = poll.times.sent_s
    return None
