"""AI/ML API's edits: a form, every rule about images and masks, and what comes back."""

from __future__ import annotations

import base64
import io
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from harness.emulator import validate
from harness.emulator.faults.catalogue import catalogue
from tests.emulator.listener import Padded

if TYPE_CHECKING:
    import httpx

    from tests.emulator.conftest import Emulator

PATH = "/v1/images/edits"
FIELDS = {"model": "openai/gpt-image-2", "prompt": "a hat"}
Files = list[tuple[str, bytes | Padded]]


@cache
def picture(encoding: str, size: tuple[int, int] = (64, 48)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (9, 9, 9)).save(out, encoding)
    return out.getvalue()


PNG = picture("PNG")
CUT = PNG[:-20]


def send(emulator: Emulator, fields: dict[str, Any], files: Files) -> httpx.Response:
    parts: list[tuple[str, tuple[str | None, bytes, str]]] = [
        (name, ("file.png", bytes(data), "image/png")) for name, data in files
    ]
    parts += [(name, (None, str(text).encode(), "text/plain")) for name, text in fields.items()]
    return emulator.client.post(emulator.urls["aimlapi"] + PATH, files=parts)


def judged(fields: dict[str, Any], files: Files) -> str | None:
    """What validate() says of the same form."""
    named: dict[str, list[dict[str, Any]]] = {}
    for name, data in files:
        file = {"data": bytes(data), "media_type": "image/png", "filename": "file.png"}
        named.setdefault(name, []).append(file)
    texts = {name: str(text) for name, text in fields.items()}
    return validate("aimlapi", "edit", {"fields": texts, "files": named})


ONE: Files = [("image", PNG)]
LOSSY = {"output_format": "jpeg"}
# What breaks one rule and no other: changes to the fields, None for one that is left out, and the
# files.
BREAKS: dict[str, tuple[dict[str, Any], Files]] = {
    "model.required": ({"model": None}, ONE),
    "model.one_of": ({"model": "gpt-image-2"}, ONE),
    "prompt.required": ({"prompt": None}, ONE),
    "prompt.max_length": ({"prompt": "x" * 32_001}, ONE),
    "size.one_of": ({"size": "2048x2048"}, ONE),
    "quality.one_of": ({"quality": "auto"}, ONE),
    "output_format.one_of": ({"output_format": "gif"}, ONE),
    "background.one_of": ({"background": "blue"}, ONE),
    "background.only_with": ({"background": "transparent", **LOSSY}, ONE),
    "n.integer": ({"n": "1.5"}, ONE),
    "n.range": ({"n": 11}, ONE),
    "output_compression.integer": ({"output_compression": "half", **LOSSY}, ONE),
    "output_compression.range": ({"output_compression": 101, **LOSSY}, ONE),
    "output_compression.only_with": ({"output_compression": 50}, ONE),
    "response_format.one_of": ({"response_format": "file"}, ONE),
    "images.required": ({}, [("mask", PNG)]),
    "images.count": ({}, ONE * 17),
    "images.media_type": ({}, [*ONE, ("image", picture("GIF"))]),
    "images.format": ({}, [*ONE, ("image", CUT)]),
    "images.max_bytes": ({}, [("image", Padded(PNG, 50 * 2**20 + 1))]),
    "mask.media_type": ({}, [*ONE, ("mask", picture("WEBP"))]),
    "mask.max_bytes": ({}, [*ONE, ("mask", Padded(PNG, 4 * 2**20))]),
    "mask.same_size": ({}, [*ONE, ("mask", picture("PNG", (48, 64)))]),
}
# What stands on the last allowed value of one rule.
EDGES: dict[str, tuple[dict[str, Any], Files]] = {
    "prompt.max_length": ({"prompt": "x" * 32_000}, ONE),
    "size.one_of": ({"size": "1536x1024"}, ONE),
    "quality.one_of": ({"quality": "high"}, ONE),
    "output_format.one_of": ({"output_format": "webp"}, ONE),
    "background.one_of": ({"background": "auto"}, ONE),
    "n.range": ({"n": 10}, ONE),
    "output_compression.range": ({"output_compression": 100, **LOSSY}, ONE),
    "response_format.one_of": ({"response_format": "b64_json"}, ONE),
    "images.count": ({}, ONE * 16),
    "images.media_type": ({}, [("image", picture("JPEG"))]),
    "images.max_bytes": ({}, [("image", Padded(PNG, 49_999_999))]),
    "mask.max_bytes": ({}, [*ONE, ("mask", Padded(PNG, 3_999_999))]),
}


def _rules(kind: str) -> list[str]:
    return [
        fault.breaks
        for fault in catalogue()
        if fault.provider == "aimlapi"
        and "edit" in fault.operations
        and fault.name.startswith(kind)
        and not fault.name.endswith(":min")
    ]


def _fields(changes: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in (FIELDS | changes).items() if value is not None}


