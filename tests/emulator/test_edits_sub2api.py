"""sub2api's edits: forms and JSON, every rule about images and masks, and what comes back."""

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
FIELDS = {"model": "gpt-image-2", "prompt": "a hat"}
LIMIT_BYTES = 50 * 2**20
Files = list[tuple[str, bytes | Padded]]


@cache
def picture(encoding: str, size: tuple[int, int] = (64, 48), *, clear: bool = False) -> bytes:
    out = io.BytesIO()
    mode, colour = ("RGBA", (9, 9, 9, 0)) if clear else ("RGB", (9, 9, 9))
    Image.new(mode, size, colour).save(out, encoding)
    return out.getvalue()


PNG, MASK = picture("PNG"), picture("PNG", clear=True)
CUT = PNG[:-20]


def send(emulator: Emulator, fields: dict[str, Any], files: Files) -> httpx.Response:
    parts: list[tuple[str, tuple[str | None, bytes, str]]] = [
        (name, ("file.png", bytes(data), "image/png")) for name, data in files
    ]
    parts += [(name, (None, str(text).encode(), "text/plain")) for name, text in fields.items()]
    return emulator.client.post(emulator.urls["sub2api"] + PATH, files=parts)


def judged(fields: dict[str, Any], files: Files) -> str | None:
    """What validate() says of the same form."""
    named: dict[str, list[dict[str, Any]]] = {}
    for name, data in files:
        file = {"data": bytes(data), "media_type": "image/png", "filename": "file.png"}
        named.setdefault(name, []).append(file)
    texts = {name: str(text) for name, text in fields.items()}
    return validate("sub2api", "edit", {"fields": texts, "files": named})


ONE: Files = [("image[]", PNG)]
LOSSY = {"output_format": "jpeg"}
# What breaks one rule and no other: changes to the fields, None for one that is left out, and the
# files.
BREAKS: dict[str, tuple[dict[str, Any], Files]] = {
    "model.required": ({"model": None}, ONE),
    "model.one_of": ({"model": "dall-e-2"}, ONE),
    "input_fidelity.absent": ({"input_fidelity": "high"}, ONE),
    "style.absent": ({"style": "vivid"}, ONE),
    "prompt.required": ({"prompt": ""}, ONE),
    "prompt.max_length": ({"prompt": "x" * 32_001}, ONE),
    "n.integer": ({"n": "1.5"}, ONE),
    "n.range": ({"n": 11}, ONE),
    "n.only_with": ({"n": 2, "stream": "true"}, ONE),
    "size.format": ({"size": "1024*1024"}, ONE),
    "size.multiple_of": ({"size": "1000x1000"}, ONE),
    "size.max_edge": ({"size": "3856x1600"}, ONE),
    "size.max_ratio": ({"size": "3200x1056"}, ONE),
    "size.min_pixels": ({"size": "800x800"}, ONE),
    "size.max_pixels": ({"size": "3008x3008"}, ONE),
    "quality.one_of": ({"quality": "ultra"}, ONE),
    "output_format.one_of": ({"output_format": "gif"}, ONE),
    "output_compression.integer": ({"output_compression": "half", **LOSSY}, ONE),
    "output_compression.range": ({"output_compression": 101, **LOSSY}, ONE),
    "output_compression.only_with": ({"output_compression": 50}, ONE),
    "background.one_of": ({"background": "transparent"}, ONE),
    "moderation.one_of": ({"moderation": "none"}, ONE),
    "stream.one_of": ({"stream": "yes"}, ONE),
    "partial_images.integer": ({"partial_images": "one", "stream": "true"}, ONE),
    "partial_images.range": ({"partial_images": 4, "stream": "true"}, ONE),
    "partial_images.only_with": ({"partial_images": 1}, ONE),
    "response_format.one_of": ({"response_format": "file"}, ONE),
    "images.required": ({}, []),
    "images.count": ({}, ONE * 17),
    "images.media_type": ({}, [*ONE, ("image[]", picture("GIF"))]),
    "images.format": ({}, [*ONE, ("image[]", CUT)]),
    "images.max_bytes": ({}, [("image[]", Padded(PNG, LIMIT_BYTES))]),
    "mask.format": ({}, [*ONE, ("mask", MASK[:-20])]),
    "mask.max_bytes": ({}, [*ONE, ("mask", Padded(MASK, LIMIT_BYTES))]),
    "mask.same_format": ({}, [*ONE, ("mask", picture("WEBP", clear=True))]),
    "mask.same_size": ({}, [*ONE, ("mask", picture("PNG", (64, 64), clear=True))]),
    "mask.alpha": ({}, [*ONE, ("mask", PNG)]),
}
# What stands on the last allowed value of one rule.
EDGES: dict[str, tuple[dict[str, Any], Files]] = {
    "model.one_of": ({"model": "gpt-image-2-2026-04-21"}, ONE),
    "prompt.max_length": ({"prompt": "x" * 32_000}, ONE),
    "n.range": ({"n": 10}, ONE),
    "size.multiple_of": ({"size": "1040x1040"}, ONE),
    "size.max_edge": ({"size": "3840x1600"}, ONE),
    "size.max_ratio": ({"size": "3072x1024"}, ONE),
    "size.min_pixels": ({"size": "1024x640"}, ONE),
    "size.max_pixels": ({"size": "3840x2160"}, ONE),
    "quality.one_of": ({"quality": "auto"}, ONE),
    "output_format.one_of": ({"output_format": "webp"}, ONE),
    "output_compression.range": ({"output_compression": 100, **LOSSY}, ONE),
    "background.one_of": ({"background": "opaque"}, ONE),
    "moderation.one_of": ({"moderation": "low"}, ONE),
    "stream.one_of": ({"stream": "true"}, ONE),
    "partial_images.range": ({"partial_images": 3, "stream": "true"}, ONE),
    "response_format.one_of": ({"response_format": "b64_json"}, ONE),
    "images.count": ({}, ONE * 16),
    "images.media_type": ({}, [("image[]", picture("JPEG"))]),
    "images.max_bytes": ({}, [("image[]", Padded(PNG, 49_999_999))]),
    "mask.max_bytes": ({}, [*ONE, ("mask", Padded(MASK, 49_999_999))]),
}


