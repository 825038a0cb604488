"""A fault of a combination shows where all its values meet, and nowhere else."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from harness.emulator.faults.catalogue import catalogue
from harness.emulator.faults.combinations import (
    NAMES,
    Combination,
    combination,
    content_faults,
    operation_of,
    refusal_first,
    refusal_last,
)
from harness.emulator.rules import check
from tests.emulator.bodies import body
from tests.emulator.conftest import decoded

if TYPE_CHECKING:
    from tests.emulator.conftest import Emulator

LONGEST = {"buble": 20_000, "nanobanana": 2_000, "aimlapi": 32_000, "openai": 32_000}
CLASSES: dict[str, Any] = {
    "n=many": 2,
    "size=largest": "3840x2160",
    "size=smallest": "1024x640",
    "size=3:1": "3072x1024",
    "size=portrait": "1024x1536",
    "images=many": 2,
    "mask=given": True,
}
PLAIN: dict[str, Any] = {
    "size": "1024x1024", "quality": "low", "output_format": "jpeg", "output_compression": 50,
    "partial_images": 1, "background": "auto", "moderation": "auto", "resolution": "1K",
    "aspect_ratio": "16:9",
}  # fmt: skip
"""What stands for a parameter that only has to be there."""


def _found(provider: str, name: str) -> Combination:
    found = combination(provider, name)
    assert found is not None
    return found


ALL = [
    (fault.provider, operation, fault.name)
    for fault in catalogue()
    if fault.family == "interaction"
    for operation in fault.operations
]
MEETING = [one for one in ALL if not one[2].startswith("undeclared")]
UNDECLARED = [one for one in ALL if one[2].startswith("undeclared")]


def _value(provider: str, trait: str) -> tuple[str, Any]:
    name, _, text = trait.partition("=")
    if trait == "prompt=longest":
        return name, "x" * LONGEST[provider]
    if trait in CLASSES:
        return name, CLASSES[trait]
    return name, {"true": True}.get(text, int(text) if text.isdigit() else text)


def _body(
    provider: str, operation: str, changes: dict[str, Any], lossy: str = "webp"
) -> dict[str, Any]:
    needed: dict[str, Any] = {}
    if "output_compression" in changes:
        needed["output_format"] = lossy
    if "partial_images" in changes:
        needed["stream"] = True
    return body(provider, operation, **(needed | changes))


def _shows(provider: str, operation: str, asked: object, one: Combination) -> bool:
    where = (provider, operation, asked, (one,))
    return bool(refusal_first(*where) or refusal_last(*where) or content_faults(*where))


@pytest.mark.parametrize(("provider", "operation", "name"), MEETING)
def test_it_shows_where_all_values_meet_and_not_where_one_is_missing(
    provider: str, operation: str, name: str
) -> None:
    one = _found(provider, name)
    changes = dict(_value(provider, trait) for trait in one.traits)
    meeting = _body(provider, operation, changes)

    assert check(provider, operation, meeting) is None
    assert operation_of(provider, operation, meeting) == operation
    assert _shows(provider, operation, meeting, one)
    assert len(changes) == len(one.traits) == (3 if name.startswith("three") else 2)
    lossy = "jpeg" if "output_format=webp" in one.traits else "webp"
    for left_out in changes:
        rest = {key: value for key, value in changes.items() if key != left_out}
        lacking = _body(provider, operation, rest, lossy)
        assert check(provider, operation, lacking) is None
        assert not _shows(provider, operation, lacking, one)


@pytest.mark.parametrize(("provider", "operation", "name"), UNDECLARED)
def test_an_undeclared_rule_refuses_one_parameter_without_the_other(
    provider: str, operation: str, name: str
) -> None:
    one = _found(provider, name)
    first, second = one.traits
    alone = _body(provider, operation, {first: PLAIN[first]})
    both = _body(provider, operation, {first: PLAIN[first], second: PLAIN[second]})

    assert check(provider, operation, alone) is None
    assert _shows(provider, operation, alone, one)
    assert not _shows(provider, operation, both, one)
    assert not _shows(provider, operation, body(provider, operation), one)


@pytest.mark.parametrize(("provider", "operation", "name"), ALL)
def test_a_combination_is_none_of_another_operation(
    provider: str, operation: str, name: str
) -> None:
    one = _found(provider, name)
    if one.operations == ("edit",) and provider in ("buble", "apiframe"):
        return  # their edits come on the path of generations, and are told by their body
    other = ({"generate", "edit", "respond"} - set(one.operations)).pop()
    changes = dict(_value(provider, trait) for trait in one.traits if "=" in trait)

    assert not one.meets(provider, other, _body(provider, operation, changes))


@pytest.mark.parametrize("provider", list(NAMES))
def test_each_provider_has_enough_of_each_kind_and_none_twice(provider: str) -> None:
    names = NAMES[provider]

    assert len(set(names)) == len(names)
    assert sum(name.startswith("both") for name in names) >= 6
    assert sum(name.startswith("three") for name in names) >= 2
    assert sum(name.startswith("undeclared") for name in names) >= 1


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "buble": (
        {"resolution": "2K", "aspect_ratio": "1:1"},
        "both:resolution=2K+aspect_ratio=1:1",
        "invalid_request_body",
    ),
    "sub2api": (
        {"quality": "high", "output_format": "jpeg"},
        "both:quality=high+output_format=jpeg",
        "invalid_request_error",
    ),
    "apiframe": (
        {"quality": "low", "background": "opaque"},
        "both:quality=low+background=opaque",
        "Validation failed",
    ),
    "nanobanana": (
        {"size": "3072x1024", "quality": "low"},
        "both:size=3:1+quality=low",
        "-1",
    ),
    "aimlapi": (
        {"size": "1536x1024", "output_format": "jpeg"},
        "both:size=1536x1024+output_format=jpeg",
        "Body validation error",
    ),
    "openai": (
        {"quality": "high", "output_format": "jpeg"},
        "both:quality=high+output_format=jpeg",
        "invalid_request_error",
    ),
}


@pytest.mark.parametrize("provider", list(REFUSED))
def test_a_refused_combination_comes_in_the_provider_s_own_words_and_names_nothing(
    emulator: Emulator, provider: str
) -> None:
    changes, fault, words = REFUSED[provider]
    asked = emulator.body(provider, **changes)
    before = emulator.submit(provider, asked)
    emulator.switch(provider, fault)
    after = emulator.submit(provider, asked)

    assert before.status_code in (200, 202)
    assert after.status_code == 400
    assert words in after.text
    assert [name for name in changes if name in after.text] == []
    last = emulator.ledger(provider)["entries"][-1]
    assert (last["rule"], last["paid"], last["images"]) == (fault, False, 0)


def test_a_blamed_combination_names_its_first_parameter_alone(emulator: Emulator) -> None:
    emulator.switch("sub2api", "both_blamed:quality=high+background=opaque")
    asked = emulator.body("sub2api", quality="high", background="opaque")
    error = emulator.submit("sub2api", asked).json()["error"]
    emulator.switch("apiframe", "both_blamed:quality=high+moderation=low")
    asked = emulator.body("apiframe", quality="high", moderation="low")
    details = emulator.submit("apiframe", asked).json()["details"]

    assert error["param"] == "quality"
    assert "background" not in error["message"]
    assert list(details) == ["gptImage2Params.quality"]


def test_an_undeclared_rule_masks_the_others(emulator: Emulator) -> None:
    bad = emulator.body("sub2api", output_format="jpeg", output_compression=101)
    emulator.switch("sub2api", "undeclared:output_compression-needs-quality")
    masked = emulator.submit("sub2api", bad).json()["error"]
    seen = emulator.submit("sub2api", bad | {"quality": "low"}).json()["error"]

    assert masked["message"] == "output_compression requires quality."
    assert seen["code"] == "integer_above_max_value"


WRONG = [
    (
        "both_wrong_dimensions:size=1536x1024+quality=high",
        {"size": "1536x1024", "quality": "high"},
        ("png", (1254, 1254)),
    ),
    (
        "both_wrong_format:quality=high+output_format=webp",
        {"size": "1536x1024", "quality": "high", "output_format": "webp"},
        ("png", (1536, 1024)),
    ),
]


@pytest.mark.parametrize(("fault", "changes", "delivered"), WRONG)
def test_a_combination_is_served_with_wrong_content(
    emulator: Emulator, fault: str, changes: dict[str, Any], delivered: object
) -> None:
    emulator.switch("sub2api", fault)
    whole = emulator.submit("sub2api", emulator.body("sub2api", **changes)).json()
    other = emulator.submit("sub2api", emulator.body("sub2api", **changes | {"quality": "low"}))

    assert decoded(base64.b64decode(whole["data"][0]["b64_json"])) == delivered
    right = decoded(base64.b64decode(other.json()["data"][0]["b64_json"]))
    assert right == (changes.get("output_format", "png"), (1536, 1024))


def test_a_combination_spoils_no_other_request_of_the_same_time(emulator: Emulator) -> None:
    fault = "both_wrong_dimensions:resolution=2K+aspect_ratio=4:3"
    emulator.switch("buble", fault)
    right = emulator.job("buble", resolution="2K", aspect_ratio="3:4")
    wrong = emulator.job("buble", resolution="2K", aspect_ratio="4:3")

    assert emulator.image(right["result"]["images"][0]["url"])[1] == (1536, 2048)
    assert emulator.image(wrong["result"]["images"][0]["url"])[1] == (1254, 1254)
