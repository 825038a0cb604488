"""Drives the package buble-ai, which never retries; the command's argument is its base URL."""

from __future__ import annotations

import sys
from operator import attrgetter
from typing import Any

import buble_ai

client = buble_ai.Buble(api_key="key-of-a-client", base_url=sys.argv[2], timeout=300)


def call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Make one call; its reply is decoded JSON."""
    positional = arguments.pop("of", None)
    taken = () if positional is None else (positional,)
    return {"reply": {"value": attrgetter(name)(client)(*taken, **arguments)}}
