"""How tests speak to servers on this machine, and for how long they wait for anything."""

import ssl

import httpx

HUNG_S = 300.0
"""What takes longer hangs: it stops a test that would never end, and claims nothing about speed."""


def loopback(base_url: str = "", **headers: str) -> httpx.Client:
    """Return a client for plain HTTP; underscores in header names are hyphens.

    It trusts nobody: reading the authorities of TLS takes 30 ms of CPU for each client, ten times
    as long as a request does.
    """
    return httpx.Client(
        base_url=base_url,
        headers={name.replace("_", "-"): text for name, text in headers.items()},
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        timeout=HUNG_S,
        trust_env=False,
    )


ANY = httpx.Client(
    verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    limits=httpx.Limits(max_keepalive_connections=0),
    timeout=HUNG_S,
    trust_env=False,
)
"""For single requests to servers that come and go: it keeps no connection."""
