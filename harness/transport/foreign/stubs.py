"""What recordings kept as stubs leave out of a request, and what a reader may still say of it.

A stub answers whatever matches it: it may hold a request whole, a part of it, or a pattern.
"""

import re
from urllib.parse import urlsplit, urlunsplit

NO_HOST = "host.invalid"
"""Stands for a host that a recording does not name (RFC 2606: nobody has it)."""

NO_ADDRESS = f"http://{NO_HOST}/"
"""Stands for an address that a recording does not give."""

WITH_BODY = ("POST", "PUT", "PATCH")

_PORTS = {"http": 80, "https": 443}
_META = re.compile(r"(?<!\\)[\[\](){}*+?|^$]|\\\w")
_TEMPLATE = re.compile(r"\{\{.*?\}\}", re.DOTALL)


def address(base: str, path: str, query: str = "") -> str:
    """Join an address, without a port that its scheme implies; ValueError where it is none."""
    parts = urlsplit(base)
    usual = parts.port is not None and _PORTS.get(parts.scheme) == parts.port
    host = parts.netloc.rpartition(":")[0] if usual else parts.netloc
    own_path, _, own_query = path.partition("?")
    return urlunsplit((parts.scheme, host, own_path, query or own_query, ""))


def known_body(method: str, body: bytes | None) -> bytes:
    """Return a stub's request body; ValueError where the method has one and the stub has none."""
    if body is None and method in WITH_BODY:
        raise ValueError(
            "it does not say what was sent: it has no body that requests have to equal"
        )
    return body or b""


def literal(pattern: str) -> str:
    """Return the one text that a regular expression stands for; ValueError where it is a pattern.

    A dot is taken for itself, as those who write addresses mean it.
    """
    if _META.search(pattern):
        raise ValueError(f"its address is a pattern, not what was asked: {pattern[:80]!r}")
    return re.sub(r"\\([^\w\s])", r"\1", pattern)


def untemplated(text: str) -> str:
    """Return a stub's reply; ValueError where it is a template."""
    if _TEMPLATE.search(text):
        raise ValueError("its reply is a template, not what a server answered")
    return text
