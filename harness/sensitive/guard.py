"""Whether what a user wrote into a file is a key, so that no message about the file repeats it."""

import os
import re
from collections.abc import Sequence

from harness.sensitive.search import Search

KEY_WORDS = frozenset(
    ("key", "keys", "apikey", "apikeys", "token", "secret", "password", "authorization")
)
KEY_LENGTH = 16
"""A word of so many characters, digits among them, is a key and no name."""

NO_KEY = "looks like a key; keys come from the environment only: take it out"
_PERSONAL = frozenset(("e-mail", "ip", "phone"))
"""Kinds that replies are freed of, and that a user may write: whom to ask, which release."""

_OWN_AT_LEAST = 8
_WORD = re.compile(r"[A-Za-z0-9_.-]+")


class KeyGuard:
    """Looks for this user's keys, for what has the shape of one, and for names of keys."""

    def __init__(self) -> None:
        self._shapes = Search()
        self._own = [
            content
            for name, content in os.environ.items()
            if len(content) >= _OWN_AT_LEAST and is_key_name(name)
        ]

    def is_in(self, *texts: str, names: Sequence[str] = ()) -> bool:
        """Tell whether a text holds a secret, or one of the names is that of a key."""
        return (
            any(map(is_key_name, names))
            or any(kind not in _PERSONAL for text in texts for *_, kind in self._shapes.find(text))
            or any(own in text for own in self._own for text in texts)
        )


def is_key_name(name: str) -> bool:
    """Tell whether a name says that its value is a key: `api_key`, `ACME_TOKEN`."""
    return bool(KEY_WORDS & {*re.split(r"[^a-z]+", name.lower())})


def is_key_like(text: str) -> bool:
    """Tell whether a text is too long for a name, and mixed as keys of an unknown shape are."""
    return (
        len(text) >= KEY_LENGTH
        and re.search(r"[a-z]", text) is not None
        and any(map(str.isdigit, text))
    )


def has_key_like_word(text: str) -> bool:
    """Tell whether a word of a text is like a key: for places where only a key is that long."""
    return any(is_key_like(word[0]) for word in _WORD.finditer(text))
