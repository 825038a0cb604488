"""One provider with jobs, as the machine sees it: over the harness' own transport, on real sockets.

The same world is an emulator, whose books can be read, or a live provider under a budget, of which
nothing is known but its replies.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from harness.core.exchange import Failure, Picture, Reply, Request
from harness.core.placeholders import INBOX, THIS_RUN, WEBHOOKS
from harness.spec import price
from harness.spec.lifecycle import Job
from harness.spec.provider import Operation, Provider
from harness.spec.request import build_request
from harness.transport.bodies.images import ImageCollector
from harness.transport.callbacks.server import CallbackServer
from harness.transport.client import Live, LiveEndpoint
from harness.transport.redaction import Redactor
from harness.wire.retry import Answer, Pause, Send, Talk
from tests.lifecycle.purse import Purse
from tests.loopback import loopback
from tests.shipped import shipped_provider as shipped

SCALE = 0.001
"""The emulator's time, and ours against it."""

DELIVERY_S = 30.0


class BrokenError(AssertionError):
    """A promise of the life cycle was broken; `promise` names it."""

    def __init__(self, promise: str, why: str) -> None:
        super().__init__(f"{promise}: {why}")
        self.promise = promise


@dataclass(slots=True, kw_only=True)
class Known:
    """A job that we made: what was asked, what may be charged, and what was seen of it."""

    id: str
    sent: Request
    images: int
    listed: Decimal
    doomed: bool = False
    seen: list[str] = field(default_factory=list)
    ended: str | None = None
    urls: tuple[str, ...] = ()
    cancel_refused: bool = False
    polled_s: float = float("-inf")
    fetched: bool = False


class World:
    """Everything outside the machine."""

    def __init__(  # noqa: PLR0913 - what tells one world from another
        self,
        name: str,
        url: str,
        *,
        key: str,
        purse: Purse,
        live: bool = False,
        deaf: bool = False,
        time_scale: float = SCALE,
        webhook_url: str | None = None,
        port: int | None = None,
    ) -> None:
        self.name, self.url, self.live, self.deaf = name, url, live, deaf
        self.provider: Provider = shipped(name)
        self.purse = purse
        self.found: list[BrokenError] = []
        self.did: Counter[str] = Counter()
        self.jobs: dict[str, Known] = {}
        self._loop = asyncio.Runner()
        self._outside = self._places(key, webhook_url, port)
        started = time.monotonic()
        self._transport = Live(
            LiveEndpoint(base_url=url, auth=self.provider.auth, key=key, provider=name),
            pictures=ImageCollector(lambda _name, _raw: None),
            redactor=Redactor({self.provider.auth.env: key}),
            now_s=lambda: time.monotonic() - started,
            time_scale=time_scale,
            outside=self._outside,
        )
        self._loop.run(self._outside.start())
        self._control = loopback(url)
        self._tokens = 0

    def _places(self, key: str, webhook_url: str | None, port: int | None) -> CallbackServer:
        webhook = self.operation().webhook
        return CallbackServer(
            now_s=time.monotonic,
            assets_url=None,
            webhook_url=webhook_url,
            port=port,
            local=not self.live,
            run_word=f"lifecycle-{time.time_ns()}",
            webhooks={self.name: (webhook, key)} if webhook else {},
        )

    def close(self) -> None:
        self._loop.run(self._transport.aclose())
        self._loop.run(self._outside.aclose())
        self._loop.close()
        self._control.close()

    # ------------------------------------------------------------------------ what it promises
    def operation(self, name: str = "generate") -> Operation:
        return self.provider.operation(name)

    @property
    def job(self) -> Job:
        job = self.operation().job
        assert job is not None
        return job

    @property
    def has_keys(self) -> bool:
        return self.job.idempotency is not None

    @property
    def has_webhooks(self) -> bool:
        """Tell whether we can be reached: live, only under an address that was given."""
        known = self.operation().webhook is not None and self._outside.webhook_url is not None
        return known and not self.deaf

    def broken(self, promise: str, why: str) -> BrokenError:
        self.found.append(BrokenError(promise, why))
        return self.found[-1]

    # ------------------------------------------------------------------------------ asking
    def talk(self, talk: Talk[Answer]) -> Answer:
        """See one request through with the harness' own patience; outages are retried by it."""

        async def go() -> Answer:
            answer: Answer | None = None
            try:
                while True:
                    match talk.send(answer):
                        case Pause(seconds=seconds):
                            answer = None
                            await self._transport.pause(seconds)
                        case Send(request=asked):
                            answer = (await self._transport.send(asked, due_s=0.0)).answer
            except StopIteration as done:
                settled: Reply | Failure = done.value
                return settled

        return self._loop.run(go())

    def pace(self, known: Known) -> None:
        """Let the documented time pass between two polls of a job."""
        left_s = known.polled_s + self.job.interval_s - time.monotonic() if self.live else 1.0
        if left_s > 0:
            self._loop.run(self._transport.pause(left_s))
        known.polled_s = time.monotonic()

    def built(
        self, arguments: Mapping[str, Any], *, operation: str = "generate"
    ) -> tuple[Request, int, Decimal]:
        """Return a submission under a key of its own, how many images it asks for, its price."""
        self._tokens += 1
        described = self.operation(operation)
        sent = build_request(
            self.provider, described, dict(arguments), key=f"{THIS_RUN}-{self._tokens}"
        )
        listed = price.price_of(self.provider, described, dict(arguments))
        return sent, listed.images, listed.amount

    def webhook(self) -> tuple[str, Request]:
        """Return an address of our own receiver, and the request for what was delivered there."""
        self._tokens += 1
        token = f"job-{self._tokens}"
        wait = Request(method="GET", target=INBOX + token, timeout_s=DELIVERY_S)
        return WEBHOOKS + token, wait

    # ---------------------------------------------------------------------- the emulator's side
    def begin(self) -> None:
        """Forget all jobs, where that is possible: a live provider's stay, and are old ones."""
        if not self.live:
            self.jobs.clear()
            self._control.post("/__emulator/reset").raise_for_status()

    def switch(self, *faults: str) -> None:
        sent = self._control.put("/__emulator/faults", json={"faults": faults})
        sent.raise_for_status()

    def entries(self) -> list[dict[str, Any]]:
        """Every request in the emulator's books; nobody else shows any."""
        if self.live:
            return []
        found: list[dict[str, Any]] = self._control.get("/__emulator/ledger").json()["entries"]
        return found