def _rules(kind: str) -> list[str]:
    return [
        fault.breaks
        for fault in catalogue()
        if fault.provider == "sub2api"
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
    emulator.switch("sub2api", f"ignore:{rule}")
    accepted = send(emulator, _fields(changes), files)

    assert judged(_fields(changes), files) == rule
    assert (refused.status_code, accepted.status_code) == (400, 200)
    parameter = {"images": "image"}.get(rule.partition(".")[0], rule.partition(".")[0])
    assert refused.json()["error"]["param"] == parameter
    entries = emulator.ledger("sub2api")["entries"]
    assert [entry["rule"] for entry in entries] == [rule, None]
    assert [entry["cost"]["amount"] > 0 for entry in entries] == [False, True]


@pytest.mark.parametrize("rule", _rules("strict:"))
def test_a_boundary_is_accepted_until_the_rule_is_strict(emulator: Emulator, rule: str) -> None:
    changes, files = EDGES[rule]

    accepted = send(emulator, _fields(changes), files)
    emulator.switch("sub2api", f"strict:{rule}")
    refused = send(emulator, _fields(changes), files)

    assert judged(_fields(changes), files) is None
    assert (accepted.status_code, refused.status_code) == (200, 400)
    assert emulator.ledger("sub2api")["entries"][-1]["rule"] == rule


@pytest.mark.parametrize("name", ["image", "image[]", "image[0]"])
def test_images_go_by_three_names(emulator: Emulator, name: str) -> None:
    assert send(emulator, FIELDS, [(name, PNG)]).status_code == 200
    assert judged(FIELDS, [(name, CUT)]) == "images.format"


def test_an_edit_is_a_square_of_1024_unless_something_else_is_asked(emulator: Emulator) -> None:
    plain = send(emulator, FIELDS, ONE).json()
    wide = send(emulator, FIELDS | {"size": "1536x1024", "n": "2", **LOSSY}, ONE * 2).json()

    assert (plain["size"], plain["output_format"], len(plain["data"])) == ("1024x1024", "png", 1)
    assert (wide["size"], wide["output_format"], len(wide["data"])) == ("1536x1024", "jpeg", 2)
    images = [base64.b64decode(item["b64_json"]) for item in wide["data"]]
    assert [_decoded(image) for image in images] == [("JPEG", (1536, 1024))] * 2
    assert wide["usage"]["input_tokens_details"]["image_tokens"] == 128
    assert wide["usage"]["total_tokens"] == (
        wide["usage"]["input_tokens"] + wide["usage"]["output_tokens"]
    )
    assert emulator.ledger("sub2api")["totals"]["amount"] == 3


def _decoded(data: bytes) -> tuple[str | None, tuple[int, int]]:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.format, image.size


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n": "two"}, "n must be a positive integer"),
        ({"n": "0"}, "n must be a positive integer"),
        ({"n": "-1"}, "n must be a positive integer"),
        ({"n": ""}, "n must be a positive integer"),
        ({"output_compression": "5.5"}, "invalid output_compression field value"),
        ({"partial_images": "x"}, "invalid partial_images field value"),
        ({"stream": "on"}, "invalid stream field value"),
    ],
)
def test_a_text_that_is_no_number_or_boolean_is_refused_in_the_gateway_s_words(
    emulator: Emulator, changes: dict[str, Any], message: str
) -> None:
    error = send(emulator, FIELDS | changes, ONE).json()["error"]

    assert (error["message"], error["type"]) == (message, "invalid_request_error")


