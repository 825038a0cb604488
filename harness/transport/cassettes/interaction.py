"""One exchange as one interaction of a vcrpy cassette, and back.

Stock vcrpy keeps unknown keys inside `response` and nowhere else, so what its format has no place
for stands there:

    asked       the request's `target` before it was joined to a base address, its `timeout_s`,
                its `headers` beside those of all requests (arguments travel in them), its
                `credential` where that is not the user's own key, `signed` where it is an
                address of the provider's own API, and the exchange's `step` where it is no
                submission
    holds       what `body.string` is: `json` (image marks left in place), `text`, `image` (empty;
                the mark stands in `image`) or `nothing`
    transfer    the reply's headers about the bytes on the wire, which the kept body no longer fits
    pictures    mark -> the decoded image
    events      server-sent events: `name`, `at_s`, and `data` as JSON text
    timing      seconds on the recording run's clock
    size_bytes  of the reply as it arrived
    failure     in place of a reply, under status 599: `kind`, `why`, `sent`, and what had arrived

A form is kept as a JSON list of its parts under a request header of ours, `X-Harness-Form: parts`.
"""

import json
import re
from dataclasses import asdict, replace
from http import HTTPStatus
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from vcr.request import Request as VcrRequest

from harness.core.exchange import (
    Credential,
    Event,
    Exchange,
    Failure,
    Part,
    Picture,
    Reply,
    Request,
    Step,
    Times,
)
from harness.core.jsonvalue import Json, mistake
from harness.core.plain import telling_headers
from harness.sensitive.headers import Headers, kept_headers
from harness.transport.fields import (
    as_list,
    as_mapping,
    integer_of,
    mapping_of,
    number_of,
    optional_text,
    text_of,
)
from harness.transport.outgoing import uri_of

HOP_BY_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
"""About the connection, not about the reply (RFC 9110, section 7.6.1)."""

TRANSFER = frozenset({"content-encoding", "content-length"})
"""About the bytes on the wire: a body without its images fits neither, and stock vcrpy would try to
unpack it."""


def joined_headers(headers: Headers) -> dict[str, str]:
    """Return one line for each name (RFC 9110, section 5.3); vcrpy would keep the first only."""
    lines: dict[str, tuple[str, str]] = {}
    for name, value in kept_headers(headers):
        first, values = lines.get(name.lower(), (name, ""))
        lines[name.lower()] = (first, f"{values}, {value}" if name.lower() in lines else value)
    return dict(lines.values())


def listed_headers(headers: Headers, *, transfer: bool) -> dict[str, list[str]]:
    """Return a reply's values by name: those about the bytes on the wire, or all others."""
    lists: dict[str, list[str]] = {}
    for name, value in kept_headers(headers):
        lower = name.lower()
        if lower not in HOP_BY_HOP and (lower in TRANSFER) is transfer:
            lists.setdefault(name, []).append(value)
    return lists


NO_REPLY = 599
SUBMIT: Step = "submit"
OWN: Credential = "own"
FORM_HEADER = ("X-Harness-Form", "parts")

_DIGEST = re.compile(r"[0-9a-f]{64}")
_FORMAT = re.compile(r"[a-z0-9]{1,20}")

_FAILURES, _PICTURES, _TIMES = TypeAdapter(Failure), TypeAdapter(Picture), TypeAdapter(Times)
_FORMS = TypeAdapter(tuple[Part, ...])
_STEPS: TypeAdapter[Step] = TypeAdapter(Step)
_CREDENTIALS: TypeAdapter[Credential] = TypeAdapter(Credential)
_Value = TypeVar("_Value")


def to_interaction(exchange: Exchange, *, base_url: str) -> tuple[VcrRequest, dict[str, object]]:
    """Return the request and the response as vcrpy's `serialize` takes them."""
    request = exchange.request
    headers = joined_headers(request.headers)
    body = None if request.body is None else _compact(request.body)
    if request.form is not None:
        headers.update([FORM_HEADER])
        body = _compact([_given(asdict(part)) for part in request.form])
    answer = exchange.answer
    response = _no_reply(answer) if isinstance(answer, Failure) else _replied(answer)
    target: dict[str, object] = {"target": request.target, "timeout_s": request.timeout_s}
    if beside := telling_headers(request):
        target["headers"] = [list(pair) for pair in beside]
    if request.signed:
        target["signed"] = True
    if request.credential != OWN:
        target["credential"] = request.credential
    response["asked"] = target if exchange.step == SUBMIT else {**target, "step": exchange.step}
    response["timing"] = _given(asdict(exchange.times))
    return VcrRequest(request.method, uri_of(request.target, base_url), body, headers), response


def from_interaction(interaction: object) -> Exchange:
    """Return the exchange behind an interaction written by `to_interaction`; raises ValueError."""
    entry = as_mapping(interaction, "an interaction")
    response = mapping_of(entry, "response")
    asked = mapping_of(response, "asked")
    answer: Reply | Failure
    if "failure" in response:
        answer = _failure(mapping_of(response, "failure"))
    else:
        answer = _reply(response)
    return Exchange(
        request=_request(mapping_of(entry, "request"), asked),
        answer=answer,
        times=_read(_TIMES, response.get("timing"), "timing"),
        step=_read(_STEPS, asked.get("step", SUBMIT), "step"),
    )


def is_ours(interaction: object) -> bool:
    """Tell whether `to_interaction` wrote this, and not another user of vcrpy."""
    response = interaction.get("response") if isinstance(interaction, dict) else None
    return isinstance(response, dict) and "asked" in response and "timing" in response


