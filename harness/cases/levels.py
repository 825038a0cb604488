"""Every documented value of every argument of an operation, and what requests try of them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import combinations

from harness.cases.boundaries import single_changes
from harness.cases.build import Builder
from harness.cases.prompts import PLAIN, harmless_prompt
from harness.core.jsonvalue import Json, canonical
from harness.core.reference import references
from harness.spec.evaluate import evaluate, is_valid, tokens
from harness.spec.provider import Constraint, Operation
from harness.spec.rules import edges, same

Cell = tuple[str, str]
"""An argument and its value as canonical JSON; an argument that is left out has no value."""

Combination = tuple[Cell, ...]
"""Cells of different arguments, in order."""

CACHED = 16
"""Of how many builders the table is kept: more than there are operations."""

FEW = 8
"""Arguments of at most so many values have few."""

ABSENT = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A documented value of an argument, with what one of the ways to send it needs beside it.

    One that is ABSENT leaves out what the plain request sends: most people leave most things out.
    """

    name: str
    text: str
    sets: Mapping[str, Json]

    @property
    def cell(self) -> Cell:
        """What a row with this level covers."""
        return (self.name, self.text)


@dataclass(frozen=True)
class LevelTable:
    """Every documented value of every argument of one operation."""

    builder: Builder
    base: dict[str, Json]
    levels: dict[str, tuple[Level, ...]]
    """By argument; the first is how the base has it."""
    kinds: dict[str, frozenset[Cell]] = field(default_factory=dict)

    @classmethod
    @lru_cache(maxsize=CACHED)
    def of(cls, builder: Builder) -> "LevelTable":
        """Collect the values from the cases that try each of them alone; one table per builder."""
        base = builder.base(prompt=PLAIN)
        levels: dict[str, list[Level]] = {}
        for case in single_changes(builder):
            if case.expect != "accept" or case.about is None:
                continue
            name = case.about.partition(".")[0]
            changed = {k: v for k, v in case.arguments.items() if base.get(k, case) != v}
            level = Level(name=name, text=canonical(case.arguments[name]), sets=changed)
            plain = Level(name=name, text=canonical_text(base, name), sets={})
            ways = levels.setdefault(name, [plain])
            if level.text != plain.text or changed:
                ways.append(level)
        for name in base:
            if _can_be_left_out(builder, name):
                plain = Level(name=name, text=canonical_text(base, name), sets={})
                levels.setdefault(name, [plain]).append(Level(name=name, text=ABSENT, sets={}))
        return cls(builder, base, {name: tuple(ways) for name, ways in levels.items()})

    @cached_property
    def values(self) -> frozenset[Cell]:
        """Every value, those of the base among them."""
        return frozenset(level.cell for ways in self.levels.values() for level in ways)

    def cells(self, arguments: Mapping[str, Json]) -> frozenset[Cell]:
        """Return what a request tries, of the arguments that have several values."""
        return frozenset(
            (name, text)
            for name in self.levels
            if (text := self.text_of(arguments, name)) is not None
        )

    def facets(self, arguments: Mapping[str, Json]) -> frozenset[Cell]:
        """Return what is special about a request's size: the boundaries it is on, and its shape.

        There are more sizes than could be tried with everything else; there are few kinds of them.
        """
        size = arguments.get("size")
        if not isinstance(size, str):
            return frozenset()
        if size not in self.kinds:
            self.kinds[size] = _kinds(self.builder.operation, size)
        return self.kinds[size]

    def text_of(self, arguments: Mapping[str, Json], name: str) -> str | None:
        """Return the text of an argument's value, or None for one that no level has."""
        values = self._values_by_text.get(name)
        if values is None:
            return None
        if name not in arguments:
            return ABSENT if ABSENT in values else None
        for text, other in values.items():
            if text and same(other, arguments[name]):
                return text
        return self.texts.get(name)

    @cached_property
    def texts(self) -> dict[str, str]:
        """Arguments of which any other text is as good as the value named here: each row's own.

        No prompt explains a row's refusal, and deliveries are assigned by their address.
        """
        texts = {name: canonical_text(self.base, name) for name in ("prompt",) if name in self.base}
        hook = self.builder.operation.webhook
        if hook is not None and hook.argument in self.levels:
            texts[hook.argument] = self.levels[hook.argument][-1].text
        return texts

    def with_texts_of_its_row(self, row: Mapping[str, Json], number: int) -> dict[str, Json]:
        """Give a row texts of its own: no two bodies are alike, and each has its own webhooks."""
        words = dict(row)
        for name, text in self.texts.items():
            if canonical_text(row, name) == text:
                of_prompt = name == "prompt"
                words[name] = harmless_prompt(number) if of_prompt else f"{row[name]}-{number}"
        return words

    def has_few(self, name: str) -> bool:
        """Tell whether an argument has few values: their combinations are what most people send."""
        return len(self.levels[name]) <= FEW

    @cached_property
    def _values_by_text(self) -> dict[str, dict[str, Json]]:
        """The values of each argument under their texts, the base's first."""
        return {
            name: {level.text: level.sets.get(name) for level in ways}
            | {ways[0].text: self.base.get(name)}
            for name, ways in self.levels.items()
        }

    @cached_property
    def pair_constraints(self) -> list[Constraint]:
        """The rules on two arguments: those on one alone hold for every level."""
        constraints = self.builder.operation.constraints
        return [constraint for constraint in constraints if constraint.rule.partner is not None]

    def row(self, levels: Iterable[Level]) -> dict[str, Json] | None:
        """Return the base with these levels in place, or None where that is no valid request.

        What a level needs beside it gives way to a level of that argument's own.
        """
        chosen = tuple(levels)
        arguments = dict(self.base)
        for level in chosen:
            arguments.update(level.sets)
        for level in chosen:
            if level.name in level.sets:
                arguments[level.name] = level.sets[level.name]
            elif level.name in self.base and level.text != ABSENT:
                arguments[level.name] = self.base[level.name]
            else:
                arguments.pop(level.name, None)
        operation = self.builder.operation  # a form carries values of their own types as they are
        satisfied = all(
            evaluate(constraint, operation, arguments) == "satisfied"
            for constraint in self.pair_constraints
        )
        return arguments if satisfied else None


