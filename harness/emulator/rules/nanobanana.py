"""What nanobananaapi.dev accepts in POST /v1/images/generate and /v1/images/edit for gpt-image-2.

Source: the seed document, sections API Parameters Reference, Supported Sizes, Quality Options and
Image Editing; the largest number of references from the second source. No page shows the message of
a refused parameter: all texts here are invented, and each names its parameter. Unknown keys are
ignored, so that `image` says nothing in a generation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .kinds import is_integer, is_web_address
from .lattice import broken_size_rule, parse_size
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

# The nearest values outside, which a loosened rule lets in. Nothing is nearest to a list of words.
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


def check_nanobanana(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why a generation's body is refused, or None."""
    if not isinstance(body, dict):
        return _refuse("body.format", None, "invalid request body")
    return _model(body, switches) or _prompt(body, switches) or _options(body, switches)


def check_nanobanana_edit(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why an edit's body is refused, or None."""
    if not isinstance(body, dict):
        return _refuse("body.format", None, "invalid request body")
    return (
        _model(body, switches)
        or _prompt(body, switches)
        or _image(body, switches)
        or _options(body, switches)
    )


def _options(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    return _n(body, switches) or _size(body, switches) or _quality(body, switches)


def _model(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    model = body.get("model")
    if model is None:
        if switches.holds("model.required"):
            return _refuse("model.required", "model", "model is required")
        return None
    if switches.admits("model.one_of", model, (MODEL,)):
        return None
    return _refuse("model.one_of", "model", "model must be gpt-image-2")


def _prompt(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    prompt = body.get("prompt")
    if prompt is None or prompt == "":
        if switches.holds("prompt.required"):
            return _refuse("prompt.required", "prompt", "prompt is required")
        return None
    if not isinstance(prompt, str):
        if switches.holds("prompt.format"):
            return _refuse("prompt.format", "prompt", "prompt must be a string")
        return None
    longest = switches.longest("prompt.max_length", 2_000)
    if len(prompt) > longest and switches.holds("prompt.max_length"):
        return _refuse(
            "prompt.max_length", "prompt", "prompt must be no longer than 2000 characters"
        )
    return None


def edit_references(body: Mapping[str, object]) -> object:
    """Return what an edit names as its references."""
    return body.get("image")


def _image(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    given = edit_references(body)
    if given is None or given == "":
        if switches.holds("images.required"):
            return _refuse("images.required", "image", "image is required")
        return None
    images = given if isinstance(given, list) else [given]
    if not all(isinstance(one, str) for one in images):
        if switches.holds("images.format"):
            return _refuse("images.format", "image", "image must be a URL or an array of URLs")
        return None
    if not switches.spans("images.count", len(images), 1, 14):
        return _refuse("images.count", "image", "image must hold 1 to 14 URLs")
    if not all(is_web_address(one) for one in images) and switches.holds("images.url_only"):
        message = "image must be a public URL; base64 and data: URLs are not supported"
        return _refuse("images.url_only", "image", message)
    return None


def _n(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    n = body.get("n")
    if n is None:
        return None
    if not is_integer(n):
        if switches.holds("n.integer"):
            return _refuse("n.integer", "n", "n must be an integer")
        return None
    if n != 1 and switches.holds("n.range") and not switches.beside("n.range", n, 1, 1):
        return _refuse("n.range", "n", "gpt-image-2 supports n=1 only")
    return None


def _size(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    size = body.get("size")
    if size is None or size == "auto":
        return None
    edges = parse_size(size)
    if edges is None:
        if switches.holds("size.format"):
            return _refuse("size.format", "size", "size must be auto or WIDTHxHEIGHT")
        return None
    rule = broken_size_rule(*edges, switches)
    if rule == "size.multiple_of":
        return _refuse(rule, "size", "size: width and height must both be multiples of 16")
    if rule == "size.max_edge":
        return _refuse(rule, "size", "size: long edge must be no greater than 3840")
    if rule == "size.max_ratio":
        return _refuse(rule, "size", "size: aspect ratio must not exceed 3:1")
    if rule is not None:
        return _refuse(rule, "size", "size: total pixels must be between 655360 and 8294400")
    return None


def _quality(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    quality = body.get("quality")
    if quality is None or switches.admits("quality.one_of", quality, QUALITIES):
        return None
    return _refuse("quality.one_of", "quality", "quality must be one of low, medium, high, auto")


def _refuse(rule: str, parameter: str | None, message: str) -> Refusal:
    return Refusal(rule=rule, parameter=parameter, message=message)
