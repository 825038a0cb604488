"""Which values of a failing request fail together.

A request is an assignment of a value to every argument. A record that passed clears every
combination of its values; the other combinations of a failing record are suspect. A single value is
suspected before a pair, a pair before three, and a combination before those that fewer failing
records hold.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import combinations
from operator import or_
from typing import Self

from harness.cases.prompts import A_LINE
from harness.checks.naming import blames, named_in
from harness.core.case import FIRST_STAGES
from harness.core.jsonvalue import Json, canonical
from harness.core.outcome import Refused
from harness.core.placeholders import ASSETS
from harness.core.record import Record
from harness.core.reference import ReferenceImage
from harness.spec.evaluate import broken_when_sent
from harness.spec.provider import Operation
from harness.spec.request import carried

_FILE = re.compile(r"(\w+-\w+)-(\d+x\d+)-\d+((?:-cut|-bytes-\d+)?)\.\w+$")

Assignment = Mapping[str, str]
"""Every argument's value in one spelling; empty where it is left out."""


def assignment(operation: Operation, arguments: Mapping[str, Json]) -> Assignment:
    """Return a request's value of every argument; irrelevant differences do not count."""
    given = carried(operation, dict(arguments))
    names = dict.fromkeys((*operation.arguments, *given))
    return {name: _spelled(operation, name, given[name]) if name in given else "" for name in names}


def _spelled(operation: Operation, name: str, given: Json) -> str:
    argument = operation.arguments.get(name)
    if argument is not None and argument.type in ("images", "file"):
        return _files(given)
    if operation.webhook is not None and operation.webhook.argument == name:
        return "an address of ours" if isinstance(given, str) else canonical(given)
    if not isinstance(given, str) or not given:
        return canonical(given)
    if name == "prompt":  # prompts differ by their letters, and long ones by their length
        kind = "" if given.isascii() else " outside ASCII"
        return f"{len(given)} characters{kind}" if len(given) > A_LINE else f"a short text{kind}"
    return given


def _files(files: Json) -> str:
    entries = files if isinstance(files, list) else [files]
    kinds = sorted(set(map(_file, entries)))
    number = f"{len(entries)} of " if isinstance(files, list) else ""
    return f"{number}{', '.join(kinds)}" if entries else "[]"


def _file(entry: Json) -> str:
    image = ReferenceImage.of(entry)
    asset = entry if isinstance(entry, str) and ASSETS in entry else None
    match = _FILE.search((image.filename if image else asset) or "")
    return f"{match[1]}{match[3]}" if match else canonical(entry)


def plain_with(
    plain: Mapping[str, Json], other: Mapping[str, Json], names: Collection[str]
) -> dict[str, Json]:
    """Return the plain request with these arguments as another one has them, or leaves them out."""
    order = dict.fromkeys((*plain, *other))
    source = {name: other if name in names else plain for name in order}
    return {name: source[name][name] for name in order if name in source[name]}


def changes(base: Assignment, other: Assignment) -> frozenset[str]:
    """Return the arguments in which a request differs from the plain one."""
    return frozenset(name for name in {*base, *other} if base.get(name, "") != other.get(name, ""))


def describe_values(items: Assignment, names: Sequence[str]) -> tuple[str, ...]:
    """Return values as a reader may say them: `quality=high`, `prompt of 32000 characters`."""
    return tuple(_said(name, items.get(name, "")) for name in names)


def _said(name: str, text: str) -> str:
    if not text:
        return f"no {name}"
    if name == "prompt" and text.endswith(("characters", "ASCII")):
        return f"prompt of {text}" if text[0].isdigit() else "prompt outside ASCII"
    return f"{name}={text}"


def joined_values(combination: Sequence[str]) -> str:
    """Return `quality=high with output_format=jpeg and n=2`."""
    first, others = combination[0], combination[1:]
    return f"{first} with {' and '.join(others)}" if others else first


DOUBT = 0.02
"""A sub-combination that is to blame with less probability than this is not sent."""

_CERTAIN = 0.7
"""How likely a value of the plain request must be part of a combination to be reported."""

_LIKELY = 0.9
"""How likely what fails is among the combinations of which the values are reported, if unproven."""

_PRIOR = {1: 1.0, 2: 0.05, 3: 0.005}
_PRIOR_OF_MORE = 2e-5
_KEPT, _LEFT_OUT, _CLAIMED = 0.15, 0.03, 4.0
"""How much less a value is suspected that the plain request has, too; or that both leave out; and
how much more where wrong content is wrong about that very argument."""
_NOT_NEEDED = 0.1
"""How much less a value of the plain request is suspected where the others fail without it."""
_EXPLAINS, _NAMED, _KNOWN = 4.0, 5.0, 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignedRecord:
    """A record with its assignment and what was wrong with it, digits left out."""

    record: Record
    items: Assignment
    words: str = ""

    @property
    def id(self) -> str:
        """The case's id."""
        return self.record.shot.case.id

    def agrees(self, other: Self, names: Iterable[str]) -> bool:
        """Tell whether two requests have the same values of these arguments."""
        return all(self.items.get(name, "") == other.items.get(name, "") for name in names)

    def shows(self, other: Self, names: Collection[str]) -> bool:
        """Tell whether a request has the values that fail in another one, or more images of them.

        Wrong content that several images are needed for is searched for with two of them.
        """
        if 1 < number_of_images(other) <= number_of_images(self):
            names = [name for name in names if name != "n"]
        return self.agrees(other, names)


