"""Faults of acceptance: what is refused or served wrongly, and how a refusal is put."""

import json
from random import Random
from typing import Any

from tests.benchmarks.mutations_planted import (
    ALL,
    asked_of,
    fault,
    final_reply,
    is_responses,
    submission_of,
)
from tests.benchmarks.mutations_tape import Tape, Taped


@fault("accepts_what_it_documents", providers=ALL)
def a_valid_value_is_refused(tape: Tape, call: int, rng: Random) -> bool:
    """Refuse a documented value in the documented shape of a validation error that names it."""
    final, asked = final_reply(tape, call), asked_of(tape, call)
    if final is None or is_responses(tape, call):
        return False
    if asked.get("background") == "transparent":
        return False  # on which documents contradict each other
    asked |= asked.get("gptImage2Params") or {}
    keys = ("size", "quality", "output_format", "resolution", "aspect_ratio", "background")
    given = [key for key in keys if key in asked]
    if not given or (tape.provider == "aimlapi" and not {"output_format"} & {*given}):
        return False
    key = "output_format" if tape.provider == "aimlapi" else rng.choice(given)
    first = submission_of(tape, call)
    if not first.asked.startswith(b"{") or "image" in asked or "image_urls" in asked:
        return False  # what is in a file of somebody's is not known
    first.status, first.reason = 400, "Bad Request"
    first.put("content-type", "application/json")
    first.answer(_refusal(tape.provider, key, str(asked[key])))
    tape.exchanges = [
        each for each in tape.exchanges if each.call != call or each.role in ("submit", "upload")
    ]
    return True


def _refusal(provider: str, key: str, value: str) -> object:
    message = f"Invalid value: '{value}' is not supported for {key}."
    match provider:
        case "sub2api" | "openai":
            kind = "invalid_request_error"
            error = {"message": message, "type": kind, "param": key, "code": "invalid_value"}
            return {"error": error}
        case "buble":
            return {"error": {"code": "invalid_request_body", "message": message}}
        case "apiframe":
            return {"error": "Validation failed", "details": {f"gptImage2Params.{key}": [message]}}
        case "nanobanana":
            return {"code": -1, "message": message}
        case _:
            return {
                "message": f"Body validation error. {key}: Invalid enum value '{value}'",
                "path": "/v1/images/generations",
                "requestId": "b03bd30a",
                "statusCode": 400,
            }


def _alone(wrong: list[tuple[str, Any]], question: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the values that break one rule: another format beside a compression breaks two.

    On several images in a stream the documents are silent.
    """
    beside = {"output_format"} if "output_compression" in str(question) else set()
    beside |= {"n"} if question.get("stream") else set()
    return [(key, value) for key, value in wrong if key not in beside]


@fault("refuses_what_it_forbids", providers=ALL)
def a_forbidden_value_is_served(tape: Tape, call: int, rng: Random) -> bool:
    """Answer a request that breaks one documented rule with what a plain one got."""
    final, first = final_reply(tape, call), submission_of(tape, call)
    odd = is_responses(tape, call) or asked_of(tape, call).get("background") == "transparent"
    if final is None or odd or not isinstance(first.question, dict):
        return False
    question = first.question
    match tape.provider:
        case "sub2api" | "openai":
            wrong = [
                ("n", 11),
                ("size", "1000x1000"),
                ("quality", "ultra"),
                ("output_format", "bmp"),
            ]
            wrong += [("output_compression", 101)] if "output_compression" in question else []
        case "nanobanana":
            wrong = [("n", 2), ("size", "1000x1024"), ("quality", "ultra"), ("prompt", "long")]
        case "buble":
            wrong = [("resolution", "8K"), ("aspect_ratio", "5:1")]
        case "apiframe":
            wrong = [("number_of_images", 11), ("quality", "ultra"), ("output_format", "bmp")]
        case _:
            wrong = [("output_compression", 101)] if "output_compression" in question else []
    wrong = _alone(wrong, question)
    if not wrong:
        return False
    key, value = rng.choice(wrong)
    if value == "long":
        value = question["prompt"] + " and more" * 300
    place = question.setdefault("gptImage2Params", {}) if tape.provider == "apiframe" else question
    place[key] = value
    first.asked = json.dumps(question).encode()
    return True


# -------------------------------------------------------------------------------- refusals
SHAPES = ("refusal_has_the_documented_shape",)


def _refused(tape: Tape, call: int) -> Taped | None:
    first = submission_of(tape, call)
    return first if first.status == 400 else None


@fault(*SHAPES, providers=("sub2api", "openai", "buble", "apiframe"))
def a_refusal_of_another_shape(tape: Tape, call: int, rng: Random) -> bool:
    """Refuse in JSON of a shape that no document shows."""
    each = _refused(tape, call)
    if each is None:
        return False
    each.answer(rng.choice(({"detail": [{"msg": "bad"}]}, {"ok": False, "reason": 17}, ["no"], {})))
    return True


@fault(*SHAPES, providers=("sub2api", "apiframe"), needs_length=True)
def a_refusal_in_plain_words(tape: Tape, call: int, rng: Random) -> bool:
    each = _refused(tape, call)
    if each is None:
        return False
    each.put("content-type", "text/plain")
    each.replace(rng.choice((b"Bad Request: invalid parameter", b"the request is not valid")))
    return True


@fault("refusal_names_the_parameter", providers=("sub2api", "openai", "apiframe"))
def a_refusal_that_names_nothing(tape: Tape, call: int, rng: Random) -> bool:
    """Refuse in the documented shape, without a word of what is wrong."""
    del rng
    each = _refused(tape, call)
    if each is None:
        return False
    if tape.provider == "apiframe":
        return False  # an error without `details` is of another class there
    error = {"message": "Invalid request.", "type": "invalid_request_error", "param": None}
    each.answer({"error": {**error, "code": "invalid_value"}})
    return True


@fault("refusal_is_a_client_error", providers=("sub2api", "openai", "buble", "apiframe"))
def a_refusal_with_a_status_of_success(tape: Tape, call: int, rng: Random) -> bool:
    each = _refused(tape, call)
    if each is None:
        return False
    each.status, each.reason = rng.choice(((200, "OK"), (500, "Internal Server Error")))
    return True
