"""The next request that reduces a failing one: to fewer values, then to values at a boundary.

Each request is the plain one with some of the failing one's values. The request with the least
certain reply is chosen, in relation to what it costs if it is served: so the suspects are halved
where many are alike, and the likeliest is tried where it stands out.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log2

from harness.cases import prompts
from harness.cases.shrink import Choice, shrink
from harness.core.jsonvalue import Json
from harness.core.outcome import Images
from harness.diagnosis.combinations import (
    AssignedRecord,
    CombinationRanking,
    FailureGroup,
    assignment,
    changes,
)
from harness.diagnosis.history import ACCEPTANCE, FAILS, CaseHistory
from harness.spec import price
from harness.spec.provider import Provider
from harness.spec.rules import Scalar

_LOOKED_AT = 48
"""How many requests are priced and proved before one is chosen; the others tell less."""
Question = frozenset[tuple[str, str]]
"""A request by the values of its arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """How far a failing record is reduced: the smallest one yet, and the next request, if any.

    `names` are the arguments that fail together, as far as is known.
    """

    current: AssignedRecord
    names: tuple[str, ...]
    request: dict[str, Json] | None


def isolate(
    provider: Provider,
    group: FailureGroup,
    seed: AssignedRecord,
    *,
    known: Sequence[frozenset[str]],
    closed: Callable[[dict[str, Json]], bool],
) -> Isolation:
    """Return how far a failing record is reduced; no `closed` request is returned.

    A request is closed where it was answered, or where it is too dear for what is left.
    """
    current = group.smallest(seed)
    ranking = CombinationRanking(group, current, known)
    names = ranking.likeliest()
    request = dict(group.plain) if group.is_open else None
    if request is not None and closed(request):
        request = None
    if request is None and ranking.weights and not _is_bare(group, ranking.names):
        request = _most_informative(provider, group, ranking, closed)
        if request is None and group.breaks is None:
            request = _other_partner(group, current, names, closed)
        if request is None:
            request = beside_other_values(provider, group, current, names, closed=closed)
    return Isolation(current=current, names=names, request=request)


def without_values(
    group: FailureGroup, seed: AssignedRecord, wrong: Collection[str]
) -> dict[str, Json] | None:
    """Return a failing request with these arguments as the plain one has them; None if needless.

    An argument that needs one of them is left out, too. The request is needless where passing
    records have every remaining value.
    """
    needing = {
        name
        for name, argument in group.operation.arguments.items()
        if argument.only_with is not None and argument.only_with.argument in wrong
    }
    remaining = changes(group.base, seed.items) - {*wrong, *needing}
    tried = all(
        any(assigned.agrees(seed, [name]) for assigned in group.passing) for name in remaining
    )
    arguments = group.arguments(seed, remaining)
    return None if tried or not group.asks_the_same(arguments) else arguments


def _is_bare(group: FailureGroup, names: Collection[str]) -> bool:
    """Tell whether a request breaks its rule by that rule's own arguments and nothing else."""
    broken = group.operation.constraint(group.breaks or "")
    if broken is None:
        return False
    other = getattr(broken.rule, "argument", broken.parameter)
    return set(names) <= {broken.parameter, other}


def question(group: FailureGroup, arguments: Mapping[str, Json]) -> Question:
    """Return what a request is about; two requests with the same question differ in nothing."""
    return frozenset(assignment(group.operation, arguments).items())


def _most_informative(
    provider: Provider,
    group: FailureGroup,
    ranking: CombinationRanking,
    closed: Callable[[dict[str, Json]], bool],
) -> dict[str, Json] | None:
    """Return the smaller valid request with the most information for its price, if any has some."""
    plain = price.price_of(provider, group.operation, group.plain)
    masks = sorted(
        ranking.doubtful(),
        key=lambda mask: (-_entropy(ranking.chance(mask)), mask.bit_count(), mask),
    )
    best: tuple[float, dict[str, Json]] | None = None
    looked_at = 0
    for mask in masks:
        arguments = group.arguments(ranking.current, ranking.chosen(mask))
        if closed(arguments) or not group.asks_the_same(arguments):
            continue
        chance = ranking.chance(mask)
        cost = price.price_of(provider, group.operation, arguments)
        times = max(float(cost.amount / plain.amount) if plain.amount else 1.0, cost.images)
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


def _other_partner(
    group: FailureGroup,
    current: AssignedRecord,
    names: Sequence[str],
    closed: Callable[[dict[str, Json]], bool],
) -> dict[str, Json] | None:
    """Return the same values beside another partner that they may need, where there is one.

    A compression needs a format that knows one: whether the two fail together, or it alone does,
    another such format tells.
    """
    changed = changes(group.base, current.items)
    for name, partner, other in _partners(group, names):
        if partner not in changed - set(names):
            continue
        arguments = {**group.arguments(current, changed), partner: other}
        items = assignment(group.operation, arguments)
        if any(
            assigned.items.get(name) == items[name]
            and assigned.items.get(partner) != current.items[partner]
            for assigned in (*group.passing, *group.failing)
        ):
            continue
        fresh = items != current.items and not closed(arguments)
        if fresh and group.asks_the_same(arguments):
            return arguments
    return None


