"""Cut: bodies, files and entries of which recorders and editors keep a part."""

import re
from random import Random

from tests.benchmarks.mutations_kinds import harmless
from tests.benchmarks.mutations_tape import Tape, Taped, each_image_text


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
    return each is not None and _cut(each, rng.randrange(1, max(2, len(each.body))), rng, MARKS)


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
    return each_image_text(tape, lambda text: text[:keep] + mark)


@harmless("cut")
def download_cut(tape: Tape, rng: Random) -> bool:
    each = _one(tape.of("download"), rng)
    return each is not None and _cut(each, rng.randrange(1, max(2, len(each.body))), rng)


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
