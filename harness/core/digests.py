"""The digests of a text, wherever a text is known again by one."""

import hashlib


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, as 64 hexadecimal digits; of any text.

    Half a surrogate pair, which replies may hold, is three bytes, as Python's `surrogatepass` has
    it.
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest64(text: str) -> int:
    """Return 64 bits by which a text is known among those of a run; of any text, as above."""
    raw = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest())
