"""Planted faults: what a lying or broken provider would have answered, in files otherwise honest.

Only what the provider's documents promise against is planted, and only what its file can show:
a stream without its completed event is none, because a file cut between two events looks the same.
"""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.benchmarks.mutations_tape import Tape, Taped, is_image_text, put_at, texts_of

IMAGES_API = ("sub2api", "openai")
JOBS = ("buble", "apiframe")
ALL = ("sub2api", "openai", "nanobanana", "aimlapi", "buble", "apiframe")

Change = Callable[[Tape, int, Random], bool]
"""Changes what the provider answered to a call; False where the fault does not fit the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault, and when it counts as found: on the record of the very request that got it.

    Found is a failed verdict of one of the `checks` (or the same as observed, where the documents
    promise nothing on the request), or, where `told` is a pattern, any verdict whose sentence
    matches it: a deviation that breaks no promise is told, and convicts nobody.
    `needs_length` says that only the declared length shows the fault.
    """

    name: str
    providers: tuple[str, ...]
    change: Change
    checks: tuple[str, ...]
    told: str = ""
    needs_length: bool = False


FAULTS: dict[str, Fault] = {}


def fault(
    *checks: str,
    providers: tuple[str, ...] = IMAGES_API,
    told: str = "",
    needs_length: bool = False,
) -> Callable[[Change], Change]:
    """Register a fault under its function's name."""

    def register(change: Change) -> Change:
        name = getattr(change, "__name__", "")
        FAULTS[name] = Fault(
            name=name,
            providers=providers,
            change=change,
            checks=checks,
            told=told,
            needs_length=needs_length,
        )
        return change

    return register


# ------------------------------------------------------------------------- what a call holds
def final_reply(tape: Tape, call: int) -> Taped | None:
    """Return the reply that brings the images of a served call: the last one of the provider."""
    own = [each for each in tape.of_call(call) if each.role in ("submit", "poll")]
    served = bool(own) and all(each.status < 300 for each in own)
    return own[-1] if served else None


def json_reply(tape: Tape, call: int) -> Taped | None:
    final = final_reply(tape, call)
    return final if final is not None and isinstance(final.document, dict) else None


def asked_of(tape: Tape, call: int) -> dict[str, Any]:
    """Return what a call asked for: a JSON body, or a form's values."""
    first = submission_of(tape, call)
    if isinstance(first.question, dict):
        return dict(first.question)
    pairs = re.findall(rb'name="([^"]+)"\r\n\r\n([^\r]*)\r\n', first.asked)
    return {name.decode(): value.decode() for name, value in pairs}


def submission_of(tape: Tape, call: int) -> Taped:
    return next(each for each in tape.of_call(call) if each.role == "submit")


def is_responses(tape: Tape, call: int) -> bool:
    return submission_of(tape, call).url.endswith("/responses")


def change_images(tape: Tape, call: int, change: Callable[[bytes], bytes]) -> bool:
    """Change each final image of a served call, wherever it is; declared lengths fit."""
    final = final_reply(tape, call)
    if final is None:
        return False
    done = False
    if final.is_stream:
        done = in_completed(final, lambda document: _in_document(document, change))
    elif isinstance(document := final.document, dict) and _in_document(document, change):
        final.answer(document)
        done = True
    for each in tape.of_call(call):
        if each.role == "download":
            each.replace(change(each.body))
            done = True
    return done


def in_completed(final: Taped, change: Callable[[dict[str, Any]], bool]) -> bool:
    """Change the document of each completed event of a stream."""
    events = [(name, json.loads(data)) for name, data in final.events()]
    done = [change(document) for name, document in events if name.endswith("completed")]
    final.stream([(name, json.dumps(document)) for name, document in events])
    return any(done)


def _in_document(document: object, change: Callable[[bytes], bytes]) -> bool:
    found = [(at, text) for at, text in texts_of(document) if is_image_text(text)]
    for at, text in found:
        put_at(document, at, base64.b64encode(change(base64.b64decode(text))).decode())
    return bool(found)


def several_of(tape: Tape, call: int) -> tuple[Taped, list[Any]] | None:
    final = json_reply(tape, call)
    if final is None:
        return None
    document = final.document
    found = document.get("data") if "data" in document else (document.get("result") or {})
    entries = found.get("images") if isinstance(found, dict) else found
    return (final, entries) if isinstance(entries, list) and entries else None


def recounted(tape: Tape, call: int, entries: list[Any]) -> bool:
    final = json_reply(tape, call)
    assert final is not None
    document = final.document
    if "data" in document:
        document["data"] = entries
    else:
        document["result"]["images"] = entries
    final.answer(document)
    return True


FIELDS = ("reply_has_the_documented_fields",)
COUNTS = ("serves_as_many_images_as_asked",)
