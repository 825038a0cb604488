"""What AI/ML API accepts in POST /v1/images/generations, and what its edits share with that.

Source: the seed document, section Generate image. The allowed words, which the seed's page folds
away, come from the second source, the provider's OpenAPI file. Unknown keys are ignored. No real
validation reply is known: the texts follow "Invalid enum value. Expected '...' | '...', received
'...'" of its page on errors, behind the name of the parameter.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

from typing import TYPE_CHECKING

from ..received import Form
from . import uploads
from .kinds import is_integer, word_for
from .switches import AS_WRITTEN, Refusal, RuleSwitches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..received import File
    from .uploads import UploadedImage


MODEL = "openai/gpt-image-2"
SIZES = ("1024x1024", "1024x1536", "1536x1024")
QUALITIES = ("low", "medium", "high")
FORMATS = ("png", "jpeg", "webp")
BACKGROUNDS = ("transparent", "opaque", "auto")
MODERATIONS = ("low", "auto")
RESPONSE_FORMATS = ("url", "b64_json")
WORDS = {
    "size": SIZES,
    "quality": QUALITIES,
    "output_format": FORMATS,
    "background": BACKGROUNDS,
    "moderation": MODERATIONS,
    "response_format": RESPONSE_FORMATS,
}
UNREADABLE = Refusal(rule="body.format", parameter=None, message="Expected object")

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

# The nearest values outside, which a loosened rule lets in. Nothing is nearest to a list of words
# or to a limit in MB, which has two readings.
LOOSE = {
    "prompt.max_length": "32001 characters",
    "output_compression.range": "-1 and 101",
    "n.range": "0, and one more than the last: 2, of an edit 11",
    "images.count": "17",
}
LOWER = {"output_compression.range": "0"}


def check_aimlapi(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why a request body is refused, or None."""
    if not isinstance(body, dict):
        return UNREADABLE
    return (
        check_opening(body, switches)
        or check_listed_words(body, switches, WORDS)
        or _n(body, switches)
        or check_compression(body, switches)
    )


