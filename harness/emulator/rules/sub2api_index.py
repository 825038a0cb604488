"""The rules of sub2api by id, what lies on their boundaries, and where they can be broken."""

from __future__ import annotations

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

# The nearest values outside, which a loosened rule lets in. Nothing is nearest to most lists of
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
