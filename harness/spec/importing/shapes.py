"""What a JSON Schema asks of one value, with its references and combinations worked in.

Keywords that come from several places hold together, as in `allOf`; each remembers where it
stands. An alternative that no TOML can state makes the whole value `unsure`: what is read of it
then is a way to ask, and no promise that others are refused.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from harness.core.errors import UsageError
from harness.core.jsonvalue import Json
from harness.spec.importing.document import Node, OpenApi
from harness.spec.importing.notes import Notes, few
from harness.spec.rules.values import member

NULL = "null"
EVERY = frozenset(("string", "integer", "number", "boolean", "array", "object", NULL))
MOST = 2**53
"""The largest number that JSON carries exactly everywhere."""

DEEPEST = 48
"""How many schemas may stand in each other; a person's document has fewer."""

_LOWER = ("minimum", "minLength", "minItems", "exclusiveMinimum")
_UPPER = ("maximum", "maxLength", "maxItems", "exclusiveMaximum")
_ONCE = ("pattern", "format", "contentMediaType", "contentEncoding", "default", "description")
_FLAGS = ("deprecated", "readOnly", "writeOnly", "uniqueItems")
_UNSAYABLE = (
    *("multipleOf", "minProperties", "maxProperties", "patternProperties", "propertyNames"),
    *("contains", "minContains", "maxContains", "unevaluatedProperties", "unevaluatedItems"),
    *("dependentRequired", "additionalItems"),
)


class Said(NamedTuple):
    """The value of a keyword and the pointer to it."""

    value: Json
    at: str


@dataclass(slots=True, kw_only=True)
class Shape:
    """What is asked of a value; pointers are empty where nothing says it.

    `variants` are whole objects of which the value is one; `conditions` are what holds only beside
    another property's value; `never` says that no value is allowed. `unsure` is a sentence.
    """

    at: str
    types: frozenset[str] = EVERY
    typed: bool = False
    enum: Said | None = None
    said: dict[str, Said] = field(default_factory=dict)
    properties: dict[str, list[Node]] = field(default_factory=dict)
    required: dict[str, str] = field(default_factory=dict)
    closed: str = ""
    items: list[Node] = field(default_factory=list)
    places: dict[int, list[Node]] = field(default_factory=dict)
    variants: list[Node] = field(default_factory=list)
    conditions: list[Node] = field(default_factory=list)
    dependent: dict[str, Node] = field(default_factory=dict)
    examples: list[Json] = field(default_factory=list)
    words: list[Json] = field(default_factory=list)
    nullable: str = ""
    single: str = ""
    unsure: str = ""
    never: str = ""

    @property
    def values(self) -> list[Json] | None:
        """The values of a closed list, without null; None where there is no list."""
        if self.enum is None or not isinstance(self.enum.value, list):
            return None
        return [value for value in self.enum.value if value is not None]

    @property
    def kinds(self) -> frozenset[str]:
        """The JSON types, without null; those of the listed values where none is named."""
        named = self.types - {NULL}
        if self.typed:
            return named
        if self.values is not None:
            return frozenset(map(kind_of, self.values)) & named
        if self.properties or self.variants:
            return named & {"object"}
        return named & {"array"} if self.items or self.places else named

    def number(self, keyword: str) -> int | float | None:
        """Return a keyword's number, or None where it is missing or none."""
        found = self.said.get(keyword)
        value = found.value if found else None
        return None if isinstance(value, bool) or not isinstance(value, int | float) else value

    def text(self, keyword: str) -> str:
        """Return a keyword's text, or an empty one."""
        found = self.said.get(keyword)
        return found.value if found and isinstance(found.value, str) else ""

    def source(self, *keywords: str) -> str:
        """Return the pointer of the only one of these keywords that is said, else the schema's."""
        found = [self.said[keyword].at for keyword in keywords if keyword in self.said]
        return found[0] if len(found) == 1 else self.at


def kind_of(value: Json) -> str:
    """Return the JSON type of a value."""
    match value:
        case None:
            return NULL
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


