"""Ids of the parts of a page: the same in every report, so that a link to them stays good."""

import hashlib
import re

_LONGEST = 120


def cell_anchor(provider: str, operation: str, promise: str) -> str:
    """Return the id of what stands behind one cell of the matrix."""
    return _anchor("cell", provider, operation, promise)


def case_anchor(provider: str, operation: str, case: str) -> str:
    """Return the id of a case's transcript."""
    return _anchor("case", provider, operation, case)


def _anchor(*parts: str) -> str:
    """Join the parts in signs that need no escape; what that loses, a digest tells apart."""
    plain = re.sub(r"[^a-z0-9._]+", "-", "-".join(parts))[:_LONGEST]
    if plain == "-".join(parts):
        return plain
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{plain.strip('-')}-{digest[:6]}"
