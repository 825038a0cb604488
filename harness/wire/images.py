"""A served reply as images: where they are, what is declared, counted and charged."""

import re
from collections.abc import Sequence

from harness.core.exchange import Picture, PictureState
from harness.core.jsonvalue import Json, read_amount
from harness.core.outcome import Declared, Images, Usage
from harness.spec.expressions import Paths, first_match
from harness.spec.lifecycle import Field_, ReplyShape, Stream, UsagePaths, declared_places
from harness.spec.provider import Operation
from harness.spec.reply_places import places_read, where

DECLARED = ("model", "size", "quality", "output_format")
"""The arguments whose places in a reply the TOML names."""

COUNT_AT_MOST = 2**53
"""A larger count is no count, and cannot be computed with."""

A_COUNT = re.compile(r"0|[1-9]\d{0,14}", re.ASCII)
"""How some write a count as text."""

QUOTED = 60
"""Characters of a provider's words that a sentence quotes."""

A_NUMBER = re.compile(r"'\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*'", re.ASCII)
"""What `no_price` returns for an amount that is too large, too long or below zero."""


def image_texts(shape: ReplyShape, document: Json) -> tuple[str, ...]:
    """Return the texts at the first documented place that has any: marks, addresses or neither."""
    for path in shape.images:
        listed = path.search(document)
        texts = listed if isinstance(listed, list) else [listed]
        if images := tuple(text for text in texts if isinstance(text, str) and text):
            return images
    return ()


def no_image(text: str, why: str, state: PictureState = "undecodable") -> Picture:
    """Return what stands in the place of an image: why there is none."""
    return Picture(digest="", format="unknown", size_bytes=len(text), state=state, why=why)


def from_text(text: str) -> Picture:
    """Return the picture for a text that is neither an image nor an address."""
    return no_image(text, f"no base64 of an image: {text[:60]!r}")


def read_images(
    operation: Operation,
    documents: tuple[Json, ...],
    pictures: tuple[Picture, ...],
    job: str | None,
) -> Images:
    """Read what is declared, counted and charged in the first of the documents that says so."""
    shape = operation.reply
    counted = (usage_of(shape.usage, document) for document in documents)
    return Images(
        pictures=pictures,
        declared=Declared(
            model=_said(shape.model, documents),
            size=_said(shape.size, documents),
            quality=_said(shape.quality, documents),
            output_format=_said(shape.output_format, documents),
            others=declared_others(operation, shape, documents[0]),
        ),
        usage=next((usage for usage in counted if usage is not None), None),
        charged=read_amount(said_charged(shape, documents)),
        missing=missing_fields(shape.fields, documents[0]),
        document=documents[0],
        job=job,
    )


def said_charged(shape: ReplyShape, documents: Sequence[Json]) -> Json:
    """Return what the first of the documents that says anything of it says was charged."""
    said = (first_match(shape.charged, document) for document in documents)
    return next((content for content in said if content not in (None, "")), None)


def declared_others(
    operation: Operation, shape: ReplyShape | Stream, document: Json
) -> dict[str, str]:
    """Return what a reply repeats of the arguments that are words of a list, by name."""
    names = (
        name
        for name, argument in operation.arguments.items()
        if argument.type == "string" and argument.one_of is not None and name not in DECLARED
    )
    words = {name: word_at(declared_places(shape, name), document) for name in names}
    return {name: word for name, word in words.items() if word is not None}


def usage_of(paths: UsagePaths | None, document: Json) -> Usage | None:
    """Return what the reply counts, or None where it counts nothing."""
    if paths is None:
        return None
    found = {name: path.search(document) for name, path in paths.places.items()}
    seconds = read_amount(found.pop("seconds", None))
    counted = {name: _count(content) for name, content in found.items()}
    counts = {name: each for name, each in counted.items() if each is not None}
    if not counts and seconds is None:
        return None
    return Usage(
        input=counts.pop("input", None),
        output=counts.pop("output", None),
        total=counts.pop("total", None),
        kinds=counts,
        seconds=seconds,
        input_parts=_counts(paths.input_parts.search(document) if paths.input_parts else None),
        output_parts=_counts(paths.output_parts.search(document) if paths.output_parts else None),
    )