@pytest.mark.parametrize(
    "changes",
    [{"n": "+2"}, {"n": " 3 "}, {"stream": "0"}, {"stream": "F"}, {"size": ""}, {"quality": ""}],
)
def test_texts_are_read_as_the_gateway_reads_them(
    emulator: Emulator, changes: dict[str, Any]
) -> None:
    assert send(emulator, FIELDS | changes, ONE).status_code == 200


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("images.format", "invalid_image_file"),
        ("mask.format", "invalid_image_file"),
        ("images.media_type", "unsupported_file_mimetype"),
        ("images.count", "array_above_max_length"),
        ("input_fidelity.absent", "invalid_input_fidelity_model"),
    ],
)
def test_a_refusal_has_its_code(emulator: Emulator, rule: str, code: str) -> None:
    changes, files = BREAKS[rule]

    assert send(emulator, _fields(changes), files).json()["error"]["code"] == code


def test_a_missing_image_is_said_in_the_gateway_s_words(emulator: Emulator) -> None:
    error = send(emulator, FIELDS, [("picture", PNG)]).json()["error"]

    assert error["message"] == "image file is required"


def test_bytes_decide_what_a_file_is_and_not_what_it_is_called() -> None:
    jpeg_mask = picture("JPEG")

    assert judged(FIELDS, [("image", b"no image")]) == "images.format"
    assert judged(FIELDS, [("image", b"")]) == "images.format"
    assert judged(FIELDS, [("image", jpeg_mask), ("mask", jpeg_mask)]) == "mask.alpha"
    assert judged(FIELDS, [*ONE, ("mask", b"no image")]) == "mask.format"
    # A palette with one clear colour can be transparent too.
    out = io.BytesIO()
    Image.new("P", (64, 48)).save(out, "PNG", transparency=0)
    assert judged(FIELDS, [*ONE, ("mask", out.getvalue())]) is None


def test_the_mask_belongs_to_the_first_image() -> None:
    other = ("image[]", picture("WEBP", (96, 96)))
    mask = ("mask", MASK)

    assert judged(FIELDS, [*ONE, other, mask]) is None
    assert judged(FIELDS, [other, *ONE, mask]) == "mask.same_format"


@pytest.mark.parametrize("rule", [rule for rule in BREAKS if rule.startswith("mask.")])
def test_no_rule_about_the_mask_holds_where_masks_are_ignored(
    emulator: Emulator, rule: str
) -> None:
    emulator.switch("sub2api", "mask_ignored")
    masked = send(emulator, FIELDS, BREAKS[rule][1])
    broken = send(emulator, FIELDS, [("image", CUT)])

    assert (masked.status_code, broken.status_code) == (200, 400)


