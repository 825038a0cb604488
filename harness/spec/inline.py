"""Images in a JSON body: addresses, base64 or data URLs, alone or each in an item of its own.

The bytes themselves are in no plan, journal or cassette: a placeholder stands for them, which the
transport replaces as the request leaves. Of somebody else's image it says what is known.
"""

import re
from collections.abc import Mapping

from harness.core.jsonvalue import Json, with_texts
from harness.core.placeholders import ASSETS, BASE64
from harness.core.recipe import parse_recipe
from harness.core.reference import ReferenceImage
from harness.spec.rules.base import Described
from harness.spec.rules.values import same
from harness.spec.templates import values_of

IMAGE, MEDIA_TYPE = "image", "media_type"
"""What an item has places for."""

UNNAMED = "image/png"
"""The media type that stands beside an image of which nothing is known."""

DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w.+-]+=[^;,]*)*;base64,", re.ASCII)
"""How a data URL of bytes begins; its media type may be missing."""

BASE64_TEXT = re.compile(r"[A-Za-z0-9+/_-]{64,}={0,2}", re.ASCII)
"""What may be the base64 of a file."""

_FACTS = {"bytes": "size_bytes", "width": "width_px", "height": "height_px"}


def written(argument: Described, entry: Json) -> Json:
    """Return what goes on the wire for one image, or for what stands in its place."""
    image = ReferenceImage.of(entry)
    text = entry if image is None else _text(argument, image)
    if argument.item is None or not isinstance(text, str):
        return entry if text is None else text
    kind = (image and image.media_type) or UNNAMED
    places = {f"{{{IMAGE}}}": text, f"{{{MEDIA_TYPE}}}": kind}

    def fill(template: str) -> str:
        for place, content in places.items():
            template = template.replace(place, content)
        return template

    return with_texts(argument.item, fill)


def _text(argument: Described, image: ReferenceImage) -> str | None:
    match argument.encode:
        case "address":
            return None if image.filename is None else f"{ASSETS}{image.filename}"
        case "base64":
            return base64_of(image)
        case "data_url":
            return f"data:{image.media_type or UNNAMED};base64,{base64_of(image)}"


def read(argument: Described, item: Json) -> Json:
    """Return the image that stands on the wire as `item`: a file, or its address as text.

    None where it has another shape than the documents show.
    """
    if argument.item is None:
        found = {IMAGE: item} if isinstance(item, str) else None
    else:
        found = _matched(argument.item, item)
    text = (found or {}).get(IMAGE)
    if not isinstance(text, str) or argument.encode == "address":
        return text
    image = file_of_text(text, (found or {}).get(MEDIA_TYPE))
    return text if image is None else image.as_json()


def _matched(template: Json, item: Json) -> dict[str, str] | None:
    """Return what an item holds in a template's places; None where it has another shape."""
    match template, item:
        case str(), str():
            return values_of(template, item)
        case dict(), dict() if template.keys() == item.keys():
            parts = [_matched(template[key], item[key]) for key in template]
        case list(), list() if len(template) == len(item):
            parts = [_matched(one, other) for one, other in zip(template, item, strict=True)]
        case _:
            return {} if same(template, item) else None
    found: dict[str, str] = {}
    for part in parts:
        if part is None:
            return None
        found |= part
    return found


def base64_of(image: ReferenceImage) -> str:
    """Return the placeholder of an image's bytes as base64."""
    if image.filename is not None and parse_recipe(image.filename) is not None:
        return f"{BASE64}{image.filename}"
    facts = [image.media_type or "image"]
    facts += [
        f"{key}={getattr(image, field)}"
        for key, field in _FACTS.items()
        if getattr(image, field) is not None
    ]
    facts += [f"alpha={str(image.alpha).lower()}"] if image.alpha is not None else []
    facts += [f"digest={image.digest}"] if image.digest else []
    return f"{BASE64}{';'.join(facts)}"


def file_of_text(text: str, media_type: str | None = None) -> ReferenceImage | None:
    """Return the file that a text is, as far as it shows: base64, a data URL, a placeholder.

    None for a text that is none of them.
    """
    url = DATA_URL.match(text)
    kind = (url and url[1]) or media_type
    content = text[url.end() :] if url else text
    if content.startswith(BASE64):
        return _placeholder(content.removeprefix(BASE64), kind)
    if url is None and not BASE64_TEXT.fullmatch(content):
        return None
    return ReferenceImage(media_type=kind, size_bytes=len(content.rstrip("=")) * 3 // 4)


def _placeholder(facts: str, media_type: str | None) -> ReferenceImage:
    recipe = parse_recipe(facts)
    if recipe is not None:
        # Its size and digest are known only once it is drawn, and what draws takes as long to
        # import as all else: a body that holds no image of ours is read without it.
        from harness.reference_images import reference_json  # noqa: PLC0415

        return reference_json(recipe)
    kind, *pairs = facts.split(";")
    known = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    return ReferenceImage(
        media_type=media_type or (kind if "/" in kind else None),
        size_bytes=_number(known, "bytes"),
        width_px=_number(known, "width"),
        height_px=_number(known, "height"),
        alpha={"true": True, "false": False}.get(known.get("alpha", "")),
        digest=known.get("digest"),
    )


def _number(known: Mapping[str, str], key: str) -> int | None:
    text = known.get(key, "")
    return int(text) if re.fullmatch(r"\d{1,12}", text, re.ASCII) else None
