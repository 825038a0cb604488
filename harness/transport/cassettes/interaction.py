"""One exchange as one interaction of a vcrpy cassette, and back.

Stock vcrpy keeps unknown keys inside `response` and nowhere else, so what its format has no place
for stands there:

    asked       the request's `target` as it was asked, its `timeout_s`, and the exchange's `step`
                where it is no submission
    holds       what `body.string` is: `json` (image marks left in place), `text`, `image` (empty;
                the mark stands in `image`) or `nothing`
    transfer    the reply's headers about the bytes on the wire, which the kept body no longer fits
    pictures    mark -> what decoding told
    events      server-sent events: `name`, `at_s`, and `data` as JSON text
    timing      seconds on the recording run's clock
    size_bytes  of the reply as it came
    failure     in place of a reply, under status 599: `kind`, `why`, `sent`, and what had arrived

A form is kept as a JSON list of its parts under a request header of ours, `X-Harness-Form: parts`.
"""

import json
import re
from dataclasses import asdict
from http import HTTPStatus
from typing import get_args

from vcr.request import Request as VcrRequest

from harness.core.exchange import (
    Event,
    Exchange,
    Failure,
    FailureKind,
    Part,
    Picture,
    PictureState,
    Reply,
    Request,
    Step,
    Times,
)
from harness.core.jsonvalue import Json
from harness.transport.foreign import fields
from harness.transport.address import uri_of
from harness.transport.foreign.headers import Headers, joined_headers, listed_headers

NO_REPLY = 599
SUBMIT: Step = "submit"
FORM_HEADER = ("X-Harness-Form", "parts")

_DIGEST = re.compile(r"[0-9a-f]{64}")
_FORMAT = re.compile(r"[a-z0-9]{1,20}")


def to_interaction(exchange: Exchange, *, base_url: str) -> tuple[VcrRequest, dict[str, object]]:
    """Return the request and the response as vcrpy's `serialize` takes them."""
    request = exchange.request
    headers = joined_headers(request.headers)
    body = None if request.body is None else _compact(request.body)
    if request.form is not None:
        headers.update([FORM_HEADER])
        body = _compact([_given(asdict(part)) for part in request.form])
    response: dict[str, object]
    if isinstance(exchange.answer, Failure):
        response = _no_reply(exchange.answer)
    else:
        response = _replied(exchange.answer)
    asked: dict[str, object] = {"target": request.target, "timeout_s": request.timeout_s}
    response["asked"] = asked if exchange.step == SUBMIT else {**asked, "step": exchange.step}
    response["timing"] = _given(asdict(exchange.times))
    return VcrRequest(request.method, uri_of(request.target, base_url), body, headers), response


