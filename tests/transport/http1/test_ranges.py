"""Each spelling of an address that is not public, and neighbours of each range that are."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.transport.http1.ranges import V4, literal, range_of

INSIDE = [
    ("127.0.0.1", "loopback"), ("127.255.255.254", "loopback"), ("::1", "loopback"),
    ("0.0.0.0", "unspecified"), ("::", "unspecified"), ("0.1.2.3", "reserved"),  # noqa: S104
    ("10.0.0.0", "private"), ("10.255.255.255", "private"), ("172.16.0.1", "private"),
    ("172.31.255.255", "private"), ("192.168.0.1", "private"), ("fc00::1", "private"),
    ("fdff::1", "private"), ("fec0::1", "site-local"),
    ("100.64.0.1", "carrier NAT"), ("100.127.255.255", "carrier NAT"),
    ("169.254.0.1", "link-local"), ("fe80::1", "link-local"), ("fe80::1%eth0", "link-local"),
    ("169.254.169.254", "cloud metadata"), ("169.254.170.2", "cloud metadata"),
    ("fd00:ec2::254", "cloud metadata"), ("100.100.100.200", "cloud metadata"),
    ("168.63.129.16", "cloud metadata"), ("192.0.0.192", "cloud metadata"),
    ("224.0.0.1", "multicast"), ("239.255.255.255", "multicast"), ("ff02::1", "multicast"),
    ("240.0.0.1", "reserved"), ("255.255.255.255", "reserved"), ("192.0.0.8", "reserved"),
    ("192.88.99.1", "reserved"), ("198.18.0.1", "benchmarking"), ("198.19.255.255", "benchmarking"),
    ("192.0.2.1", "documentation"), ("198.51.100.1", "documentation"),
    ("203.0.113.1", "documentation"), ("2001:db8::1", "documentation"),
    ("3fff::1", "documentation"),
    ("::ffff:127.0.0.1", "loopback"), ("::ffff:7f00:1", "loopback"),
    ("::ffff:10.0.0.1", "private"), ("::ffff:169.254.169.254", "cloud metadata"),
    ("::ffff:0:10.0.0.1", "private"), ("64:ff9b::10.0.0.1", "private"),
    ("64:ff9b::a9fe:a9fe", "cloud metadata"), ("::10.0.0.1", "reserved"), ("::2", "reserved"),
    ("64:ff9b:1::10.0.0.1", "reserved"), ("2002:7f00:1::", "6to4"), ("2002:a00:1::1", "6to4"),
    ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "Teredo"), ("2001:20::1", "reserved"),
    ("100::1", "reserved"), ("5f00::1", "reserved"), ("4000::1", "reserved"),
]  # fmt: skip

PUBLIC = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
    "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255",
    "172.32.0.0", "191.255.255.255", "192.0.1.1", "192.167.255.255", "192.169.0.0",
    "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111", "2a00:1450::1",
    "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2001:200::1", "3ffe::1",
]  # fmt: skip


@pytest.mark.parametrize(("address", "use"), INSIDE)
def test_an_address_that_is_not_public_is_in_its_range(address: str, use: str) -> None:
    found = range_of(address)

    assert found is not None
    assert found.use == use


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_in_none(address: str) -> None:
    assert range_of(address) is None


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"), ("127.0.0.1.", "127.0.0.1"), ("127.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"), ("0x7f000001", "127.0.0.1"), ("017700000001", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"), ("0177.0.0.1", "127.0.0.1"), ("0x7f.0.0.0x1", "127.0.0.1"),
        ("127.0.1", "127.0.0.1"), ("0", "0.0.0.0"), ("0xa9fea9fe", "169.254.169.254"),  # noqa: S104
        ("0X7F.1", "127.0.0.1"), ("2852039166", "169.254.169.254"), ("10.1", "10.0.0.1"),
        ("::1", "::1"), ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
    ],
)  # fmt: skip
def test_an_address_is_read_however_it_is_spelled(host: str, address: str) -> None:
    places = [place for _, place in literal(host, 80)]

    assert places == [(address, 80)]
    assert range_of(address) is not None


@pytest.mark.parametrize(
    "host", ["localhost", "a.b", "1.2.3.4.5", "256.256.256.256", "99999999999", "1.2.3.x", "", "."]
)
def test_a_name_is_no_address(host: str) -> None:
    assert not literal(host, 80)


@given(st.ip_addresses(v=4))
def test_what_embeds_an_address_is_in_its_range(address: ipaddress.IPv4Address) -> None:
    assert (
        range_of(f"::ffff:{address}") == range_of(f"64:ff9b::{address}") == range_of(str(address))
    )


@given(st.ip_addresses())
def test_every_address_that_python_calls_private_is_refused(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    embeds = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None
    if not address.is_global and not embeds:
        assert range_of(str(address)) is not None


@pytest.mark.parametrize("each", V4, ids=str)
def test_a_range_begins_and_ends_where_the_registry_says(each: object) -> None:
    network = getattr(each, "network")  # noqa: B009 - typed as an object for pytest's ids
    assert range_of(str(network[0])) is not None
    assert range_of(str(network[-1])) is not None
