"""Where requests may go: names come from a table of the test's, and connections from its dialer.

No packet leaves for any of the addresses: what the dialer is asked for is noted, and the socket is
connected to a server of the test on loopback instead.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from harness.core.exchange import Exchange, Failure, Reply, Request
from harness.transport.bodies.images import ImageCollector
from harness.transport.client import Live, LiveEndpoint
from harness.transport.http1.ranges import Address
from harness.transport.http1.reach import Reach
from harness.transport.http1.socket import StampedSocket
from harness.transport.redaction import Redactor
from tests.loopback import HUNG_S
from tests.runner.hostile import Received, Server, http, serving
from tests.shipped import shipped_provider
from tests.transport.connections import KEY, clock, failed, replied

HOME, CDN = "93.184.216.34", "151.101.1.69"
POST = Request(method="POST", target="/v1/images/generations", body={}, timeout_s=HUNG_S)


@dataclass(slots=True)
class World:
    """Names with the addresses of each look-up (the last for ever), and what was connected to."""

    names: dict[str, list[tuple[str, ...]]]
    port: int = 0
    dialled: list[str] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)

    async def resolve(self, host: str, port: int) -> Sequence[Address]:
        self.looked_up.append(host)
        answers = self.names.get(host)
        if not answers:
            raise socket.gaierror(f"no {host} here")
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (socket.AF_INET6, (text, port, 0, 0)) if ":" in text else (socket.AF_INET, (text, port))
            for text in addresses
        ]

    async def dial(self, sock: StampedSocket, place: object) -> None:
        assert isinstance(place, tuple)
        self.dialled.append(place[0])
        if sock.family != socket.AF_INET:
            raise OSError("no IPv6 here")
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))


@asynccontextmanager
async def reaching(
    base_url: str, world: World, *, allow_private: bool = False
) -> AsyncIterator[Live]:
    """One worker's connection in that world."""
    reach = Reach(base_url, allow_private=allow_private, resolve=world.resolve, dial=world.dial)
    transport = Live(
        LiveEndpoint(base_url=base_url, auth=shipped_provider("sub2api").auth, key=KEY),
        pictures=ImageCollector(lambda _name, _raw: None),
        redactor=Redactor({"SUB2API_API_KEY": KEY}),
        now_s=clock(),
        reach=reach,
    )
    try:
        yield transport
    finally:
        await transport.aclose()


def fetch(address: str) -> Request:
    return Request(method="GET", target=address, timeout_s=HUNG_S)


def trips(
    world: World,
    *requests: Request,
    base: str = "http://api.test",
    location: str = "",
    allow_private: bool = False,
) -> list[Exchange]:
    """Make these round trips; a target that ends with `moved` is redirected to `location`."""

    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        moved = request.target.endswith("moved")
        led = location.encode().decode("latin-1")
        headers = (f"Location: {led}",) if moved else ("Content-Type: application/json",)
        writer.write(http({"a": 1}, status="302 Found" if moved else "200 OK", headers=headers))

    async def go(server: Server) -> list[Exchange]:
        world.port = urlsplit(server.url).port or 0
        async with reaching(base, world, allow_private=allow_private) as transport:
            return [await transport.send(request, due_s=0.0) for request in requests]

    async def served() -> list[Exchange]:
        async with asyncio.timeout(HUNG_S), serving(answer) as server:
            return await go(server)

    return asyncio.run(served())


def world(**names: str) -> World:
    listed: dict[str, list[tuple[str, ...]]] = {"api.test": [(HOME,)], "cdn.test": [(CDN,)]}
    for name, address in names.items():
        listed[name.replace("_", ".")] = [(address,)]
    return World(listed)


