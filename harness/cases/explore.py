"""Requests that Hypothesis draws after a plan, with its shrinker and database for failing ones.

Nothing is sent here: whoever draws says what is known of a request. Hypothesis' engine mixes the
constants of imported modules into the integers that it draws; `_plain_source` turns that off, so
that a seed draws the same in every process (of one version: what was drawn is saved).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import SkipTest

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings, target
from hypothesis import strategies as st
from hypothesis.control import current_build_context
from hypothesis.database import (
    DirectoryBasedExampleDatabase,
    ExampleDatabase,
    choices_to_bytes,
)
from hypothesis.internal.conjecture.engine import StatisticsDict
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from hypothesis.statistics import collector, describe_statistics
from hypothesis.strategies import DrawFn, SearchStrategy

from harness.cases import prompts
from harness.cases.build import Builder, short_digest, without_argument
from harness.cases.draw import refused_arguments, valid_arguments
from harness.core.case import Case
from harness.core.jsonvalue import Json
from harness.spec.provider import Provider

_SHRINKS = 300
"""How many requests the shrinker looks at, most of them without sending any."""

_DENSITY, _KEPT = 3, 0.8
"""A drawn request sets most of its arguments: the more values, the more of them it tries together.
"""

EXAMPLES = Path(".hypothesis") / "examples"
"""Where the database lies, beside the run folders."""


def explored_cases(provider: Provider) -> SearchStrategy[Case]:
    """Draw requests to a provider: valid ones, and others that break one documented rule.

    All operations are among them, whatever a run tests: the same choices draw the same request in
    any run. The simplest is the plain request; each value is kept by a choice of its own, so that
    the shrinker can take them away one by one. Ids are made of the arguments.
    """
    builders = [Builder(provider, name) for name in provider.operations]
    kinds = [kind(builder) for kind in (_valid, _violating) for builder in builders]
    return st.one_of([kind for kind in kinds if not kind.is_empty])


def _valid(builder: Builder) -> SearchStrategy[Case]:
    base = builder.base(prompt=prompts.PLAIN)
    whole = valid_arguments(builder, cheap=True, density=_DENSITY)

    @st.composite
    def case(draw: DrawFn) -> Case:
        kept, arguments = _kept(builder), draw(whole)
        arguments = _reduced(arguments, base, kept, lambda smaller: not builder.objections(smaller))
        accepted = builder.accept(f"explore/{short_digest(arguments)}", arguments, None)
        return replace(accepted, stage="explore")

    return case()


def _violating(builder: Builder) -> SearchStrategy[Case]:
    broken = refused_arguments(builder)
    if broken.is_empty:
        return st.nothing()
    base = builder.base(prompt=prompts.PLAIN)

    @st.composite
    def case(draw: DrawFn) -> Case:
        kept, drawn = _kept(builder), draw(broken)
        constraint = builder.operation.constraint(drawn.breaks or "")
        if constraint is None:
            return drawn
        arguments = _reduced(
            drawn.arguments,
            base,
            {**kept, constraint.parameter: True},
            lambda smaller: builder.breaks_only(smaller, constraint),
        )
        name = f"explore/{constraint.id}/{short_digest(arguments)}"
        return replace(builder.refuse(name, arguments, constraint), stage="explore")

    return case()


def _kept(builder: Builder) -> dict[str, bool]:
    """Draw which arguments a request keeps; the others are as in the plain one."""
    data = current_build_context().data  # for a chance that is not even, in one choice
    return {name: data.draw_boolean(_KEPT) for name in builder.operation.arguments}


def _reduced(
    arguments: dict[str, Json],
    base: Mapping[str, Json],
    kept: Mapping[str, bool],
    is_sound: Callable[[dict[str, Json]], bool],
) -> dict[str, Json]:
    """Put an argument that is not kept back to its plain value, where the request stays sound."""
    for name in tuple(arguments):
        if kept.get(name, True) or arguments[name] == base.get(name):
            continue
        smaller = without_argument(arguments, name)
        if name in base:
            smaller = {**arguments, name: base[name]}
        if is_sound(smaller):
            arguments = smaller
    return arguments


Scores = Mapping[str, float]
"""What makes a request worth drawing, by label; higher is better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Different requests in the order in which Hypothesis drew them, each with its `choices`.

    `examples` counts all draws, `valid` those that keep every rule, and `best` holds the best score
    for each label. `statistics` are Hypothesis' own, in words.
    """

    cases: tuple[Case, ...]
    examples: int
    valid: int
    best: Scores
    statistics: str


def drawn(
    strategy: SearchStrategy[Case], scored: Callable[[Case], Scores], *, seed_: int, examples: int
) -> Draws:
    """Draw so many examples, in which Hypothesis' optimiser raises the scores (`target`)."""
    cases: dict[str, Case] = {}
    best: dict[str, float] = {}
    kinds: Counter[str] = Counter()

    def look(case: Case) -> bool:
        kinds[case.expect] += 1
        cases.setdefault(case.id, _with_choices(case))
        for label, score in scored(case).items():
            target(score, label=label)
            best[label] = max(score, best.get(label, score))
        return False

    phases = (Phase.generate, Phase.target)
    statistics = _searched(strategy, look, _settings(phases, examples), seed_=seed_)
    return Draws(
        cases=tuple(cases.values()),
        examples=kinds.total(),
        valid=kinds["accept"],
        best=best,
        statistics=statistics,
    )


