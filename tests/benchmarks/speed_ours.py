"""Our own client under load: what a run sends through, with everything that it does to a reply.

Started by `speed.py` with one argument, the load as JSON; prints what it measured as JSON. It
imports the transport and nothing above it, so that its memory is the transport's.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.core.exchange import Exchange, Reply, Request
from harness.spec.auth import Auth
from harness.spec.expressions import Source
from harness.transport.bodies.images import ImageCollector
from harness.transport.client import Live, LiveEndpoint
from harness.transport.redaction import Redactor

WAIT_S = 300.0
SPARE = 40
"""Connections at hand for an open loop, beyond which new ones are made."""


@dataclass(slots=True)
class Told:
    """What was measured: seconds by the request's name, and how many images were as expected."""

    spans: dict[str, float] = field(default_factory=dict)
    dues: dict[str, float] = field(default_factory=dict)
    verified: int = 0


def verified(exchange: Exchange, load: dict[str, Any]) -> bool:
    """Tell whether the reply has one image that decodes and measures what it should."""
    answer = exchange.answer
    if not isinstance(answer, Reply) or answer.status != 200:
        raise RuntimeError(f"no reply: {answer}")
    found = [
        (one.state, one.format, one.width_px, one.height_px, one.size_bytes)
        for one in answer.pictures.values()
    ]
    wanted = load["pixels"]
    return wanted is not None and found == [("decoded", "png", *wanted)]


@asynccontextmanager
async def opened(load: dict[str, Any]) -> AsyncIterator[Callable[[], Live]]:
    """Yield what opens transports; they are closed at the end."""
    folder = Path(load["folder"])
    source = Source(document="speed.py", section="any key will do")
    auth = Auth(header="Authorization", prefix="Bearer ", env="TRUTH_API_KEY", source=source)
    endpoint = LiveEndpoint(base_url=load["url"], auth=auth, key="none", provider="truth")

    def keep(name: str, raw: bytes) -> None:
        (folder / name).write_bytes(raw)
        (folder / name).unlink()  # it was there; hundreds of them are not wanted

    def keep_file(name: str, path: Path) -> None:
        path.replace(folder / name)
        (folder / name).unlink()

    pictures = ImageCollector(keep, keep_file=keep_file)
    async with AsyncExitStack() as stack:
        stack.callback(pictures.decoder.close)

        def one() -> Live:
            live = Live(endpoint, pictures=pictures, redactor=Redactor({}), now_s=time.monotonic)
            stack.push_async_callback(live.aclose)
            return live

        yield one


async def sent(worker: Live, load: dict[str, Any], name: str, told: Told, *, due_s: float) -> None:
    """Make one round trip and note how long it took from the moment it was due."""
    target = f"{load['path']}{'&' if '?' in load['path'] else '?'}id={name}"
    request = Request(method="POST", target=target, body={"prompt": "a cat"}, timeout_s=WAIT_S)
    exchange = await worker.send(request, due_s=due_s)
    began_s = exchange.times.due_s if load["rate"] else exchange.times.sent_s
    told.spans[name] = exchange.times.end_s - began_s
    told.dues[name] = due_s
    told.verified += verified(exchange, load)


async def closed(load: dict[str, Any], told: Told, one: Callable[[], Live]) -> None:
    """Keep a fixed number of requests under way."""
    names = iter(range(load["count"]))

    async def work(worker: Live) -> None:
        for name in names:
            await sent(worker, load, str(name), told, due_s=time.monotonic())

    await asyncio.gather(*(work(one()) for _ in range(load["concurrency"])))


async def timetabled(load: dict[str, Any], told: Told, one: Callable[[], Live]) -> None:
    """Send by the timetable, whatever becomes of what was sent before."""
    idle = [one() for _ in range(SPARE)]
    start_s = time.monotonic() + 1 / load["rate"]
    under_way: list[Awaitable[None]] = []

    async def send(name: str, due_s: float) -> None:
        worker = idle.pop() if idle else one()
        await sent(worker, load, name, told, due_s=due_s)
        idle.append(worker)

    for number in range(load["count"]):
        due_s = start_s + number / load["rate"]
        await asyncio.sleep(due_s - time.monotonic())
        under_way.append(asyncio.ensure_future(send(str(number), due_s)))
    await asyncio.gather(*under_way)


async def main(load: dict[str, Any]) -> Told:
    """Send all of a load."""
    told = Told()
    async with opened(load) as one:
        await (timetabled if load["rate"] else closed)(load, told, one)
    return told


if __name__ == "__main__":
    found = asyncio.run(main(json.loads(sys.argv[1])))
    document = {"spans": found.spans, "dues": found.dues, "verified": found.verified}
    sys.stdout.write(json.dumps(document))
