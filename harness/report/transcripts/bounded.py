"""JSON of any size and depth as a short text, which says what it leaves out."""

import json
from itertools import islice

from harness.core.jsonvalue import Json
from harness.report.text import shortened, visible

MOST_CHARACTERS = 2_000
"""Of a body that is shown."""

_LONGEST_TEXT = 300
_LONGEST_WORD = 80
_BEGINNING = 24
_DEEPEST = 10
_MOST_ENTRIES = 24
_MOST_VALUES = 400
_ADDRESSES = ("http://", "https://")


def bounded_text(value: Json, longest: int = MOST_CHARACTERS) -> tuple[str, bool]:
    """Return a JSON value as indented text without hidden characters, and whether it is whole.

    The work and the text are bounded whatever the value: long texts, deep and wide values are
    shortened and say by how much. A long text without a space (base64, a key, a token) keeps
    only its beginning.
    """
    cut = _Cut()
    text = json.dumps(cut.value(value, _DEEPEST), indent=1, ensure_ascii=False)
    shown, fits = bounded_plain(text, longest)
    return shown, cut.whole and fits


def bounded_plain(text: str, longest: int = MOST_CHARACTERS) -> tuple[str, bool]:
    """Return the beginning of a text without hidden characters, and whether that is all of it."""
    shown = "\n".join(visible(line) for line in text[:longest].split("\n"))
    whole = len(text) <= longest and len(shown) <= longest
    return (shown, True) if whole else (f"{shown[:longest]}…", False)


class _Cut:
    """Shortens one value; `whole` tells whether anything of it was left out."""

    def __init__(self) -> None:
        self.whole = True
        self._room = _MOST_VALUES

    def value(self, value: Json, depth: int) -> Json:
        self._room -= 1
        match value:
            case str():
                return self._text(value)
            case list() | dict() if value and (depth == 0 or self._room <= 0):
                self.whole = False
                return f"… ({len(value):,} inside)"
            case list():
                entries = [self.value(entry, depth - 1) for entry in value[:_MOST_ENTRIES]]
                return [*entries, *self._rest(len(value))]
            case dict():
                shown: dict[str, Json] = {
                    self._text(key): self.value(entry, depth - 1)
                    for key, entry in islice(value.items(), _MOST_ENTRIES)
                }
                return shown | dict.fromkeys(self._rest(len(value)), "…")
            case _:
                return value

    def _rest(self, number: int) -> list[str]:
        if number <= _MOST_ENTRIES:
            return []
        self.whole = False
        return [f"… and {number - _MOST_ENTRIES:,} more"]

    def _text(self, text: str) -> str:
        is_word = " " not in text[:_LONGEST_TEXT] and not text.startswith(_ADDRESSES)
        longest = _BEGINNING if is_word and len(text) > _LONGEST_WORD else _LONGEST_TEXT
        if len(text) <= longest:
            return text
        self.whole = False
        return shortened(text, longest)
