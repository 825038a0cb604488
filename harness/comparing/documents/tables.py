"""Two TOMLs' tables beside each other: everything that differs, each with the path of its key."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.core.jsonvalue import Json, canonical

Path = tuple[str, ...]
"""Keys from the outermost table inwards; a row of a list has its label among them."""

Tables = dict[str, Json]

_IDENTITY: dict[str, tuple[str, ...]] = {
    "rows": ("when", "tier", "per"),
    "at_most": ("when", "tier"),
    "tiers": ("name",),
    "classes": ("class", "status", "code", "message"),
    "fields": ("path",),
    "submitted": ("path",),
    "endpoints": ("method", "path"),
    "statements": ("about", "says"),
    "table": ("size",),
    "others": ("names",),
    "documents": ("file",),
    "shown": ("quality", "size"),
    "claim": ("says",),
    "examples": ("arguments", "amount"),
}
"""By which keys the rows of a list are known, by the list's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What differs at a key: None is nothing there, which no TOML can write otherwise.

    `member`: a value of a list came or went, or one took the place of another; `order`: a list
    holds the same in another order.
    """

    path: Path
    was: Json
    now: Json
    kind: Literal["value", "member", "order"] = "value"


def moves(was: Json, now: Json, path: Path = ()) -> Iterator[Moved]:
    """Yield what differs between two tables, in the order of their keys; nothing of equal ones."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in dict.fromkeys((*was, *now)):
            yield from moves(was.get(key), now.get(key), (*path, key))
    elif canonical(was) == canonical(now):
        return
    elif isinstance(was, list) and isinstance(now, list):
        rows = all(isinstance(each, dict) for each in (*was, *now))
        yield from (_rows if rows else _members)(was, now, path)
    else:
        yield Moved(path=path, was=was, now=now)


def _members(was: Sequence[Json], now: Sequence[Json], path: Path) -> Iterator[Moved]:
    """Yield each value that came or went; of lists of one value, the one in place of the other."""
    gone, new = _without(was, now), _without(now, was)
    if not gone and not new:
        yield Moved(path=path, was=[*was], now=[*now], kind="order")
    elif len(was) == len(now) == 1:
        yield Moved(path=path, was=was[0], now=now[0])
    elif len(gone) == len(new) == 1:
        yield Moved(path=path, was=gone[0], now=new[0], kind="member")
    else:
        yield from (Moved(path=path, was=each, now=None, kind="member") for each in gone)
        yield from (Moved(path=path, was=None, now=each, kind="member") for each in new)


def _rows(was: Sequence[Json], now: Sequence[Json], path: Path) -> Iterator[Moved]:
    """Yield what differs in rows that are known by the same keys, and rows that came or went."""
    gone, new = _without(was, now), _without(now, was)
    if not gone and not new:
        yield Moved(path=path, was=[*was], now=[*now], kind="order")
    keys = _IDENTITY.get(path[-1] if path else "", ())
    pairs: list[tuple[Json, Json]] = []
    for row in [*gone]:
        twin = next((each for each in new if _identity(each, keys) == _identity(row, keys)), None)
        if twin is not None:
            pairs.append((row, twin))
            gone.remove(row)
            new.remove(twin)
    if len(gone) == len(new) == 1:
        pairs.append((gone.pop(), new.pop()))
    for before, after in pairs:
        yield from moves(before, after, (*path, label(before, path)))
    yield from (Moved(path=(*path, label(row, path)), was=row, now=None) for row in gone)
    yield from (Moved(path=(*path, label(row, path)), was=None, now=row) for row in new)


def _without(these: Sequence[Json], others: Sequence[Json]) -> list[Json]:
    """Return what is in one list and not in another, as often as it is there more often."""
    left = [canonical(each) for each in others]
    found: list[Json] = []
    for each in these:
        text = canonical(each)
        if text in left:
            left.remove(text)
        else:
            found.append(each)
    return found


def _identity(row: Json, keys: Sequence[str]) -> str:
    table = row if isinstance(row, dict) else {}
    return canonical([table.get(key) for key in keys])


def label(row: Json, path: Path) -> str:
    """Return a row's name among its list's rows: `quality=high, large`."""
    table = row if isinstance(row, dict) else {}
    parts: list[str] = []
    for key in _IDENTITY.get(path[-1] if path else "", ()):
        value = table.get(key)
        if isinstance(value, Mapping):
            parts += [f"{name}={plain(each)}" for name, each in value.items()]
        elif value and not (key == "per" and value == "image"):
            parts.append(plain(value))
    return ", ".join(parts)


def plain(value: Json) -> str:
    """Return a value as it stands in the name of a row: a text without its quotes."""
    if isinstance(value, list):
        return " or ".join(map(plain, value))
    return value if isinstance(value, str) else canonical(value)
