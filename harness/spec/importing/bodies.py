"""A request's body as places: what may be sent, where, and what is always the same."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from harness.core.jsonvalue import Json
from harness.spec.importing.document import Node
from harness.spec.importing.notes import Notes, few
from harness.spec.importing.shapes import Reader, Shape

Where = Literal["body", "path", "query", "header"]
BINARY = re.compile(r"application/octet-stream|image/.*", re.ASCII)
_PLAIN_KEY = re.compile(r"[^.\[\]]+")
ADDRESSES = ("image_url", "url", "uri", "imageUrl")
"""Keys under which an object in a request holds an image's address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One thing that a request may hold: its place, and what is asked of it.

    `required` is the pointer to what says that every request has it; `key` is its own name.
    """

    place: str
    key: str
    shape: Shape
    required: str = ""
    where: Where = "body"


@dataclass(slots=True, kw_only=True)
class Body:
    """All that a body may hold.

    `fixed` are the places of required values without a choice; `closed` says which objects have
    no other fields, and where; `shapes` are all objects by their places.
    """

    leaves: list[Leaf] = field(default_factory=list)
    fixed: dict[str, Json] = field(default_factory=dict)
    closed: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)


def body_of(reader: Reader, shape: Shape, *, form: bool) -> Body:
    """Return what a body of that shape may hold."""
    body = Body()
    _Walk(reader, body, form=form).object(shape, "", needed=True)
    return body


def is_file(shape: Shape) -> bool:
    """Tell whether a value is the bytes of a file."""
    media_type = shape.text("contentMediaType")
    return shape.text("format") == "binary" or bool(BINARY.fullmatch(media_type))


def is_sized(shape: Shape) -> bool:
    """Tell whether an object is a size: a width and a height, and nothing else."""
    return {"width", "height"} == set(shape.properties)


def address_in(shape: Shape) -> str:
    """Return the key of an image's address in an object of the request; empty where none is."""
    return next((key for key in ADDRESSES if key in shape.properties), "")


@dataclass(slots=True)
class _Walk:
    reader: Reader
    body: Body
    form: bool = field(kw_only=True)
    above: list[str] = field(default_factory=list)

    @property
    def notes(self) -> Notes:
        return self.reader.notes

    def object(self, shape: Shape, prefix: str, *, needed: bool) -> None:
        """Take every property of an object; those in an optional one are no longer required."""
        self.body.shapes[prefix] = shape
        if shape.closed:
            self.body.closed[prefix] = shape.closed
        for name in shape.required:
            if name not in shape.properties:
                self.notes.leave(shape.required[name], f"{name!r} is required and not described")
        for name, nodes in shape.properties.items():
            self._property(shape, prefix, name, nodes, needed=needed)

    def _property(
        self, parent: Shape, prefix: str, name: str, nodes: list[Node], *, needed: bool
    ) -> None:
        shape = self.reader.shape(nodes)
        if not (self.form or _PLAIN_KEY.fullmatch(name)):
            self.notes.leave(shape.at, f"a key with a dot or a bracket has no place: {name!r}")
            return
        if "readOnly" in shape.said:
            return
        required = parent.required.get(name, "")
        if required and not needed:
            self.notes.leave(required, f"{name!r} is required only where {prefix} is there")
            required = ""
        place = f"{prefix}.{name}" if prefix else name
        self._value(Leaf(place=place, key=name, shape=shape, required=required))

    def _value(self, leaf: Leaf) -> None:
        shape, place = leaf.shape, leaf.place
        values = shape.values
        if leaf.required and values is not None and len(values) == 1 and not shape.never:
            self.body.leaves.append(leaf)
            self.body.fixed[place] = values[0]
        elif shape.at in self.above:
            self.notes.leave(shape.at, f"holds itself; {place} is left out")
        elif shape.kinds == {"array"} and shape.places:
            self._list(leaf)
        elif self._is_nested(shape):
            self.above.append(shape.at)
            self.object(shape, place, needed=bool(leaf.required))
            self.above.pop()
        else:
            self.body.leaves.append(leaf)

    def _is_nested(self, shape: Shape) -> bool:
        plain = shape.kinds == {"object"} and bool(shape.properties) and not shape.never
        return plain and not (is_sized(shape) or address_in(shape) or shape.variants)

    def _list(self, leaf: Leaf) -> None:
        """Take a list whose entries are described one by one."""
        for index, nodes in leaf.shape.places.items():
            entry = self.reader.shape(nodes)
            if entry.kinds == {"object"} and entry.properties and not self.form:
                self.object(entry, f"{leaf.place}[{index}]", needed=bool(leaf.required))
            else:
                self.notes.leave(entry.at, "an entry of a list that is no object is left out")


_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]", re.ASCII)


def plant(body: dict[str, Json], place: str, value: Json) -> None:
    """Put a value at a place, making the objects and the lists on the way."""
    steps = [int(index) if index else key for key, index in _STEP.findall(place)]
    here: Json = body
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        last = following is None
        fresh: Json = value if last else [] if isinstance(following, int) else {}
        if isinstance(here, dict) and isinstance(step, str):
            here = here.setdefault(step, fresh) if not last else here.update({step: value})
        elif isinstance(here, list) and isinstance(step, int):
            here += [{} for _ in range(len(here), step + 1)]
            if last:
                here[step] = value
            else:
                here = here[step]


def choices(reader: Reader, shape: Shape) -> Iterator[tuple[str, Node]]:
    """Yield the whole bodies of which a request is one, each with what tells it apart."""
    for node in shape.variants:
        one = reader.shape([node])
        title = reader.document.follow(node).text("title") or node.text("title")
        fixed = [
            f"{name}={few(map(str, values), 2)}"
            for name, nodes in one.properties.items()
            for values in [reader.shape(nodes).values]
            if values is not None and len(values) == 1
        ]
        yield title or " ".join(fixed), node