@pytest.mark.parametrize("rule", _rules("ignore:"))
def test_a_rule_is_enforced_until_it_is_ignored(emulator: Emulator, rule: str) -> None:
    changes, files = BREAKS[rule]

    refused = send(emulator, _fields(changes), files)
    emulator.switch("aimlapi", f"ignore:{rule}")
    accepted = send(emulator, _fields(changes), files)

    assert judged(_fields(changes), files) == rule
    assert (refused.status_code, accepted.status_code) == (400, 200)
    parameter = {"images": "image"}.get(rule.partition(".")[0], rule.partition(".")[0])
    assert refused.json()["message"].startswith(f"Body validation error. {parameter}: ")
    entries = emulator.ledger("aimlapi")["entries"]
    assert [entry["rule"] for entry in entries] == [rule, None]
    assert [entry["cost"]["amount"] > 0 for entry in entries] == [False, True]


@pytest.mark.parametrize("rule", _rules("strict:"))
def test_a_boundary_is_accepted_until_the_rule_is_strict(emulator: Emulator, rule: str) -> None:
    changes, files = EDGES[rule]

    accepted = send(emulator, _fields(changes), files)
    emulator.switch("aimlapi", f"strict:{rule}")
    refused = send(emulator, _fields(changes), files)

    assert judged(_fields(changes), files) is None
    assert (accepted.status_code, refused.status_code) == (200, 400)
    assert emulator.ledger("aimlapi")["entries"][-1]["rule"] == rule


def test_an_edit_says_more_of_its_images_than_a_generation(emulator: Emulator) -> None:
    fields = FIELDS | {"n": "2", "size": "1024x1536", "quality": "low", "output_format": "webp"}
    reply = send(emulator, fields, [("image[]", PNG), ("image[]", picture("JPEG"))]).json()

    assert set(reply) == {
        "created", "background", "output_format", "quality", "size", "usage", "data", "meta",
    }  # fmt: skip
    assert [reply[key] for key in ("background", "output_format", "quality", "size", "usage")] == [
        "opaque", "webp", "low", "1024x1536", None,
    ]  # fmt: skip
    assert [set(item) for item in reply["data"]] == [{"b64_json", "url"}] * 2
    assert [item["b64_json"] for item in reply["data"]] == [None, None]
    assert emulator.image(reply["data"][0]["url"]) == ("webp", (1024, 1536))
    assert reply["meta"]["usage"] == {"credits_used": 21_018, "usd_spent": 0.010509}
    assert emulator.ledger("aimlapi")["totals"]["images"] == 2


def test_an_edit_is_a_medium_png_of_1024_unless_something_else_is_asked(
    emulator: Emulator,
) -> None:
    reply = send(emulator, FIELDS | {"response_format": "b64_json"}, ONE).json()

    assert (reply["size"], reply["quality"], reply["output_format"]) == (
        "1024x1024", "medium", "png",
    )  # fmt: skip
    assert reply["data"][0]["url"] is None
    with Image.open(io.BytesIO(base64.b64decode(reply["data"][0]["b64_json"]))) as image:
        assert (image.format, image.size) == ("PNG", (1024, 1024))


def test_a_file_of_exactly_50_mb_is_up_to_50_mb() -> None:
    assert judged(FIELDS, [("image", Padded(PNG, 50 * 2**20))]) is None
    assert judged(FIELDS, [*ONE, ("mask", Padded(PNG, 4 * 2**20 - 1))]) is None


def test_of_a_mask_only_what_the_page_says_is_looked_at() -> None:
    assert judged(FIELDS, [*ONE, ("mask", PNG)]) is None  # it has no alpha channel
    assert judged(FIELDS, [*ONE, ("mask", CUT)]) is None
    assert judged(FIELDS, [("image", picture("JPEG")), ("mask", PNG)]) is None
    assert judged(FIELDS, [*ONE, ("mask", b"no image")]) == "mask.media_type"


@pytest.mark.parametrize("rule", [rule for rule in BREAKS if rule.startswith("mask.")])
def test_no_rule_about_the_mask_holds_where_masks_are_ignored(
    emulator: Emulator, rule: str
) -> None:
    emulator.switch("aimlapi", "mask_ignored")
    masked = send(emulator, FIELDS, BREAKS[rule][1])
    broken = send(emulator, FIELDS, [("image", CUT)])

    assert (masked.status_code, broken.status_code) == (200, 400)


def test_moderation_is_no_parameter_of_an_edit() -> None:
    assert judged(FIELDS | {"moderation": "none", "hat": "red"}, ONE) is None


def test_a_body_that_is_no_form_is_a_400(emulator: Emulator) -> None:
    body = FIELDS | {"image": "https://example.test/a.png"}
    reply = emulator.client.post(emulator.urls["aimlapi"] + PATH, json=body)

    assert reply.status_code == 400
    assert reply.json()["path"] == PATH
    assert validate("aimlapi", "edit", body) == "body.format"
    assert emulator.ledger("aimlapi")["entries"][0]["rule"] == "body.format"
