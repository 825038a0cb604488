"""The faults of keys: requests that are served without one of an account, or refused wrongly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .combinations import OPENAI_SHAPED

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

FAMILY, BREAKS = "keys", "auth.required"

# Name, meaning.
EVERYWHERE = (
    ("key_not_checked", "no key is needed, and any is accepted"),
    ("key_missing_served", "a request without a key is served, a wrong key is refused"),
    ("key_empty_served", "an empty key is accepted, none and a wrong one are refused"),
    ("key_presence_only", "any key that is not empty is accepted"),
    ("key_other_scheme_served", "any key under another scheme is accepted"),
    ("key_other_header_served", "any key in another header is accepted"),
    ("key_foreign_served", "any key in another provider's format is accepted"),
)
# Of providers whose documents show that a wrong key is refused with 401.
OF_STATUS = (
    ("key_refused_with_400", "a wrong key is refused with HTTP 400"),
    ("key_refused_with_500", "a wrong key is refused with HTTP 500"),
)
SHOWN = ("buble", "apiframe", "aimlapi", "openai")

HEADERS = ("authorization", "x-api-key", "x-goog-api-key")


def rows(provider: str) -> list[tuple[str, str, str, str, tuple[str, ...]]]:
    """Return the faults of a provider as the catalogue lists them.

    A key is read in the same way for every operation; the plain one shows that best.
    """
    named = (*EVERYWHERE, *(OF_STATUS if provider in SHOWN else ()))
    return [(name, FAMILY, BREAKS, meaning, ("generate",)) for name, meaning in named]


def lets_through(
    provider: str, faults: Collection[str], headers: Mapping[str, str], key: str
) -> bool:
    """Tell whether a fault serves a request, whatever `key` the provider's own way has read."""
    usual, other = HEADERS[:2] if provider != "apiframe" else HEADERS[1::-1]
    given = headers.get(usual, "").strip()
    first_word = given.partition(" ")[0].lower()
    words = ("", "bearer") if usual == "authorization" else ("", given.lower())
    foreign = "afk_" if provider in OPENAI_SHAPED else "sk-"
    shown = {
        "key_not_checked": True,
        "key_missing_served": not any(name in headers for name in HEADERS),
        "key_empty_served": usual in headers and given.lower() in ("", "bearer"),
        "key_presence_only": bool(key),
        "key_other_scheme_served": first_word not in words,
        "key_other_header_served": bool(headers.get(other)),
        "key_foreign_served": key.startswith(foreign),
    }
    return any(name in faults and applies for name, applies in shown.items())


def status(faults: Collection[str], usual: int) -> int:
    """Return the HTTP status of a refused key."""
    if "key_refused_with_400" in faults:
        return 400
    return 500 if "key_refused_with_500" in faults else usual
