"""Faults of replies: what they declare, what they lack, and how images are written in them."""

import re
from collections.abc import Callable
from random import Random
from typing import Any

from tests.benchmarks.mutations_planted import (
    COUNTS,
    FIELDS,
    asked_of,
    fault,
    final_reply,
    in_completed,
    is_responses,
    json_reply,
    recounted,
    several_of,
)
from tests.benchmarks.mutations_tape import Tape, is_image_text, put_at, texts_of

DECLARED = ("declares_what_was_asked", "images_match_their_declaration")


def _declares(tape: Tape, call: int, key: str, values: tuple[str, ...], rng: Random) -> bool:
    """Let the final reply, or a stream's completed event, declare another value."""
    final = final_reply(tape, call)
    if final is None or is_responses(tape, call):
        return False

    def change(document: dict[str, Any]) -> bool:
        if key not in document:
            return False
        document[key] = rng.choice([value for value in values if value != document[key]])
        return True

    if final.is_stream:
        return in_completed(final, change)
    document = final.document
    if not isinstance(document, dict) or not change(document):
        return False
    final.answer(document)
    return True


@fault(*DECLARED)
def declares_another_size(tape: Tape, call: int, rng: Random) -> bool:
    return _declares(tape, call, "size", ("1024x1024", "1536x1024", "1024x1536"), rng)


@fault(*DECLARED)
def declares_another_format(tape: Tape, call: int, rng: Random) -> bool:
    return _declares(tape, call, "output_format", ("png", "jpeg", "webp"), rng)


@fault(*DECLARED)
def declares_another_quality(tape: Tape, call: int, rng: Random) -> bool:
    if asked_of(tape, call).get("quality") not in ("low", "medium", "high"):
        return False
    return _declares(tape, call, "quality", ("low", "medium", "high"), rng)


@fault("usage_adds_up")
def usage_that_does_not_add_up(tape: Tape, call: int, rng: Random) -> bool:
    final = final_reply(tape, call)
    if final is None:
        return False
    off = rng.choice((1, 7, 100))
    if final.is_stream:
        return in_completed(final, lambda document: _off(document, off))
    document = final.document
    if not isinstance(document, dict) or not _off(document, off):
        return False
    final.answer(document)
    return True


def _off(document: dict[str, Any], off: int) -> bool:
    usage = document.get("usage") or (document.get("response") or {}).get("usage")
    if not isinstance(usage, dict) or "total_tokens" not in usage:
        return False
    usage["total_tokens"] += off
    return True


# ---------------------------------------------------------------------------------- fields
def _field_gone(tape: Tape, call: int, rng: Random, keys: tuple[str, ...]) -> bool:
    final = json_reply(tape, call)
    if final is None or is_responses(tape, call):
        return False
    document, key = final.document, rng.choice(keys)
    if key not in document:
        return False
    del document[key]
    final.answer(document)
    return True


@fault(*FIELDS, providers=("sub2api",))
def a_documented_field_is_missing(tape: Tape, call: int, rng: Random) -> bool:
    return _field_gone(tape, call, rng, ("size", "quality", "output_format", "usage"))


@fault(*FIELDS, providers=("openai",))
def a_required_field_is_missing(tape: Tape, call: int, rng: Random) -> bool:
    return _field_gone(tape, call, rng, ("created", "usage"))


@fault(*FIELDS, providers=("sub2api",))
def a_field_of_another_type(tape: Tape, call: int, rng: Random) -> bool:
    final = json_reply(tape, call)
    if final is None or is_responses(tape, call):
        return False
    document = final.document
    key, value = rng.choice((("size", 1024), ("quality", None), ("usage", "205 tokens")))
    document[key] = value
    final.answer(document)
    return True


@fault(*FIELDS, *COUNTS)
def images_under_another_name(tape: Tape, call: int, rng: Random) -> bool:
    """Put the images where no document says: their field is missing, whatever else is there."""
    del rng
    many = several_of(tape, call)
    if many is None or not many[1][0].get("b64_json"):
        return False
    return recounted(tape, call, [{"image": entry["b64_json"]} for entry in many[1]])


@fault(*FIELDS, *COUNTS, providers=("sub2api", "openai", "aimlapi", "nanobanana"))
def a_success_without_images(tape: Tape, call: int, rng: Random) -> bool:
    """Answer 200 with everything but images, and count them as made."""
    del rng
    final = json_reply(tape, call)
    if final is None or is_responses(tape, call):
        return False
    document = final.document
    document["data"] = {} if tape.provider == "nanobanana" else []
    final.answer(document)
    gone = [each for each in tape.of_call(call) if each.role == "download"]
    tape.exchanges = [each for each in tape.exchanges if not any(each is one for one in gone)]
    return True


ENCODINGS = ("images_decode", "images_are_plain_base64", "reply_has_the_documented_fields")


def _respelt(tape: Tape, call: int, change: Callable[[str], str]) -> bool:
    final = json_reply(tape, call)
    if final is None or is_responses(tape, call):
        return False
    document = final.document
    found = [(at, text) for at, text in texts_of(document) if is_image_text(text)]
    for at, text in found:
        put_at(document, at, change(text))
    if found:
        final.answer(document)
    return bool(found)


@fault(*ENCODINGS, told=r"data URL|data: ?URL|data:")
def base64_as_a_data_url(tape: Tape, call: int, rng: Random) -> bool:
    del rng
    return _respelt(tape, call, lambda text: f"data:image/png;base64,{text}")


@fault(*ENCODINGS, told=r"line break")
def base64_in_lines(tape: Tape, call: int, rng: Random) -> bool:
    ends = rng.choice(("\n", "\r\n"))
    return _respelt(tape, call, lambda text: ends.join(re.findall(".{1,76}", text)))


@fault(*ENCODINGS, told=r"URL-safe")
def base64_of_the_url_safe_alphabet(tape: Tape, call: int, rng: Random) -> bool:
    del rng
    return _respelt(tape, call, lambda text: text.replace("+", "-").replace("/", "_"))
