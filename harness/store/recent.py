"""The blocks that were read last, of all spools of a process: what of them is in memory."""

from collections import OrderedDict, deque
from threading import Lock
from typing import Any

Place = tuple[int, int]
"""A spool, by a number of its own, and the number of one of its blocks."""


class Recent:
    """Blocks by their places, the ones that were used last; threads may share it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._blocks: OrderedDict[Place, list[Any]] = OrderedDict()
        self._gone: deque[int] = deque()
        self._turn = Lock()

    def get(self, place: Place) -> list[Any] | None:
        """Return a block, where it is here."""
        with self._turn:
            held = self._blocks.get(place)
            if held is not None:
                self._blocks.move_to_end(place)
            return held

    def put(self, place: Place, values: list[Any]) -> None:
        """Keep a block, and no more of them than there is room for."""
        with self._turn:
            while self._gone:
                self._drop(self._gone.popleft())
            self._blocks[place] = values
            self._blocks.move_to_end(place)
            while len(self._blocks) > self._most:
                self._blocks.popitem(last=False)

    def forget(self, spool: int) -> None:
        """Drop all blocks of a spool, when the next one comes.

        It takes no turn: whoever collects garbage calls it, in any thread at any place.
        """
        self._gone.append(spool)

    def _drop(self, spool: int) -> None:
        for place in [place for place in self._blocks if place[0] == spool]:
            del self._blocks[place]
