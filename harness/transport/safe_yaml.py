"""YAML from outside as plain values: no code runs, no nesting overflows, no alias explodes.

PyYAML's safe loaders run no code, but libyaml's composer recurses in C (200,000 open brackets end
the process with a segmentation fault), and aliases let a small file describe a huge value. So the
values are built here from libyaml's flat events, and PyYAML's resolver and scalar constructors
decide what a plain scalar means. A guard over the events in front of `CSafeLoader`, which makes two
objects for each value, takes six times the processor time and four times the memory.
"""

import binascii
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from yaml import CSafeLoader, ScalarNode, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from harness.transport.ending import EndsEarlyError

DEPTH_AT_MOST = 200
"""Levels of nesting; no JSON that an image provider sends comes near it."""

NUMBER_AT_MOST = 1_000
"""Characters of a number; PyYAML takes minutes for a megabyte of digits to base 60 (`1:59:59`)."""

_PLACE_AT_MOST = 3
"""Keys of a place at which a long list may stand."""

_YAML = "tag:yaml.org,2002:"
_TEXTS = ("str", "python/str", "python/unicode", "timestamp", "value", "merge")
_PLAIN_TEXT = (*(f"{_YAML}{name}" for name in _TEXTS), "!")
_LISTS = (f"{_YAML}seq", f"{_YAML}python/tuple")
_BYTES_IO = f"{_YAML}python/object/new:_io.BytesIO"  # how old vcrpy wrote an uploaded file


@dataclass(frozen=True, slots=True)
class UnsafeYamlError:
    """Stands for a value whose tag asks for more than plain data, or that belies its tag."""

    tag: str


Yaml: TypeAlias = (
    "None | bool | int | float | str | bytes | UnsafeYamlError | list[Yaml] | dict[str, Yaml]"
)
"""A YAML value; keys are text as written, and dates stay text."""


class Source(Protocol):
    """UTF-8 that libyaml reads piece by piece: a signal is taken between two of them.

    It reads a scalar of any size as one step, and Python takes no signal within one.
    """

    size_bytes: int
    """How much has been read so far."""

    def read(self, size: int = ..., /) -> bytes:
        """Return the next so many bytes, fewer at the end."""
        ...


def load_yaml(text: str) -> Yaml:
    """Read the one document in `text`; ValueError (one line) when it is no YAML or is hostile.

    A value with a tag like `!!python/object` becomes `Refused`: it spoils only what uses it.
    """
    with _told():
        return _Builder(_Pieces(text)).document()


class YamlStream:
    """A YAML file whose long lists are read entry by entry."""

    def __init__(self, source: Source) -> None:
        self._counted = _Counted(source)
        self._builder = _Builder(self._counted)

    def entries(
        self, places: Collection[str], listed: Callable[[str], object], held: list[object]
    ) -> Iterator[tuple[str, Yaml]]:
        """Yield each entry of the lists at `places` (keys joined by dots), with its place.

        At the end the value around them is `held`; what `listed` returns stands in it for each
        list. ValueError as `load_yaml` has it, EndsEarlyError where the file ends within an entry.
        """
        try:
            with _told():
                held.append((yield from self._builder.streamed(places, listed)))
        except ProblemError as error:
            if not self._counted.ends_at(error.place):
                raise
            if self._builder.within:  # the list that the file ends in
                held.append(_nested(self._builder.within, listed))
            raise EndsEarlyError(str(error)) from None


def _nested(place: str, listed: Callable[[str], object]) -> object:
    content = listed(place)
    for key in reversed(place.split(".")):
        content = {key: content}
    return content


class ProblemError(ValueError):
    """A text is no YAML; `place` counts the characters before the problem, if known."""

    place: int | None = None


class _Counted:
    """A source that counts the characters that were read."""

    def __init__(self, source: Source) -> None:
        self._source, self._read, self._blank, self.size_bytes = source, 0, 0, 0

    def read(self, size: int = 4096, /) -> bytes:
        """Return the next so many bytes, fewer at the end."""
        raw = self._source.read(size)
        self.size_bytes = self._source.size_bytes
        full = raw.rstrip()
        if full:
            self._read, self._blank = self._read + self._blank, 0
        self._read += _characters(full)
        self._blank += len(raw) - len(full)
        return raw

    def ends_at(self, place: int | None) -> bool:
        """Tell whether nothing but blanks stands behind this character, from 0."""
        while self.read():
            pass
        return place is not None and place >= self._read


def _characters(utf8: bytes) -> int:
    return len(utf8.translate(None, _WITHIN_ONE))


_WITHIN_ONE = bytes(range(0x80, 0xC0))
"""The bytes of UTF-8 that begin no character."""


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error)
        told = ProblemError(f"invalid or truncated YAML{where}: {problem}".replace("\n", " "))
        told.place = mark.index if mark is not None else None
        raise told from None


class _Pieces:
    """A text as a source."""

    def __init__(self, text: str) -> None:
        self._raw, self.size_bytes = text.encode(), 0

    def read(self, size: int = 4096, /) -> bytes:
        """Return the next so many bytes, fewer at the end."""
        begun, self.size_bytes = self.size_bytes, self.size_bytes + size
        return self._raw[begun : self.size_bytes]


