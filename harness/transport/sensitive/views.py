"""A text as its readers decode it: escapes undone, base64 and hexadecimal runs unpacked.

A `View` maps what stands in the decoded text back to the text it was decoded from, so that a key
that is found in it can be cut out of the original. Views of views find what was encoded twice.
"""

import base64
import binascii
import re
import unicodedata
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from html.entities import html5

INFLATED_AT_MOST = 1024 * 1024
"""Bytes to which a packed text within base64 is unpacked; what stands later is not searched."""

BRIEF = 64 * 1024
"""Longer texts are not searched without their spaces and quotes for encoded runs."""

_HIGHEST = 0x10FFFF
_PRINTABLE = 127

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A decoded text; `span` returns where a part of it stands in the text it was made of.

    `textual` is false for unpacked bytes that are no text: only known keys mean anything there.
    """

    text: str
    span: Callable[[int, int], Span]
    textual: bool = True


_Pieces = list[tuple[int, int, int, int]]
"""Where each piece starts, where it stands in the original, and the lengths of both."""


def _mapped(starts: list[int], pieces: _Pieces, start: int, end: int) -> Span:
    first = pieces[bisect_right(starts, start) - 1]
    last = pieces[bisect_right(starts, max(start, end - 1)) - 1]
    begin = first[1] + (start - first[0]) * first[2] // first[3]
    stop = last[1] + -(-(end - last[0]) * last[2] // last[3])
    return begin, stop


def _substituted(
    text: str, pattern: re.Pattern[str], decode: Callable[[re.Match[str]], str | None]
) -> View | None:
    """Return the text with every match decoded; None where nothing is."""
    parts: list[str] = []
    pieces: _Pieces = []
    at = length = 0
    for match in pattern.finditer(text):
        new = decode(match)
        if new is None:
            continue
        if match.start() > at:
            parts.append(text[at : match.start()])
            pieces.append((length, at, 1, 1))
            length += match.start() - at
        if new:
            parts.append(new)
            pieces.append((length, match.start(), match.end() - match.start(), len(new)))
            length += len(new)
        at = match.end()
    if not at:
        return None
    if at < len(text):
        parts.append(text[at:])
        pieces.append((length, at, 1, 1))
    starts = [piece[0] for piece in pieces]
    return View(text="".join(parts), span=partial(_mapped, starts, pieces)) if pieces else None


_ESCAPE = re.compile(
    r"%(?:25)*(?P<percent>[0-9a-f]{2})"
    r"|\\+(?-i:U)(?P<long>[0-9a-f]{8})"
    r"|(?:%|\\+)u(?P<unit>[0-9a-f]{4})"
    r"|\\+u\{0*(?P<braced>[0-9a-f]{1,6})\}"
    r"|\\+x(?P<byte>[0-9a-f]{2})"
    r"|\\+(?P<octal>[0-3][0-7]{2})"
    r"|&(?:amp;)*#x0*(?P<hexadecimal>[0-9a-f]{1,6});?"
    r"|&(?:amp;)*#0*(?P<decimal>[0-9]{1,7});?"
    r"|&(?:amp;)*(?P<entity>[a-z]{2,8};)"
    r"|\\+(?P<plain>[\"'/nrt])",
    re.IGNORECASE,
)
_BASES = {"octal": 8, "decimal": 10}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}


def _unescape(match: re.Match[str]) -> str | None:
    kind = match.lastgroup or ""
    letters = match[kind]
    if kind == "plain":
        return _CONTROLS.get(letters, letters)
    if kind == "entity":
        return html5.get(letters) or html5.get(letters.lower())
    number = int(letters, _BASES.get(kind, 16))
    return chr(number) if number <= _HIGHEST else None


_QUOTED_PRINTABLE = re.compile(r"=(?:([0-9A-Fa-f]{2})|[ \t]*\r?\n)")


def _unquote(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else ""


def _folded(text: str) -> View | None:
    """Return a text with its letters in their plain form (full width, circled), none invisible."""
    plain = {letter: _plain(letter) for letter in set(text) if not letter.isascii()}
    changed = {letter: form for letter, form in plain.items() if form is not None}
    if not changed:
        return None
    letters = re.compile("[" + "".join(map(re.escape, changed)) + "]")
    return _substituted(text, letters, lambda match: changed[match[0]])


def _plain(letter: str) -> str | None:
    if unicodedata.category(letter) == "Cf":
        return ""
    form = unicodedata.normalize("NFKC", letter)
    return form if form.isascii() else None


_PAIRS = re.compile(r"[\u2020-\u7e7e]{3,}")


def _halves(match: re.Match[str], order: str) -> str | None:
    """Return ASCII that was read as UTF-16, two letters in one."""
    halves = match[0].encode(f"utf-16-{order}").decode("latin-1")
    return halves if halves.isascii() and halves.isprintable() else None


SPACES = re.compile(r"[\s\x00-\x1f\x7f-\xa0\u00ad\u200b-\u200f\u2028-\u202f\u2060\ufeff]+")
BREAKS = re.compile(r"(?:[\s\x00-\x1f\"'`,+|\[\]]|(?<![a-z])data:)+")
"""What may stand between the pieces of a text that was split: spaces, quotes, SSE's field names."""