def beside_other_values(
    provider: Provider,
    group: FailureGroup,
    current: AssignedRecord,
    names: Sequence[str],
    *,
    closed: Callable[[dict[str, Json]], bool],
) -> dict[str, Json] | None:
    """Return the values that fail together, beside other values than the plain request has.

    The plain request's may be part of what fails. All of them are replaced at once, then each
    alone; none where wrong content was seen without them. Of an argument that content is not wrong
    about, only values that were served are used.
    """
    if group.check == FAILS or group.breaks is not None or not names:
        return None
    others = dict(_other_values(provider, group, current, names))
    bare = group.arguments(current, frozenset(names))
    for chosen in (others, *({name: other} for name, other in others.items())):
        arguments = {**bare, **chosen}
        if chosen and not closed(arguments) and group.asks_the_same(arguments):
            return arguments
    return None


def _other_values(
    provider: Provider, group: FailureGroup, current: AssignedRecord, names: Sequence[str]
) -> Iterator[tuple[str, Json]]:
    """Yield the cheapest other value of each plain argument that may be part of what fails."""
    alike = [assigned for assigned in group.failing if assigned.shows(current, names)]
    files = {
        name
        for name, argument in group.operation.arguments.items()
        if argument.type in ("images", "file")
    }
    for name, spelled in current.items.items():
        kept = name in group.plain and name not in {*names, *files, "prompt", "n"} and spelled
        if not kept or any(assigned.items.get(name, "") != spelled for assigned in alike):
            continue
        values: list[Json] = [
            assigned.record.shot.case.arguments[name]
            for assigned in group.passing
            if assigned.items.get(name, "") not in ("", "auto", spelled)
            and name in assigned.record.shot.case.arguments
        ]
        if name == group.about and not values:
            values = _documented(group, name, spelled)
        prices = [
            price.price_of(provider, group.operation, {**group.plain, name: other}).amount
            for other in values
        ]
        if values:
            yield name, values[prices.index(min(prices))]


def _documented(group: FailureGroup, name: str, spelled: str) -> list[Json]:
    """Return the other words that the documents list for an argument."""
    listed = group.operation.arguments[name].one_of
    return (
        [] if listed is None else [word for word in listed.values if word not in ("auto", spelled)]
    )


def _partners(group: FailureGroup, names: Sequence[str]) -> Iterator[tuple[str, str, Scalar]]:
    for name in names:
        argument = group.operation.arguments.get(name)
        if argument is None or (rule := argument.only_with) is None:
            continue
        for other in rule.values:
            yield name, rule.argument, other


