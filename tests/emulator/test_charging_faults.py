"""What each fault of prices charges and reports, and for which requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.emulator.faults.catalogue import catalogue
from tests.emulator.bodies import ADDRESS, picture

if TYPE_CHECKING:
    from tests.emulator.conftest import Emulator

# By fault and provider: requests with what each costs rightly and under the fault.
Priced = list[tuple[dict[str, Any], float, float]]
BUBLE_EDIT = {"mode": "image_to_image", "image_urls": [ADDRESS]}
CHARGING: dict[str, dict[str, Priced]] = {
    "charge_off_by_one": {
        "buble": [({}, 1, 2), ({"resolution": "4K"}, 2, 3)],
        "nanobanana": [({"quality": "low"}, 1, 2), ({"size": "3840x2160"}, 133, 134)],
    },
    "charges_more_on_edit": {
        "buble": [({}, 1, 1), (BUBLE_EDIT, 1, 2)],
        "nanobanana": [({"quality": "low"}, 1, 1), ({"quality": "low", "image": ADDRESS}, 1, 2)],
    },
    "charges_other_tier": {
        "buble": [({}, 1, 1), ({"resolution": "2K"}, 1, 2), ({"resolution": "4K"}, 2, 2)],
        "nanobanana": [
            ({"size": "1536x1024", "quality": "medium"}, 4, 4),
            ({"size": "2048x1152", "quality": "medium"}, 17, 34),
            ({"size": "2064x1152", "quality": "medium"}, 34, 34),
        ],
    },
    "charges_large_as_small": {
        "buble": [({"resolution": "2K"}, 1, 1), ({"resolution": "4K"}, 2, 1)],
        "nanobanana": [
            ({"size": "2048x1152", "quality": "medium"}, 17, 17),
            ({"size": "2064x1152", "quality": "medium"}, 34, 17),
        ],
    },
    "charges_at_boundary": {
        "nanobanana": [
            ({"size": "1520x1024", "quality": "medium"}, 4, 4),
            ({"size": "1536x1024", "quality": "medium"}, 4, 17),
            ({"size": "1552x1024", "quality": "medium"}, 17, 17),
            ({"size": "2048x1152", "quality": "medium"}, 17, 34),
        ],
    },
    "charges_other_quality": {
        "nanobanana": [
            ({"quality": "low"}, 1, 1),
            ({"quality": "medium"}, 4, 14),
            ({"quality": "auto"}, 14, 14),
        ],
    },
    "charges_auto_as_medium": {
        "nanobanana": [
            ({"quality": "auto"}, 14, 4),
            ({}, 14, 4),
            ({"quality": "high"}, 14, 14),
        ],
    },
    "charges_per_request": {
        "apiframe": [
            ({"quality": "low"}, 4, 4),
            ({"quality": "low", "number_of_images": 3}, 12, 4),
        ],
        "aimlapi": [({"n": 1}, 0.053197, 0.053197), ({"n": 4}, 0.211237, 0.053197)],
    },
}
SHOWN = [(name, provider) for name, rows in CHARGING.items() for provider in rows]


def _reported(emulator: Emulator, provider: str, changes: dict[str, Any]) -> float:
    """What the reply says that a request cost."""
    url, asked = emulator.urls[provider], emulator.body(provider, **changes)
    if provider == "buble":
        return float(emulator.job(provider, **changes)["cost_credits"])
    if provider == "apiframe":
        return float(emulator.job(provider, **changes)["creditCost"])
    if provider == "nanobanana":
        path = "/v1/images/edit" if "image" in changes else "/v1/images/generate"
        reply = emulator.client.post(url + path, json=asked)
        return float(reply.json()["data"]["costCredits"])
    parts = {"image": ("a.png", picture(), "image/png")}
    reply = emulator.client.post(f"{url}/v1/images/edits", data=asked, files=parts)
    return float(reply.json()["meta"]["usage"]["usd_spent"])


@pytest.mark.parametrize(("name", "provider"), SHOWN)
def test_a_charging_fault_charges_and_reports_exactly_what_it_says(
    emulator: Emulator, name: str, provider: str
) -> None:
    rows = CHARGING[name][provider]
    right = [_reported(emulator, provider, changes) for changes, _, _ in rows]
    emulator.switch(provider, name)
    wrong = [_reported(emulator, provider, changes) for changes, _, _ in rows]

    assert right == pytest.approx([price for _, price, _ in rows])
    assert wrong == pytest.approx([price for _, _, price in rows])
    total = emulator.ledger(provider)["totals"]["amount"]
    assert total == pytest.approx(sum(right) + sum(wrong))


@pytest.mark.parametrize("name", list(CHARGING))
def test_the_table_has_every_provider_of_its_faults(name: str) -> None:
    assert {one.provider for one in catalogue() if one.name == name} == set(CHARGING[name])


def test_under_a_fault_the_details_of_usage_are_7_more_than_the_whole(emulator: Emulator) -> None:
    right = emulator.submit("sub2api", emulator.body("sub2api")).json()["usage"]
    emulator.switch("sub2api", "bad_usage_details")
    wrong = emulator.submit("sub2api", emulator.body("sub2api")).json()["usage"]

    details = wrong.pop("output_tokens_details"), right.pop("output_tokens_details")
    assert wrong == right
    assert (
        details[0]["image_tokens"] == details[1]["image_tokens"] + 7 == right["output_tokens"] + 7
    )