def _compact(value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        text.encode()
    except UnicodeEncodeError:  # lone surrogates, which a case may send on purpose
        return json.dumps(value, separators=(",", ":"))
    return text


def _given(values: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in values.items() if value is not None}


def _replied(reply: Reply) -> dict[str, object]:
    try:
        message = HTTPStatus(reply.status).phrase
    except ValueError:
        message = ""
    response: dict[str, object] = {
        "status": {"code": reply.status, "message": message},
        "headers": listed_headers(reply.headers, transfer=False),
        **_held(reply),
        "size_bytes": reply.size_bytes,
    }
    if transfer := listed_headers(reply.headers, transfer=True):
        response["transfer"] = transfer
    if reply.pictures:
        response["pictures"] = {key: _described(picture) for key, picture in reply.pictures.items()}
    if reply.events:
        response["events"] = [
            {"name": event.name, "at_s": event.at_s, "data": _compact(event.data)}
            for event in reply.events
        ]
    return response


def _described(picture: Picture) -> dict[str, object]:
    described = _given(asdict(picture))
    if not picture.withheld:
        del described["withheld"]
    return described


def _held(reply: Reply) -> dict[str, object]:
    if isinstance(reply.document, str) and reply.document in reply.pictures:
        return {"body": {"string": ""}, "holds": "image", "image": reply.document}
    if reply.document is not None:
        return {"body": {"string": _compact(reply.document)}, "holds": "json"}
    if reply.text is not None:
        return {"body": {"string": reply.text}, "holds": "text"}
    return {"body": {"string": ""}, "holds": "nothing"}


def _no_reply(failure: Failure) -> dict[str, object]:
    entry: dict[str, object] = {"kind": failure.kind, "why": failure.why, "sent": failure.sent}
    if failure.partial is not None:
        entry["partial"] = _replied(failure.partial)
    return {
        "status": {"code": NO_REPLY, "message": "no reply"},
        "headers": {},
        "body": {"string": ""},
        "failure": entry,
    }


def _read(adapter: TypeAdapter[_Value], entry: object, what: str) -> _Value:
    """Read a value of ours as strictly as JSON tells types apart; ValueError in one line."""
    try:
        return adapter.validate_json(json.dumps(entry), strict=True)
    except ValidationError as error:
        raise ValueError(f"{what}: {mistake(error)}") from None
    except TypeError:  # a date, or a tag that was refused
        raise ValueError(f"{what} holds what JSON cannot hold") from None


def _request(entry: dict[str, object], asked: dict[str, object]) -> Request:
    headers = _pairs(entry.get("headers"))
    held = optional_text(entry, "body")
    body: Json = None if held is None else json.loads(held)
    form = None
    if FORM_HEADER in headers:
        headers = tuple(pair for pair in headers if pair != FORM_HEADER)
        form, body = _read(_FORMS, body, "form"), None
    return Request(
        method=text_of(entry, "method"),
        target=text_of(asked, "target"),
        headers=(*headers, *_beside(headers, asked)),
        body=body,
        form=form,
        timeout_s=number_of(asked, "timeout_s"),
        credential=_read(_CREDENTIALS, asked.get("credential", OWN), "credential"),
        signed=asked.get("signed") is True,
    )


def _beside(kept: Headers, asked: dict[str, object]) -> Headers:
    """Return the headers of arguments, and constant ones, that no other place holds."""
    names = {name.lower() for name, _ in kept}
    pairs = [as_list(pair, "a header") for pair in as_list(asked.get("headers"), "headers")]
    read = [tuple(text_of({"of": part}, "of") for part in pair) for pair in pairs]
    return tuple((name, value) for name, value in read if name not in names)


def _pairs(headers: object) -> Headers:
    pairs: list[tuple[str, str]] = []
    for name, values in as_mapping(headers, "headers").items():
        listed_values = as_list(values, f"header {name}")
        pairs += [(name, text_of({name: value}, name)) for value in listed_values]
    return tuple(pairs)


def _reply(response: dict[str, object]) -> Reply:
    status = mapping_of(response, "status")
    text = text_of(mapping_of(response, "body"), "string")
    holds = text_of(response, "holds")
    document: Json = json.loads(text) if holds == "json" else None
    if holds == "image":
        document = text_of(response, "image")
    pictures = as_mapping(response.get("pictures", {}), "pictures")
    events = as_list(response.get("events"), "events")
    return Reply(
        status=integer_of(status, "code"),
        headers=_pairs(response.get("headers")) + _pairs(response.get("transfer", {})),
        document=document,
        text=text if holds == "text" else None,
        pictures={key: _picture(value) for key, value in pictures.items()},
        events=tuple(_event(as_mapping(event, "an event")) for event in events),
        size_bytes=integer_of(response, "size_bytes"),
    )


def _picture(entry: object) -> Picture:
    picture = _read(_PICTURES, entry, "a picture")
    # The digest and the format make a file name: a recording must not choose which file is read.
    named = _DIGEST.fullmatch(picture.digest) and _FORMAT.fullmatch(picture.format)
    if picture.state != "absent" and not named:
        name = f"{picture.digest[:80]}, {picture.format[:80]}"
        raise ValueError(f"a picture's digest or format is none: {name}")
    return picture


def _event(entry: dict[str, object]) -> Event:
    data: Json = json.loads(text_of(entry, "data"))
    return Event(name=text_of(entry, "name"), at_s=number_of(entry, "at_s"), data=data)


def _failure(entry: dict[str, object]) -> Failure:
    partial = entry.get("partial")
    failure = _read(_FAILURES, {**entry, "partial": None}, "failure")
    if partial is None:
        return failure
    return replace(failure, partial=_reply(as_mapping(partial, "partial")))
