"""The file of a recording as a value, in which its list of interactions is read one by one.

So a file of any size takes the memory of its largest interaction. ijson reads JSON piece by piece;
a signal is taken between two pieces and between two values.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import ijson
from ijson.common import ObjectBuilder

from harness.transport.ending import EndsEarlyError
from harness.transport.foreign.plain_file import PlainFile
from harness.transport.safe_yaml import YamlStream

DEPTH_AT_MOST = 500
"""Levels of nesting in JSON; values are read to 200."""

VALUES_AT_MOST = 1_000_000
"""Values of one interaction, and of what stands around the interactions."""

ENTRIES_AT_MOST = 200_000
"""Interactions of a file."""

TEXT_AT_MOST_BYTES = 64 * 1024 * 1024
"""A file that is neither JSON nor YAML is held whole."""

LINES_AT_MOST_BYTES = 4 * 1024 * 1024
"""Of a text that begins like JSON, so much may be JSON line by line."""

_HEAD_BYTES = 64 * 1024

_NOT_IN_FLOW = 16 * 1024 * 1024
"""Of what is no JSON to yajl, so much is read once more as YAML, whose flow style begins so: that
reads whole numbers of more than 63 bits, too."""

_PIECE_BYTES = 1024 * 1024
"""What yajl, under ijson, scans at once: of a string that ends in a later piece it scans all again.
"""

Watch = Callable[[int, int], None]
"""Takes how many bytes of the file on the disk, and how many interactions have been read so far."""


def unwatched(_size: int, _entries: int) -> None:
    """Tell nobody how far a file has been read."""


class StreamedList:
    """A list of a file: each iteration reads it again, and holds one entry at a time."""

    def __init__(self, read: Callable[[], Iterator[object]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[object]:
        """Yield the entries in the file's order. Raises ValueError where the file is damaged."""
        return self._read()


class NoJsonError(ValueError):
    """A text is no JSON."""


class NoJsonEndsEarlyError(NoJsonError, EndsEarlyError):
    """A text is the beginning of JSON."""


_PREMATURE = re.compile(r"premature EOF|incomplete JSON", re.IGNORECASE)


@dataclass(slots=True)
class Document:
    """A JSON or YAML file, read with its interactions (the lists at `places`) one by one."""

    path: Path
    places: Collection[str]
    watch: Watch = unwatched
    as_json: bool = True
    broken_off: bool = False
    _read_bytes: int = 0
    _entries: int = 0

    def value(self, each: Callable[[object], None]) -> object:
        """Read the file once: return its value, and hand each interaction to `each` on the way.

        The lists of interactions are `StreamedList`s in it. Raises ValueError (one line) where it
        is no JSON or YAML, or is hostile; OSError where it cannot be read. A file that ends within
        an interaction is `broken_off`: the whole ones before that are read.
        """
        with PlainFile(self.path) as file:
            file.skip_blank()
            self.as_json = file.read(1) in (b"{", b"[")
        try:
            return self._value(each)
        except NoJsonError as error:
            if self.path.stat().st_size > _NOT_IN_FLOW:
                raise
            self.as_json = False
            try:
                return self._value(each)  # YAML's flow style starts like JSON
            except ValueError:
                raise error from None

    def _value(self, each: Callable[[object], None]) -> object:
        held: list[object] = []
        with self._opened() as file:
            for _place, entry in self._walk(file, held):
                each(entry)
        return held[0] if held else None

    def _walk(self, file: PlainFile, held: list[object]) -> Iterator[tuple[str, object]]:
        """Yield each interaction with the place of its list; the value around them is `held`."""
        stream = _json if self.as_json else _yaml
        found_ones = stream(file, self.places, self._again, held)
        for number, found in enumerate(self._until_it_breaks_off(found_ones)):
            if number >= ENTRIES_AT_MOST:
                raise ValueError(f"it holds more than {ENTRIES_AT_MOST:,} interactions")
            self._entries += 1
            self.watch(self._read_bytes, self._entries)
            yield found

    def _until_it_breaks_off(
        self, found_ones: Iterator[tuple[str, object]]
    ) -> Iterator[tuple[str, object]]:
        some = False
        try:
            for found in found_ones:
                yield found
                some = True
        except EndsEarlyError:
            if not some:
                raise
            self.broken_off = True

    def _again(self, place: str) -> StreamedList:
        def read() -> Iterator[object]:
            with self._opened() as file:
                for found, entry in self._walk(file, []):
                    if found == place:
                        yield entry

        return StreamedList(read)

    def _opened(self) -> PlainFile:
        return PlainFile(self.path, advance=self._advance)

    def _advance(self, size: int) -> None:
        self._read_bytes += size
        self.watch(self._read_bytes, self._entries)


