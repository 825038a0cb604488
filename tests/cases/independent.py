"""The documented rules of every operation once more, as plain arithmetic on canonical arguments.

Written from the documents for the tests alone: it reads no TOML and asks neither the judge nor the
emulator. Edits of sub2api, AI/ML API and OpenAI are forms, in which every value is a text.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Given = Mapping[str, Any]

Rules = Callable[[Given], Iterator[str]]

BOTH = (True, False)
FIVE_SIZE_RULES = ("multiple_of", "max_edge", "max_ratio", "min_pixels", "max_pixels")


MILLION, MEBI = 10**6, 2**20
"""The two readings of "MB"; no document says which one it means."""


NEVER_BROKEN = {
    ("sub2api", "edit"): {"prompt.format"},
    ("openai", "generate"): {"n.nullable"},
    ("openai", "edit_json"): {"n.nullable"},
    ("openai", "edit"): {"prompt.format"},
    ("aimlapi", "edit"): {
        "prompt.format", "size.format", "quality.format", "output_format.format",
        "background.format", "response_format.format",
    },
}  # fmt: skip
"""What no request can break: in a form, every value is a text; and that null is allowed."""


def broken(provider: str, given: Given, operation: str = "generate") -> set[str]:
    """The ids of the documented rules that a request breaks.

    Between the two readings of "MB" an id ends with `?`: neither a right nor a wrong size.
    """
    return set(_RULES[provider, operation](given))


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


def _files(given: Given, name: str) -> list[Mapping[str, Any]]:
    """The files of an argument; an address tells nothing of the file behind it."""
    held = given.get(name, [])
    listed = held if isinstance(held, list) else [held]
    return [item for item in listed if isinstance(item, Mapping) and "media_type" in item]


def _number_of_images(given: Given, most: int) -> Iterator[str]:
    held = given.get("images", ["one"])
    if not isinstance(held, list) or not 1 <= len(held) <= most:
        yield "images.count"


def _formats(given: Given, name: str, *allowed: str) -> Iterator[str]:
    if any(
        file["media_type"].removeprefix("image/") not in allowed for file in _files(given, name)
    ):
        yield f"{name}.media_type"


def _up_to(given: Given, name: str, megabytes: int) -> Iterator[str]:
    """A file may have as many bytes as the limit says, not one more."""
    heaviest = max((file["bytes"] for file in _files(given, name)), default=0)
    if heaviest > megabytes * MEBI:
        yield f"{name}.max_bytes"
    elif heaviest > megabytes * MILLION:
        yield f"{name}.max_bytes?"


def _under(given: Given, name: str, megabytes: int) -> Iterator[str]:
    """A file must have fewer bytes than the limit says."""
    heaviest = max((file["bytes"] for file in _files(given, name)), default=0)
    if heaviest >= megabytes * MEBI:
        yield f"{name}.max_bytes"
    elif heaviest >= megabytes * MILLION:
        yield f"{name}.max_bytes?"


def _mask_and_first(given: Given) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """A mask belongs to the first image, where there are several."""
    masks, images = _files(given, "mask"), _files(given, "images")
    return (masks[0], images[0]) if masks and images else None


def _mask_of_that_size(given: Given) -> Iterator[str]:
    pair = _mask_and_first(given)
    if pair and (pair[0]["width"], pair[0]["height"]) != (pair[1]["width"], pair[1]["height"]):
        yield "mask.same_size"


def _addresses_only(given: Given) -> Iterator[str]:
    """Every image is a public address: no data, no base64, no object."""
    held = given.get("images", [])
    listed = held if isinstance(held, list) else [held]
    if not all(
        isinstance(item, str) and re.match("https?://[^/]", item) is not None for item in listed
    ):
        yield "images.url_only"


def _buble_edit(given: Given) -> Iterator[str]:
    """In its words: "Images reference: 1-16 files, 10 MB, formats jpg, png, webp"."""
    yield from _required(given, "prompt", "images")
    yield from _longest(given, 20_000)
    yield from _listed(given, "model", "openai/gpt-image-2")
    yield from _listed(given, "mode", "image_to_image")
    yield from _listed(given, "resolution", "1K", "2K", "4K")
    yield from _listed(given, "aspect_ratio", "auto", "1:1", "16:9", "9:16", "4:3", "3:4")
    yield from _number_of_images(given, 16)
    yield from _formats(given, "images", "jpeg", "png", "webp")
    yield from _up_to(given, "images", 10)


def _sub2api_edit(given: Given) -> Iterator[str]:
    """In its words: a mask "must match input image format and dimensions, be under 50MB, and
    include an alpha channel"; "Omit `input_fidelity` for `gpt-image-2`".

    The parameters of the Images API stand once, under generation; `moderation` is in OpenAI's
    reference of generations only, which the document links, so of an edit's nothing is promised.
    From that reference: up to 16 images, each a png, webp or jpg file.
    """
    yield from _required(given, "model", "prompt", "images")
    yield from _listed(given, "model", "gpt-image-2", "gpt-image-2-2026-04-21")
    yield from _counted(given, "n", 1, 10)
    yield from _size(given)
    yield from _listed(given, "quality", "low", "medium", "high", "auto")
    yield from _listed(given, "output_format", "png", "jpeg", "webp")
    yield from _counted(given, "output_compression", 0, 100, typed=False)
    yield from _compressed(given, "png")
    yield from _listed(given, "background", "auto", "opaque")
    yield from _listed(given, "stream", *BOTH)
    yield from _counted(given, "partial_images", 0, 3)
    if _integer(given.get("partial_images")) and given.get("stream") is not True:
        yield "partial_images.only_with"
    yield from _number_of_images(given, 16)
    yield from _formats(given, "images", "png", "webp", "jpeg")
    yield from _under(given, "mask", 50)
    yield from _mask_of_that_size(given)
    pair = _mask_and_first(given)
    if pair and pair[0]["media_type"] != pair[1]["media_type"]:
        yield "mask.same_format"
    if any(not file["alpha"] for file in _files(given, "mask")):
        yield "mask.alpha"
    if "input_fidelity" in given:
        yield "input_fidelity.absent"


def _sub2api_respond(_: Given) -> Iterator[str]:
    """It names the endpoint and its tool, and says not one word of any parameter."""
    yield from ()


def _apiframe_edit(given: Given) -> Iterator[str]:
    """A generation with one optional parameter more, a "Reference image (URL)"."""
    yield from _apiframe(given)
    yield from _addresses_only(given)


def _nanobanana_edit(given: Given) -> Iterator[str]:
    """In its words: "the image field set to one or more public URLs"; "Up to 14 images"."""
    yield from _nanobanana(given)
    yield from _required(given, "images")
    yield from _addresses_only(given)
    if isinstance(given.get("images"), list):
        yield from _number_of_images(given, 14)


def _aimlapi_edit(given: Given) -> Iterator[str]:
    """In its words: images are local files "(png, webp, or jpg), up to 50MB. Maximum 16 images";
    the mask is a "local PNG file", it "must be under 4MB and match the image dimensions".

    `n` is a "number": of 1.5 nothing is said.
    """
    yield from _required(given, "model", "prompt", "images")
    yield from _listed(given, "model", "openai/gpt-image-2")
    yield from _longest(given, 32_000)
    yield from _counted(given, "n", 1, 10, typed=False)
    yield from _counted(given, "output_compression", 0, 100)
    yield from _compressed(given, "png")
    yield from _number_of_images(given, 16)
    yield from _formats(given, "images", "png", "webp", "jpeg")
    yield from _up_to(given, "images", 50)
    yield from _formats(given, "mask", "png")
    yield from _under(given, "mask", 4)
    yield from _mask_of_that_size(given)


def _left_out(given: Given, *names: str) -> Iterator[str]:
    yield from (f"{name}.absent" for name in names if name in given)


def _openai(given: Given) -> Iterator[str]:
    """What the maker's schema says of a generation, a null left out as it says."""
    given = {name: value for name, value in given.items() if value is not None}
    yield from _required(given, "prompt")
    yield from _text(given, "prompt")
    yield from _longest(given, 32_000)
    yield from _listed(given, "model", "gpt-image-2", "gpt-image-2-2026-04-21")
    yield from _counted(given, "n", 1, 10)
    yield from _size(given)
    yield from _listed(given, "quality", "low", "medium", "high", "auto")
    yield from _listed(given, "output_format", "png", "jpeg", "webp")
    yield from _counted(given, "output_compression", 0, 100)
    yield from _listed(given, "moderation", "auto", "low")
    yield from _listed(given, "stream", *BOTH)
    yield from _counted(given, "partial_images", 0, 3)
    yield from _left_out(given, "style", "response_format")


