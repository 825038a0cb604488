"""What validate() accepts, beyond the one broken rule and the one boundary per fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.emulator import validate
from harness.emulator.rules import RuleSwitches, check

if TYPE_CHECKING:
    from tests.emulator.conftest import Emulator

PROVIDERS = ["buble", "sub2api", "apiframe", "nanobanana", "aimlapi", "openai"]


@pytest.mark.parametrize("provider", ["sub2api", "nanobanana", "openai"])
def test_the_lattice_has_29146_sizes(emulator: Emulator, provider: str) -> None:
    edges = range(16, 4001, 16)
    allowed = [
        (width_px, height_px)
        for width_px in edges
        for height_px in edges
        if validate(provider, "generate", emulator.body(provider, size=f"{width_px}x{height_px}"))
        is None
    ]

    assert len(allowed) == 29_146


OPTIONAL = {
    "buble": ["mode", "resolution", "aspect_ratio", "image_urls", "input", "scene"],
    "sub2api": [
        "n", "size", "quality", "output_format", "output_compression", "background", "moderation",
        "stream", "partial_images", "user", "response_format",
    ],
    "apiframe": [
        "gptImage2Params", "webhook_url", "webhookUrl", "quality", "background",
        "number_of_images", "output_format", "moderation", "aspect_ratio",
    ],
    "nanobanana": ["n", "size", "quality"],
    "aimlapi": [
        "n", "size", "quality", "output_format", "output_compression", "background", "moderation",
        "response_format",
    ],
    "openai": [
        "n", "size", "quality", "output_format", "output_compression", "background", "moderation",
        "stream", "partial_images", "user",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("provider", "key"), [(provider, key) for provider in PROVIDERS for key in OPTIONAL[provider]]
)
def test_null_is_as_good_as_leaving_an_optional_parameter_out(
    emulator: Emulator, provider: str, key: str
) -> None:
    assert validate(provider, "generate", emulator.body(provider, **{key: None})) is None


@pytest.mark.parametrize("value", [1.5, 1.0, "1", True, [1], {}])
@pytest.mark.parametrize(
    ("provider", "key"),
    [
        ("sub2api", "n"),
        ("sub2api", "output_compression"),
        ("apiframe", "number_of_images"),
        ("nanobanana", "n"),
        ("aimlapi", "n"),
        ("aimlapi", "output_compression"),
        ("openai", "n"),
        ("openai", "output_compression"),
    ],
)
def test_a_count_is_a_json_integer(
    emulator: Emulator, provider: str, key: str, value: object
) -> None:
    changes = {key: value} | ({"output_format": "jpeg"} if "compression" in key else {})
    canonical = "n" if key == "number_of_images" else key

    assert (
        validate(provider, "generate", emulator.body(provider, **changes)) == f"{canonical}.integer"
    )


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("prompt", ["", None, 5, ["a"]])
def test_a_prompt_is_a_string_that_is_not_empty(
    emulator: Emulator, provider: str, prompt: object
) -> None:
    rule = validate(provider, "generate", emulator.body(provider, prompt=prompt))

    assert rule == ("prompt.required" if prompt in ("", None) else "prompt.format")
    assert validate(provider, "generate", emulator.body(provider, prompt="   ")) is None


@pytest.mark.parametrize(
    ("size", "rule"),
    [
        ("1024X1024", "size.format"),
        ("1024x", "size.format"),
        (" 1024x1024", "size.format"),
        ("0x0", "size.format"),
        ("-16x1024", "size.format"),
        ("1024x1024\n", "size.format"),
        ("\u0661\u0660\u0662\u0664x1024", "size.format"),
        (1024, "size.format"),
        ("9" * 5000 + "x16", "size.format"),
        ("1280x720", None),
        ("3840x2160", None),
        ("1024x640", None),
        ("3072x1024", None),
    ],
)
def test_a_size_is_two_decimal_numbers_and_a_small_x(
    emulator: Emulator, size: object, rule: str | None
) -> None:
    for provider in ("sub2api", "nanobanana", "openai"):
        assert validate(provider, "generate", emulator.body(provider, size=size)) == rule


def test_keys_that_no_document_names_are_refused_only_where_one_says_so(
    emulator: Emulator,
) -> None:
    rules: dict[str, Any] = {
        provider: validate(provider, "generate", emulator.body(provider, hat="red"))
        for provider in PROVIDERS
    }

    assert rules == dict.fromkeys(PROVIDERS) | dict.fromkeys(["sub2api", "openai"], "hat.absent")


def test_output_compression_goes_with_png_only_where_it_says_nothing(emulator: Emulator) -> None:
    default = emulator.body("aimlapi", output_compression=100)
    other = emulator.body("aimlapi", output_compression=99, output_format="png")
    lossy = emulator.body("sub2api", output_compression=0, output_format="webp")

    assert validate("aimlapi", "generate", default) is None
    assert validate("aimlapi", "generate", other) == "output_compression.only_with"
    assert validate("sub2api", "generate", lossy) is None
    assert (
        validate("sub2api", "generate", emulator.body("sub2api", output_compression=100))
        == "output_compression.only_with"
    )


def test_buble_knows_references_in_one_mode_only(emulator: Emulator) -> None:
    url = "https://example.test/source.png"
    edit = emulator.body("buble", mode="image_to_image", image_urls=[url])
    bare = emulator.body("buble", image_urls=[url])

    assert validate("buble", "generate", edit) is None
    assert validate("buble", "generate", bare) == "images.only_with"


def test_apiframe_takes_one_reference_or_a_list(emulator: Emulator) -> None:
    url = "https://example.test/source.png"
    for images in (url, [url, url]):
        body = emulator.body("apiframe", gptImage2Params={"input_images": images})

        assert validate("apiframe", "generate", body) is None


def test_sub2api_reports_in_openai_s_order() -> None:
    body = {"model": "x", "hat": 1, "n": 99, "size": "1x1"}
    fixed: list[dict[str, object]] = [
        {},
        {"model": "gpt-image-2"},
        {"hat": None},
        {"prompt": "a"},
        {"n": 1},
    ]
    seen = []
    for change in fixed:
        body = {key: value for key, value in (body | change).items() if value is not None}
        seen.append(validate("sub2api", "generate", body))

    assert seen == [
        "model.one_of", "hat.absent", "prompt.required", "n.range", "size.multiple_of",
    ]  # fmt: skip


def test_a_rule_both_ignored_and_strict_is_ignored(emulator: Emulator) -> None:
    switches = RuleSwitches(ignored=frozenset({"n.range"}), tightened=frozenset({"n.range"}))

    assert check("sub2api", "generate", emulator.body("sub2api", n=10), switches) is None


@pytest.mark.parametrize(("provider", "operation"), [("nobody", "generate"), ("buble", "paint")])
def test_what_is_not_served_is_an_error_of_the_caller(provider: str, operation: str) -> None:
    with pytest.raises(ValueError, match="is not served"):
        validate(provider, operation, {})
