"""Which headers a recording keeps, and how repeated ones are written down."""

Headers = tuple[tuple[str, str], ...]

SECRET = frozenset(
    {
        "api-key",
        "authorization",
        "cookie",
        "proxy-authorization",
        "set-cookie",
        "x-api-key",
        "x-goog-api-key",
    }
)
"""Never kept, neither of requests nor of replies; in lower case."""

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""About the connection, not about the reply (RFC 9110, section 7.6.1)."""

TRANSFER = frozenset({"content-encoding", "content-length"})
"""About the bytes on the wire: a body without its images fits neither, and stock vcrpy would try to
unpack it."""


def joined_headers(headers: Headers) -> dict[str, str]:
    """Return one line for each name (RFC 9110, section 5.3); vcrpy would keep the first only."""
    lines: dict[str, tuple[str, str]] = {}
    for name, value in headers:
        lower = name.lower()
        if lower in lines:
            first, earlier = lines[lower]
            lines[lower] = (first, f"{earlier}, {value}")
        elif lower not in SECRET:
            lines[lower] = (name, value)
    return dict(lines.values())


def listed_headers(headers: Headers, *, transfer: bool) -> dict[str, list[str]]:
    """Return a reply's values by name: those about the bytes on the wire, or all others."""
    lists: dict[str, list[str]] = {}
    for name, value in headers:
        lower = name.lower()
        if lower not in SECRET | HOP_BY_HOP and (lower in TRANSFER) is transfer:
            lists.setdefault(name, []).append(value)
    return lists


def without_secrets(headers: Headers) -> Headers:
    """Return the headers that may be shown to others."""
    return tuple((name, value) for name, value in headers if name.lower() not in SECRET)