class _Builder:
    """Builds one document.

    Every value weighs its nodes and characters, and an alias weighs what it repeats. Without
    aliases a document cannot weigh more than its text; beyond four times what has been read (or a
    million, for small files) it is refused at the alias that goes too far. The repeated value is
    shared in memory, and whoever walks the result later walks at most that weight.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._loader = CSafeLoader(source)
        self._anchors: dict[str, tuple[Yaml, int]] = {}
        self._weight = 0
        self.within = ""
        """The place of the list whose entries are being read."""

    def document(self) -> Yaml:
        self._next()
        if not isinstance(self._next(), DocumentStartEvent):
            return None
        content = self._node(self._next(), 0)
        self._next()
        if not isinstance(self._next(), StreamEndEvent):
            raise ValueError("more than one YAML document in the file")  # noqa: TRY004 - about the text
        return content

    def streamed(
        self, places: Collection[str], listed: Callable[[str], object]
    ) -> Generator[tuple[str, Yaml], None, object]:
        """Build the document; yield the entries of these lists in place of keeping them."""
        self._next()
        if not isinstance(self._next(), DocumentStartEvent):
            return None
        content = yield from self._around("", self._next(), places, listed)
        self._next()
        if not isinstance(self._next(), StreamEndEvent):
            raise ValueError("more than one YAML document in the file")  # noqa: TRY004 - about the text
        return content

    def _around(
        self, place: str, event: Event, places: Collection[str], listed: Callable[[str], object]
    ) -> Generator[tuple[str, Yaml], None, object]:
        """Build what stands at a place, which may hold a list of entries or be one."""
        plain = isinstance(event, SequenceStartEvent | MappingStartEvent) and not event.anchor
        depth = len(place.split("."))
        if plain and isinstance(event, SequenceStartEvent) and place in places:
            self.within = place
            while not isinstance(inside := self._next(), SequenceEndEvent):
                yield place, self._node(inside, depth)
            self.within = ""
            return listed(place)
        if not (
            plain
            and isinstance(event, MappingStartEvent)
            and event.tag is None
            and any(other.startswith(place) for other in places)
            and depth <= _PLACE_AT_MOST
        ):
            return self._node(event, depth)
        table: dict[str, object] = {}
        while not isinstance(inside := self._next(), MappingEndEvent):
            key = self._key(inside)
            below = f"{place}.{key}" if place else key
            table[key] = yield from self._around(below, self._next(), places, listed)
        return table

    def _next(self) -> Event:
        event = self._loader.get_event()
        if event is None:
            raise ValueError("the YAML ends early")
        return event

    def _node(self, event: Event, depth: int) -> Yaml:
        if depth > DEPTH_AT_MOST:
            raise ValueError(f"YAML nested deeper than {DEPTH_AT_MOST} levels")
        if isinstance(event, AliasEvent):
            return self._repeated(event.anchor)
        before = self._weight
        self._weight += 1
        node: Yaml
        if isinstance(event, ScalarEvent):
            self._weight += len(event.value)
            node = self._scalar(event)
        elif isinstance(event, MappingStartEvent):
            node = _mapping(self._table(depth), event.tag)
        elif isinstance(event, SequenceStartEvent):
            node = self._list(depth)
            if event.tag is not None and event.tag not in _LISTS:
                node = UnsafeYamlError(event.tag)
        else:
            raise ValueError(f"unexpected in YAML: {event}")  # noqa: TRY004 - about the text
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, self._weight - before)
        return node

    def _repeated(self, anchor: str | None) -> Yaml:
        if anchor is None or anchor not in self._anchors:
            raise ValueError(f"the YAML alias *{anchor} names nothing complete before it")
        node, weight = self._anchors[anchor]
        self._weight += weight
        if self._weight > 4 * self._source.size_bytes + 1_000_000:
            raise ValueError("YAML aliases repeat far more than the file holds")
        return node

    def _table(self, depth: int) -> dict[str, Yaml]:
        table: dict[str, Yaml] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            table[self._key(event)] = self._node(self._next(), depth + 1)
        return table

    def _key(self, event: Event) -> str:
        key: Yaml = None
        if isinstance(event, AliasEvent):
            key = self._repeated(event.anchor)
        elif isinstance(event, ScalarEvent):
            key = str(event.value)
            self._weight += 1 + len(key)
            if event.anchor is not None:
                self._anchors[event.anchor] = (key, 1 + len(key))
            if key == "<<" and event.implicit[0]:
                raise ValueError("YAML merge keys (<<) are not read")
        if not isinstance(key, str):
            raise ValueError("a YAML key is not text")  # noqa: TRY004 - about the text
        return key

    def _list(self, depth: int) -> list[Yaml]:
        nodes: list[Yaml] = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            nodes.append(self._node(event, depth + 1))
        return nodes

    def _scalar(self, event: ScalarEvent) -> Yaml:
        text = event.value
        tag = event.tag
        if tag is None:
            if not event.implicit[0]:
                return text
            tag = self._loader.resolve(ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]  # the stubs leave it out
        if tag in _PLAIN_TEXT:
            return text
        return self._typed(tag, text)

    def _typed(self, tag: str, text: str) -> Yaml:
        node = ScalarNode(tag, text)
        try:
            match tag.removeprefix(_YAML):
                case "null":
                    return None
                case "bool":
                    return self._loader.construct_yaml_bool(node)
                case "int" if len(text) <= NUMBER_AT_MOST:
                    return self._loader.construct_yaml_int(node)
                case "float" if len(text) <= NUMBER_AT_MOST:
                    return self._loader.construct_yaml_float(node)
                case "binary" | "!binary":  # Ruby's dumper writes the second
                    return binascii.a2b_base64(text)
                case _:
                    return UnsafeYamlError(tag)
        except (ValueError, LookupError, OverflowError):
            return UnsafeYamlError(tag)


def _mapping(table: dict[str, Yaml], tag: str | None) -> Yaml:
    if tag is None or tag == f"{_YAML}map":
        return table
    state = table.get("state")
    if tag == _BYTES_IO and isinstance(state, list) and state:
        return state[0]
    return UnsafeYamlError(tag)
