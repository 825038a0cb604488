"""The rules of the five providers: pure functions of a decoded request body."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import aimlapi, apiframe, buble, nanobanana, sub2api
from .law import AS_WRITTEN, Law, Refusal

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["AS_WRITTEN", "BOOKS", "Law", "Refusal", "check"]

# The order is that of the ports under --port.
BOOKS: dict[str, ModuleType] = {
    "buble": buble,
    "sub2api": sub2api,
    "apiframe": apiframe,
    "nanobanana": nanobanana,
    "aimlapi": aimlapi,
}


def check(provider: str, operation: str, body: object, law: Law = AS_WRITTEN) -> Refusal | None:
    """Return why `provider` refuses the decoded JSON `body`, or None where it accepts.

    Raises ValueError for a provider or an operation that is not served.
    """
    if operation != "generate":
        raise ValueError(f"operation {operation!r} is not served; generate is")
    if provider == "buble":
        return buble.check(body, law)
    if provider == "sub2api":
        return sub2api.check(body, law)
    if provider == "apiframe":
        return apiframe.check(body, law)
    if provider == "nanobanana":
        return nanobanana.check(body, law)
    if provider == "aimlapi":
        return aimlapi.check(body, law)
    raise ValueError(f"provider {provider!r} is not served; these are: {', '.join(BOOKS)}")
