"""Writers of recordings: a tape in the form that each recorder documents.

vcrpy's cassettes are serialised by vcrpy itself. The others follow their documents: VCR's
`http_interaction.rb`, HAR 1.2 as Chrome, Firefox and mitmproxy's `hardump` export it, Polly.JS's
`adapter/persister` (a packed body as a JSON list of chunks), go-vcr's `cassette.go` (version 2),
nock's `recorder.rec` and WireMock's mappings.
"""

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import yaml
from vcr.request import Request
from vcr.serialize import serialize
from vcr.serializers import jsonserializer, yamlserializer

from tests.benchmarks.mutations_tape import Pairs, Tape, Taped, split

Document = dict[str, Any] | list[Any]


def written(tape: Tape) -> bytes:
    """Return the file: the writer's document, changed as the tape says, as bytes."""
    build, dump = FORMS[tape.form]
    document = build(tape)
    for change in tape.on_document:
        document = change(document)
    raw = dump(document, tape)
    if tape.style.get("as_yaml"):
        text: str = yaml.dump(json.loads(raw), Dumper=yaml.CSafeDumper, allow_unicode=True)
        raw = text.encode()
    for change_bytes in tape.on_bytes:
        raw = change_bytes(raw)
    return raw


def coded(exchange: Taped) -> bytes:
    """Return the reply's bytes as the recorder saw them: packed, where it did not unpack."""
    return exchange.body if exchange.coded is None else exchange.coded


