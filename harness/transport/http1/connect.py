"""Resolving a name, connecting and the TLS handshake, each of them timed."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

import httpx

from harness.transport.http1.connection import Connection
from harness.transport.http1.ranges import Address, literal
from harness.transport.http1.reach import UNRESOLVED, Reach
from harness.transport.http1.socket import Phases, StampedSocket, longer

STAGGER_S = 0.25
"""How long one address may stay silent before the next is tried as well (RFC 8305, section 8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialler:
    """What every new connection needs; `lost` is called with each that is gone.

    A connection is made to an address that `reach` admits, and to no other.
    """

    now_s: Callable[[], float]
    trusted: ssl.SSLContext
    lost: Callable[[Connection], None]
    reach: Reach

    async def dial(self, url: httpx.URL, phases: Phases, *, within_s: float | None) -> Connection:
        """Open a connection to the host of a URL.

        Raises httpx.ConnectError, ConnectTimeout and AddressRefusedError.
        """
        host = url.raw_host.decode("ascii")
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            async with asyncio.timeout(within_s):
                addresses = await self._looked_up(host, port, phases)
                connection = await self._connected(addresses, phases)
                if url.scheme == "https":
                    await self._secured(connection, host, phases)
                return connection
        except TimeoutError as error:
            why = str(error) or f"{host} port {port}: not connected within {within_s} s"
            raise httpx.ConnectTimeout(why) from error

    async def _looked_up(self, host: str, port: int, phases: Phases) -> list[Address]:
        if addresses := literal(host, port):
            return await self.reach.admitted(host, addresses)
        started_s = self.now_s()
        try:
            addresses = await self.reach.resolve(host, port)
        except UNRESOLVED as error:
            raise httpx.ConnectError(f"{host}: the name was not found ({error})") from error
        phases.dns_s = longer(phases.dns_s, self.now_s() - started_s)
        return _alternating(await self.reach.admitted(host, addresses))

    async def _connected(self, addresses: list[Address], phases: Phases) -> Connection:
        started_s = self.now_s()
        sock = await self._first(addresses)
        connection = Connection(sock, lost=self.lost)
        try:
            await asyncio.get_running_loop().create_connection(lambda: connection, sock=sock)
        except BaseException:
            sock.close()
            raise
        phases.connect_s = longer(phases.connect_s, self.now_s() - started_s)
        return connection

    async def _secured(self, connection: Connection, host: str, phases: Phases) -> None:
        started_s = self.now_s()
        try:
            await connection.secure(self.trusted, host)
        except (OSError, ValueError) as error:
            connection.abort()
            why = getattr(error, "verify_message", "") or error
            raise httpx.ConnectError(f"{host}: no TLS connection ({why})") from error
        except BaseException:
            connection.abort()
            raise
        phases.tls_s = longer(phases.tls_s, self.now_s() - started_s)

    async def _first(self, addresses: list[Address]) -> StampedSocket:
        """Return the first socket that connects; after each `STAGGER_S` one more address is tried.

        Raises httpx.ConnectError with the errors of all addresses.
        """
        trying: list[asyncio.Task[StampedSocket]] = []
        won: asyncio.Task[StampedSocket] | None = None
        try:
            for family, place in addresses:
                trying.append(asyncio.create_task(self._dialled(family, place)))
                won = await _winner(trying, within_s=STAGGER_S)
                if won is not None:
                    return won.result()
            while won is None and not all(task.done() for task in trying):
                won = await _winner(trying, within_s=None)
            if won is not None:
                return won.result()
        finally:
            for task in trying:
                if task is not won:
                    task.cancel()
                    task.add_done_callback(_closed)
        raise httpx.ConnectError("; ".join(str(task.exception()) for task in trying))

    async def _dialled(self, family: int, place: object) -> StampedSocket:
        sock = StampedSocket(family, now_s=self.now_s)
        try:
            await self.reach.dial(sock, place)
        except BaseException:
            sock.close()
            raise
        return sock


async def _winner(
    trying: list[asyncio.Task[StampedSocket]], *, within_s: float | None
) -> asyncio.Task[StampedSocket] | None:
    """Wait for the next to connect or fail, and return one that connected."""
    open_still = [task for task in trying if not task.done()]
    if open_still:
        await asyncio.wait(open_still, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    return next((task for task in trying if task.done() and task.exception() is None), None)


def _closed(task: asyncio.Task[StampedSocket]) -> None:
    if not task.cancelled() and task.exception() is None:
        task.result().close()


def _alternating(addresses: Sequence[Address]) -> list[Address]:
    """Alternate the families, so that an unreachable one costs a single wait (RFC 8305, 4)."""
    if not addresses:
        return []
    first = addresses[0][0]
    same = [address for address in addresses if address[0] == first]
    other = [address for address in addresses if address[0] != first]
    in_turns = chain.from_iterable(zip_longest(same, other))
    return [address for address in in_turns if address is not None]
