"""A network between the harness and a simulated provider: virtual time, and a fault at every turn.

A request may be lost, turned away, answered too slowly or by a gateway; its reply may be lost or
cut. What the provider did by then stays done, and is charged.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.core.exchange import Exchange, Failure, Reply, Request, Times
from harness.core.jsonvalue import Json, with_texts
from harness.transport.base import STOPPED
from harness.transport.placeholders import PlaceholderMap
from harness.transport.redaction import Redactor
from tests.simulation.disk import EVEN, Crashed, Moments
from tests.simulation.provider import Answer, SimulatedProvider

Fate = Literal[
    "served",
    "unsent",
    "lost_request",
    "lost_reply",
    "reset",
    "half",
    "busy",
    "down",
    "gateway",
    "slow",
]
FAULTS: tuple[Fate, ...] = (
    "unsent", "lost_request", "lost_reply", "reset", "half", "busy", "down", "gateway", "slow",
)  # fmt: skip
CUT = "the simulated connection was reset"
SLOW_S = 60.0


@dataclass(slots=True, kw_only=True)
class Network:
    """What all workers' transports share: the provider, the faults and who listens.

    `share` of the round trips meet a fault. `on_departure` hears of every request that leaves,
    `on_arrival` of those that are about to arrive at the provider; `keep_image` keeps an image
    before its reply is passed on.
    """

    provider: SimulatedProvider
    rng: random.Random
    moments: Moments
    share: float
    now_s: Callable[[], float]
    placeholders: PlaceholderMap
    redactor: Redactor
    on_departure: Callable[[Request], None]
    on_arrival: Callable[[Request], None]
    keep_image: Callable[[str, bytes], None]
    log: Callable[[str], None]
    echo: str = ""
    """A text that some replies repeat in a header: a key that was sent, for example."""
    transports: "list[SimulatedTransport]" = field(default_factory=list)
    replied: list[Exchange] = field(default_factory=list)
    """What was passed on to the harness, in order."""
    cleaned: dict[str, str] = field(default_factory=dict)
    """Texts of replies as they were cleaned: polls repeat them."""

    def opened(self) -> "SimulatedTransport":
        """Return another worker's transport."""
        self.transports.append(SimulatedTransport(self))
        return self.transports[-1]

    def withdraw(self) -> None:
        """Break off what has not left, as the run's connections do when it is stopped."""
        for transport in self.transports:
            transport.withdraw()


@dataclass(slots=True)
class Leg:
    """A round trip under way, and how far it has got."""

    task: asyncio.Task[Any] | None
    sent: bool = False
    status: int | None = None
    withdrawn: bool = False


