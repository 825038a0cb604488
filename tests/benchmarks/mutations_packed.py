"""Re-packed and converted: the same exchanges, written otherwise."""

import base64
import gzip
import io
import json
import re
import struct
import zipfile
from collections.abc import Callable
from random import Random
from typing import Any

from tests.benchmarks.mutations_forms import (
    FORMS,
    HAR_PACKINGS,
    POLLY_PACKINGS,
    READ,
    VCR_PACKINGS,
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


# ---------------------------------------------------------------------------------- headers
@harmless("re-packed", lossless=True)
def headers_in_another_case(tape: Tape, rng: Random) -> bool:
    change = rng.choice((str.lower, str.upper, str.title))
    for each in tape.exchanges:
        each.headers = [(change(name), value) for name, value in each.headers]
        each.sent = [(change(name), value) for name, value in each.sent]
    return True


@harmless("re-packed", lossless=True)
def header_values_as_texts(tape: Tape, rng: Random) -> bool:
    del rng
    tape.style["headers"] = "text"
    return tape.form.startswith(("vcrpy", "ruby"))


@harmless("re-packed", lossless=True)
def headers_shuffled(tape: Tape, rng: Random) -> bool:
    for each in tape.exchanges:
        rng.shuffle(each.headers)
        rng.shuffle(each.sent)
    return True


@harmless("re-packed", lossless=True)
def content_types_with_parameters(tape: Tape, rng: Random) -> bool:
    mark = rng.choice(("; charset=utf-8", ";charset=UTF-8", " ; q=1"))
    for each in tape.exchanges:
        if kind := each.header("content-type"):
            each.put("Content-Type", kind.partition(";")[0] + mark)
    return True


@harmless("re-packed")
def content_types_generic(tape: Tape, rng: Random) -> bool:
    """Let the recorder's own server declare types when it plays back."""
    word = rng.choice(("application/octet-stream", "text/plain", "text/plain; charset=utf-8"))
    for each in tape.exchanges:
        each.put("Content-Type", word)
    return True


# ------------------------------------------------------------------------------- containers
@harmless("re-packed", lossless=True)
def statuses_as_texts(tape: Tape, rng: Random) -> bool:
    del rng
    tape.on_document.append(_statuses)
    return True


def _statuses(document: Any) -> Any:  # noqa: ANN401 - a recorder's document
    if isinstance(document, dict):
        return {
            key: str(value)
            if key in ("code", "status") and isinstance(value, int)
            else _statuses(value)
            if key != "body"
            else value
            for key, value in document.items()
        }
    return [_statuses(value) for value in document] if isinstance(document, list) else document


@harmless("re-packed", lossless=True)
def container_keys_shuffled(tape: Tape, rng: Random) -> bool:
    seed = rng.random()

    def shuffled(value: Any) -> Any:  # noqa: ANN401 - a recorder's document
        if isinstance(value, dict):
            keys = sorted(value)
            own.shuffle(keys)
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(each) for each in value] if isinstance(value, list) else value

    own = Random(seed)
    tape.on_document.append(shuffled)
    tape.style.setdefault("yaml", {})["sort_keys"] = False
    return True


@harmless("re-packed", lossless=True)
def scalars_in_another_style(tape: Tape, rng: Random) -> bool:
    style = rng.choice(("|", ">", '"', "'"))
    options = {"default_style": style, "width": rng.choice((40, 80, 200, 1_000_000))}
    tape.style.setdefault("yaml", {}).update(options)
    return tape.form.endswith("yaml") or tape.form == "go-vcr"


@harmless("re-packed", lossless=True)
def collections_in_flow_style(tape: Tape, rng: Random) -> bool:
    options = {"default_flow_style": True, "allow_unicode": rng.random() < 0.5}
    tape.style.setdefault("yaml", {}).update(options)
    return tape.form.endswith("yaml") or tape.form == "go-vcr"


@harmless("re-packed", lossless=True)
def container_indented(tape: Tape, rng: Random) -> bool:
    options = {"indent": rng.choice((1, 2, 4, "\t")), "ensure_ascii": rng.random() < 0.5}
    tape.style.setdefault("json", {}).update(options)
    return not tape.form.endswith("yaml") and tape.form != "go-vcr"


@harmless("re-packed", lossless=True)
def json_container_as_yaml(tape: Tape, rng: Random) -> bool:
    del rng
    if tape.form.endswith("yaml") or tape.form == "go-vcr":
        return False
    tape.style["as_yaml"] = True
    return True


@harmless("re-packed")
def bodies_parsed(tape: Tape, rng: Random) -> bool:
    """Write JSON bodies as `parsed_body`, as pydantic-ai's serialiser does."""
    if tape.form != "vcrpy-yaml":
        return False
    both = rng.random() < 0.7

    def change(document: Any) -> Any:  # noqa: ANN401 - a recorder's document
        for entry in document["interactions"]:
            body = entry["response"].get("body", {}).get("string")
            _parse(entry["response"], body)
            if both:
                _parse(entry["request"], entry["request"].get("body"))
        return document

    tape.on_document.append(change)
    return True


