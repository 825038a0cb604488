"""One generator over one transport."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from harness.core.exchange import Exchange, Failure
from harness.core.outcome import Fault, Outcome
from harness.transport.base import Transport
from harness.wire.steps import Answer, Pause, Send, Wire

OnExchange = Callable[[Exchange], Awaitable[None]]

CUT_OFF = Fault(
    error_class="unknown",
    why="the run was cut off while this was under way; it may have been paid, so it was not sent "
    "again",
    may_be_paid=True,
)


async def drive(
    wire: Wire,
    transport: Transport,
    *,
    due_s: float,
    on_exchange: OnExchange,
    past: Sequence[Exchange] = (),
) -> Outcome:
    """Run a conversation to its end and return its outcome.

    `on_exchange` is awaited after every round trip, before anything else is sent, so that what was
    received is kept first. `past` are round trips that an earlier run made: they are answered from
    memory and not made again. The one after them may have been under way when that run ended: where
    it could cost money, it is not made either.
    """
    memory = _Memory(past)
    answer: Answer | None = None
    try:
        while True:
            step = wire.send(answer)
            answer = None
            match step:
                case Pause(seconds=seconds):
                    if not memory.earlier:
                        await transport.pause(seconds)
                case Send(request=request, step=purpose):
                    answer = memory.answer(step)
                    if answer is None:
                        made = await transport.send(request, due_s=due_s)
                        exchange = replace(made, step=purpose)
                        await on_exchange(exchange)
                        answer = exchange.answer
    except StopIteration as done:
        outcome: Outcome = done.value
        return CUT_OFF if memory.cut_off else outcome


class _Memory:
    """What an earlier run was answered, in order, and what it may have been waiting for."""

    def __init__(self, past: Sequence[Exchange]) -> None:
        self.earlier = deque(past)
        self.cut_off = False
        """The submission itself is in doubt: nothing can be said of the shot."""
        self._in_doubt = bool(past)

    def answer(self, step: Send) -> Answer | None:
        """Return what is known, a failure where that is in doubt, or None for what may be sent."""
        if self.earlier:
            return self.earlier.popleft().answer
        in_doubt, self._in_doubt = self._in_doubt, False
        if not in_doubt or step.request.method != "POST" or step.step == "upload":
            return None  # it was not under way, or costs nothing
        self.cut_off = step.step == "submit"
        return Failure(kind="network", why=CUT_OFF.why, sent=True)
