"""A transport and the places of a run, open for the length of a block."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from harness.core.exchange import Exchange, Failure, Reply
from harness.spec.expressions import Source
from harness.spec.lifecycle import Webhook
from harness.transport.bodies.images import ImageCollector
from harness.transport.callbacks.server import CallbackServer
from harness.transport.client import Live, LiveEndpoint
from harness.transport.redaction import Redactor
from tests.shipped import shipped_provider

KEY = "sk-live-0123456789abcdefghij"
RUN_WORD = "9f86d081884c7d65"
PROVIDER = "apiframe"
WEBHOOK = Webhook(
    argument="webhook_url",
    id=(),
    state=(),
    signature="X-Webhook-Signature",
    prefix="sha256=",
    keys=("sha256", "sha256_hex"),
    source=Source(document="facts", section="4"),
)


def clock() -> Callable[[], float]:
    """The clock of a run that starts now."""
    start = time.monotonic()
    return lambda: time.monotonic() - start


@asynccontextmanager
async def outside(
    *,
    assets_url: str | None = None,
    webhook_url: str | None = None,
    port: int | None = None,
    local: bool = True,
) -> AsyncIterator[CallbackServer]:
    """The places of a run; its server is closed after the block."""
    places = CallbackServer(
        now_s=clock(),
        assets_url=assets_url,
        webhook_url=webhook_url,
        port=port,
        local=local,
        run_word=RUN_WORD,
        webhooks={PROVIDER: (WEBHOOK, KEY)},
    )
    try:
        await places.start()
        yield places
    finally:
        await places.aclose()


@asynccontextmanager
async def live(
    base_url: str,
    places: CallbackServer | None = None,
    *,
    name: str = PROVIDER,
    time_scale: float = 1.0,
    now_s: Callable[[], float] | None = None,
) -> AsyncIterator[Live]:
    """One worker's connection."""
    transport = Live(
        LiveEndpoint(
            base_url=base_url, auth=shipped_provider("sub2api").auth, key=KEY, provider=name
        ),
        pictures=ImageCollector(lambda _name, _raw: None),
        redactor=Redactor({"SUB2API_API_KEY": KEY}),
        now_s=now_s or clock(),
        time_scale=time_scale,
        outside=places,
    )
    try:
        yield transport
    finally:
        await transport.aclose()


def replied(exchange: Exchange) -> Reply:
    """The reply of a round trip that brought one."""
    assert isinstance(exchange.answer, Reply), exchange.answer
    return exchange.answer


def failed(exchange: Exchange) -> Failure:
    """The failure of a round trip that brought no whole reply."""
    assert isinstance(exchange.answer, Failure), exchange.answer
    return exchange.answer