def test_the_parts_are_judged_in_openai_s_order() -> None:
    fields: dict[str, Any] = {
        "model": "x", "hat": "1", "input_fidelity": "low", "n": "99", "size": "1x1",
    }  # fmt: skip
    files: Files = [("image", CUT), ("mask", PNG)]
    fixed: list[tuple[dict[str, Any], Files]] = [
        ({}, files),
        ({"model": "gpt-image-2"}, files),
        ({"hat": None}, files),
        ({"prompt": "a"}, files),
        ({}, [("image", PNG), ("mask", PNG)]),
        ({}, ONE),
        ({"input_fidelity": None}, ONE),
        ({"n": 1}, ONE),
    ]
    seen = []
    for changes, sent in fixed:
        fields = {key: value for key, value in (fields | changes).items() if value is not None}
        seen.append(judged(fields, sent))

    assert seen == [
        "model.one_of", "hat.absent", "prompt.required", "images.format", "mask.alpha",
        "input_fidelity.absent", "n.range", "size.multiple_of",
    ]  # fmt: skip


def _url(data: bytes) -> dict[str, str]:
    return {"image_url": "data:image/png;base64," + base64.b64encode(data).decode()}


WEB = {"image_url": "https://example.test/a.png"}
TORN = {"image_url": _url(PNG)["image_url"] + "!"}


@pytest.mark.parametrize(
    ("changes", "rule", "param"),
    [
        ({"images": [_url(PNG)], "mask": _url(MASK)}, None, None),
        ({"images": [WEB, _url(picture("WEBP"))], "mask": _url(MASK), "n": 2}, None, None),
        ({"images": [WEB], "mask": WEB, "size": None}, None, None),
        ({"images": None}, "images.required", "images"),
        ({"images": []}, "images.count", "images"),
        ({"images": [WEB] * 17}, "images.count", "images"),
        ({"images": "a.png"}, "images.format", "images"),
        ({"images": ["a.png"]}, "images.format", "images[0]"),
        ({"images": [{"file_id": "file-1"}]}, "images.format", "images"),
        ({"images": [WEB, _url(CUT)]}, "images.format", "images[1].image_url"),
        ({"images": [{"image_url": "%%%"}]}, "images.format", "images[0].image_url"),
        ({"images": [TORN]}, "images.format", "images[0].image_url"),
        ({"images": [_url(picture("GIF"))]}, "images.media_type", "images[0].image_url"),
        ({"images": [_url(PNG)], "mask": _url(PNG)}, "mask.alpha", "mask"),
        ({"images": [WEB], "mask": {"file_id": "file-1"}}, "mask.format", "mask"),
        ({"images": [WEB], "image": WEB}, "image.absent", "image"),
        ({"images": [WEB], "input_fidelity": "high"}, "input_fidelity.absent", "input_fidelity"),
        ({"images": [WEB], "n": "2"}, "n.integer", "n"),
    ],
)
def test_json_holds_addresses_instead_of_files(
    emulator: Emulator, changes: dict[str, Any], rule: str | None, param: str | None
) -> None:
    body = FIELDS | changes
    reply = emulator.client.post(emulator.urls["sub2api"] + PATH, json=body)

    assert validate("sub2api", "edit", body) == rule
    if rule is None:
        assert (reply.status_code, len(reply.json()["data"])) == (200, changes.get("n", 1))
    else:
        assert (reply.status_code, reply.json()["error"]["param"]) == (400, param)


@pytest.mark.parametrize(
    ("content_type", "raw"),
    [
        ("multipart/form-data; boundary=x", b"--x\r\n"),
        ("multipart/form-data", b""),
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("text/plain", b"a hat"),
    ],
)
def test_a_body_that_is_neither_a_form_nor_an_object_is_a_400(
    emulator: Emulator, content_type: str, raw: bytes
) -> None:
    reply = emulator.client.post(
        emulator.urls["sub2api"] + PATH, content=raw, headers={"content-type": content_type}
    )

    assert reply.status_code == 400
    assert emulator.ledger("sub2api")["entries"][0]["rule"] == "body.format"


def test_a_form_s_list_of_images_goes_by_no_plural(emulator: Emulator) -> None:
    error = send(emulator, FIELDS | {"images": "[]"}, ONE).json()["error"]

    assert (error["param"], error["code"]) == ("images", "invalid_value")
    assert "'image[]'" in error["message"]
