"""Re-packed and converted: headers, containers and files in other forms."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from random import Random
from typing import Any

from tests.benchmarks.mutations_forms import FORMS, READ
from tests.benchmarks.mutations_kinds import harmless
from tests.benchmarks.mutations_tape import Tape


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
            body = entry["response"].get("body")
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
