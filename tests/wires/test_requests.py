"""Requests of other shapes, built from arguments and read back as them."""

from dataclasses import replace

import pytest

from harness.core.exchange import Request
from harness.core.jsonvalue import Json
from harness.core.recipe import parse_recipe
from harness.core.reference import ReferenceImage
from harness.reference_images import reference_json
from harness.spec.provider import Provider
from harness.spec.request import build_request, read_request
from tests.wires import shapes

FIRST, SECOND = "png-rgb-256x256-1.png", "jpeg-rgb-256x256-2.jpeg"


def image(name: str) -> Json:
    recipe = parse_recipe(name)
    assert recipe is not None
    return reference_json(recipe).as_json()


def built(provider: Provider, operation: str, arguments: dict[str, Json]) -> Request:
    return build_request(provider, provider.operation(operation), arguments, key="this-run-x")


def test_a_path_holds_an_argument_with_its_slashes_and_nothing_that_walks_up() -> None:
    queue = shapes.queue()

    targets = [
        built(queue, "generate", {"model": model, "prompt": "a fox"}).target
        for model in ("fal-ai/flux/dev", "../admin", "a b?c#d", "ä")
    ]

    assert targets == ["/fal-ai/flux/dev", "/%2E%2E/admin", "/a%20b%3Fc%23d", "/%C3%A4"]


def test_a_template_whose_argument_is_missing_is_left_out() -> None:
    queue = shapes.queue()
    plain: dict[str, Json] = {"model": "m", "prompt": "a fox"}

    without, with_it = (
        built(queue, "generate", arguments) for arguments in (plain, {**plain, "mode": "fast x"})
    )

    assert (without.target, dict(without.headers).get("X-Queue-Priority")) == ("/m", None)
    assert with_it.target == "/m?fal_mode=fast%20x"
    assert dict(with_it.headers)["X-Queue-Priority"] == "fast x"
    assert with_it.body == without.body == {"prompt": "a fox"}


def test_a_constant_header_takes_the_place_of_ours_of_that_name() -> None:
    more = '[headers]\naccept = "application/vnd.test"\nX-Version = "2"\n'
    provider = shapes.provider("x", more + shapes.PREDICTIONS)

    headers = built(provider, "generate", {"prompt": "a fox"}).headers

    assert headers == (
        ("Content-Type", "application/json"),
        ("accept", "application/vnd.test"),
        ("X-Version", "2"),
        ("Prefer", "wait=60"),
    )


def test_images_are_added_behind_the_text_each_in_its_item() -> None:
    request = built(
        shapes.content(), "edit", {"images": [image(FIRST), image(SECOND)], "prompt": "a fox"}
    )

    assert request.target == "/v1beta/models/flash-image:generateContent?alt=json"
    assert request.body == {
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"text": "a fox"},
                    {"inlineData": {"mimeType": "image/png", "data": f"base64-of:{FIRST}"}},
                    {"inlineData": {"mimeType": "image/jpeg", "data": f"base64-of:{SECOND}"}},
                ],
            }
        ]
    }


def test_an_idempotency_key_may_be_a_field() -> None:
    request = built(shapes.predictions(), "generate", {"prompt": "a fox"})

    assert request.body == {"input": {"prompt": "a fox", "request_key": "this-run-x"}}


@pytest.mark.parametrize(
    ("provider", "operation", "arguments"),
    [
        (shapes.queue(), "generate", {"model": "a/b", "mode": "fast", "prompt": "p", "n": 2}),
        (shapes.predictions(), "generate", {"prompt": "p", "n": 3}),
        (shapes.content(), "edit", {"model": "pro", "prompt": "p", "n": 2}),
        (
            shapes.content(),
            "edit",
            {"model": "pro", "images": [image(FIRST), image(SECOND)], "prompt": "p"},
        ),
        (
            shapes.edits(),
            "generate",
            {"images": [image(FIRST)], "mask": image(SECOND), "prompt": "p"},
        ),
    ],
    ids=["queue", "predictions", "content", "content-images", "edits"],
)
def test_what_was_built_is_read_back_as_its_arguments(
    provider: Provider, operation: str, arguments: dict[str, Json]
) -> None:
    request = built(provider, operation, arguments)
    path, _, query = request.target.partition("?")
    pairs = [tuple(pair.split("=")) for pair in query.split("&") if pair]

    reading = read_request(
        provider,
        request.method,
        path if operation == "generate" else f"/gateway{path}",
        request.body,
        query=[(name, text) for name, text in pairs],
        headers=request.headers,
    )

    assert reading is not None
    assert (reading.operation, reading.arguments) == (operation, arguments)
    assert reading.unknown == ()