def _openai_edit(given: Given) -> Iterator[str]:
    """The same with images and a mask, whose longest size is said in two ways."""
    yield from (rule for rule in _openai(given) if rule != "moderation.one_of")
    yield from _required(given, "images")
    yield from _left_out(given, "input_fidelity")
    yield from _number_of_images(given, 16)
    yield from _formats(given, "images", "png", "webp", "jpeg")
    yield from _under(given, "images", 50)
    yield from _formats(given, "mask", "png")
    yield from _mask_of_that_size(given)


def _openai_edit_json(given: Given) -> Iterator[str]:
    """The same, but for the moderation that its schema has and for how long a data URL may be."""
    yield from (rule for rule in _openai_edit(given) if not rule.startswith("images.max_bytes"))
    yield from _listed(given, "moderation", "auto", "low")
    heaviest = max((file["bytes"] for file in _files(given, "images")), default=0)
    if len("data:image/png;base64,") + 4 * -(-heaviest // 3) > 20_971_520:
        yield "images.max_bytes"


def _openai_respond(given: Given) -> Iterator[str]:
    """The tool's options of which the schema names the values."""
    yield from _listed(given, "output_format", "png", "jpeg", "webp")
    yield from _counted(given, "output_compression", 0, 100, typed=False)
    yield from _counted(given, "partial_images", 0, 3, typed=False)


_RULES: dict[tuple[str, str], Rules] = {
    ("buble", "generate"): _buble,
    ("buble", "edit"): _buble_edit,
    ("sub2api", "generate"): _sub2api,
    ("sub2api", "edit"): _sub2api_edit,
    ("sub2api", "respond"): _sub2api_respond,
    ("apiframe", "generate"): _apiframe,
    ("apiframe", "edit"): _apiframe_edit,
    ("nanobanana", "generate"): _nanobanana,
    ("nanobanana", "edit"): _nanobanana_edit,
    ("aimlapi", "generate"): _aimlapi,
    ("aimlapi", "edit"): _aimlapi_edit,
    ("openai", "generate"): _openai,
    ("openai", "edit"): _openai_edit,
    ("openai", "edit_json"): _openai_edit_json,
    ("openai", "respond"): _openai_respond,
}
