"""The bytes of a journal: each line with its number and a checksum, and what a crash has torn.

A sealed line ends in `"seq":N,"synced":M,"crc":"..."`: its number, the number of the last line that
was on the disk when this one was written, and the CRC-32 of all bytes before it. So a line whose
number is at most some `synced` was acknowledged: where it cannot be read, somebody or the disk has
altered it. Lines behind the last `synced` were being written when a power loss came; of those any
may be missing, in any order, and what stands in their place is torn, and was never acknowledged.
"""

import re
from dataclasses import dataclass
from zlib import crc32

from pydantic import ValidationError

from harness.core.jsonvalue import mistake
from harness.store.line import JournalLine, dumped, read_any_line, read_line

_SEAL = re.compile(
    rb',"seq":([0-9]{1,15}),"synced":([0-9]{1,15})(,"crc":"([0-9a-f]{8})"\})', re.DOTALL
)
_SEAL_AT_MOST = 80
"""How many bytes the seal of a line takes at most."""


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
    """A journal as it can be read.

    `lines` are all that can be read, in order; a line of an old format that says nothing is None.
    `last` is the number of the last sealed one, 0 without any. `unended` tells that only the end of
    the last line is missing.
    """

    lines: tuple[JournalLine | None, ...]
    last: int
    altered: Altered | None = None
    torn: Torn | None = None
    unended: bool = False


@dataclass(slots=True, kw_only=True)
class _Gap:
    """Bytes in a row that are no lines, and the numbers of the sealed lines around them."""

    number: int
    start: int
    why: str
    before: int
    lines_before: int
    size: int = 0
    after: int | None = None


class _Reading:
    """One pass over a journal, from its first line to its last."""

    def __init__(self, unchecked_bytes: int | None) -> None:
        self.lines: list[JournalLine | None] = []
        self.gaps: list[_Gap] = []
        self.altered: Altered | None = None
        self.last = 0
        self.synced = 0
        self._unchecked_bytes = unchecked_bytes
        self._in_gap = False

    def enter(self, number: int, start: int, raw: bytes, *, ended: bool) -> None:
        """Take the next bytes up to a newline, or up to the end of the file."""
        seal = _SEAL.fullmatch(raw, max(0, _seal_start(raw)))
        if seal is not None:
            self._enter_sealed(number, start, raw, seal)
        elif self._unchecked_bytes is None or start < self._unchecked_bytes:
            self._enter_unsealed(number, start, raw, ended=ended)
        else:
            self._miss(number, start, raw, "it has no checksum at its end")

    def _enter_sealed(self, number: int, start: int, raw: bytes, seal: re.Match[bytes]) -> None:
        seq, synced = int(seal[1]), int(seal[2])
        if b"%08x" % crc32(raw[: seal.start(3)]) != seal[4]:
            self._miss(number, start, raw, "its checksum differs from its content")
        elif not synced < seq > self.last:
            self._miss(number, start, raw, f"it is line {seq} behind line {self.last}")
        else:
            try:
                self.lines.append(read_line(raw[: seal.start()] + b"}"))
            except ValueError as error:  # whole, and no line of ours
                self._alter(number, error)
            if self._in_gap:
                self.gaps[-1].after = seq
            self._in_gap = False
            self.last, self.synced = seq, synced

    def _enter_unsealed(self, number: int, start: int, raw: bytes, *, ended: bool) -> None:
        try:
            self.lines.append(read_any_line(raw))
        except ValueError as error:
            if ended:
                self._alter(number, error)
            else:
                self._miss(number, start, raw, "cut off")

    def _alter(self, number: int, error: ValueError) -> None:
        why = mistake(error) if isinstance(error, ValidationError) else str(error)
        self.altered = self.altered or Altered(number=number, why=why)

    def _miss(self, number: int, start: int, raw: bytes, why: str) -> None:
        if not self._in_gap:
            self._in_gap = True
            gap = _Gap(
                number=number,
                start=start,
                why=why,
                before=self.last,
                lines_before=len(self.lines),
            )
            self.gaps.append(gap)
        self.gaps[-1].size += len(raw)

    def content(self, size: int, *, unended: bool) -> JournalContent:
        """Return what was read of a journal of `size` bytes."""
        altered = self.altered
        for gap in self.gaps:
            acknowledged = gap.before + 1 <= self.synced
            nothing_missing = gap.after is not None and gap.after <= gap.before + 1
            if altered is None and (acknowledged or nothing_missing):
                altered = Altered(number=gap.number, why=gap.why)
        torn = None
        if altered is None and self.gaps:
            first = self.gaps[0]
            torn = Torn(
                number=first.number,
                start=first.start,
                size=sum(gap.size for gap in self.gaps),
                before=first.before,
                whole=len(self.lines) - first.lines_before,
            )
        return JournalContent(
            lines=tuple(self.lines),
            last=self.last,
            altered=altered,
            torn=torn,
            unended=unended and not self._in_gap and size > 0,
        )


def read_journal(raw: bytes, *, unchecked_bytes: int | None = 0) -> JournalContent:
    """Read a journal; never raises on bytes.

    Of lines that begin within `unchecked_bytes` those without a seal are taken as they are: an
    older format wrote them. None is a folder of such a format.
    """
    reading, start = _Reading(unchecked_bytes), 0
    pieces = raw.split(b"\n")
    for number, piece in enumerate(pieces, 1):
        if piece:
            reading.enter(number, start, piece, ended=number < len(pieces))
        start += len(piece) + 1
    return reading.content(len(raw), unended=bool(pieces[-1]))


def _seal_start(raw: bytes) -> int:
    """Return where the seal of a line could begin."""
    return raw.rfind(b',"seq":', max(0, len(raw) - _SEAL_AT_MOST))