def number_of_images(assigned: AssignedRecord) -> int:
    """Return how many images a request asks for; 1 where it names no number."""
    number = assigned.items.get("n", "")
    return int(number) if re.fullmatch(r"[0-9]{1,9}", number) else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureGroup:
    """One claim that failed, with every record that it applies to.

    `breaks` is the rule that its requests break on purpose; a request that satisfies it is about
    another claim. `about` is the argument that wrong content is wrong about. `plain` is the plain
    request; where the claim is not judged on that one, with the argument that it is about, and what
    that needs, beside it: these are `added`.
    """

    operation_name: str
    operation: Operation
    check: str
    constraint: str | None
    breaks: str | None
    plain: Mapping[str, Json]
    failing: tuple[AssignedRecord, ...]
    passing: tuple[AssignedRecord, ...]
    about: str = ""
    added: frozenset[str] = frozenset()

    @property
    def is_open(self) -> bool:
        """Whether the added value may be what is wrong: the claim held with it nowhere."""
        value = self.base.get(self.about, "")
        return bool(self.added) and not any(
            assigned.items.get(self.about, "") == value for assigned in self.passing
        )

    @property
    def base(self) -> Assignment:
        """The plain request's value of every argument."""
        return assignment(self.operation, self.plain)

    def smallest(self, failing: AssignedRecord) -> AssignedRecord:
        """Return the failing record that holds least of this one and nothing else."""
        base = self.base
        inside = [
            assigned
            for assigned in self.failing
            if assigned.agrees(failing, changes(base, assigned.items))
        ]
        return min(
            (*inside, failing),
            key=lambda assigned: (len(changes(base, assigned.items)), assigned.id),
        )

    def arguments(self, source_record: AssignedRecord, names: frozenset[str]) -> dict[str, Json]:
        """Return the plain request with only these arguments as a failing one has them."""
        return plain_with(self.plain, source_record.record.shot.case.arguments, names)

    def asks_the_same(self, arguments: dict[str, Json]) -> bool:
        """Tell whether a request keeps all rules but the one that is broken on purpose."""
        breaks, unsaid = broken_when_sent(self.operation, arguments)
        wanted = [] if self.breaks is None else [self.breaks]
        return [constraint.id for constraint in breaks] == wanted and not unsaid


