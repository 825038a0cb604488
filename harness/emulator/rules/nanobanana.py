"""What nanobananaapi.dev accepts in POST /v1/images/generate and /v1/images/edit for gpt-image-2.

Source: the seed document, sections API Parameters Reference, Supported Sizes, Quality Options and
Image Editing; the largest number of references from the second source. No page shows the message of
a refused parameter: all texts here are invented, and each names its parameter. Unknown keys are
ignored, so that `image` says nothing in a generation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .parameters import (
    broken_address_rule,
    broken_integer_rule,
    broken_model_rule,
    broken_prompt_rule,
    broken_size_rule,
    unlisted_parameter,
)
from .switches import AS_WRITTEN, Refusal, RuleSwitches

if TYPE_CHECKING:
    from collections.abc import Mapping

MODEL = "gpt-image-2"
QUALITIES = ("low", "medium", "high", "auto")

RULES = {
    "model.required": "model is required",
    "model.one_of": "model must be gpt-image-2",
    "prompt.required": "prompt is required and not empty",
    "prompt.format": "prompt is a string",
    "prompt.max_length": "prompt has up to 2000 characters",
    "n.integer": "n is an integer",
    "n.range": "only n=1 is supported",
    "size.format": "size is auto or WIDTHxHEIGHT",
    "size.multiple_of": "both edges are multiples of 16 px",
    "size.max_edge": "the long edge is no greater than 3840 px",
    "size.max_ratio": "the ratio does not exceed 3:1",
    "size.min_pixels": "at least 655360 px in total",
    "size.max_pixels": "at most 8294400 px in total",
    "quality.one_of": "quality is low, medium, high or auto",
    "images.required": "an edit needs image",
    "images.format": "image is a string or a list of strings",
    "images.count": "1 to 14 images (second source)",
    "images.url_only": "images are http or https addresses, neither base64 nor data: URLs",
}

BOUNDARIES = {
    "prompt.max_length": "exactly 2000 characters",
    "size.multiple_of": "multiples of 16 that are none of 32",
    "size.max_edge": "an edge of 3840",
    "size.max_ratio": "exactly 3:1",
    "size.min_pixels": "exactly 655360 px",
    "size.max_pixels": "exactly 8294400 px",
    "quality.one_of": "auto",
    "images.count": "14 images",
}

# The nearest values outside, which a loosened rule accepts. No value is nearest to a list of words.
LOOSE = {
    "prompt.max_length": "2001 characters",
    "n.range": "0 and 2",
    "size.multiple_of": "multiples of 8 px",
    "size.max_edge": "an edge of 3856",
    "size.max_ratio": "a long edge 16 px beyond 3:1",
    "size.min_pixels": "654336 px, the next size below",
    "size.max_pixels": "8297472 px, the next size above",
    "images.count": "15 images and an empty list",
}
MESSAGES = {
    "body.format": "invalid request body",
    "model.required": "model is required",
    "model.one_of": "model must be gpt-image-2",
    "prompt.required": "prompt is required",
    "prompt.format": "prompt must be a string",
    "prompt.max_length": "prompt must be no longer than 2000 characters",
    "n.integer": "n must be an integer",
    "n.range": "gpt-image-2 supports n=1 only",
    "size.format": "size must be auto or WIDTHxHEIGHT",
    "size.multiple_of": "size: width and height must both be multiples of 16",
    "size.max_edge": "size: long edge must be no greater than 3840",
    "size.max_ratio": "size: aspect ratio must not exceed 3:1",
    "size.min_pixels": "size: total pixels must be between 655360 and 8294400",
    "size.max_pixels": "size: total pixels must be between 655360 and 8294400",
    "quality.one_of": "quality must be one of low, medium, high, auto",
    "images.required": "image is required",
    "images.format": "image must be a URL or an array of URLs",
    "images.count": "image must hold 1 to 14 URLs",
    "images.url_only": "image must be a public URL; base64 and data: URLs are not supported",
}


def check_nanobanana(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why a generation's body is refused, or None."""
    return _check(body, switches, is_edit=False)


def check_nanobanana_edit(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why an edit's body is refused, or None."""
    return _check(body, switches, is_edit=True)


def _check(body: object, switches: RuleSwitches, *, is_edit: bool) -> Refusal | None:
    if not isinstance(body, dict):
        return Refusal(rule="body.format", parameter=None, message=MESSAGES["body.format"])
    rule = (
        broken_model_rule(body.get("model"), switches, (MODEL,))
        or broken_prompt_rule(body.get("prompt"), switches, 2_000)
        or (_broken_reference_rule(body, switches) if is_edit else None)
        or broken_integer_rule("n", body.get("n"), switches, 1, 1)
        or broken_size_rule(body.get("size"), switches)
    )
    if rule is None and unlisted_parameter(body, switches, {"quality": QUALITIES}):
        rule = "quality.one_of"
    if rule is None:
        return None
    name = rule.partition(".")[0]
    parameter = "image" if name == "images" else name
    return Refusal(rule=rule, parameter=parameter, message=MESSAGES[rule])


def edit_references(body: Mapping[str, object]) -> object:
    """Return the address or the list of addresses that an edit starts from."""
    return body.get("image")


def _broken_reference_rule(body: Mapping[str, object], switches: RuleSwitches) -> str | None:
    references = edit_references(body)
    if references is None or references == "":
        return "images.required" if switches.holds("images.required") else None
    addresses = references if isinstance(references, list) else [references]
    return broken_address_rule(addresses, switches, 14)