def _nothing(_match: re.Match[str]) -> str:
    return ""


_IS_QUOTED = re.compile(r"(?:=[0-9A-Fa-f]{2}){3}|[^\s=]=\r?\n")
"""Three bytes in quoted-printable, or one of its line ends: `a=20` alone is none."""


_ORDERS = ("le", "be")


def unescaped(text: str) -> View | None:
    """Return a text with the escapes of URLs, JSON, programs and HTML undone once, if any."""
    if "%" in text or "\\" in text or "&" in text:
        view = _substituted(text, _ESCAPE, _unescape)
        return view if view is not None and view.text != text else None
    return None


def recoded(text: str) -> Iterator[View]:
    """Yield a text as quoted-printable, and with its letters from other alphabets made plain."""
    if "=" in text and _IS_QUOTED.search(text):
        view = _substituted(text, _QUOTED_PRINTABLE, _unquote)
        if view is not None:
            yield view
    if not text.isascii():
        for other in (
            _folded(text),
            *(_substituted(text, _PAIRS, partial(_halves, order=order)) for order in _ORDERS),
        ):
            if other is not None:
                yield other


def squeezed(text: str, pattern: re.Pattern[str]) -> View | None:
    """Return a text without what the pattern matches (`SPACES` or `BREAKS`), if it has any."""
    return _substituted(text, pattern, _nothing)


@dataclass(slots=True)
class _Batch:
    """Unpacked runs of one text, searched together: each alone would cost more than its length."""

    texts: list[str] = field(default_factory=list)
    spans: list[Callable[[int, int], Span]] = field(default_factory=list)

    def add(self, text: str, span: Callable[[int, int], Span]) -> None:
        self.texts.append(text)
        self.spans.append(span)

    def view(self, *, textual: bool) -> Iterator[View]:
        if not self.texts:
            return
        starts, at = [], 0
        for text in self.texts:
            starts.append(at)
            at += len(text) + len(_BETWEEN)

        def span(start: int, end: int) -> Span:
            first = bisect_right(starts, start) - 1
            last = bisect_right(starts, max(start, end - 1)) - 1
            begin, _ = self.spans[first](start - starts[first], len(self.texts[first]))
            inside = min(end - starts[last], len(self.texts[last]))
            _, stop = self.spans[last](0, inside)
            return begin, stop

        yield View(text=_BETWEEN.join(self.texts), span=span, textual=textual)


_BETWEEN = "\x00\x00"
_READABLE = re.compile(rb"[\t\n\r -~]{12,}")
"""What is a text, within bytes that are none as a whole: random ones hold it once in a megabyte."""


class _Runs:
    """Collects unpacked runs: those that are texts, all others, and what of those may be a text."""

    def __init__(self, *, textual_only: bool) -> None:
        self._textual_only = textual_only
        self._textual, self._others, self._readable = _Batch(), _Batch(), _Batch()

    def add(self, raw: bytes, span: Callable[[int, int], Span]) -> None:
        if _is_text(raw):
            self._textual.add(raw.decode("ascii"), span)
            return
        narrow = raw.replace(b"\x00", b"")
        if len(narrow) * 3 < len(raw) * 2:  # UTF-16
            self.add(narrow, lambda _start, _end: span(0, len(raw)))
            return
        if not self._textual_only:
            self._others.add(raw.decode("latin-1"), span)
        for match in _READABLE.finditer(raw):
            at = match.start()
            self._readable.add(
                match[0].decode("ascii"),
                lambda start, end, at=at: span(at + start, at + end),  # type: ignore[misc]
            )

    def views(self) -> Iterator[tuple[View, bool]]:
        """Yield each batch, and whether it may hold what is encoded once more."""
        yield from ((view, True) for view in self._textual.view(textual=True))
        yield from ((view, False) for view in self._others.view(textual=False))
        yield from ((view, True) for view in self._readable.view(textual=True))


def unpacked(text: str, *, textual_only: bool) -> Iterator[tuple[View, bool]]:
    """Yield what runs of base64 and of hexadecimal or decimal bytes say, many in one view.

    With each, whether it may hold what is encoded once more. `textual_only` leaves out what are no
    texts: without known keys there is nothing to look for in it.
    """
    runs = [_Runs(textual_only=textual_only) for _ in range(_QUAD)]
    for match in _BASE64.finditer(text):
        _unpack(match, runs)
    _numbered(text, runs)
    for each in runs:
        yield from each.views()