def whole(picture: Picture | None) -> bool:
    return picture is not None and picture.state == "decoded"


@contextmanager
def emulated(name: str, url: str, *faults: str, deaf: bool = False) -> Iterator[World]:
    """A world whose provider is the emulator at this address, with these faults."""
    world = World(name, url, key="emulator-key", purse=Purse(None), deaf=deaf)
    try:
        world.switch(*faults)
        yield world
    finally:
        world.switch()
        world.close()


def live_world(environment: Mapping[str, str]) -> World:
    """A real provider's world, as the environment describes it; ValueError says what is missing."""
    name = _wanted(environment, "HARNESS_LIFECYCLE_PROVIDER", among=("buble", "apiframe"))
    images = _wanted(environment, "HARNESS_LIFECYCLE_IMAGES")
    if not images.isascii() or not images.isdigit():
        raise ValueError(f"HARNESS_LIFECYCLE_IMAGES={images} is no number")
    port = environment.get("HARNESS_LIFECYCLE_PORT")
    return World(
        name,
        environment.get("HARNESS_LIFECYCLE_BASE_URL") or shipped(name).base_url or "",
        key=_wanted(environment, shipped(name).auth.env),
        purse=Purse(int(images)),
        live=True,
        time_scale=1.0,
        webhook_url=environment.get("HARNESS_LIFECYCLE_WEBHOOK_URL"),
        port=int(port) if port else None,
    )


def _wanted(environment: Mapping[str, str], name: str, *, among: tuple[str, ...] = ()) -> str:
    value = environment.get(name, "").strip()
    if not value or (among and value not in among):
        raise ValueError(f"set {name}" + (f" to one of {', '.join(among)}" if among else ""))
    return value
