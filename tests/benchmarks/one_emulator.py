"""One emulator for all runs of a process, which ends with the process."""

from contextlib import ExitStack
from functools import cache

import pytest

from tests.faults.runs import staying

_OPEN = ExitStack()
"""What lasts as long as the process."""


@cache
def served() -> dict[str, str]:
    """Return the providers' addresses at this process' emulator; the first call starts it."""
    return _OPEN.enter_context(staying(_OPEN.enter_context(pytest.MonkeyPatch.context())))


def start() -> None:
    """Start this process' emulator."""
    served()
