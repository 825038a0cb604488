"""The bytes of a journal: each line with its number and a checksum, and what a crash has torn.

A sealed line ends in `"seq":N,"synced":M,"crc":"..."`: its number, the number of the last line that
was on the disk when this one was written, and the CRC-32 of all bytes before it. So a line whose
number is at most some `synced` was acknowledged: where it cannot be read, somebody or the disk has
altered it. Lines behind the last `synced` were being written when a power loss came; of those any
may be missing, in any order, and what stands in their place is torn, and was never acknowledged.

A journal is read line by line, in one pass: of what it holds, one line is in memory.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from zlib import crc32

from pydantic import ValidationError

from harness.core.files import MEBIBYTE
from harness.core.jsonvalue import mistake
from harness.store.line import JournalLine, dumped, read_any_line, read_line

_SEAL = re.compile(
    rb',"seq":([0-9]{1,15}),"synced":([0-9]{1,15})(,"crc":"([0-9a-f]{8})"\})', re.DOTALL
)
_SEAL_AT_MOST = 80
"""How many bytes the seal of a line takes at most."""

LINE_AT_MOST_BYTES = 256 * MEBIBYTE
"""No run writes a longer line: of one that is longer only its size is kept."""

_TOO_LONG = "it is longer than any line of a journal"

Take = Callable[[JournalLine | None, bool], None]
"""Takes each line that can be read, in order, and whether anything before it could not be. A line
of an old format that says nothing is None."""


def sealed(line: JournalLine, *, seq: int, synced: int) -> bytes:
    """Return a line as the journal holds it, its end included."""
    body = dumped(line).removesuffix(b"}\n") + b',"seq":%d,"synced":%d' % (seq, synced)
    return body + b',"crc":"%08x"}\n' % crc32(body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Altered:
    """Where a journal is not what was written: the number of a line in its file, and why."""

    number: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Torn:
    """What a crash has left of lines that were never acknowledged: where, and how much of it."""

    number: int
    start: int
    size: int
    before: int
    """The number of the sealed line before it, 0 without any."""
    whole: int
    """How many lines behind `start` are whole, and are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalContent:
    """What a journal is, beside its lines.

    `last` is the number of the last sealed line, 0 without any. `unended` tells that only the end
    of the last line is missing.
    """

    last: int
    altered: Altered | None = None
    torn: Torn | None = None
    missing: int = 0
    """How many sealed lines somebody has taken out, where nothing is torn."""
    unended: bool = False


@dataclass(slots=True, kw_only=True)
class _Gap:
    """Bytes in a row that are no lines, and the numbers of the sealed lines around them."""

    number: int
    start: int
    why: str
    before: int
    after: int | None = None

    @property
    def replaced(self) -> bool:
        """Whether no line is missing around it."""
        return self.after is not None and self.after <= self.before + 1


@dataclass(frozen=True, slots=True)
class _Line:
    """Bytes up to a newline, or up to the end of the file; too many of them are not held."""

    number: int
    start: int
    raw: bytes | None
    size: int
    ended: bool


