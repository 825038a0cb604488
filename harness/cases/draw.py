"""Cases drawn by Hypothesis: whole valid requests, and the same with exactly one rule broken.

Every strategy is constructive: it picks among values that fit what is already chosen, so nothing
is filtered and nothing is thrown away. Drawing executes nothing; the same seed gives the same
cases in any process, whatever else it has imported (of one Hypothesis version: plans are saved,
never drawn again).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from operator import or_
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from harness.cases import prompts, references
from harness.cases.build import Builder, short_digest, without_argument
from harness.cases.declared import TEXTS, known_items, known_values, numbers
from harness.cases.references import MaskSlot
from harness.cases.seeded import seeded_source
from harness.cases.shapes import Shape
from harness.cases.turns import breakable_rules, turns_of
from harness.cases.values import companion_values
from harness.core.case import Case
from harness.core.jsonvalue import Json
from harness.spec.provider import Argument, Constraint, Operation
from harness.spec.rules import Choice
from harness.spec.rules.lattice import Lattice, text
from harness.spec.rules.pairs import Conditional
from harness.spec.rules.size import lattice

Item = TypeVar("Item")


def drawn_cases(strategy: SearchStrategy[Item], *, count: int, seed_: int) -> tuple[Item, ...]:
    """Return `count` examples of a strategy, the same for the same seed; some may be equal.

    A strategy of nothing gives none.
    """
    examples: list[Item] = []
    if strategy.is_empty:
        return ()

    with seeded_source(seed_) as backend:

        @settings(
            max_examples=count,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            backend=backend,
        )
        @given(strategy)
        def collect(example: Item) -> None:
            examples.append(example)

        collect()
    return tuple(examples)


_TOGETHER = 6
"""How many requests are one example of Hypothesis: it ends a larger one half-way."""


class DrawnRefusals:
    """Whole valid requests with one rule broken, drawn as they are wanted: the likeliest first.

    The same for the same seed: who wants more gets the same ones and others after them. No two are
    alike; where the rules have fewer shapes than are wanted, one comes again beside other
    arguments.
    """

    def __init__(self, builder: Builder, seed: int) -> None:
        self._builder, self._seed = builder, seed
        self._turns = tuple(turns_of(builder, seed))
        self._whole = valid_arguments(builder, cheap=True)
        self._cases: dict[str, Case] = {}
        self._at = 0

    def first(self, count: int) -> list[Case]:
        """Return the first so many, fewer where there are no more."""
        while len(self._cases) < count and self._at < len(self._turns):
            self._draw()
        return [*self._cases.values()][: max(count, 0)]

    def _draw(self) -> None:
        """Draw those of the next turns together."""
        together = [
            _refused(self._builder, rule, shape, self._whole)
            for rule, shape in self._turns[self._at : self._at + _TOGETHER]
        ]
        # The first example of Hypothesis is the simplest there is, whatever the seed.
        *_, drawn = drawn_cases(st.tuples(*together), count=2, seed_=self._seed * 1_000 + self._at)
        self._cases |= {case.id: case for case in drawn}
        self._at += _TOGETHER


def refused_arguments(builder: Builder) -> SearchStrategy[Case]:
    """Draw whole valid requests in which one documented rule, and only that one, is broken.

    Where no rule is documented, there is nothing to draw.
    """
    breakable = breakable_rules(builder)
    if not breakable:
        return st.nothing()
    whole = valid_arguments(builder, cheap=True)
    of_rules = [
        st.one_of([_refused(builder, rule.constraint, shape, whole) for shape in rule.shapes])
        for rule in breakable
    ]
    return st.integers(0, len(of_rules) - 1).flatmap(of_rules.__getitem__)


def _refused(
    builder: Builder, constraint: Constraint, shape: Shape, whole: SearchStrategy[dict[str, Json]]
) -> SearchStrategy[Case]:
    """Draw whole requests that break a rule in one shape."""

    def case(valid: dict[str, Json], breaker: Breaker) -> Case:
        broken = breaker(valid)
        name = f"{constraint.id}/drawn/{short_digest(broken)}"
        return replace(builder.refuse(name, broken, constraint), drawn=True)

    return st.builds(case, whole, breakers(constraint, shape, builder))


def valid_arguments(
    builder: Builder, *, cheap: bool = False, density: int = 1
) -> SearchStrategy[dict[str, Json]]:
    """Draw valid arguments: those that a plain request needs, and any of the others.

    A required argument is never left out, be its being required documented or not. Any other is
    left out where each of `density` draws leaves it out, by one chance in two.
    """
    slots = argument_slots(builder.operation, partial(_drawn_values, cheap=cheap))
    subsets = st.integers(0, 2 ** len(slots) - 1)

    @st.composite
    def arguments(draw: DrawFn) -> dict[str, Json]:
        chosen: dict[str, Json] = {}
        subset = reduce(or_, [draw(subsets) for _ in range(density)])
        for place, slot in enumerate(slots):
            if (slot.required or subset >> place & 1) and slot.is_possible(chosen):
                chosen[slot.name] = draw(slot.fitting(chosen))
        return chosen

    return arguments()


Values = Callable[[str, Argument, Operation], SearchStrategy[Json] | None]
"""Returns the values that an argument may have, by its name; None where it has none."""


def argument_slots(operation: Operation, values: Values) -> "tuple[AnySlot, ...]":
    """Return a place for each documented argument, in the order in which they are to be drawn.

    Each draws one of its `values` that fits what is chosen before it.
    """
    return _partners_first(
        slot
        for name, argument in operation.arguments.items()
        if argument.status == "documented" and argument.absent is None
        for slot in [_slot(name, argument, operation, values)]
        if slot is not None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentSlot:
    """An argument's place in a drawn request; its strategies are built once, not at every draw.

    `conditions` are its rules about another argument, each with the values that keep it whatever
    that one is; None where there are none. `defaults` is what an omitted partner means.
    """

    name: str
    required: bool
    values: SearchStrategy[Json]
    conditions: tuple[tuple[Conditional, SearchStrategy[Json] | None], ...]
    defaults: dict[str, Json]

    @property
    def partners(self) -> set[str]:
        """The arguments that must be chosen before this one."""
        return {rule.argument for rule, _ in self.conditions}

    def is_possible(self, chosen: dict[str, Json]) -> bool:
        """Tell whether the argument may stand beside what is chosen already."""
        return None not in self._exempt_values(chosen)

    def fitting(self, chosen: dict[str, Json]) -> SearchStrategy[Json]:
        """Return the values that fit what is chosen already."""
        return next(
            (values for values in self._exempt_values(chosen) if values is not None), self.values
        )

    def _exempt_values(self, chosen: dict[str, Json]) -> list[SearchStrategy[Json] | None]:
        """Return the values that are left by each condition that what is chosen does not fit."""
        others = {**self.defaults, **chosen}
        return [exempt for rule, exempt in self.conditions if not rule.fits(others[rule.argument])]


AnySlot = ArgumentSlot | MaskSlot


def _partners_first(slots: Iterable[AnySlot]) -> tuple[AnySlot, ...]:
    """Order slots as the document does, but for those that others must be compared with."""
    waiting = list(slots)
    ordered: list[AnySlot] = []
    while waiting:
        names = {slot.name for slot in waiting}
        ready = next((slot for slot in waiting if not slot.partners & names), waiting[0])
        waiting.remove(ready)
        ordered.append(ready)
    return tuple(ordered)


Breaker = Callable[[dict[str, Json]], dict[str, Json]]
"""Turns valid arguments into arguments that break one rule."""


def breakers(constraint: Constraint, shape: Shape, builder: Builder) -> SearchStrategy[Breaker]:
    """Return the breakers of a constraint in one shape."""
    if shape.choices is None:
        name = constraint.parameter
        return st.just(
            lambda valid: _without_conflicts(builder, without_argument(valid, name), {name})
        )
    return shape.choices.map(lambda choice: _chooser(builder, constraint, choice))


def _chooser(builder: Builder, constraint: Constraint, choice: Choice) -> Breaker:
    changed = {
        constraint.parameter,
        *companion_values(constraint.parameter, builder.operation),
        *choice.beside,
    }

    def broken(valid: dict[str, Json]) -> dict[str, Json]:
        return _without_conflicts(builder, builder.with_choice(valid, constraint, choice), changed)

    return broken


def _without_conflicts(
    builder: Builder, arguments: dict[str, Json], changed: set[str]
) -> dict[str, Json]:
    """Drop what now conflicts with the change, never what was changed on purpose."""
    operation = builder.operation
    remaining = dict(arguments)

    def other(name: str) -> Json:
        return remaining.get(name, operation.default(name))

    conditions = [
        (argument, rule)
        for argument in arguments
        if argument in operation.arguments  # an unknown field is none
        for _, rule in operation.arguments[argument].rules
        if isinstance(rule, Conditional)
    ]
    # What others exclude is dropped first: what only counts beside it goes with it.
    for argument, rule in sorted(conditions, key=lambda pair: not pair[1].excludes):
        if not rule.exempts(arguments[argument]) and not rule.fits(other(rule.argument)):
            stray = rule.argument if rule.excludes and argument in changed else argument
            remaining = remaining if stray in changed else without_argument(remaining, stray)
    for argument in arguments:
        images = set(_partners(operation, argument))
        if images & changed and argument not in changed:
            # A mask belongs to the images it was drawn for.
            remaining = without_argument(remaining, argument)
    return remaining


def _partners(operation: Operation, argument: str) -> Iterable[str]:
    known = argument in operation.arguments  # an unknown field is none
    return references.partner_references(argument, operation) if known else ()


def _drawn_values(
    name: str, argument: Argument, operation: Operation, *, cheap: bool
) -> SearchStrategy[Json] | None:
    if operation.webhook is not None and operation.webhook.argument == name:
        return None  # deliveries are assigned by their address: a written case has its own
    if argument.type == "images":
        return references.drawn_references(name, argument, operation, cheap=cheap)
    return plain_values(name, argument, cheap=cheap)


def _slot(name: str, argument: Argument, operation: Operation, of: Values) -> AnySlot | None:
    if argument.type == "file":
        return MaskSlot(name=name, argument=argument, operation=operation)
    values = st.just(argument.cheapest) if argument.ours else of(name, argument, operation)
    if values is None:
        return None
    conditions = [rule for _, rule in argument.rules if isinstance(rule, Conditional)]
    return ArgumentSlot(
        name=name,
        required=argument.required is not None or argument.ours,
        values=values,
        conditions=tuple((rule, _exempt(argument, rule)) for rule in conditions),
        defaults={rule.argument: operation.default(rule.argument) for rule in conditions},
    )


def _exempt(argument: Argument, rule: Conditional) -> SearchStrategy[Json] | None:
    certain = argument.one_of.certain if argument.one_of is not None else ()
    exempt = [value for value in certain if rule.exempts(value)]
    return st.sampled_from(exempt) if exempt else None


def plain_values(
    name: str, argument: Argument, *, cheap: bool = False
) -> SearchStrategy[Json] | None:
    """Return the values that an argument may have by the first document; None where it has none."""
    if name == "prompt":
        return _prompts(argument, cheap=cheap)
    if argument.one_of is not None and argument.type != "array":
        certain = argument.one_of.certain
        return st.sampled_from(certain) if certain else None
    if argument.type == "integer":
        low, high = _bounds(argument)
        return st.integers(low, min(high, low + 2) if cheap and name == "n" else high)
    if argument.type in ("number", "boolean", "array", "object"):
        return _declared(argument)
    if argument.type != "string":
        return None
    grid = lattice(argument)
    if grid is not None or (argument.format is not None and argument.format.shape == "size"):
        return _sizes(argument, grid)
    web = argument.format is not None and argument.format.shape == "url"
    return st.sampled_from(_ADDRESSES if web else TEXTS)


def _sizes(argument: Argument, grid: Lattice | None) -> SearchStrategy[Json] | None:
    """Return sizes that the rules allow, and words; what is shown, where no rule bounds them."""
    words = argument.format.words if argument.format else ()
    if grid is not None and grid.sizes:
        sizes = _indexed(grid.sizes).map(text)
        return sizes | st.sampled_from(words) if words else sizes
    shown = (*words, *(argument.format.examples if argument.format else ()))
    return st.sampled_from(shown) if shown else None


def _declared(argument: Argument) -> SearchStrategy[Json] | None:
    """Return values of a type that only a TOML of somebody's own has; None where none is known."""
    match argument.type:
        case "number":
            known = numbers(argument, most=_NUMBERS)
            return st.sampled_from(known[:_ENDS]) | st.sampled_from(known)
        case "boolean":
            return st.booleans()
        case "object":
            values = known_values(argument)
            return st.sampled_from(values) if values else None
        case _:
            return _lists(argument)


