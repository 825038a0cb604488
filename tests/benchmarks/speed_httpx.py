"""Plain httpx under load, as its documentation shows it: one client, whole bodies in memory.

Started by `speed.py` with the load as JSON. Replies are parsed as JSON, after the time was taken.
"""

import asyncio
import json
import sys
import time
from typing import Any

import httpx


async def main(load: dict[str, Any]) -> dict[str, float]:
    """Keep a fixed number of requests under way; return seconds by the request's name."""
    spans: dict[str, float] = {}
    names = iter(range(load["count"]))
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(timeout=None, limits=limits, trust_env=False) as client:  # noqa: S113 - what is measured may take long

        async def work() -> None:
            for name in names:
                began_s = time.monotonic()
                url = f"{load['url']}{load['path']}?id={name}"
                reply = await client.post(url, json={"prompt": "a cat"})
                spans[str(name)] = time.monotonic() - began_s
                reply.json()

        await asyncio.gather(*(work() for _ in range(load["concurrency"])))
    return spans


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"spans": asyncio.run(main(json.loads(sys.argv[1])))}))
