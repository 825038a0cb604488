"""httpx over aiohttp's sockets under load: bodies are written to disk, and nothing is decoded.

Started by `speed.py` with the load as JSON, by the Python of an environment that has httpx-aiohttp.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import httpx
from httpx_aiohttp import AiohttpTransport  # type: ignore[import-not-found]  # of another environment


async def main(load: dict[str, Any]) -> dict[str, float]:
    """Keep a fixed number of requests under way; return seconds by the request's name."""
    spans: dict[str, float] = {}
    names = iter(range(load["count"]))
    sockets = AiohttpTransport(
        limits=httpx.Limits(max_connections=0)
    )  # aiohttp's word for no limit

    async def work(client: httpx.AsyncClient, path: Path) -> None:
        with path.open("wb") as body:
            for name in names:
                body.seek(0)
                began_s = time.monotonic()
                url = f"{load['url']}{load['path']}?id={name}"
                async with client.stream("POST", url, json={"prompt": "a cat"}) as reply:
                    async for chunk in reply.aiter_raw():
                        body.write(chunk)
                    spans[str(name)] = time.monotonic() - began_s

    async with httpx.AsyncClient(transport=sockets, timeout=None) as client:  # noqa: S113 - what is measured may take long
        files = [Path(load["folder"]) / str(number) for number in range(load["concurrency"])]
        await asyncio.gather(*(work(client, file) for file in files))
    return spans


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"spans": asyncio.run(main(json.loads(sys.argv[1])))}))
