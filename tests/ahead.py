"""An event loop whose clock a test puts ahead: what would time out later does so now."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
SETTLES = 20
"""Turns of a loop in which all that has arrived is read, and whoever waited for it goes on."""


class Ahead(asyncio.SelectorEventLoop):
    """A loop whose clock is ahead of the machine's."""

    ahead_s = 0.0

    def time(self) -> float:
        return super().time() + self.ahead_s


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, as asyncio.run does, on such a loop."""
    with asyncio.Runner(loop_factory=Ahead) as runner:
        return runner.run(work)


async def put_ahead(seconds: float) -> None:
    """Let everybody go on as far as possible, and then let so much time have passed."""
    await settled()
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Ahead)
    loop.ahead_s += seconds


async def settled() -> None:
    """Let everybody go on who waits for nothing but their turn."""
    for _ in range(SETTLES):
        await asyncio.sleep(0)
