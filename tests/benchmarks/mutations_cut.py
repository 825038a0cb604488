"""Cut and stripped: what recorders, sanitisers and exporters leave out."""

import base64
import json
import re
from collections.abc import Callable
from random import Random

from tests.benchmarks.mutations_honest import painted
from tests.benchmarks.mutations_kinds import harmless
from tests.benchmarks.mutations_tape import Tape, Taped, parsed, put_at, texts_of

LONG = 200


def _one(found: list[Taped], rng: Random) -> Taped | None:
    return rng.choice(found) if found else None


def _replies(tape: Tape, *, least: int = 60) -> list[Taped]:
    return [each for each in tape.replies if len(each.body) > least]


def _cut(each: Taped, at: int, rng: Random, marks: tuple[str, ...] = ("",)) -> bool:
    """Cut the reply off; its headers go on telling of the whole."""
    each.body = each.body[:at] + rng.choice(marks).encode()
    each.coded = None
    return True


MARKS = ("", "", "", "...", "... (truncated)", "[truncated]", "…", "\n<body truncated>", "<snip>")


# --------------------------------------------------------------------------------------- cut
@harmless("cut")
def reply_cut_anywhere(tape: Tape, rng: Random) -> bool:
    each = _one([one for one in _replies(tape) if not one.is_stream], rng)
    return each is not None and _cut(each, rng.randrange(1, len(each.body)), rng, MARKS)


@harmless("cut")
def reply_cut_at_a_limit(tape: Tape, rng: Random) -> bool:
    limit = rng.choice((256, 1000, 1024, 2048, 4096, 8192, 10_000, 16_384, 32_768, 65_536))
    long = [one for one in tape.of("submit", "poll", "download") if len(one.body) > limit]
    for each in long:
        _cut(each, limit, rng, ("",) if each.role == "download" else MARKS)
    return bool(long)


@harmless("cut")
def image_text_cut_in_a_whole_reply(tape: Tape, rng: Random) -> bool:
    """Shorten long texts, as tools that print JSON do; the JSON around stays whole."""
    keep = rng.choice((16, 32, 64, 100, 255, 1000))
    mark = rng.choice(("...", "…", "...[truncated]", "... (12345 more characters)", "<...>"))
    return _each_image_text(tape, lambda text: text[:keep] + mark)


@harmless("cut")
def download_cut(tape: Tape, rng: Random) -> bool:
    each = _one(tape.of("download"), rng)
    return each is not None and _cut(each, rng.randrange(1, len(each.body)), rng)


@harmless("cut")
def stream_cut_inside_an_event(tape: Tape, rng: Random) -> bool:
    each = _one([one for one in _replies(tape) if one.is_stream], rng)
    return each is not None and _cut(each, rng.randrange(8, len(each.body) - 2), rng)


@harmless("cut")
def stream_cut_between_events(tape: Tape, rng: Random) -> bool:
    each = _one([one for one in tape.replies if one.is_stream and len(one.events()) > 1], rng)
    if each is None:
        return False
    ends = [match.end() for match in re.finditer(rb"(\r?\n|\r){2}", each.body)]
    if len(ends) < 2:
        return False
    each.body = each.body[: rng.choice(ends[:-1])] + rng.choice((b"\n", b""))
    return True


@harmless("cut")
def request_cut(tape: Tape, rng: Random) -> bool:
    each = _one([one for one in tape.of("submit", "upload") if len(one.asked) > 40], rng)
    if each is None:
        return False
    each.asked = each.asked[: rng.randrange(10, len(each.asked))]
    return True


@harmless("cut")
def request_cut_at_a_limit(tape: Tape, rng: Random) -> bool:
    limit = rng.choice((100, 128, 256, 512, 1024))
    long = [one for one in tape.of("submit", "upload") if len(one.asked) > limit]
    for each in long:
        each.asked = each.asked[:limit] + rng.choice((b"", b"..."))
    return bool(long)


@harmless("cut")
def file_cut(tape: Tape, rng: Random) -> bool:
    share = rng.random()
    tape.on_bytes.append(lambda raw: raw[: int(len(raw) * share)])
    return True


