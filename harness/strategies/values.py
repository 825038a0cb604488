"""The values that a request may have, drawn so that a failing one shrinks to what reads well."""

from collections.abc import Iterable, Sequence

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from harness.cases import prompts, references
from harness.cases.draw import plain_values
from harness.core.jsonvalue import Json
from harness.core.placeholders import WEBHOOKS
from harness.spec.provider import Argument, Operation
from harness.spec.rules.lattice import Lattice, Size, area, text
from harness.spec.rules.size import SizeRule, lattice

_SHORT = (*prompts.PIECES, *map(prompts.harmless_prompt, range(1, 200)))
"""Prompts of one thing, then of two; each is one choice, so that a failing request has one."""

_HOOKS = tuple(f"{WEBHOOKS}hook-{number}" for number in (1, 2, 3))


def values_of(name: str, argument: Argument, operation: Operation) -> SearchStrategy[Json] | None:
    """Return the values that an argument may have, simplest first; None where it has none."""
    found = _values(name, argument, operation)
    nullable = argument.nullable is not None and argument.nullable.status == "documented"
    if found is None or not nullable or operation.writes_text(name):
        return found
    return found | st.none()


def _values(name: str, argument: Argument, operation: Operation) -> SearchStrategy[Json] | None:
    if name == "prompt":
        return _prompts(argument)
    if argument.type == "images":
        return references.drawn_references(name, argument, operation)
    if operation.webhook is not None and operation.webhook.argument == name:
        return st.sampled_from(_HOOKS)
    grid = lattice(argument)
    if argument.type != "string" or argument.one_of is not None or grid is None or not grid.sizes:
        return plain_values(name, argument)
    words = argument.format.words if argument.format else ()
    rules = [rule for _, rule in argument.rules if isinstance(rule, SizeRule)]
    known = (grid, *((type(rule), rule.limit) for rule in rules))
    if known not in _RANKED:
        _RANKED[known] = _ranked(grid, rules)
    boundaries, others = _RANKED[known]
    return st.sampled_from((*boundaries, *words)) | _evenly(others)


_RANKED: dict[object, tuple[list[str], list[str]]] = {}
"""By a lattice and its rules, what was a search through thousands of sizes."""


def _ranked(grid: Lattice, rules: Iterable[SizeRule]) -> tuple[list[str], list[str]]:
    """Return the sizes on a boundary and all sizes, those with the fewest pixels first."""
    boundaries = {size for rule in rules for size in rule.corners(grid)}
    return (
        [text(size) for size in sorted(boundaries, key=_rank)],
        [text(size) for size in sorted(grid.sizes, key=_rank)],
    )


_EVEN = 100
"""Up to some more, Hypothesis draws integers evenly; of larger ones, small ones far more often."""


def _evenly(items: Sequence[str]) -> SearchStrategy[str]:
    """Draw from a long list, each item as often; a failing one moves to the front."""
    block = -(-len(items) // _EVEN)
    return st.builds(
        lambda at, beyond: items[min(at * block + beyond, len(items) - 1)],
        st.integers(0, min(_EVEN, len(items)) - 1),
        st.integers(0, block - 1),
    )


def _rank(size: Size) -> tuple[int, int, bool]:
    """Order sizes by their pixels, then squarest and widest first."""
    return (area(size), max(size), size[0] < size[1])


def _prompts(argument: Argument) -> SearchStrategy[Json]:
    """Draw prompts that nobody objects to: short ones, and such as are as long as allowed."""
    least, most = argument.span("characters")
    least = max(1, least or 1)
    longest = max(map(len, _SHORT))
    if most is not None and most < longest:
        return st.integers(least, most).map(prompts.plain_prompt)
    short = st.sampled_from(_SHORT)
    if least > 1:
        short = st.integers(least, least + longest).map(prompts.plain_prompt)
    if most is None:
        return short
    lengths = st.integers(least, most) | st.sampled_from((most - 1, most))
    return short | lengths.map(prompts.plain_prompt) | lengths.map(prompts.wide_prompt)
