"""The maker's twin: one refusal for each measured rule, and replies as they were recorded."""

from __future__ import annotations

import base64
import io
import json
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image

from harness.emulator import validate
from harness.emulator.faults.catalogue import catalogue
from tests.emulator.listener import Padded

if TYPE_CHECKING:
    from tests.emulator.conftest import Emulator, Start

MODEL = {"model": "gpt-image-2", "prompt": "a hat"}
Json = dict[str, Any]


@cache
def picture(encoding: str, size: tuple[int, int] = (64, 48), *, clear: bool = False) -> bytes:
    out = io.BytesIO()
    mode, colour = ("RGBA", (9, 9, 9, 0)) if clear else ("RGB", (9, 9, 9))
    Image.new(mode, size, colour).save(out, encoding)
    return out.getvalue()


PNG = picture("PNG")
ONE = [("image[]", PNG)]


def url_of(data: bytes, kind: str = "png") -> Json:
    return {"image_url": f"data:image/{kind};base64,{base64.b64encode(data).decode()}"}


def generate(emulator: Emulator, **changes: object) -> httpx.Response:
    return emulator.submit("openai", emulator.body("openai", **changes))


def edit(emulator: Emulator, sent: Json) -> httpx.Response:
    return emulator.client.post(f"{emulator.urls['openai']}/v1/images/edits", json=sent)


def form(emulator: Emulator, fields: Json, files: list[tuple[str, Any]]) -> httpx.Response:
    parts: list[Any] = [(name, ("file.png", bytes(data), "image/png")) for name, data in files]
    parts += [(name, (None, str(text).encode(), "text/plain")) for name, text in fields.items()]
    return emulator.client.post(f"{emulator.urls['openai']}/v1/images/edits", files=parts)


def error(reply: httpx.Response) -> tuple[str | None, str | None, str | None, str]:
    body = reply.json()["error"]
    assert reply.status_code == 400
    return body["type"], body["param"], body["code"], body["message"]


