"""The harness's own error, measured against a server whose delays are known.

The server is a process of its own (`harness.emulator.delay_server.server`); what is sent to it
passes through the transport of the run, on the run's event loop, at the run's concurrency and body
size. The error of a reply is what we measured less what the server's own log says: both read the
machine's monotonic clock, so durations compare without any assumption about delays.
"""

import asyncio
import json
import math
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import quantiles

from harness.core.benchmark import Calibration
from harness.core.errors import EmulatorError
from harness.core.exchange import Exchange, Failure, Reply, Request
from harness.core.jsonvalue import Json
from harness.runner.shutdown import first_line, stop_process
from harness.spec.auth import Auth
from harness.spec.expressions import Source
from harness.transport.bodies.images import ImageCollector
from harness.transport.client import Live, LiveEndpoint
from harness.transport.redaction import Redactor

TRUTH = (sys.executable, "-m", "harness.emulator.delay_server.server", "--json", "--until-eof")
START_S = 10.0
WITHIN_S = 60.0
"""Who takes longer has no calibration: it must not hold up what is paid for."""

REPLIES = 300
"""As many as a p99 needs."""
RATE_PER_S = 300.0
"""Below what a client manages, for a benchmark sends no more than a few requests a second."""
LEAST_DELAY_S, SIGMA = 0.005, 0.5
"""Delays are spread, or all replies would come at the same moment, which those of a run do not."""

IMAGE_FROM_BYTES = 4_096
"""Longer replies hold an image, which is unpacked and decoded as in the run."""
IMAGE_BYTES_PER_S = 100_000_000
"""About what can be decoded: more at once would measure how long one waits for that."""
ROUNDS_S = 2.0
"""How long to ask for images."""

BYTES_AT_MOST = 256 * 1024 * 1024
"""Of all images together: what is larger leaves at a lower concurrency, and says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """What is asked: `rounds` times `concurrency` replies, of which the first are a warm-up."""

    concurrency: int
    rounds: int
    path: str
    warm_up: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Truth:
    """When the server had read a request, and when it wrote the reply's first and last byte."""

    received_s: float
    first_s: float
    last_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Error:
    """What we reported less the truth, in seconds: to the last byte, and to the first."""

    last_s: float
    first_s: float


async def calibrate(
    *, concurrency: int, body_bytes: int, server: Sequence[str] = TRUTH
) -> Calibration:
    """Measure our own error at that concurrency and with replies of that length.

    Takes a second or two, more where bodies are large. Never raises: without a figure, `failed`
    says why. The quantiles are those of the sample, between its values (Hyndman and Fan's type 7).
    `server` is the command that starts the one with known delays.
    """
    schedule = _laid_out(concurrency, body_bytes)
    work = asyncio.ensure_future(_errors(schedule, server))
    try:
        await asyncio.wait((work,), timeout=WITHIN_S)
        late = not work.done()
    finally:  # a task of its own: round trips that are cut off cancel theirs once more
        work.cancel()
        await asyncio.wait((work,))
    if late or work.cancelled():
        why = f"it took longer than {WITHIN_S:g} s"
    elif (error := work.exception()) is not None:  # a benchmark goes on; its report says so
        why = str(error) or type(error).__name__
    else:
        errors = work.result()
        p50_s, p99_s = _quantiles([error.last_s for error in errors])
        first_p50_s, first_p99_s = _quantiles([error.first_s for error in errors])
        return Calibration(
            concurrency=schedule.concurrency,
            body_bytes=body_bytes,
            n=len(errors),
            p50_s=p50_s,
            p99_s=p99_s,
            first_p50_s=first_p50_s,
            first_p99_s=first_p99_s,
        )
    return Calibration(concurrency=schedule.concurrency, body_bytes=body_bytes, n=0, failed=why)


