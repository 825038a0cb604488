"""Ranges of addresses in which nothing lies that a provider may have us fetch.

A table of our own: `ipaddress` changed what it calls global and private between Python 3.11 and
3.14. Source: IANA's special-purpose address registries (RFC 6890), and what clouds document of
their metadata services.
"""

import ipaddress
import re
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

Address = tuple[socket.AddressFamily, Any]
"""A family and a place in it, as `socket.connect` takes both: first the address as text."""

LOOPBACK = "loopback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A network that is not the public one, and what it is for."""

    network: Network
    use: str

    @property
    def group(self) -> str:
        """What may be reached from a base address in here: this machine, or this network."""
        return LOOPBACK if self.use in (LOOPBACK, "unspecified") else str(self.network)

    def __str__(self) -> str:
        """Return it for a sentence."""
        return f"{self.use} ({self.network})"


def _ranges(*rows: tuple[str, str]) -> tuple[Range, ...]:
    return tuple(Range(network=ipaddress.ip_network(net), use=use) for net, use in rows)


V4 = _ranges(
    ("169.254.169.254/32", "cloud metadata"),
    ("169.254.170.2/32", "cloud metadata"),
    ("100.100.100.200/32", "cloud metadata"),
    ("168.63.129.16/32", "cloud metadata"),
    ("192.0.0.192/32", "cloud metadata"),
    ("0.0.0.0/32", "unspecified"),
    ("0.0.0.0/8", "reserved"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "carrier NAT"),
    ("127.0.0.0/8", LOOPBACK),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "reserved"),
    ("192.0.2.0/24", "documentation"),
    ("192.88.99.0/24", "reserved"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
)
V6 = _ranges(
    ("fd00:ec2::254/128", "cloud metadata"),
    ("fd20:ce::254/128", "cloud metadata"),
    ("::1/128", LOOPBACK),
    ("::/128", "unspecified"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("fc00::/7", "private"),
    ("ff00::/8", "multicast"),
    ("2001::/32", "Teredo"),
    ("2001:db8::/32", "documentation"),
    ("2001::/23", "reserved"),
    ("2002::/16", "6to4"),
    ("3fff::/20", "documentation"),
)
"""The first that holds an address is its range: the narrower ones come first."""

UNICAST = ipaddress.IPv6Network("2000::/3")
"""All of IPv6 that is given out for public addresses."""
NOT_GIVEN_OUT = Range(network=ipaddress.IPv6Network("::/0"), use="reserved")

EMBEDDING = tuple(
    ipaddress.IPv6Network(net) for net in ("::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")
)
"""IPv4 within IPv6 (mapped, translated, NAT64): what counts is the address in the last 32 bits."""

LEGACY = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}", re.IGNORECASE)
"""Spellings of IPv4 that `inet_aton` reads: 2130706433, 0x7f.1, 0177.0.0.1."""


def range_of(address: str) -> Range | None:
    """Return the range of a numeric address; None for a public one. Raises ValueError for a name.

    What embeds an IPv4 address (mapped, NAT64) is in the range of that; 6to4 and Teredo, which
    nobody serves from any more, are ranges of their own.
    """
    return _range(ipaddress.ip_address(address))


def _range(address: IPAddress) -> Range | None:
    if isinstance(address, ipaddress.IPv4Address):
        return next((each for each in V4 if address in each.network), None)
    if any(address in network for network in EMBEDDING):
        return _range(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    listed = next((each for each in V6 if address in each.network), None)
    return listed if listed or address in UNICAST else NOT_GIVEN_OUT


def literal(host: str, port: int) -> Sequence[Address]:
    """Return the place of a host that is an address, however it is spelled; nothing for a name."""
    plain = host.removesuffix(".")
    with suppress(ValueError):
        version = ipaddress.ip_address(plain).version
        return [(socket.AF_INET6 if version == 6 else socket.AF_INET, (plain, port))]  # noqa: PLR2004 - IPv6
    if LEGACY.fullmatch(plain):
        with suppress(OSError):
            return [(socket.AF_INET, (socket.inet_ntoa(socket.inet_aton(plain)), port))]
    return ()
