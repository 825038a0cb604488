"""What OpenAI accepts in POST /v1/images/generations and /v1/responses, for gpt-image-2.

Source: the maker's OpenAPI file and its client (schema facts), and the conformance table measured
at api.openai.com in August 2026 (provider facts, 1.2), which comes first where they differ: a model
is required, `style` and `response_format` are unknown parameters, null counts as absent but for
model and prompt, a prompt of spaces is accepted, and so is a number for `user`. RULES, WHERE,
BOUNDARIES, LOOSE and LOWER are those of all its paths.

A transparent background was refused until August 2026 and is called a preview since: accepted here,
with png and webp; the variant `opaque_only` refuses it. What png and a compression below 100 come
to is known from one public report. The words about a transparent jpeg and about an unreadable body
are invented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import images_api
from .images_api import FORMATS, check_integer
from .parameters import is_integer
from .responses_api import check_response
from .switches import AS_WRITTEN, Refusal, RuleSwitches
from .wording import user_error

if TYPE_CHECKING:
    from collections.abc import Mapping

# In the order in which the maker's own refusals list them.
WORDS = {
    "quality": ("low", "medium", "high", "auto"),
    "output_format": ("png", "webp", "jpeg"),
    "background": ("transparent", "opaque", "auto"),
    "moderation": ("auto", "low"),
}
KEYS = frozenset(
    {
        "model", "prompt", "n", "size", "quality", "output_format", "output_compression",
        "background", "moderation", "stream", "partial_images", "user",
    }
)  # fmt: skip
UNREADABLE = Refusal(
    rule="body.format",
    parameter=None,
    message="We could not parse the JSON body of your request.",
    kind="invalid_request_error",
)

RULES = {
    "model.required": "model is required (measured; the schema has a default)",
    "model.one_of": "model is gpt-image-2 or gpt-image-2-2026-04-21",
    "style.absent": "style is no parameter of this model",
    "response_format.absent": "response_format is no parameter of this model",
    "input_fidelity.absent": "input_fidelity is to be omitted for gpt-image-2",
    "prompt.required": "prompt is required and not empty",
    "prompt.format": "prompt is a string",
    "prompt.max_length": "prompt has at most 32000 characters",
    "n.integer": "n is an integer",
    "n.range": "n is 1 to 10",
    "size.format": "size is auto or WIDTHxHEIGHT",
    "size.multiple_of": "both edges are multiples of 16 px",
    "size.max_edge": "no edge exceeds 3840 px",
    "size.max_ratio": "long edge to short edge is at most 3:1",
    "size.min_pixels": "at least 655360 px in total (the maker's guide)",
    "size.max_pixels": "at most 8294400 px in total",
    "quality.one_of": "quality is low, medium, high or auto",
    "output_format.one_of": "output_format is png, jpeg or webp",
    "output_compression.integer": "output_compression is an integer",
    "output_compression.range": "output_compression is 0 to 100",
    "output_compression.only_with": "png is not compressed below 100 (a public report)",
    "background.one_of": "background is transparent, opaque or auto",
    "background.only_with": "a transparent background goes only with png or webp",
    "moderation.one_of": "moderation is auto or low",
    "stream.one_of": "stream is a boolean",
    "partial_images.integer": "partial_images is an integer",
    "partial_images.range": "partial_images is 0 to 3",
    "images.required": "an edit has at least one image",
    "images.count": "an edit has at most 16 images",
    "images.media_type": "an image is a png, a webp or a jpeg",
    "images.format": "an image is whole; in JSON an entry is an image_url or a file_id",
    "images.max_bytes": "a file is under 50 MB, an image_url has at most 20971520 characters",
    "mask.format": "the mask is a whole image",
    "mask.media_type": "the mask is a png",
    "mask.max_bytes": "the mask is under 4 MB",
    "mask.same_size": "the mask has the dimensions of the first image",
}

MADE = ("generate", "edit", "edit_json")
# Where a rule can be broken that not every operation has. A form holds texts only, and a prompt for
# the tool has no documented length.
WHERE: dict[str, tuple[str, ...]] = {
    "strict:model.one_of": MADE,
    "prompt.format": ("generate", "edit_json", "respond"),
    "prompt.max_length": MADE,
    "n": MADE,
    "output_compression.only_with": MADE,
    "style": MADE,
    "response_format": MADE,
    "input_fidelity": MADE,
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
    "output_format.one_of": "jpeg",
    "output_compression.range": "100",
    "background.one_of": "auto",
    "moderation.one_of": "low",
    "stream.one_of": "true",
    "partial_images.range": "3",
    "images.count": "16",
    "images.media_type": "jpeg",
    "images.max_bytes": "49999999 bytes and more",
    "mask.max_bytes": "3999999 bytes and more",
}

# The nearest values outside, which a loosened rule accepts. No value is nearest to a list of words
# or to a limit in MB, which has two readings.
LOOSE = {
    "prompt.max_length": "32001 characters",
    "n.range": "0 and 11",
    "size.multiple_of": "multiples of 8 px",
    "size.max_edge": "an edge of 3856",
    "size.max_ratio": "a long edge 16 px beyond 3:1",
    "size.min_pixels": "654336 px, the next size below",
    "size.max_pixels": "8297472 px, the next size above",
    "output_compression.range": "-1 and 101",
    "partial_images.range": "-1 and 4",
    "images.count": "17",
}
LOWER = {"output_compression.range": "0", "partial_images.range": "0"}


def check_openai(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why a generation is refused, or None; reported in the measured order."""
    if not isinstance(body, dict):
        return UNREADABLE
    return images_api.check_opening(body, switches, KEYS) or check_options(body, switches)


def check_openai_response(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why a request for the Responses API is refused, or None."""
    if not isinstance(body, dict):
        return UNREADABLE
    return check_response(body, switches, check_options)


def check_options(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    """Check the options of the picture to make and of the reply."""
    return (
        check_integer(body, switches, "n", 1, 10)
        or images_api.check_size(body, switches)
        or _words(body, switches)
        or _compression(body, switches)
        or images_api.check_stream(body, switches)
        or check_integer(body, switches, "partial_images", 0, 3)
    )


def opaque_only(body: Mapping[str, object]) -> Refusal | None:
    """Refuse a transparent background, as was measured until August 2026."""
    if body.get("background") != "transparent":
        return None
    message = "Transparent background is not supported for this model."
    return user_error("background.one_of", "background", message)


def _words(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    refusal = images_api.check_words(body, switches, WORDS)
    if refusal is not None:
        return refusal
    is_clear_jpeg = body.get("background") == "transparent" and body.get("output_format") == "jpeg"
    if is_clear_jpeg and switches.holds("background.only_with"):
        message = "Transparent background requires output_format 'png' or 'webp'."
        return user_error("background.only_with", "background", message)
    return None


def _compression(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    refusal = check_integer(body, switches, "output_compression", 0, 100)
    level = body.get("output_compression")
    if refusal is not None or not is_integer(level) or level >= 100:
        return refusal
    # Without a format it was accepted, although png is the default.
    if body.get("output_format") != FORMATS[0] or not switches.holds(
        "output_compression.only_with"
    ):
        return None
    return Refusal(
        rule="output_compression.only_with",
        parameter=None,
        message="Compression less than 100 is not supported for PNG output format",
        code="invalid_png_output_compression",
        kind="image_generation_user_error",
    )