def _parse(message: dict[str, Any], body: object) -> None:
    try:
        parsed = json.loads(body) if isinstance(body, str) else None
    except ValueError:
        return
    if parsed is not None:
        del message["body"]
        message["parsed_body"] = parsed


@harmless("re-packed", lossless=True)
def bodies_without_their_mapping(tape: Tape, rng: Random) -> bool:
    """Write `body: text` in place of `body: {string: text}`, as old vcrpy did."""
    del rng
    if not tape.form.startswith("vcrpy"):
        return False

    def change(document: Any) -> Any:  # noqa: ANN401 - a recorder's document
        for entry in document["interactions"]:
            body = entry["response"]["body"]
            if isinstance(body, dict) and "string" in body:
                entry["response"]["body"] = body["string"]
        return document

    tape.on_document.append(change)
    return True


@harmless("re-packed", lossless=True)
def old_status_field(tape: Tape, rng: Random) -> bool:
    """Write `status_code` and `content`, as vcrpy before version 6 did for httpx."""
    del rng
    if tape.form != "vcrpy-yaml":
        return False

    def change(document: Any) -> Any:  # noqa: ANN401 - a recorder's document
        for entry in document["interactions"]:
            response = entry["response"]
            if isinstance(response.get("body"), dict) and "string" in response["body"]:
                response["content"] = response.pop("body")["string"]
                response["http_version"] = "HTTP/1.1"
                response["status_code"] = response.pop("status")["code"]
        return document

    tape.on_document.append(change)
    return True


@harmless("re-packed", lossless=True)
def strangers_fields_added(tape: Tape, rng: Random) -> bool:
    """Add what tools note beside: comments, initiators, page references."""
    word = rng.choice(("comment", "_initiator", "pageref", "_priority", "note"))

    def change(document: Any) -> Any:  # noqa: ANN401 - a recorder's document
        entries = _entries(document)
        for entry in entries:
            entry[word] = {"type": "script"} if word == "_initiator" else "page_1"
        if isinstance(document, dict):
            document["exported_with"] = "a tool"
        return document

    tape.on_document.append(change)
    return True


def _entries(document: Any) -> list[Any]:  # noqa: ANN401 - a recorder's document
    if isinstance(document, list):
        return document
    found: list[Any] = (
        document.get("interactions")
        or document.get("http_interactions")
        or document.get("mappings")
        or document["log"]["entries"]
    )
    return found


# ------------------------------------------------------------------------------------ files
@harmless("re-packed", lossless=True)
def file_with_byte_order_mark(tape: Tape, rng: Random) -> bool:
    del rng
    tape.on_bytes.append(lambda raw: b"\xef\xbb\xbf" + raw)
    return True


@harmless("re-packed")
def file_in_utf16(tape: Tape, rng: Random) -> bool:
    name = rng.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32"))
    mark = "\ufeff" if name.endswith("e") else ""
    tape.on_bytes.append(_in_text(lambda text: (mark + text).encode(name, "surrogatepass")))
    return True


@harmless("re-packed", lossless=True)
def file_with_other_line_ends(tape: Tape, rng: Random) -> bool:
    del rng
    tape.on_bytes.append(lambda raw: raw.replace(b"\n", b"\r\n"))
    return True


@harmless("re-packed")
def file_in_an_old_code_page(tape: Tape, rng: Random) -> bool:
    name = rng.choice(("cp1252", "latin-1", "cp437"))
    tape.style.setdefault("json", {})["ensure_ascii"] = False
    tape.style.setdefault("yaml", {})["allow_unicode"] = True
    tape.on_bytes.append(_in_text(lambda text: text.encode(name, "replace")))
    return True


def _in_text(change: Callable[[str], bytes]) -> Callable[[bytes], bytes]:
    """Return a change of files in UTF-8; others (packed already, cut inside a letter) stay."""

    def changed(raw: bytes) -> bytes:
        try:
            return change(raw.decode())
        except UnicodeDecodeError:
            return raw

    return changed


@harmless("re-packed")
def file_packed(tape: Tape, rng: Random) -> bool:
    name = rng.choice(("gzip", "gzip", "zip"))
    tape.on_bytes.append(lambda raw: gzip.compress(raw, mtime=0) if name == "gzip" else _zip(raw))
    return True


def _zip(raw: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("session", raw)
    return out.getvalue()


# -------------------------------------------------------------------------------- converted
@harmless("converted", lossless=True)
def converted(tape: Tape, rng: Random) -> bool:
    """Write the tape in another form that is read."""
    tape.form = rng.choice([name for name in READ if name != tape.form])
    return not (tape.on_document or tape.style or any(each.packing for each in tape.exchanges))


@harmless("converted")
def converted_to_others(tape: Tape, rng: Random) -> bool:
    """Write the tape in a form of another recorder, read or not."""
    if tape.on_document or tape.style or any(each.packing for each in tape.exchanges):
        return False
    tape.form = rng.choice([name for name in FORMS if name not in READ])
    return True


assert set(HAR_PACKINGS) | set(VCR_PACKINGS)
