"""The edits of nanobananaapi.dev, which starts from addresses only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from harness.emulator import validate
from harness.emulator.faults.catalogue import catalogue
from tests.emulator.listener import image, listening
from tests.loopback import loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.emulator.conftest import Emulator, Start
    from tests.emulator.listener import Listener

ELSEWHERE = "https://a.test/1.png"
PATHS = ["/v1/images/edit", "/api/v1/images/edits"]

BREAKS: dict[str, dict[str, Any]] = {
    "images.required": {"image": None},
    "images.format": {"image": [5]},
    "images.count": {"image": [ELSEWHERE] * 15},
    "images.url_only": {"image": "data:image/png;base64,AAAA"},
}
EDGES: dict[str, dict[str, Any]] = {"images.count": {"image": [ELSEWHERE] * 14}}
EDITING = [f for f in catalogue() if f.provider == "nanobanana" and f.operations == ("edit",)]
RULES = [f.breaks for f in EDITING if f.name.startswith("ignore:")]
TIGHTENED = [f.breaks for f in EDITING if f.name.startswith("strict:")]


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


def _edit(emulator: Emulator, path: str = PATHS[0], /, **changes: object) -> httpx.Response:
    body = emulator.body("nanobanana", image=ELSEWHERE) | changes
    return emulator.client.post(emulator.urls["nanobanana"] + path, json=body)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("image_", [ELSEWHERE, [ELSEWHERE], [ELSEWHERE] * 14])
def test_an_edit_answers_and_costs_like_a_generation(
    emulator: Emulator, path: str, image_: object
) -> None:
    reply = _edit(emulator, path, image=image_, size="2048x1152", quality="high").json()

    assert (reply["code"], reply["data"]["costCredits"]) == (0, 67)
    assert emulator.image(reply["data"]["url"]) == ("png", (2048, 1152))
    assert emulator.ledger("nanobanana")["totals"]["amount"] == 67


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("rule", RULES)
def test_a_rule_of_edits_is_enforced_until_it_is_ignored(
    emulator: Emulator, rule: str, path: str
) -> None:
    refused = _edit(emulator, path, **BREAKS[rule])
    emulator.switch("nanobanana", f"ignore:{rule}")
    accepted = _edit(emulator, path, **BREAKS[rule])

    assert (refused.status_code, refused.json()["code"]) == (400, -1)
    assert (accepted.status_code, accepted.json()["code"]) == (200, 0)
    rules = [entry["rule"] for entry in emulator.ledger("nanobanana")["entries"]]
    assert rules == [rule, None]


@pytest.mark.parametrize("rule", TIGHTENED)
def test_a_boundary_of_edits_is_accepted_until_the_rule_is_strict(
    emulator: Emulator, rule: str
) -> None:
    accepted = _edit(emulator, **EDGES[rule])
    emulator.switch("nanobanana", f"strict:{rule}")
    refused = _edit(emulator, **EDGES[rule])

    assert (accepted.status_code, refused.status_code) == (200, 400)
    assert emulator.ledger("nanobanana")["entries"][-1]["rule"] == rule


@pytest.mark.parametrize(
    ("image_", "rule"),
    [
        ("", "images.required"),
        ([], "images.count"),
        ("iVBORw0KGgo=", "images.url_only"),
        (["file:///a.png"], "images.url_only"),
        ([ELSEWHERE, "ftp://a.test/1.png"], "images.url_only"),
        ({"url": ELSEWHERE}, "images.format"),
        ([ELSEWHERE, None], "images.format"),
    ],
)
def test_an_edit_starts_from_public_addresses(
    emulator: Emulator, image_: object, rule: str
) -> None:
    body = emulator.body("nanobanana", image=image_)

    assert validate("nanobanana", "edit", body) == rule
    assert validate("nanobanana", "generate", body) is None


def test_the_rules_of_a_generation_hold_for_an_edit(emulator: Emulator) -> None:
    for changes, rule in (
        ({"model": None}, "model.required"),
        ({"prompt": "x" * 2001}, "prompt.max_length"),
        ({"n": 2}, "n.range"),
        ({"size": "1000x1000"}, "size.multiple_of"),
        ({"quality": "ultra"}, "quality.one_of"),
    ):
        assert _edit(emulator, **changes).status_code == 400
        assert emulator.ledger("nanobanana")["entries"][-1]["rule"] == rule


def test_a_reference_on_loopback_that_is_there_is_used(
    emulator: Emulator, listener: Listener
) -> None:
    url = listener.put("a.png", image("png"))

    assert _edit(emulator, image=[url, ELSEWHERE]).json()["code"] == 0
    assert listener.asked == ["/a.png"]


def test_a_reference_that_cannot_be_downloaded_fails_the_edit_for_free(
    emulator: Emulator, listener: Listener
) -> None:
    reply = _edit(emulator, image=[ELSEWHERE, f"{listener.url}/nobody.png"])

    assert reply.status_code == 400
    assert reply.json() == {
        "code": -1,
        "message": "generate failed: reference image could not be downloaded",
    }
    assert emulator.ledger("nanobanana")["totals"]["amount"] == 0


def test_in_a_variant_the_openai_path_answers_with_a_list(start: Start) -> None:
    arguments = ("--time-scale", "0", "--variant", "nanobanana:openai_shape")
    body = {"model": "gpt-image-2", "prompt": "a cat", "image": ELSEWHERE}
    with start(*arguments) as (_, urls), loopback(authorization="Bearer k") as c:
        other, plain = (c.post(urls["nanobanana"] + path, json=body).json() for path in PATHS[::-1])

    assert set(other) == {"code", "message", "data"}
    assert (other["code"], [set(item) for item in other["data"]]) == (0, [{"url"}])
    assert plain["data"]["url"] == other["data"][0]["url"]
