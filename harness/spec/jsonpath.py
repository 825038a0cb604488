"""Places in a JSON body, as a TOML writes them: `gptImage2Params.quality`, `tools[0].size`.

And expressions into a reply's body as lists of keys, which a few lines of Python can follow.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from itertools import pairwise

from harness.core.jsonvalue import Json
from harness.spec.expressions import Paths
from harness.spec.rules import same

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]", re.ASCII)
_PLACE = re.compile(r"(?:[^.\[\]]+(?:\[\d{1,4}\])*\.)*[^.\[\]]+(?:\[\])?", re.ASCII)
ADDS = "[]"
"""How a place ends that is a list, to which values are added."""


MADE_AT_MOST = 16
"""Entries of a list that are made empty before one that a place names."""


def is_place(text: str) -> bool:
    """Tell whether a text names a place of a JSON body: keys, with indices of lists on the way.

    One that ends with `[]` is a list to which values are added.
    """
    return _PLACE.fullmatch(text) is not None


def adds(place: str) -> bool:
    """Tell whether values are added to the list at a place."""
    return place.endswith(ADDS) and place != ADDS


def steps(place: str) -> tuple[str | int, ...]:
    """Return a place's keys and indices; a form field's name (`image[]`) is one key."""
    if adds(place) and "." not in place:
        return (place,)
    return tuple(int(index) if index else key for key, index in _STEP.findall(place))


def put(body: dict[str, Json], place: str, value: Json) -> None:
    """Put a value at a place, making the objects and lists on the way.

    At one that ends with `[]`, each entry of a list is added to what is there.
    """
    if adds(place):
        there = _made(body, [*steps(place.removesuffix(ADDS)), 0])
        if isinstance(there, list):
            there += value if isinstance(value, list) else [value]
        return
    path = [*steps(place)]
    parent = _made(body, path)
    if isinstance(parent, dict) and isinstance(path[-1], str):
        parent[path[-1]] = value


def _made(node: Json, path: list[str | int]) -> Json:
    """Return what holds a path's last step, made where it is not there."""
    for step, following in pairwise(path):
        empty: Json = [] if isinstance(following, int) else {}
        match node, step:
            case dict(), str():
                node = node.setdefault(step, empty)
            case list(), int() if step <= len(node) + MADE_AT_MOST:
                node += [{} for _ in range(len(node), step)]
                node += [empty] if len(node) == step else []
                node = node[step]
            case _:
                return None
    return node


def _any(_entry: Json) -> bool:
    return True


def take(
    body: dict[str, Json],
    place: str,
    *,
    fixed: dict[str, Json] | None = None,
    fits: Callable[[Json], bool] = _any,
) -> tuple[bool, Json]:
    """Take a value away from a place; tell whether there was one.

    From a place that ends with `[]` the entries are taken that fit; empty objects stay in their
    places. With what a body has `fixed`, an index of any other list means the first entry that has
    such a key: others may stand before it.
    """
    if adds(place):
        *parents, last = steps(place.removesuffix(ADDS))
        parent = _followed(body, parents)
        there = parent.get(str(last)) if isinstance(parent, dict) else None
        return (False, None) if not isinstance(there, list) else _entries(there, fits)
    *parents, last = steps(place)
    strict = fixed is None
    tried = [_followed(body, parents)] if strict else _everywhere(body, parents, fixed)
    for parent in tried:
        if isinstance(parent, dict) and isinstance(last, str) and last in parent:
            return True, parent.pop(last)
    return False, None


def _entries(there: list[Json], fits: Callable[[Json], bool]) -> tuple[bool, Json]:
    taken: list[Json] = []
    for at, entry in enumerate(there):
        if entry != {} and fits(entry):
            taken.append(entry)
            there[at] = {}
    return bool(taken), taken or None


def _followed(node: Json, path: Iterable[str | int]) -> Json:
    """Return what stands at the end of a path; None where it does not lead that far."""
    for step in path:
        match node, step:
            case dict(), str():
                node = node.get(step)
            case list(), int() if step < len(node):
                node = node[step]
            case _:
                return None
    return node


def _everywhere(node: Json, path: Sequence[str | int], fixed: Json) -> Iterator[Json]:
    """Yield what stands at the end of a path, then what does in other entries of its lists."""
    if not path:
        yield node
        return
    step, *more = path
    match node, step:
        case dict(), str():
            inner = fixed.get(step) if isinstance(fixed, dict) else None
            yield from _everywhere(node.get(step), more, inner)
        case list(), int():
            known = fixed[step : step + 1] if isinstance(fixed, list) else []
            others = [] if known else [*node[:step], *node[step + 1 :]]
            for entry in (*node[step : step + 1], *others):
                yield from _everywhere(entry, more, known[0] if known else None)
        case _:
            return