_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}(?:[ \t]*\r?\n[ \t]*[A-Za-z0-9+/_-]{2,})*={0,2}")
_URL_SAFE = str.maketrans("-_", "+/")
_QUAD = 4


def _unpack(match: re.Match[str], runs: list[_Runs]) -> None:
    """Unpack a run of base64, at each of the four places where its first quad may begin."""
    letters, positions = match[0].rstrip("="), None
    if "\n" in letters:
        positions = [at for at, letter in enumerate(letters) if not letter.isspace()]
        letters = "".join(letters.split())
    letters = letters.translate(_URL_SAFE)
    for shift in range(_QUAD):
        part = letters[shift:]
        part = part[: len(part) - (len(part) % _QUAD == 1)]
        try:
            raw = binascii.a2b_base64(part + "=" * (-len(part) % _QUAD))
        except (binascii.Error, ValueError):
            continue
        span = partial(_span_of_run, match.span(), shift, positions, len(raw))
        runs[shift].add(raw, span)
        if raw.startswith((b"\x1f\x8b", b"\x78\x01", b"\x78\x9c", b"\x78\xda")):
            runs[shift].add(_inflated(raw), partial(_all_of, match.span()))


def _span_of_run(  # noqa: PLR0913, PLR0917 - a partial is made of it
    place: Span, shift: int, positions: list[int] | None, size: int, start: int, end: int
) -> Span:
    begin, stop = shift + start * 4 // 3, shift + -(-end * 4 // 3)
    if positions is not None:
        begin, stop = positions[begin], positions[min(stop, len(positions)) - 1] + 1
    return place[0] + begin, place[1] if end >= size else place[0] + stop


def _all_of(place: Span, _start: int, _end: int) -> Span:
    return place


def _inflated(raw: bytes) -> bytes:
    try:
        return zlib.decompressobj(47).decompress(raw, INFLATED_AT_MOST)
    except zlib.error:
        return b""


_LINE_ENDS = str.maketrans("", "", "\r\n\t")


def _is_text(raw: bytes) -> bool:
    return raw.isascii() and raw.decode("ascii").translate(_LINE_ENDS).isprintable()


_HEXADECIMAL = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{2}(?:(?:0x|\\+x|[\s:,;._|-]){0,4}[0-9a-f]{2}){5,}(?:[0-9a-f])?",
    re.IGNORECASE,
)
_PAIR = re.compile(r"((?:0x|\\+x|[\s:,;._|-])*)([0-9a-f]{2})", re.IGNORECASE)
_LEAST_BYTES = 6
_BASE32 = re.compile(r"(?<![A-Za-z0-9])[A-Z2-7]{16,}={0,6}(?![A-Za-z0-9])")
_OCTET = 8
_DECIMAL = re.compile(r"(?<![0-9])[0-9]{1,3}(?:[\s,;:.-]{1,3}[0-9]{1,3}){5,}(?![0-9])")
_NUMBER = re.compile(r"[0-9]+")
_BYTE = 255


def _numbered(text: str, runs: list[_Runs]) -> None:
    """Read runs of hexadecimal bytes, separated or not, and of decimal ones."""
    for match in _HEXADECIMAL.finditer(text):
        pairs = [*_PAIR.finditer(text, *match.span())]
        for start, end in _alike([pair[1] for pair in pairs]):
            _add_bytes([pair.span(2) for pair in pairs[start:end]], text, runs[0])
        if len(match[0]) % 2 and match[0].isalnum() and "x" not in match[0].lower():
            spans = [(at, at + 2) for at in range(match.start() + 1, match.end(), 2)]
            _add_bytes(spans, text, runs[1])
    for match in _BASE32.finditer(text):
        letters = match[0].rstrip("=")
        with suppress(ValueError):
            raw = base64.b32decode(letters + "=" * (-len(letters) % _OCTET))
            runs[0].add(raw, partial(_all_of, match.span()))
    for match in _DECIMAL.finditer(text):
        numbers = [*_NUMBER.finditer(text, match.start(), match.end())]
        if all(int(number[0]) <= _BYTE for number in numbers):
            spans = [number.span() for number in numbers]
            runs[0].add(bytes(int(number[0]) for number in numbers), partial(_between, spans))


def _alike(separators: list[str]) -> Iterator[Span]:
    """Yield all bytes of a run, and those parts of it that are separated in one way."""
    yield 0, len(separators)
    start = 0
    for at in range(2, len(separators)):
        if separators[at] != separators[at - 1]:
            if start or at > start + _LEAST_BYTES:
                yield start, at
            start = at - 1
    if start:
        yield start, len(separators)


def _add_bytes(spans: list[Span], text: str, runs: _Runs) -> None:
    if len(spans) >= _LEAST_BYTES:
        raw = bytes.fromhex("".join(text[start:end] for start, end in spans))
        runs.add(raw, partial(_between, spans))


def _between(spans: list[Span], start: int, end: int) -> Span:
    return spans[start][0], spans[end - 1][1]
