"""What the runner needs of a transport."""

from typing import Protocol

from harness.core.exchange import Exchange, Request

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
