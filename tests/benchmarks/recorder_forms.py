"""Recordings in formats whose recorders run neither in Python nor in Node, as documented.

Sources: VCR's `http_interaction.rb`; go-vcr's `pkg/cassette/cassette.go` (version 2) and
`v2/cassette/cassette.go` (version 1); WireMock's documents "Stubbing", "Record and Playback" and
"Verifying"; Hoverfly's simulation schema v5; `RecordEntry.cs` of the Azure SDK tools; Charles'
JSON session as its readers describe it.
"""

import base64
import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.benchmarks.recorder_steps import Made

DATE = "Sun, 29 Nov 2026 13:00:00 GMT"
ISO = "2026-11-29T13:00:00Z"


def ruby_vcr(made: list[Made]) -> str:
    """VCR 6 with `preserve_exact_body_bytes` where bytes are no text."""

    def body(raw: bytes) -> dict[str, str]:
        text = _text(raw)
        if text is None:
            return {"encoding": "ASCII-8BIT", "base64_string": base64.encodebytes(raw).decode()}
        return {"encoding": "UTF-8", "string": text}

    interactions = [
        {
            "request": {
                "method": one.method.lower(),
                "uri": one.url,
                "body": body(one.body),
                "headers": _lists(one.sent.items()),
            },
            "response": {
                "status": {"code": one.status, "message": one.reason},
                "headers": _lists(one.headers),
                "body": body(one.content),
            },
            "recorded_at": DATE,
        }
        for one in made
    ]
    return _yaml({"http_interactions": interactions, "recorded_with": "VCR 6.2.0"})


def go_vcr(made: list[Made]) -> str:
    """go-vcr 3 and 4 (`version: 2`)."""
    interactions = [
        {
            "id": index,
            "request": {
                "proto": "HTTP/1.1",
                "content_length": len(one.body),
                "host": urlsplit(one.url).netloc,
                "body": _yaml_text(one.body),
                "headers": _lists(one.sent.items()),
                "url": one.url,
                "method": one.method,
            },
            "response": {
                "proto": "HTTP/1.1",
                "content_length": len(one.content),
                "body": _yaml_text(one.content),
                "headers": _lists(one.headers),
                "status": f"{one.status} {one.reason}",
                "code": one.status,
                "duration": "12.5ms",
            },
        }
        for index, one in enumerate(made)
    ]
    return _yaml({"version": 2, "interactions": interactions})


def go_vcr_1(made: list[Made]) -> str:
    """go-vcr 1 and 2 (`version: 1`)."""
    interactions = [
        {
            "request": {
                "body": _yaml_text(one.body),
                "form": {},
                "headers": _lists(one.sent.items()),
                "url": one.url,
                "method": one.method,
            },
            "response": {
                "body": _yaml_text(one.content),
                "headers": _lists(one.headers),
                "status": f"{one.status} {one.reason}",
                "code": one.status,
                "duration": "",
            },
        }
        for one in made
    ]
    return _yaml({"version": 1, "interactions": interactions})


def wiremock_mappings(made: list[Made]) -> str:
    """What WireMock's recorder saves; of a form it saves no body."""

    def patterns(one: Made) -> dict[str, Any]:
        if not one.body or "multipart" in one.sent.get("Content-Type", ""):
            return {}
        equal = {"equalToJson": one.body.decode(), "ignoreArrayOrder": True}
        return {"bodyPatterns": [{**equal, "ignoreExtraElements": True}]}

    def body(one: Made) -> dict[str, Any]:
        text = _text(one.content)
        if text is not None:
            return {"body": text}
        return {"base64Body": base64.b64encode(one.content).decode()}

    mappings = [
        {
            "id": f"00000000-0000-4000-8000-{index:012}",
            "name": one.column,
            "request": {
                "url": _path(one.url),
                "method": one.method,
                **patterns(one),
            },
            "response": {
                "status": one.status,
                **body(one),
                "headers": dict(one.headers),
            },
            "persistent": True,
        }
        for index, one in enumerate(made)
    ]
    return _json({"mappings": mappings, "meta": {"total": len(mappings)}})


def wiremock_journal(made: list[Made]) -> str:
    """`GET /__admin/requests`: the latest request stands first."""

    def both(raw: bytes) -> dict[str, str]:
        return {
            "bodyAsBase64": base64.b64encode(raw).decode(),
            "body": raw.decode("utf-8", "replace"),
        }

    requests = [
        {
            "id": f"00000000-0000-4000-8000-{index:012}",
            "request": {
                "url": _path(one.url),
                "absoluteUrl": one.url,
                "method": one.method,
                "clientIp": "127.0.0.1",
                "headers": one.sent,
                "loggedDate": 1795957200000 + index * 1000,
                "loggedDateString": ISO,
                **both(one.body),
            },
            "responseDefinition": {"status": one.status, "proxyBaseUrl": "http://127.0.0.1"},
            "response": {
                "status": one.status,
                "headers": dict(one.headers),
                **both(one.content),
            },
            "wasMatched": True,
            "timing": {"addedDelay": 0, "processTime": 12, "responseSendTime": 1, "totalTime": 13},
        }
        for index, one in enumerate(made)
    ]
    return _json({"requests": requests[::-1], "meta": {"total": len(requests)}})