REFUSED = {
    "literal": "http://10.0.0.5/a.png",
    "loopback": "http://127.0.0.1:9/a.png",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "a name": "http://inside.test/a.png",
    "localhost": "http://localhost/a.png",
    "a name with a dot": "http://localhost./a.png",
    "mapped": "http://[::ffff:10.0.0.1]/a.png",
    "mapped by a name": "http://mapped.test/a.png",
    "IPv6 loopback": "http://[::1]/a.png",
    "IPv6 metadata": "http://[fd00:ec2::254]/a.png",
    "link-local with a zone": "http://[fe80::1%25eth0]/a.png",
    "NAT64": "http://[64:ff9b::a00:1]/a.png",
    "6to4": "http://[2002:a00:1::1]/a.png",
    "decimal": "http://2130706433/a.png",
    "hexadecimal": "http://0x7f.1/a.png",
    "octal": "http://0177.0.0.1/a.png",
    "short": "http://127.1/a.png",
    "a dot at the end": "http://127.0.0.1./a.png",
    "nobody": "http://0.0.0.0/a.png",
    "broadcast": "http://255.255.255.255/a.png",
    "user": "http://api.test@127.0.0.1/a.png",
    "user and password": "http://api.test:80@10.0.0.1/a.png",
    "over TLS": "https://10.0.0.5/a.png",
    "circled digits": "http://①②⑦.⓪.⓪.①/a.png",
    "wide digits": "http://\uff11\uff12\uff17.0.0.1/a.png",
    "ideographic dots": "http://127。0。0。1/a.png",
}
"""Ways to a private address; httpx itself refuses some, before a name is looked up."""


@pytest.mark.parametrize("address", REFUSED.values(), ids=REFUSED)
def test_no_spelling_of_a_private_address_is_connected_to(address: str) -> None:
    inside = world(inside_test="10.1.2.3", localhost="127.0.0.1", mapped_test="::ffff:10.0.0.1")
    inside.names["localhost."] = inside.names["localhost"]
    [exchange] = trips(inside, fetch(address))
    found = failed(exchange)

    assert (found.kind, found.sent) == ("protocol", False)
    assert inside.dialled == []


@pytest.mark.parametrize("address", REFUSED.values(), ids=REFUSED)
def test_no_redirect_leads_to_a_private_address(address: str) -> None:
    inside = world(inside_test="10.1.2.3", localhost="127.0.0.1", mapped_test="::ffff:10.0.0.1")
    inside.names["localhost."] = inside.names["localhost"]
    [exchange] = trips(inside, fetch("http://cdn.test/moved"), location=address)
    found = failed(exchange)

    assert (found.kind, found.partial) == ("protocol", None)
    assert inside.dialled == [CDN]


def test_a_refusal_names_the_address_and_the_flag() -> None:
    inside = world(inside_test="10.1.2.3")
    [exchange] = trips(inside, fetch("http://inside.test/a.png"))

    why = failed(exchange).why

    assert "inside.test at 10.1.2.3 is private (10.0.0.0/8)" in why
    assert "--allow-private" in why


def test_a_public_result_is_fetched_and_its_redirect_followed() -> None:
    outside = world()
    both = trips(
        outside, POST, fetch("http://cdn.test/moved"), location="http://cdn.test:81/b.json"
    )

    assert [replied(exchange).status for exchange in both] == [200, 200]
    assert outside.dialled == [HOME, CDN, CDN]


def test_the_address_that_was_checked_is_the_one_that_is_connected_to() -> None:
    rebound = world()
    rebound.names["cdn.test"] = [(CDN,), ("127.0.0.1",)]
    first, second = trips(rebound, fetch("http://cdn.test/a"), fetch("http://cdn.test/b"))

    assert replied(first).status == 200
    assert (failed(second).kind, failed(second).sent) == ("protocol", False)
    assert rebound.dialled == [CDN]
    assert rebound.looked_up.count("cdn.test") == 2


def test_a_base_address_that_leads_inside_later_is_refused_too() -> None:
    rebound = world()
    rebound.names["api.test"] = [(HOME,), ("10.0.0.5",)]
    first, second = trips(rebound, POST, POST)

    assert replied(first).status == 200
    assert (failed(second).kind, failed(second).sent) == ("protocol", False)
    assert rebound.dialled == [HOME]


def test_a_base_address_in_other_letters_is_known_again() -> None:
    rebound = world()
    rebound.names["xn--bcher-kva.test"] = [(HOME,), ("10.0.0.5",)]

    first, second = trips(rebound, POST, POST, base="http://B\u00fccher.test")

    assert replied(first).status == 200
    assert (failed(second).kind, failed(second).sent) == ("protocol", False)
    assert rebound.dialled == [HOME]


