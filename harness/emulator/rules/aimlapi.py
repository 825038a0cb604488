"""What AI/ML API accepts in POST /v1/images/generations and /v1/images/edits.

Source: the seed document, sections Generate image and Edit image. The allowed words, which the
seed's page folds away, come from the second source, the provider's OpenAPI file. Unknown keys are
ignored. No real validation reply is known: the texts follow "Invalid enum value. Expected '...' |
'...', received '...'" of its page on errors, behind the name of the parameter.

The page on edits says that images are local files and its examples use OpenAI's client, so the body
is multipart. There is no `moderation`; of a mask without an alpha channel, and of one that ends
half-way, it says nothing.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

from typing import TYPE_CHECKING

from ..received import Form
from . import uploads
from .parameters import (
    broken_integer_rule,
    broken_model_rule,
    broken_prompt_rule,
    is_integer,
    unlisted_parameter,
)
from .switches import AS_WRITTEN, Refusal, RuleSwitches
from .wording import zod_kind, zod_prompt, zod_range, zod_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .uploads import UploadedImage

MODEL = "openai/gpt-image-2"
LONGEST_PROMPT = 32_000
QUALITIES = ("low", "medium", "high")
FORMATS = ("png", "jpeg", "webp")
WORDS = {
    "size": ("1024x1024", "1024x1536", "1536x1024"),
    "quality": QUALITIES,
    "output_format": FORMATS,
    "background": ("transparent", "opaque", "auto"),
    "moderation": ("low", "auto"),
    "response_format": ("url", "b64_json"),
}
EDIT_WORDS = {name: words for name, words in WORDS.items() if name != "moderation"}
UNREADABLE = Refusal(rule="body.format", parameter=None, message="Expected object")
IMAGE_FIELDS = ("image", "image[]")
IMAGE_LIMIT_MB = 50
MASK_LIMIT_MB = 4
FILE_MESSAGES = {
    "images.required": "Required",
    "images.count": "Array must contain at most 16 element(s)",
    "images.max_bytes": "File must be up to 50MB",
    "images.media_type": "Invalid file type. Expected 'png' | 'webp' | 'jpg'",
    "images.format": "Invalid image file",
    "mask.max_bytes": "File must be under 4MB",
    "mask.media_type": "Invalid file type. Expected 'png'",
    "mask.same_size": "Dimensions must match those of the image",
}

RULES = {
    "model.required": "model is required",
    "model.one_of": "model is openai/gpt-image-2",
    "prompt.required": "prompt is required and not empty",
    "prompt.format": "prompt is a string",
    "prompt.max_length": "prompt has at most 32000 characters",
    "size.one_of": "size is 1024x1024, 1024x1536 or 1536x1024",
    "quality.one_of": "quality is low, medium or high",
    "output_format.one_of": "output_format is png, jpeg or webp",
    "background.one_of": "background is transparent, opaque or auto",
    "background.only_with": "a transparent background goes only with png or webp",
    "moderation.one_of": "moderation is low or auto",
    "n.integer": "n is an integer",
    "n.range": "n is 1, of an edit 1 to 10",
    "output_compression.integer": "output_compression is an integer",
    "output_compression.range": "output_compression is 0 to 100",
    "output_compression.only_with": "output_compression applies to jpeg and webp only",
    "response_format.one_of": "response_format is url or b64_json",
    "images.required": "an edit has at least one image",
    "images.count": "an edit has at most 16 images",
    "images.media_type": "an image is a png, a webp or a jpeg",
    "images.format": "an image is whole",
    "images.max_bytes": "an image has up to 50 MB",
    "mask.media_type": "the mask is a png",
    "mask.max_bytes": "the mask is under 4 MB",
    "mask.same_size": "the mask has the dimensions of the first image",
}

# Where a rule can be broken that not every operation has. A form holds texts only.
WHERE: dict[str, tuple[str, ...]] = {
    "strict:n.range": ("edit",),
    "prompt.format": ("generate",),
    "moderation": ("generate",),
}

BOUNDARIES = {
    "prompt.max_length": "exactly 32000 characters",
    "size.one_of": "1536x1024",
    "quality.one_of": "high",
    "output_format.one_of": "webp",
    "background.one_of": "auto",
    "moderation.one_of": "auto",
    "output_compression.range": "100",
    "response_format.one_of": "b64_json",
    "n.range": "10",
    "images.count": "16",
    "images.media_type": "jpeg",
    "images.max_bytes": "49999999 bytes and more",
    "mask.max_bytes": "3999999 bytes and more",
}

# The nearest values outside, which a loosened rule accepts. No value is nearest to a list of words
# or to a limit in MB, which has two readings.
LOOSE = {
    "prompt.max_length": "32001 characters",
    "output_compression.range": "-1 and 101",
    "n.range": "0, and one more than the last: 2, of an edit 11",
    "images.count": "17",
}
LOWER = {"output_compression.range": "0"}


def check_aimlapi(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why a generation's body is refused, or None."""
    if not isinstance(body, dict):
        return UNREADABLE
    return (
        _opening(body, switches)
        or _words(body, switches, WORDS)
        or _n(body, switches, 1)
        or _compression(body, switches)
    )


