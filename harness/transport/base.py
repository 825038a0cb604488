"""What the runner needs of a transport."""

from collections.abc import Sequence
from typing import Protocol

from harness.core.exchange import Exchange, Failure, Request
from harness.core.outcome import CUT_OFF_WHY

STOPPED = "the run was stopped while this was under way"
"""How a failure begins that is neither the line's nor the provider's: we broke it off."""


class Transport(Protocol):
    """Makes round trips for one worker; what goes wrong is a `Failure` in the exchange."""

    async def send(self, request: Request, *, due_s: float) -> Exchange:
        """Make one round trip; `due_s` is its intended departure on the run's clock."""
        ...

    async def pause(self, seconds: float) -> None:
        """Let this many seconds pass; a replay lets none pass."""
        ...

    async def aclose(self) -> None:
        """Close what is open."""
        ...


def undisturbed(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Return the round trips that came to their end, without those that we broke off or lost.

    What those asked for was asked again, or is to be asked.
    """
    return [exchange for exchange in exchanges if not _broken_off(exchange)]


def is_lost(exchange: Exchange) -> bool:
    """Tell whether an exchange stands for a submission whose reply a crash took."""
    return isinstance(exchange.answer, Failure) and exchange.answer.why == CUT_OFF_WHY


def never_left(exchange: Exchange) -> bool:
    """Tell whether a round trip was broken off by us before any of it had left."""
    answer = exchange.answer
    return _stopped(exchange) and isinstance(answer, Failure) and not answer.sent


def _broken_off(exchange: Exchange) -> bool:
    return _stopped(exchange) or is_lost(exchange)


def _stopped(exchange: Exchange) -> bool:
    return isinstance(exchange.answer, Failure) and exchange.answer.why.startswith(STOPPED)
