"""The proxies that the environment names, for those who must go through one."""

import ssl
from urllib.request import getproxies, proxy_bypass

import httpx

from harness.transport.http1.pool import IDLE_AT_MOST_S


class Proxies(httpx.AsyncBaseTransport):
    """Sends requests as the environment wants (HTTPS_PROXY, NO_PROXY), the others `directly`.

    Behind a proxy, httpx's own transport is used and no phases are known: what connects to the
    provider is the proxy.
    """

    def __init__(self, directly: httpx.AsyncBaseTransport, *, trusted: ssl.SSLContext) -> None:
        self._directly = directly
        self._trusted = trusted
        self._addresses = getproxies()
        self._through: dict[str, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises httpx.UnsupportedProtocol for a proxy that cannot be used."""
        transport = self._proxy(request.url) or self._directly
        return await transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._directly.aclose()
        for transport in self._through.values():
            await transport.aclose()

    def _proxy(self, url: httpx.URL) -> httpx.AsyncHTTPTransport | None:
        address = self._addresses.get(url.scheme) or self._addresses.get("all")
        if not address or proxy_bypass(url.host):
            return None
        if address not in self._through:
            try:
                proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
                self._through[address] = httpx.AsyncHTTPTransport(
                    verify=self._trusted,
                    proxy=proxy,
                    limits=httpx.Limits(keepalive_expiry=IDLE_AT_MOST_S),
                )
            except (ImportError, ValueError, httpx.InvalidURL) as error:  # it may hold a password
                why = f"the proxy that the environment names for {url.scheme} cannot be used"
                raise httpx.UnsupportedProtocol(why) from error
        return self._through[address]
