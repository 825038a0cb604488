"""What the simulated providers' documents say of a request, written without the harness' spec."""

import re
from collections.abc import Callable, Mapping
from typing import Literal

from harness.core.jsonvalue import Json

Kind = Literal["sub2api", "apiframe", "buble", "queue"]
RESULTS = "https://results.sim/"


def _one_of(*words: str) -> Callable[[Json], bool]:
    return lambda content: isinstance(content, str) and content in words


def _whole(low: int, high: int) -> Callable[[Json], bool]:
    return lambda content: (
        isinstance(content, int) and not isinstance(content, bool) and low <= content <= high
    )


def _text(at_most: int) -> Callable[[Json], bool]:
    return lambda content: isinstance(content, str) and 0 < len(content) <= at_most


def is_size(content: Json) -> bool:
    """The sizes of sub2api's document: multiples of 16, an edge, a ratio and an area at most."""
    if content == "auto":
        return True
    found = re.fullmatch(
        r"([1-9]\d{0,4})x([1-9]\d{0,4})", content if isinstance(content, str) else ""
    )
    if found is None:
        return False
    width, height = int(found[1]), int(found[2])
    long, short = max(width, height), min(width, height)
    fits = width % 16 == 0 and height % 16 == 0 and long <= 3840 and long <= 3 * short
    return fits and 655_360 <= width * height <= 8_294_400


def _addresses(content: Json) -> bool:
    listed = content if isinstance(content, list) else []
    return 1 <= len(listed) <= 16 and all(str(each).startswith(RESULTS) for each in listed)


Values = dict[str, Callable[[Json], bool]]
_QUALITY = _one_of("auto", "low", "medium", "high")
_DOCUMENTS: dict[str, tuple[Values, frozenset[str]]] = {
    "sub2api/generate": (
        {
            "model": _one_of("gpt-image-2", "gpt-image-2-2026-04-21"),
            "prompt": _text(32_000),
            "n": _whole(1, 10),
            "size": is_size,
            "quality": _QUALITY,
            "output_format": _one_of("png", "jpeg", "webp"),
            "output_compression": _whole(0, 100),
            "background": _one_of("auto", "opaque"),
            "moderation": _one_of("auto", "low"),
            "user": _text(512),
        },
        frozenset(("model", "prompt")),
    ),
    "queue/generate": (
        {
            "prompt": _text(2_000),
            "n": _whole(1, 4),
            "quality": _one_of("low", "medium", "high"),
            "output_format": _one_of("png", "jpeg", "webp"),
        },
        frozenset(("prompt",)),
    ),
    "apiframe/generate": (
        {
            "prompt": _text(2_000),
            "model": _one_of("gpt-image-2"),
            "quality": _QUALITY,
            "background": _one_of("auto", "opaque"),
            "number_of_images": _whole(1, 10),
            "output_format": _one_of("webp", "png", "jpeg"),
            "moderation": _one_of("auto", "low"),
        },
        frozenset(("prompt",)),
    ),
    "buble/generate": (
        {
            "model": _one_of("openai/gpt-image-2"),
            "mode": _one_of("text_to_image"),
            "prompt": _text(20_000),
            "resolution": _one_of("1K", "2K", "4K"),
            "aspect_ratio": _one_of("auto", "1:1", "16:9", "9:16", "4:3", "3:4"),
        },
        frozenset(("prompt",)),
    ),
    "buble/edit": (
        {
            "model": _one_of("openai/gpt-image-2"),
            "mode": _one_of("image_to_image"),
            "prompt": _text(20_000),
            "resolution": _one_of("1K", "2K", "4K"),
            "aspect_ratio": _one_of("auto", "1:1", "16:9", "9:16", "4:3", "3:4"),
            "image_urls": _addresses,
        },
        frozenset(("prompt", "image_urls")),
    ),
}
"""Each operation's parameters with what they may hold, and which of them must be there."""


def operation_of(kind: Kind, body: Mapping[str, Json]) -> str:
    """Return which operation a body asks for."""
    edits = kind == "buble" and body.get("mode") == "image_to_image"
    return "edit" if edits or "image_urls" in body else "generate"


def parameters(body: Mapping[str, Json]) -> dict[str, Json]:
    """Return a body's parameters by name, also those that Apiframe nests."""
    flat = {name: content for name, content in body.items() if name != "gptImage2Params"}
    nested = body.get("gptImage2Params")
    return flat | (nested if isinstance(nested, dict) else {})


def mistake(kind: Kind, body: Mapping[str, Json]) -> str | None:
    """Return the parameter that breaks the documents; None where the request keeps them."""
    given = parameters(body)
    values, required = _DOCUMENTS[f"{kind}/{operation_of(kind, body)}"]
    for name in sorted(required):
        if name not in given:
            return name
    for name in values:
        if name in given and not values[name](given[name]):
            return name
    if "output_compression" in given and given.get("output_format") not in ("jpeg", "webp"):
        return "output_compression"
    return None


def knows(kind: Kind, body: Mapping[str, Json]) -> bool:
    """Tell whether a request speaks only of parameters that these documents have."""
    values, _ = _DOCUMENTS[f"{kind}/{operation_of(kind, body)}"]
    return set(parameters(body)) <= set(values)