def test_of_a_name_that_leads_both_ways_only_the_public_addresses_are_tried() -> None:
    both = world()
    both.names["cdn.test"] = [("10.0.0.5", CDN, "169.254.169.254", "::1")]
    [exchange] = trips(both, fetch("http://cdn.test/a"))

    assert replied(exchange).status == 200
    assert both.dialled == [CDN]


def test_a_base_that_leads_both_ways_opens_nothing_inside() -> None:
    both = world()
    both.names["api.test"] = [(HOME, "169.254.169.254")]
    first, second = trips(both, POST, fetch("http://169.254.169.254/latest"))

    assert replied(first).status == 200
    assert failed(second).kind == "protocol"
    assert both.dialled == [HOME]


@pytest.mark.parametrize(
    ("home", "near", "far"),
    [
        ("127.0.0.1", ("127.0.0.2", "0.0.0.0"), ("10.0.0.1", "169.254.169.254")),  # noqa: S104
        ("10.1.2.3", ("10.200.0.1",), ("127.0.0.1", "192.168.0.1", "172.16.0.1", "100.64.0.1")),
        ("192.168.1.1", ("192.168.200.1",), ("10.0.0.1", "169.254.169.254")),
        ("169.254.7.7", ("169.254.8.8",), ("169.254.169.254",)),
        ("100.64.0.9", ("100.100.0.1",), ("100.100.100.200", "10.0.0.1")),
        ("198.18.0.5", ("198.18.0.6",), ("127.0.0.1",)),
    ],
)
@pytest.mark.parametrize("named", [True, False], ids=["a name", "an address"])
def test_a_base_address_opens_its_own_network_and_no_other(
    home: str, near: tuple[str, ...], far: tuple[str, ...], *, named: bool
) -> None:
    inside = world(api_test=home)
    base = "http://api.test" if named else f"http://{home}"
    requests = [fetch(f"http://{address}/a.json") for address in (*near, *far)]
    exchanges = trips(inside, *requests, base=base)  # as a run that goes on: downloads come first

    kinds = [type(exchange.answer) for exchange in exchanges]
    assert kinds == [Reply] * len(near) + [Failure] * len(far)
    assert set(inside.dialled) == set(near)


def test_the_flag_opens_every_network() -> None:
    inside = world(inside_test="169.254.169.254")
    requests = [fetch("http://inside.test/a"), fetch("http://2130706433/a")]
    exchanges = trips(inside, *requests, allow_private=True)

    assert [replied(exchange).status for exchange in exchanges] == [200, 200]
    assert inside.dialled == ["169.254.169.254", "127.0.0.1"]


def test_a_name_without_addresses_is_a_network_failure() -> None:
    nowhere = world()
    nowhere.names["gone.test"] = [()]
    both = trips(nowhere, fetch("http://gone.test/a"), fetch("http://nosuch.test/a"))

    for exchange in both:
        assert (failed(exchange).kind, failed(exchange).sent) == ("network", False)


PROXIED = {
    "literal": ("http://10.0.0.5/a", False),
    "decimal": ("http://2130706433/a", False),
    "a name": ("http://inside.test/a", False),
    "public": ("http://cdn.test/a", True),
    "a name that only the proxy knows": ("http://proxied.test/a", True),
    "the base address": ("http://api.test/a", True),
}


@pytest.mark.parametrize(("address", "passed"), PROXIED.values(), ids=PROXIED)
def test_a_proxy_is_not_asked_for_what_is_known_to_be_private(
    monkeypatch: pytest.MonkeyPatch, address: str, *, passed: bool
) -> None:
    received: list[str] = []

    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        received.append(request.target)
        writer.write(http({"a": 1}))

    async def go() -> Exchange:
        inside = world(inside_test="10.1.2.3")
        async with asyncio.timeout(HUNG_S), serving(answer) as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            monkeypatch.delenv("NO_PROXY", raising=False)
            monkeypatch.delenv("no_proxy", raising=False)
            monkeypatch.delenv("http_proxy", raising=False)
            async with reaching("http://api.test", inside) as transport:
                return await transport.send(fetch(address), due_s=0.0)

    exchange = asyncio.run(go())

    assert isinstance(exchange.answer, Reply) is passed
    assert received == ([address] if passed else [])
