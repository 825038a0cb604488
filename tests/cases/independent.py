"""The documented rules of `generate` once more, as plain arithmetic on canonical arguments.

Written from the five documents for the tests alone: it reads no TOML and asks neither the judge nor
the emulator.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Given = Mapping[str, Any]

BOTH = (True, False)
FIVE_SIZE_RULES = ("multiple_of", "max_edge", "max_ratio", "min_pixels", "max_pixels")


def broken(provider: str, given: Given) -> set[str]:
    """The ids of the documented rules that a request breaks."""
    return set(_RULES[provider](given))


def size_rules(width: int, height: int) -> set[str]:
    """Which of the five rules of the lattice a size breaks."""
    long, short = max(width, height), min(width, height)
    found = {
        "multiple_of": width % 16 != 0 or height % 16 != 0,
        "max_edge": long > 3840,
        "max_ratio": long > 3 * short,
        "min_pixels": width * height < 655_360,
        "max_pixels": width * height > 8_294_400,
    }
    return {name for name in FIVE_SIZE_RULES if found[name]}


def _integer(value: object) -> bool:
    return type(value) is int


def _required(given: Given, *names: str) -> Iterator[str]:
    yield from (f"{name}.required" for name in names if name not in given)


def _text(given: Given, *names: str) -> Iterator[str]:
    yield from (
        f"{name}.format" for name in names if name in given and not isinstance(given[name], str)
    )


def _listed(given: Given, name: str, *allowed: object) -> Iterator[str]:
    if name in given and not any(
        type(given[name]) is type(item) and given[name] == item for item in allowed
    ):
        yield f"{name}.one_of"


def _longest(given: Given, most: int) -> Iterator[str]:
    if isinstance(given.get("prompt"), str) and len(given["prompt"]) > most:
        yield "prompt.max_length"


def _counted(given: Given, name: str, low: int, high: int, *, typed: bool = True) -> Iterator[str]:
    if name not in given:
        return
    if not _integer(given[name]):
        yield from ([f"{name}.integer"] if typed else [])
    elif not low <= given[name] <= high:
        yield f"{name}.range"


def _size(given: Given) -> Iterator[str]:
    if given.get("size", "auto") == "auto":
        return
    found = (
        re.fullmatch(r"([0-9]+)x([0-9]+)", given["size"])
        if isinstance(given["size"], str)
        else None
    )
    if found is None:
        yield "size.format"
    else:
        yield from (f"size.{name}" for name in size_rules(int(found[1]), int(found[2])))


def _buble(given: Given) -> Iterator[str]:
    yield from _required(given, "prompt")
    yield from _longest(given, 20_000)
    yield from _listed(given, "model", "openai/gpt-image-2")
    yield from _listed(given, "mode", "text_to_image")
    yield from _listed(given, "resolution", "1K", "2K", "4K")
    yield from _listed(given, "aspect_ratio", "auto", "1:1", "16:9", "9:16", "4:3", "3:4")


def _compressed(given: Given, default: str) -> Iterator[str]:
    """Compression counts with jpeg and webp only; an integer, whatever its range."""
    if _integer(given.get("output_compression")) and given.get("output_format", default) not in (
        "jpeg",
        "webp",
    ):
        yield "output_compression.only_with"


def _sub2api(given: Given) -> Iterator[str]:
    yield from _required(given, "model", "prompt")
    yield from _text(given, "prompt")
    yield from _listed(given, "model", "gpt-image-2", "gpt-image-2-2026-04-21")
    yield from _counted(given, "n", 1, 10)
    yield from _size(given)
    yield from _listed(given, "quality", "low", "medium", "high", "auto")
    yield from _listed(given, "output_format", "png", "jpeg", "webp")
    yield from _counted(given, "output_compression", 0, 100, typed=False)
    yield from _compressed(given, "png")
    yield from _listed(given, "background", "auto", "opaque")
    yield from _listed(given, "moderation", "auto", "low")
    yield from _listed(given, "stream", *BOTH)
    yield from _counted(given, "partial_images", 0, 3)
    if _integer(given.get("partial_images")) and given.get("stream") is not True:
        yield "partial_images.only_with"


def _apiframe(given: Given) -> Iterator[str]:
    yield from _required(given, "prompt")
    yield from _text(given, "prompt")
    yield from _listed(given, "model", "gpt-image-2")
    yield from _listed(given, "quality", "auto", "low", "medium", "high")
    yield from _listed(given, "background", "auto", "opaque")
    yield from _counted(given, "n", 1, 10)
    yield from _listed(given, "output_format", "webp", "png", "jpeg")
    yield from _listed(given, "moderation", "auto", "low")


def _nanobanana(given: Given) -> Iterator[str]:
    yield from _required(given, "model", "prompt")
    yield from _text(given, "prompt")
    yield from _listed(given, "model", "gpt-image-2")
    yield from _longest(given, 2_000)
    yield from _counted(given, "n", 1, 1)
    yield from _size(given)
    yield from _listed(given, "quality", "low", "medium", "high", "auto")


def _aimlapi(given: Given) -> Iterator[str]:
    yield from _required(given, "model", "prompt")
    yield from _text(given, "prompt", "size", "quality", "output_format", "background")
    yield from _text(given, "moderation", "response_format")
    yield from _listed(given, "model", "openai/gpt-image-2")
    yield from _longest(given, 32_000)
    yield from _counted(given, "output_compression", 0, 100)
    yield from _compressed(given, "png")


_RULES = {
    "buble": _buble,
    "sub2api": _sub2api,
    "apiframe": _apiframe,
    "nanobanana": _nanobanana,
    "aimlapi": _aimlapi,
}
