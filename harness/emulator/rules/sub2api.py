"""What sub2api accepts in POST /v1/images/generations, and what its other paths share with that.

Source: the seed document "GPT Image 2 API Reference For sub2api", sections Generation Parameters
and Size Constraints. Prompt maximum, unknown keys, `response_format` and the wording of the errors
come from the second source (conformance table of api.openai.com, 2026-08; source of the gateway).
RULES, WHERE, BOUNDARIES, LOOSE and LOWER are those of all its paths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import images_api
from .images_api import FORMATS, check_integer
from .parameters import is_integer
from .switches import AS_WRITTEN, Refusal, RuleSwitches
from .wording import invalid_request, invalid_value_error, wrong_kind_error

if TYPE_CHECKING:
    from collections.abc import Mapping

WORDS = {
    "quality": ("low", "medium", "high", "auto"),
    "output_format": FORMATS,
    "background": ("auto", "opaque"),
    "moderation": ("auto", "low"),
    "response_format": ("url", "b64_json"),
}
KEYS = frozenset(
    {
        "model", "prompt", "n", "size", "quality", "output_format", "output_compression",
        "background", "moderation", "stream", "partial_images", "user", "response_format",
    }
)  # fmt: skip
UNREADABLE = Refusal(
    rule="body.format",
    parameter=None,
    message="failed to parse request body",
    kind="invalid_request_error",
)
RULES = {
    "model.required": "model is required for the Images API",
    "model.one_of": "model is gpt-image-2 or gpt-image-2-2026-04-21",
    "input_fidelity.absent": "input_fidelity is to be omitted for gpt-image-2",
    "style.absent": "style is no parameter of this model",
    "prompt.required": "prompt is required and not empty",
    "prompt.format": "prompt is a string",
    "prompt.max_length": "prompt has at most 32000 characters (second source)",
    "n.integer": "n is an integer",
    "n.range": "n is 1 to 10",
    "n.only_with": "n above 1 goes only without stream (source of the gateway)",
    "size.format": "size is auto or WIDTHxHEIGHT",
    "size.multiple_of": "both edges are multiples of 16 px",
    "size.max_edge": "no edge exceeds 3840 px",
    "size.max_ratio": "long edge to short edge is at most 3:1",
    "size.min_pixels": "at least 655360 px in total",
    "size.max_pixels": "at most 8294400 px in total",
    "quality.one_of": "quality is low, medium, high or auto",
    "output_format.one_of": "output_format is png, jpeg or webp",
    "output_compression.integer": "output_compression is an integer",
    "output_compression.range": "output_compression is 0 to 100",
    "output_compression.only_with": "output_compression applies to jpeg and webp",
    "background.one_of": "background is auto or opaque",
    "moderation.one_of": "moderation is auto or low",
    "stream.one_of": "stream is a boolean",
    "partial_images.integer": "partial_images is an integer",
    "partial_images.range": "partial_images is 0 to 3",
    "partial_images.only_with": "partial_images goes only with stream",
    "user.format": "user is a string",
    "response_format.one_of": "response_format is url or b64_json (source of the gateway)",
    "images.required": "an edit has at least one image",
    "images.count": "an edit has at most 16 images (schema of OpenAI)",
    "images.media_type": "an image is a png, a webp or a jpeg (schema of OpenAI)",
    "images.format": "an image is whole",
    "images.max_bytes": "an image is under 50 MB (schema of OpenAI)",
    "mask.format": "the mask is a whole image",
    "mask.max_bytes": "the mask is under 50 MB",
    "mask.same_format": "the mask has the format of the first image",
    "mask.same_size": "the mask has the dimensions of the first image",
    "mask.alpha": "the mask has an alpha channel",
}

# Where a rule can be broken that not every operation has. A form holds texts only, and a prompt for
# the tool has no documented length.
WHERE: dict[str, tuple[str, ...]] = {
    "strict:model.one_of": ("generate", "edit"),
    "prompt.format": ("generate", "respond"),
    "prompt.max_length": ("generate", "edit"),
    "n": ("generate", "edit"),
    "output_compression.only_with": ("generate", "edit"),
    "partial_images.only_with": ("generate", "edit"),
    "style": ("generate", "edit"),
    "user": ("generate", "respond"),
    "response_format": ("generate", "edit"),
    "input_fidelity": ("generate", "edit", "respond"),
}

BOUNDARIES = {
    "model.one_of": "gpt-image-2-2026-04-21",
    "prompt.max_length": "exactly 32000 characters",
    "n.range": "10",
    "size.multiple_of": "multiples of 16 that are none of 32",
    "size.max_edge": "an edge of 3840",
    "size.max_ratio": "exactly 3:1",
    "size.min_pixels": "exactly 655360 px",
    "size.max_pixels": "exactly 8294400 px",
    "quality.one_of": "auto",
    "output_format.one_of": "webp",
    "output_compression.range": "100",
    "background.one_of": "opaque",
    "moderation.one_of": "low",
    "stream.one_of": "true",
    "partial_images.range": "3",
    "response_format.one_of": "b64_json",
    "images.count": "16",
    "images.media_type": "jpeg",
    "images.max_bytes": "49999999 bytes and more",
    "mask.max_bytes": "49999999 bytes and more",
}

# The nearest values outside, which a loosened rule accepts. No value is nearest to most lists of
# words or to a limit in MB, which has two readings.
LOOSE = {
    "prompt.max_length": "32001 characters",
    "n.range": "0 and 11",
    "size.multiple_of": "multiples of 8 px",
    "size.max_edge": "an edge of 3856",
    "size.max_ratio": "a long edge 16 px beyond 3:1",
    "size.min_pixels": "654336 px, the next size below",
    "size.max_pixels": "8297472 px, the next size above",
    "background.one_of": "transparent",
    "output_compression.range": "-1 and 101",
    "partial_images.range": "-1 and 4",
    "images.count": "17",
}
LOWER = {"output_compression.range": "0", "partial_images.range": "0"}


def check_sub2api(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why a request body is refused, or None; reported in OpenAI's measured order."""
    if not isinstance(body, dict):
        return UNREADABLE
    return images_api.check_opening(body, switches, KEYS) or check_options(body, switches)


