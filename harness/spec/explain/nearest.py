"""The valid request that is nearest to a given one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

from harness.core.jsonvalue import Json
from harness.spec.evaluate import broken_when_sent, evaluate
from harness.spec.explain.neighbours import near
from harness.spec.provider import Constraint, Operation
from harness.spec.request import carried
from harness.spec.rules.base import Arguments, Paired, same
from harness.spec.rules.pairs import Conditional

FEW = 3
"""How many values are tried in the place of one."""

TRIES = 4000
"""How many requests are judged before the search ends with what it has: about 0.3 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One changed argument; None where it is not there before, or is to be left out."""

    parameter: str
    before: Json
    after: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestRequest:
    """A request that no rule objects to, and what was changed for it, in the document's order."""

    arguments: dict[str, Json]
    changes: tuple[Change, ...]


def nearest_request(operation: Operation, arguments: Arguments) -> NearestRequest | None:
    """Return the valid request that differs in the fewest arguments, or None within `TRIES`.

    Valid is what `broken_when_sent` finds nothing in. Of requests with as few changes, one that
    adds an argument comes first, then one that leaves out what counts only beside others, then one
    with the nearest value. Arguments that the operation does not have are left out.
    """
    known = {name: value for name, value in arguments.items() if name in operation.arguments}
    found = known if valid(operation, known) else _search(operation, known)
    if found is None:
        return None
    ordered = {name: found[name] for name in operation.arguments if name in found}
    names = dict.fromkeys((*operation.arguments, *arguments))
    changes = tuple(
        Change(parameter=name, before=arguments.get(name), after=found.get(name))
        for name in names
        if (name in arguments) != (name in found)
        or (name in found and not same(arguments[name], found[name]))
    )
    return NearestRequest(arguments=ordered, changes=changes)