def from_interaction(interaction: object) -> Exchange:
    """Return the exchange behind an interaction written by `to_interaction`; raises ValueError."""
    entry = fields.mapping_of(interaction, "an interaction")
    response = fields.mapping_of(entry.get("response"), "response")
    timing = fields.mapping_of(response.get("timing"), "timing")
    asked = fields.mapping_of(response.get("asked"), "asked")
    answer: Reply | Failure
    if "failure" in response:
        answer = _failure(fields.mapping_of(response["failure"], "failure"))
    else:
        answer = _reply(response)
    return Exchange(
        request=_request(fields.mapping_of(entry.get("request"), "request"), asked),
        answer=answer,
        times=Times(
            due_s=fields.number_of(timing, "due_s"),
            sent_s=fields.number_of(timing, "sent_s"),
            end_s=fields.number_of(timing, "end_s"),
            headers_s=fields.optional_number(timing, "headers_s"),
            first_byte_s=fields.optional_number(timing, "first_byte_s"),
            dns_s=fields.optional_number(timing, "dns_s"),
            connect_s=fields.optional_number(timing, "connect_s"),
            tls_s=fields.optional_number(timing, "tls_s"),
            written_s=fields.optional_number(timing, "written_s"),
            decode_s=fields.optional_number(timing, "decode_s"),
        ),
        step=_step(fields.optional_text(asked, "step") or SUBMIT),
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
        response["pictures"] = {
            key: _given(asdict(picture)) for key, picture in reply.pictures.items()
        }
    if reply.events:
        response["events"] = [
            {"name": event.name, "at_s": event.at_s, "data": _compact(event.data)}
            for event in reply.events
        ]
    return response


def _held(reply: Reply) -> dict[str, object]:
    if isinstance(reply.document, str) and reply.document in reply.pictures:
        return {"body": {"string": ""}, "holds": "image", "image": reply.document}
    if reply.document is not None:
        return {"body": {"string": _compact(reply.document)}, "holds": "json"}
    if reply.text is not None:
        return {"body": {"string": reply.text}, "holds": "text"}
    return {"body": {"string": ""}, "holds": "nothing"}


def _no_reply(failure: Failure) -> dict[str, object]:
    told: dict[str, object] = {"kind": failure.kind, "why": failure.why, "sent": failure.sent}
    if failure.partial is not None:
        told["partial"] = _replied(failure.partial)
    return {
        "status": {"code": NO_REPLY, "message": "no reply"},
        "headers": {},
        "body": {"string": ""},
        "failure": told,
    }


def _step(word: str) -> Step:
    steps: tuple[Step, ...] = get_args(Step)
    for known in steps:
        if word == known:
            return known
    raise ValueError(f"a step is {word[:80]}")


def _request(entry: dict[str, object], asked: dict[str, object]) -> Request:
    headers = _pairs(entry.get("headers"))
    held = fields.optional_text(entry, "body")
    body: Json = None if held is None else json.loads(held)
    form = None
    if FORM_HEADER in headers:
        headers = tuple(pair for pair in headers if pair != FORM_HEADER)
        form = tuple(_part(fields.mapping_of(part, "a part")) for part in fields.mappings_of(body, "form"))
        body = None
    return Request(
        method=fields.text_of(entry, "method"),
        target=fields.text_of(asked, "target"),
        headers=headers,
        body=body,
        form=form,
        timeout_s=fields.number_of(asked, "timeout_s"),
    )


def _pairs(headers: object) -> Headers:
    pairs: list[tuple[str, str]] = []
    for name, values in fields.mapping_of(headers, "headers").items():
        listed_values = fields.mappings_of(values, f"header {name}")
        pairs += [(name, fields.text_of({name: value}, name)) for value in listed_values]
    return tuple(pairs)


def _part(entry: dict[str, object]) -> Part:
    return Part(
        name=fields.text_of(entry, "name"),
        value=fields.optional_text(entry, "value"),
        filename=fields.optional_text(entry, "filename"),
        media_type=fields.optional_text(entry, "media_type"),
        digest=fields.optional_text(entry, "digest"),
        size_bytes=fields.optional_integer(entry, "size_bytes"),
        width_px=fields.optional_integer(entry, "width_px"),
        height_px=fields.optional_integer(entry, "height_px"),
        alpha=fields.optional_boolean(entry, "alpha"),
    )


def _reply(response: dict[str, object]) -> Reply:
    status = fields.mapping_of(response.get("status"), "status")
    text = fields.text_of(fields.mapping_of(response.get("body"), "body"), "string")
    holds = fields.text_of(response, "holds")
    document: Json = json.loads(text) if holds == "json" else None
    if holds == "image":
        document = fields.text_of(response, "image")
    pictures = fields.mapping_of(response.get("pictures", {}), "pictures")
    events = fields.mappings_of(response.get("events"), "events")
    return Reply(
        status=fields.integer_of(status, "code"),
        headers=_pairs(response.get("headers")) + _pairs(response.get("transfer", {})),
        document=document,
        text=text if holds == "text" else None,
        pictures={key: _picture(fields.mapping_of(value, key)) for key, value in pictures.items()},
        events=tuple(_event(fields.mapping_of(event, "an event")) for event in events),
        size_bytes=fields.integer_of(response, "size_bytes"),
    )


def _picture(entry: dict[str, object]) -> Picture:
    digest, kind = fields.text_of(entry, "digest"), fields.text_of(entry, "format")
    state = fields.text_of(entry, "state")
    # The digest and the format make a file name: a recording must not choose which file is read.
    if state != "absent" and not (_DIGEST.fullmatch(digest) and _FORMAT.fullmatch(kind)):
        raise ValueError(f"a picture's digest or format is none: {digest[:80]}, {kind[:80]}")
    for known in get_args(PictureState):
        if state == known:
            return Picture(
                digest=digest,
                format=kind,
                size_bytes=fields.integer_of(entry, "size_bytes"),
                state=known,
                width_px=fields.optional_integer(entry, "width_px"),
                height_px=fields.optional_integer(entry, "height_px"),
                alpha=fields.optional_boolean(entry, "alpha"),
                why=fields.optional_text(entry, "why") or "",
            )
    raise ValueError(f"a picture's state is {state[:80]}")


def _event(entry: dict[str, object]) -> Event:
    data: Json = json.loads(fields.text_of(entry, "data"))
    return Event(name=fields.text_of(entry, "name"), at_s=fields.number_of(entry, "at_s"), data=data)


def _failure(entry: dict[str, object]) -> Failure:
    kind = fields.text_of(entry, "kind")
    partial = entry.get("partial")
    for known in get_args(FailureKind):
        if kind == known:
            return Failure(
                kind=known,
                why=fields.text_of(entry, "why"),
                sent=bool(fields.optional_boolean(entry, "sent")),
                partial=None if partial is None else _reply(fields.mapping_of(partial, "partial")),
            )
    raise ValueError(f"a failure's kind is {kind[:80]}")
