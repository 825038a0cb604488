"""A planted fault strikes the valid requests that have all its values, and no others."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import httpx
import pytest

from harness.emulator.faults.catalogue import UnknownFaultError, catalogue, parse_fault
from harness.emulator.faults.planted import planted_fault
from harness.emulator.rules import check
from tests.emulator.conftest import decoded
from tests.emulator.faults.values import as_changes, valid_body

if TYPE_CHECKING:
    from tests.emulator.conftest import Emulator

FAMILIES = ("valid_request", "content_interaction", "count")
ROWS = [
    (fault.provider, operation, fault.name)
    for fault in catalogue()
    if fault.family in FAMILIES
    for operation in fault.operations
]


@pytest.mark.parametrize(("provider", "operation", "name"), ROWS)
def test_it_meets_all_its_values_together_and_none_alone(
    provider: str, operation: str, name: str
) -> None:
    fault = planted_fault(provider, name)
    assert fault is not None
    changes = as_changes(provider, fault.where.traits)
    meeting = valid_body(provider, operation, changes)

    assert check(provider, operation, meeting) is None
    assert fault.meets(provider, operation, meeting)
    lossy = "jpeg" if "output_format=webp" in fault.where.traits else "webp"
    for left_out in changes:
        rest = {key: value for key, value in changes.items() if key != left_out}
        lacking = valid_body(provider, operation, rest, lossy=lossy)
        assert check(provider, operation, lacking) is None
        assert not fault.meets(provider, operation, lacking)


def test_every_family_has_rows_at_every_provider_where_it_makes_sense() -> None:
    found = {(fault.family, fault.provider) for fault in catalogue() if fault.family in FAMILIES}
    single = {"buble", "nanobanana"}  # one image a request
    providers = {"buble", "sub2api", "apiframe", "nanobanana", "aimlapi", "openai"}

    for family in FAMILIES:
        having = {provider for name, provider in found if name == family}
        assert having == (providers - single if family == "count" else providers)


HIGH = {"quality": "high"}


def _submitted(emulator: Emulator, provider: str, **changes: object) -> httpx.Response:
    return emulator.submit(provider, emulator.body(provider, **changes))


@pytest.mark.parametrize(
    ("kind", "status"), [("refused", 400), ("fails", 500), ("unavailable", 503), ("error_200", 200)]
)
@pytest.mark.parametrize("provider", ["sub2api", "apiframe", "nanobanana", "aimlapi", "openai"])
def test_a_reply_that_serves_nothing_is_free_and_in_the_books(
    emulator: Emulator, provider: str, kind: str, status: int
) -> None:
    name = f"{kind}:quality=high"
    emulator.switch(provider, name)
    served = _submitted(emulator, provider, quality="low")
    failed = _submitted(emulator, provider, **HIGH)

    assert served.status_code in (200, 202)
    assert failed.status_code == status
    assert set(failed.json()).isdisjoint({"data", "jobId"})
    spared, struck = emulator.ledger(provider)["entries"]
    assert (spared["met"], struck["met"], struck["struck"]) == ([], [name], [name])
    assert (spared["paid"], struck["paid"]) == (True, False)


@pytest.mark.parametrize("kind", ["unanswered", "hangs"])
def test_no_reply_closes_the_connection_and_the_server_goes_on(
    emulator: Emulator, kind: str
) -> None:
    emulator.switch("nanobanana", f"{kind}:quality=high")

    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        _submitted(emulator, "nanobanana", **HIGH)
    assert _submitted(emulator, "nanobanana", quality="low").status_code == 200
    lost = emulator.ledger("nanobanana")["entries"][0]
    assert (lost["status"], lost["images"], lost["paid"]) == (0, 1, True)


def test_a_stream_falls_silent_before_its_completed_event(emulator: Emulator) -> None:
    emulator.switch("sub2api", "unfinished_stream:stream=true+quality=high")
    whole = _submitted(emulator, "sub2api", stream=True, partial_images=1, quality="low")
    url = f"{emulator.urls['sub2api']}/v1/images/generations"
    asked = emulator.body("sub2api", stream=True, partial_images=1, **HIGH)
    received: list[bytes] = []
    with emulator.client.stream("POST", url, json=asked) as reply:
        chunks = reply.iter_bytes()
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
            received.extend(chunks)

    assert b"image_generation.completed" in whole.content
    assert b"image_generation.partial_image" in b"".join(received)
    assert b"image_generation.completed" not in b"".join(received)


@pytest.mark.parametrize(
    ("kind", "status"), [("ends_failed", "FAILED"), ("never_ends", "PROCESSING")]
)
def test_a_job_with_the_value_ends_badly_and_one_without_it_well(
    emulator: Emulator, kind: str, status: str
) -> None:
    emulator.switch("apiframe", f"{kind}:quality=high")
    spared, struck = emulator.job("apiframe", quality="low"), emulator.job("apiframe", **HIGH)

    assert (spared["status"], struck["status"]) == ("COMPLETED", status)
    assert emulator.ledger("apiframe")["totals"]["amount"] == 4


def test_content_faults_of_values_spoil_that_request_alone(emulator: Emulator) -> None:
    emulator.switch("sub2api", "fewer:n=10", "other_format:output_format=webp+quality=high")
    ten, nine = (_submitted(emulator, "sub2api", n=n).json() for n in (10, 9))
    spoilt = _submitted(emulator, "sub2api", output_format="webp", **HIGH).json()
    right = _submitted(emulator, "sub2api", output_format="webp", quality="low").json()

    assert (len(ten["data"]), len(nine["data"])) == (9, 9)
    formats = [
        decoded(base64.b64decode(reply["data"][0]["b64_json"]))[0] for reply in (spoilt, right)
    ]
    assert formats == ["png", "webp"]


def test_a_lower_quality_shows_in_the_usage_of_these_values_alone(emulator: Emulator) -> None:
    emulator.switch("sub2api", "lower_quality:quality=high+size=portrait")
    lying, upright = (
        _submitted(emulator, "sub2api", size=size, **HIGH).json()["usage"]["output_tokens"]
        for size in ("1536x1024", "1024x1536")
    )

    assert lying > 5 * upright


def test_a_rate_is_drawn_by_seed_and_the_same_after_a_reset(emulator: Emulator) -> None:
    emulator.switch("nanobanana", "fails@0.5:quality=high")
    drawn = []
    for _ in range(2):
        emulator.client.post(f"{emulator.urls['nanobanana']}/__emulator/reset")
        drawn.append([_submitted(emulator, "nanobanana", **HIGH).status_code for _ in range(20)])

    assert drawn[0] == drawn[1]
    assert 4 <= drawn[0].count(500) <= 16
    entries = emulator.ledger("nanobanana")["entries"]
    assert all(entry["met"] for entry in entries)
    assert sum(bool(entry["struck"]) for entry in entries) == drawn[0].count(500)


def test_a_request_that_breaks_a_rule_is_refused_before_a_planted_fault(
    emulator: Emulator,
) -> None:
    emulator.switch("sub2api", "fails:quality=high")

    assert _submitted(emulator, "sub2api", n=99, **HIGH).status_code == 400
    assert emulator.ledger("sub2api")["entries"][0]["met"] == []


@pytest.mark.parametrize(("share", "few", "many"), [("0.05", 1, 20), ("0.6", 90, 150)])
def test_an_outage_fails_its_share_of_all_requests(
    emulator: Emulator, share: str, few: int, many: int
) -> None:
    emulator.switch("nanobanana", f"outage@{share}")
    seen: list[int] = []
    for number in range(200):
        try:
            url = f"{emulator.urls['nanobanana']}/cdn/none.png"
            reply = emulator.client.get(url) if number % 2 else _submitted(emulator, "nanobanana")
            seen.append(reply.status_code)
        except httpx.RemoteProtocolError:
            seen.append(0)

    assert few <= len(seen) - seen.count(200) - seen.count(404) <= many
    assert set(seen) <= {0, 200, 404, 500, 503}
    assert few < 20 or {0, 500, 503} <= set(seen)


def test_any_documented_values_can_be_planted_and_nothing_else() -> None:
    name = "fails@0.25:quality=low+moderation=low"

    assert parse_fault(f"sub2api:{name}") == [("sub2api", name)]
    assert parse_fault("outage@0.33", ("buble",)) == [("buble", "outage@0.33")]
    for wrong in ("fails:", "fails:quality", "fails@2:quality=low", "breaks:quality=low"):
        with pytest.raises(UnknownFaultError):
            parse_fault(f"sub2api:{wrong}")
    with pytest.raises(UnknownFaultError):
        parse_fault("buble:fails:quality=low")  # it documents no quality