def _text(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _grouped(pairs: Pairs, style: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    if style.get("headers") == "text":
        return {name: ", ".join(values) for name, values in found.items()}
    return dict(found)


# ------------------------------------------------------------------------------------- vcrpy
def _vcrpy(tape: Tape) -> Document:
    requests, responses = [], []
    for each in tape.exchanges:
        asked: bytes | None = None if "asked" in each.unset else each.asked or None
        requests.append(Request(each.method, "https://x/", asked, {}))
        status: dict[str, Any] = {"code": each.status, "message": each.reason}
        responses.append({"status": status, "headers": {}, "body": {"string": coded(each)}})
    data = {"requests": requests, "responses": responses}
    document: dict[str, Any] = yaml.load(serialize(data, yamlserializer), Loader=yaml.CSafeLoader)
    for entry, each in zip(document["interactions"], tape.exchanges, strict=True):
        entry["request"]["uri"] = each.url
        entry["request"]["headers"] = _grouped(each.sent, tape.style)
        entry["response"]["headers"] = _grouped(each.headers, tape.style)
        if each.packing:
            entry["response"]["body"] = PACKINGS[each.packing](coded(each))
        elif tape.form == "vcrpy-json" and _text(coded(each)) is None:
            entry["response"]["body"] = PACKINGS["base64_string"](coded(each))
        if tape.form == "vcrpy-json" and isinstance(entry["request"]["body"], bytes):
            entry["request"]["body"] = entry["request"]["body"].decode("utf-8", "replace")
        if "reply" in each.unset:
            entry["response"]["body"] = {"string": ""}
    return document


def _yaml(document: Document, tape: Tape) -> bytes:
    options: dict[str, Any] = tape.style.get("yaml", {})
    text: str = yaml.dump(document, Dumper=yaml.CSafeDumper, **options)
    return text.encode()


def _json(document: Document, tape: Tape) -> bytes:
    options: dict[str, Any] = tape.style.get("json", {})
    return json.dumps(document, **options).encode("utf-8", "surrogatepass")


def _vcrpy_json(document: Document, tape: Tape) -> bytes:
    if tape.style.get("json"):
        return _json(document, tape)
    text: str = jsonserializer.serialize(document)
    return text.encode()


# ---------------------------------------------------------------------------------- Ruby VCR
def _ruby(tape: Tape) -> Document:
    interactions = []
    for each in tape.exchanges:
        asked = b"" if "asked" in each.unset else each.asked
        entry: dict[str, Any] = {
            "request": {
                "method": each.method.lower(),
                "uri": each.url,
                "body": _ruby_body(asked),
                "headers": _grouped(each.sent, tape.style),
            },
            "response": {
                "status": {"code": each.status, "message": each.reason},
                "headers": _grouped(each.headers, tape.style),
                "body": _ruby_body(coded(each)),
            },
            "recorded_at": _httpdate(each),
        }
        if each.packing:
            entry["response"]["body"] = PACKINGS[each.packing](coded(each))
        if "reply" in each.unset:
            entry["response"]["body"] = {"encoding": "UTF-8", "string": ""}
        if "times" in each.unset:
            del entry["recorded_at"]
        interactions.append(entry)
    return {"http_interactions": interactions, "recorded_with": "VCR 6.3.1"}


def _ruby_body(raw: bytes) -> dict[str, str]:
    text = _text(raw)
    if text is None:
        return {"encoding": "ASCII-8BIT", "base64_string": base64.encodebytes(raw).decode()}
    return {"encoding": "UTF-8", "string": text}


def _httpdate(each: Taped) -> str:
    return (each.at + timedelta(milliseconds=each.ms)).strftime("%a, %d %b %Y %H:%M:%S GMT")


# --------------------------------------------------------------------------------------- HAR
def _har(tape: Tape) -> Document:
    creator = {
        "har-chrome": {"name": "WebInspector", "version": "537.36"},
        "har-firefox": {"name": "Firefox", "version": "140.0"},
        "har-mitmproxy": {"name": "mitmproxy", "version": "12.1.1", "comment": ""},
    }[tape.form]
    entries = [_har_entry(each, tape) for each in tape.exchanges]
    return {"log": {"version": "1.2", "creator": creator, "pages": [], "entries": entries}}


def _har_entry(each: Taped, tape: Tape) -> dict[str, Any]:
    query = [{"name": name, "value": value} for name, value in parse_qsl(split(each.url).query)]
    request: dict[str, Any] = {
        "method": each.method,
        "url": each.url,
        "httpVersion": "HTTP/2.0",
        "headers": [{"name": name, "value": value} for name, value in each.sent],
        "queryString": query,
        "cookies": [],
        "headersSize": -1,
        "bodySize": len(each.asked),
    }
    if each.asked and "asked" not in each.unset:
        request["postData"] = _posted(each, tape)
    response = {
        "status": each.status,
        "statusText": "" if tape.form == "har-chrome" else each.reason,
        "httpVersion": "HTTP/2.0",
        "headers": [{"name": name, "value": value} for name, value in each.headers],
        "cookies": [],
        "content": _har_content(each, tape),
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": len(coded(each)),
    }
    entry = {
        "startedDateTime": each.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "time": each.ms,
        "request": request,
        "response": response,
        "cache": {},
        "timings": {"send": 0.5, "wait": each.ms - 1.0, "receive": 0.5},
    }
    if "times" in each.unset:
        entry |= {"time": 0, "timings": {"send": 0, "wait": 0, "receive": 0}}
    return entry


def _posted(each: Taped, tape: Tape) -> dict[str, Any]:
    kind = each.asked_header("content-type")
    if kind.startswith("multipart/") and tape.form == "har-firefox":
        return {"mimeType": kind, "params": [], "text": each.asked.decode("latin-1")}
    return {"mimeType": kind, "text": each.asked.decode("utf-8", "replace")}


def _har_content(each: Taped, tape: Tape) -> dict[str, Any]:
    raw = coded(each)
    content: dict[str, Any] = {"size": len(each.body), "mimeType": each.header("content-type")}
    if "reply" in each.unset:
        return content
    if each.packing:
        return {**content, **PACKINGS[each.packing](raw)}
    text = _text(raw)
    binary = text is None or (tape.form == "har-chrome" and each.media_type.startswith("image/"))
    if binary:
        return {**content, "text": base64.b64encode(raw).decode(), "encoding": "base64"}
    return {**content, "text": text}


# ------------------------------------------------------------------------------------- Polly
def _polly(tape: Tape) -> Document:
    entries = []
    for order, each in enumerate(tape.exchanges):
        entry = _har_entry(each, tape)
        entry |= {"_id": f"{zlib.crc32(each.url.encode()):032x}", "_order": order}
        if each.header("content-encoding") and each.coded is not None and not each.packing:
            chunks = [each.coded[at : at + 700] for at in range(0, len(each.coded), 700)]
            entry["response"]["content"] |= {
                "encoding": "base64",
                "text": json.dumps([base64.b64encode(chunk).decode() for chunk in chunks]),
            }
        entries.append(entry)
    creator = {"comment": "persister:fs", "name": "Polly.JS", "version": "6.0.6"}
    log = {"_recordingName": tape.name, "creator": creator, "entries": entries, "pages": []}
    return {"log": {**log, "version": "1.2"}}


# ------------------------------------------------------------------------------------ others
def _go_vcr(tape: Tape) -> Document:
    interactions = []
    for number, each in enumerate(tape.exchanges):
        asked = "" if "asked" in each.unset else each.asked.decode("utf-8", "replace")
        body = "" if "reply" in each.unset else coded(each).decode("utf-8", "surrogateescape")
        address = split(each.url)
        request = {
            "proto": "HTTP/1.1",
            "proto_major": 1,
            "proto_minor": 1,
            "content_length": len(each.asked),
            "transfer_encoding": [],
            "trailer": {},
            "host": address.netloc,
            "remote_addr": "",
            "request_uri": "",
            "body": asked,
            "form": {},
            "headers": _grouped(each.sent, {}),
            "url": each.url,
            "method": each.method,
        }
        response = {
            "proto": "HTTP/2.0",
            "proto_major": 2,
            "proto_minor": 0,
            "transfer_encoding": [],
            "trailer": {},
            "content_length": len(each.body),
            "uncompressed": False,
            "body": coded(each) if _text(coded(each)) is None else body,
            "headers": _grouped(each.headers, {}),
            "status": f"{each.status} {each.reason}",
            "code": each.status,
            "duration": f"{each.ms:.3f}ms",
        }
        interactions.append({"id": number, "request": request, "response": response})
    return {"version": 2, "interactions": interactions}


def _nock(tape: Tape) -> Document:
    found = []
    for each in tape.exchanges:
        address = split(each.url)
        entry: dict[str, Any] = {
            "scope": f"{address.scheme}://{address.netloc}:443",
            "method": each.method,
            "path": address.path + (f"?{address.query}" if address.query else ""),
            "body": "" if "asked" in each.unset else each.question or each.asked.hex(),
            "status": each.status,
            "response": _nock_reply(each),
            "rawHeaders": [text for pair in each.headers for text in pair],
            "responseIsBinary": _text(coded(each)) is None,
        }
        found.append(entry)
    return found


def _nock_reply(each: Taped) -> object:
    raw = b"" if "reply" in each.unset else coded(each)
    if each.header("content-encoding"):
        return [raw[at : at + 900].hex() for at in range(0, len(raw), 900)]
    text = _text(raw)
    if text is None:
        return raw.hex()
    return each.document if each.document is not None else text


def _wiremock(tape: Tape) -> Document:
    mappings = []
    for number, each in enumerate(tape.exchanges):
        address = split(each.url)
        request: dict[str, Any] = {"url": address.path, "method": each.method}
        if each.question is not None and "asked" not in each.unset:
            pattern = {"equalToJson": each.asked.decode(), "ignoreArrayOrder": True}
            request["bodyPatterns"] = [pattern]
        text = _text(coded(each))
        body = {"body": text} if text is not None else {"base64Body": _b64(coded(each))}
        response = {"status": each.status, **body, "headers": dict(each.headers)}
        mappings.append({"id": f"{number}", "request": request, "response": response})
    return {"mappings": mappings, "meta": {"total": len(mappings)}}


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def chunks(raw: bytes, size: int = 700) -> list[bytes]:
    return [raw[at : at + size] for at in range(0, len(raw), size)]


PACKINGS: dict[str, Callable[[bytes], dict[str, Any]]] = {
    # VCR's `preserve_exact_body_bytes`, and old vcrpy
    "base64_string": lambda raw: {"encoding": "ASCII-8BIT", "base64_string": _b64(raw)},
    "base64": lambda raw: {"encoding": "base64", "text": _b64(raw), "size": len(raw)},
    "base64_lines": lambda raw: {
        "encoding": "base64",
        "text": base64.encodebytes(raw).decode(),
        "size": len(raw),
    },
    # Polly.JS 1 to 6: a packed reply as a JSON list of its chunks
    "hex_chunks": lambda raw: {
        "text": json.dumps([chunk.hex() for chunk in chunks(raw)]),
        "_isBinary": True,
    },
    "base64_chunks": lambda raw: {
        "encoding": "base64",
        "text": json.dumps([_b64(chunk) for chunk in chunks(raw)]),
        "_isBinary": True,
    },
    # Decoded as text by a tool that takes every body for UTF-8
    "replaced": lambda raw: {
        "string": raw.decode("utf-8", "replace"),
        "text": raw.decode("utf-8", "replace"),
        "size": len(raw),
    },
    "latin": lambda raw: {"string": raw.decode("latin-1"), "text": raw.decode("latin-1")},
    "none": lambda _raw: {"string": None, "text": None, "size": 0},
}
HAR_PACKINGS = ("base64", "base64_lines", "replaced", "latin")
POLLY_PACKINGS = ("hex_chunks", "base64_chunks")
VCR_PACKINGS = ("base64_string", "replaced", "latin")

FORMS: dict[str, tuple[Callable[[Tape], Any], Callable[[Any, Tape], bytes]]] = {
    "vcrpy-yaml": (_vcrpy, _yaml),
    "vcrpy-json": (_vcrpy, _vcrpy_json),
    "ruby-yaml": (_ruby, _yaml),
    "ruby-json": (_ruby, _json),
    "har-chrome": (_har, _json),
    "har-firefox": (_har, _json),
    "har-mitmproxy": (_har, _json),
    "polly": (_polly, _json),
    "go-vcr": (_go_vcr, _yaml),
    "nock": (_nock, _json),
    "wiremock": (_wiremock, _json),
}
READ: tuple[str, ...] = (
    "vcrpy-yaml",
    "vcrpy-json",
    "ruby-yaml",
    "ruby-json",
    "har-chrome",
    "har-firefox",
)
READ += ("har-mitmproxy", "polly")
SUFFIX = {"vcrpy-yaml": ".yaml", "ruby-yaml": ".yml", "go-vcr": ".yaml"}


def suffix(form: str) -> str:
    return SUFFIX.get(form, ".har" if form.startswith(("har", "polly")) else ".json")


def packed(raw: bytes, coding: str) -> bytes:
    """Pack a body with a Content-Encoding of the standard library."""
    if coding == "gzip":
        return gzip.compress(raw, mtime=0)
    if coding == "deflate":
        return zlib.compress(raw)
    raise ValueError(coding)