class _Reading:
    """One pass over a journal, from its first line to its last."""

    def __init__(self, unchecked_bytes: int | None, acknowledged: int, take: Take) -> None:
        self._take = take
        self._first: _Gap | None = None
        self._replaced: _Gap | None = None
        """The first gap around which no line is missing."""
        self._gap: _Gap | None = None
        """The gap that the bytes at hand belong to."""
        self._lost_bytes = 0
        self._behind = 0
        self._altered: Altered | None = None
        self._last = 0
        self._synced = acknowledged
        self._sealed = 0
        self._unchecked_bytes = unchecked_bytes

    def enter(self, line: _Line) -> None:
        """Take the next bytes up to a newline, or up to the end of the file."""
        raw = line.raw
        seal = None if raw is None else _SEAL.fullmatch(raw, max(0, _seal_start(raw)))
        if raw is not None and seal is not None:
            self._enter_sealed(line, raw, seal)
        elif self._unchecked_bytes is None or line.start < self._unchecked_bytes:
            self._enter_unsealed(line)
        else:
            self._miss(line, "it has no checksum at its end" if raw is not None else _TOO_LONG)

    def _enter_sealed(self, line: _Line, raw: bytes, seal: re.Match[bytes]) -> None:
        seq, synced = int(seal[1]), int(seal[2])
        if b"%08x" % crc32(memoryview(raw)[: seal.start(3)]) != seal[4]:
            self._miss(line, "its checksum differs from its content")
        elif not synced < seq > self._last:
            self._miss(line, f"it is line {seq} behind line {self._last}")
        else:
            try:
                whole = read_line(raw[: seal.start()] + b"}")
            except ValueError as error:  # whole, and no line of ours
                self._alter(line.number, error)
            else:
                self._give(whole)
            self._close_gap(seq)
            self._last, self._synced = seq, max(synced, self._synced)
            self._sealed += 1

    def _close_gap(self, seq: int) -> None:
        if self._gap is not None:
            self._gap.after = seq
            if self._replaced is None and self._gap.replaced:
                self._replaced = self._gap
            self._gap = None

    def _enter_unsealed(self, line: _Line) -> None:
        try:
            whole = read_any_line(_held(line.raw))
        except ValueError as error:
            if line.ended:
                self._alter(line.number, error)
            else:
                self._miss(line, "cut off")
        else:
            self._give(whole)

    def _give(self, line: JournalLine | None) -> None:
        self._behind += self._first is not None
        self._take(line, self._first is not None)

    def _alter(self, number: int, error: ValueError) -> None:
        why = mistake(error) if isinstance(error, ValidationError) else str(error)
        self._altered = self._altered or Altered(number=number, why=why)

    def _miss(self, line: _Line, why: str) -> None:
        if self._gap is None:
            self._gap = _Gap(number=line.number, start=line.start, why=why, before=self._last)
            self._first = self._first or self._gap
        self._lost_bytes += line.size

    def content(self, *, unended: bool) -> JournalContent:
        """Return what was read of a journal; `unended` where no newline is at its end."""
        first, altered = self._first, self._altered
        if altered is None and first is not None:
            # A later gap is behind later lines: where the first was not acknowledged, none was.
            gap = first if first.before + 1 <= self._synced else self._replaced
            altered = None if gap is None else Altered(number=gap.number, why=gap.why)
        torn = None
        if altered is None and first is not None:
            torn = Torn(
                number=first.number,
                start=first.start,
                size=self._lost_bytes,
                before=first.before,
                whole=self._behind,
            )
        return JournalContent(
            last=self._last,
            altered=altered,
            torn=torn,
            missing=0 if first else max(self._last, self._synced) - self._sealed,
            unended=unended and self._gap is None,
        )


def _nothing(_line: JournalLine | None, _behind: bool) -> None:  # noqa: FBT001 - as `Take` has it
    """Take a line that nobody asks for."""


def read_journal(
    pieces: Iterable[bytes],
    take: Take = _nothing,
    *,
    unchecked_bytes: int | None = 0,
    acknowledged: int = 0,
) -> JournalContent:
    """Read a journal that comes in pieces; never raises on bytes. `take` has the lines.

    Of lines that begin within `unchecked_bytes` those without a seal are taken as they are: an
    older format wrote them. None is a folder of such a format. `acknowledged` is how many sealed
    lines are known to have been on the disk.
    """
    reading, unended = _Reading(unchecked_bytes, acknowledged, take), False
    for line in _lines(pieces):
        unended = not line.ended
        reading.enter(line)
    return reading.content(unended=unended)


def _lines(pieces: Iterable[bytes]) -> Iterator[_Line]:
    """Yield what is between newlines, without lines that are empty."""
    number, start, size, held = 1, 0, 0, list[bytes]()
    for piece in pieces:
        *ends, rest = piece.split(b"\n")
        for end in ends:
            size += len(end)
            if size:
                held.append(end)
                yield _Line(number, start, _whole(held, size), size, ended=True)
                held = []
            number, start, size = number + 1, start + size + 1, 0
        if rest:
            size += len(rest)
            held.append(rest)
            if size > LINE_AT_MOST_BYTES:
                held.clear()
    if size:
        yield _Line(number, start, _whole(held, size), size, ended=False)


def _held(raw: bytes | None) -> bytes:
    if raw is None:
        raise ValueError(_TOO_LONG)
    return raw


def _whole(held: list[bytes], size: int) -> bytes | None:
    return b"".join(held) if size <= LINE_AT_MOST_BYTES else None


def _seal_start(raw: bytes) -> int:
    """Return where the seal of a line could begin."""
    return raw.rfind(b',"seq":', max(0, len(raw) - _SEAL_AT_MOST))
