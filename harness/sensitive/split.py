"""Keys in pieces: a text that arrives word by word, in a list or over the events of a stream."""

from collections import defaultdict
from collections.abc import Iterator

from harness.core.jsonvalue import Json
from harness.sensitive.search import Search

_Place = tuple[str | int, ...]

PIECES_AT_MOST = 200_000
"""Texts of a document that are put together; those after them are searched alone."""


def without_split(document: Json, search: Search) -> Json:
    """Return a document without the known keys that stand in several of its texts.

    Texts belong together where they differ only in the places within lists: `events[*].delta`.
    """
    groups: defaultdict[_Place, list[tuple[_Place, str]]] = defaultdict(list)
    for count, (place, text) in enumerate(_texts(document, ())):
        if count >= PIECES_AT_MOST:
            break
        groups[tuple("*" if isinstance(step, int) else step for step in place)].append(
            (place, text)
        )
    cut: dict[_Place, str] = {}
    for pieces in groups.values():
        if len(pieces) > 1:
            cut |= _cut(pieces, search)
    return _replaced(document, (), cut) if cut else document


def _texts(content: Json, place: _Place) -> Iterator[tuple[_Place, str]]:
    if isinstance(content, str):
        yield place, content
    elif isinstance(content, list):
        for at, entry in enumerate(content):
            yield from _texts(entry, (*place, at))
    elif isinstance(content, dict):
        for name, entry in content.items():
            yield from _texts(entry, (*place, name))


def _cut(pieces: list[tuple[_Place, str]], search: Search) -> dict[_Place, str]:
    """Return the texts that hold a piece of a key, without it; its name stands in the first."""
    whole = "".join(text for _, text in pieces)
    found = search.find(whole, by_shape=False)
    if not found:
        return {}
    cut: dict[_Place, str] = {}
    at = 0
    for place, text in pieces:
        parts, done = [], at
        for start, end, name in found:
            if start < at + len(text) and end > at:
                parts.append(whole[done : max(start, at)])
                parts.append(name if start >= at else "")
                done = min(end, at + len(text))
        if parts:
            cut[place] = "".join((*parts, whole[done : at + len(text)]))
        at += len(text)
    return cut


def _replaced(content: Json, place: _Place, cut: dict[_Place, str]) -> Json:
    if isinstance(content, str):
        return cut.get(place, content)
    if isinstance(content, list):
        return [_replaced(entry, (*place, at), cut) for at, entry in enumerate(content)]
    if isinstance(content, dict):
        return {name: _replaced(entry, (*place, name), cut) for name, entry in content.items()}
    return content