def _lists(argument: Argument) -> SearchStrategy[Json] | None:
    """Draw lists of known entries, as few as are allowed and some more."""
    items = known_items(argument)
    if not items:
        return None
    least, most = argument.span("entries")
    least = 1 if least is None else least
    longest = least + _FEW_ITEMS if most is None else min(most, least + _FEW_ITEMS)
    return st.lists(st.sampled_from(items), min_size=least, max_size=longest)


_NUMBERS = 40
"""How many different numbers are drawn from a range that is no range of whole numbers."""

_ENDS = 3
"""The first of them are the bounds and one in the middle: every other draw is one of these."""

_FEW_ITEMS = 3
_ADDRESSES = ("https://example.com/a", "https://example.com/b?c=d")


def _bounds(argument: Argument) -> tuple[int, int]:
    """Return the ends of a range, a hundred values where one of them is not stated."""
    low, high = argument.bounds
    low = min(0, high or 0) if low is None else low
    return int(low), int(low + 100 if high is None else high)


def _indexed(items: Sequence[Item]) -> SearchStrategy[Item]:
    """Pick from a long list; `sampled_from` looks at every item each time it is made."""
    return st.integers(0, len(items) - 1).map(items.__getitem__)


def _prompts(argument: Argument, *, cheap: bool) -> SearchStrategy[Json]:
    count = len(prompts.PIECES)
    short = st.integers(0, count**3 - 1).map(
        lambda at: ", ".join(
            prompts.PIECES[index] for index in (at % count, at // count % count, at // count**2)
        )
    )
    least, most = argument.span("characters")
    if cheap or most is None:
        return short
    least = least or 1
    lengths = st.integers(least, most) | st.sampled_from((most, max(least, most - 1)))
    return short | lengths.map(prompts.plain_prompt) | lengths.map(prompts.wide_prompt)