class CombinationRanking:
    """How likely each combination in a failing record is the one that fails.

    `known` are sets of argument names that were found to fail together elsewhere.
    """

    def __init__(
        self,
        group: FailureGroup,
        current: AssignedRecord,
        together: Sequence[frozenset[str]] = (),
    ) -> None:
        self._group = group
        self.current = current
        changed = changes(group.base, current.items)
        self.names = tuple(name for name in current.items if name in changed)
        self._known = frozenset(together)
        unchanged = (name for name in current.items if name not in changed and name != "prompt")
        self._order = (*self.names, *unchanged)
        self._agreeing = [self._agrees(assigned) for assigned in group.passing]
        self._all_failing = [self._agrees(assigned) for assigned in group.failing]
        self._failing = [
            self._agrees(assigned)
            for assigned in group.failing
            if assigned.words == current.words and assigned.record.shot.case.stage in FIRST_STAGES
        ]

    @cached_property
    def weights(self) -> dict[int, float]:
        """The weight of every combination that nobody cleared, by the bits of its arguments."""
        return {mask: self._weight(mask) for mask in self._masks() if not self._cleared(mask)}

    @cached_property
    def _inside(self) -> list[float]:
        """The weight of all combinations within each subset of the changed arguments."""
        size = 1 << len(self.names)
        sums = [0.0] * size
        for mask, weight in self.weights.items():
            sums[mask & (size - 1)] += weight
        for bit in range(len(self.names)):
            for mask in range(size):
                if mask >> bit & 1:
                    sums[mask] += sums[mask ^ (1 << bit)]
        return sums

    def chance(self, mask: int) -> float:
        """Return how likely the plain request with these changes alone fails, too."""
        return self._inside[mask] / self._inside[-1] if self._inside[-1] else 0.0

    def doubtful(self) -> list[int]:
        """Return the smaller requests that may fail, too, be they valid or not."""
        return [mask for mask in range(1, len(self._inside) - 1) if self.chance(mask) >= DOUBT]

    def is_smallest(self) -> bool:
        """Tell whether no smaller valid request may fail: all of them are cleared."""
        if self._group.is_open:
            return False
        return bool(self.weights) and not any(
            self._group.asks_the_same(self._group.arguments(self.current, self.chosen(mask)))
            for mask in sorted(self.doubtful(), key=self.chance, reverse=True)
        )

    def chosen(self, mask: int) -> frozenset[str]:
        """Return the arguments that a subset's bits stand for."""
        return frozenset(name for bit, name in enumerate(self._order) if mask >> bit & 1)

    def likeliest(self) -> tuple[str, ...]:
        """Return the arguments of the likeliest combination; all changes where none is suspect.

        A value of the plain request counts as part of it only where no other would do as well; all
        that are likely do where a request passed with the changed values.
        """
        if not self.weights:
            return self.names
        best = max(self.weights, key=lambda mask: (self.weights[mask], -mask))
        changed = (1 << len(self.names)) - 1
        alike = {
            mask: weight
            for mask, weight in self.weights.items()
            if mask & changed == best & changed
        }
        if self.weights[best] < _CERTAIN * sum(alike.values()):
            likely = [mask for mask, weight in alike.items() if weight >= self.weights[best] / 2]
            refuted = any(best & changed & ~agreeing == 0 for agreeing in self._agreeing)
            best = reduce(or_, likely) if refuted else best & changed
        chosen = self.chosen(best)
        return tuple(name for name in self.current.items if name in chosen)

    def likely_within(self, names: Collection[str]) -> frozenset[str]:
        """Return the arguments of the likeliest combinations that hold no others than these.

        Of the plain request's values, only those that every such combination needs.
        """
        inside = {
            mask: weight for mask, weight in self.weights.items() if self.chosen(mask) <= {*names}
        }
        wanted, weighed = _LIKELY * sum(inside.values()), 0.0
        likely: frozenset[str] = frozenset()
        needed = frozenset(self._order)
        for mask in sorted(inside, key=lambda mask: (-inside[mask], mask)):
            if weighed < wanted:
                likely |= self.chosen(mask)
                needed &= self.chosen(mask)
            weighed += inside[mask]
        return likely & ({*self.names} | needed)

    def _agrees(self, other: AssignedRecord) -> int:
        return sum(
            1 << bit
            for bit, name in enumerate(self._order)
            if other.items.get(name, "") == self.current.items[name]
        )

    def _masks(self) -> Iterator[int]:
        """Yield combinations with a changed value: up to three arguments, or any changed ones.

        Three changed values are suspected beside each one of the plain request, too.
        """
        all_, most = len(self._order), len(self.names)
        changed = (1 << most) - 1
        for size in (1, 2, 3):
            for bits in combinations(range(all_), size):
                mask = sum(1 << bit for bit in bits)
                if mask & changed:
                    yield mask
        kept = [1 << bit for bit in range(most, all_) if self.current.items[self._order[bit]]]
        for mask in range(1, changed + 1):
            if mask.bit_count() == max(_PRIOR):
                yield from (mask | bit for bit in kept)
            elif mask.bit_count() > max(_PRIOR):
                yield mask

    def _cleared(self, mask: int) -> bool:
        """Tell whether a record clears a combination, or it lacks what breaks the rule."""
        if any(mask & ~agreeing == 0 for agreeing in self._agreeing):
            return True
        broken = self._group.operation.constraint(self._group.breaks or "")
        needed = {broken.parameter} & {*self.names} if broken is not None else set()
        return not needed <= self.chosen(mask)

    def _weight(self, mask: int) -> float:
        chosen = self.chosen(mask)
        weight = _PRIOR.get(len(chosen), _PRIOR_OF_MORE)
        for name in chosen - set(self.names):
            weight *= self._kept(name)
        explained = sum(mask & ~failing == 0 for failing in self._failing)
        weight *= _EXPLAINS ** max(explained - 1, 0)
        changed = mask & ((1 << len(self.names)) - 1)
        if mask != changed and any(
            changed & ~failing == 0 and mask & ~failing for failing in self._all_failing
        ):
            weight *= _NOT_NEEDED
        weight *= _NAMED ** len(chosen & self._named)
        return weight * (_KNOWN if chosen in self._known else 1.0)

    def _kept(self, name: str) -> float:
        """Return how much a value is suspected that the plain request has, too."""
        argument = self._group.operation.arguments.get(name)
        if name == self._group.about:
            return _CLAIMED
        usual = name == "n" or (argument is not None and argument.type in ("images", "file"))
        return _KEPT if self.current.items[name] and not usual else _LEFT_OUT

    @cached_property
    def _named(self) -> frozenset[str]:
        """The arguments that the error names."""
        outcome = self.current.record.outcome
        if not isinstance(outcome, Refused):
            return frozenset()
        operation, error = self._group.operation, outcome.error
        wires = {name: argument.places for name, argument in operation.arguments.items()}
        return frozenset(
            name
            for name in {*self._order} & {*wires}
            if blames(error, name, operation) or named_in(error.message, (*wires[name], name))
        )