def _laid_out(concurrency: int, body_bytes: int) -> _Round:
    """Return the requests to send, few enough for a second or two."""
    if body_bytes < IMAGE_FROM_BYTES:
        delay_s = max(LEAST_DELAY_S, concurrency / RATE_PER_S)
        path = f"/delay/{delay_s * 1000:g}/body/{body_bytes}?sigma={SIGMA}&id="
        rounds = 1 + math.ceil(REPLIES / concurrency)
        return _Round(concurrency=concurrency, rounds=rounds, path=path, warm_up=path)
    at_once = max(1, min(concurrency, BYTES_AT_MOST // body_bytes))
    least_s = max(4 * LEAST_DELAY_S, at_once / RATE_PER_S)
    delay_s = min(max(least_s, at_once * body_bytes / IMAGE_BYTES_PER_S), ROUNDS_S / 2)
    path = f"/delay/{delay_s * 1000:g}/image/{body_bytes}?sigma={SIGMA}&id="
    at_most = (
        math.ceil(REPLIES / at_once),
        int(ROUNDS_S / delay_s),
        BYTES_AT_MOST // body_bytes // at_once,
    )
    return _Round(
        concurrency=at_once,
        rounds=1 + max(1, min(at_most)),
        path=path,
        warm_up=f"/delay/0/image/{min(body_bytes, IMAGE_FROM_BYTES)}?id=",
    )


async def _errors(schedule: _Round, server: Sequence[str]) -> list[_Error]:
    """Start the server, ask, and hold its log beside what we measured. Raises EmulatorError."""
    async with _started(server) as url, _workers(url, schedule.concurrency) as workers:
        await _answered(workers[0], schedule.path + "made")  # the server makes its bodies first
        turns = [
            asyncio.ensure_future(_turns(worker, schedule, number))
            for number, worker in enumerate(workers)
        ]
        try:
            exchanges = dict(pair for pairs in await asyncio.gather(*turns) for pair in pairs)
        finally:
            for turn in turns:
                turn.cancel()
            await asyncio.wait(turns)
        log = await _log(workers[0])
    if not exchanges.keys() <= log.keys():
        raise EmulatorError("the log of the server with known delays lacks requests of ours")
    return [_error(exchange, log[name]) for name, exchange in exchanges.items()]


@asynccontextmanager
async def _workers(url: str, count: int) -> AsyncIterator[list[Live]]:
    source = Source(document="harness/emulator/delay_server/server.py", section="any key will do")
    auth = Auth(header="Authorization", prefix="Bearer ", env="TRUTH_API_KEY", source=source)
    endpoint = LiveEndpoint(base_url=url, auth=auth, key="none", provider="truth")
    pictures = ImageCollector(lambda _name, _raw: None, keep_file=lambda _name, _path: None)
    workers = [
        Live(endpoint, pictures=pictures, redactor=Redactor({}), now_s=time.monotonic)
        for _ in range(count)
    ]
    try:
        yield workers
    finally:
        for worker in workers:
            await worker.aclose()
        pictures.decoder.close()


@asynccontextmanager
async def _started(server: Sequence[str]) -> AsyncIterator[str]:
    """Start the server, yield its address, and stop it. EmulatorError where it does not come up."""
    process = subprocess.Popen(  # noqa: ASYNC220,S603 - our own module, before anything is timed
        server,
        stdin=subprocess.PIPE,  # it ends when this closes: a killed harness leaves none behind
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is ours to handle
    )
    try:
        yield await _url(process)
    finally:
        stop_process(process)  # at once: whoever is being stopped may not wait any more


async def _url(process: "subprocess.Popen[str]") -> str:
    reading = asyncio.ensure_future(asyncio.to_thread(first_line, process))
    try:
        line = await asyncio.wait_for(asyncio.shield(reading), START_S)
        return str(json.loads(line)["url"])
    except TimeoutError:
        why = f"it said nothing within {START_S:g} s"
    except (ValueError, KeyError, TypeError):
        process.terminate()
        errors = (await asyncio.to_thread(process.communicate))[1].strip().splitlines()
        why = errors[-1] if errors else "it did not say where it is"
    finally:
        if not reading.done():  # nothing else ends the thread that reads
            process.kill()
            await reading
    raise EmulatorError(f"the server with known delays did not start: {why}")


async def _turns(worker: Live, schedule: _Round, number: int) -> list[tuple[str, Exchange]]:
    """Make one worker's round trips, one after the other, and return all but the first."""
    await _answered(worker, f"{schedule.warm_up}{number}/0")
    names = [f"{number}/{turn}" for turn in range(1, schedule.rounds)]
    return [(name, await _answered(worker, schedule.path + name)) for name in names]


async def _answered(worker: Live, target: str) -> Exchange:
    """Ask, and insist on a whole reply. Raises EmulatorError."""
    request = Request(method="POST", target=target, body={}, timeout_s=WITHIN_S)
    exchange = await worker.send(request, due_s=time.monotonic())
    match exchange.answer:
        case Failure(why=why):
            await asyncio.sleep(0)  # a stopped round trip is cancelled only now
            raise EmulatorError(f"no reply from the server with known delays: {why}")
        case Reply(status=200, document=dict()):
            return exchange
        case Reply(status=status):
            raise EmulatorError(f"the server with known delays answered {status} to {target}")


async def _log(worker: Live) -> dict[str, _Truth]:
    match (await _answered(worker, "/log")).answer:
        case Reply(document={"requests": list(entries)}):
            return dict(pair for entry in entries if (pair := _logged(entry)) is not None)
        case _:
            raise EmulatorError("the server with known delays has no log")


def _logged(entry: Json) -> tuple[str, _Truth] | None:
    """Read a line of the log; None for a line without a whole reply."""
    match entry:
        case {
            "id": str(name),
            "received_s": float(received_s),
            "first_s": float(first_s),
            "last_s": float(last_s),
        }:
            return name, _Truth(received_s=received_s, first_s=first_s, last_s=last_s)
        case _:
            return None


def _error(exchange: Exchange, truth: _Truth) -> _Error:
    times = exchange.times
    first_s = times.end_s if times.first_byte_s is None else times.first_byte_s
    return _Error(
        last_s=times.end_s - times.sent_s - (truth.last_s - truth.received_s),
        first_s=first_s - times.sent_s - (truth.first_s - truth.received_s),
    )


def _quantiles(values: list[float]) -> tuple[float, float]:
    cuts = quantiles([*values, *values] if len(values) == 1 else values, n=100, method="inclusive")
    return cuts[49], cuts[98]