Failing = Callable[[Case], bool | None]
"""Tells whether a request fails as another one does; None where it has no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrink:
    """The smallest request that is known to fail, and smaller ones that have no answer.

    `smallest` is None where the choices draw another request today. `statistics` are Hypothesis'
    own, in words.
    """

    smallest: Case | None
    unanswered: tuple[Case, ...]
    statistics: str


def shrunk(strategy: SearchStrategy[Case], choices: str, fails: Failing) -> Shrink:
    """Make a failing request smaller, as far as the answers go.

    Hypothesis' shrinker starts from these `choices` (hexadecimal). A request without an answer
    counts as one that passes; call again once these are answered.
    """
    smallest: list[Case] = []
    unanswered: dict[str, Case] = {}

    def is_failing(case: Case) -> bool:
        failed = fails(case)
        if failed is None and smallest:
            unanswered.setdefault(case.id, _with_choices(case))
        elif failed:
            smallest[:] = [_with_choices(case)]
        return bool(failed)

    start = _OneExample(bytes.fromhex(choices), shrunk=False)
    how = _settings((Phase.reuse, Phase.shrink), _SHRINKS, start)
    statistics = _searched(strategy, is_failing, how)
    return Shrink(
        smallest=next(iter(smallest), None),
        unanswered=tuple(unanswered.values()),
        statistics=statistics,
    )


class Examples:
    """Hypothesis' database of requests that failed, for one provider and kind of endpoint."""

    def __init__(self, folder: Path, name: str) -> None:
        self._database = DirectoryBasedExampleDatabase(folder / EXAMPLES)
        self._key = f"harness {name}".encode()

    def cases(self, strategy: SearchStrategy[Case]) -> tuple[Case, ...]:
        """Return what failed before, the smallest first."""
        stored = sorted(self._database.fetch(self._key), key=lambda raw: (len(raw), raw))
        cases = (_reused(strategy, raw) for raw in stored)
        return tuple({case.id: case for case in cases if case is not None}.values())

    def keep(self, case: Case) -> None:
        """Keep a request that fails."""
        self._database.save(self._key, bytes.fromhex(case.choices))

    def drop(self, case: Case) -> None:
        """Forget a request that fails no more."""
        self._database.delete(self._key, bytes.fromhex(case.choices))


def _reused(strategy: SearchStrategy[Case], raw: bytes) -> Case | None:
    """Return the request that stored choices draw; None where they draw none any more."""
    first: list[Case] = []

    def take(case: Case) -> bool:
        first[:] = first or [replace(case, choices=raw.hex())]
        return True

    _searched(strategy, take, _settings((Phase.reuse,), 1, _OneExample(raw, shrunk=True)))
    return next(iter(first), None)


def _with_choices(case: Case) -> Case:
    return replace(case, choices=choices_to_bytes(current_build_context().data.choices).hex())


def _settings(
    phases: Sequence[Phase], examples: int, database: ExampleDatabase | None = None
) -> settings:
    """Return settings that no profile and no environment (CI) of the user changes."""
    return settings(
        max_examples=examples,
        phases=phases,
        database=database,
        deadline=None,
        derandomize=False,
        verbosity=Verbosity.quiet,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        backend="hypothesis",
    )


class _OneExample(ExampleDatabase):
    """Holds the choices of one example, of whatever test; keeps nothing else.

    The engine looks for examples that are still to be shrunk under a second key.
    """

    def __init__(self, choices: bytes, *, shrunk: bool) -> None:
        super().__init__()
        self._choices = choices
        self._shrunk = shrunk

    def fetch(self, key: bytes) -> Iterable[bytes]:
        """Return the example, where the engine looks for its kind."""
        return () if key.endswith(b".secondary") == self._shrunk else (self._choices,)

    def save(self, key: bytes, value: bytes) -> None:
        """Keep nothing: `shrunk` returns the smallest."""

    def delete(self, key: bytes, value: bytes) -> None:
        """Drop nothing."""


class _MetError(Exception):
    """An example that meets a condition: what the engine looks for and makes smaller."""


def _searched(
    strategy: SearchStrategy[Case],
    condition: Callable[[Case], bool],
    how: settings,
    *,
    seed_: int = 0,
) -> str:
    """Let the engine run; what it met is what the condition noted. Return its statistics."""
    statistics: list[str] = []

    # In this order: a seed above the settings would take the database from them.
    @how
    @seed(seed_)
    @given(strategy)
    def meets(case: Case) -> None:
        if condition(case):
            raise _MetError

    def note(figures: StatisticsDict) -> None:
        statistics.append(describe_statistics(figures))

    with (
        _plain_source(),
        collector.with_value(note),  # type: ignore[arg-type] # declared as always None
        suppress(_MetError, SkipTest),  # skipped where no choices fit
    ):
        meets()
    return "\n".join(statistics)


class _PlainSource(HypothesisProvider):
    """Hypothesis' own source of chance, without the constants of modules."""

    def _maybe_draw_constant(self, *_: object, **__: object) -> None:
        return None


@contextmanager
def _plain_source() -> Iterator[None]:
    """Let the engine draw from `_PlainSource` for as long as this lasts.

    Under a name of its own it would be another backend, for which the engine neither looks for
    new requests nor raises scores.
    """
    usual = AVAILABLE_PROVIDERS["hypothesis"]
    AVAILABLE_PROVIDERS["hypothesis"] = _PlainSource
    try:
        yield
    finally:
        AVAILABLE_PROVIDERS["hypothesis"] = usual
