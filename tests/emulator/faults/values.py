"""Bodies that hold the values of a fault and break no rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.emulator.bodies import body

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = {"buble": 20_000, "nanobanana": 2_000, "aimlapi": 32_000, "openai": 32_000}
CLASSES: dict[str, Any] = {
    "n=many": 2,
    "size=largest": "3840x2160",
    "size=smallest": "1024x640",
    "size=3:1": "3072x1024",
    "size=portrait": "1024x1536",
    "images=many": 2,
    "mask=given": True,
}
NUMBERS = ("n", "output_compression", "partial_images")


def as_changes(provider: str, traits: Iterable[str]) -> dict[str, Any]:
    """Return a value of each trait by the parameter that it is of."""
    changes = {}
    for trait in traits:
        name, _, text = trait.partition("=")
        written: object = int(text) if name in NUMBERS and text.isdigit() else text
        written = True if text == "true" else written
        if trait == "prompt=longest":
            written = "x" * LONGEST[provider]
        changes[name] = CLASSES.get(trait, written)
    return changes


def valid_body(
    provider: str, operation: str, changes: dict[str, Any], *, lossy: str = "webp"
) -> dict[str, Any]:
    """Return a body with the changes and what they need: `lossy` is the format to compress."""
    needed: dict[str, Any] = {}
    if "output_compression" in changes:
        needed["output_format"] = lossy
    if "partial_images" in changes:
        needed["stream"] = True
    return body(provider, operation, **(needed | changes))