@dataclass(slots=True)
class Reader:
    """Reads the schemas of one document; what it cannot take over stands in `notes`."""

    document: OpenApi
    notes: Notes
    _open: list[str] = field(default_factory=list)

    def shape(self, nodes: Sequence[Node]) -> Shape:
        """Return what all of these schemas ask of one value."""
        shape = Shape(at=self.document.follow(nodes[0]).at)
        for node in nodes:
            self._add(shape, node)
        return shape

    @contextmanager
    def _inside(self, node: Node) -> Iterator[None]:
        self.document.step(node)
        if node.at in self._open or len(self._open) > DEEPEST:
            what = "refers to itself" if node.at in self._open else "is nested too deeply"
            raise UsageError(f"{self.document.file}: {node.at} {what}")
        self._open.append(node.at)
        try:
            yield
        finally:
            self._open.pop()

    def _add(self, shape: Shape, node: Node) -> None:
        target = self.document.follow(node)
        with self._inside(target):
            if target.value is False:
                shape.never = shape.never or target.at
            elif isinstance(target.value, dict):
                if target is not node:
                    self._siblings(shape, node)
                self._own(shape, target)
            elif target.value is not True:
                self.notes.leave(target.at, f"is no schema: {str(target.value)[:40]!r}")

    def _siblings(self, shape: Shape, node: Node) -> None:
        """Take what stands beside a reference, which counts since OpenAPI 3.1."""
        beside = {key: entry.value for key, entry in node.members() if key != "$ref"}
        if self.document.siblings_count:
            self._own(shape, Node(beside, node.at))
        elif counting := set(beside) - {"description", "summary", "title"}:
            self.notes.leave(
                node.at, f"beside a $ref {few(sorted(counting))} counts since 3.1 only"
            )

    def _own(self, shape: Shape, node: Node) -> None:
        """Work one schema's own keywords in."""
        self._typed(shape, node)
        self._listed(shape, node)
        for keyword in (one for one in (*_LOWER, *_UPPER) if one in node):
            self._bound(shape, node, keyword)
        self._told(shape, node)
        self._object(shape, node)
        self._array(shape, node)
        self._combined(shape, node)

    def _told(self, shape: Shape, node: Node) -> None:
        """Take what is said once, and note what no rule of ours says."""
        for keyword in _ONCE:
            if keyword in node:
                shape.said.setdefault(keyword, Said(*_pair(node[keyword])))
        for keyword in _FLAGS:
            if node[keyword].value is True:
                shape.said.setdefault(keyword, Said(*_pair(node[keyword])))
        for keyword in _UNSAYABLE:
            if keyword in node and not (keyword == "multipleOf" and node[keyword].value == 1):
                self.notes.leave(node[keyword].at, f"no rule says {keyword} {_cut(node[keyword])}")
        shape.examples += [entry.value for entry in node["examples"].entries()]
        shape.examples += [node["example"].value] if "example" in node else []

    def _typed(self, shape: Shape, node: Node) -> None:
        named = node["type"].value
        names = [named] if isinstance(named, str) else named if isinstance(named, list) else None
        nullable = node["nullable"].value is True
        if names is not None:
            allowed = frozenset(name for name in names if isinstance(name, str)) & EVERY
            allowed |= {NULL} if nullable else set()
            shape.types, shape.typed = shape.types & _widened(allowed), True
            if NULL in allowed:
                shape.nullable = shape.nullable or node["nullable" if nullable else "type"].at
        elif nullable:
            shape.nullable = shape.nullable or node["nullable"].at

    def _listed(self, shape: Shape, node: Node) -> None:
        for keyword in ("enum", "const"):
            if keyword not in node:
                continue
            content = node[keyword].value
            values = content if keyword == "enum" and isinstance(content, list) else [content]
            if shape.enum is not None and isinstance(shape.enum.value, list):
                values = [value for value in shape.enum.value if member(value, values)]
            shape.enum = Said(values, node[keyword].at)

    def _bound(self, shape: Shape, node: Node, keyword: str) -> None:
        value = node[keyword].value
        if isinstance(value, bool):  # OpenAPI 3.0: it makes the bound beside it exclusive
            if value:
                inclusive = keyword.replace("exclusiveM", "m")
                shape.said[keyword] = Said(node[inclusive].value, node[keyword].at)
                shape.said.pop(inclusive, None)
            return
        if not isinstance(value, int | float) or not abs(value) <= MOST:
            self.notes.leave(node[keyword].at, f"is no bound that fits: {_cut(node[keyword])}")
            return
        earlier = shape.number(keyword)
        tighter = earlier is None or (value > earlier if keyword in _LOWER else value < earlier)
        if tighter:
            shape.said[keyword] = Said(value, node[keyword].at)

    def _object(self, shape: Shape, node: Node) -> None:
        for name, entry in node["properties"].members():
            shape.properties.setdefault(name, []).append(entry)
        for entry in node["required"].entries():
            if isinstance(entry.value, str):
                shape.required.setdefault(entry.value, entry.at)
        others = node["additionalProperties"]
        if others.value is False:
            shape.closed = shape.closed or others.at
        elif isinstance(others.value, dict) and others.value:
            self.notes.leave(others.at, "no rule says what other fields hold")
        for name, entry in node["dependentSchemas"].members():
            shape.dependent.setdefault(name, entry)
        if "if" in node:
            shape.conditions.append(node)

    def _array(self, shape: Shape, node: Node) -> None:
        if "items" in node:
            shape.items.append(node["items"])
        for place, entry in enumerate(node["prefixItems"].entries()):
            shape.places.setdefault(place, []).append(entry)

    def _combined(self, shape: Shape, node: Node) -> None:
        for entry in node["allOf"].entries():
            self._add(shape, entry)
        for keyword in ("anyOf", "oneOf"):
            if alternatives := list(node[keyword].entries()):
                self._either(shape, node[keyword], alternatives)
        if "not" in node:
            if node["not"].value in ({}, True):
                shape.never = shape.never or node["not"].at
            else:
                shape.said.setdefault("not", Said(*_pair(node["not"])))

    def _either(self, shape: Shape, node: Node, alternatives: list[Node]) -> None:
        """Work in that a value is one of several; see `Shape` for what cannot be."""
        read = [(entry, self.shape([entry])) for entry in alternatives]
        left = [(entry, one) for entry, one in read if one.types != {NULL} and not _is_null(one)]
        if len(left) < len(read):
            shape.nullable = shape.nullable or node.at
        shapes = [one for _, one in left]
        if len(left) == 1:
            self._add(shape, left[0][0])
        elif all(one.enum is not None for one in shapes):
            self._union(shape, node, shapes)
        elif all(one.kinds == {"object"} for one in shapes):
            if shape.variants:
                self.notes.leave(node.at, "several choices between objects: only the first is read")
            else:
                shape.variants = [entry for entry, _ in left]
        elif not self._known(shape, node, left):
            self.notes.leave(node.at, f"no rule says one of {len(left)} forms; read as the first")
            self._add(shape, left[0][0])
            shape.unsure = shape.unsure or f"one of several forms ({node.at})"

    def _union(self, shape: Shape, node: Node, shapes: list[Shape]) -> None:
        values: list[Json] = []
        for one in shapes:
            values += [value for value in one.values or [] if not member(value, values)]
            shape.nullable = shape.nullable or one.nullable
        earlier = shape.enum.value if shape.enum else None
        kept = [v for v in values if not isinstance(earlier, list) or member(v, earlier)]
        shape.enum = Said(kept, node.at)

    def _known(self, shape: Shape, node: Node, left: list[tuple[Node, Shape]]) -> bool:
        """Work in one of the unions that providers write: a list may stand alone, and so on."""
        kinds = frozenset[str]().union(*(one.kinds for _, one in left))
        plain = [(entry, one) for entry, one in left if is_open(one)]
        listing = [(entry, one) for entry, one in left if one.enum is not None]
        arrays = [(entry, one) for entry, one in left if one.kinds == {"array"}]
        objects = [(entry, one) for entry, one in left if one.kinds == {"object"}]
        if len(kinds) == 1 and plain:
            self._add(shape, plain[0][0])
            shape.examples += [value for _, one in listing for value in one.values or []]
            return True
        if len(arrays) == 1 and len(left) == 2 and kinds - {"array"} <= {"string", "object"}:  # noqa: PLR2004
            self._add(shape, arrays[0][0])
            shape.single = node.at
            return True
        if len(objects) == 1 and listing and len(listing) + 1 == len(left):
            sized = objects[0][1]
            if {"width", "height"} == set(sized.properties):
                self._add(shape, objects[0][0])
                shape.words = [value for _, one in listing for value in one.values or []]
                return True
        patterned = [one for _, one in left if "pattern" in one.said]
        if kinds == {"string"} and len(patterned) == 1 and len(listing) + 1 == len(left):
            self._add(shape, next(entry for entry, one in left if one is patterned[0]))
            shape.words = [value for _, one in listing for value in one.values or []]
            return True
        return False


def is_open(shape: Shape) -> bool:
    """Tell whether a schema of scalars asks for nothing but a type."""
    words = {"description", "default", "deprecated"}
    return (
        shape.enum is None
        and not set(shape.said) - words
        and not (shape.properties or shape.items or shape.places or shape.variants)
        and not (shape.never or shape.unsure)
    )


def _is_null(shape: Shape) -> bool:
    return shape.enum is not None and shape.values == []


def _widened(types: frozenset[str]) -> frozenset[str]:
    """Return the types with what they include: a number may be a whole one."""
    return types | {"integer"} if "number" in types else types


def _pair(node: Node) -> tuple[Json, str]:
    return node.value, node.at


def _cut(node: Node) -> str:
    words = str(node.value)
    return words if len(words) <= 60 else f"{words[:60]}..."  # noqa: PLR2004
