"""A text as its readers decode it: its escapes undone, its letters plain, its pieces together.

A `View` maps what stands in the decoded text back to the text it was decoded from, so that a key
that is found in it can be cut out of the original. Views of views find what was encoded twice.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from html.entities import html5

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


_IS_QUOTED = re.compile(r"=(?:[0-9A-Fa-f]{2}(?:=[0-9A-Fa-f]{2}){2}|(?<=[^\s=]=)\r?\n)")
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


_DATA = re.compile(r"data:(?<![a-z]data:)")
_ASCII_SPACES = {**dict.fromkeys((*range(33), 127), None)}
_ASCII_BREAKS = {**dict.fromkeys((*range(33), *map(ord, "\"'`,+|[]")), None)}


def squeeze(text: str, pattern: re.Pattern[str]) -> str:
    """Return what `squeezed` does, only the text, and in a tenth of the time if it is ASCII."""
    if not text.isascii():
        return pattern.sub("", text)
    if pattern is SPACES:
        return text.translate(_ASCII_SPACES)
    return (_DATA.sub("", text) if "data:" in text else text).translate(_ASCII_BREAKS)


def squeezed(text: str, pattern: re.Pattern[str]) -> View | None:
    """Return a text without what the pattern matches (`SPACES` or `BREAKS`), if it has any."""
    return _substituted(text, pattern, _nothing)


@dataclass(slots=True)
class Batch:
    """Unpacked pieces of one text, searched together: each alone would cost more than that."""

    texts: list[str] = field(default_factory=list)
    spans: list[Callable[[int, int], Span]] = field(default_factory=list)

    def add(self, text: str, span: Callable[[int, int], Span]) -> None:
        """Take a text, and where its parts stand in the text that all are of."""
        self.texts.append(text)
        self.spans.append(span)

    def view(self, *, textual: bool) -> Iterator[View]:
        """Yield all texts as one view, if there are any."""
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
