"""Where in a text something must not be written: known keys in any spelling, and what looks so."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness.sensitive.addresses import secret_parameters, secret_segments
from harness.sensitive.keys import SHORTEST, Secret
from harness.sensitive.personal import Found
from harness.sensitive.shapes import MADE_UP, shaped
from harness.sensitive.unpacking import unpacked
from harness.sensitive.views import (
    BREAKS,
    BRIEF,
    SPACES,
    View,
    recoded,
    squeeze,
    squeezed,
    unescaped,
)

DEEPEST = 4
"""How many encodings within one another are undone."""

MOST_ESCAPES = 6
"""How often escapes of escapes are undone."""

WORK_AT_LEAST = 1024 * 1024
WORK_PER_LETTER = 24
"""How many letters of decoded texts are searched for each letter of a text, and at least in all."""

PARAMETER = "parameter"
"""The kind of a secret parameter of an address."""


_MARK = re.compile(r"[%\\&@=]|[^\x20-\x7e]")
"""What every escape, mail address and secret parameter has in a text."""

_LONG = re.compile(r"[A-Za-z0-9+/_-]{12}|(?:(?:0x)?[0-9A-Fa-f]{1,3}[\s,;:.|_-]+){5}")
"""What everything that is encoded in letters or numbers has in a text."""


_SHORTEST_SHAPE = 7
"""A shorter text without any mark has no shape of a secret."""


@dataclass(slots=True)
class _Work:
    """What may still be decoded: a text that unpacks into ever more is searched in part."""

    letters: int

    def spend(self, letters: int) -> bool:
        """Tell whether so many letters may still be decoded."""
        self.letters -= letters
        return self.letters > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Finds known `secrets`, and what has the shape of a key (`shapes` besides our own list).

    With `examples`, mail addresses at the hosts that are reserved for examples are found, too.
    """

    secrets: Sequence[Secret] = ()
    shapes: Sequence[re.Pattern[str]] = field(default=())
    examples: bool = False

    def find(self, text: str, *, by_shape: bool = True) -> list[Found]:
        """Return what stands in a text, in order and not overlapping; kinds or names of keys."""
        if len(text) < SHORTEST // 2:
            return []
        if len(text) <= BRIEF and self._is_free(text, by_shape=by_shape):
            return []
        work = _Work(max(WORK_AT_LEAST, WORK_PER_LETTER * len(text)))
        return _merged(self._found(text, DEEPEST, work, by_shape=by_shape))

    @property
    def _shortest(self) -> int:
        return min((secret.length for secret in self.secrets), default=0)

    def _is_free(self, text: str, *, by_shape: bool) -> bool:
        """Tell in no time that a short text holds nothing: most of them do not."""
        if _MARK.search(text):
            return False
        if by_shape and len(text) >= _SHORTEST_SHAPE and next(self._by_shape(text), None):
            return False
        if not self.secrets:
            return not (_LONG.search(text) and self._says_more(text))
        return not any(
            self._holds_hint(each.lower()) or (_LONG.search(each) and self._says_more(each))
            for each in dict.fromkeys(
                (text, *(squeeze(text, pattern) for pattern in (SPACES, BREAKS)))
            )
        )

    def _says_more(self, text: str) -> bool:
        return next(unpacked(text, shortest=self._shortest), None) is not None

    def _holds_hint(self, low: str) -> bool:
        return any(hint in low for secret in self.secrets for hint in secret.hints)

    def _found(self, text: str, depth: int, work: _Work, *, by_shape: bool) -> Iterator[Found]:
        """Find what stands in a text, and in what it says decoded; escapes are all undone first."""
        yield from self._known(text, text.lower())
        if by_shape:
            yield from _parameters(text)
        plain = _plain(text, work) if depth else None
        if plain is None:
            yield from self._undone(text, depth, work, by_shape=by_shape)
            return
        yield from self._known(plain.text, plain.text.lower(), plain)
        if by_shape:
            yield from (
                (*plain.span(start, end), kind) for start, end, kind in _parameters(plain.text)
            )
        for start, end, name in self._undone(plain.text, depth, work, by_shape=by_shape):
            yield (*plain.span(start, end), name)

    def _undone(self, text: str, depth: int, work: _Work, *, by_shape: bool) -> Iterator[Found]:
        """Find what looks like a secret in a text without escapes, and what is encoded in it."""
        if by_shape:
            yield from self._by_shape(text)
        if depth and work.spend(len(text)):
            yield from self._encoded(text, depth, work, by_shape=by_shape)

    def _encoded(self, text: str, depth: int, work: _Work, *, by_shape: bool) -> Iterator[Found]:
        for view in recoded(text):
            yield from self._within(view, min(depth - 1, 1), work, by_shape=by_shape)
        for view, deeper in unpacked(text, shortest=self._shortest):
            yield from self._within(
                view, depth - 1 if deeper else 0, work, by_shape=by_shape and view.textual
            )
        if self.secrets:
            yield from self._split(text, depth, work)

    def _within(self, view: View, depth: int, work: _Work, *, by_shape: bool) -> Iterator[Found]:
        for start, end, name in self._found(view.text, depth, work, by_shape=by_shape):
            yield (*view.span(start, end), name)

    def _split(self, text: str, depth: int, work: _Work) -> Iterator[Found]:
        """Find keys whose pieces have spaces, quotes or line ends between them."""
        for pattern in (SPACES, BREAKS):
            together = squeeze(text, pattern)
            if together == text:
                continue
            short = depth >= DEEPEST - 1 and len(text) <= BRIEF
            if not (short or any(self._known(together, together.lower()))):
                continue
            view = squeezed(text, pattern)
            if view is not None:
                # what is encoded in it is looked for once, where that costs little
                yield from self._within(view, 1 if short else 0, work, by_shape=False)

    def _known(self, text: str, low: str, view: View | None = None) -> Iterator[Found]:
        for secret in self.secrets:
            if any(hint in low for hint in secret.hints):
                for match in secret.pattern.finditer(text):
                    span = view.span(*match.span()) if view else match.span()
                    yield (*span, secret.name)

    def _by_shape(self, text: str) -> Iterator[Found]:
        yield from shaped(text, examples=self.examples)
        yield from ((start, end, PARAMETER) for start, end in secret_segments(text))
        for pattern in self.shapes:
            for match in pattern.finditer(text):
                if MADE_UP not in match[0]:
                    yield match.start(), match.end(), "key"


def _parameters(text: str) -> Iterator[Found]:
    for start, end in secret_parameters(text):
        yield start, end, PARAMETER


def _plain(text: str, work: _Work) -> View | None:
    """Return a text with its escapes undone as often as there are any; None where it has none."""
    view = unescaped(text)
    for _ in range(MOST_ESCAPES):
        again = unescaped(view.text) if view is not None and work.spend(len(view.text)) else None
        if view is None or again is None:
            break
        view = _within_view(view, again)
    return view


def _within_view(outer: View, inner: View) -> View:
    return View(text=inner.text, span=lambda start, end: outer.span(*inner.span(start, end)))


def _merged(found: Iterator[Found]) -> list[Found]:
    """Return what was found in order; what overlaps is one, named by a known key in it."""
    merged: list[Found] = []
    for start, end, name in sorted(found, key=lambda each: (each[0], -each[1])):
        if merged and start < merged[-1][1]:
            first, last, before = merged[-1]
            known = name.startswith("<") and not before.startswith("<")
            merged[-1] = first, max(last, end), name if known else before
        else:
            merged.append((start, end, name))
    return merged
