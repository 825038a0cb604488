"""Where the requests of one provider's run may go: to its own base address, and in public."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import httpx

from harness.transport.http1.ranges import Address, Range, literal, range_of
from harness.transport.http1.socket import StampedSocket

RESOLVERS = 16
"""Threads that resolve names: not those that read replies, behind which a name would wait."""

PROXIED_NAME_S = 5.0
"""How long a name is looked up that a proxy will look up anyway."""

UNRESOLVED = (OSError, UnicodeError, ValueError, OverflowError)
"""What resolving a name raises."""

Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
Dial = Callable[[StampedSocket, object], Awaitable[None]]


class AddressRefusedError(httpx.TransportError):
    """A host lies where results are not fetched from; nothing was sent to it."""


async def resolved(host: str, port: int) -> Sequence[Address]:
    """Ask the system for a name's addresses. Raises what is `UNRESOLVED`."""
    entries = await asyncio.get_running_loop().run_in_executor(
        _resolvers(), lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    )
    return [(family, place) for family, _, _, _, place in entries]


async def connected(sock: StampedSocket, place: object) -> None:
    """Connect a socket to a place. Raises OSError."""
    await asyncio.get_running_loop().sock_connect(sock, place)  # type: ignore[arg-type]


class Reach:
    """What one provider's workers may connect to; they share it.

    A reply may name any address to fetch a result from, and redirect to any other: those outside
    the public network (`ranges`) are refused, unless `allow_private` or the base address itself is
    in the same range: a loopback base allows loopback, a base at 10.1.2.3 allows 10.0.0.0/8. The
    base is where its name first leads in a run, and nowhere else later. A name that leads to public
    addresses, too, is reached at those only.

    What is checked are the addresses that are connected to, with no second look-up between. Behind
    a proxy of the environment it is the proxy that looks names up and connects. There an address is
    checked as far as it shows from here: literals, and where this machine takes a name to (within
    5 s). A name that only leads inside where the proxy is cannot be seen.
    """

    def __init__(
        self,
        base_url: str,
        *,
        allow_private: bool = False,
        resolve: Resolve = resolved,
        dial: Dial = connected,
    ) -> None:
        self.resolve = resolve
        self.dial = dial
        self._allow_private = allow_private
        self._base = _host_of(base_url)
        self._home: frozenset[str] | None = None

    async def looked_up(self, host: str, port: int) -> Sequence[Address]:
        """Return where a host is. Raises what is `UNRESOLVED`."""
        return literal(host, port) or await self.resolve(host, port)

    async def admitted(self, host: str, addresses: Sequence[Address]) -> list[Address]:
        """Return those of a host's addresses that may be connected to.

        Raises AddressRefusedError where there are some, but none of these.
        """
        if self._allow_private:
            return list(addresses)
        ranges = [range_of(str(place[0])) for _, place in addresses]
        if _plain(host) == self._base and addresses:
            self._pin(ranges)
        if not any(ranges):
            return list(addresses)
        home = await self._at_home()
        inside = [
            address
            for address, where in zip(addresses, ranges, strict=True)
            if where is None or where.group in home
        ]
        if not inside:
            text = addresses[0][1][0]
            place = text if host == text else f"{host} at {text}"
            why = f"{place} is {ranges[0]}: not connected to without --allow-private"
            raise AddressRefusedError(why)
        return inside

    async def check(self, host: str, port: int) -> None:
        """Refuse what a proxy would be asked to fetch. Raises AddressRefusedError."""
        if self._allow_private or _plain(host) == self._base:
            return
        try:
            async with asyncio.timeout(PROXIED_NAME_S):
                addresses = await self.looked_up(host, port)
        except (TimeoutError, *UNRESOLVED):
            return  # the proxy may know it
        await self.admitted(host, addresses)

    def _pin(self, ranges: Sequence[Range | None]) -> None:
        if self._home is None:
            inside = [where.group for where in ranges if where is not None]
            public = len(inside) < len(ranges)  # its other addresses are not used
            self._home = frozenset() if public else frozenset(inside)

    async def _at_home(self) -> frozenset[str]:
        if (
            self._home is None and self._base
        ):  # a run that goes on may fetch a result before it asks the provider
            try:
                addresses = await self.looked_up(self._base, 0)
            except UNRESOLVED:
                return frozenset()
            if addresses:
                self._pin([range_of(str(place[0])) for _, place in addresses])
        return self._home or frozenset()


def _host_of(base_url: str) -> str:
    """Return a URL's host as it is looked up, in ASCII; nothing where there is none."""
    try:
        return _plain(httpx.URL(base_url).raw_host.decode("ascii"))
    except (httpx.InvalidURL, ValueError):
        return ""  # nothing can be sent there either


def _plain(host: str) -> str:
    return host.lower().removesuffix(".")


@lru_cache(maxsize=1)
def _resolvers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(RESOLVERS, thread_name_prefix="names")