@harmless("cut")
def file_cut_at_a_line(tape: Tape, rng: Random) -> bool:
    if not tape.form.endswith("yaml"):
        return False
    share = rng.random()

    def cut(raw: bytes) -> bytes:
        lines = raw.splitlines(keepends=True)
        return b"".join(lines[: max(1, int(len(lines) * share))])

    tape.on_bytes.append(cut)
    return True


def _dropped(tape: Tape, gone: list[Taped]) -> bool:
    kept = [each for each in tape.exchanges if not any(each is one for one in gone)]
    if not gone or not kept:
        return False
    tape.exchanges = kept
    return True


@harmless("cut")
def poll_dropped(tape: Tape, rng: Random) -> bool:
    polls = tape.of("poll")
    return bool(polls) and _dropped(tape, [rng.choice(polls)])


@harmless("cut")
def last_poll_dropped(tape: Tape, rng: Random) -> bool:
    numbers = sorted({each.call for each in tape.of("poll")})
    if not numbers:
        return False
    number = rng.choice(numbers)
    return _dropped(tape, [[one for one in tape.of("poll") if one.call == number][-1]])


@harmless("cut")
def all_polls_dropped(tape: Tape, rng: Random) -> bool:
    del rng
    return _dropped(tape, tape.of("poll"))


@harmless("cut")
def download_dropped(tape: Tape, rng: Random) -> bool:
    found = tape.of("download")
    return bool(found) and _dropped(tape, [rng.choice(found)])


@harmless("cut")
def all_downloads_dropped(tape: Tape, rng: Random) -> bool:
    del rng
    return _dropped(tape, tape.of("download"))


@harmless("cut")
def first_dropped(tape: Tape, rng: Random) -> bool:
    del rng
    return _dropped(tape, tape.exchanges[:1])


@harmless("cut")
def last_dropped(tape: Tape, rng: Random) -> bool:
    del rng
    return _dropped(tape, tape.exchanges[-1:])


@harmless("cut")
def upload_dropped(tape: Tape, rng: Random) -> bool:
    del rng
    return _dropped(tape, tape.of("upload"))


# ---------------------------------------------------------------------------------- stripped
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


# ------------------------------------------------------------------------------ placeholders
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


def _each_image_text(tape: Tape, change: Callable[[str], str]) -> bool:
    done = False
    for each in tape.replies:
        if each.is_stream:
            events = []
            for name, data in each.events():
                document = parsed(data.encode())
                done = _changed(document, change) or done
                text = json.dumps(document, separators=(",", ":"))
                events.append((name, data if document is None else text))
            length = each.header("content-length")
            each.stream(events)
            if length:
                each.put("content-length", length)
        elif (document := each.document) is not None and _changed(document, change):
            done = True
            each.body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    return done


def _changed(document: object, change: Callable[[str], str]) -> bool:
    found = [(at, text) for at, text in texts_of(document) if _is_image(text)]
    for at, text in found:
        put_at(document, at, change(text))
    return bool(found)


def _is_image(text: str) -> bool:
    return len(text) > LONG and re.fullmatch(r"[A-Za-z0-9+/=]+", text) is not None


@harmless("placeholder")
def base64_replaced(tape: Tape, rng: Random) -> bool:
    word = rng.choice(PLACEHOLDERS)
    return _each_image_text(tape, lambda _text: word)


@harmless("placeholder")
def base64_of_another_text(tape: Tape, rng: Random) -> bool:
    word = base64.b64encode(
        rng.choice((b"fake image", b"\x00" * 12, b"PNG", b"image-bytes"))
    ).decode()
    return _each_image_text(tape, lambda _text: word)


@harmless("placeholder")
def tiny_images_in_replies(tape: Tape, rng: Random) -> bool:
    """Put one tiny image in the place of all, as a sanitiser does that keeps files small."""
    edge, kind = rng.choice((1, 1, 1, 2, 4, 8, 16, 32)), rng.choice(("png", "png", "gif", "jpeg"))
    word = base64.b64encode(painted(edge, edge, kind, rng)).decode()
    return _each_image_text(tape, lambda _text: word)


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


@harmless("placeholder", lossless=True)
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
    new, words = rng.choice(("<ID>", "REDACTED", "id")), _job_ids(tape)
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
