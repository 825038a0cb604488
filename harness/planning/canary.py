"""The plan of a canary: the same few cases each day in other words, and a part of the others.

Plain requests of two operations leave every day, and so does a refusal of each rule, which is free.
Few rows try all other rules and values; as the money allows, those whose values were not asked for
longest. Equal cases of two days are pairs; no cache knows their prompts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

from harness.core.case import Case, Plan, Price
from harness.planning.addresses import texts_sent
from harness.planning.conformance import new_plan
from harness.planning.options import Canary
from harness.planning.plan import Limits, make_plan, planned_request, request_digest
from harness.planning.quick import quick_limits
from harness.planning.rewording import reworded
from harness.planning.rotation import LONGEST, in_turn, tokens_of
from harness.spec.catalogue import Entry
from harness.spec.provider import Provider

REFUSALS = 60
"""How many refusals a canary asks for at most: they are free, but not in time."""

PLAIN = 2
"""How many plain requests a canary has of all operations: the more there are, the longer it takes
until each value was asked for."""

MANY_PLAIN = 4
"""Of so many images a canary has one plain request more."""

SEED = 0
"""The seed of all canaries: a case is the same each day, and its words are another day's."""

AGAIN = "again"


def canary_plan(entry: Entry, canary: Canary) -> Plan:
    """Return the plan of a canary; the same for the same canary, in any process."""
    plain, rows, refusals = _cases(entry, canary.operations, canary.unreachable)
    purse = _Purse(canary)
    free: list[Case] = []
    if canary.only:
        meant = _meant((*plain, *rows, *refusals), canary.only)
        paid = [*purse.bought(entry.provider, _repeated(meant, canary.times))]
    else:
        rows, refusals = (
            tuple(case for case in cases if case.id not in canary.spared)
            for cases in (rows, refusals)
        )
        wanted = [case for case in rows if case.id in canary.first]
        others = [case for case in rows if case.id not in canary.first]
        paid = [*purse.bought(entry.provider, [*wanted, *_often(plain, canary)])]
        price = {case.id: planned_request(entry.provider, case).price.images for case in others}
        paid += purse.bought(entry.provider, in_turn(others, canary.asked, price, paid))
        free = [case for case in refusals if case.id in canary.first]
        left = [case for case in refusals if case.id not in canary.first]
        free += _refusals(left, canary.asked)
    known = {case.id for case in paid}
    cases = _other_words(entry.provider, [*paid, *free], canary.number)
    alone = [_alone(case, known) for case in cases]
    return make_plan(entry.provider, alone, seed=canary.number, spec_digest=entry.digest)


def never_asked(entry: Entry, canary: Canary) -> tuple[str, ...]:
    """Return the rules and values that no canary of this price asks for, as `OPERATION RULE`."""
    plain, rows, _ = _cases(entry, canary.operations, canary.unreachable)
    all_cases = (*plain, *rows)
    spared = _Purse(canary)
    left = [*spared.bought(entry.provider, plain)]
    covered = {token for case in left for token in tokens_of(case)}
    for case in rows:
        price = planned_request(entry.provider, case).price
        if spared.affords(price):
            covered |= tokens_of(case)
    tokens = dict.fromkeys(token for case in all_cases for token in sorted(tokens_of(case)))
    return tuple(token for token in tokens if token not in covered)


def turn_of(entry: Entry, canary: Canary) -> int | None:
    """Return in how many canaries all is asked that one of this price can; None beyond `LONGEST`.

    Pairs of values are in it only where a row happens to hold them.
    """
    plain, rows, _ = _cases(entry, canary.operations, canary.unreachable)
    never = {*never_asked(entry, canary)}
    left = {token for case in (*plain, *rows) for token in tokens_of(case)} - never
    price = {case.id: planned_request(entry.provider, case).price.images for case in rows}
    asked: dict[str, int] = {}
    for number in range(1, LONGEST + 1):
        purse = _Purse(canary)
        today = [*purse.bought(entry.provider, _often(plain, replace(canary, asked=asked)))]
        today += purse.bought(entry.provider, in_turn(rows, asked, price, today))
        asked |= {first_id(case.id): number for case in today}
        left -= {token for case in today for token in tokens_of(case)}
        if not left:
            return number
    return None


