"""How a request leaves: its whole address, its form and its body, as httpx takes them."""

from collections.abc import Mapping, Sequence
from typing import IO
from urllib.parse import urlsplit

import httpx

from harness.core.errors import UsageError
from harness.core.exchange import Part, Request
from harness.core.jsonvalue import canonical
from harness.core.placeholders import INBOX, WEBHOOKS
from harness.reference_images import opened_file


def uri_of(target: str, base_url: str) -> str:
    """Return a target's whole address; leading parts that base and path share occur once.

    `https://host/gateway/v1` and `/v1/images/generations` join at `v1`; a host that happens to be
    called `v1` does not. A target of our own inbox becomes the address that webhooks were sent to.
    One that begins with `//` names a host, and has the scheme of the base URL.
    """
    if target.startswith("//"):
        return f"{urlsplit(base_url).scheme}:{target}"
    if target.startswith(INBOX):
        return WEBHOOKS + target.removeprefix(INBOX)
    if not target.startswith("/"):
        return target
    base = urlsplit(base_url.rstrip("/"))
    words = target.split("/")[1:]
    prefix = base.path
    for count in range(len(words), 0, -1):
        shared = "/" + "/".join(words[:count])
        if prefix.endswith(shared):
            prefix = prefix.removesuffix(shared)
            break
    return base._replace(path=prefix + target).geturl()


LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""How an address names this machine itself."""

HttpxPart = tuple[None, bytes] | tuple[str, IO[bytes], str | None]
"""A part as httpx takes it: a value, or a file with its name and type."""


def sent_parts(form: Sequence[Part]) -> list[tuple[str, HttpxPart]]:
    """Return a form as httpx's `files`; UsageError where a file is none that was planned.

    Draws every file, so call it outside the event loop. Plain values stand among the files, for
    httpx would send its `data` first and lose the order.
    """
    return [(part.name, _httpx_part(part)) for part in form]


def _httpx_part(part: Part) -> HttpxPart:
    if part.value is not None:
        return None, part.value.encode("utf-8", "surrogatepass")
    # Read in pieces: a socket that is written 50 MB at once copies what it cannot take.
    return part.filename or "", opened_file(part), part.media_type


def is_absolute(request: Request) -> bool:
    """Tell whether a target is no path of the provider's: then only a `signed` one has the key."""
    return not request.target.startswith("/") or request.target.startswith("//")


def header_bytes(headers: Mapping[str, str]) -> dict[bytes, bytes]:
    """Return headers as they leave: what is not ASCII in a value goes out as UTF-8.

    Raises UnicodeEncodeError for a name that is not ASCII.
    """
    return {
        name.encode("ascii"): text.encode("utf-8", "surrogatepass")
        for name, text in headers.items()
    }


def content_of(request: Request) -> bytes | None:
    """Return a request's JSON as bytes; None where it has none, or a form in its place."""
    if request.method == "GET" or request.form is not None or request.body is None:
        return None
    return canonical(request.body).encode("utf-8", "surrogatepass")


def is_signed(request: Request) -> bool:
    """Tell whether a request goes to the provider's own API, with its key."""
    return request.signed or not is_absolute(request)


def is_followed(request: Request) -> bool:
    """Tell whether redirects are followed: of downloads, none of which carries the key."""
    return not is_signed(request) or (request.method == "GET" and request.credential == "none")


def check_origin(url: httpx.URL, base_url: str, request: Request) -> None:
    """Refuse to sign an address elsewhere: UsageError for another scheme, host or port.

    A user in an address out of a reply is refused, too: it would be sent as a key.
    """
    base = httpx.URL(base_url)
    same = (url.scheme, url.host, url.port) == (base.scheme, base.host, base.port)
    if not same or (is_absolute(request) and url.userinfo):
        own = f"{base.scheme}://{base.netloc.decode('ascii')}"
        raise UsageError(
            f"{request.target!r} leads away from the provider's own address, {own}: the key goes "
            "nowhere else"
        )