def canonical_text(arguments: Mapping[str, Json], name: str) -> str:
    """Return the text of an argument's value: its canonical JSON, or ABSENT."""
    return canonical(arguments[name]) if name in arguments else ABSENT


def tuples(cells: Iterable[Cell], strength: int) -> set[Combination]:
    """Return every combination of so many of these cells."""
    return set(combinations(sorted(cells), strength))


def _can_be_left_out(builder: Builder, name: str) -> bool:
    """Tell whether the documents let a request leave out what the plain one sends."""
    argument = builder.operation.arguments[name]
    if argument.required is not None or argument.ours or argument.status != "documented":
        return False
    base = builder.base(prompt=PLAIN)
    del base[name]
    return is_valid(builder.operation, base)


def _kinds(operation: Operation, size: str) -> frozenset[Cell]:
    on = {
        ("size", token)
        for token in tokens(operation, {"size": size})
        if "=" in token and not token.startswith(("size.format=", "size.one_of="))
    }
    if (edges_px := edges(size)) is not None:
        width, height = edges_px
        shape = "square" if width == height else "landscape" if width > height else "portrait"
        on.add(("size", shape))
    return frozenset(on)


def describe_value(cell_text: str) -> str:
    """Return a value's text as people read it: texts without quotes, files by their names."""
    if cell_text == ABSENT:
        return "left out"
    value: Json = json.loads(cell_text)
    names = [image.filename or "" for image in references(value)]
    text = " and ".join(names[:2]) if names else str(value) if isinstance(value, str) else cell_text
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""  # noqa: PLR2004
    return f"{text}{more}" if len(text) <= SHOWN else f"{len(text):,} characters"


SHOWN = 80
"""The longest text that is shown as it is, in characters."""
