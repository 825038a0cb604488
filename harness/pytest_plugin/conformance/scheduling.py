"""Which process of pytest-xdist has which tests: those of one run together."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # has no types

Parts = Callable[[Collection[str], int], Mapping[str, int]]
"""The part of each of the selected tests, for so many processes."""


class PartScheduling(LoadScopeScheduling):  # type: ignore[misc]  # as above
    """Gives each part of the tests below a node to one process as a whole; others one by one."""

    def __init__(self, config: Any, log: Any, *, parts: Parts, node: str) -> None:  # noqa: ANN401 - as pytest-xdist's
        super().__init__(config, log)
        self._parts_of = parts
        self._begins = f"{node}::"
        self._placed: Mapping[str, int] = {}

    def schedule(self) -> None:
        """Share the tests out, once all processes have collected the same ones."""
        collected: list[str] = next(iter(self.registered_collections.values()), [])
        ours = [each.removeprefix(self._begins) for each in collected if self._is_ours(each)]
        self._placed = self._parts_of(ours, self.numnodes)
        super().schedule()

    def _is_ours(self, nodeid: str) -> bool:
        return nodeid.startswith(self._begins)

    def _split_scope(self, nodeid: str) -> str:
        if not self._is_ours(nodeid):
            return nodeid
        return f"{self._begins}{self._placed.get(nodeid.removeprefix(self._begins), 0)}"
