"""One total time for a request: its tries, pauses, polls and downloads together."""

from collections.abc import Iterable

from harness.core.exchange import Exchange, Failure, Request

BESIDE_S = 600.0
"""What a request may take beside the wait for its reply (or its job): waiting because it came too
early, polls that are slow themselves, downloads, webhooks."""


class TotalTime:
    """How long a conversation may still go on, as a function of what its records hold.

    Round trips count with the time that they took, pauses with the time that was asked for: so a
    run that goes on, and a replay, end a conversation where the first run did. A round trip has a
    limit of its own; one that has begun in time may end after it. The total is `BESIDE_S` seconds
    and the first request's `timeout_s`.
    """

    def __init__(self, past: Iterable[Exchange] = ()) -> None:
        self._total_s: float | None = None
        self._spent_s = 0.0
        self._over: Failure | None = None
        for exchange in past:
            self.took(exchange)

    def took(self, exchange: Exchange) -> None:
        """Count a round trip."""
        self._spent_s += max(exchange.times.end_s - exchange.times.sent_s, 0.0)

    def late(self, request: Request) -> Failure | None:
        """Return what a request is answered with that would leave too late; None in time."""
        if self._total_s is None:
            self._total_s = request.timeout_s + BESIDE_S
        if self._over is None and self._spent_s > self._total_s:
            why = f"not sent: all that went before took {self._spent_s:,.0f} s"
            self._end(f"{why}, more than the {self._total_s:,.0f} s of one request")
        return self._over

    def pause(self, seconds: float, *, bound: bool) -> Failure | None:
        """Count a pause; one that is longer than what is left ends the conversation.

        One that is not `bound` has been waited by an earlier run.
        """
        left_s = (self._total_s or BESIDE_S) - self._spent_s
        if seconds <= left_s:
            self._spent_s += seconds
        elif bound and self._over is None:
            left = f"{max(left_s, 0.0):,.0f} s"
            self._end(
                f"the next pause of {seconds:,.0f} s is longer than what is left of it, {left}"
            )
        return self._over if bound else None

    def _end(self, why: str) -> None:
        self._over = Failure(kind="timeout", why=why, sent=False)
