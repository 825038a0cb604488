"""What each fault of images delivers, where it shows, and that it leaves other requests alone."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, UnidentifiedImageError

from harness.emulator.faults.catalogue import catalogue
from tests.emulator.bodies import picture

if TYPE_CHECKING:
    import httpx

    from tests.emulator.conftest import Emulator

Seen = list[object]
# By fault and provider: a request that shows it and what comes, one that does not. What is asked of
# aimlapi with n is an edit.
CONTENT: dict[str, dict[str, tuple[dict[str, Any], Seen, dict[str, Any]]]] = {
    "wrong_dimensions_of_large": {
        "buble": (
            {"resolution": "2K", "aspect_ratio": "16:9"},
            [("PNG", (1254, 1254))],
            {"resolution": "1K", "aspect_ratio": "16:9"},
        ),
        "sub2api": (
            {"size": "1424x1408"},
            [("PNG", (1254, 1254))],
            {"size": "1408x1408"},
        ),
        "nanobanana": (
            {"size": "2880x2880"},
            [("PNG", (1254, 1254))],
            {"size": "1536x1024"},
        ),
    },
    "wrong_dimensions_of_portrait": {
        "buble": (
            {"resolution": "1K", "aspect_ratio": "9:16"},
            [("PNG", (1280, 720))],
            {"resolution": "1K", "aspect_ratio": "16:9"},
        ),
        "sub2api": ({"size": "1024x1536"}, [("PNG", (1536, 1024))], {"size": "1536x1024"}),
        "nanobanana": ({"size": "1024x1040"}, [("PNG", (1040, 1024))], {"size": "1024x1024"}),
    },
    "wrong_dimensions_of_wide": {
        "sub2api": ({"size": "3072x1024"}, [("PNG", (2048, 1024))], {"size": "2048x1024"}),
        "nanobanana": ({"size": "1024x3072"}, [("PNG", (1024, 2048))], {"size": "1024x2048"}),
    },
    "rounded_dimensions": {
        "sub2api": ({"size": "1040x1072"}, [("PNG", (1024, 1024))], {"size": "1536x1024"}),
        "nanobanana": ({"size": "1072x1024"}, [("PNG", (1024, 1024))], {"size": "1280x768"}),
    },
    "wrong_format_of_webp": {
        "sub2api": ({"output_format": "webp"}, [("PNG", (1024, 1024))], {"output_format": "jpeg"}),
        "apiframe": ({}, [("PNG", (1024, 1024))], {"output_format": "jpeg"}),
        "aimlapi": ({"output_format": "webp"}, [("PNG", (1024, 1024))], {"output_format": "jpeg"}),
    },
    "wrong_format_of_jpeg": {
        "sub2api": ({"output_format": "jpeg"}, [("PNG", (1024, 1024))], {"output_format": "webp"}),
        "apiframe": ({"output_format": "jpeg"}, [("PNG", (1024, 1024))], {}),
        "aimlapi": ({"output_format": "jpeg"}, [("PNG", (1024, 1024))], {"output_format": "webp"}),
    },
    "fewer_images": {
        "sub2api": ({"n": 3}, [("PNG", (1024, 1024))] * 2, {"n": 1}),
        "apiframe": ({"number_of_images": 2}, [("WEBP", (1024, 1024))], {}),
        "aimlapi": ({"n": 2}, [("PNG", (1024, 1024))], {"n": 1}),
    },
    "more_images": {
        "sub2api": ({"n": 3}, [("PNG", (1024, 1024))] * 4, {"n": 1}),
        "apiframe": ({"number_of_images": 2}, [("WEBP", (1024, 1024))] * 3, {}),
        "aimlapi": ({"n": 2}, [("PNG", (1024, 1024))] * 3, {"n": 1}),
    },
    "capped_images": {
        "sub2api": ({"n": 5}, [("PNG", (1024, 1024))] * 4, {"n": 4}),
        "apiframe": (
            {"number_of_images": 10},
            [("WEBP", (1024, 1024))] * 4,
            {"number_of_images": 4},
        ),
        "aimlapi": ({"n": 10}, [("PNG", (1024, 1024))] * 4, {"n": 4}),
    },
    "one_image_swapped": {
        "sub2api": (
            {"n": 3, "size": "1536x1024"},
            [("PNG", (1536, 1024)), ("PNG", (1024, 1536)), ("PNG", (1536, 1024))],
            {"n": 1, "size": "1536x1024"},
        ),
        "aimlapi": (
            {"n": 2, "size": "1536x1024"},
            [("PNG", (1536, 1024)), ("PNG", (1024, 1536))],
            {"n": 1, "size": "1536x1024"},
        ),
    },
    "one_image_wrong_format": {
        "sub2api": ({"n": 2}, [("PNG", (1024, 1024)), ("JPEG", (1024, 1024))], {"n": 1}),
        "apiframe": (
            {"number_of_images": 2},
            [("WEBP", (1024, 1024)), ("PNG", (1024, 1024))],
            {},
        ),
        "aimlapi": ({"n": 2}, [("PNG", (1024, 1024)), ("JPEG", (1024, 1024))], {"n": 1}),
    },
    "one_image_undecodable": {
        "sub2api": ({"n": 2}, [("PNG", (1024, 1024)), "undecodable"], {"n": 1}),
        "apiframe": ({"number_of_images": 2}, [("WEBP", (1024, 1024)), "undecodable"], {}),
        "aimlapi": ({"n": 2}, [("PNG", (1024, 1024)), "undecodable"], {"n": 1}),
    },
    "lower_quality_served": {
        "sub2api": ({"quality": "high"}, [("PNG", (1024, 1024))], {"quality": "low"}),
    },
}
SQUARE: dict[str, Any] = {"size": "1024x1024"}  # without a size, the maker picks one of its own
for _rows in CONTENT.values():
    if "sub2api" in _rows:
        _changes, _delivered, _other = _rows["sub2api"]
        _rows["openai"] = (SQUARE | _changes, _delivered, SQUARE | _other)
SHOWN = [(name, provider) for name, rows in CONTENT.items() for provider in rows]


@pytest.mark.parametrize("provider", ["sub2api", "apiframe", "aimlapi", "openai"])
def test_several_images_differ_unless_they_are_repeated(emulator: Emulator, provider: str) -> None:
    changes = {"number_of_images" if provider == "apiframe" else "n": 3}
    right = _files(emulator, provider, _served(emulator, provider, changes))
    emulator.switch(provider, "repeated_images")
    wrong = _files(emulator, provider, _served(emulator, provider, changes))

    assert [len({*right}), len({*wrong}), len(wrong)] == [3, 1, 3]
    assert wrong[0] not in right
    assert {*map(_decoded, right)} == {*map(_decoded, wrong)}


def _served(emulator: Emulator, provider: str, changes: dict[str, Any]) -> dict[str, Any]:
    if provider in ("buble", "apiframe"):
        return emulator.job(provider, **changes)
    if provider == "aimlapi" and "n" in changes:
        fields = emulator.body(provider, **changes)
        parts = {"image": ("a.png", picture(), "image/png")}
        url = f"{emulator.urls[provider]}/v1/images/edits"
        reply: httpx.Response = emulator.client.post(url, data=fields, files=parts)
    else:
        reply = emulator.submit(provider, emulator.body(provider, **changes))
    served: dict[str, Any] = reply.json()
    return served


def _images(emulator: Emulator, provider: str, served: dict[str, Any]) -> Seen:
    return [_decoded(raw) for raw in _files(emulator, provider, served)]


def _files(emulator: Emulator, provider: str, served: dict[str, Any]) -> list[bytes]:
    if provider in ("buble", "apiframe"):
        listed = served["result"]["images"]
        urls = [one["url"] if isinstance(one, dict) else one for one in listed]
    elif provider == "nanobanana":
        urls = [served["data"]["url"]]
    elif provider == "aimlapi":
        urls = [one["url"] for one in served["data"]]
    else:
        return [base64.b64decode(one["b64_json"]) for one in served["data"]]
    return [emulator.client.get(url).content for url in urls]


def _decoded(data: bytes) -> object:
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            return image.format, image.size
    except (UnidentifiedImageError, OSError):
        return "undecodable"


@pytest.mark.parametrize(("name", "provider"), SHOWN)
def test_a_content_fault_delivers_exactly_what_it_says(
    emulator: Emulator, name: str, provider: str
) -> None:
    changes, delivered, other = CONTENT[name][provider]
    right = _served(emulator, provider, changes)
    beside = _images(emulator, provider, _served(emulator, provider, other))
    emulator.switch(provider, name)
    wrong = _served(emulator, provider, changes)

    assert _images(emulator, provider, wrong) == delivered
    assert _images(emulator, provider, _served(emulator, provider, other)) == beside
    if name != "lower_quality_served":
        assert _images(emulator, provider, right) != delivered


@pytest.mark.parametrize("name", list(CONTENT))
def test_the_table_has_every_provider_of_its_faults(name: str) -> None:
    assert {one.provider for one in catalogue() if one.name == name} == set(CONTENT[name])


TOKENS = {
    "1024x1024": (196, 1756, 7024),
    "1536x864": (120, 1078, 4312),
    "1536x1024": (158, 1372, 5488),
    "3840x2160": (371, 3336, 13342),
}


@pytest.mark.parametrize("provider", ["sub2api", "openai"])
@pytest.mark.parametrize("size", TOKENS)
def test_each_size_and_quality_takes_the_tokens_of_the_maker(
    emulator: Emulator, provider: str, size: str
) -> None:
    taken = []
    for quality in ("low", "medium", "high"):
        reply = _served(emulator, provider, {"size": size, "quality": quality})
        taken.append(reply["usage"]["output_tokens_details"]["image_tokens"])

    assert tuple(taken) == TOKENS[size]


def test_a_lower_quality_served_shows_in_usage_alone(emulator: Emulator) -> None:
    emulator.switch("sub2api", "lower_quality_served")
    reply = _served(emulator, "sub2api", {"quality": "high", "n": 2})

    assert reply["quality"] == "high"
    assert reply["usage"]["output_tokens_details"]["image_tokens"] == 2 * 196
    assert reply["usage"]["output_tokens"] == 2 * 196