def hoverfly(made: list[Made]) -> str:
    """A captured simulation of schema v5: requests as exact matchers, without headers."""

    def exact(value: str, matcher: str = "exact") -> list[dict[str, str]]:
        return [{"matcher": matcher, "value": value}]

    def request(one: Made) -> dict[str, Any]:
        address = urlsplit(one.url)
        is_json = "json" in one.sent.get("Content-Type", "")
        return {
            "path": exact(address.path),
            "method": exact(one.method),
            "destination": exact(address.netloc),
            "scheme": exact(address.scheme),
            "body": exact(one.body.decode("utf-8", "replace"), "json" if is_json else "exact"),
        }

    def response(one: Made) -> dict[str, Any]:
        text = _text(one.content)
        body = text if text is not None else base64.b64encode(one.content).decode()
        return {
            "status": one.status,
            "body": body,
            "encodedBody": text is None,
            "headers": _lists(one.headers),
            "templated": False,
        }

    pairs = [{"request": request(one), "response": response(one)} for one in made]
    return _json(
        {
            "data": {"pairs": pairs, "globalActions": {"delays": []}},
            "meta": {"schemaVersion": "v5", "hoverflyVersion": "v1.10.5", "timeExported": ISO},
        }
    )


def azure(made: list[Made]) -> str:
    """The test proxy: JSON as it is, other text by lines, everything else in base64."""

    def body(raw: bytes, kind: str, *, packed: bool) -> object:
        if not raw:
            return None
        if packed or not any(word in kind for word in ("json", "text", "xml")):
            return base64.b64encode(raw).decode()
        try:
            return json.loads(raw)
        except ValueError:
            return raw.decode().splitlines(keepends=True)

    entries = []
    for one in made:
        answered = dict(one.headers)
        packed = "Content-Encoding" in answered
        entries.append(
            {
                "RequestUri": one.url,
                "RequestMethod": one.method,
                "RequestHeaders": {**one.sent, "Authorization": "Sanitized"},
                "RequestBody": body(one.body, one.sent.get("Content-Type", ""), packed=False),
                "StatusCode": one.status,
                "ResponseHeaders": answered,
                "ResponseBody": body(one.content, answered.get("Content-Type", ""), packed=packed),
            }
        )
    return _json({"Entries": entries, "Variables": {}})


def charles(made: list[Made]) -> str:
    """A JSON session: text where Charles could decode it, else base64 in `encoded`."""

    def message(headers: Iterable[tuple[str, str]], raw: bytes) -> dict[str, Any]:
        text = _text(raw)
        body: dict[str, Any] = {"text": text, "charset": "UTF-8"}
        if text is None:
            body = {"encoding": "base64", "encoded": base64.b64encode(raw).decode()}
        rows = [{"name": name, "value": value} for name, value in headers]
        return {
            "sizes": {"headers": 100, "body": len(raw)},
            "header": {"headers": rows},
            "body": body,
        }

    def session(one: Made) -> dict[str, Any]:
        address = urlsplit(one.url)
        return {
            "status": "COMPLETE",
            "method": one.method,
            "protocolVersion": "HTTP/1.1",
            "scheme": address.scheme,
            "host": address.hostname,
            "port": address.port,
            "actualPort": address.port,
            "path": address.path,
            "query": address.query or None,
            "tunnel": False,
            "durations": {"total": 12},
            "times": {"start": "2026-11-29T13:00:00.000Z"},
            "request": message(one.sent.items(), one.body),
            "response": {"status": one.status, **message(one.headers, one.content)},
        }

    return _json([session(one) for one in made])


def transcript(made: list[Made]) -> str:
    """The body of a stream alone, as `curl -N` prints it."""
    return next(one.content.decode() for one in made if one.column == "SSE")


FORMS: dict[str, Callable[[list[Made]], str]] = {
    "ruby_vcr.yml": ruby_vcr,
    "go_vcr.yaml": go_vcr,
    "go_vcr_1.yaml": go_vcr_1,
    "wiremock_mappings.json": wiremock_mappings,
    "wiremock_journal.json": wiremock_journal,
    "hoverfly.json": hoverfly,
    "azure_test_proxy.json": azure,
    "charles.chlsj": charles,
    "transcript.sse": transcript,
}


def _text(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _yaml_text(raw: bytes) -> str | bytes:
    text = _text(raw)
    return raw if text is None else text


def _lists(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    return {name: [value] for name, value in pairs}


def _path(url: str) -> str:
    address = urlsplit(url)
    return address.path + (f"?{address.query}" if address.query else "")


def _yaml(document: object) -> str:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _json(document: object) -> str:
    return json.dumps(document, indent=1) + "\n"
