"""Re-packed bodies: the same bytes and texts, coded and written otherwise."""

import base64
import json
import re
import struct
from collections.abc import Callable
from random import Random
from typing import Any

from tests.benchmarks.mutations_forms import (
    POLLY_PACKINGS,
    READ,
    packed,
)
from tests.benchmarks.mutations_kinds import harmless
from tests.benchmarks.mutations_tape import Tape, Taped


# ------------------------------------------------------------------------- codings of bodies
def stored_brotli(raw: bytes) -> bytes:
    """Pack with Brotli (RFC 7932, 9.2) in meta-blocks that are stored as they are."""
    out, bits, count = bytearray(), 0, 0

    def put(value: int, width: int) -> None:
        nonlocal bits, count
        bits |= value << count
        count += width
        while count >= 8:
            out.append(bits & 255)
            bits >>= 8
            count -= 8

    put(0, 1)  # WBITS 16
    for at in range(0, len(raw), 65_536):
        piece = raw[at : at + 65_536]
        put(0, 1)  # not the last
        put(0, 2)  # four nibbles of length
        put(len(piece) - 1, 16)
        put(1, 1)  # not compressed
        if count:
            put(0, 8 - count)
        out += piece
    put(3, 2)  # the last, and empty
    if count:
        put(0, 8 - count)
    return bytes(out)


def stored_zstd(raw: bytes) -> bytes:
    """Pack with Zstandard (RFC 8878, 3.1.1) in raw blocks."""
    out = b"\x28\xb5\x2f\xfd" + b"\xa0" + struct.pack("<I", len(raw))
    pieces = [raw[at : at + 100_000] for at in range(0, len(raw), 100_000)] or [b""]
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1
        out += struct.pack("<I", last | (len(piece) << 3))[:3] + piece
    return out


CODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda raw: packed(raw, "gzip"),
    "deflate": lambda raw: packed(raw, "deflate"),
    "br": stored_brotli,
    "zstd": stored_zstd,
}


def _bodies(tape: Tape) -> list[Taped]:
    return [one for one in tape.of("submit", "poll") if one.body and one.coded is None]


def _code(tape: Tape, rng: Random, names: tuple[str, ...], *, header: bool) -> bool:
    name, found = rng.choice(names), _bodies(tape)
    for each in found:
        each.coded = CODERS[name](each.body)
        each.put("content-length", str(len(each.coded)))
        if header:
            each.put("Content-Encoding", name)
    return bool(found)


@harmless("re-packed", lossless=True)
def bodies_packed(tape: Tape, rng: Random) -> bool:
    return _code(tape, rng, ("gzip", "gzip", "deflate"), header=True)


@harmless("re-packed")
def bodies_packed_by_newer_codings(tape: Tape, rng: Random) -> bool:
    return _code(tape, rng, ("br", "zstd"), header=True)


@harmless("re-packed")
def bodies_packed_and_header_gone(tape: Tape, rng: Random) -> bool:
    return _code(tape, rng, ("gzip", "gzip", "zstd", "br", "deflate"), header=False)


@harmless("re-packed")
def packed_bodies_cut(tape: Tape, rng: Random) -> bool:
    if not _code(tape, rng, ("gzip", "deflate", "br", "zstd"), header=True):
        return False
    for each in tape.replies:
        if each.coded:
            each.coded = each.coded[: rng.randrange(5, len(each.coded))]
    return True


@harmless("re-packed", lossless=True)
def coding_header_on_plain_bodies(tape: Tape, rng: Random) -> bool:
    word = rng.choice(("gzip", "br", "zstd", "deflate", "gzip, br", "GZIP", "utf-8", "aws-chunked"))
    for each in tape.exchanges:
        if each.coded is None:
            each.put("Content-Encoding", word)
    return True


@harmless("re-packed")
def bodies_as_chunks(tape: Tape, rng: Random) -> bool:
    """Write packed bodies as lists of chunks, as Polly.JS does."""
    if tape.form not in ("polly", "har-chrome"):
        return False
    packing = rng.choice(POLLY_PACKINGS)
    if not _code(tape, rng, ("gzip", "gzip", "deflate", "br"), header=True):
        return False
    for each in tape.exchanges:
        if each.coded is not None:
            each.packing = packing
    return True


@harmless("re-packed")
def images_as_chunks(tape: Tape, rng: Random) -> bool:
    if tape.form not in ("polly", "har-chrome"):
        return False
    packing, found = rng.choice(POLLY_PACKINGS), tape.of("download")
    for each in found:
        each.packing = packing
    return bool(found)


@harmless("re-packed", lossless=True)
def bodies_as_base64(tape: Tape, rng: Random) -> bool:
    if tape.form.startswith(("har", "polly")):
        packing = rng.choice(("base64", "base64_lines"))
    elif tape.form.startswith(("vcrpy", "ruby")):
        packing = "base64_string"
    else:
        return False
    for each in tape.exchanges:
        if each.body and not each.packing:
            each.packing = packing
    return True