@cache
def _cases(
    entry: Entry, operations: tuple[str, ...], unreachable: tuple[str, ...]
) -> tuple[tuple[Case, ...], tuple[Case, ...], tuple[Case, ...]]:
    """Return the plain requests, the rows that are asked by turns, and the refusals.

    The rows are few that together try every rule and value: each is the one that tries the most of
    what those before it do not, for its price.
    """
    quick = new_plan(entry, seed=SEED, operations=operations, limits=quick_limits(Limits()))
    whole = new_plan(entry, seed=SEED, operations=operations)
    cases = {
        shot.case.id: _without_second(shot.case)
        for shot in (*quick.shots, *whole.shots)
        if not any(text.startswith(unreachable) for text in texts_sent(entry.provider, shot))
    }
    served = [case for case in cases.values() if case.expect == "accept"]
    plain = [case for case in served if case.id == f"{case.operation}/base"]
    covered = {token for case in plain for token in tokens_of(case)}
    rows: list[Case] = []
    left = [case for case in served if case not in plain]
    images = {case.id: max(planned_request(entry.provider, case).price.images, 1) for case in left}
    while left:
        best = max(left, key=lambda case: len(tokens_of(case) - covered) / images[case.id])
        if not tokens_of(best) - covered:
            break
        rows.append(best)
        covered |= tokens_of(best)
        left.remove(best)
    refusals = [case for case in cases.values() if case.expect == "refuse"]
    return tuple(plain), tuple(rows), tuple(refusals)


def _without_second(case: Case) -> Case:
    """Return a case without the repetition under its key, which may cost as much again."""
    return replace(case, follow_ups=tuple(each for each in case.follow_ups if each != "same_key"))


def _alone(case: Case, known: set[str]) -> Case:
    """Return a case that waits only for cases of this plan."""
    return replace(case, depends_on=tuple(each for each in case.depends_on if each in known))


class _Purse:
    """What a canary may still cost."""

    def __init__(self, canary: Canary) -> None:
        self.images, self.amount = canary.images, canary.amount

    def bought(self, provider: Provider, cases: Iterable[Case]) -> Iterator[Case]:
        """Yield the cases that there is money for, in their order; a dear one is passed over."""
        for case in cases:
            price = planned_request(provider, case).price
            if not self.affords(price):
                continue
            if self.images is not None:
                self.images -= price.images
            if self.amount is not None:
                self.amount -= price.amount
            yield case

    def affords(self, price: Price) -> bool:
        """Tell whether there is money for it."""
        images = self.images is None or price.images <= self.images
        return images and (self.amount is None or price.amount <= self.amount)


def _often(plain: Sequence[Case], canary: Canary) -> list[Case]:
    """Return plain requests: those not asked for longest, of few operations some more than once."""
    many = max(PLAIN, (canary.images or 0) // MANY_PLAIN)
    times = -(-many // max(len(plain), 1))
    return [*_repeated(_longest_ago(plain, canary.asked), times)][:many]


def _longest_ago(cases: Sequence[Case], asked: Mapping[str, int]) -> list[Case]:
    """Order cases: never asked first, then those not asked for longest; in doubt, as planned."""
    return sorted(cases, key=lambda case: asked.get(case.id, 0))


def _refusals(refusals: Sequence[Case], asked: Mapping[str, int]) -> list[Case]:
    """Return the refusals of a day: one of each rule, always the same, then others by turns."""
    first: dict[tuple[str, str | None], Case] = {}
    for case in refusals:
        first.setdefault((case.operation, case.breaks), case)
    chosen = list(first.values())[:REFUSALS]
    known = {case.id for case in chosen}
    others = _longest_ago([case for case in refusals if case.id not in known], asked)
    others.sort(key=lambda case: case.drawn)  # stable: those that are written down come first
    return [*chosen, *others[: max(REFUSALS - len(chosen), 0)]]


def _meant(cases: Sequence[Case], only: Sequence[str]) -> list[Case]:
    """Return the cases that `only` names by id; of a constraint or an operation, a few."""
    named = [case for word in only for case in cases if case.id == word]
    for word in only:
        about = [case for case in cases if _is_about(case, word)]
        named += [case for case in about if case.expect == "refuse"][:2]
        named += [case for case in about if case.expect == "accept"][:2]
        named += [case for case in cases if case.id == f"{word}/base"]
    return list({case.id: case for case in named}.values())


def _is_about(case: Case, word: str) -> bool:
    """Tell whether a case is about `OPERATION CONSTRAINT`."""
    operation, _, constraint = word.partition(" ")
    if not constraint or case.operation != operation:
        return False
    covered = {each.partition("=")[0] for each in case.covers}
    return constraint in (case.breaks, case.about) or constraint in covered


def _repeated(cases: Sequence[Case], times: int) -> Iterator[Case]:
    """Yield all cases once, then all a second time, and so on: repetitions lie apart."""
    for number in range(times):
        for case in cases:
            name = case.id if not number else f"{case.id}/{AGAIN}-{number}"
            yield replace(case, id=name)


def first_id(case_id: str) -> str:
    """Return the id of the case that a repetition repeats."""
    head, _, tail = case_id.rpartition(f"/{AGAIN}-")
    return head if head and tail.isdigit() else case_id


def _other_words(provider: Provider, cases: Sequence[Case], number: int) -> Iterator[Case]:
    """Yield the cases in words of this canary, where they leave any to choose."""
    sent: set[str] = set()
    for case in cases:
        planned = planned_request(provider, case)
        other = reworded(
            provider, planned, number=number, taken=lambda each: request_digest(each) in sent
        )
        asked = planned_request(provider, other.case if other else case)
        sent.add(request_digest(asked))
        yield asked.case
