"""Claims about the life of a job, read from its polls."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import pairwise

from harness.checks.check import (
    Assertion,
    CheckInput,
    CheckResult,
    Reproduced,
    check,
    failed,
    passed,
    quoted,
    unclear,
)
from harness.core.case import FollowUp
from harness.core.elided import is_filtered
from harness.core.exchange import Reply, Step
from harness.core.jsonvalue import Json, read_amount
from harness.core.outcome import Fault, FollowUpResult, Images
from harness.spec.expressions import first_match
from harness.spec.lifecycle import job_id_of, other_job
from harness.wire.images import A_NUMBER, no_price
from harness.wire.job import NEVER_WAS

BAD = 400
OK, REDIRECT = 200, 300


@check(rank=160, promised_in="job")
def job_states_only_move_forward(subject: CheckInput) -> tuple[CheckResult, ...]:
    """A job never goes back to an earlier state."""
    job = subject.operation.job
    if job is None:
        return ()
    order = {state: place for place, state in enumerate(job.pending)}
    order |= dict.fromkeys((*job.done, *job.failed), len(order))
    values = (first_match(job.state, document) for document in _documents(subject))
    states = [state for state in values if isinstance(state, str) and state in order]
    for earlier, later in pairwise(states):
        if order[later] < order[earlier]:
            why = f"went from {earlier} back to {later}"
            doubt = _out_of_order(subject)
            return unclear(f"{why}, in {doubt}") if doubt else failed(why)
    return passed(" -> ".join(dict.fromkeys(states))) if states else ()


def _out_of_order(subject: CheckInput) -> str:
    """Say why the polls may not stand in the order in which they were made; nothing where they do.

    A client's clock orders a recording, and an editor may shift it; the replies' dates are the
    provider's.
    """
    if subject.record.evidence.kind != "recorded":
        return ""
    dates = [_date(poll.header("date")) for poll in _replies(subject, "poll")]
    known = [date for date in dates if date is not None]
    if len(known) < len(dates):
        return "an undated recording"
    return "" if known == sorted(known) else "a recording whose replies are dated in another order"


def _date(header: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(header or "")
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _status_lines(again: Reproduced) -> tuple[str, ...]:
    job = again.operation.job
    statuses = job.submitted_status if job else ()
    if len(statuses) == 1:
        return (f"assert reply.status_code == {statuses[0]}",)
    return (f"assert reply.status_code in {statuses!r}",) if statuses else ()


@check(rank=162, promised_in="job")
def jobs_are_in_documented_states(subject: CheckInput) -> tuple[CheckResult, ...]:
    """A job is in one of the documented states, where the documents say that there are no others.

    Elsewhere a state that no document names is only observed.
    """
    job = subject.operation.job
    if job is None:
        return ()
    named = (*job.pending, *job.done, *job.failed)
    values = (first_match(job.state, document) for document in _documents(subject))
    others = [state for state in values if isinstance(state, str) and state and state not in named]
    if not others:
        return ()
    why = (
        f"the job was {', '.join(map(repr, dict.fromkeys(others)))}, a state that no document names"
    )
    return failed(why) if job.states_listed else unclear(why)


@check(rank=165, promised_in="job")
def polls_tell_of_their_own_job(subject: CheckInput) -> tuple[CheckResult, ...]:
    """A poll that tells a job's id tells that of the job that was asked for.

    One that tells none is fine: no document may promise it.
    """
    job, job_id = subject.operation.job, _job_id(subject)
    if job is None or not job_id:
        return ()
    polls = [*_replies(subject, "poll")]
    for poll in polls:
        if (other := other_job(job, poll.document, job_id)) and not _is_mark(other, job_id):
            return failed(f"the poll of job {job_id} told of job {other[:80]}")
    told = any(job_id_of(first_match(job.id, poll.document)) for poll in polls)
    return passed(f"polls told of job {job_id}") if told else ()


def _is_mark(other: str, job_id: str) -> bool:
    """Tell whether an id is what a sanitiser puts for one, or one of the two is."""
    return any(is_filtered(one) or len({*one}) == 1 for one in (other, job_id))


def _job_id(subject: CheckInput) -> str:
    """Return the id that the submission was answered with; empty where it named none."""
    job = subject.operation.job
    paths = job.id if job else ()
    ids = (job_id_of(first_match(paths, reply.document)) for reply in _replies(subject, "submit"))
    return next(filter(None, ids), "")


@check(rank=170, assertion=Assertion(position="reply", lines=_status_lines), promised_in="job")
def job_is_taken_with_the_documented_status(subject: CheckInput) -> tuple[CheckResult, ...]:
    """A submitted job is answered with the HTTP status that the documents show."""
    job = subject.operation.job
    submissions = (
        exchange.answer
        for exchange in subject.record.exchanges
        if exchange.step == "submit"
        and isinstance(exchange.answer, Reply)
        and exchange.answer.status < BAD
    )
    reply = next(submissions, None)
    if job is None or not job.submitted_status or not isinstance(reply, Reply):
        return ()
    if first_match(job.id, reply.document) is None:
        return ()
    if reply.status in job.submitted_status:
        return passed(f"HTTP {reply.status}")
    shown = " or ".join(map(str, job.submitted_status))
    return failed(f"HTTP {reply.status} where the documents show {shown}")


@check(rank=180, promised_in="failed_free")
def failed_jobs_cost_nothing(subject: CheckInput) -> tuple[CheckResult, ...]:
    """A failed job is not charged, where the documents say so."""
    outcome, promise = subject.outcome, subject.provider.prices.failed_free
    if promise is None or not isinstance(outcome, Fault) or outcome.error_class != "job_failed":
        return ()
    last = next(reversed([*_documents(subject)]), None)
    content = first_match(subject.operation.reply.charged, last)
    words = no_price(content)
    if words is not None and A_NUMBER.fullmatch(words) and "-" not in words:
        return failed(f"a failed job was charged {words}, which is no price")
    charged = read_amount(content)
    if charged is not None and charged > 0:
        return failed(f"a failed job was charged {charged} {subject.provider.prices.unit}")
    return passed("the failed job was not charged")


def _state_lines(again: Reproduced) -> tuple[str, ...]:
    job = again.operation.job
    if job is None or not job.poll_path:
        return ()
    polled = f'read(ask("GET", {quoted(job.poll_path)}.format(id=job[0])))'
    return (f"assert found({polled}, STATE)[0] in {job.done!r}",)


@check(rank=190, assertion=Assertion(lines=_state_lines), promised_in="job")
def terminal_states_stay(subject: CheckInput) -> tuple[CheckResult, ...]:
    """A job that has ended says so for good."""
    job, follow_up = subject.operation.job, _after(subject, "poll_again")
    if job is None or follow_up is None:
        return ()
    served = _served(follow_up)  # an error says nothing about the job
    if served and follow_up.state in job.done:
        return passed(f"asked again, it is still {follow_up.state}")
    if served and follow_up.state in (*job.pending, *job.failed):
        return failed(f"ended, and was {follow_up.state} when asked again")
    return unclear(f"asked again: {_described(follow_up)}")


def _unknown_lines(again: Reproduced) -> tuple[str, ...]:
    job = again.operation.job
    if job is None or not job.poll_path:
        return ()
    return (
        f'reply = ask("GET", {quoted(job.poll_path)}.format(id="{NEVER_WAS}"))',
        f"assert reply.status_code == {job.unknown_status}, reply.text[:500]",
    )


@check(rank=200, assertion=Assertion(position="alone", lines=_unknown_lines), promised_in="job")
def unknown_jobs_are_not_found(subject: CheckInput) -> tuple[CheckResult, ...]:
    """A job that never was is not found."""
    job, follow_up = subject.operation.job, _after(subject, "unknown_job")
    if job is None or follow_up is None:
        return ()
    if follow_up.status == job.unknown_status:
        return passed(f"HTTP {follow_up.status}")
    if _served(follow_up) and (follow_up.state or follow_up.job):
        return failed(f"a job that never was is told to be {follow_up.state or 'there'}")
    return unclear(f"a job that never was: {_described(follow_up)}")


def _key_lines(again: Reproduced) -> tuple[str, ...]:
    return (f"assert found(read({again.send}), JOB) == job",)


@check(rank=210, assertion=Assertion(position="job", lines=_key_lines), promised_in="idempotency")
def the_same_key_makes_no_second_job(subject: CheckInput) -> tuple[CheckResult, ...]:
    """A submission that is repeated under its idempotency key is answered with the first job."""
    follow_up, outcome = _after(subject, "same_key"), subject.outcome
    if follow_up is None or not isinstance(outcome, Images):
        return ()
    if not _served(follow_up) or follow_up.job is None:
        return unclear(f"repeated under its key: {_described(follow_up)}")
    if follow_up.job == outcome.job:
        return passed(f"answered with job {follow_up.job} again")
    return failed(f"the repetition made job {follow_up.job} beside {outcome.job}")


def _after(subject: CheckInput, kind: FollowUp) -> FollowUpResult | None:
    after = subject.outcome.after if isinstance(subject.outcome, Images) else ()
    return next((follow_up for follow_up in after if follow_up.kind == kind), None)


def _served(after: FollowUpResult) -> bool:
    return after.status is not None and OK <= after.status < REDIRECT


def _described(after: FollowUpResult) -> str:
    if after.status is None:
        return after.why or "no answer"
    return f"HTTP {after.status}" + (f", state {after.state}" if after.state else "")


def _documents(subject: CheckInput) -> Iterator[Json]:
    """Yield what the submission and the polls of this very job were answered with.

    What an error reply says in the place of a state is about the error.
    """
    job, job_id = subject.operation.job, _job_id(subject)
    for reply in _replies(subject, "submit", "poll"):
        another = job is not None and job_id and other_job(job, reply.document, job_id)
        if isinstance(reply.document, dict) and not another:
            yield reply.document


def _replies(subject: CheckInput, *steps: Step) -> Iterator[Reply]:
    """Yield the replies to these steps that are no errors."""
    for exchange in subject.record.exchanges:
        answer = exchange.answer
        if exchange.step in steps and isinstance(answer, Reply) and OK <= answer.status < REDIRECT:
            yield answer
