"""Recordings kept as stubs, and sessions of other tools: what each field may hold."""

import base64
import copy
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from harness.core.errors import RecordingError
from harness.core.exchange import Failure, Reply
from harness.transport.bodies.images import ImageCollector
from harness.transport.foreign.read import Foreign, Recording, read_recording

ADDRESS = "https://api.example.test/v1/images/generations"
PATH = "/v1/images/generations"
ASKED = {"model": "gpt-image-2", "prompt": "x"}
BODY = json.dumps(ASKED)
ANSWERED = {"created": 1}
JSON_TYPE = {"Content-Type": "application/json"}

NOCK: dict[str, Any] = {
    "scope": "https://api.example.test:443",
    "method": "POST",
    "path": PATH,
    "body": ASKED,
    "status": 200,
    "response": ANSWERED,
    "rawHeaders": ["Content-Type", "application/json"],
    "responseIsBinary": False,
}
MAPPING: dict[str, Any] = {
    "request": {"url": PATH, "method": "POST", "bodyPatterns": [{"equalToJson": BODY}]},
    "response": {"status": 200, "body": json.dumps(ANSWERED), "headers": JSON_TYPE},
}
SERVED: dict[str, Any] = {
    "request": {
        "url": PATH,
        "absoluteUrl": ADDRESS,
        "method": "POST",
        "headers": JSON_TYPE,
        "body": BODY,
        "loggedDate": 1_795_957_200_000,
        "loggedDateString": "2026-11-29T13:00:00Z",
    },
    "response": {"status": 200, "headers": JSON_TYPE, "body": json.dumps(ANSWERED)},
    "timing": {"totalTime": 1500},
}
PAIR: dict[str, Any] = {
    "request": {
        "method": [{"matcher": "exact", "value": "POST"}],
        "scheme": [{"matcher": "exact", "value": "https"}],
        "destination": [{"matcher": "exact", "value": "api.example.test"}],
        "path": [{"matcher": "exact", "value": PATH}],
        "body": [{"matcher": "json", "value": BODY}],
    },
    "response": {
        "status": 200,
        "body": json.dumps(ANSWERED),
        "encodedBody": False,
        "headers": {"Content-Type": ["application/json"]},
        "templated": False,
    },
}
ENTRY: dict[str, Any] = {
    "RequestUri": ADDRESS,
    "RequestMethod": "POST",
    "RequestHeaders": {**JSON_TYPE, "Authorization": "Sanitized"},
    "RequestBody": ASKED,
    "StatusCode": 200,
    "ResponseHeaders": JSON_TYPE,
    "ResponseBody": ANSWERED,
}
SESSION: dict[str, Any] = {
    "status": "COMPLETE",
    "method": "POST",
    "scheme": "https",
    "host": "api.example.test",
    "actualPort": 443,
    "path": PATH,
    "query": None,
    "request": {
        "header": {"headers": [{"name": "Content-Type", "value": "application/json"}]},
        "body": {"text": BODY},
    },
    "response": {
        "status": 200,
        "header": {"headers": [{"name": "Content-Type", "value": "application/json"}]},
        "body": {"text": json.dumps(ANSWERED)},
    },
}

BESIDE: dict[str, Any] = {
    "request": {"method": "POST", "url": ADDRESS, "headers": JSON_TYPE, "body": BODY},
    "response": {"status": 200, "headers": JSON_TYPE, "body": json.dumps(ANSWERED)},
}

AROUND: dict[str, Callable[[object], object]] = {
    "nock": lambda entry: [entry],
    "wiremock": lambda entry: {"mappings": [entry]},
    "wiremock-journal": lambda entry: {"requests": [entry]},
    "hoverfly": lambda entry: {"data": {"pairs": [entry]}, "meta": {"schemaVersion": "v5"}},
    "azure-test-proxy": lambda entry: {"Entries": [entry], "Variables": {}},
    "charles": lambda entry: [entry],
    "request-response": lambda entry: [entry],
}
ENTRIES: dict[str, dict[str, Any]] = {
    "nock": NOCK,
    "wiremock": MAPPING,
    "wiremock-journal": SERVED,
    "hoverfly": PAIR,
    "azure-test-proxy": ENTRY,
    "charles": SESSION,
    "request-response": BESIDE,
}


