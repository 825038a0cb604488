"""What only this run knows of places outside: where reference images lie, where webhooks arrive."""

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
    """The real places behind a run's stand-ins, and a server of our own on loopback.

    `assets_url` and `webhook_url` are addresses that the user made public (a bucket, a tunnel to
    our `port`); with `local`, for providers on this machine, what was not given is the server's own
    address, and without it there is none. `webhooks` holds, by provider, what its documents say of
    webhooks and the API key that signs them. `run_word` tells this run from every other.
    """

    def __init__(  # noqa: PLR0913 - each a thing only the run knows
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
        self._own: str | None = None
        self._stand_ins: dict[str, PlaceholderMap] = {}

    @property
    def assets_url(self) -> str | None:
        """Where reference images are found, without a slash at the end; None where nowhere."""
        own = f"{self._own}/assets" if self._local and self._own else None
        return self._given_assets or own

    @property
    def webhook_url(self) -> str | None:
        """Where webhooks are to go, without a slash at the end; None where they cannot arrive."""
        return (self._given_webhooks or (self._own if self._local else None)) if self._own else None

    @property
    def port(self) -> int | None:
        """Where our server listens on loopback: a tunnel's other end; None while it does not."""
        return urlsplit(self._own).port if self._own else None

    @property
    def strangers(self) -> int:
        """How many deliveries came without this run's secret."""
        return self._receiver.strangers

    @property
    def dropped(self) -> int:
        """How many deliveries with the secret were too large, too slow or too many to be kept."""
        return self._receiver.dropped

    async def start(self) -> None:
        """Listen, where anybody could find us; UsageError where the port cannot be had."""
        if self._own or not (self._local or self._given_assets or self._given_webhooks):
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
        self._own = "http://{}:{}".format(*bound.getsockname())

    async def aclose(self) -> None:
        """Stop listening; who still waits for a delivery gets what has come."""
        self._receiver.close()
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await asyncio.wait([self._serving])
        self._server = self._serving = None

    def serve_assets(self, names: Iterable[str]) -> None:
        """Let our server hand out these reference images; a name of none stays missing."""
        self._receiver.serve_assets(names)

    def stand_ins(self, provider: str) -> PlaceholderMap:
        """Return what stands for which address in what this provider is sent."""
        if provider not in self._stand_ins:
            assets, webhooks = self.assets_url, self.webhook_url
            placeholder_map = PlaceholderMap(
                assets=f"{assets}/" if assets else None,
                webhooks=f"{webhooks}/{self._secret}/{provider}/" if webhooks else None,
                run_word=self._run_word,
                hidden=self._hidden(),
            )
            if self._own is None:
                return placeholder_map  # it may be started yet
            self._stand_ins[provider] = placeholder_map
        return self._stand_ins[provider]

    def webhook_of(self, provider: str) -> tuple[Webhook, str] | None:
        """Return what a provider's documents say of its webhooks, and the key that signs them."""
        return self._webhooks.get(provider)

    async def delivered(
        self, provider: str, token: str, *, wait_s: float
    ) -> tuple[ReceivedWebhook, ...]:
        """Return what came under a token, in order; wait for the first while there is none.

        UsageError where nothing can come.
        """
        if self.webhook_url is None:
            raise UsageError("no webhook can arrive", hint="give an address with --webhook-url")
        return await self._receiver.delivered(provider, token, wait_s=wait_s)

    def _hidden(self) -> Iterator[tuple[str, str]]:
        yield self._secret, "secret"
        if self._own:
            yield urlsplit(self._own).netloc, urlsplit(ASSETS).netloc


class _Server(uvicorn.Server):
    """uvicorn that says when it is ready and leaves the signals to the run."""

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