def test_parts_that_stand_in_another_order_are_read_all_the_same() -> None:
    body: Json = {
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"inlineData": {"mimeType": "image/png", "data": f"base64-of:{FIRST}"}},
                    {"text": "a fox"},
                ],
            }
        ]
    }

    reading = read_request(shapes.content(), "POST", "/v1beta/models/m:generateContent", body)

    assert reading is not None
    assert reading.arguments == {"model": "m", "images": [image(FIRST)], "prompt": "a fox"}
    assert reading.unknown == ()


def test_an_item_of_another_shape_is_no_image_and_is_told() -> None:
    body: Json = {
        "contents": [{"role": "user", "parts": [{"text": "x"}, {"fileData": {"fileUri": "y"}}]}]
    }

    reading = read_request(shapes.content(), "POST", "/v1beta/models/m:generateContent", body)

    assert reading is not None
    assert "images" not in reading.arguments
    assert reading.unknown == ("contents[0].parts[1].fileData.fileUri",)


def test_of_two_encodings_the_one_of_the_request_is_meant() -> None:
    edits = shapes.edits()
    arguments: dict[str, Json] = {"images": [image(FIRST)], "prompt": "p"}
    in_json, as_form = (built(edits, name, arguments) for name in ("generate", "edit"))

    readings = [
        read_request(edits, "POST", "/v1/images/edits", request.body, request.form)
        for request in (in_json, as_form)
    ]

    assert [reading and reading.operation for reading in readings] == ["generate", "edit"]


def test_somebody_elses_image_keeps_what_is_known_of_it() -> None:
    known = ReferenceImage(
        media_type="image/webp", size_bytes=1234, width_px=300, height_px=200, alpha=True
    )
    edits = shapes.edits()

    request = built(edits, "generate", {"images": [known.as_json()], "prompt": "p"})
    reading = read_request(edits, "POST", "/v1/images/edits", request.body)

    assert request.body == {
        "images": [
            {
                "image_url": "data:image/webp;base64,"
                "base64-of:image/webp;bytes=1234;width=300;height=200;alpha=true"
            }
        ],
        "prompt": "p",
    }
    assert reading is not None
    assert reading.arguments["images"] == [known.as_json()]


def test_text_that_is_base64_is_an_image_of_its_length() -> None:
    edits = shapes.edits()
    body: Json = {"images": [{"image_url": f"data:image/png;base64,{'A' * 400}"}], "prompt": "p"}

    reading = read_request(edits, "POST", "/v1/images/edits", body)

    assert reading is not None
    known = ReferenceImage(media_type="image/png", size_bytes=300)
    assert reading.arguments["images"] == [known.as_json()]


def test_an_address_stays_an_address() -> None:
    edits = shapes.edits()
    body: Json = {"images": [{"image_url": "https://x.test/a.png"}], "prompt": "p"}

    reading = read_request(edits, "POST", "/v1/images/edits", body)

    assert reading is not None
    assert reading.arguments["images"] == ["https://x.test/a.png"]


def test_a_get_has_no_body() -> None:
    shape = shapes.EDITS.partition("[operations.generate.arguments.images]")[0]
    shape = shape.replace('protocol = "reply"', 'protocol = "reply"\nmethod = "GET"')
    shape = shape.replace("/v1/images/edits", "/prompt/{words}") + (
        '[operations.generate.arguments.prompt]\nin = "path"\nwire = "words"\ntype = "string"\n'
        'source = "page: Edits"\nrequired = { source = "page: Edits" }\n'
    )

    request = built(shapes.provider("x", shape), "generate", {"prompt": "a fox/dog"})

    assert replace(request, timeout_s=1.0) == Request(
        method="GET",
        target="/prompt/a%20fox/dog",
        headers=(("Accept", "application/json"),),
        timeout_s=1.0,
    )
