"""Where an expression reads in a reply, in words for readers: `data.url or data[].url`.

JMESPath is how a TOML is written. A sentence for somebody who only knows the reply names its keys.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any

from harness.core.jsonvalue import canonical
from harness.spec.expressions import Expression

WHOLE = "the whole reply"

Node = Mapping[str, Any]
"""A node of a parsed expression: its `type`, its `children`, and often a `value`."""

_ITEM = re.compile(r"^\[-?\d*\]\.?")
"""Items of a list, or one of them, at the beginning of a place."""

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def where(paths: Iterable[Expression]) -> str:
    """Return where expressions read, as keys joined by dots: `data.url or data[].url`.

    `[]` stands for each item of a list, `[0]` for one of them, `.*` for every key. A condition on
    the items is told behind the place: `output[].result (type "image_generation_call")`.
    """
    places = dict.fromkeys(place for path in paths for place in places_read(path))
    return " or ".join(places) or WHOLE


def places_read(path: Expression) -> tuple[str, ...]:
    """Return the places that one expression reads, in the order in which it tries them."""
    read = (f"{place}{condition}" for place, condition in _read(path.parsed, [("", "")]))
    return tuple(dict.fromkeys(place or WHOLE for place in read))


_Place = tuple[str, str]
"""Keys, and the condition on the items of a list among them."""


def _read(node: Node, at: list[_Place]) -> list[_Place]:
    """Return where a node reads when it is applied to these places."""
    kind, children = node["type"], node["children"]
    if kind in _AT_ITS_PLACE:
        return _AT_ITS_PLACE[kind](node, at)
    if kind in _IN_TURN:
        return _in_turn(node, at)
    if kind in _NOWHERE:
        return []
    if kind == "filter_projection":
        told = _condition(children[2])
        return _read(children[1], [(one, told) for one, _ in _items(_read(children[0], at))])
    if kind == "flatten":
        inner = _read(children[0], at)
        return inner if _makes_a_list(children[0]) else _items(inner)
    if kind == "and_expression":  # its value is the right side's
        return _read(children[1], at) or _read(children[0], at)
    # alternatives, lists, comparisons and functions read at each of their parts
    return list(dict.fromkeys(one for child in children for one in _read(child, at)))


def _field(node: Node, at: list[_Place]) -> list[_Place]:
    return [(_joined(place, node["value"]), condition) for place, condition in at]


def _index(node: Node, at: list[_Place]) -> list[_Place]:
    return [(f"{place}[{node['value']}]", condition) for place, condition in at]


def _unmoved(_node: Node, at: list[_Place]) -> list[_Place]:
    return at


_AT_ITS_PLACE: dict[str, Callable[[Node, list[_Place]], list[_Place]]] = {
    "field": _field,
    "index": _index,
    "slice": _unmoved,  # the projection around it speaks of its items
    "identity": _unmoved,
    "current": _unmoved,
}
_IN_TURN = ("subexpression", "pipe", "index_expression", "projection", "value_projection")
_NOWHERE = ("literal", "expref", "not_expression")


def _in_turn(node: Node, at: list[_Place]) -> list[_Place]:
    children: list[Node] = node["children"]
    found = _read(children[0], at)
    for before, child in pairwise(children):
        if node["type"] == "projection" and children[0]["type"] != "flatten":
            found = _items(found)
        if node["type"] == "value_projection":
            found = [(f"{place}.*", condition) for place, condition in found]
        if before["type"] == "function_expression" and child["type"] == "index":
            found = found if before["value"] == "keys" else _items(found)
        elif node["type"] == "pipe" and before["type"].endswith(("projection", "flatten")):
            found = _of_what_was_found(child, found)
        else:
            found = _read(child, found)
    return found


def _of_what_was_found(node: Node, found: list[_Place]) -> list[_Place]:
    """Return where a node reads in a list of what was found: an item of it was found there, too."""
    read = [_ITEM.sub("", place, count=1) for place, _ in _read(node, [("", "")])]
    return [(_under(place, rest), condition) for place, condition in found for rest in read]


def _under(place: str, rest: str) -> str:
    return f"{place}{'.' if place and rest and not rest.startswith('[') else ''}{rest}"


def _items(places: list[_Place]) -> list[_Place]:
    return [(f"{place}[]", condition) for place, condition in places]


def _makes_a_list(node: Node) -> bool:
    """Tell whether a node's list is one that the expression itself writes: `[data.url]`."""
    children = node["children"]
    if node["type"] in ("subexpression", "projection", "pipe"):
        return _makes_a_list(children[-1])
    return bool(node["type"] == "multi_select_list")


def _condition(node: Node) -> str:
    """Return an equality of a key with a text, as ` (key "text")`; nothing for other conditions."""
    children = node["children"]
    if node["type"] != "comparator" or node["value"] != "eq":
        return ""
    names = [child["value"] for child in children if child["type"] == "field"]
    texts = [child["value"] for child in children if child["type"] == "literal"]
    if len(names) != 1 or len(texts) != 1:
        return ""
    return f" ({names[0]} {canonical(texts[0])})"


def _joined(place: str, key: str) -> str:
    name = key if _NAME.fullmatch(key) else canonical(key)
    return _under(place, name)