def missing_fields(fields: tuple[Field_, ...], document: Json) -> tuple[str, ...]:
    """Return the documented fields that a reply lacks, or holds with another type, as its keys."""
    return tuple(
        where([field.path])
        for field in fields
        if field.status == "documented" and not _present(field, document)
    )


def lacking(fields: tuple[Field_, ...], document: Json, missing: Sequence[str]) -> tuple[str, ...]:
    """Say of each missing field what a reply has in its place: `data.url is empty`.

    `missing` are fields as `missing_fields` names them; some may be of another document.
    """
    known = {where([field.path]): field for field in fields}
    return tuple(
        _lack(name, known[name], document)
        if name in known and missing_fields((known[name],), document)
        else f"{name} is missing or of another type"
        for name in missing
    )


def _lack(name: str, field: Field_, document: Json) -> str:
    content = field.path.search(document)
    if content not in (None, "", [], {}):
        return f"{name} holds {_KINDS[type(content)]}, not {_WANTED[field.type]}"
    told = (_held_at(place, document) for place in places_read(field.path))
    return next((words for words in told if words), f"{name} is missing")


def _held_at(place: str, document: Json) -> str:
    """Say what a reply holds on the way to a place where texts were sought; "" for nothing."""
    node, so_far = document, ""
    for key in place.partition(" (")[0].split("."):
        node = node[0] if isinstance(node, list) and node else node
        name = key.removesuffix("[]")
        if not isinstance(node, dict) or name not in node:
            return ""
        node, so_far = node[name], f"{so_far}.{name}".removeprefix(".")
        if key != name and node and not isinstance(node, list):
            return f"{so_far} holds {_KINDS[type(node)]}, not a list"
        so_far += key.removeprefix(name)
    node = node[0] if place.endswith("[]") and isinstance(node, list) and node else node
    if isinstance(node, dict | list) and node:
        return f"{place} holds {_KINDS[type(node)]}, not a text"
    return f"{place} is empty"


_KINDS = {
    str: "a text", bool: "true or false", int: "a number", float: "a number", list: "a list",
    dict: "an object",
}  # fmt: skip
_WANTED = {
    "string": "a text", "integer": "a whole number", "array": "a list", "object": "an object",
    "strings": "texts",
}  # fmt: skip


def _present(field: Field_, document: Json) -> bool:
    content = field.path.search(document)
    match field.type:
        case "string":
            return isinstance(content, str) and bool(content)
        case "integer":
            return isinstance(content, int) and not isinstance(content, bool)
        case "array":
            return isinstance(content, list)
        case "object":
            return isinstance(content, dict)
        case "strings":
            texts = content if isinstance(content, list) else []
            return bool(texts) and all(isinstance(text, str) and text for text in texts)


def word_at(paths: Paths, document: Json) -> str | None:
    """Return the text that the first fitting path finds; None where that is no text."""
    word = first_match(paths, document)
    return word if isinstance(word, str) and word else None


def _said(paths: Paths, documents: Sequence[Json]) -> str | None:
    """Return the word of the first document that has one."""
    words = (word_at(paths, document) for document in documents)
    return next((word for word in words if word is not None), None)


def no_price(content: Json) -> str | None:
    """Return what a reply says it charged, in its own words, where that is no price.

    None for a price, and where nothing is said.
    """
    if content is None or content == "" or read_amount(content) is not None:
        return None
    return repr(str(pruned(content)))


def pruned(content: Json) -> Json:
    """Return a value short enough to be quoted."""
    if isinstance(content, str):
        return content[:QUOTED]
    if isinstance(content, int) and abs(content) > COUNT_AT_MOST:
        return "a number of very many digits"
    return content if isinstance(content, int | float) else f"a {type(content).__name__}"


def _count(number: Json) -> int | None:
    """Read a count of tokens, a number or its digits as text; what no reply can count is none."""
    if isinstance(number, str) and A_COUNT.fullmatch(number):
        return int(number)
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    if not -COUNT_AT_MOST <= number <= COUNT_AT_MOST or number != int(number):
        return None
    return int(number)


def _counts(numbers: Json) -> tuple[int, ...]:
    counts = map(_count, numbers if isinstance(numbers, list) else [])
    return tuple(count for count in counts if count is not None)
