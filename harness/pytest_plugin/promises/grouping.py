"""Cases, verdicts and findings by the promise that they are about: one test each.

Every verdict belongs to exactly one test, and a finding fails exactly one. What a failed request
shows of other promises fails no second one: a finding says to which the fault belongs.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import isfinite
from pathlib import Path

from harness.cases.boundaries import violations_of
from harness.cases.build import Builder
from harness.cases.keys import TRIED
from harness.checks.check import CHECKS
from harness.core.case import Case, Plan, PlannedRequest, Price
from harness.core.money import money
from harness.pytest_plugin.promises.places import (
    Behind,
    Gathered,
    Place,
    ResultPlaces,
    by_check,
    by_promise,
)
from harness.pytest_plugin.promises.promise_tests import (
    PromiseTest,
    TestOutcome,
    spelled_id,
    told_apart,
)
from harness.pytest_plugin.promises.telling import Telling
from harness.run_result import RunResult
from harness.spec.credentials import KEY_REQUIRED
from harness.spec.provider import Provider
from harness.spec.rules import Range
from harness.spec.rules.files import UrlOnly


def planned_tests(plan: Plan, provider: Provider) -> tuple[PromiseTest, ...]:
    """Return the tests of a plan before anything is sent, those about whole replies among them.

    A run adds those of what it finds besides: see `outcomes`.
    """
    gathered = by_promise(provider, plan.shots) | by_check(provider, plan.shots)
    return _tests(_behind(gathered), {provider.name: provider})


def tests_of_cases(
    provider: Provider, planned: Iterable[PlannedRequest]
) -> tuple[PromiseTest, ...]:
    """Return a test for each promise of a parameter that these requests of a provider look into.

    Their ids name the values that every plan tries, whether these requests hold them or not: so
    they are the same for every seed and budget.
    """
    return _tests(_behind(by_promise(provider, planned)), {provider.name: provider})


def _behind(gathered: Gathered) -> dict[Place, Behind]:
    return {place: Behind.of(shots.values()) for place, shots in gathered.items()}


def tests_of_result(result: RunResult) -> tuple[PromiseTest, ...]:
    """Return the tests of what was received: every verdict and finding belongs to one of them."""
    return _tests(ResultPlaces(result).gathered, result.providers)


def outcomes(
    tests: Sequence[PromiseTest], result: RunResult, *, folder: Path | None = None
) -> Mapping[str, TestOutcome]:
    """Return how each test ends, by its id, and after them what was found that none of them holds.

    The tests of the latter are in `tests_of_result`. `folder` is that of the run, for the commands
    that repeat a request; by default the one in which the result was written.
    """
    return {test.id: outcome for test, outcome in told(result, tests, folder=folder)}


def told(
    result: RunResult, tests: Sequence[PromiseTest] = (), *, folder: Path | None = None
) -> tuple[tuple[PromiseTest, TestOutcome], ...]:
    """Return these tests and all others that the result speaks of, each with how it ends."""
    places = ResultPlaces(result)
    held = {Place.of(test) for test in tests}
    missing = {place: each for place, each in places.gathered.items() if place not in held}
    others = _tests(missing, result.providers, taken={test.id for test in tests})
    telling = Telling(places, folder or result.folder, (*tests, *others), planned=tests)
    return tuple((test, telling.outcome(test)) for test in (*tests, *others))


_SIDES = ("refuses", "serves", "observes", "reply", "known")


def _tests(
    gathered: Mapping[Place, Behind],
    providers: Mapping[str, Provider],
    *,
    taken: Collection[str] = (),
) -> tuple[PromiseTest, ...]:
    """Return the tests in the order of the documents, each id once."""
    values = _values(gathered, providers)
    ids = set(taken)
    tests = []
    for place in sorted(gathered, key=_Order(providers)):
        name = spelled_id(
            place.provider, place.operation, place.promise, place.side, values.get(place, ())
        )
        if name in ids:
            name = told_apart(name, (place.provider, place.operation, place.promise, place.side))
        ids.add(name)
        tests.append(_test(name, place, gathered[place]))
    return tuple(tests)


def _test(name: str, place: Place, behind: Behind) -> PromiseTest:
    whole = Price(
        amount=behind.amount, unit=behind.unit, images=behind.images, at_most=behind.at_most
    )
    return PromiseTest(
        id=name,
        provider=place.provider,
        operation=place.operation,
        promise=place.promise,
        side=place.side,
        cases=tuple(behind.shots),
        images=behind.images,
        price=money(whole) if behind.amount else "nothing",
    )


class _Order:
    """The order of the documents: operations, then their rules, then the checks of replies."""

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._operations: dict[tuple[str, str], int] = {}
        self._promises: dict[tuple[str, str, str], int] = {}
        for name, provider in providers.items():
            for kind, operation in provider.operations.items():
                place = name, kind
                self._operations[place] = len(self._operations)
                for number, constraint in enumerate(operation.constraints):
                    self._promises[*place, constraint.id] = number
        self._checks = {name: number for number, name in enumerate(CHECKS)}

    def __call__(self, place: Place) -> tuple[int, bool, int, str, int]:
        """Return where a test stands; the rule about the key is before all others."""
        reply = place.side in ("reply", "known")
        last = len(self._checks)
        number = (
            self._checks.get(place.promise, last)
            if reply
            else self._promises.get((place.provider, place.operation, place.promise), -1)
        )
        where = self._operations.get((place.provider, place.operation), len(self._operations))
        return where, reply, number, place.promise, _SIDES.index(place.side)


def _values(
    gathered: Mapping[Place, Behind], providers: Mapping[str, Provider]
) -> dict[Place, tuple[str, ...]]:
    """Return by which values each rule is broken, in words: numbers from the largest down.

    What a range's upper bound forbids is what `-k n.range/refuses-11` means.
    """
    values: dict[Place, tuple[str, ...]] = {}
    for place, behind in gathered.items():
        if place.side not in ("refuses", "observes") or not behind.shots:
            continue
        planned = _by_rule(shot.case for shot in behind.shots.values()).get(place.promise, ())
        provider = providers[place.provider]
        if place.side == "refuses":
            planned = _lasting(place, planned, provider)
        values[place] = tuple(sorted(planned, key=_largest_first))
    return values


def _lasting(place: Place, planned: tuple[str, ...], provider: Provider) -> tuple[str, ...]:
    """Return the values that every plan has: one for each side of the rule.

    A small plan lacks some of them, another one has more: then the documents say which they are.
    """
    if place.promise == KEY_REQUIRED:
        return tuple(one for one in TRIED if one != "other_scheme" or not provider.auth.query)
    constraint = provider.operation(place.operation).constraint(place.promise)
    sides = 2 if constraint is not None and isinstance(constraint.rule, Range | UrlOnly) else 1
    if constraint is None or len(planned) == sides:
        return planned
    violations = violations_of(Builder(provider, place.operation), constraint)
    return _by_rule(violations).get(place.promise, planned)[:sides]


def _largest_first(value: str) -> tuple[bool, float, str]:
    try:
        number = float(value)
    except ValueError:
        return True, 0, value
    return False, -number if isfinite(number) else 0, value


def _by_rule(cases: Iterable[Case]) -> dict[str, tuple[str, ...]]:
    """Return the last part of the names of cases that a person wrote, by the rule they break."""
    values: dict[str, dict[str, None]] = {}
    for case in cases:
        rule = case.breaks or case.about or ""
        begins = f"{case.operation}/{rule}/{case.expect}/"
        if case.stage == "plan" and case.id.startswith(begins):
            values.setdefault(rule, {})[case.id.removeprefix(begins)] = None
    return {rule: tuple(found) for rule, found in values.items()}