REQUEST, USER = "invalid_request_error", "image_generation_user_error"
# The rows of the measured table: what is changed, and the type, param, code and (a piece of) the
# message that came of it.
MEASURED: list[tuple[Json, tuple[str, str, str], str]] = [
    ({"model": None}, (REQUEST, "model", "invalid_type"), "expected a string, but got null"),
    ({"model": 1.5}, (REQUEST, "model", "invalid_type"), "a decimal number instead"),
    ({"model": ""}, (USER, "model", "invalid_value"), "The model '' does not exist."),
    ({"model": "dall-e-3"}, (USER, "model", "invalid_value"), "'dall-e-3' does not exist."),
    ({"style": "vivid"}, (REQUEST, "style", "unknown_parameter"), "Unknown parameter: 'style'."),
    ({"response_format": None}, (REQUEST, "response_format", "unknown_parameter"), "Unknown"),
    ({"input_fidelity": "low"}, (REQUEST, "input_fidelity", "unknown_parameter"), "Unknown"),
    ({"images": []}, (REQUEST, "images", "unknown_parameter"), "Unknown parameter: 'images'."),
    ({"mask": "x"}, (REQUEST, "mask", "unknown_parameter"), "Unknown parameter: 'mask'."),
    ({"n": 0}, (REQUEST, "n", "integer_below_min_value"),
     "Invalid 'n': integer below minimum value. Expected a value >= 1, but got 0 instead."),
    ({"n": 11}, (REQUEST, "n", "integer_above_max_value"),
     "Invalid 'n': integer above maximum value. Expected a value <= 10, but got 11 instead."),
    ({"n": "2"}, (REQUEST, "n", "invalid_type"),
     "Invalid type for 'n': expected an integer, but got a string instead."),
    ({"n": True}, (REQUEST, "n", "invalid_type"), "got a boolean instead."),
    ({"output_compression": 101}, (REQUEST, "output_compression", "integer_above_max_value"),
     "<= 100"),
    ({"partial_images": 4}, (REQUEST, "partial_images", "integer_above_max_value"), "<= 3"),
    ({"quality": "ultra"}, (REQUEST, "quality", "invalid_value"),
     "Invalid value: 'ultra'. Supported values are: 'low', 'medium', 'high', and 'auto'."),
    ({"output_format": "gif"}, (REQUEST, "output_format", "invalid_value"),
     "'png', 'webp', and 'jpeg'."),
    ({"moderation": "none"}, (REQUEST, "moderation", "invalid_value"), "are: 'auto' and 'low'."),
    ({"background": "red"}, (REQUEST, "background", "invalid_value"),
     "'transparent', 'opaque', and 'auto'."),
    ({"stream": "yes"}, (REQUEST, "stream", "invalid_type"), "expected a boolean"),
    ({"prompt": None}, (REQUEST, "prompt", "invalid_type"), "expected a string"),
    ({"prompt": ""}, (REQUEST, "prompt", "empty_string"), "Invalid 'prompt'"),
    ({"prompt": "x" * 32_001}, (REQUEST, "prompt", "string_above_max_length"),
     "Expected a string with maximum length 32000, but got a string with length 32001 instead."),
    ({"size": "bogus"}, (USER, "size", "invalid_value"),
     "Invalid size 'bogus'. Expected WIDTHxHEIGHT, for example '1824x1024'."),
    ({"size": "0x0"}, (USER, "size", "invalid_value"), "Expected WIDTHxHEIGHT"),
    ({"size": "9x9"}, (USER, "size", "invalid_value"),
     "Invalid size '9x9'. Width and height must both be divisible by 16."),
    ({"size": "4096x4096"}, (USER, "size", "invalid_value"),
     "Invalid size '4096x4096'. The longest edge must be less than or equal to 3840."),
    ({"size": "800x800"}, (USER, "size", "invalid_value"), "below the current minimum pixel"),
    ({"size": "3840x3408"}, (USER, "size", "invalid_value"), "exceeds the current pixel budget."),
    ({"size": 123}, (REQUEST, "size", "invalid_type"), "expected a string, but got an integer"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "expected", "text"),
    MEASURED,
    ids=[f"{next(iter(row[0].items()))!s:.40}" for row in MEASURED],
)
def test_a_measured_refusal_comes_in_its_own_words(
    emulator: Emulator, changes: Json, expected: tuple[str, str, str], text: str
) -> None:
    found = error(generate(emulator, **changes))

    assert found[:3] == expected
    assert text in found[3]


@pytest.mark.parametrize("name", ["model", "prompt"])
def test_what_is_required_is_missed_by_its_name(emulator: Emulator, name: str) -> None:
    body = {key: value for key, value in MODEL.items() if key != name}

    assert error(emulator.submit("openai", body)) == (
        REQUEST, name, "missing_required_parameter", f"Missing required parameter: '{name}'.",
    )  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "   "},
        {"user": 123},
        {"size": "1024x640"},
        {"size": "3840x2160"},
        {"output_compression": 50},
        {"background": "transparent"},
        {"partial_images": 0},
        dict.fromkeys(("n", "output_compression", "partial_images", "quality", "size")),
    ],
)
def test_what_was_measured_to_be_accepted_is_served(emulator: Emulator, changes: Json) -> None:
    assert generate(emulator, **changes).status_code == 200


def test_mistakes_are_reported_in_the_measured_order() -> None:
    body: Json = {"model": "x", "hat": 1, "n": 99, "size": "1x1", "images": []}
    fixed: list[Json] = [
        {},
        {"model": "gpt-image-2"},
        {"hat": None},
        {"prompt": "a"},
        {"images": [url_of(PNG)]},
        {"n": 1},
    ]
    seen = []
    for change in fixed:
        body = {key: value for key, value in (body | change).items() if value is not None}
        seen.append(validate("openai", "edit_json", body))

    assert seen == [
        "model.one_of", "hat.absent", "prompt.required", "images.count", "n.range",
        "size.multiple_of",
    ]  # fmt: skip