def collector() -> ImageCollector:
    return ImageCollector(lambda _name, _raw: None)


def read(folder: Path, document: object, name: str = "seen.json") -> Recording:
    path = folder / name
    path.write_text(json.dumps(document))
    return read_recording(path, collector())


def changed(kind: str, *, drop: str = "", **places: object) -> object:
    """The recording of a format with some values at `a__b` replaced, and one left out."""
    entry = copy.deepcopy(ENTRIES[kind])
    for place, value in places.items():
        *way, last = place.split("__")
        node = entry
        for key in way:
            node = node[key]
        node[last] = value
    if drop:
        *way, last = drop.split("__")
        node = entry
        for key in way:
            node = node[key]
        del node[last]
    return AROUND[kind](entry)


def only(recording: Recording) -> Foreign:
    assert recording.unreadable == ()
    (found,) = recording.exchanges
    return found


def reply(found: Foreign) -> Reply:
    assert isinstance(found.exchange.answer, Reply)
    return found.exchange.answer


@pytest.mark.parametrize("kind", ENTRIES)
def test_each_format_is_known_by_its_content(tmp_path: Path, kind: str) -> None:
    recording = read(tmp_path, changed(kind), name="no.txt")
    found = only(recording)

    assert recording.format == kind
    assert (found.exchange.request.method, found.path) == ("POST", PATH)
    assert found.host == ("host.invalid" if kind == "wiremock" else "api.example.test")
    assert found.exchange.request.target.endswith(f"{found.host}{PATH}")  # no :443
    assert found.exchange.request.body == ASKED
    assert reply(found).document == ANSWERED


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (24, 16), "navy").save(buffer, "PNG")
    return buffer.getvalue()


B64 = base64.b64encode(png()).decode()
IMAGES: dict[str, object] = {
    "nock, hex": changed("nock", response=png().hex(), responseIsBinary=True),
    "nock before responseIsBinary": changed("nock", response=png().hex(), drop="responseIsBinary"),
    "nock, headers as a mapping": changed(
        "nock",
        response=png().hex(),
        responseIsBinary=True,
        rawHeaders={"content-type": "image/png"},
    ),
    "wiremock": changed("wiremock", response__base64Body=B64, drop="response__body"),
    "wiremock-journal": changed("wiremock-journal", response__bodyAsBase64=B64),
    "hoverfly": changed("hoverfly", response__body=B64, response__encodedBody=True),
    "azure": changed(
        "azure-test-proxy", ResponseBody=B64, ResponseHeaders={"Content-Type": "image/png"}
    ),
    "charles": changed("charles", response__body={"encoding": "base64", "encoded": B64}),
}


@pytest.mark.parametrize("document", IMAGES.values(), ids=IMAGES)
def test_a_body_that_is_an_image_is_decoded(tmp_path: Path, document: object) -> None:
    (picture,) = reply(only(read(tmp_path, document))).pictures.values()

    assert (picture.format, picture.width_px, picture.height_px) == ("png", 24, 16)


