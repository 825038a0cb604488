"""How many tokens the images of gpt-image-2 take, and what a token costs.

Source: authenticity facts, 1. The output tokens of an image are an exact function of its size and
quality; prices are the maker's, for each token in USD: 5 for a million of text, 8 of images read,
30 of images drawn.
"""

from __future__ import annotations

LEVELS = {"low": 16, "medium": 48, "high": 96}
TEXT_USD, IMAGE_INPUT_USD, IMAGE_OUTPUT_USD = 5e-6, 8e-6, 30e-6
PARTIAL_TOKENS = 100  # per partial image, from OpenAI's guide
REFERENCE_TOKENS = 64  # per image that an edit starts from, from a recording of one


def image_tokens(quality: str, width_px: int, height_px: int) -> int:
    """Return the output tokens of one image: 196, 1756 and 7024 at 1024x1024."""
    level = LEVELS[quality]
    short, long = sorted((width_px, height_px))
    steps = (2 * level * short + long) // (2 * long)  # rounds half up
    return -(-(level * steps * (2_000_000 + width_px * height_px)) // 4_000_000)


def text_tokens(prompt: object) -> int:
    """Return the tokens of a prompt: one for each four characters, which is the rule of thumb."""
    return max(1, len(prompt) // 4) if isinstance(prompt, str) else 1


def usd(*, text: int, read: int, drawn: int) -> float:
    """Return what tokens of text, of images read and of images drawn cost."""
    return text * TEXT_USD + read * IMAGE_INPUT_USD + drawn * IMAGE_OUTPUT_USD
