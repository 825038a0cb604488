"""A TOML with one leaf changed, and whether a changelog names the key and both values."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from harness.comparing.documents.changelog import Changelog
from harness.comparing.documents.wording import names
from harness.core.tomltext import key, value
from harness.spec.quotes import QUOTED_AT

QUOTES = frozenset(QUOTED_AT.values())
STATUSES = ("documented", "undocumented", "contradictory")
LONG = 100
"""Characters of a text that a sentence need not show whole."""

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """Tables with one change at `path`: None is nothing there."""

    tables: dict[str, Any] = field(repr=False)
    path: Path
    was: Any
    now: Any

    @property
    def kind(self) -> str:
        """What was changed, for a table of results."""
        if self.now is None:
            return "key removed" if isinstance(self.path[-1], str) else "entry removed"
        match self.was:
            case bool():
                return "yes or no"
            case int() | float():
                return "number"
            case str():
                return "status" if self.was in STATUSES else "text"
            case _:
                turned = sorted(map(str, self.was)) == sorted(map(str, self.now))
                longer = len(self.now) > len(self.was)
                return "order of a list" if turned else f"value {'added' if longer else 'removed'}"


def leaves(table: Any, path: Path = ()) -> Iterator[Path]:  # noqa: ANN401 - any part of a TOML
    """Yield the path of everything in a TOML that can be changed or taken away, quotes excepted."""
    pairs = table.items() if isinstance(table, dict) else enumerate(table)
    for name, content in pairs:
        if name in QUOTES:
            continue
        yield (*path, name)
        if isinstance(content, dict | list):
            yield from leaves(content, (*path, name))


def alternatives(content: Any) -> list[Any]:  # noqa: ANN401 - any part of a TOML
    """Return what may stand in place of a value; None for nothing."""
    match content:
        case bool():
            return [None, not content]
        case int():
            return [None, content + 1, content * 2 + 1, max(1, content - 1) + 3 * (content == 1)]
        case float():
            return [None, content + 1.5, content / 2]
        case str() if content in STATUSES:
            return [None, *(each for each in STATUSES if each != content)]
        case str():
            return [None, f"{content}x", f"x{content}", "other"]
        case list() if content:
            turned = [content[::-1]] if content != content[::-1] else []
            plain = isinstance(content[0], str | int) and not isinstance(content[0], bool)
            longer = [[*content, alternatives(content[0])[1]]] if plain else []
            return [None, content[1:], *turned, *longer]
        case _:
            return [None]


def mutated(tables: dict[str, Any], path: Path, now: Any) -> Mutation:  # noqa: ANN401 - as above
    """Return the tables with another value at a path, or without it."""
    changed = deepcopy(tables)
    holder: Any = changed
    for name in path[:-1]:
        holder = holder[name]
    was = holder[path[-1]]
    if now is None:
        del holder[path[-1]]
    else:
        holder[path[-1]] = now
    return Mutation(tables=changed, path=path, was=was, now=now)


def at(tables: Any, path: Path) -> Any:  # noqa: ANN401 - as above
    """Return what stands at a path."""
    for name in path:
        tables = tables[name]
    return tables


def written(tables: dict[str, Any]) -> str:
    """Return tables as the text of a TOML."""
    return "".join(f"{key(name)} = {value(content)}\n" for name, content in tables.items())


def is_told(mutation: Mutation, log: Changelog) -> bool:
    """Tell whether a sentence names the key, or its parameter, and both values of a plain leaf.

    A source is named by its document's file and not by the key of that.
    """
    words = {"prices": "price", "at_most": "most"}
    keys = [words.get(str(each), str(each)) for each in mutation.path if isinstance(each, str)]
    parameter = keys[3:4] if keys[:1] == ["operations"] else []
    named = {*keys[:1], *keys[-3:], *parameter}
    values = [each for each in (mutation.was, mutation.now) if isinstance(each, bool | int | float)]
    texts = [each for each in (mutation.was, mutation.now) if isinstance(each, str)]
    shown = [each.partition(": ")[2] or each for each in texts if len(each) <= LONG]
    return any(
        any(each in told.sentence for each in named)
        and all(names(told.sentence, each) for each in values)
        and all(_shows(told.sentence, each) for each in shown)
        for told in log.told
    )


def _shows(sentence: str, text: str) -> bool:
    return value(text)[1:-1] in sentence or text in sentence