class SimulatedTransport:
    """One worker's transport over the simulated network."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._leg: Leg | None = None

    async def pause(self, seconds: float) -> None:
        """Let virtual time pass."""
        await asyncio.sleep(seconds)

    async def aclose(self) -> None:
        """Nothing is open."""

    async def send(self, request: Request, *, due_s: float) -> Exchange:
        """Make one round trip, with the fate that the seed has for it.

        It is broken off as a real one: its exchange is returned, and its task cancelled after it.
        """
        network = self._network
        leg = self._leg = Leg(asyncio.current_task())
        sent_s, cancelled = network.now_s(), False
        try:
            answer = await self._round_trip(request, leg)
        except asyncio.CancelledError:
            answer = self._broken_off(leg)
            cancelled = leg.task is None or not leg.withdrawn or leg.task.uncancel() > 0
        finally:
            self._leg = None
        if cancelled and leg.task is not None:
            leg.task.cancel()
        end_s = network.now_s()
        headers_s = end_s if isinstance(answer, Reply) else None
        times = Times(
            due_s=due_s, sent_s=sent_s, end_s=end_s, headers_s=headers_s, first_byte_s=headers_s
        )
        shown = f"{answer.status}" if isinstance(answer, Reply) else f"{answer.kind}: {answer.why}"
        network.log(f"{request.method} {request.target} -> {shown}")
        exchange = Exchange(request=request, answer=answer, times=times)
        network.replied.append(exchange)
        return exchange

    def withdraw(self) -> None:
        """Break off a round trip of which nothing has left."""
        leg = self._leg
        if leg is not None and leg.task is not None and not (leg.sent or leg.withdrawn):
            leg.withdrawn = True
            leg.task.cancel()

    def _broken_off(self, leg: Leg) -> Failure:
        arrived = leg.status is not None and self._network.rng.random() < EVEN
        partial = Reply(status=leg.status or 0, text='{"data": [{"b64', size_bytes=15)
        return Failure(
            kind="network",
            why=f"{STOPPED} ({'after 15 bytes' if arrived else 'nothing had arrived'})",
            sent=leg.sent,
            partial=partial if arrived else None,
        )

    async def _round_trip(self, request: Request, leg: Leg) -> Reply | Failure:
        network = self._network
        fate = self._fate()
        on_the_way_s = network.rng.random() * 0.1
        await asyncio.sleep(on_the_way_s)
        self._step()
        if fate != "unsent":
            network.on_departure(request)
            leg.sent = True
        await asyncio.sleep(on_the_way_s)
        match fate:
            case "unsent":
                return Failure(kind="network", why="connection refused", sent=False)
            case "lost_request":
                return await self._waited(request)
            case "busy":
                headers = (("Retry-After", str(network.rng.randrange(1, 4))),)
                return self._error(429, "too many requests", headers)
            case "down":
                return self._error(503, "temporarily unavailable")
            case _:
                return await self._arrived(request, fate, leg)

    async def _arrived(self, request: Request, fate: Fate, leg: Leg) -> Reply | Failure:
        network = self._network
        real = network.placeholders.real(request)
        network.on_arrival(request)
        answer = network.provider.answer(real, network.now_s())
        takes_s = answer.takes_s + (SLOW_S if fate == "slow" else 0.0)
        self._step()
        if takes_s > request.timeout_s or fate == "lost_reply":
            return await self._waited(request)
        leg.status = answer.status
        await asyncio.sleep(takes_s * (network.rng.random() if fate in ("reset", "half") else 1))
        self._step()
        if fate == "reset":
            return Failure(kind="network", why=CUT, sent=True)
        if fate == "half":
            partial = Reply(status=answer.status, text='{"data": [{"b64', size_bytes=15)
            return Failure(kind="network", why=CUT, sent=True, partial=partial)
        if fate == "gateway":
            return Reply(status=502, text="<html>bad gateway</html>", size_bytes=24)
        return self._reply(answer)

    async def _waited(self, request: Request) -> Failure:
        await asyncio.sleep(request.timeout_s)
        why = f"no whole reply within {request.timeout_s:g} s"
        return Failure(kind="timeout", why=why, sent=True)

    def _fate(self) -> Fate:
        network = self._network
        return network.rng.choice(FAULTS) if network.rng.random() < network.share else "served"

    def _step(self) -> None:
        if self._network.moments.step():
            raise Crashed

    def _reply(self, answer: Answer) -> Reply:
        network = self._network
        for picture in answer.pictures:
            network.keep_image(f"{picture.digest}.{picture.format}", picture.digest.encode())
        return Reply(
            status=answer.status,
            headers=(("X-Echo", network.redactor.known(network.echo)),) if network.echo else (),
            document=with_texts(answer.document, self._cleaned),
            pictures={f"image:sha256:{picture.digest}": picture for picture in answer.pictures},
            size_bytes=1000,
        )

    def _cleaned(self, text: str) -> str:
        network = self._network
        if text not in network.cleaned:
            network.cleaned[text] = network.redactor.known(network.placeholders.restored(text))
        return network.cleaned[text]

    def _error(self, status: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
        words: Json = {"message": message, "type": "server_error", "code": "server_error"}
        document: Json = {"error": message if self._network.provider.kind == "apiframe" else words}
        return Reply(status=status, headers=headers, document=document, size_bytes=80)