def without_place(body: dict[str, Json], constant: dict[str, Json]) -> dict[str, Json]:
    """Return a copy of a body that lacks what `constant` always sends, ready to be taken apart.

    Of a list of objects, the one that holds the constant's values comes to the constant's place:
    a client may send other tools beside the one that is meant.
    """
    remaining = deepcopy(body)
    for key, value in constant.items():
        remainder = _beside(remaining.get(key), value)
        if remainder is None:
            remaining.pop(key, None)
        else:
            remaining[key] = remainder
    return remaining


def _beside(there: Json, constant: Json) -> Json:
    """Return what a value holds beside a constant, None where that is nothing."""
    match there, constant:
        case list(), list():
            return _stripped(there, constant) or None
        case dict(), dict():
            return without_place(there, constant) or None
        case _:
            return None if same(there, constant) else there


def _stripped(there: list[Json], constant: list[Json]) -> list[Json]:
    others = list(there)
    meant: list[Json] = []
    for wanted in constant:
        at = next((place for place, entry in enumerate(others) if _holds(entry, wanted)), None)
        entry: Json = {} if at is None else others.pop(at)
        # An object stays even when it is empty: arguments have their places in it.
        match entry, wanted:
            case dict(), dict():
                meant.append(without_place(entry, wanted))
            case _:
                meant.append({})
    return [*meant, *others]


def _holds(entry: Json, wanted: Json) -> bool:
    if isinstance(entry, dict) and isinstance(wanted, dict):
        return all(entry.get(key) == content for key, content in wanted.items())
    return entry == wanted


def leaves(body: Json, parents: set[str], prefix: str = "") -> Iterator[str]:
    """Name every place that holds something.

    Nulls are nothing, and so is an empty object where arguments have their place (`parents`) or in
    a list of constants.
    """
    if isinstance(body, dict) and (body or prefix in parents):
        for key, value in body.items():
            yield from leaves(value, parents, f"{prefix}.{key}" if prefix else key)
    elif isinstance(body, list) and body and all(isinstance(entry, dict) for entry in body):
        parents = parents | {f"{prefix}[{index}]" for index in range(len(body))}
        for index, value in enumerate(body):
            yield from leaves(value, parents, f"{prefix}[{index}]")
    elif body is not None and prefix:
        yield prefix


_NAME = re.compile(r"[A-Za-z_]\w*|@", re.ASCII)


def keys(expressions: Paths) -> tuple[str, ...]:
    """Return where these expressions look, as keys joined by dots; `*` is every item of a list.

    They stand in order of preference: `data[*].[b64_json || url][]` looks into `data.*.b64_json`,
    then into `data.*.url`. A filter and the first item are read as every item. ValueError where an
    expression calls a function or compares, so that keys alone cannot follow it.
    """
    places = [place for expression in expressions for place in _alternatives(expression.text)]
    return tuple(dict.fromkeys(places))


def _alternatives(text: str) -> list[str]:
    whole, *filters = _split(text.replace("||", ","), "|")
    if not all(re.match(r"\s*\[(\?|0\])", part) for part in filters):
        raise ValueError(f"{text!r} is more than keys")
    return [step for option in _split(whole, ",") for step in _keys_along(option)]


def _keys_along(text: str) -> list[str]:
    text = text.strip()
    if text.startswith("(") and text.endswith(")"):
        return _alternatives(text[1:-1])
    places = [""]
    for step in _split(text, "."):
        places = [_joined(head, tail) for head in places for tail in _keys_of_step(step)]
    return places


def _keys_of_step(text: str) -> list[str]:
    """Read a name and what stands in brackets after it, or brackets alone."""
    name = _NAME.match(text)
    places = ["" if name is None or name[0] == "@" else name[0]]
    for inside in _brackets(text[name.end() :] if name else text):
        match inside:
            case "":  # flattens, as following keys does anyway
                continue
            case "*" | "0":
                tails = ["*"]
            case _ if inside.startswith("?"):
                tails = ["*"]
            case _:
                tails = _alternatives(inside)
        places = [_joined(head, tail) for head in places for tail in tails]
    return places


def _brackets(text: str) -> Iterator[str]:
    """Yield what each pair of brackets holds; ValueError where anything else stands there."""
    depth, inside = 0, ""
    for char in text:
        depth += (char == "[") - (char == "]")
        inside += char
        if depth < 0 or (depth == 0 and char != "]"):
            raise ValueError(f"{text!r} is more than keys")
        if depth == 0:
            yield inside[1:-1].strip()
            inside = ""
    if inside:
        raise ValueError(f"{text!r} has a bracket that does not close")


def _split(text: str, mark: str) -> list[str]:
    """Split at a mark that stands in no brackets."""
    parts, depth = [""], 0
    for char in text:
        depth += (char in "[(") - (char in "])")
        if char == mark and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _joined(head: str, tail: str) -> str:
    return ".".join(part for part in (head, tail) if part)