def check_opening(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    """Return what is wrong with the model or the prompt."""
    return _model(body, switches) or _prompt(body, switches)


def _model(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    model = body.get("model")
    if model is None:
        if switches.holds("model.required"):
            return refuse("model.required", "model", "Required")
        return None
    if switches.admits("model.one_of", model, (MODEL,)):
        return None
    return not_listed("model.one_of", "model", (MODEL,), model)


def _prompt(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    prompt = body.get("prompt")
    if prompt is None:
        if switches.holds("prompt.required"):
            return refuse("prompt.required", "prompt", "Required")
        return None
    if not isinstance(prompt, str):
        if switches.holds("prompt.format"):
            return refuse(
                "prompt.format", "prompt", f"Expected string, received {word_for(prompt)}"
            )
        return None
    if prompt == "" and switches.holds("prompt.required"):
        return refuse("prompt.required", "prompt", "String must contain at least 1 character(s)")
    longest = switches.longest("prompt.max_length", 32_000)
    if len(prompt) > longest and switches.holds("prompt.max_length"):
        return refuse(
            "prompt.max_length", "prompt", "String must contain at most 32000 character(s)"
        )
    return None


def check_listed_words(
    body: Mapping[str, object], switches: RuleSwitches, lists: Mapping[str, tuple[str, ...]]
) -> Refusal | None:
    """Return which of the parameters with a closed list of words is not in its list."""
    for key, allowed in lists.items():
        value = body.get(key)
        rule = f"{key}.one_of"
        if value is not None and not switches.admits(rule, value, allowed):
            return not_listed(rule, key, allowed, value)
    if (
        body.get("background") == "transparent"
        and body.get("output_format") == "jpeg"
        and switches.holds("background.only_with")
    ):
        return refuse(
            "background.only_with",
            "background",
            "transparent requires output_format 'png' or 'webp'",
        )
    return None


def _n(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    n = body.get("n")
    if n is None:
        return None
    if not is_integer(n):
        if switches.holds("n.integer"):
            return refuse("n.integer", "n", f"Expected number, received {word_for(n)}")
        return None
    if n != 1 and switches.holds("n.range") and not switches.beside("n.range", n, 1, 1):
        return refuse("n.range", "n", f"Invalid enum value. Expected 1, received {n}")
    return None


def check_compression(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    """Return what is wrong with output_compression."""
    key = "output_compression"
    level = body.get(key)
    if level is None:
        return None
    if not is_integer(level):
        if switches.holds("output_compression.integer"):
            return refuse(
                "output_compression.integer", key, f"Expected integer, received {word_for(level)}"
            )
        return None
    if not switches.spans("output_compression.range", level, 0, 100):
        if level < 0:
            message = "Number must be greater than or equal to 0"
        else:
            message = "Number must be less than or equal to 100"
        return refuse("output_compression.range", key, message)
    lossy = body.get("output_format") in ("jpeg", "webp")
    # The default, 100, says nothing and so goes with png as well.
    if not lossy and level != 100 and switches.holds("output_compression.only_with"):
        return refuse(
            "output_compression.only_with", key, "applies to output_format 'jpeg' and 'webp' only"
        )
    return None


def not_listed(rule: str, key: str, allowed: tuple[str, ...], value: object) -> Refusal:
    """Refuse a value that is not in a closed list of words."""
    if not isinstance(value, str):
        return refuse(rule, key, f"Expected string, received {word_for(value)}")
    listed = " | ".join(f"'{word}'" for word in allowed)
    return refuse(rule, key, f"Invalid enum value. Expected {listed}, received '{value}'")


def refuse(rule: str, parameter: str, message: str) -> Refusal:
    """Refuse a parameter."""
    return Refusal(rule=rule, parameter=parameter, message=message)


EDIT_WORDS = {key: allowed for key, allowed in WORDS.items() if key != "moderation"}
IMAGE_FIELDS = ("image", "image[]")
NUMBERS = ("n", "output_compression")
IMAGE_LIMIT_MB = 50
MASK_LIMIT_MB = 4


def check_aimlapi_edit(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why an edit is refused, or None.

    `body` is a Form. Images are decoded, so this belongs in a thread.
    """
    if not isinstance(body, Form):
        return UNREADABLE
    values = edit_parameters(body)
    return (
        check_opening(values, switches)
        or _references(body, switches)
        or check_listed_words(values, switches, EDIT_WORDS)
        or _edit_n(values, switches)
        or check_compression(values, switches)
    )


def edit_parameters(body: Mapping[str, object]) -> Mapping[str, object]:
    """Return a form's texts as generation has its parameters; an empty one says nothing."""
    if not isinstance(body, Form):
        return body
    values: dict[str, object] = {}
    for name in body:
        text = body.text(name)
        if text is None or name in IMAGE_FIELDS:
            continue
        if name in NUMBERS:
            values[name] = uploads.form_integer(text)
        elif text != "" or name == "prompt":
            values[name] = text
    return values


def _edit_n(values: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    n = values.get("n")
    if n is None:
        return None
    if not is_integer(n):
        if switches.holds("n.integer"):
            return refuse("n.integer", "n", "Expected number, received string")
        return None
    if switches.spans("n.range", n, 1, 10):
        return None
    limit = "greater than or equal to 1" if n < 1 else "less than or equal to 10"
    return refuse("n.range", "n", f"Number must be {limit}")


def _references(form: Form, switches: RuleSwitches) -> Refusal | None:
    files: list[File] = [file for name in IMAGE_FIELDS for file in form.files(name)]
    if not files and switches.holds("images.required"):
        return refuse("images.required", "image", "Required")
    if not switches.spans("images.count", len(files), 0, uploads.MOST_IMAGES):
        message = "Array must contain at most 16 element(s)"
        return refuse("images.count", "image", message)
    images = [uploads.uploaded_image(file.data) for file in files]
    for image in images:
        rule = uploads.broken_image_rule(image, IMAGE_LIMIT_MB, switches, limit_fits=True)
        if rule is not None:
            return refuse(rule, "image", IMAGE_WORDS[rule])
    masks = form.files("mask")
    return _mask(uploads.uploaded_image(masks[0].data), images, switches) if masks else None


IMAGE_WORDS = {
    "images.max_bytes": "File must be up to 50MB",
    "images.media_type": "Invalid file type. Expected 'png' | 'webp' | 'jpg'",
    "images.format": "Invalid image file",
}


def _mask(
    mask: UploadedImage, images: Sequence[UploadedImage], switches: RuleSwitches
) -> Refusal | None:
    if not uploads.is_light(mask, "mask.max_bytes", MASK_LIMIT_MB, switches, limit_fits=False):
        return refuse("mask.max_bytes", "mask", "File must be under 4MB")
    if mask.facts.format != "png" and switches.holds("mask.media_type"):
        return refuse("mask.media_type", "mask", "Invalid file type. Expected 'png'")
    if uploads.has_other_size(mask, images) and switches.holds("mask.same_size"):
        return refuse("mask.same_size", "mask", "Dimensions must match those of the image")
    return None