def valid(operation: Operation, arguments: Arguments) -> bool:
    """Tell whether no rule objects to these arguments, and none leaves open if it does."""
    return broken_when_sent(operation, arguments) == ((), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """One argument's new value, or its absence (None), and how unwelcome that is."""

    name: str
    value: Json
    cost: float


def _search(operation: Operation, given: dict[str, Json]) -> dict[str, Json] | None:
    """Change what its own rules object to, and as little else as rules about two ask for."""
    forced = list(_forced(operation, given))
    joined = set(_joined(operation))
    settled = dict(given)
    for name in forced:
        if name not in joined:  # nothing else speaks of it: the first value that fits is as good
            move = next(iter(_moves(operation, name, settled, forced=True)), None)
            if move is None:
                return None
            settled = _moved(settled, move)
    open_ = [name for name in forced if name in joined]
    free = [name for name in operation.arguments if name in joined and name not in open_]
    tries = 0
    for extra in range(len(free) + 1):
        candidates = [
            (cost, found)
            for chosen in combinations(free, extra)
            for cost, found in _assignments(operation, settled, open_, chosen)
        ]
        candidates.sort(key=lambda one: one[0])
        for _, found in islice(candidates, TRIES - tries):
            if valid(operation, found):
                return found
        tries += len(candidates)
        if tries >= TRIES:
            break
    return _bare(operation, settled, joined)


def _bare(
    operation: Operation, settled: dict[str, Json], joined: Iterable[str]
) -> dict[str, Json] | None:
    """Return the request without any optional argument that a rule joins to another."""
    names = set(joined)
    left = {
        name: value
        for name, value in settled.items()
        if name not in names or operation.arguments[name].required is not None
    }
    return left if valid(operation, left) else None


def _forced(operation: Operation, given: Arguments) -> Iterator[str]:
    """Name the arguments that a rule about them alone objects to."""
    seen = carried(operation, given)
    objecting = {
        constraint.parameter
        for constraint in operation.constraints
        if constraint.rule.partner is None and evaluate(constraint, operation, seen) != "satisfied"
    }
    yield from (name for name in operation.arguments if name in objecting)


def _joined(operation: Operation) -> Iterator[str]:
    """Name the arguments of which some rule speaks together with another one."""
    for constraint in operation.constraints:
        if constraint.rule.partner is not None:  # either of the two may give way
            yield from (constraint.parameter, constraint.rule.partner)


def _assignments(
    operation: Operation, given: dict[str, Json], forced: Sequence[str], free: Sequence[str]
) -> Iterator[tuple[float, dict[str, Json]]]:
    """Yield each way to change these arguments, with its cost."""
    # A mask goes by its image: images are put right first.
    names = sorted((*forced, *free), key=lambda name: operation.arguments[name].type == "file")
    yield from _each(operation, given, names, frozenset(forced), 0.0)


def _each(
    operation: Operation,
    given: dict[str, Json],
    names: Sequence[str],
    forced: frozenset[str],
    cost: float,
) -> Iterator[tuple[float, dict[str, Json]]]:
    if not names:
        yield cost, given
        return
    name, *rest = names
    for move in _moves(operation, name, given, forced=name in forced):
        yield from _each(operation, _moved(given, move), rest, forced, cost + move.cost)


def _moved(given: dict[str, Json], move: _Move) -> dict[str, Json]:
    if move.value is None:
        return {name: value for name, value in given.items() if name != move.name}
    return {**given, move.name: move.value}


def _moves(
    operation: Operation, name: str, given: dict[str, Json], *, forced: bool
) -> Iterator[_Move]:
    """Yield what may stand in an argument's place, then its absence where nothing requires it."""
    there = name in given
    argument = operation.arguments[name]
    is_file = argument.type in ("images", "file")
    first = 0.0 if forced or is_file else 1.0 if not there else 3.0
    found = (
        value
        for value in _values(operation, name, given, forced=forced)
        if not (there and same(value, given[name])) and _fits(operation, name, value)
    )
    for rank, value in enumerate(islice(_distinct(found), FEW)):
        yield _Move(name=name, value=value, cost=first + rank / 10)
    if there and argument.required is None:
        carries = any(isinstance(rule, Conditional) for _, rule in argument.rules)
        last = 5.0 if forced else 2.0 if carries else 2.5
        yield _Move(name=name, value=None, cost=last)


def _values(
    operation: Operation, name: str, given: dict[str, Json], *, forced: bool
) -> Iterator[Json]:
    """Yield values near the given one, and those that rules of other arguments ask for.

    Where the value itself is wrong, what is near it comes first; else it must serve the others.
    """
    if operation.arguments[name].absent is not None:
        return
    by_itself = tuple(near(operation, name, given.get(name), given))
    own = by_itself[0] if forced and by_itself else given.get(name)
    asked = tuple(_asked(operation, name, own, given))
    yield from (*by_itself, *asked) if forced else (*asked, *by_itself)


def _asked(operation: Operation, name: str, value: Json, given: dict[str, Json]) -> Iterator[Json]:
    """Yield the values of an argument that rules of other arguments ask for."""
    for constraint in operation.constraints:
        if isinstance(constraint.rule, Paired) and constraint.rule.argument == name:
            yield from constraint.rule.wanted(given.get(constraint.parameter), value)


def _fits(operation: Operation, name: str, value: Json) -> bool:
    """Tell whether no rule about this argument alone objects to a value."""
    seen = carried(operation, {name: value})
    return all(
        evaluate(constraint, operation, seen) == "satisfied" for constraint in _own(operation, name)
    )


def _own(operation: Operation, name: str) -> Iterator[Constraint]:
    return (
        constraint
        for constraint in operation.constraints
        if constraint.parameter == name and constraint.rule.partner is None
    )


def _distinct(values: Iterable[Json]) -> Iterator[Json]:
    seen: list[Json] = []
    for value in values:
        if not any(same(value, one) for one in seen):
            seen.append(value)
            yield value