SAME: dict[str, object] = {
    "a method in lower case": changed("nock", method="post"),
    "a status left out": changed("nock", drop="status"),
    "a body as text": changed("nock", body=BODY),
    "jsonBody": changed("wiremock", response__jsonBody=ANSWERED, drop="response__body"),
    "a status that is the usual one": changed("wiremock", drop="response__status"),
    "JSON to equal as JSON": changed("wiremock", request__bodyPatterns=[{"equalToJson": ASKED}]),
    "a text to equal": changed("wiremock", request__bodyPatterns=[{"equalTo": BODY}]),
    "bytes to equal": changed(
        "wiremock",
        request__bodyPatterns=[{"binaryEqualTo": base64.b64encode(BODY.encode()).decode()}],
    ),
    "urlPath": changed("wiremock", request__urlPath=PATH, drop="request__url"),
    "a pattern of one address": changed(
        "wiremock", request__urlPattern=r"/v1/images/generations", drop="request__url"
    ),
    "a pattern whose signs are escaped": changed(
        "wiremock", request__urlPathPattern=r"/v1/images\/generations", drop="request__url"
    ),
    "one mapping alone": MAPPING,
    "braces without a template": changed("hoverfly", response__body='{"created": 1}'),
    "a glob without a star": changed(
        "hoverfly", request__destination=[{"matcher": "glob", "value": "api.example.test"}]
    ),
    "version 2": changed("hoverfly", request__body={"jsonMatch": BODY}),
    "version 1": changed("hoverfly", request__body=BODY, request__path=PATH),
    "lines": changed("azure-test-proxy", ResponseBody=['{"created":\n', " 1}"]),
    "text": changed("azure-test-proxy", ResponseBody='{"created": 1}'),
    "no content type": changed("azure-test-proxy", ResponseHeaders={}),
    "PHP-VCR's status": changed("request-response", response__status={"code": "200"}),
    "ExVCR's status": changed(
        "request-response", response__status_code=200, drop="response__status"
    ),
    "ExVCR's body": changed("request-response", request__body="", request__request_body=BODY),
    "a status line": changed("request-response", response__status="200 OK"),
    "JSON bodies": changed("request-response", request__body=ASKED, response__body=ANSWERED),
    "one pair alone": BESIDE,
    "a list of interactions": {"name": "x", "interactions": [BESIDE]},
    "Betamax": {
        "http_interactions": [
            {
                "request": {
                    "method": "POST",
                    "uri": ADDRESS,
                    "headers": {"Content-Type": ["application/json"]},
                    "body": {"encoding": "utf-8", "string": BODY},
                },
                "response": {
                    "status": {"code": 200, "message": "OK"},
                    "headers": {"Content-Type": ["application/json"]},
                    "body": {"encoding": "utf-8", "string": json.dumps(ANSWERED)},
                    "url": ADDRESS,
                },
                "recorded_at": "2026-11-29T13:00:00",
            }
        ],
        "recorded_with": "betamax/0.9.0",
    },
    "a query that is empty": changed("charles", query=""),
}


@pytest.mark.parametrize("document", SAME.values(), ids=SAME)
def test_other_spellings_of_the_same_are_read_the_same(tmp_path: Path, document: object) -> None:
    found = only(read(tmp_path, document))

    assert (found.path, found.exchange.request.body) == (PATH, ASKED)
    assert (reply(found).status, reply(found).document) == (200, ANSWERED)


UNREADABLE: dict[str, tuple[object, str]] = {
    "a wildcard": (changed("nock", body="*"), "wildcard"),
    "no body": (changed("nock", drop="body"), "does not say what was sent"),
    "a header without a value": (changed("nock", rawHeaders=["Content-Type"]), "rawHeaders"),
    "any method": (changed("wiremock", request__method="ANY"), "method"),
    "a pattern": (
        changed("wiremock", request__urlPattern="/v1/.*", drop="request__url"),
        "pattern",
    ),
    "a template of an address": (
        changed("wiremock", request__urlPathTemplate="/v1/{id}", drop="request__url"),
        "pattern",
    ),
    "a part of the body": (
        changed("wiremock", request__bodyPatterns=[{"matchesJsonPath": "$.prompt"}]),
        "does not say what was sent",
    ),
    "a body with placeholders": (
        changed(
            "wiremock",
            request__bodyPatterns=[{"equalToJson": '{"prompt": "${json-unit.any-string}"}'}],
        ),
        "placeholders",
    ),
    "a body elsewhere": (
        changed("wiremock", response__bodyFileName="a.json"),
        "give the folder that holds mappings and __files",
    ),
    "a proxy": (
        changed("wiremock", response__proxyBaseUrl="http://x", drop="response__body"),
        "passes requests on",
    ),
    "a template": (
        changed(
            "wiremock",
            response__body="{{request.path}}",
            response__transformers=["response-template"],
        ),
        "template",
    ),
    "no stub matched": (changed("wiremock-journal", wasMatched=False), "no stub matched"),
    "a template of Hoverfly's": (
        changed("hoverfly", response__body="{{ Request.Body }}", response__templated=True),
        "template",
    ),
    "a regular expression": (
        changed("hoverfly", request__body=[{"matcher": "regex", "value": ".*"}]),
        "matches by regex",
    ),
    "a glob": (
        changed("hoverfly", request__path=[{"matcher": "glob", "value": "/v1/*"}]),
        "matches by glob",
    ),
    "a part of JSON": (
        changed("hoverfly", request__body=[{"matcher": "jsonPartial", "value": "{}"}]),
        "matches by jsonPartial",
    ),
    "a body of Hoverfly's elsewhere": (changed("hoverfly", response__bodyFile="a"), "another file"),
    "base64 that is none": (
        changed("hoverfly", response__body="!", response__encodedBody=True),
        "base64",
    ),
    "a request without a body": (
        changed("request-response", drop="request__body"),
        "does not say what was sent",
    ),
    "an Erlang term": (changed("request-response", response__binary=True), "Erlang"),
    "a tunnel": (changed("charles", tunnel=True), "SSL proxying"),
}