def with_other_values(
    provider: Provider,
    group: FailureGroup,
    isolated: Isolation,
    closed: Callable[[dict[str, Json]], bool],
) -> dict[str, Json] | None:
    """Return what was found to fail, beside other values than the plain request's, if it is open.

    Every request that failed may have had a plain value that it takes, too. All such values are
    changed at once; where that is served, half of those that may be the reason.
    """
    current, names = isolated.current, isolated.names
    failing = [assigned for assigned in group.failing if assigned.agrees(current, names)]
    passing = [assigned for assigned in group.passing if assigned.agrees(current, names)]
    partners = [
        name
        for name in group.operation.arguments
        if name not in {*names, *changes(group.base, current.items), "prompt"}
        and all(assigned.agrees(current, [name]) for assigned in failing)
        and not any(assigned.agrees(current, [name]) for assigned in passing)
    ]
    doubtful = [name for name in partners if group.operation.arguments[name].one_of is not None]
    if not doubtful or (passing and len(partners) == 1):
        return None
    several = doubtful[: (len(doubtful) + 1) // 2] if passing else doubtful
    arguments = group.arguments(current, changes(group.base, current.items))
    changed = arguments
    for name in several:
        changed = _with_another(provider, group, changed, name) or changed
    return None if changed == arguments or closed(changed) else changed


def _with_another(
    provider: Provider, group: FailureGroup, arguments: dict[str, Json], name: str
) -> dict[str, Json] | None:
    """Return a valid request with the cheapest other documented value of an argument, if any."""
    argument = group.operation.arguments[name]
    values = argument.one_of.certain if argument.one_of is not None else ()
    now = arguments.get(name, argument.default)
    others = [{**arguments, name: other} for other in values if other != now]
    valid = [other for other in others if group.asks_the_same(other)]
    return min(
        valid,
        key=lambda other: price.price_of(provider, group.operation, other).amount,
        default=None,
    )


_NEAR = 100
"""A boundary of a text is close enough when it is known to this part of it."""

_IMAGES_AT_MOST = 2
"""No smaller number is tried that could cost more images than this."""


def moved_towards_boundary(
    provider: Provider, history: CaseHistory, group: FailureGroup, isolated: Isolation
) -> dict[str, Json] | None:
    """Return the next request whose answer makes a found combination's values smaller, if any.

    Only values that the documents promise to serve are moved: a forbidden value that was served is
    next to its boundary already.
    """
    if group.check not in ACCEPTANCE or group.breaks is not None:
        return None
    if isolated.names == ("prompt",):
        return _shorter(history, group, isolated.current)
    return _lower(provider, history, group, isolated)


def _shorter(
    history: CaseHistory, group: FailureGroup, current: AssignedRecord
) -> dict[str, Json] | None:
    """Return a shorter prompt: one character less first, then half-way to the longest served."""
    text = _prompt(current.record.shot.case.arguments)
    if len(text) <= prompts.A_LINE:
        return None
    outcomes = dict(_answered_prompts(history, group))
    refused = min([length for length, fails in outcomes.items() if fails] + [len(text)])
    served = max((n for n, fails in outcomes.items() if not fails and n < refused), default=0)
    if refused == len(text) and refused - 1 not in outcomes:
        length = refused - 1
    elif refused - served <= max(1, refused // _NEAR):
        return None
    else:
        length = (refused + served) // 2
    write = prompts.plain_prompt if text.isascii() else prompts.wide_prompt
    return {**group.arguments(current, frozenset({"prompt"})), "prompt": write(length)}


def _answered_prompts(history: CaseHistory, group: FailureGroup) -> Iterator[tuple[int, bool]]:
    """Yield how long prompts were, and whether they were refused; refusals of other things not."""
    for record in history.records.values():
        case = record.shot.case
        if case.operation != group.operation_name or case.expect != "accept":
            continue
        length = len(_prompt(case.arguments))
        if isinstance(record.outcome, Images):
            yield length, False
        elif case.stage == "shrink" and history.status(case.id, group.check, None) == "fail":
            yield length, True


def _prompt(arguments: dict[str, Json]) -> str:
    text = arguments.get("prompt")
    return text if isinstance(text, str) else ""


def _lower(
    provider: Provider, history: CaseHistory, group: FailureGroup, isolated: Isolation
) -> dict[str, Json] | None:
    """Return a request with lower numbers that Hypothesis' shrinker wants answered, if any."""
    failing = group.arguments(isolated.current, changes(group.base, isolated.current.items))
    ladders = {
        name: _ladder(group, name, failing[name]) for name in isolated.names if name in failing
    }
    if all(len(steps) == 1 for steps in ladders.values()):
        return None
    answers = dict(_answers(history, group))

    def arguments(choice: Choice) -> dict[str, Json]:
        rungs = zip(ladders, choice, strict=True)
        return {**failing, **{name: ladders[name][step] for name, step in rungs}}

    def fails(choice: Choice) -> bool | None:
        arguments_ = arguments(choice)
        answer = answers.get(question(group, arguments_))
        if answer is not None:
            return answer
        dear = price.price_of(provider, group.operation, arguments_).images > _IMAGES_AT_MOST
        return False if dear or not group.asks_the_same(arguments_) else None

    _, wanted = shrink([len(steps) for steps in ladders.values()], fails)
    return None if wanted is None else arguments(wanted)


def _ladder(group: FailureGroup, name: str, failing: Json) -> tuple[Json, ...]:
    """Return a few numbers from the least that is documented, or of the plain request, upwards."""
    bounds = group.operation.arguments[name].range if name in group.operation.arguments else None
    if bounds is None or not isinstance(failing, int) or isinstance(failing, bool):
        return (failing,)
    plain = group.plain.get(name)
    least = failing if bounds.min is None else ceil(bounds.min)
    start = plain + 1 if isinstance(plain, int) else least
    rungs = sorted({start, (start + failing) // 2, failing})
    return tuple(rung for rung in rungs if start <= rung <= failing) or (failing,)


def _answers(history: CaseHistory, group: FailureGroup) -> Iterator[tuple[Question, bool]]:
    """Yield every question that was answered, and whether it failed."""
    for assigned in (*group.passing, *group.failing):
        yield frozenset(assigned.items.items()), assigned in group.failing
    for record in history.records.values():
        case = record.shot.case
        if case.stage != "shrink" or case.operation != group.operation_name:
            continue
        status = history.status(case.id, group.check, None)
        if status in ("fail", "pass"):
            yield question(group, case.arguments), status == "fail"
