"""In which order rules are broken in which shapes: what lenient servers read most often first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

from harness.cases.build import Builder
from harness.cases.shapes import PLAIN_SHAPES, Shape, likely_shapes, shapes_of
from harness.spec.provider import Constraint
from harness.spec.rules import OneOf, Range

Thing = TypeVar("Thing")

PLAIN_EVERY = 7
"""One of so many requests is for a rule with plain shapes: what is written shows most of it."""

_TIMES = 4
"""How often a shape may come again, each time beside other arguments."""

_MANY = 4
"""A rule that has so many likely shapes shows two of them at a turn."""

_PAID_BY = ("n", "size")
"""Rules of these parameters have their turn before others: they decide what is paid for."""

Turn = tuple[Constraint, Shape]


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakableRule:
    """A rule with the shapes in which it may be broken alone; the first so many are `likely`."""

    constraint: Constraint
    shapes: tuple[Shape, ...]
    likely: int = 0

    @property
    def is_plain(self) -> bool:
        """Tell whether it is broken in plain shapes only."""
        return {shape.name for shape in self.shapes} <= {*PLAIN_SHAPES}

    def at(self, turn: int) -> list[Turn]:
        """Return which of the likely shapes come at a turn."""
        pace = 1 + (self.likely >= _MANY)
        shapes = self.shapes[: self.likely][pace * turn : pace * (turn + 1)]
        return [(self.constraint, shape) for shape in shapes]


def breakable_rules(builder: Builder) -> list[BreakableRule]:
    """Return the documented rules that something is known to break alone."""
    return [
        BreakableRule(constraint=constraint, shapes=shapes)
        for constraint in builder.operation.constraints
        if builder.operation.is_judged(constraint)
        for shapes in [shapes_of(constraint, builder)]
        if shapes
    ]


def turns_of(builder: Builder, seed: int) -> Iterator[Turn]:
    """Yield rules with shapes: the likely ones, plain rules between them, then all the others.

    Seeds begin with another rule and another of its likely shapes, so that what a server does to
    every argument (it cuts spaces off, it ignores case) shows itself in one of them. Those about
    files come once: each may be uploaded first.
    """
    ordered = [
        _in_order(builder, rule, seed + place)
        for place, rule in enumerate(breakable_rules(builder))
    ]
    odd = _rotated([rule for rule in ordered if not rule.is_plain], seed)
    odd = sorted(odd, key=lambda rule: rule.constraint.parameter not in _PAID_BY)
    plain = _rotated([rule for rule in ordered if rule.is_plain], seed)
    plain = sorted(plain, key=lambda rule: _is_shown_whole(rule.constraint))
    likely = [
        turn
        for place in range(max((rule.likely for rule in odd), default=0))
        for rule in odd
        for turn in rule.at(place)
    ]
    yield from _interleaved(likely, [(rule.constraint, rule.shapes[0]) for rule in plain])
    yield from _by_turns([_remaining(builder, rule) for rule in (*odd, *plain)])


def _in_order(builder: Builder, rule: BreakableRule, place: int) -> BreakableRule:
    """Return a rule with its likely shapes first; all but the first of these as the place is."""
    shapes = {shape.name: shape for shape in rule.shapes}
    names = likely_shapes(rule.constraint, builder.operation)
    likely = [shapes[name] for name in names if name in shapes]
    others = _rotated([shape for shape in rule.shapes if shape not in likely], place)
    likely = [*likely[:1], *_rotated(likely[1:], place)]
    if isinstance(rule.constraint.rule, OneOf) and rule.constraint.rule.other_models:
        likely = _rotated(likely, place)  # one of them is enough: the others are for later
        likely, others = likely[:1], [*likely[1:], *others]
    number = 0 if rule.is_plain else max(len(likely), 1)
    return replace(rule, shapes=(*likely, *others), likely=number)


def _is_shown_whole(constraint: Constraint) -> bool:
    """Tell whether little is left to draw: both sides are written, or there is but one way."""
    return constraint.rule.presence == "required" or isinstance(constraint.rule, Range)


def _remaining(builder: Builder, rule: BreakableRule) -> list[Turn]:
    """Return what is left of a rule's turns, when each rule had its likely shapes or its first."""
    had = max(rule.likely, 1)
    again = _TIMES - 1
    if builder.has_files(rule.constraint.parameter):
        shapes = [shape for shape in rule.shapes[had:] if shape.name not in PLAIN_SHAPES]
    else:
        shapes = [*rule.shapes[had:], *rule.shapes * again]
    return [(rule.constraint, shape) for shape in shapes]


def _interleaved(odd: Sequence[Turn], plain: Sequence[Turn]) -> Iterator[Turn]:
    """Yield all of them, a plain one as each `PLAIN_EVERY`th as long as there are both."""
    step = PLAIN_EVERY - 1
    waiting = iter(plain)
    for start in range(0, len(odd), step):
        yield from odd[start : start + step]
        yield from islice(waiting, 1)
    yield from waiting


def _by_turns(parts: Sequence[Sequence[Turn]]) -> Iterator[Turn]:
    for turn in range(max(map(len, parts), default=0)):
        yield from (part[turn] for part in parts if turn < len(part))


def _rotated(items: Sequence[Thing], by: int) -> list[Thing]:
    at = by % max(len(items), 1)
    return [*items[at:], *items[:at]]
