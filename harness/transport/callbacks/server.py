"""Our server on loopback, and this run's public addresses of reference images and webhooks."""

import asyncio
import secrets
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

import uvicorn

from harness.core.errors import HarnessError, UsageError
from harness.core.placeholders import ASSETS
from harness.spec.lifecycle import Webhook
from harness.transport.callbacks.app import CallbackApp, ReceivedWebhook
from harness.transport.placeholders import PlaceholderMap

HOST = "127.0.0.1"
STOP_S = 1
"""Seconds that a delivery under way gets to arrive when the run ends."""


class CallbackServer:
    """The real addresses behind a run's placeholders, and a server of our own on loopback.

    `assets_url` and `webhook_url` are addresses that the user made public (a bucket, a tunnel to
    our `port`). With `local`, for providers on this machine, the server's address stands in for a
    missing one. `webhooks` holds, by provider, what its documents say of webhooks and the API key
    that signs them. `run_word` is unique to this run.
    """

    def __init__(  # noqa: PLR0913 - facts that only the run has
        self,
        *,
        now_s: Callable[[], float],
        assets_url: str | None,
        webhook_url: str | None,
        port: int | None,
        local: bool,
        run_word: str,
        webhooks: Mapping[str, tuple[Webhook, str]],
    ) -> None:
        self._given_assets = _base(assets_url, "--assets-url")
        self._given_webhooks = _base(webhook_url, "--webhook-url")
        self._wanted_port = port
        self._local = local
        self._run_word = run_word
        self._webhooks = dict(webhooks)
        self._secret = secrets.token_urlsafe(24)
        self._receiver = CallbackApp(secret=self._secret, now_s=now_s)
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._address: str | None = None
        self._placeholders: dict[str, PlaceholderMap] = {}

    @property
    def assets_url(self) -> str | None:
        """Where reference images are served, without a slash at the end; None where nowhere."""
        local = f"{self._address}/assets" if self._local and self._address else None
        return self._given_assets or local

    @property
    def webhook_url(self) -> str | None:
        """Where webhooks are to go, without a slash at the end; None where they cannot arrive."""
        local = self._address if self._local else None
        return (self._given_webhooks or local) if self._address else None

    @property
    def port(self) -> int | None:
        """Where our server listens on loopback: a tunnel's other end; None while it does not."""
        return urlsplit(self._address).port if self._address else None

    @property
    def strangers(self) -> int:
        """How many deliveries came without this run's secret."""
        return self._receiver.strangers

    @property
    def dropped(self) -> int:
        """How many deliveries with the secret were too large, too slow or too many to keep."""
        return self._receiver.dropped

    async def start(self) -> None:
        """Listen, unless no address leads to us; UsageError where the port is not free."""
        if self._address or not (self._local or self._given_assets or self._given_webhooks):
            return
        bound = _bound(self._wanted_port or 0)
        self._server = _Server(_config(self._receiver))
        self._serving = asyncio.create_task(self._server.serve(sockets=[bound]))
        ready = asyncio.create_task(self._server.ready.wait())
        await asyncio.wait([ready, self._serving], return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            bound.close()
            raise HarnessError("our server for webhooks and images did not start")
        self._address = "http://{}:{}".format(*bound.getsockname())

    async def aclose(self) -> None:
        """Stop listening; whoever still waits for a delivery gets what has arrived."""
        self._receiver.close()
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await asyncio.wait([self._serving])
        self._server = self._serving = None

    def serve_assets(self, names: Iterable[str]) -> None:
        """Serve these reference images; a name that is no reference image stays a 404."""
        self._receiver.serve_assets(names)

    def placeholders(self, provider: str) -> PlaceholderMap:
        """Return the placeholders of this run's addresses for one provider."""
        if provider not in self._placeholders:
            assets, webhooks = self.assets_url, self.webhook_url
            placeholder_map = PlaceholderMap(
                assets=f"{assets}/" if assets else None,
                webhooks=f"{webhooks}/{self._secret}/{provider}/" if webhooks else None,
                run_word=self._run_word,
                hidden=self._hidden(),
            )
            if self._address is None:
                return placeholder_map  # it may be started yet
            self._placeholders[provider] = placeholder_map
        return self._placeholders[provider]

    def webhook_of(self, provider: str) -> tuple[Webhook, str] | None:
        """Return what a provider's documents say of its webhooks, and the key that signs them."""
        return self._webhooks.get(provider)

    async def delivered(
        self, provider: str, token: str, *, wait_s: float
    ) -> tuple[ReceivedWebhook, ...]:
        """Return the webhooks of a token in order; wait for the first while there is none.

        UsageError where none can arrive.
        """
        if self.webhook_url is None:
            raise UsageError("no webhook can arrive", hint="give an address with --webhook-url")
        return await self._receiver.delivered(provider, token, wait_s=wait_s)

    def _hidden(self) -> Iterator[tuple[str, str]]:
        yield self._secret, "secret"
        if self._address:
            yield urlsplit(self._address).netloc, urlsplit(ASSETS).netloc


class _Server(uvicorn.Server):
    """uvicorn that reports when it is ready and leaves the signals to the run."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(application: CallbackApp) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        interface="asgi3",
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=STOP_S,
    )


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((HOST, port))
        bound.listen(1024)  # from here on nobody else gets this port
    except (OSError, OverflowError) as error:
        bound.close()
        raise UsageError(
            f"cannot listen on {HOST} port {port}: {getattr(error, 'strerror', None) or error}",
            hint="choose another port, or none for a free one",
        ) from error
    return bound


def _base(url: str | None, option: str) -> str | None:
    """Return an address to which names can be joined; UsageError where it is none."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        parts, whole = urlsplit(""), False
    if not whole or parts.query or parts.fragment or "@" in parts.netloc:
        raise UsageError(
            f"{option}: {url} is no address to which names can be joined",
            hint="give http(s)://host/path, without a user, a query or a fragment",
        )
    return url.rstrip("/")
