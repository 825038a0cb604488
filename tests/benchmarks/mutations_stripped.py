"""Stripped: headers, bodies, times and keys that recorders and sanitisers leave out."""

from random import Random

from tests.benchmarks.mutations_kinds import harmless
from tests.benchmarks.mutations_tape import Tape


@harmless("stripped", lossless=True)
def stream_without_its_last_blank_line(tape: Tape, rng: Random) -> bool:
    found = [one for one in tape.replies if one.is_stream]
    for each in found:
        each.body = each.body.rstrip(b"\n") + rng.choice((b"", b"\n"))
    return bool(found)


@harmless("stripped", lossless=True)
def whitespace_around_bodies_stripped(tape: Tape, rng: Random) -> bool:
    del rng
    found = [one for one in tape.exchanges if one.body != one.body.strip() and _is_text(one.body)]
    for each in found:
        each.body = each.body.strip()
    return bool(found)


def _is_text(raw: bytes) -> bool:
    return not raw.startswith((b"\x89PNG", b"\xff\xd8", b"RIFF", b"GIF8"))


@harmless("stripped")
def reply_headers_gone(tape: Tape, rng: Random) -> bool:
    del rng
    for each in tape.exchanges:
        each.headers = []
    return True


@harmless("stripped")
def request_headers_gone(tape: Tape, rng: Random) -> bool:
    del rng
    for each in tape.exchanges:
        each.sent = []
    return True


@harmless("stripped")
def one_header_gone(tape: Tape, rng: Random) -> bool:
    names = sorted({name.lower() for each in tape.exchanges for name, _ in each.headers})
    if not names:
        return False
    gone = rng.choice(names)
    for each in tape.exchanges:
        each.put(gone, None)
    return True


def _without(tape: Tape, name: str) -> bool:
    found = [each for each in tape.exchanges if each.header(name)]
    for each in found:
        each.put(name, None)
    return bool(found)


@harmless("stripped")
def content_type_gone(tape: Tape, rng: Random) -> bool:
    del rng
    return _without(tape, "content-type")


@harmless("stripped", lossless=True)
def content_length_gone(tape: Tape, rng: Random) -> bool:
    del rng
    return _without(tape, "content-length")


@harmless("stripped")
def request_content_type_gone(tape: Tape, rng: Random) -> bool:
    del rng
    for each in tape.exchanges:
        each.sent = [pair for pair in each.sent if pair[0].lower() != "content-type"]
    return True


@harmless("stripped")
def header_values_redacted(tape: Tape, rng: Random) -> bool:
    word = rng.choice(("<REDACTED>", "[FILTERED]", "***", "XXX", "", "DUMMY"))
    for each in tape.exchanges:
        each.headers = [(name, word) for name, _ in each.headers]
        each.sent = [
            (name, value if name.lower() == "content-type" else word) for name, value in each.sent
        ]
    return True


@harmless("stripped", lossless=True)
def keys_filtered(tape: Tape, rng: Random) -> bool:
    word = rng.choice(("<TOKEN>", "Bearer <API_KEY>", "Bearer DUMMY", "REDACTED", "**********", ""))
    for each in tape.exchanges:
        each.sent = [
            (name, word if name.lower() in ("authorization", "x-api-key") else value)
            for name, value in each.sent
        ]
    return True


@harmless("stripped", lossless=True)
def keys_gone(tape: Tape, rng: Random) -> bool:
    del rng
    for each in tape.exchanges:
        each.sent = [
            pair for pair in each.sent if pair[0].lower() not in ("authorization", "x-api-key")
        ]
    return True


@harmless("stripped")
def reply_bodies_emptied(tape: Tape, rng: Random) -> bool:
    found = [one for one in tape.of("submit", "poll", "download") if one.body]
    chosen = found if rng.random() < 0.5 else found[rng.randrange(len(found) or 1) :][:1]
    for each in chosen:
        each.body, each.coded = b"", None
    return bool(chosen)


@harmless("stripped")
def reply_bodies_left_out(tape: Tape, rng: Random) -> bool:
    found = [one for one in tape.of("submit", "poll", "download") if one.body]
    chosen = found if rng.random() < 0.5 else found[rng.randrange(len(found) or 1) :][:1]
    for each in chosen:
        each.unset.add("reply")
    return bool(chosen)


@harmless("stripped")
def downloads_emptied(tape: Tape, rng: Random) -> bool:
    found = tape.of("download")
    for each in found:
        if rng.random() < 0.5:
            each.body = b""
        else:
            each.unset.add("reply")
    return bool(found)


@harmless("stripped")
def request_bodies_gone(tape: Tape, rng: Random) -> bool:
    found = [one for one in tape.of("submit", "upload") if one.asked]
    chosen = found if rng.random() < 0.5 else found[rng.randrange(len(found) or 1) :][:1]
    for each in chosen:
        each.unset.add("asked")
    return bool(chosen)


@harmless("stripped", lossless=True)
def timings_zero(tape: Tape, rng: Random) -> bool:
    ms = rng.choice((0.0, -1.0))
    for each in tape.exchanges:
        each.ms = ms
        each.unset.add("times")
    return True


@harmless("stripped")
def downloads_from_cache(tape: Tape, rng: Random) -> bool:
    """Answer downloads out of a browser's cache: 304, or 200 without a body."""
    found, status = tape.of("download"), rng.choice((304, 304, 200))
    for each in found:
        each.status, each.body = status, b""
        each.reason = "Not Modified" if status == 304 else "OK"
        if rng.random() < 0.5:
            each.put("content-length", None)
    if status == 200 and tape.form.startswith(("har", "polly")):
        tape.on_document.append(_from_disk)
    elif status == 200:
        return False
    return bool(found)


def _from_disk(document: dict[str, dict[str, list[dict[str, dict[str, object]]]]]) -> object:
    for entry in document["log"]["entries"]:
        if entry["request"]["method"] == "GET" and entry["response"]["bodySize"] == 0:
            entry["_fromCache"] = "disk"  # type: ignore[assignment]
            entry["response"]["_transferSize"] = 0
            content = entry["response"]["content"]
            assert isinstance(content, dict)
            content["size"] = 17_000
            content.pop("text", None)
    return document


@harmless("stripped")
def binary_bodies_decoded_as_text(tape: Tape, rng: Random) -> bool:
    found = [one for one in tape.of("download") if one.body and not one.packing]
    for each in found:
        each.packing = rng.choice(("replaced", "replaced", "replaced"))
    return bool(found) and not tape.form.startswith(("go", "nock", "wire"))
