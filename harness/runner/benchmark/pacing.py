"""Which block of a benchmark may leave: providers stay together, so that drift hits all alike."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import ceil

from harness.core.case import Slot

LEAD = 1
"""By how many blocks a provider may be ahead of another one, if no more are needed for its load."""


class BlockPacer:
    """Counts what each provider has still to end, by block.

    It is made of the slots that wait, by provider, each provider's in the order of its plan; what
    is not there (ended in an earlier run, unsupported) keeps nobody back. `at_once` is how many
    requests each provider is to have under way, by stage: where one block and the next hold fewer,
    a provider may be ahead by as many blocks as hold them.
    """

    def __init__(
        self, waiting: Mapping[str, Sequence[Slot]], *, at_once: Mapping[str, int]
    ) -> None:
        stages = dict.fromkeys(slot.stage for slots in waiting.values() for slot in slots)
        order = {stage: place for place, stage in enumerate(stages)}
        self._places = {
            key: place
            for place, key in enumerate(
                sorted(
                    {(slot.stage, slot.block) for slots in waiting.values() for slot in slots},
                    key=lambda key: (order[key[0]], key[1]),
                )
            )
        }
        self._left = {
            name: Counter(self._place(slot) for slot in slots) for name, slots in waiting.items()
        }
        self._first = dict.fromkeys(waiting, 0)
        self._lead = {
            (name, stage): max(LEAD, ceil(number / self._size(name)) - 1)
            for name in waiting
            for stage, number in at_once.items()
        }

    def may_leave(self, name: str, slot: Slot) -> bool:
        """Tell whether no other provider is too far behind this block of this provider."""
        place, lead = self._place(slot), self._lead[name, slot.stage]
        return all(self._reached(other) >= place - lead for other in self._left if other != name)

    def ended(self, name: str, slot: Slot) -> None:
        """Take note that a shot ended, or was skipped."""
        self._left[name][self._place(slot)] -= 1

    def _size(self, name: str) -> int:
        """Return how many of its requests a block holds."""
        return max(self._left[name].values(), default=1)

    def _place(self, slot: Slot) -> int:
        return self._places[slot.stage, slot.block]

    def _reached(self, name: str) -> int:
        """Return the first block of a provider that has not ended."""
        waiting, first = self._left[name], self._first[name]
        while first < len(self._places) and not waiting[first]:
            first += 1
        self._first[name] = first
        return first


class Bell:
    """Wakes all who wait for something to change."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake all who wait now; who comes later waits for the next time."""
        rung, self._rung = self._rung, asyncio.Event()
        rung.set()

    async def wait(self, at_most_s: float | None = None) -> None:
        """Wait for the next ring, or so long."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), at_most_s)
