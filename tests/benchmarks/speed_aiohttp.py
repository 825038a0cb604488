"""aiohttp under load: bodies are written to disk as they arrive, and nothing is decoded.

Started by `speed.py` with the load as JSON, by the Python of an environment that has aiohttp.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp  # type: ignore[import-not-found]  # of another environment


async def main(load: dict[str, Any]) -> dict[str, float]:
    """Keep a fixed number of requests under way; return seconds by the request's name."""
    spans: dict[str, float] = {}
    names = iter(range(load["count"]))

    async def work(session: aiohttp.ClientSession, path: Path) -> None:
        with path.open("wb") as body:
            for name in names:
                body.seek(0)
                began_s = time.monotonic()
                url = f"{load['url']}{load['path']}?id={name}"
                async with session.post(url, json={"prompt": "a cat"}) as reply:
                    async for chunk in reply.content.iter_any():
                        body.write(chunk)
                    spans[str(name)] = time.monotonic() - began_s

    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        files = [Path(load["folder"]) / str(number) for number in range(load["concurrency"])]
        await asyncio.gather(*(work(session, file) for file in files))
    return spans


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"spans": asyncio.run(main(json.loads(sys.argv[1])))}))