EDITS: list[tuple[Json, tuple[str, str, str], str]] = [
    ({"image": "x"}, (REQUEST, "image", "invalid_value"),
     "Unknown parameter: 'image'. For application/json on /v1/images/edits, use 'images' (array)."),
    ({"image[]": "x"}, (REQUEST, "image[]", "invalid_value"), "use 'images' (array)."),
    ({}, (REQUEST, "images", "missing_required_parameter"), "'images'"),
    ({"images": []}, (REQUEST, "images", "empty_array"), "empty array"),
    ({"images": ["x"]}, (REQUEST, "images[0]", "invalid_type"), "expected an object"),
    ({"images": [url_of(PNG)] * 17}, (REQUEST, "images", "array_above_max_length"), "17"),
    ({"images": [url_of(PNG), url_of(b"<svg/>")]}, (USER, "images[1].image_url",
     "invalid_image_file"), "Invalid image data."),
    ({"images": [url_of(picture("GIF"))]}, (USER, "images[0].image_url", "invalid_image_file"), ""),
    ({"images": [url_of(PNG) | {"file_id": "file-1"}]}, (REQUEST, "images[0]", "invalid_value"),
     "exactly one of 'image_url' and 'file_id'"),
    ({"images": [{}]}, (REQUEST, "images[0]", "invalid_value"), "exactly one"),
    ({"images": [{"image_url": "x" * 20_971_521}]}, (REQUEST, "images[0].image_url",
     "string_above_max_length"), "20971520"),
    ({"images": [url_of(PNG)], "mask": url_of(picture("WEBP", clear=True), "webp")}, (USER, "mask",
     "unsupported_file_mimetype"), "PNG"),
    ({"images": [url_of(PNG)], "mask": url_of(picture("PNG", (64, 64), clear=True))}, (USER, "mask",
     "invalid_value"), "size of the mask"),
    ({"images": [url_of(PNG)], "mask": "x"}, (REQUEST, "mask", "invalid_type"), "an object"),
    ({"images": [url_of(PNG)], "input_fidelity": "high"}, (USER, "input_fidelity",
     "invalid_input_fidelity_model"), "input_fidelity"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected", "text"), EDITS)
def test_an_edit_in_json_is_refused_by_its_own_rules(
    emulator: Emulator, changes: Json, expected: tuple[str, str, str], text: str
) -> None:
    found = error(edit(emulator, MODEL | changes))

    assert found[:3] == expected
    assert text in found[3]


def test_an_address_that_serves_nothing_is_told_with_its_status(emulator: Emulator) -> None:
    missing = f"{emulator.urls['buble']}/cdn/nothing.png"
    found = error(edit(emulator, MODEL | {"images": [{"image_url": missing}]}))

    assert found == (
        REQUEST, "url", "invalid_value", "Error while downloading file. Upstream status code: 404.",
    )  # fmt: skip


@pytest.mark.parametrize(
    "images",
    [
        [url_of(PNG)],
        [url_of(picture("WEBP"), "webp"), url_of(picture("JPEG"), "jpeg")],
        [{"file_id": "file-1"}],
        [{"image_url": "https://example.test/a.png"}],
        [url_of(PNG)] * 16,
    ],
)
def test_an_edit_in_json_takes_addresses_data_and_files(
    emulator: Emulator, images: list[Json]
) -> None:
    # The schema lists three sizes here; 1536x864 is recorded.
    reply = edit(emulator, MODEL | {"images": images, "size": "1536x864", "quality": "low"})

    assert reply.status_code == 200
    usage = reply.json()["usage"]
    assert usage["output_tokens"] == 120
    assert usage["input_tokens_details"]["image_tokens"] == 64 * len(images)
    assert [one["operation"] for one in emulator.ledger("openai")["entries"]] == ["edit_json"]


def test_an_edit_as_a_form_takes_the_three_spellings_of_its_field(emulator: Emulator) -> None:
    names = ["image", "image[]", "image[0]"]
    replies = [form(emulator, MODEL | {"n": "2"}, [(name, PNG)]) for name in names]

    assert [len(reply.json()["data"]) for reply in replies] == [2, 2, 2]
    assert {one["operation"] for one in emulator.ledger("openai")["entries"]} == {"edit"}


FORMS: list[tuple[Json, list[tuple[str, Any]], str]] = [
    ({}, [], "images.required"),
    ({}, ONE * 17, "images.count"),
    ({}, [("image", picture("GIF"))], "images.media_type"),
    ({}, [("image", PNG[:-20])], "images.format"),
    ({}, [("image", Padded(PNG, 50 * 2**20))], "images.max_bytes"),
    ({}, [*ONE, ("mask", picture("WEBP", clear=True))], "mask.media_type"),
    ({}, [*ONE, ("mask", picture("PNG", clear=True)[:-20])], "mask.format"),
    ({}, [*ONE, ("mask", Padded(picture("PNG", clear=True), 4 * 2**20))], "mask.max_bytes"),
    ({}, [*ONE, ("mask", picture("PNG", (64, 64)))], "mask.same_size"),
    ({"input_fidelity": "high"}, ONE, "input_fidelity.absent"),
    ({"images": "x"}, ONE, "images.absent"),
    ({"n": "two"}, ONE, "n.integer"),
    ({"stream": "yes"}, ONE, "stream.one_of"),
    ({"output_compression": "50", "output_format": "png"}, ONE, "output_compression.only_with"),
    ({"background": "transparent", "output_format": "jpeg"}, ONE, "background.only_with"),
]


@pytest.mark.parametrize(("fields", "files", "rule"), FORMS, ids=[row[2] for row in FORMS])
def test_a_rule_of_the_form_is_enforced_until_it_is_ignored(
    emulator: Emulator, fields: Json, files: list[tuple[str, Any]], rule: str
) -> None:
    refused = form(emulator, MODEL | fields, files)
    emulator.switch("openai", *([f"ignore:{rule}"] if rule in _ignorable() else []))
    accepted = form(emulator, MODEL | fields, files)

    assert refused.status_code == 400
    assert emulator.ledger("openai")["entries"][0]["rule"] == rule
    assert accepted.status_code == (200 if rule in _ignorable() else 400)


@cache
def _ignorable() -> frozenset[str]:
    return frozenset(
        fault.breaks
        for fault in catalogue()
        if fault.provider == "openai" and fault.name.startswith("ignore:")
    )


def test_a_reply_has_the_keys_and_headers_of_the_recorded_one(emulator: Emulator) -> None:
    reply = generate(emulator, size="1024x1024", quality="high")
    body = reply.json()

    assert list(body) == [
        "created", "background", "data", "output_format", "quality", "size", "usage",
    ]  # fmt: skip
    assert [list(image) for image in body["data"]] == [["b64_json"]]
    assert body["usage"]["output_tokens_details"] == {"image_tokens": 7024, "text_tokens": 0}
    assert reply.text.startswith('{\n  "created": ')
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["transfer-encoding"] == "chunked"
    assert {
        "openai-version", "openai-organization", "openai-project", "openai-processing-ms",
        "x-request-id", "cf-ray", "cf-cache-status", "server", "strict-transport-security",
        "x-content-type-options", "alt-svc", "access-control-expose-headers",
    } <= set(reply.headers)  # fmt: skip
    assert not [name for name in reply.headers if "ratelimit" in name]


@pytest.mark.parametrize(
    ("size", "quality", "tokens"),
    [
        ("1536x864", "low", 120),
        ("1024x1024", "low", 196),
        ("2560x1440", "low", 205),
        ("3472x1488", "low", 201),
        ("1024x1024", "medium", 1756),
        ("1024x1024", "high", 7024),
        ("1536x1024", "medium", 1372),
        ("3840x2160", "high", 13_342),
        (None, None, 229),
    ],
)
def test_an_image_takes_the_maker_s_tokens_and_costs_them(
    emulator: Emulator, size: str | None, quality: str | None, tokens: int
) -> None:
    reply = generate(emulator, size=size, quality=quality)

    assert reply.json()["usage"]["output_tokens"] == tokens
    cost = emulator.ledger("openai")["totals"]
    assert (cost["amount"], cost["unit"]) == (pytest.approx(tokens * 30e-6 + 5e-6), "usd")


def test_auto_becomes_low_in_a_size_of_its_own(emulator: Emulator) -> None:
    body = generate(emulator, size="auto", quality="auto").json()

    assert (body["size"], body["quality"]) == ("1254x1254", "low")


def test_a_transparent_background_is_declared_and_drawn(emulator: Emulator, start: Start) -> None:
    body = generate(emulator, background="transparent").json()
    with start("--time-scale", "0", "--variant", "openai:opaque_only") as (_, urls):
        until_august = emulator.client.post(
            f"{urls['openai']}/v1/images/generations", json=MODEL | {"background": "transparent"}
        )

    assert body["background"] == "transparent"
    with Image.open(io.BytesIO(base64.b64decode(body["data"][0]["b64_json"]))) as image:
        assert image.has_transparency_data
    assert error(until_august) == (
        USER, "background", "invalid_value",
        "Transparent background is not supported for this model.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("header", "code", "text"),
    [("Bearer other", "invalid_api_key", "Incorrect API key"), ("", None, "You didn't provide")],
)
def test_a_refused_key_comes_from_another_layer(
    emulator: Emulator, header: str, code: str | None, text: str
) -> None:
    reply = emulator.submit("openai", MODEL, authorization=header)
    body = reply.json()["error"]

    assert (reply.status_code, body["param"], body["code"]) == (401, None, code)
    assert body["message"].startswith(text)
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert reply.headers["vary"] == "Origin"
    assert not [name for name in reply.headers if name.startswith("openai-")]
    assert '\n        "message"' in reply.text


def events(reply: httpx.Response) -> list[Json]:
    blocks = reply.text.strip().split("\n\n")
    return [json.loads(block.split("\n")[1].removeprefix("data: ")) for block in blocks]


@pytest.mark.parametrize("operation", ["generate", "edit", "edit_json"])
def test_a_stream_has_the_events_and_fields_of_the_schema(
    emulator: Emulator, operation: str
) -> None:
    wanted: Json = {"stream": True, "partial_images": 2, "quality": "low", "size": "1024x1024"}
    if operation == "generate":
        reply, family = generate(emulator, **wanted), "image_generation"
    elif operation == "edit":
        fields = MODEL | {key: str(value).lower() for key, value in wanted.items()}
        reply, family = form(emulator, fields, [("image", PNG)]), "image_edit"
    else:
        reply, family = edit(emulator, MODEL | wanted | {"images": [url_of(PNG)]}), "image_edit"
    told = events(reply)

    declared = {"type", "b64_json", "created_at", "size", "quality", "background", "output_format"}
    assert [one["type"] for one in told] == [
        *[f"{family}.partial_image"] * 2, f"{family}.completed",
    ]  # fmt: skip
    assert [set(one) for one in told] == [
        *[declared | {"partial_image_index"}] * 2, declared | {"usage"},
    ]  # fmt: skip
    usage = told[-1]["usage"]
    assert set(usage) == {"input_tokens", "input_tokens_details", "output_tokens", "total_tokens"}
    assert usage["output_tokens"] == 196 + 2 * 100


def test_moderation_is_told_with_its_details(emulator: Emulator) -> None:
    emulator.switch("openai", "moderation")
    reply = generate(emulator)
    body = reply.json()["error"]

    assert error(reply)[:3] == (USER, None, "moderation_blocked")
    assert reply.headers["x-request-id"] in body["message"]
    assert body["moderation_details"] == {"moderation_stage": "output", "categories": ["sexual"]}


def test_the_tool_of_the_responses_api_makes_an_image(emulator: Emulator) -> None:
    url = f"{emulator.urls['openai']}/v1/responses"
    tool = {"type": "image_generation", "size": "1536x1024", "output_format": "jpeg"}
    sent: Json = {"model": "gpt-5", "input": "a hat", "tools": [tool]}
    body = emulator.client.post(url, json=sent).json()
    told = events(emulator.client.post(url, json=sent | {"stream": True}))
    wrong = emulator.client.post(url, json=sent | {"tools": [tool | {"size": "9x9"}]})

    call = body["output"][1]
    assert (call["size"], call["output_format"], call["revised_prompt"]) == (
        "1536x1024", "jpeg", "a hat",
    )  # fmt: skip
    assert told[-1]["response"]["output"][1]["size"] == "1536x1024"
    assert error(wrong)[:3] == (USER, "tools[0].size", "invalid_value")
    assert emulator.ledger("openai")["totals"]["images"] == 2
