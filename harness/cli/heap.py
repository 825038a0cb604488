"""How this process takes memory: many threads each have large replies, for a moment."""

import ctypes
import gc
from contextlib import suppress

_OBJECTS_UNTIL_COLLECTED = 5_000
"""A pass over records makes a hundred objects of each, and no cycles: looking for some every 700
objects, as Python does, takes a sixth of a report's time."""

_ARENA_MAX = -8
"""`M_ARENA_MAX` of glibc's malloc.h."""


def share_heap() -> None:
    """Let all threads have one heap, and look for cycles seldom; call it before any thread starts.

    glibc gives each thread one of its own, which keeps the room of the largest image that the
    thread ever held: a run that sends files of 50 MB and receives images of 4K has twice the
    memory then. Other C libraries are left as they are.
    """
    gc.set_threshold(_OBJECTS_UNTIL_COLLECTED)
    with suppress(OSError, AttributeError, TypeError):  # not glibc, not Unix
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
