"""Planned requests as a sequence: few in memory, many on the disk."""

from collections.abc import Iterable, Sequence
from itertools import chain, islice

from harness.core.case import PlannedRequest
from harness.store.spool import Spool

IN_MEMORY = 1_000
"""Plans of more requests than these are read from the disk, block by block."""


def kept_requests(requests: Iterable[PlannedRequest]) -> Sequence[PlannedRequest]:
    """Return the requests, read once: a tuple where they are few, else a spool."""
    rest = iter(requests)
    first = tuple(islice(rest, IN_MEMORY + 1))
    return first if len(first) <= IN_MEMORY else Spool(chain(first, rest))
