"""One generator over one transport."""

from collections.abc import Awaitable, Callable, Sequence

from harness.core.exchange import Exchange
from harness.core.outcome import Outcome
from harness.transport.base import Transport
from harness.wire.step import Pause, Send, Wire

OnExchange = Callable[[Exchange], Awaitable[None]]


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
    memory and not made again.
    """
    earlier = list(past)
    answer = None
    try:
        while True:
            step = wire.send(answer)
            answer = None
            match step:
                case Pause(seconds=seconds):
                    if not earlier:
                        await transport.pause(seconds)
                case Send(request=request):
                    if earlier:
                        exchange = earlier.pop(0)
                    else:
                        exchange = await transport.send(request, due_s=due_s)
                        await on_exchange(exchange)
                    answer = exchange.answer
    except StopIteration as done:
        outcome: Outcome = done.value
        return outcome
