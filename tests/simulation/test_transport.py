"""A simulated round trip that a stop of the run breaks off, as a real one is recorded."""

import asyncio
import random

import pytest

from harness.core.exchange import Exchange, Failure, Reply, Request
from harness.transport.base import STOPPED
from harness.transport.placeholders import PlaceholderMap
from harness.transport.redaction import Redactor
from tests.simulation.disk import Moments
from tests.simulation.loop import VirtualLoop
from tests.simulation.provider import SimulatedProvider
from tests.simulation.scenario import drawn
from tests.simulation.transport import Network, SimulatedTransport

SCENARIO = drawn(8)
REQUEST: Request = SCENARIO.plan.shots[0].request


def network(loop: VirtualLoop) -> Network:
    return Network(
        provider=SimulatedProvider(SCENARIO.kind, 0, breach=SCENARIO.breach, fails=False),
        rng=loop.rng,
        moments=Moments(),
        share=0.0,
        now_s=loop.time,
        placeholders=PlaceholderMap(assets="https://assets.sim/", run_word="0123456789abcdef"),
        redactor=Redactor({}),
        on_departure=lambda _request: None,
        on_arrival=lambda _request: None,
        keep_image=lambda _name, _content: None,
        log=lambda _line: None,
    )


def test_what_has_not_left_is_withdrawn_and_its_task_goes_on() -> None:
    loop = VirtualLoop(random.Random(1))
    line = network(loop)

    async def withdrawn() -> Exchange:
        transport: SimulatedTransport = line.opened()
        loop.call_soon(line.withdraw)
        exchange = await transport.send(REQUEST, due_s=0.0)
        await asyncio.sleep(1.0)  # raises where the task is still cancelled
        return exchange

    answer = loop.run_until_complete(withdrawn()).answer
    loop.close()
    assert isinstance(answer, Failure)
    assert (answer.kind, answer.sent) == ("network", False)
    assert answer.why.startswith(STOPPED)
    assert not line.provider.ledger.submissions.total()


@pytest.mark.parametrize("cancelled", [False, True])
def test_what_has_left_is_waited_for_until_it_is_broken_off(*, cancelled: bool) -> None:
    loop = VirtualLoop(random.Random(1))
    line, exchanges, arrived = network(loop), list[Exchange](), asyncio.Event()
    line.on_arrival = lambda _request: arrived.set()

    async def sent() -> None:
        exchanges.append(await line.opened().send(REQUEST, due_s=0.0))
        await asyncio.sleep(1.0)

    async def stopped() -> None:
        task = asyncio.ensure_future(sent())
        await arrived.wait()
        line.withdraw()
        if cancelled:
            task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() == cancelled

    loop.run_until_complete(stopped())
    loop.close()
    (answer,) = (exchange.answer for exchange in exchanges)
    if cancelled:
        assert isinstance(answer, Failure)
        assert answer.sent
        assert answer.why.startswith(STOPPED)
    else:
        assert isinstance(answer, Reply)
