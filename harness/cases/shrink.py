"""Hypothesis' shrinker over recorded answers: only a request without one has to be sent.

The plan is replayed under one seed, so that the same answers lead to the same question. Choices are
drawn as yes or no: Hypothesis mixes constants of imported modules into numbers, and a question must
not depend on what else a process has imported.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Choice = tuple[int, ...]
"""For each value of a request, its place on the ladder from the simplest to the failing one."""

Answer = Callable[[Choice], bool | None]
"""Whether a request fails; None where it was not sent yet."""

_EXAMPLES = 300


class _FailsError(Exception):
    """A request that fails: what Hypothesis makes smaller."""


def shrink(ladders: Sequence[int], answer: Answer) -> tuple[Choice, Choice | None]:
    """Return the smallest choice that is known to fail, and the next one worth asking, if any.

    `ladders` are the numbers of steps (1 or more); the highest steps together are the failure to
    begin with. Unknown answers count as passing here; when the one that is returned has been
    answered, call again.
    """
    best: list[Choice] = [tuple(steps - 1 for steps in ladders)]
    unknown: list[Choice] = []

    @seed(0)
    @settings(
        max_examples=_EXAMPLES,
        phases=[Phase.generate, Phase.shrink],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(st.tuples(*map(_step, ladders)))
    def fails(choice: Choice) -> None:
        failed = answer(choice)
        if failed is None:
            unknown.append(choice)
        elif failed:
            best[0] = min(best[0], choice, key=_height)
            raise _FailsError

    with suppress(_FailsError):
        fails()
    below = [fromkey for fromkey in dict.fromkeys(unknown) if _height(fromkey) < _height(best[0])]
    return best[0], min(below, key=_height, default=None)


def _height(choice: Choice) -> tuple[int, Choice]:
    return (sum(choice), choice)


def _step(steps: int) -> SearchStrategy[int]:
    """Draw a step as the number of yeses before the first no."""
    return st.tuples(*[st.booleans()] * (steps - 1)).map(
        lambda answers: next((at for at, yes in enumerate(answers) if not yes), len(answers))
    )
