"""What an error of a round trip is called."""

import httpx

from harness.core.exchange import FailureKind
from harness.transport.bodies.sse import SseError
from harness.transport.http1.reach import AddressRefusedError

UNSENT = (httpx.LocalProtocolError, AddressRefusedError)
"""Errors before anything leaves; a redirect that is not followed has cost nothing either."""

GARBAGE = (
    httpx.ProtocolError, httpx.DecodingError, httpx.TooManyRedirects, httpx.InvalidURL,
    httpx.UnsupportedProtocol, httpx.StreamError, SseError, AddressRefusedError,
)  # fmt: skip

HANG_UPS = ("server disconnected without", "peer closed connection without")
"""How httpx's own transport, behind a proxy, words what `http1` calls a ReadError."""


def kind_of(error: Exception) -> FailureKind:
    """Tell what broke off (`network`), what came too late, and what was no HTTP (`protocol`)."""
    if isinstance(error, httpx.TimeoutException):
        return "timeout"
    hung_up = isinstance(error, httpx.RemoteProtocolError) and str(error).lower().startswith(
        HANG_UPS
    )
    return "protocol" if isinstance(error, GARBAGE) and not hung_up else "network"
