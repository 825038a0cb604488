"""The emulator's own paths on every provider's port: the ledger, a reset, and the active faults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .faults.catalogue import parse_fault

if TYPE_CHECKING:
    from starlette.requests import Request

    from .state import ProviderState


def routes(desk: ProviderState) -> list[Route]:
    """Return the paths under /__emulator; they need no key and are not in the ledger themselves."""

    async def ledger(request: Request) -> Response:
        del request
        return JSONResponse(desk.ledger.as_json())

    async def reset(request: Request) -> Response:
        del request
        desk.reset()
        return JSONResponse({"reset": desk.provider})

    async def show(request: Request) -> Response:
        del request
        return JSONResponse({"faults": sorted(desk.faults.names)})

    async def switch(request: Request) -> Response:
        try:
            names = _wanted(desk.provider, await request.body())
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        desk.set_faults(names)
        return JSONResponse({"faults": sorted(names)})

    return [
        Route("/__emulator/ledger", ledger, methods=["GET"]),
        Route("/__emulator/reset", reset, methods=["POST"]),
        Route("/__emulator/faults", show, methods=["GET"]),
        Route("/__emulator/faults", switch, methods=["PUT"]),
    ]


def _wanted(provider: str, raw: bytes) -> frozenset[str]:
    """Return the fault names of {"faults": [...]}.

    Raises ValueError for anything else and for an unknown name.
    """
    body = json.loads(raw)
    texts = body.get("faults") if isinstance(body, dict) else None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError('the body must be {"faults": [NAME, ...]}')
    wanted: set[str] = set()
    for text in texts:
        wanted.update(name for _, name in parse_fault(text, (provider,)))
    return frozenset(wanted)
