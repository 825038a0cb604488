"""The smallest combination of a failing request's values that fails: which request tells most.

Each request is the plain one with some of the failing one's values. The one is chosen whose answer
is least certain, by what the records leave suspect, in relation to what it costs if it is served;
so the suspects are halved where many are alike, and the likeliest is tried where one stands out.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from math import log2

from harness.core.jsonvalue import Json
from harness.diagnosis.assignment import Assignment, assignment, changes
from harness.diagnosis.suspicion import AssignedRecord, CombinationRanking, FailureGroup
from harness.spec import price
from harness.spec.provider import Provider
from harness.spec.rules import Scalar

_LOOKED_AT = 48
"""How many requests are priced and proved before one is chosen; the rest tell less anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """How far a failing record is isolated: the smallest known one, and what to ask next.

    `names` are the arguments that fail together, as far as is known.
    """

    current: AssignedRecord
    names: tuple[str, ...]
    question: dict[str, Json] | None


def stand(
    provider: Provider,
    trouble: FailureGroup,
    seed: AssignedRecord,
    *,
    known: Sequence[frozenset[str]],
    closed: Collection[tuple[tuple[str, str], ...]],
) -> Stand:
    """Return how far a failing record is isolated; `closed` are questions that tell nothing."""
    current = trouble.smallest(seed)
    suspicion = CombinationRanking(trouble, current, known)
    names = suspicion.likeliest()
    question = None
    if suspicion.weights and not _is_bare(trouble, suspicion.names):
        question = _telling(provider, trouble, suspicion, closed)
        if question is None and trouble.breaks is None:
            question = _other_company(trouble, current, names, closed)
    return Stand(current=current, names=names, question=question)


def without_values(
    trouble: FailureGroup, seed: AssignedRecord, wrong: Collection[str]
) -> dict[str, Json] | None:
    """Return a failing request with these arguments as the plain one has them; None if needless.

    What needs one of them goes with it. It is needless where passing records hold every value
    that is left.
    """
    rest = changes(trouble.base, seed.items) - set(wrong)
    rest = frozenset(name for name in rest if not _needs(trouble, name, wrong))
    tried = all(
        any(
            assigned.items.get(name, "") == seed.items.get(name, "") for assigned in trouble.passing
        )
        for name in rest
    )
    arguments = trouble.arguments(seed, rest)
    return None if tried or not trouble.asks_the_same(arguments) else arguments


def _needs(trouble: FailureGroup, name: str, wrong: Collection[str]) -> bool:
    argument = trouble.operation.arguments.get(name)
    rule = argument.only_with if argument is not None else None
    return rule is not None and rule.argument in wrong


def _is_bare(trouble: FailureGroup, names: Collection[str]) -> bool:
    """Tell whether a request breaks its rule by that rule's own arguments and nothing else."""
    broken = trouble.operation.constraint(trouble.breaks or "")
    if broken is None:
        return False
    other = getattr(broken.rule, "argument", broken.parameter)
    return set(names) <= {broken.parameter, other}


def assignment_text(items: Assignment) -> tuple[tuple[str, str], ...]:
    """Return an assignment as a key: two requests with the same one ask the same."""
    return tuple(sorted((name, value) for name, value in items.items() if value))


def _telling(
    provider: Provider,
    trouble: FailureGroup,
    suspicion: CombinationRanking,
    closed: Collection[tuple[tuple[str, str], ...]],
) -> dict[str, Json] | None:
    """Return the smaller valid request that tells most for its price; None where all is told."""
    plain = price.price_of(provider, trouble.operation, trouble.plain)
    masks = sorted(
        suspicion.doubtful(),
        key=lambda mask: (-_entropy(suspicion.chance(mask)), mask.bit_count(), mask),
    )
    best: tuple[float, dict[str, Json]] | None = None
    looked_at = 0
    for mask in masks:
        arguments = trouble.arguments(suspicion.current, suspicion.chosen(mask))
        if assignment_text(assignment(trouble.operation, arguments)) in closed:
            continue
        if not trouble.asks_the_same(arguments):
            continue
        chance = suspicion.chance(mask)
        asked = price.price_of(provider, trouble.operation, arguments)
        times = max(float(asked.amount / plain.amount) if plain.amount else 1.0, asked.images)
        worth = _entropy(chance) / (1 + (1 - chance) * (max(times, 1.0) - 1))
        if best is None or worth > best[0]:
            best = (worth, arguments)
        looked_at += 1
        if looked_at == _LOOKED_AT:
            break
    return best[1] if best else None


def _entropy(chance: float) -> float:
    if not 0 < chance < 1:
        return 0.0
    return -chance * log2(chance) - (1 - chance) * log2(1 - chance)


def _other_company(
    trouble: FailureGroup,
    current: AssignedRecord,
    names: Sequence[str],
    closed: Collection[tuple[tuple[str, str], ...]],
) -> dict[str, Json] | None:
    """Return the same values beside another partner that they may need, where there is one.

    A compression needs a format that knows one: whether the two fail together, or it alone does,
    another such format tells.
    """
    beside = changes(trouble.base, current.items) - set(names)
    for name, partner, other in _partners(trouble, names):
        if partner not in beside:
            continue
        arguments = trouble.arguments(current, changes(trouble.base, current.items))
        arguments = {**arguments, partner: other}
        items = assignment(trouble.operation, arguments)
        assigneds = [
            assigned
            for assigned in (*trouble.passing, *trouble.failing)
            if _holds(assigned, items, name)
        ]
        if any(assigned.items.get(partner) != current.items[partner] for assigned in assigneds):
            continue
        fresh = items != current.items and assignment_text(items) not in closed
        if fresh and trouble.asks_the_same(arguments):
            return arguments
    return None


def _holds(assigned: AssignedRecord, items: Assignment, name: str) -> bool:
    return assigned.items.get(name) == items[name]


def _partners(trouble: FailureGroup, names: Sequence[str]) -> Iterator[tuple[str, str, Scalar]]:
    for name in names:
        argument = trouble.operation.arguments.get(name)
        rule = argument.only_with if argument else None
        for other in rule.values if rule else ():
            yield name, rule.argument if rule else "", other