@harmless("re-packed")
def images_as_unmarked_base64(tape: Tape, rng: Random) -> bool:
    """Write downloads in base64 and say so nowhere."""
    del rng
    found = [each for each in tape.of("download") if each.body]
    for each in found:
        each.body = base64.b64encode(each.body)
    return bool(found)


@harmless("re-packed")
def images_as_latin_text(tape: Tape, rng: Random) -> bool:
    del rng
    if tape.form not in (*READ,):
        return False
    found = [each for each in tape.of("download") if each.body]
    for each in found:
        each.packing = "latin"
    return bool(found)


# ------------------------------------------------------------------------- texts in bodies
def _rewritten(tape: Tape, dump: Callable[[Any], str], rng: Random, *, asked: bool) -> bool:
    done, declared = False, rng.random() < 0.5
    for each in tape.exchanges:
        if asked and each.question is not None:
            each.asked, done = dump(each.question).encode(), True
        if not asked and each.document is not None and not each.is_stream:
            each.body, done = dump(each.document).encode(), True
            if declared and each.header("content-length"):
                each.put("content-length", str(len(each.body)))
    return done


@harmless("re-packed", lossless=True)
def replies_pretty_printed(tape: Tape, rng: Random) -> bool:
    indent = rng.choice((1, 2, 4))
    return _rewritten(tape, lambda value: json.dumps(value, indent=indent), rng, asked=False)


@harmless("re-packed", lossless=True)
def replies_minified(tape: Tape, rng: Random) -> bool:
    def dump(value: object) -> str:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=True)

    return _rewritten(tape, dump, rng, asked=False)


@harmless("re-packed", lossless=True)
def slashes_escaped(tape: Tape, rng: Random) -> bool:
    def dump(value: object) -> str:
        return json.dumps(value).replace("/", "\\/")

    return _rewritten(tape, dump, rng, asked=False)


@harmless("re-packed", lossless=True)
def keys_sorted(tape: Tape, rng: Random) -> bool:
    return _rewritten(tape, lambda value: json.dumps(value, sort_keys=True), rng, asked=False)


@harmless("re-packed", lossless=True)
def requests_pretty_printed(tape: Tape, rng: Random) -> bool:
    def dump(value: object) -> str:
        return json.dumps(value, indent=2, sort_keys=True)

    return _rewritten(tape, dump, rng, asked=True)


@harmless("re-packed", lossless=True)
def newline_after_bodies(tape: Tape, rng: Random) -> bool:
    mark = rng.choice((b"\n", b"\r\n", b" ", b"\n\n"))
    for each in tape.replies:
        each.body += mark
    return True


@harmless("re-packed", lossless=True)
def byte_order_mark_before_bodies(tape: Tape, rng: Random) -> bool:
    del rng
    found = [each for each in tape.replies if each.body and not each.is_stream]
    for each in found:
        each.body = b"\xef\xbb\xbf" + each.body
    return bool(found)


@harmless("re-packed", lossless=True)
def stream_with_other_line_ends(tape: Tape, rng: Random) -> bool:
    found, ends = [one for one in tape.replies if one.is_stream], rng.choice((b"\r\n", b"\r"))
    for each in found:
        each.body = each.body.replace(b"\n", ends)
    return bool(found)


@harmless("re-packed", lossless=True)
def stream_with_comments(tape: Tape, rng: Random) -> bool:
    found = [one for one in tape.replies if one.is_stream]
    mark = rng.choice((b": ping\n\n", b":\n\n", b"id: 7\nretry: 3000\n\n"))
    for each in found:
        each.body = mark + each.body.replace(b"\n\n", b"\n\n" + mark)
    return bool(found)


@harmless("re-packed", lossless=True)
def form_with_bare_line_ends(tape: Tape, rng: Random) -> bool:
    """Turn the line ends of a form into LF, as YAML's folding does; images in it are damaged."""
    del rng
    found = [one for one in tape.exchanges if one.asked_header("content-type").startswith("multi")]
    for each in found:
        each.asked = each.asked.replace(b"\r\n", b"\n")
    return bool(found)


@harmless("re-packed")
def form_decoded_as_text(tape: Tape, rng: Random) -> bool:
    del rng
    found = [one for one in tape.exchanges if one.asked_header("content-type").startswith("multi")]
    for each in found:
        each.asked = each.asked.decode("utf-8", "replace").encode()
    return bool(found)


@harmless("re-packed", lossless=True)
def streams_without_event_names(tape: Tape, rng: Random) -> bool:
    """Keep the data alone: their `type` tells the same."""
    del rng
    found = [one for one in tape.replies if one.is_stream]
    for each in found:
        each.body = re.sub(rb"event: [^\n]*\n", b"", each.body)
    return bool(found)
