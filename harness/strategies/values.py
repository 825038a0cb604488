"""The values that a request may have: those on a boundary often, what reads well when shrunk.

A value on a boundary is drawn as the others are, from a range that holds nothing else: so a failing
one shrinks to a smaller one in between, where that fails, too.
"""

from collections.abc import Callable, Iterable, Sequence

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from harness.cases import prompts, references
from harness.cases.declared import TEXTS, plain_items
from harness.cases.draw import plain_values
from harness.core.jsonvalue import Json
from harness.core.placeholders import WEBHOOKS
from harness.spec.provider import Argument, Operation
from harness.spec.rules.lattice import Lattice, Size, area, text
from harness.spec.rules.pairs import Conditional
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
    return _one_of(*[found] * _VALUES_TO_A_NULL, st.none())


_VALUES_TO_A_NULL = 9


def _one_of(*strategies: SearchStrategy[Json]) -> SearchStrategy[Json]:
    """Draw from each as often, from one that is named twice twice as often; the first is simplest.

    `st.one_of` would take what is one of several as so many more.
    """
    which = st.integers(0, len(strategies) - 1)

    @st.composite
    def value(draw: DrawFn) -> Json:
        return draw(strategies[draw(which)])

    return strategies[0] if len(strategies) == 1 else value()


def _values(name: str, argument: Argument, operation: Operation) -> SearchStrategy[Json] | None:
    if name == "prompt":
        return _prompts(argument)
    if argument.type == "images":
        return _images(name, argument, operation)
    if operation.webhook is not None and operation.webhook.argument == name:
        return st.sampled_from(_HOOKS)
    others = plain_values(name, argument)
    if others is not None and argument.type == "array":
        return _one_of(others, *_numbered(argument, lambda count: plain_items(argument, count)))
    if others is None or argument.one_of is not None:
        enabling = _enabling(name, argument, operation)
        if others is None or not enabling:
            return others
        return _one_of(others, st.sampled_from(enabling))
    if argument.type == "integer":
        low, high = argument.bounds
        ends = [int(end) for end in (high, low) if end is not None]
        times = 2 if any(isinstance(rule, Conditional) for _, rule in argument.rules) else 1
        return _one_of(others, *[st.integers(end, end) for end in ends] * times)
    return _texts(argument, others) if argument.type == "string" else others


def _enabling(name: str, argument: Argument, operation: Operation) -> list[Json]:
    """Return the listed values beside which alone another argument may stand."""
    rules = [rule for other in operation.arguments.values() for _, rule in other.rules]
    wanted = [
        value
        for rule in rules
        if isinstance(rule, Conditional) and rule.argument == name and not rule.excludes
        for value in rule.wanted(None, None)
    ]
    certain = argument.one_of.certain if argument.one_of is not None else ()
    return [value for value in certain if value in wanted]


def _texts(argument: Argument, others: SearchStrategy[Json]) -> SearchStrategy[Json]:
    """Draw a size, or a text: where its length is documented, the shortest and the longest, too."""
    grid = lattice(argument)
    if grid is not None and grid.sizes:
        return _sizes(argument, grid)
    least, most = argument.span("characters")
    shaped = argument.format is not None and argument.format.shape != "string"
    if shaped or (least is None and most is None):
        return others
    fitting = [each for each in TEXTS if (least or 0) <= len(each) <= (most or len(each))]
    ends = [_lengths(end, end).map(prompts.plain_prompt) for end in (most, least) if end]
    return _one_of(*([st.sampled_from(fitting)] if fitting else []), *ends)


_FEW, _MANY = 4, 100
"""So many entries `harness.cases` draws, too; of more than many, the most is not worth its time."""


def _numbered(
    argument: Argument, entries: Callable[[int], Json]
) -> tuple[SearchStrategy[Json], ...]:
    """Return lists of any number of entries that is allowed, of the most and of the fewest."""
    least, most = argument.span("entries")
    least = 1 if least is None else least
    if most is None or not least <= most <= _MANY:
        return ()
    spans = ((least, most), (most, most), (least, least))
    return tuple(st.integers(*span).map(entries) for span in spans)


def _images(name: str, argument: Argument, operation: Operation) -> SearchStrategy[Json]:
    """Draw references of all kinds, a few of them; sometimes plain ones, as many as allowed."""
    drawn = references.drawn_references(name, argument, operation)
    _, most = argument.span("entries")
    plain = references.plain_recipe(name, operation)
    if most is None or most <= _FEW:
        return drawn
    numbered = _numbered(
        argument, lambda count: references.reference_values(plain, count, name, operation)
    )
    return _one_of(drawn, drawn, *numbered[:2])


def _sizes(argument: Argument, grid: Lattice) -> SearchStrategy[Json]:
    """Draw sizes: every other on a boundary, and the words for a size now and then."""
    words = argument.format.words if argument.format else ()
    rules = [rule for _, rule in argument.rules if isinstance(rule, SizeRule)]
    known = (grid, *((type(rule), rule.limit) for rule in rules))
    if known not in _RANKED:
        _RANKED[known] = _ranked(grid, rules)
    boundaries, others = _RANKED[known]
    on, any_ = st.sampled_from(boundaries or others), _evenly(others)
    return _one_of(on, any_, on, any_, on, *([st.sampled_from(words)] if words else []))


_RANKED: dict[object, tuple[list[str], list[str]]] = {}
"""By a lattice and its rules, what was a search through thousands of sizes."""


def _ranked(grid: Lattice, rules: Iterable[SizeRule]) -> tuple[list[str], list[str]]:
    """Return the sizes on a boundary and all sizes, those with the fewest pixels first.

    Those on a boundary come several times, so that each bound has as many, however few lie on it.
    """
    boundaries = [
        size
        for rule in rules
        for sizes in [rule.corners(grid)]
        for size in sizes
        for _ in range(1 if rule.side == "step" else max(1, _EACH // len(sizes)))
    ]
    return (
        [text(size) for size in sorted(boundaries, key=_rank)],
        [text(size) for size in sorted(grid.sizes, key=_rank)],
    )


_EACH = 12
"""How many sizes a bound has among those on a boundary."""

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
    documented, least = least, max(1, least or 1)
    longest = max(map(len, _SHORT))
    if most is not None and most < longest:
        return _lengths(least, most).map(prompts.plain_prompt)
    short: SearchStrategy[Json] = st.sampled_from(_SHORT)
    if documented is not None:
        shortest = st.integers(least, least).map(prompts.plain_prompt)
        some = st.integers(least, least + longest).map(prompts.plain_prompt)
        short = _one_of(short if least == 1 else some, shortest)
    if most is None:
        return short
    lengths = _lengths(least, most)
    return _one_of(short, lengths.map(prompts.plain_prompt), lengths.map(prompts.wide_prompt))


def _lengths(least: int, most: int) -> SearchStrategy[int]:
    """Draw lengths of texts: any, the longest two, and the shortest."""
    longest = st.integers(max(least, most - 1), most)
    lengths = (
        st.integers(least, most),
        longest,
        st.integers(most, most),
        st.integers(least, least),
    )
    return st.integers(0, len(lengths) - 1).flatmap(lengths.__getitem__)
