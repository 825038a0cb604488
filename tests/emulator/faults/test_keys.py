"""Which keys the emulator takes, with its faults and without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.emulator.faults.catalogue import catalogue
from tests.emulator.conftest import MINIMAL, SUBMIT
from tests.loopback import ANY

if TYPE_CHECKING:
    from tests.emulator.conftest import Emulator, Start

OWN = "any-key"
WAYS = ("own", "none", "empty", "wrong", "foreign", "other scheme", "other header")


def _headers(provider: str, way: str) -> dict[str, str]:
    header, prefix = ("authorization", "Bearer ") if provider != "apiframe" else ("x-api-key", "")
    other = "x-api-key" if header == "authorization" else "authorization"
    foreign = "afk_0123456789" if provider in ("sub2api", "openai") else "sk-proj-0123456789"
    return {
        "own": {header: prefix + OWN},
        "none": {},
        "empty": {header: prefix.strip()},
        "wrong": {header: f"{prefix}made-up"},
        "foreign": {header: prefix + foreign},
        "other scheme": {header: "Basic bWFkZS11cA==" if prefix else "Bearer made-up"},
        "other header": {other: "made-up" if prefix else "Bearer made-up"},
    }[way]


def _status(url: str, provider: str, way: str) -> int:
    body = MINIMAL[provider]
    reply = ANY.post(url + SUBMIT[provider], json=body, headers=_headers(provider, way))
    return reply.status_code


def _served(emulator: Emulator, provider: str) -> set[str]:
    statuses = {way: _status(emulator.urls[provider], provider, way) for way in WAYS}
    return {way for way, status in statuses.items() if status in (200, 202)}


@pytest.mark.parametrize("provider", SUBMIT)
def test_only_the_key_of_an_account_is_served(emulator: Emulator, provider: str) -> None:
    assert _served(emulator, provider) == {"own"}
    assert {_status(emulator.urls[provider], provider, way) for way in WAYS[1:]} == {401}


BY_FAULT = {
    "key_not_checked": {*WAYS},
    "key_missing_served": {"own", "none"},
    "key_empty_served": {"own", "empty"},
    "key_other_scheme_served": {"own", "other scheme"},
    "key_other_header_served": {"own", "other header"},
    "key_foreign_served": {"own", "foreign"},
}


@pytest.mark.parametrize("provider", SUBMIT)
@pytest.mark.parametrize("fault", BY_FAULT)
def test_each_fault_serves_what_it_says_and_nothing_else(
    emulator: Emulator, provider: str, fault: str
) -> None:
    emulator.switch(provider, fault)

    assert _served(emulator, provider) == BY_FAULT[fault]


@pytest.mark.parametrize("provider", SUBMIT)
def test_where_only_presence_counts_no_key_and_an_empty_one_are_refused(
    emulator: Emulator, provider: str
) -> None:
    emulator.switch(provider, "key_presence_only")

    assert {"own", "wrong", "foreign"} <= _served(emulator, provider) <= {*WAYS} - {"none", "empty"}


STATUSES = [
    (one.provider, one.name, int(one.name[-3:]))
    for one in catalogue()
    if one.name.startswith("key_refused_with_")
]


@pytest.mark.parametrize(("provider", "fault", "status"), STATUSES)
def test_a_wrong_key_is_refused_with_another_status(
    emulator: Emulator, provider: str, fault: str, status: int
) -> None:
    emulator.switch(provider, fault)

    assert {_status(emulator.urls[provider], provider, way) for way in WAYS[1:]} == {status}
    assert _served(emulator, provider) == {"own"}


def test_without_keys_the_first_one_is_the_only_one_until_a_reset(start: Start) -> None:
    with start("--time-scale", "0") as (_, urls):
        url = urls["sub2api"]
        first = [_status(url, "sub2api", way) for way in ("none", "foreign", "own", "foreign")]
        ANY.post(f"{url}/__emulator/reset").raise_for_status()
        second = [_status(url, "sub2api", way) for way in ("own", "foreign")]

    assert first == [401, 200, 401, 200]
    assert second == [200, 401]