def text_of_file(path: Path) -> str | None:
    """Return a file's text; None where it is larger than such a recording may be."""
    if path.stat().st_size > TEXT_AT_MOST_BYTES:
        return None
    with PlainFile(path) as file:
        head = file.read(_HEAD_BYTES)
        as_json = head.lstrip()[:1] in (b"{", b"[")
        at_most = LINES_AT_MOST_BYTES if as_json else TEXT_AT_MOST_BYTES
        raw = head + file.read(at_most + 1 - len(head))
    return None if len(raw) > at_most else raw.decode("utf-8")


Again = Callable[[str], StreamedList]
"""Returns the list at a place of the file, to be read again."""


def _yaml(
    file: PlainFile, places: Collection[str], again: Again, held: list[object]
) -> Iterator[tuple[str, object]]:
    yield from YamlStream(file).entries(places, again, held)


def _json(
    file: PlainFile, places: Collection[str], again: Again, held: list[object]
) -> Iterator[tuple[str, object]]:
    walk = _JsonWalk(places, again)
    held.append(None)
    try:
        # Without `use_float` it leaves an exception of Python's pending where a number is too long.
        events = ijson.basic_parse(file, buf_size=_PIECE_BYTES, use_float=True)
        yield from walk.entries(events)
    except ijson.JSONError as error:
        problem = " ".join(str(error).split())[:80]
        ended = _PREMATURE.search(problem)
        kind = NoJsonEndsEarlyError if ended else NoJsonError
        raise kind(f"truncated or invalid JSON: {problem}") from None
    finally:
        held[0] = walk.value


class _JsonWalk:
    """Builds the value of a file from its events, and its interactions one after the other."""

    def __init__(self, places: Collection[str], again: Again) -> None:
        self._places, self._again = places, again
        self._around = ObjectBuilder()
        self._path: list[str] = []  # the current key of each level, `[]` in a list

    @property
    def value(self) -> object:
        """What stands around the interactions."""
        return getattr(self._around, "value", None)

    def entries(self, events: Iterable[tuple[str, object]]) -> Iterator[tuple[str, object]]:
        """Yield each interaction with the place of its list."""
        builder, place, level, values = self._around, "", -1, 0
        for event, content in events:
            values += 1
            if values > VALUES_AT_MOST:
                raise ValueError(f"more than {VALUES_AT_MOST:,} values in one interaction")
            depth = self._moved(event, content)
            if builder is self._around and event == "start_array" and self._place in self._places:
                place, level = self._place, depth
                builder.event("string", self._again(place))
                builder = ObjectBuilder()
                continue
            if depth < level:  # the list has ended
                builder, level = self._around, -1
                continue
            builder.event(event, content)
            if depth == level:
                yield place, builder.value
                builder, values = ObjectBuilder(), 0

    @property
    def _place(self) -> str:
        return ".".join(self._path[:-1]) if len(self._path) <= _PLACE_AT_MOST else "[]"

    def _moved(self, event: str, content: object) -> int:
        """Follow an event; return the depth behind it."""
        match event:
            case "start_map" | "start_array":
                self._path.append("" if event == "start_map" else "[]")
                if len(self._path) > DEPTH_AT_MOST:
                    raise ValueError("nested too deeply")
            case "end_map" | "end_array":
                self._path.pop()
            case "map_key":
                self._path[-1] = str(content)
            case _:
                pass
        return len(self._path)


_PLACE_AT_MOST = 4
"""Levels at which a list of interactions is looked for."""
