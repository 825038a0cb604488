"""A process that is told to end (SIGTERM, Ctrl-C), as `harness.runner.run` ends then."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from harness.core.exchange import Exchange, Reply, Request
from harness.store.reader import StoredRun
from tests.simulation.broken import BrokenError
from tests.simulation.scenario import Stop
from tests.simulation.transport import Network

LAST_LINES_S = 1.0
"""How long the journal's last lines may take once what was under way is broken off."""
SERVED = 300


@dataclass(slots=True)
class Stopping:
    """One process' way to its end: `event` is the run's, set at the moment that `stop` says."""

    event: asyncio.Event
    network: Network
    stop: Stop | None
    log: Callable[[str], None]
    stopped_s: float = 0.0
    ended_s: float = 0.0
    _doing: "asyncio.Future[list[Any]] | None" = field(default=None)

    async def until_ended(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work until it ends, fails or is interrupted; raise what it raised."""
        loop = asyncio.get_running_loop()
        self.network.on_departure = self._leaving
        doing = self._doing = asyncio.gather(work, return_exceptions=True)
        if self.stop is not None:
            loop.call_later(self.stop.after_s, self._interrupt, self.stop.grace_s)
        try:
            ends = await doing
        except asyncio.CancelledError:
            if not self.event.is_set():
                raise
            ends = []
        self.ended_s = loop.time()
        for end in ends:
            if end is not None:
                raise end

    def _interrupt(self, grace_s: float) -> None:
        if self._doing is None or self._doing.done():
            return
        self.stopped_s = self.network.now_s()
        self.log("stop")
        self.event.set()
        self.network.withdraw()
        asyncio.get_running_loop().call_later(grace_s, self._doing.cancel)

    def _leaving(self, request: Request) -> None:
        """Hold what leaves against the stop: an image that is paid for may still be fetched."""
        if self.event.is_set() and request.target.startswith("/"):
            raise BrokenError(
                "nothing leaves after a stop", f"{request.method} {request.target} leaves"
            )


def check_stopped(stopping: Stopping, stored: StoredRun, *, full: bool) -> None:
    """Raise BrokenError where a process that was stopped ended late, or left out what arrived."""
    grace_s = stopping.stop.grace_s if stopping.stop else 0.0
    if (took_s := stopping.ended_s - stopping.stopped_s) > grace_s + LAST_LINES_S:
        raise BrokenError("a stopped run ends", f"after {took_s:.1f} s, its grace is {grace_s:g} s")
    begun = [exchange for each in stored.unfinished for exchange in each.exchanges]
    ended = [exchange for record in stored.records for exchange in record.exchanges]
    kept = {exchange.times.end_s for exchange in (*begun, *ended)}
    for exchange in () if full else filter(_is_paid, stopping.network.replied):
        if exchange.times.end_s not in kept:
            raise BrokenError(
                "what arrives before the end is kept",
                f"{exchange.request.method} {exchange.request.target}",
            )


def _is_paid(exchange: Exchange) -> bool:
    answer, request = exchange.answer, exchange.request
    served = isinstance(answer, Reply) and answer.status < SERVED
    return served and request.method == "POST" and request.form is None
