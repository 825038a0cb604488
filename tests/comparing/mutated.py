"""A provider's TOML with one leaf changed, drawn by Hypothesis, and which leaf it was."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from harness.core.tomltext import key, value
from harness.spec.quotes import QUOTED_AT

QUOTES = frozenset(QUOTED_AT.values())
STATUSES = ("documented", "undocumented", "contradictory")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """Tables with one change at `path`: None is nothing there."""

    tables: dict[str, Any] = field(repr=False)
    path: tuple[str | int, ...]
    was: Any
    now: Any


def leaves(table: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:  # noqa: ANN401 - any part of a TOML
    """Yield the path of everything in a TOML that can be changed or taken away, quotes excepted."""
    pairs = table.items() if isinstance(table, dict) else enumerate(table)
    for name, content in pairs:
        if name in QUOTES:
            continue
        yield (*path, name)
        if isinstance(content, dict | list):
            yield from leaves(content, (*path, name))


def other(content: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - any part of a TOML
    """Draw another value of the same type."""
    match content:
        case bool():
            return st.just(not content)
        case int():
            return st.sampled_from((content + 1, content * 2 + 1, max(1, content - 1)))
        case float():
            return st.sampled_from((content + 1.5, content / 2))
        case str() if content in STATUSES:
            return st.sampled_from([each for each in STATUSES if each != content])
        case str():
            return st.sampled_from((f"{content}x", f"x{content}", "other"))
        case list() if content and isinstance(content[0], str | int):
            longer = st.builds(lambda more: [*content, more], other(content[0]))
            turned = [content[::-1]] if len(content) > 1 else []
            return st.one_of(longer, st.sampled_from([content[1:], *turned]))
        case _:
            return st.nothing()


@st.composite
def mutations(
    draw: st.DrawFn, tables: dict[str, Any], paths: list[tuple[str | int, ...]]
) -> Mutation:
    """Draw one change of these tables at one of the paths: another value, or none."""
    path = draw(st.sampled_from(paths))
    changed = deepcopy(tables)
    holder: Any = changed
    for name in path[:-1]:
        holder = holder[name]
    was = holder[path[-1]]
    now = draw(st.one_of(other(was), st.none()))
    if now is None:
        del holder[path[-1]]
    else:
        holder[path[-1]] = now
    return Mutation(tables=changed, path=path, was=was, now=now)


def written(tables: dict[str, Any]) -> str:
    """Return tables as the text of a TOML."""
    return "".join(f"{key(name)} = {value(content)}\n" for name, content in tables.items())
