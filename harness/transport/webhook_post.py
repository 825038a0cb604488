"""One POST of JSON to a hook of the user's: bounded, without redirects, its address never shown."""

import json
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import httpx

from harness.core.errors import UsageError
from harness.core.jsonvalue import Json
from harness.transport.client import USER_AGENT
from harness.transport.outgoing import LOOPBACK

TIMEOUT_S = 10.0
TRIES = 3
PAUSE_S = 1.0
_SERVER_ERROR = 500
_TOO_MANY = 429


def check_hook(url: str) -> None:
    """Raise UsageError for an address that nothing is posted to: https only, but on loopback.

    The message does not repeat it: it may be a secret.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if not host or parts.scheme not in ("http", "https"):
        raise UsageError(
            "the webhook's address is none", hint="give --webhook https://HOST/..., or unset it"
        )
    if parts.scheme == "http" and host not in LOOPBACK:
        raise UsageError(
            f"the webhook at {host} is not https: who listens could read and send alerts",
            hint="give an https:// address",
        )


def post_hook(
    url: str,
    body: Mapping[str, Json],
    *,
    pause: Callable[[float], None] = time.sleep,
    transport: httpx.BaseTransport | None = None,
) -> str:
    """Post a body; return why it was not taken, in words without the address, or nothing.

    It is tried a few times where that may help: no connection, a timeout, 429 and 5xx. A redirect
    is not followed, and is a failure. Never raises but UsageError for a bad address.
    """
    check_hook(url)
    content = json.dumps(dict(body), ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT}
    why = ""
    with httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, transport=transport) as client:
        for number in range(TRIES):
            if number:
                pause(PAUSE_S * number)
            try:
                status = client.post(url, content=content, headers=headers).status_code
            except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                why = f"the webhook was not reached ({type(error).__name__})"
                continue
            if httpx.codes.is_success(status):
                return ""
            why = f"the webhook answered with HTTP {status}"
            if status < _SERVER_ERROR and status != _TOO_MANY:
                return why
    return why
