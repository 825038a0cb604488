"""A small API on loopback that answers as a test says, and a harness that asks it by TOML alone."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from harness.core.case import Case, FollowUp, PlannedRequest
from harness.core.exchange import Credential, Exchange
from harness.core.jsonvalue import Json
from harness.core.outcome import Outcome
from harness.planning.plan import planned_request
from harness.reference_images import reference_bytes
from harness.runner.execution.conversation import drive
from harness.spec.provider import Provider
from harness.transport.bodies.images import ImageCollector
from harness.transport.callbacks.server import CallbackServer
from harness.transport.client import Live, LiveEndpoint
from harness.transport.redaction import Redactor
from harness.wire.protocol import speak
from harness.wire.retry import Wire

KEY = "key-of-the-user-0123456789"
PNG = reference_bytes("png-rgb-256x256-1.png")
RUN_WORD = "9f86d081884c7d65"
SCALE = 0.0005
"""Of a second that the wire pauses, how much a test waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        """Its JSON; empty where it has none."""
        found: dict[str, Any] = json.loads(self.raw) if self.raw else {}
        return found


Answer = tuple[int, Json | bytes]
Answers = Callable[[Asked, str], Answer]
"""Answers a request; the second argument is the server's own address."""


@dataclass(slots=True, kw_only=True)
class Api:
    """Where the server is, and what it was asked."""

    url: str
    asked: list[Asked] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        return [f"{one.method} {one.path}" for one in self.asked]


@contextmanager
def served(answers: Answers, *, host: str = "127.0.0.1") -> Iterator[Api]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            address = urlsplit(self.path)
            asked = Asked(
                method=self.command,
                path=address.path,
                query=tuple(parse_qsl(address.query, keep_blank_values=True)),
                headers={name.lower(): text for name, text in self.headers.items()},
                raw=self.rfile.read(length),
            )
            api.asked.append(asked)
            status, content = answers(asked, api.url)
            raw = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            kind = "image/png" if isinstance(content, bytes) else "application/json"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's
            pass

    server = ThreadingHTTPServer((host, 0), Handler)
    api = Api(url=f"http://{host}:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def planned(
    provider: Provider,
    arguments: dict[str, Json],
    *,
    operation: str = "generate",
    follow_ups: tuple[FollowUp, ...] = (),
    credential: Credential = "own",
) -> PlannedRequest:
    """The request of a case with these arguments."""
    case = Case(
        id=f"{operation}/base",
        provider=provider.name,
        operation=operation,
        expect="accept",
        about=None,
        breaks=None,
        covers=(),
        arguments=arguments,
        follow_ups=follow_ups,
        credential=credential,
    )
    return planned_request(provider, case)


@dataclass(slots=True, kw_only=True)
class Talked:
    """How a conversation ended, and its round trips."""

    outcome: Outcome
    exchanges: list[Exchange]

    @property
    def steps(self) -> list[str]:
        return [exchange.step for exchange in self.exchanges]


def talk(  # noqa: PLR0913 - what a test may want otherwise
    provider: Provider,
    shot: PlannedRequest,
    base_url: str,
    *,
    past: Sequence[Exchange] = (),
    redactor: Redactor | None = None,
    wire: Wire | None = None,
) -> Talked:
    """Send a request over sockets and see it through; `past` was seen by an earlier process."""
    wire = wire or speak(provider, provider.operation(shot.case.operation), shot)
    return asyncio.run(_talk(provider, wire, base_url, past, redactor))


async def _talk(
    provider: Provider,
    wire: Wire,
    base_url: str,
    past: Sequence[Exchange],
    redactor: Redactor | None,
) -> Talked:
    exchanges: list[Exchange] = [*past]
    start = time.monotonic()
    transport = Live(
        LiveEndpoint(base_url=base_url, auth=provider.auth, key=KEY, provider=provider.name),
        pictures=ImageCollector(lambda _name, _raw: None),
        redactor=redactor or Redactor({provider.auth.env: KEY}),
        now_s=lambda: time.monotonic() - start,
        time_scale=SCALE,
        outside=CallbackServer(
            now_s=time.monotonic,
            assets_url="https://assets.test",
            webhook_url="https://hooks.test",
            port=None,
            local=True,
            run_word=RUN_WORD,
            webhooks={},
        ),
    )

    async def keep(exchange: Exchange) -> None:
        exchanges.append(exchange)

    try:
        outcome = await drive(wire, transport, due_s=0.0, on_exchange=keep, past=past)
    finally:
        await transport.aclose()
    return Talked(outcome=outcome, exchanges=exchanges)
