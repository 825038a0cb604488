"""The one digest of a text, wherever a text is known again by it."""

import hashlib


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, as 64 hexadecimal digits; of any text.

    Half a surrogate pair, which replies may hold, is three bytes, as Python's `surrogatepass` has
    it.
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
