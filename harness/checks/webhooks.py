"""Claims about webhooks, read from what our receiver was sent under this request's own address.

Only the provider knows that address. That nothing comes convicts nobody: our receiver may be out of
reach, and documents spell the parameter in two ways.
"""

from collections import Counter
from collections.abc import Sequence

from harness.checks.check import CheckInput, CheckResult, check, failed, passed, unclear
from harness.core.exchange import Failure
from harness.core.outcome import Fault, Images
from harness.core.webhook import WebhookDelivery, webhooks_received
from harness.spec.expressions import first_match
from harness.spec.lifecycle import Job, Webhook, ended_between, job_id_of

LATE_S = 30.0
"""A delivery that comes so long after the polls saw the end is called late."""


@check(rank=270, promised_in="webhook")
def webhook_arrives(subject: CheckInput) -> tuple[CheckResult, ...]:
    """The end of the job is delivered to the address that was given."""
    webhook, deliveries = subject.operation.webhook, webhooks_received(subject.record.exchanges)
    if webhook is None or deliveries is None:
        return ()
    if isinstance(deliveries, Failure):
        return unclear(f"nothing could be received: {deliveries.why}")
    if not deliveries:
        return unclear("nothing was delivered: our receiver may be out of reach")
    signatures = [delivery.signature for delivery in deliveries]
    parts = [f"{number} {kind}" for kind, number in sorted(Counter(signatures).items())]
    counts = Counter(delivery.digest for delivery in deliveries)
    repeated = sum(number - 1 for number in counts.values())
    parts += [f"{repeated} repeated"] if repeated else []
    parts += [_when(subject, webhook, deliveries)]
    return passed("; ".join(filter(None, parts)))


@check(rank=280, promised_in="webhook")
def webhook_is_signed(subject: CheckInput) -> tuple[CheckResult, ...]:
    """Every delivery carries the signature that the documents describe."""
    deliveries = _deliveries(subject)
    if not deliveries:
        return ()
    wrong = [delivery for delivery in deliveries if delivery.signature != "valid"]
    if not wrong:
        reading = deliveries[0].key
        return passed(f"{len(deliveries)} signed, keyed with {reading}")
    return failed(f"{len(wrong)} of {len(deliveries)} deliveries: signature {wrong[0].signature}")


@check(rank=290, promised_in="webhook")
def webhook_tells_of_this_job(subject: CheckInput) -> tuple[CheckResult, ...]:
    """A signed delivery names the job that the request was answered with, and a state of it."""
    webhook, outcome = subject.operation.webhook, subject.outcome
    job = outcome.job if isinstance(outcome, Images | Fault) else None
    bodies = [delivery.body for delivery in _deliveries(subject) if delivery.signature == "valid"]
    if webhook is None or job is None or not bodies:
        return ()
    named = [job_id_of(first_match(webhook.id, body)) for body in bodies]
    strays = [job_id for job_id in named if job_id and job_id != job]
    if strays:
        return failed(f"told of job {strays[0]!r}, the request made {job!r}")
    if not all(named):
        return unclear("a signed delivery names no job where one is looked for")
    return passed(f"told of job {job}")


@check(rank=300, promised_in="webhook")
def webhook_agrees_with_the_polls(subject: CheckInput) -> tuple[CheckResult, ...]:
    """A delivery says that the job has ended only once the polls do, too.

    A poll may be answered from a copy that lags behind, so a difference is observed, not judged.
    """
    webhook, description = subject.operation.webhook, subject.operation.job
    deliveries, ended_s = _deliveries(subject), _ended_s(subject)
    if webhook is None or description is None or ended_s is None:
        return ()
    ends_s = _ends_s(webhook, description, deliveries)
    early_s = [ended_s[0] - end_s for end_s in ends_s if end_s < ended_s[0]]
    if early_s:
        return unclear(
            f"observed: delivered as ended {early_s[0]:.3g} s before a poll that "
            "still said otherwise"
        )
    return passed("no delivery was ahead of the polls") if deliveries else ()


def _deliveries(subject: CheckInput) -> Sequence[WebhookDelivery]:
    deliveries = webhooks_received(subject.record.exchanges)
    if subject.operation.webhook is None or deliveries is None or isinstance(deliveries, Failure):
        return ()
    return deliveries


def _when(subject: CheckInput, webhook: Webhook, deliveries: Sequence[WebhookDelivery]) -> str:
    """Say how long after the polls saw the end the first delivery of it came."""
    ended_s, job = _ended_s(subject), subject.operation.job
    if ended_s is None or job is None:
        return ""
    ends_s = _ends_s(webhook, job, deliveries)
    if not ends_s:
        return "none of them tells the end"
    apart = min(ends_s) - ended_s[1]
    late = ", late" if apart > LATE_S else ""
    return (
        f"{abs(apart):.3g} s {'after' if apart >= 0 else 'before'} the poll that told the end{late}"
    )


def _ended_s(subject: CheckInput) -> tuple[float, float] | None:
    job = subject.operation.job
    return None if job is None else ended_between(job, subject.record.exchanges)


def _ends_s(webhook: Webhook, job: Job, deliveries: Sequence[WebhookDelivery]) -> list[float]:
    """Return when each delivery that states the end was received, in seconds."""
    ends = (*job.done, *job.failed)  # a state may be any JSON
    return [
        delivery.at_s or 0.0
        for delivery in deliveries
        if first_match(webhook.state, delivery.body) in ends
    ]