def check_aimlapi_edit(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why an edit is refused, or None.

    `body` is a Form. Images are decoded, so this belongs in a thread.
    """
    if not isinstance(body, Form):
        return UNREADABLE
    values = edit_parameters(body)
    return (
        _opening(values, switches)
        or _files(body, switches)
        or _words(values, switches, EDIT_WORDS)
        or _n(values, switches, 10)
        or _compression(values, switches)
    )


def edit_parameters(body: Mapping[str, object]) -> Mapping[str, object]:
    """Return a form's texts as generation has its parameters; an empty one counts as absent."""
    integers = ("n", "output_compression")
    return uploads.form_parameters(body, integers, lambda name: name in IMAGE_FIELDS)


def _opening(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    model, prompt = body.get("model"), body.get("prompt")
    rule = broken_model_rule(model, switches, (MODEL,))
    if rule is not None:
        return _refuse(rule, "Required" if model is None else zod_words((MODEL,), model))
    rule = broken_prompt_rule(prompt, switches, LONGEST_PROMPT)
    return None if rule is None else _refuse(rule, zod_prompt(rule, prompt, LONGEST_PROMPT))


def _words(
    body: Mapping[str, object], switches: RuleSwitches, words: Mapping[str, tuple[str, ...]]
) -> Refusal | None:
    name = unlisted_parameter(body, switches, words)
    if name is not None:
        return _refuse(f"{name}.one_of", zod_words(words[name], body[name]))
    is_clear_jpeg = body.get("background") == "transparent" and body.get("output_format") == "jpeg"
    if is_clear_jpeg and switches.holds("background.only_with"):
        message = "transparent requires output_format 'png' or 'webp'"
        return _refuse("background.only_with", message)
    return None


def _n(body: Mapping[str, object], switches: RuleSwitches, most: int) -> Refusal | None:
    n = body.get("n")
    rule = broken_integer_rule("n", n, switches, 1, most)
    if rule is None:
        return None
    if not is_integer(n):
        return _refuse(rule, zod_kind("number", n))
    one_only = f"Invalid enum value. Expected 1, received {n}"
    return _refuse(rule, one_only if most == 1 else zod_range(n, 1, most))


def _compression(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    level = body.get("output_compression")
    rule = broken_integer_rule("output_compression", level, switches, 0, 100)
    if not is_integer(level):
        return None if rule is None else _refuse(rule, zod_kind("integer", level))
    if rule is not None:
        return _refuse(rule, zod_range(level, 0, 100))
    lossy = body.get("output_format") in ("jpeg", "webp")
    # The default, 100, changes nothing and so goes with png as well.
    if not lossy and level != 100 and switches.holds("output_compression.only_with"):
        message = "applies to output_format 'jpeg' and 'webp' only"
        return _refuse("output_compression.only_with", message)
    return None


def _files(form: Form, switches: RuleSwitches) -> Refusal | None:
    rule = _broken_file_rule(form, switches)
    return None if rule is None else _refuse(rule, FILE_MESSAGES[rule])


def _broken_file_rule(form: Form, switches: RuleSwitches) -> str | None:
    files = [file for name in IMAGE_FIELDS for file in form.files(name)]
    if not files and switches.holds("images.required"):
        return "images.required"
    if not switches.spans("images.count", len(files), 0, uploads.MOST_IMAGES):
        return "images.count"
    images = [uploads.uploaded_image(file.data) for file in files]
    for image in images:
        rule = uploads.broken_image_rule(image, IMAGE_LIMIT_MB, switches, limit_fits=True)
        if rule is not None:
            return rule
    masks = form.files("mask")
    mask = uploads.uploaded_image(masks[0].data) if masks else None
    return None if mask is None else _broken_mask_rule(mask, images, switches)


def _broken_mask_rule(
    mask: UploadedImage, images: Sequence[UploadedImage], switches: RuleSwitches
) -> str | None:
    if not uploads.is_light(mask, "mask.max_bytes", MASK_LIMIT_MB, switches, limit_fits=False):
        return "mask.max_bytes"
    if mask.facts.format != "png" and switches.holds("mask.media_type"):
        return "mask.media_type"
    if uploads.has_other_size(mask, images) and switches.holds("mask.same_size"):
        return "mask.same_size"
    return None


def _refuse(rule: str, message: str) -> Refusal:
    """Refuse the parameter that the rule's id begins with."""
    name = rule.partition(".")[0]
    return Refusal(rule=rule, parameter="image" if name == "images" else name, message=message)
