"""An emulator of five image APIs, written by hand from their documents; it stands on its own.

Nothing in this folder imports anything of ours from outside it: the folder can be copied elsewhere
as `emulator` and run with `python -m emulator`.
"""

from __future__ import annotations

from . import rules

__all__ = ["validate"]


def validate(provider: str, operation: str, body: object) -> str | None:
    """Return the id of the first rule that `body` breaks, or None where it is accepted.

    An id looks like `size.max_ratio`. The servers ask the same function when no fault is on. `body`
    is decoded JSON; `operation` is `generate`. Raises ValueError for a provider or an operation
    that is not served.
    """
    refusal = rules.check(provider, operation, body)
    return None if refusal is None else refusal.rule
