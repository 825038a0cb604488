"""Placeholders: what sanitisers put where images, prompts, ids and addresses were."""

import base64
import json
import re
from random import Random

from tests.benchmarks.mutations_honest import painted
from tests.benchmarks.mutations_kinds import harmless
from tests.benchmarks.mutations_tape import Tape, each_image_text, parsed

PLACEHOLDERS = (
    *("<B64 elided>", "<BASE64>", "[REDACTED]", "...", "<truncated>", "b64_data", "***", "XXXXX"),
    *("iVBORw0KGgo...", "data:image/png;base64,<B64 1049708 chars>", "fake_base64_image"),
    *("aGVsbG8=", "dGVzdA==", "Zm9v", "{{image}}", "%IMAGE%", "(omitted)", "SANITIZED"),
    *("[base64 image omitted, 12345 bytes]", "<image/png 610 bytes>", "image.png", "IMAGE_DATA"),
    *("base64-encoded-image", "iVBORw0KGgoAAAANSUhEUgAA", "<<binary>>", "__IMAGE__", "redacted"),
    *("<B64 21256 chars ('png', 128, 128, 15941)>", "REDACTED_BASE64", "sha256:0f3a9c1be2"),
)
BINARY_PLACEHOLDERS = (
    *(b"<image>", b"[binary]", b"(binary data 17274 bytes)", b"REDACTED", b"<binary omitted>"),
    *(b"[Binary Data]", b"...", b"image/png", b'"<bytes>"', b"null", b"{}"),
)


@harmless("placeholder")
def base64_replaced(tape: Tape, rng: Random) -> bool:
    word = rng.choice(PLACEHOLDERS)
    return each_image_text(tape, lambda _text: word)


@harmless("placeholder")
def base64_of_another_text(tape: Tape, rng: Random) -> bool:
    word = base64.b64encode(
        rng.choice((b"fake image", b"\x00" * 12, b"PNG", b"image-bytes"))
    ).decode()
    return each_image_text(tape, lambda _text: word)


@harmless("placeholder")
def tiny_images_in_replies(tape: Tape, rng: Random) -> bool:
    """Put one tiny image in the place of all, as a sanitiser does that keeps files small."""
    edge, kind = rng.choice((1, 1, 1, 2, 4, 8, 16, 32)), rng.choice(("png", "png", "gif", "jpeg"))
    word = base64.b64encode(painted(edge, edge, kind, rng)).decode()
    return each_image_text(tape, lambda _text: word)


@harmless("placeholder")
def tiny_downloads(tape: Tape, rng: Random) -> bool:
    edge, kind = rng.choice((1, 1, 1, 2, 8, 16)), rng.choice(("png", "gif", "jpeg"))
    raw, found = painted(edge, edge, kind, rng), tape.of("download")
    for each in found:
        each.body = raw
        if rng.random() < 0.5:
            each.put("content-length", str(len(raw)))
    return bool(found)


@harmless("placeholder")
def downloads_replaced_by_words(tape: Tape, rng: Random) -> bool:
    word, found = rng.choice(BINARY_PLACEHOLDERS), tape.of("download")
    for each in found:
        each.body = word
        if rng.random() < 0.3:
            each.put("content-length", str(len(word)))
    return bool(found)


@harmless("placeholder", lossless=False)
def prompts_replaced(tape: Tape, rng: Random) -> bool:
    word = rng.choice(("<PROMPT>", "[REDACTED]", "a test prompt", "***", "0f3a9c1be2d47f"))
    for each in tape.exchanges:
        each.asked = _prompt_replaced(each.asked, word)
        each.body = re.sub(
            rb'("revised_prompt":)"[^"]*"', rb'\1"' + word.encode() + b'"', each.body
        )
    return True


def _prompt_replaced(raw: bytes, word: str) -> bytes:
    document = parsed(raw)
    if isinstance(document, dict):
        for key in ("prompt", "input"):
            if key in document:
                document[key] = word
        return json.dumps(document, ensure_ascii=False).encode()
    at = raw.find(b'name="prompt"\r\n\r\n')
    if at < 0:
        return raw
    start = at + len(b'name="prompt"\r\n\r\n')
    end = raw.find(b"\r\n", start)
    return raw[:start] + word.encode() + (raw[end:] if end >= 0 else b"")


@harmless("placeholder")
def ids_replaced(tape: Tape, rng: Random) -> bool:
    """Replace each job's id by one word, in bodies and addresses alike."""
    words = _job_ids(tape)
    for number, (call, word) in enumerate(sorted(words.items())):
        new = rng.choice((f"job-{number}", f"<JOB_ID_{number}>", f"JOB{number}")).encode()
        for each in tape.of_call(call):
            each.body = each.body.replace(word.encode(), new)
            each.url = each.url.replace(word, new.decode())
    return bool(words)


@harmless("placeholder")
def all_ids_replaced_by_one(tape: Tape, rng: Random) -> bool:
    new, words = rng.choice(("<ID>", "REDACTED", "the-id")), _job_ids(tape)
    for call, word in words.items():
        for each in tape.of_call(call):
            each.body = each.body.replace(word.encode(), new.encode())
            each.url = each.url.replace(word, new)
    return bool(words)


@harmless("placeholder")
def ids_replaced_in_bodies_alone(tape: Tape, rng: Random) -> bool:
    new, words = rng.choice(("<ID>", "[REDACTED]", "00000000")), _job_ids(tape)
    for call, word in words.items():
        for each in tape.of_call(call):
            each.body = each.body.replace(word.encode(), new.encode())
    return bool(words)


def _job_ids(tape: Tape) -> dict[int, str]:
    return {each.call: each.url.rpartition("/")[2] for each in tape.of("poll")}


@harmless("placeholder")
def addresses_of_results_replaced(tape: Tape, rng: Random) -> bool:
    """Replace result addresses in replies, and not those of the downloads."""
    word, done = (
        rng.choice(("https://example.com/image.png", "<URL>", "REDACTED", "[FILTERED]")),
        False,
    )
    for each in tape.of("download"):
        for reply in tape.replies:
            if each.url.encode() in reply.body:
                reply.body = reply.body.replace(each.url.encode(), word.encode())
                done = True
    return done
