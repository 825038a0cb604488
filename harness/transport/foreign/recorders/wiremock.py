"""WireMock: stub mappings, as its recorder saves them, and the journal of requests.

Sources: WireMock's documents "Request Matching", "Record and Playback" and "Verifying". A mapping
that only says what a request must match is no recording of one; its recorder saves no body of a
form. The journal holds both sides of what went through.
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.core.jsonvalue import canonical
from harness.transport.fields import (
    as_list,
    as_mapping,
    integer_of,
    mapping_of,
    optional_number,
    optional_text,
    plain_object,
    text_of,
)
from harness.transport.foreign.folder import plain_files
from harness.transport.foreign.formats import Content, Raw, first, from_base64, headers_of, rows
from harness.transport.foreign.recorders.recorder import recorder
from harness.transport.foreign.stubs import (
    NO_HOST,
    address,
    known_body,
    literal,
    untemplated,
)

_ADDRESSES = ("url", "urlPath", "urlPattern", "urlPathPattern", "urlPathTemplate")


_PATHS = ("/", "(", "^", ".", "\\")
"""How an address of a mapping begins: a path, or a pattern of one."""


@recorder(
    "wiremock",
    title="WireMock's stub mappings (mappings, or one with request.url and response)",
    lists=("mappings",),
)
class Mappings:
    """JSON with `mappings`, or one mapping alone."""

    def entries(self, source: object) -> Iterable[object] | None:
        """Return the mappings."""
        if not isinstance(source, dict):
            return None
        mappings = rows(source["mappings"], "mappings") if "mappings" in source else [source]
        return mappings if _is_mapping(first(mappings)) else None

    def raw(self, entry: object) -> Raw:
        """Read a mapping."""
        data = as_mapping(entry, "the mapping")
        asked, answered = mapping_of(data, "request"), mapping_of(data, "response")
        method = text_of(asked, "method").upper()
        if method == "ANY":
            raise ValueError("it does not say which method was used: it answers any")
        sent = known_body(method, _equal_body(asked))
        fault = optional_text(answered, "fault")
        return Raw(
            method=method,
            uri=_address(asked),
            request_headers=headers_of(_equal(asked.get("headers"))),
            request=Content(raw=sent),
            status=0 if fault else _status(answered),
            headers=headers_of(answered.get("headers")),
            response=Content() if fault else _stubbed(answered),
            no_reply=fault,
        )


@recorder(
    "wiremock-folder",
    title="WireMock's folder (mappings and __files)",
    reads="folder",
    rank=4,
)
class Folder(Mappings):
    """A folder with the folder `mappings`, or that one itself, beside `__files`."""

    def entries(self, source: object) -> Iterable[object] | None:
        """Return the mappings of all files, with the bodies that stand in others."""
        if not isinstance(source, Path):
            return None
        mappings = source if source.name == "mappings" else source / "mappings"
        if not mappings.is_dir() or mappings.is_symlink():
            return None
        stubs: list[object] = []
        for name, raw in plain_files(mappings).items():
            if name.endswith(".json"):
                stubs += super().entries(_json(name, raw)) or ()
        beside = mappings.parent / "__files"
        files = plain_files(beside) if beside.is_dir() else {}
        return [_with_body(stub, files) for stub in stubs] or None


@recorder("wiremock-journal", title="WireMock's journal (requests)", lists=("requests",))
class Journal:
    """JSON with `requests`, each with a `request` and a `response`; the latest stands first."""

    def entries(self, source: object) -> Iterable[object] | None:
        """Return the requests in the order in which they came."""
        if not isinstance(source, dict) or "requests" not in source:
            return None
        requests = rows(source["requests"], "requests")
        head = first(requests)
        served = head.get("request") if isinstance(head, dict) else None
        if isinstance(head, dict) and "loggedDate" in head:
            raise ValueError(
                "WireMock's requests without their replies: export GET /__admin/requests instead"
            )
        if not isinstance(served, dict) or "url" not in served:
            return None
        return sorted(requests, key=_logged)

    def raw(self, entry: object) -> Raw:
        """Read a request and its reply."""
        data = as_mapping(entry, "the request")
        if data.get("wasMatched") is False:
            raise ValueError("no stub matched it: WireMock itself answered")
        asked = mapping_of(data, "request")
        sent = _bytes(asked)
        whole = optional_text(asked, "absoluteUrl")
        timing = as_mapping(data.get("timing") or {}, "timing")
        time_ms = optional_number(timing, "totalTime")
        response = data.get("response", data.get("responseDefinition"))
        answered = as_mapping(response, "the response")
        return Raw(
            method=text_of(asked, "method").upper(),
            uri=whole or address(f"http://{NO_HOST}", text_of(asked, "url")),
            request_headers=headers_of(asked.get("headers")),
            request=Content(raw=sent),
            status=_status(answered),
            headers=headers_of(answered.get("headers")),
            response=_stubbed(answered),
            recorded=optional_text(asked, "loggedDateString"),
            duration_s=time_ms / 1000 if time_ms is not None and time_ms >= 0 else None,
        )


def _is_mapping(entry: object) -> bool:
    asked = entry.get("request") if isinstance(entry, dict) else None
    return (
        isinstance(asked, dict)
        and any(str(asked.get(name, "-"))[:1] in _PATHS for name in _ADDRESSES)
        and isinstance(entry, dict)
        and isinstance(entry.get("response"), dict)
    )


def _json(name: str, raw: bytes) -> object:
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"{name} is no JSON: {error}") from None


def _with_body(stub: object, files: Mapping[str, bytes]) -> object:
    answered = stub.get("response") if isinstance(stub, dict) else None
    name = answered.get("bodyFileName") if isinstance(answered, dict) else None
    if not isinstance(stub, dict) or not isinstance(answered, dict) or not isinstance(name, str):
        return stub
    raw = files.get(name.lstrip("/"))
    if raw is None:
        return stub
    others = {key: value for key, value in answered.items() if key != "bodyFileName"}
    packed = b64encode(raw).decode()
    return {**stub, "response": {**others, "base64Body": packed}}


def _logged(entry: object) -> int:
    request = entry.get("request") if isinstance(entry, dict) else None
    logged = request.get("loggedDate") if isinstance(request, dict) else None
    return logged if isinstance(logged, int) else 0


def _status(answered: dict[str, object]) -> int:
    return integer_of(answered, "status") if "status" in answered else 200


def _address(asked: dict[str, object]) -> str:
    query = "&".join(
        f"{name}={value}" for name, value in _equal(asked.get("queryParameters")).items()
    )
    host = asked.get("host")
    named = f"http://{_equal({'host': host}).get('host', NO_HOST)}" if host else f"http://{NO_HOST}"
    for name in ("url", "urlPath"):
        if name in asked:
            return address(named, text_of(asked, name), query)
    for name in ("urlPattern", "urlPathPattern"):
        if name in asked:
            return address(named, literal(text_of(asked, name)), query)
    raise ValueError(f"its address is a pattern, not what was asked: {plain_object(asked)!s:.80}")


def _equal(matchers: object) -> dict[str, str]:
    """Return what matchers by name say that a value equals; the others say nothing certain."""
    named = as_mapping(matchers or {}, "the matchers")
    return {
        name: text_of(matcher, "equalTo")
        for name, matcher in named.items()
        if isinstance(matcher, dict) and "equalTo" in matcher
    }


def _equal_body(asked: dict[str, object]) -> bytes | None:
    for row in as_list(asked.get("bodyPatterns"), "bodyPatterns"):
        pattern = as_mapping(row, "a body's pattern")
        if "equalToJson" in pattern:
            wanted = pattern["equalToJson"]
            text = wanted if isinstance(wanted, str) else canonical(plain_object(wanted))
            if "${json-unit." in text:
                raise ValueError("it does not say what was sent: its body holds placeholders")
            return text.encode("utf-8", "replace")
        if "equalTo" in pattern:
            return text_of(pattern, "equalTo").encode("utf-8", "replace")
        if "binaryEqualTo" in pattern:
            return from_base64(text_of(pattern, "binaryEqualTo"))
    return None


def _bytes(message: dict[str, object]) -> bytes:
    packed = optional_text(message, "bodyAsBase64")
    text = optional_text(message, "body") or ""
    return from_base64(packed) if packed else text.encode("utf-8", "replace")


def _stubbed(answered: dict[str, object]) -> Content:
    if "bodyFileName" in answered:
        name = text_of(answered, "bodyFileName")
        raise ValueError(
            f"its reply's body is in another file, {name[:80]!r}: give the folder that holds"
            " mappings and __files"
        )
    if "proxyBaseUrl" in answered and not any(name in answered for name in ("body", "base64Body")):
        raise ValueError("it passes requests on: it holds no reply")
    if "jsonBody" in answered:
        return Content(parsed=plain_object(answered["jsonBody"]))
    if "base64Body" in answered:
        return Content(raw=from_base64(text_of(answered, "base64Body")))
    if "bodyAsBase64" in answered:
        return Content(raw=_bytes(answered))
    text = optional_text(answered, "body") or ""
    if answered.get("transformers"):
        untemplated(text)
    return Content(raw=text.encode("utf-8", "replace"))