@pytest.mark.parametrize(("document", "why"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_stub_that_is_no_recording_is_named_with_the_reason(
    tmp_path: Path, document: object, why: str
) -> None:
    recording = read(tmp_path, document)

    assert recording.exchanges == ()
    assert why in recording.unreadable[0]


@pytest.mark.parametrize(
    "document",
    [
        changed("wiremock", response__fault="CONNECTION_RESET_BY_PEER"),
        changed("charles", status="EXCEPTION", response=None),
    ],
    ids=["a fault", "no response"],
)
def test_a_reply_that_never_came_is_none(tmp_path: Path, document: object) -> None:
    answer = only(read(tmp_path, document)).exchange.answer

    assert isinstance(answer, Failure)
    assert answer.kind == "network"


def test_a_date_of_any_length_orders_the_journal(tmp_path: Path) -> None:
    late = changed("wiremock-journal", request__loggedDate=10**300)

    assert len(read(tmp_path, late).exchanges) == 1


def test_the_journal_is_read_from_the_first_request_to_the_last(tmp_path: Path) -> None:
    later = copy.deepcopy(SERVED)
    later["request"]["loggedDate"] += 1000
    later["request"]["body"] = json.dumps({**ASKED, "prompt": "later"})
    recording = read(tmp_path, {"requests": [later, SERVED]})

    prompts = [each.exchange.request.body for each in recording.exchanges]
    assert [body["prompt"] for body in prompts if isinstance(body, dict)] == ["x", "later"]
    assert [each.duration_s for each in recording.exchanges] == [1.5, 1.5]


OTHERS: dict[str, tuple[object, str]] = {
    "requests without replies": (
        {"requests": [SERVED["request"]]},
        "export GET /__admin/requests",
    ),
    "Postman": ({"info": {"name": "x"}, "item": []}, "a Postman collection"),
    "Insomnia": ({"_type": "export", "resources": []}, "an Insomnia collection"),
    "Insomnia 5": ({"type": "collection.insomnia.rest/5.0"}, "an Insomnia collection"),
    "a list": ([1, 2], "none of the formats"),
    "an empty list": ([], "none of the formats"),
    "a body alone": (ANSWERED, "none of the formats"),
}


@pytest.mark.parametrize(("document", "why"), OTHERS.values(), ids=OTHERS)
def test_what_is_not_read_is_named_with_the_way_out(
    tmp_path: Path, document: object, why: str
) -> None:
    with pytest.raises(RecordingError, match=why):
        read(tmp_path, document)


def test_charles_own_sessions_are_named(tmp_path: Path) -> None:
    path = tmp_path / "seen.chls"
    path.write_bytes(b"\xac\xed\x00\x05sr\x00")

    with pytest.raises(RecordingError, match="export it as HAR"):
        read_recording(path, collector())


def test_nocks_scripts_are_named(tmp_path: Path) -> None:
    path = tmp_path / "seen.js"
    path.write_text("const nock = require('nock')\n\nnock('https://a.test:443')\n  .post('/v1')")

    with pytest.raises(RecordingError, match="output_objects"):
        read_recording(path, collector())


@pytest.mark.parametrize("given", ["", "mappings"])
@pytest.mark.parametrize("name", ["a.json", "deep/a.json", "/a.json"])
def test_wiremocks_folder_holds_the_bodies_of_its_mappings(
    tmp_path: Path, name: str, given: str
) -> None:
    (tmp_path / "mappings").mkdir()
    (tmp_path / "__files" / "deep").mkdir(parents=True)
    for place in ("a.json", "deep/a.json"):
        (tmp_path / "__files" / place).write_text(json.dumps(ANSWERED))
    stub = changed("wiremock", response__bodyFileName=name, drop="response__body")
    (tmp_path / "mappings" / "one.json").write_text(json.dumps(stub))

    recording = read_recording(tmp_path / given, collector())

    assert recording.format == "wiremock-folder"
    assert reply(only(recording)).document == ANSWERED


@pytest.mark.parametrize("name", ["../secret.json", "/etc/hostname", "gone.json"])
def test_a_mapping_reaches_no_file_outside_its_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.json").write_text('{"created": 2}')
    (tmp_path / "root" / "mappings").mkdir(parents=True)
    (tmp_path / "root" / "__files").mkdir()
    stub = changed("wiremock", response__bodyFileName=name, drop="response__body")
    (tmp_path / "root" / "mappings" / "one.json").write_text(json.dumps(stub))

    recording = read_recording(tmp_path / "root", collector())

    assert recording.exchanges == ()
    assert "is in another file" in recording.unreadable[0]


def test_a_form_whose_headers_were_left_out_is_read(tmp_path: Path) -> None:
    form = (
        b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nhello\r\n'
        b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
        + png()
        + b"\r\n--x--\r\n"
    )
    found = only(read(tmp_path, changed("nock", body=form.hex())))

    assert found.exchange.request.form is not None
    prompt, file = found.exchange.request.form
    assert (prompt.value, file.width_px, file.size_bytes) == ("hello", 24, len(png()))


def shortened(kind: str, length: int) -> object:
    body = {"created": 1, "data": [{"b64_json": B64[:64]}], "output_format": "png"}
    headers = {**JSON_TYPE, "Content-Length": str(length)}
    if kind == "azure-test-proxy":
        return changed(kind, ResponseBody=body, ResponseHeaders=headers)
    return changed(kind, response__body=json.dumps(body), response__headers=headers)


@pytest.mark.parametrize("kind", ["azure-test-proxy", "request-response", "wiremock"])
@pytest.mark.parametrize(("length", "state"), [(1199, "absent"), (125, "undecodable")])
def test_an_image_that_a_sanitiser_shortened_is_absent(
    tmp_path: Path, kind: str, length: int, state: str
) -> None:
    """A reply of its full length is the provider's own, and its image is judged."""
    (picture,) = reply(only(read(tmp_path, shortened(kind, length)))).pictures.values()

    assert picture.state == state


def with_bytes(text: str) -> object:
    body = text % ", ".join(str(byte) for byte in png())
    return changed("charles", response__body={"text": body})


@pytest.mark.parametrize(
    "text", ['{"type":"Buffer","data":[%s]}', ' { "type": "Buffer", "data": [%s] }\n']
)
def test_bytes_that_node_wrote_as_json_are_bytes(tmp_path: Path, text: str) -> None:
    (picture,) = reply(only(read(tmp_path, with_bytes(text)))).pictures.values()

    assert (picture.state, picture.size_bytes) == ("decoded", len(png()))


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"Buffer","data":[%s',
        '{"type":"Buffer","data":[%s, 256]}',
        '{"type":"Buffer","data":[%s],"more":1}',
        '{"type":"Buffer","data":[%s, true]}',
    ],
    ids=["cut", "no byte", "another key", "no number"],
)
def test_what_only_begins_like_nodes_bytes_is_no_image(tmp_path: Path, text: str) -> None:
    answer = only(read(tmp_path, with_bytes(text))).exchange.answer

    assert isinstance(answer, Failure) or answer.pictures == {}
