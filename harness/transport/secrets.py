"""Keys never leave: they are looked for in everything that is kept, and replaced by their name."""

import base64
import json
import re
from urllib.parse import quote

SHORTEST = 6
"""A shorter key is no secret (`x` for the emulator), and replacing it would spoil the text."""


class Redactor:
    """Replaces known key values, in every spelling that a reply may echo, and key-like texts."""

    def __init__(self, keys: dict[str, str], shapes: tuple[str, ...] = ()) -> None:
        spellings: dict[str, str] = {}
        for name, key in keys.items():
            if len(key) >= SHORTEST:
                spellings |= dict.fromkeys(_spellings(key), f"<{name}>")
        self._names = spellings
        known = sorted(spellings, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None
        self._shapes = tuple(re.compile(rf"(?<![A-Za-z0-9+/_=-]){shape}") for shape in shapes)

    def text(self, text: str) -> str:
        """Return the text without keys."""
        if self._known is not None:
            text = self._known.sub(lambda found: self._names[found[0]], text)
        for shape in self._shapes:
            text = shape.sub("<key>", text)
        return text

    def body(self, raw: bytes) -> bytes:
        """Return a body without known keys; the shapes are left alone, for images are random."""
        if self._known is None or not any(name.encode() in raw for name in self._names):
            return raw
        for spelling, name in self._names.items():
            raw = raw.replace(spelling.encode(), name.encode())
        return raw


def _spellings(key: str) -> tuple[str, ...]:
    encoded = base64.b64encode(key.encode()).decode()
    return tuple(
        dict.fromkeys(
            (
                key,
                encoded,
                encoded.rstrip("="),
                base64.urlsafe_b64encode(key.encode()).decode(),
                quote(key, safe=""),
                json.dumps(key)[1:-1],
            )
        )
    )
