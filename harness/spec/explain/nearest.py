"""The valid request that is nearest to a given one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

from harness.core.jsonvalue import Json
from harness.spec.evaluate import evaluate, is_valid
from harness.spec.explain.neighbours import near
from harness.spec.provider import Operation
from harness.spec.request import carried
from harness.spec.rules.base import Arguments
from harness.spec.rules.paired import Paired
from harness.spec.rules.pairs import Conditional
from harness.spec.rules.values import same

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
    mapped = {name: value for name, value in arguments.items() if name in operation.arguments}
    nearest = mapped if is_valid(operation, mapped) else _search(operation, mapped)
    if nearest is None:
        return None
    ordered = {name: nearest[name] for name in operation.arguments if name in nearest}
    names = dict.fromkeys((*operation.arguments, *arguments))
    changes = tuple(
        Change(parameter=name, before=arguments.get(name), after=nearest.get(name))
        for name in names
        if (name in arguments) != (name in nearest)
        or (name in nearest and not same(arguments[name], nearest[name]))
    )
    return NearestRequest(arguments=ordered, changes=changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """One argument's new value, or its absence (None), and its cost."""

    name: str
    value: Json
    cost: float


def _search(operation: Operation, given: dict[str, Json]) -> dict[str, Json] | None:
    """Change what its own rules object to, and as little else as rules about two ask for."""
    forced = [name for name in operation.arguments if not _satisfied_alone(operation, name, given)]
    joined = {
        name
        for constraint in operation.constraints
        if constraint.rule.partner is not None  # either of the two may give way
        for name in (constraint.parameter, constraint.rule.partner)
    }
    settled = dict(given)
    for name in forced:
        if name not in joined:  # nothing else speaks of it: the first value that fits is as good
            move = next(iter(_moves(operation, name, settled, forced=True)), None)
            if move is None:
                return None
            settled = _moved(settled, move)
    open_ = [name for name in forced if name in joined]
    free = [name for name in operation.arguments if name in joined and name not in open_]
    is_file = {name: argument.type == "file" for name, argument in operation.arguments.items()}
    tries = 0
    for extra in range(len(free) + 1):
        candidates = [
            (cost, candidate)
            for chosen in combinations(free, extra)
            # A mask goes by its image: images are put right first.
            for names in [sorted((*open_, *chosen), key=is_file.__getitem__)]
            for cost, candidate in _assignments(operation, settled, names, open_)
        ]
        candidates.sort(key=lambda scored: scored[0])
        for _, candidate in islice(candidates, TRIES - tries):
            if is_valid(operation, candidate):
                return candidate
        tries += len(candidates)
        if tries >= TRIES:
            break
    return _bare(operation, settled, joined)


def _bare(
    operation: Operation, settled: dict[str, Json], joined: set[str]
) -> dict[str, Json] | None:
    """Return the request without any optional argument that a rule joins to another."""
    required = {
        name: value
        for name, value in settled.items()
        if name not in joined or operation.arguments[name].required is not None
    }
    return required if is_valid(operation, required) else None


def _satisfied_alone(operation: Operation, name: str, arguments: Arguments) -> bool:
    """Tell whether no rule about this argument alone objects to a request."""
    visible = carried(operation, arguments)
    return all(
        evaluate(constraint, operation, visible) == "satisfied"
        for constraint in operation.constraints
        if constraint.parameter == name and constraint.rule.partner is None
    )


def _assignments(
    operation: Operation,
    given: dict[str, Json],
    names: Sequence[str],
    forced: Sequence[str],
    cost: float = 0.0,
) -> Iterator[tuple[float, dict[str, Json]]]:
    """Yield each way to change these arguments, with its cost."""
    if not names:
        yield cost, given
        return
    name, *others = names
    for move in _moves(operation, name, given, forced=name in forced):
        yield from _assignments(operation, _moved(given, move), others, forced, cost + move.cost)


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
    values = (
        value
        for value in _values(operation, name, given, forced=forced)
        if not (there and same(value, given[name]))
        and _satisfied_alone(operation, name, {name: value})
    )
    for rank, value in enumerate(islice(_distinct(values), FEW)):
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
    value = by_itself[0] if forced and by_itself else given.get(name)
    requested = tuple(
        wanted
        for constraint in operation.constraints
        if isinstance(constraint.rule, Paired) and constraint.rule.argument == name
        for wanted in constraint.rule.wanted(given.get(constraint.parameter), value)
    )
    yield from (*by_itself, *requested) if forced else (*requested, *by_itself)


def _distinct(values: Iterable[Json]) -> Iterator[Json]:
    distinct: list[Json] = []
    for value in values:
        if not any(same(value, earlier) for earlier in distinct):
            distinct.append(value)
            yield value