def check_options(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    """Check the options of the picture to make and of the reply."""
    return (
        _n(body, switches)
        or images_api.check_size(body, switches)
        or images_api.check_words(body, switches, WORDS)
        or _compression(body, switches)
        or images_api.check_stream(body, switches)
        or _partial_images(body, switches)
        or _user(body, switches)
    )


def _n(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    refusal = check_integer(body, switches, "n", 1, 10)
    if refusal is not None:
        return refusal
    n = body.get("n")
    many = is_integer(n) and n > 1
    if many and body.get("stream") is True and switches.holds("n.only_with"):
        # Code and parameter are the gateway's, the wording is invented.
        message = "Streaming supports only n=1."
        return invalid_request("n.only_with", "n", message, "unsupported_parameter")
    return None


def _compression(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    refusal = check_integer(body, switches, "output_compression", 0, 100)
    if refusal is not None or body.get("output_compression") is None:
        return refusal
    lossy = body.get("output_format") in ("jpeg", "webp")
    # Wording unknown: modelled on the gateway's unsupported_parameter.
    reason = "only supported with output_format 'jpeg' or 'webp'."
    return None if lossy else _unsupported("output_compression", reason, switches)


def _partial_images(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    refusal = check_integer(body, switches, "partial_images", 0, 3)
    streamed = body.get("stream") is True
    if refusal is not None or body.get("partial_images") is None or streamed:
        return refusal
    return _unsupported("partial_images", "only supported when 'stream' is true.", switches)


def _unsupported(name: str, reason: str, switches: RuleSwitches) -> Refusal | None:
    """Refuse a parameter that goes only with another one."""
    rule = f"{name}.only_with"
    if not switches.holds(rule):
        return None
    return invalid_value_error(rule, name, "invalid_value", reason)


def _user(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    user = body.get("user")
    if user is not None and not isinstance(user, str) and switches.holds("user.format"):
        return wrong_kind_error("user.format", "user", "a string", user)
    return None
