"""Requests that were sent again, and charged again: under the same key, or after they failed."""

from array import array
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, pairwise

from harness.core.digests import digest64
from harness.core.exchange import Reply, Request, submission
from harness.spec.expressions import first_match
from harness.spec.lifecycle import job_id_of
from harness.stats.money.charges import Charge, failed_for_good, question, stated_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """A request that was sent again, where the replies to both say what they cost.

    It `failed` where the provider said so. `amount` was charged for the one that brought nothing
    new: 0 where that was free.
    """

    case: str
    failed: bool
    amount: Decimal


def duplicates(charges: Collection[Charge]) -> tuple[Repeated, ...]:
    """Return the repetitions under an idempotency key of which a reply says what they cost.

    A repetition that is answered with the first job, at the same charge, cost nothing.
    """
    again = _several(charge.key for charge in charges if charge.key and charge.served)
    found: list[Repeated] = []
    of_key: dict[str, list[Repeated]] = {}
    last: dict[str, _Served] = {}
    for charge in charges:
        found += filter(None, [_followed_up(charge)])
        served = charge.served
        if not charge.key or served is None or digest64(charge.key) not in again:
            continue
        now = _Served(charge.stated, served.job, frozenset(one.digest for one in served.pictures))
        before = last.get(charge.key)
        of_key.setdefault(charge.key, [])
        last[charge.key] = now
        if before and before.stated is not None and now.stated is not None:
            amount = now.stated if _is_another(before, now) else Decimal(0)
            of_key[charge.key].append(_repeated(charge, amount))
    return (*found, *chain.from_iterable(of_key.values()))


def _repeated(charge: Charge, amount: Decimal) -> Repeated:
    return Repeated(case=charge.case, failed=failed_for_good(charge), amount=amount)


def _several(texts: Iterable[str]) -> frozenset[int]:
    """Return the digests of the texts that come more than once."""
    digests = sorted(array("Q", map(digest64, texts)))
    return frozenset(one for one, other in pairwise(digests) if one == other)


@dataclass(frozen=True, slots=True)
class _Served:
    """What of a served request tells it from its repetition."""

    stated: Decimal | None
    job: str | None
    images: frozenset[str]


def _is_another(one: _Served, other: _Served) -> bool:
    """Tell whether two served requests made two jobs, or without jobs two images."""
    if one.job or other.job:
        return one.job != other.job
    return one.images != other.images


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
            found = _repeated(charge, amount)
    return found


def _is_again(request: Request, sent: Request) -> bool:
    return (request.method, request.target) == (sent.method, sent.target)


def retries(charges: Collection[Charge]) -> tuple[Repeated, ...]:
    """Return the requests that failed, were sent again and were charged then.

    Each is one whose own reply says what it cost. Those within one request were answered that it
    was too early; others are equal requests of the same traffic.
    """
    failing = any(each.stated is not None and failed_for_good(each) for each in charges)
    several = _several(map(question, charges)) if failing else frozenset()
    found: list[Repeated] = []
    of_question: dict[int, list[Repeated]] = {}
    waiting: dict[int, list[Repeated]] = {}
    for charge in charges:
        if charge.stated:
            found += [_repeated(charge, amount) for amount in _too_early(charge)]
        if not several or (asked := digest64(question(charge))) not in several:
            continue
        of_question.setdefault(asked, [])
        if charge.served and charge.stated:
            of_question[asked] += waiting.pop(asked, ())
        if failed_for_good(charge) and charge.stated is not None:
            waiting.setdefault(asked, []).append(_repeated(charge, charge.stated))
    return (*found, *chain.from_iterable(of_question.values()))


def _too_early(charge: Charge) -> Iterator[Decimal]:
    submitted = [each for each in charge.answers if each.step == "submit"]
    for exchange in submitted[:-1]:
        answer = exchange.answer
        stated = stated_in(answer.document, charge.operation) if isinstance(answer, Reply) else None
        if stated is not None:
            yield stated
