"""Long texts by name, as reference images are: plans and journals hold the name, not the text.

A long prompt is about its length: it begins as it likes, and a filler comes after that until it is
long enough. Its name is that recipe, with a digest of the text that it stood for:
`longtext:ascii-1:32000:<sha256>:A watercolour painting of ...`. What goes on the wire, cassettes
(which vcrpy matches by body), summaries and what commands print hold the text itself.
"""

import json
import re
from collections.abc import Callable
from functools import lru_cache

from harness.core.digests import text_digest
from harness.core.jsonvalue import with_texts

FILLERS = {
    "ascii-1": " Soft light, gentle shadows, clean lines, quiet colours, plain background.",
    "wide-1": "静かな湖と山、柔らかな光、穏やかな色。Ein grüner Garten, тихая гавань. ",
    "astral-1": "🌊 quiet sea 🏔 quiet hills 🌲 ",
    "quiet-1": " in soft light, with gentle shadows, clean lines and a plain background.",
}
"""By name, each with its version: what a saved name stands for never changes."""

SHORTEST = 400
"""Up to so many characters a text stands as it is."""

_MARK = "longtext:"
_PLAIN = f"{_MARK}as-is:"
_NAME = re.compile(rf"{_MARK}([a-z]+-[0-9]+):([0-9]{{1,7}}):([0-9a-f]{{64}}):(.*)", re.DOTALL)
_SIGNS = tuple(sign.encode() for sign in (_MARK, *FILLERS.values()))


def filled(start: str, filler: str, length: int) -> str:
    """Return a text of exactly `length` characters that begins with `start`, and ends in no space.

    `filler` is one of `FILLERS` by name.
    """
    after = FILLERS[filler]
    text = (start + after * (length // len(after) + 1))[:length]
    return text if not text.endswith((" ", "\n")) else text[:-1] + "."


def name_of(text: str) -> str:
    """Return what is saved for a text: its name where it is long and made by `filled`."""
    if len(text) > SHORTEST:
        for filler, after in FILLERS.items():
            start, filling, _ = text.partition(after)
            if filling and filled(start, filler, len(text)) == text:
                return f"{_MARK}{filler}:{len(text)}:{text_digest(text)}:{start}"
    return f"{_PLAIN}{text}" if text.startswith(_MARK) else text


def text_of(saved: str) -> str:
    """Return the text that was saved; ValueError where its recipe now makes another one."""
    name = _NAME.fullmatch(saved)
    if name is None:
        return saved.removeprefix(_PLAIN)
    return _made(name[4], name[1], int(name[2]), name[3])


@lru_cache(maxsize=64)  # many requests share few long texts
def _made(start: str, filler: str, length: int, sha256: str) -> str:
    text = filled(start, filler, length) if filler in FILLERS else ""
    if text_digest(text) != sha256:
        raise ValueError(
            f"a text of {length} characters made by {filler} was another one when it was saved:"
            " by another version of the harness, or its name was altered"
        )
    return text


def line_with_names(raw: bytes) -> bytes:
    """Return a line of JSON as it is saved; where it holds no such text, at no cost."""
    return _each(raw, name_of) if any(sign in raw for sign in _SIGNS) else raw


def line_with_long_texts(raw: bytes) -> bytes:
    """Return the line that was saved; ValueError where a text comes out otherwise."""
    return _each(raw, text_of) if _SIGNS[0] in raw else raw


def _each(raw: bytes, change: Callable[[str], str]) -> bytes:
    value = with_texts(json.loads(raw), change)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
