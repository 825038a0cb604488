"""Faults of jobs and streams: their states, ids, prices, partial images and ends."""

import base64
import json
from collections.abc import Callable
from random import Random
from typing import Any

from tests.benchmarks.mutations_planted import (
    COUNTS,
    FIELDS,
    IMAGES_API,
    JOBS,
    asked_of,
    fault,
    final_reply,
    is_responses,
    json_reply,
    submission_of,
)
from tests.benchmarks.mutations_tape import Tape, Taped


def _states(tape: Tape, call: int) -> list[Taped]:
    return [each for each in tape.of_call(call) if each.role == "poll"]


def _job(document: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a poll that tells of the job."""
    job: dict[str, Any] = document.get("data", document)
    return job


def _put_state(each: Taped, word: str) -> None:
    document = each.document
    _job(document)["status"] = word
    each.answer(document)


@fault("jobs_are_in_documented_states", providers=JOBS, told=r"state that no document names")
def an_unknown_state_on_the_way(tape: Tape, call: int, rng: Random) -> bool:
    polls = _states(tape, call)
    if len(polls) < 2:
        return False
    _put_state(rng.choice(polls[:-1]), rng.choice(("RUNNING", "working", "in_queue", "STARTED")))
    return True


@fault(
    "jobs_are_in_documented_states",
    *FIELDS,
    *COUNTS,
    providers=JOBS,
    told=r"state that no document names|finished|succeeded|DONE",
)
def an_unknown_state_at_the_end(tape: Tape, call: int, rng: Random) -> bool:
    polls = _states(tape, call)
    if not polls:
        return False
    _put_state(polls[-1], rng.choice(("finished", "succeeded", "DONE")))
    return True


@fault("job_states_only_move_forward", providers=JOBS)
def a_state_that_goes_back(tape: Tape, call: int, rng: Random) -> bool:
    del rng
    polls = _states(tape, call)
    if len(polls) < 3:
        return False
    first, second = (
        ("processing", "pending") if tape.provider == "buble" else ("PROCESSING", "QUEUED")
    )
    _put_state(polls[0], first)
    _put_state(polls[1], second)
    return True


@fault(*FIELDS, *COUNTS, providers=JOBS)
def a_job_that_completes_without_images(tape: Tape, call: int, rng: Random) -> bool:
    polls = _states(tape, call)
    if not polls:
        return False
    document = polls[-1].document
    place = _job(document)
    place["result"] = rng.choice((None, {"images": []}, {}))
    polls[-1].answer(document)
    tape.exchanges = [
        each for each in tape.exchanges if each.call != call or each.role != "download"
    ]
    return True


@fault("polls_tell_of_their_own_job", providers=JOBS)
def a_poll_of_another_job(tape: Tape, call: int, rng: Random) -> bool:
    polls = _states(tape, call)
    if not polls:
        return False
    each = rng.choice(polls)
    document = each.document
    place = _job(document)
    word = str(place["id"])
    place["id"] = word[:-6] + ("abcdef" if not word.endswith("abcdef") else "fedcba")
    each.answer(document)
    return True


@fault("job_is_taken_with_the_documented_status", providers=("apiframe",))
def a_job_taken_with_another_status(tape: Tape, call: int, rng: Random) -> bool:
    first = submission_of(tape, call)
    if first.status != 202:
        return False
    first.status, first.reason = rng.choice(((200, "OK"), (201, "Created")))
    return True


@fault("failed_jobs_cost_nothing", providers=("apiframe",))
def a_failed_job_is_charged(tape: Tape, call: int, rng: Random) -> bool:
    del rng
    polls = _states(tape, call)
    if not polls:
        return False
    document = polls[-1].document
    document |= {"status": "FAILED", "result": None, "error": "Generation failed"}
    polls[-1].answer(document)
    tape.exchanges = [
        each for each in tape.exchanges if each.call != call or each.role != "download"
    ]
    return True


@fault("charges_the_list_price", providers=("buble", "nanobanana"))
def another_price_than_listed(tape: Tape, call: int, rng: Random) -> bool:
    final = json_reply(tape, call)
    if final is None:
        return False
    document, more = final.document, rng.choice((1, 2, 10))
    data = document.get("data") or {}
    key = next((one for one in ("cost_credits", "costCredits") if one in data), None)
    if key is None:
        return False
    data[key] += more
    final.answer(document)
    return True


# ----------------------------------------------------------------------------- the streams
@fault("sends_no_more_partials_than_asked")
def more_partials_than_asked(tape: Tape, call: int, rng: Random) -> bool:
    del rng
    final = final_reply(tape, call)
    asked = asked_of(tape, call)
    if final is None or not final.is_stream or is_responses(tape, call):
        return False
    if "partial_images" not in asked:
        return False
    events = [(name, json.loads(data)) for name, data in final.events()]
    partials = [at for at, (name, _) in enumerate(events) if name.endswith("partial_image")]
    if not partials:
        return False
    name, last = events[partials[-1]]
    for number in (1, 2):
        extra = {**last, "partial_image_index": last["partial_image_index"] + number}
        events.insert(partials[-1] + number, (name, extra))
    final.stream([(name, json.dumps(one)) for name, one in events])
    return True


def _with_partials(tape: Tape, call: int, change: Callable[[dict[str, Any]], None]) -> bool:
    """Change each partial image of a stream; False where there is none."""
    final = final_reply(tape, call)
    if final is None or not final.is_stream or is_responses(tape, call):
        return False
    events = [(name, json.loads(data)) for name, data in final.events()]
    partials = [one for name, one in events if name.endswith("partial_image")]
    for one in partials:
        change(one)
    final.stream([(name, json.dumps(one)) for name, one in events])
    return bool(partials)


@fault("partials_are_numbered_in_order", providers=("openai",))
def partials_numbered_wrongly(tape: Tape, call: int, rng: Random) -> bool:
    del rng

    def numbered(partial: dict[str, Any]) -> None:
        partial["partial_image_index"] += 5

    return _with_partials(tape, call, numbered)


@fault("partials_decode")
def partials_that_end_half_way(tape: Tape, call: int, rng: Random) -> bool:
    del rng

    def halved(partial: dict[str, Any]) -> None:
        raw = base64.b64decode(partial["b64_json"])
        partial["b64_json"] = base64.b64encode(raw[: len(raw) // 2]).decode()

    return _with_partials(tape, call, halved)


@fault("streams_where_asked")
def a_stream_answered_with_one_reply(tape: Tape, call: int, rng: Random) -> bool:
    """Answer a request for a stream with one JSON reply that holds the image."""
    del rng
    final = final_reply(tape, call)
    if final is None or not final.is_stream or is_responses(tape, call):
        return False
    last = json.loads(final.events()[-1][1])
    entry = {"b64_json": last.pop("b64_json")}
    last.pop("type", None)
    final.put("content-type", "application/json")
    final.answer({"created": last.pop("created_at", 1), "data": [entry], **last})
    return True


@fault("images_are_finished", providers=IMAGES_API, told=r"generating")
def a_result_that_is_still_generating(tape: Tape, call: int, rng: Random) -> bool:
    """Give a call of the tool the status `generating` beside its finished image."""
    del rng
    final = json_reply(tape, call)
    if final is None or not is_responses(tape, call):
        return False
    document = final.document
    calls = [one for one in document["output"] if one.get("type") == "image_generation_call"]
    for one in calls:
        one["status"] = "generating"
    final.answer(document)
    return bool(calls)
