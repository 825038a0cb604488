"""The plan of a canary: the same few cases each day in other words, and a part of the others.

First those of a quick plan, whose images tell much; then refusals, which are free; then, as the
money allows, what was not asked for longest. Equal cases of two days are pairs; no cache knows
their prompts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache

from harness.core.case import Case, Plan, PlannedRequest, Price
from harness.planning.conformance import new_plan
from harness.planning.plan import Limits, make_plan, planned_request, request_digest
from harness.planning.quick import quick_limits
from harness.planning.rewording import reworded
from harness.spec.catalogue import Entry
from harness.spec.provider import Provider

REFUSALS = 60
"""How many refusals a canary asks for at most: they are free, but not in time."""

SEED = 0
"""The seed of all canaries: a case is the same each day, and its words are another day's."""

AGAIN = "again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """What a canary asks, and what it may cost by its prices; None is no limit.

    `number` makes its words: no two canaries have the same. `asked` says on which day, as an
    ordinal, a case was asked last. With `only` (ids of cases, constraints, names of operations),
    these alone are asked, each `times`.
    """

    number: int
    images: int | None = None
    amount: Decimal | None = None
    asked: Mapping[str, int] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    times: int = 1


def canary_plan(entry: Entry, canary: Canary) -> Plan:
    """Return the plan of a canary; the same for the same canary, in any process."""
    core, others = _cases(entry)
    purse = _Purse(canary)
    paid: list[Case]
    if canary.only:
        cases = _meant((*core, *others), canary.only)
        paid = [*purse.bought(entry.provider, _repeated(cases, canary.times))]
        free: list[Case] = []
    else:
        first = [case for case in core if case.expect == "accept"]
        rest = [case for case in others if case.expect == "accept"]
        paid = [*purse.bought(entry.provider, first)]
        paid += purse.bought(entry.provider, _longest_ago(rest, canary.asked))
        free = _refusals([*core, *others], canary.asked)
    known = {case.id for case in paid}
    cases = [_alone(case, known) for case in paid]
    plan = make_plan(
        entry.provider, [*cases, *free], seed=canary.number, spec_digest=entry.digest
    )
    return replace(plan, shots=tuple(_other_words(entry.provider, plan.shots, canary.number)))


@cache
def _cases(entry: Entry) -> tuple[tuple[Case, ...], tuple[Case, ...]]:
    """Return the cases of a quick plan, and all other ones of a whole plan."""
    quick = new_plan(entry, seed=SEED, limits=quick_limits(Limits()))
    whole = new_plan(entry, seed=SEED)
    core = {planned.case.id: planned.case for planned in quick.shots}
    others = (planned.case for planned in whole.shots if planned.case.id not in core)
    return tuple(map(_without_second, core.values())), tuple(map(_without_second, others))


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
            price: Price = planned_request(provider, case).price
            if self.images is not None and price.images > self.images:
                continue
            if self.amount is not None and price.amount > self.amount:
                continue
            if self.images is not None:
                self.images -= price.images
            if self.amount is not None:
                self.amount -= price.amount
            yield case


def _longest_ago(cases: Sequence[Case], asked: Mapping[str, int]) -> list[Case]:
    """Order cases: never asked first, then those not asked for longest; in doubt, as planned."""
    return sorted(cases, key=lambda case: asked.get(case.id, 0))


def _refusals(cases: Sequence[Case], asked: Mapping[str, int]) -> list[Case]:
    """Return the refusals of a day: one of each rule, always the same, then others by turns."""
    refusals = [case for case in cases if case.expect == "refuse"]
    first: dict[tuple[str, str | None], Case] = {}
    for case in refusals:
        first.setdefault((case.operation, case.breaks), case)
    chosen = list(first.values())[:REFUSALS]
    known = {case.id for case in chosen}
    others = _longest_ago([case for case in refusals if case.id not in known], asked)
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


def _other_words(
    provider: Provider, shots: Sequence[PlannedRequest], number: int
) -> Iterator[PlannedRequest]:
    """Yield the requests in words of this canary, where the case leaves any to choose."""
    sent: set[str] = set()
    for planned in shots:
        other = reworded(
            provider, planned, number=number, taken=lambda each: request_digest(each) in sent
        )
        chosen = other or planned
        sent.add(request_digest(chosen))
        yield chosen
