"""Claims about the life of a job, read from its polls."""

from collections.abc import Iterator
from itertools import pairwise

from harness.checks.claim import Subject, Word, failed, passed
from harness.core.exchange import Reply
from harness.core.jsontype import Json
from harness.core.outcome import Fault
from harness.spec.source import first

BAD = 400


def job_states_only_move_forward(subject: Subject) -> tuple[Word, ...]:
    """A job never goes back to an earlier state."""
    job = subject.operation.job
    if job is None:
        return ()
    order = {state: place for place, state in enumerate(job.pending)}
    order |= dict.fromkeys((*job.done, *job.failed), len(order))
    seen = [state for state in _states(subject) if state in order]
    for earlier, later in pairwise(seen):
        if order[later] < order[earlier]:
            return failed(f"went from {earlier} back to {later}")
    return passed(" -> ".join(dict.fromkeys(seen))) if seen else ()


def job_is_taken_with_the_documented_status(subject: Subject) -> tuple[Word, ...]:
    """A submitted job is answered with the HTTP status that the documents show."""
    job = subject.operation.job
    answers = [exchange.answer for exchange in subject.record.exchanges]
    taken = next((one for one in answers if isinstance(one, Reply) and one.status < BAD), None)
    if job is None or job.submitted_status is None or taken is None:
        return ()
    if first(job.id, taken.document) is None:
        return ()
    if taken.status == job.submitted_status:
        return passed(f"HTTP {taken.status}")
    return failed(f"HTTP {taken.status} where the documents show {job.submitted_status}")


def failed_jobs_cost_nothing(subject: Subject) -> tuple[Word, ...]:
    """A failed job is not charged, where the documents say so."""
    outcome, promise = subject.outcome, subject.provider.prices.failed_free
    if promise is None or not isinstance(outcome, Fault) or outcome.error_class != "job_failed":
        return ()
    charged = first(subject.operation.reply.charged, _last(subject))
    if isinstance(charged, int | float) and not isinstance(charged, bool) and charged > 0:
        return failed(f"a failed job was charged {charged} {subject.provider.prices.unit}")
    return passed("the failed job was not charged")


def _states(subject: Subject) -> Iterator[str]:
    job = subject.operation.job
    for document in _documents(subject):
        state = first(job.state, document) if job else None
        if isinstance(state, str):
            yield state


def _last(subject: Subject) -> Json:
    return next(reversed([*_documents(subject)]), None)


def _documents(subject: Subject) -> Iterator[Json]:
    for exchange in subject.record.exchanges:
        answer = exchange.answer
        if isinstance(answer, Reply) and isinstance(answer.document, dict):
            yield answer.document
