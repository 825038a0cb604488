"""Requests that were sent again, and charged again: under the same key, or after they failed."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from harness.core.exchange import Reply, Request, submission
from harness.spec.expressions import first_match
from harness.spec.lifecycle import job_id_of
from harness.stats.money.charges import Charge, failed_for_good, question, stated_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """A request that was sent again, where the replies to both say what they cost.

    `amount` was charged for the one that brought nothing new: 0 where that was free.
    """

    charge: Charge
    amount: Decimal


def duplicates(charges: Sequence[Charge]) -> tuple[Repeated, ...]:
    """Return the repetitions under an idempotency key of which a reply says what they cost.

    A repetition that is answered with the first job, at the same charge, cost nothing.
    """
    by_key: defaultdict[str, list[Charge]] = defaultdict(list)
    for charge in charges:
        if charge.key and charge.served:
            by_key[charge.key].append(charge)
    found = [*filter(None, map(_followed_up, charges))]
    for same in by_key.values():
        for first, second in pairwise(same):
            if first.stated is not None and second.stated is not None:
                amount = second.stated if _is_another(first, second) else Decimal(0)
                found.append(Repeated(charge=second, amount=amount))
    return tuple(found)


def _is_another(first: Charge, second: Charge) -> bool:
    """Tell whether two served requests made two jobs, or without jobs two images."""
    one, other = first.served, second.served
    if one is None or other is None:
        return False
    if one.job or other.job:
        return one.job != other.job
    return {each.digest for each in one.pictures} != {each.digest for each in other.pictures}


def _followed_up(charge: Charge) -> Repeated | None:
    """Return the repetition of a job's submission that the harness sent itself.

    What it cost stands in its own reply, or in that of a later poll of the first job.
    """
    served, sent, job = charge.served, submission(charge.record.exchanges), charge.operation.job
    if served is None or sent is None or job is None:
        return None
    found: Repeated | None = None
    repeated = False
    for exchange in charge.record.exchanges:
        request, answer = exchange.request, exchange.answer
        if exchange.step != "follow_up" or not isinstance(answer, Reply):
            continue
        repeated = repeated or _is_again(request, sent.request)
        stated = stated_in(answer.document, charge.operation) if repeated else None
        told = job_id_of(first_match(job.id, answer.document))
        if stated is None or (told != served.job and not _is_again(request, sent.request)):
            continue
        known = charge.stated if charge.stated is not None else stated
        amount = stated if told and told != served.job else max(stated - known, Decimal(0))
        if found is None or amount > found.amount:
            found = Repeated(charge=charge, amount=amount)
    return found


def _is_again(request: Request, sent: Request) -> bool:
    return (request.method, request.target) == (sent.method, sent.target)


def retries(charges: Sequence[Charge]) -> tuple[Repeated, ...]:
    """Return the requests that failed, were sent again and were charged then.

    Each is one whose own reply says what it cost. Those within one request were answered that it
    was too early; others are equal requests of the same traffic.
    """
    found = [
        Repeated(charge=charge, amount=amount)
        for charge in charges
        if charge.stated
        for amount in _too_early(charge)
    ]
    by_question: defaultdict[str, list[Charge]] = defaultdict(list)
    for charge in charges:
        by_question[question(charge)].append(charge)
    for same in by_question.values():
        for place, charge in enumerate(same):
            again = any(later.served and later.stated for later in same[place + 1 :])
            if failed_for_good(charge) and charge.stated is not None and again:
                found.append(Repeated(charge=charge, amount=charge.stated))
    return tuple(found)


def _too_early(charge: Charge) -> Iterator[Decimal]:
    submitted = [each for each in charge.answers if each.step == "submit"]
    for exchange in submitted[:-1]:
        answer = exchange.answer
        stated = stated_in(answer.document, charge.operation) if isinstance(answer, Reply) else None
        if stated is not None:
            yield stated
