"""Six servers in one process and one event loop, each on its own port."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import sys
import traceback
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import pipeline
from .decision import Problem
from .faults.authenticity import NEED_SIGNATURES
from .faults.catalogue import parse_fault
from .pictures import ImageCache
from .providers import PROVIDERS
from .rules.parameters import is_integer
from .state import ProviderState, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from .pipeline import ProviderServer

NAMES = tuple(provider.name for provider in PROVIDERS)


class PortError(OSError):
    """A port cannot be bound; the message says which, for which provider and why."""


def bind(host: str, first_port: int | None) -> dict[str, socket.socket]:
    """Return a bound socket per provider: on free ports, or on `first_port` and those after it.

    Raises PortError.
    """
    bound: dict[str, socket.socket] = {}
    for offset, name in enumerate(NAMES):
        port = 0 if first_port is None else first_port + offset
        try:
            bound[name] = _bound(host, port)
        except (OSError, OverflowError) as error:
            for earlier in bound.values():
                earlier.close()
            reason = getattr(error, "strerror", None) or str(error)
            raise PortError(f"cannot serve {name} on {host} port {port}: {reason}") from error
    return bound


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        # Listening from here on: without it, another process may still bind the same port.
        bound.listen(2048)
    except OSError:
        bound.close()
        raise
    return bound


def base_url(bound: socket.socket) -> str:
    """Return the http address of a bound socket."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def build(
    settings: Settings, faults: Mapping[str, frozenset[str]], variants: Mapping[str, frozenset[str]]
) -> dict[str, Starlette]:
    """Return one application per provider; they share nothing but the encoded pictures."""
    pictures = ImageCache()
    applications: dict[str, Starlette] = {}
    for server in PROVIDERS:
        name = server.name
        state = ProviderState(
            name,
            server.unit,
            settings=settings,
            pictures=pictures,
            variants=variants.get(name, frozenset()),
        )
        state.set_faults(faults.get(name, frozenset()))
        applications[name] = _application(server(state))
    return applications


def _application(provider: ProviderServer) -> Starlette:
    async def download(request: Request) -> Response:
        return await pipeline.answer_download(provider, request)

    async def not_found(request: Request, _: Exception) -> Response:
        return await pipeline.answer_problem(provider, request, Problem.NOT_FOUND)

    async def wrong_method(request: Request, _: Exception) -> Response:
        return await pipeline.answer_problem(provider, request, Problem.WRONG_METHOD)

    return Starlette(
        routes=[
            *provider.routes(),
            Route("/cdn/{name}", download, methods=["GET"]),
            *_control_routes(provider.state),
        ],
        exception_handlers={404: not_found, 405: wrong_method},
    )


def _control_routes(state: ProviderState) -> list[Route]:
    """Return the paths under /__emulator; they need no key and are not in the ledger themselves.

    `trust_anchors` serves the roots of what signs the images as PEM, 404 where none are signed.
    """

    async def ledger(_: Request) -> Response:
        kept = {"jobs": state.jobs_as_json()} if state.settings.keep_requests else {}
        return JSONResponse({**state.ledger.as_json(), **kept})

    async def reset(request: Request) -> Response:
        try:
            state.reset(_seed(await request.body()))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"reset": state.provider})

    async def faults(request: Request) -> Response:
        if request.method == "PUT":
            try:
                names = _fault_names(state.provider, await request.body())
                _check_signatures(state, names)
                state.set_faults(names)
            except ValueError as error:
                return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"faults": sorted(state.faults.names)})

    async def trust_anchors(_: Request) -> Response:
        signer = state.settings.signer
        if signer is None:
            return JSONResponse({"error": "images are not signed"}, 404)
        return Response(signer.trust_anchors, media_type="application/x-pem-file")

    return [
        Route("/__emulator/trust_anchors", trust_anchors, methods=["GET"]),
        Route("/__emulator/ledger", ledger, methods=["GET"]),
        Route("/__emulator/reset", reset, methods=["POST"]),
        Route("/__emulator/faults", faults, methods=["GET", "PUT"]),
    ]


def _seed(raw: bytes) -> int | None:
    """Return the seed of {"seed": N}, None for an empty body; raises ValueError for others."""
    body = json.loads(raw) if raw else {"seed": None}
    seed = body.get("seed", "") if isinstance(body, dict) else ""
    if seed is not None and not is_integer(seed):
        raise ValueError('the body must be empty or {"seed": N}')
    return seed


def _fault_names(provider: str, raw: bytes) -> frozenset[str]:
    """Return the fault names of {"faults": [...]}.

    Raises ValueError for anything else and for an unknown name.
    """
    body = json.loads(raw)
    texts = body.get("faults") if isinstance(body, dict) else None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError('the body must be {"faults": [NAME, ...]}')
    return frozenset(name for text in texts for _, name in parse_fault(text, (provider,)))


def _check_signatures(state: ProviderState, names: frozenset[str]) -> None:
    """Raise ValueError where a fault is about signatures and images have none."""
    unseen = sorted(names & NEED_SIGNATURES)
    if unseen and state.settings.signer is None:
        raise ValueError(f"{unseen[0]} needs an emulator started with --signed")


def _by_port(applications: Mapping[int, Starlette]) -> ASGIApp:
    """Return one application that passes a request to the provider whose port received it."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await applications[scope["server"][1]](scope, receive, send)
        except ClientDisconnect:
            return  # the client left while its body was read or its events were written
        except Exception:
            # uvicorn prints nothing here: without this a bug of ours would show only as a 500.
            traceback.print_exc(file=sys.stderr)
            raise

    return dispatch


class _Server(uvicorn.Server):
    """uvicorn that announces when it is ready and leaves the signals to us.

    Its own handling ends the process by the signal instead of exit code 0.
    """

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    applications: Mapping[str, Starlette],
    bound: Mapping[str, socket.socket],
    announce: Callable[[], None],
) -> None:
    """Serve until SIGTERM or SIGINT; `announce` is called once, when every port answers."""
    by_port = {bound[name].getsockname()[1]: app for name, app in applications.items()}
    config = uvicorn.Config(
        _by_port(by_port),
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=0,  # open requests are cut
    )
    server = _Server(config, announce)

    def stop() -> None:
        server.should_exit = True

    with _signals(stop):
        await server.serve(sockets=list(bound.values()))


@contextlib.contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on SIGTERM and SIGINT; does nothing outside the main thread."""
    loop = asyncio.get_running_loop()
    handled: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGINT)
    try:
        for number in handled:
            loop.add_signal_handler(number, stop)
    except (NotImplementedError, RuntimeError, ValueError):
        handled = ()
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
