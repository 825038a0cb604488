"""Records built by hand, and replies driven through the wire as a transport hands them over."""

import base64
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

from PIL import Image

from harness.checks.judge import judge_records
from harness.core.case import Case, Expect, PlannedRequest
from harness.core.exchange import Exchange, Failure, Picture, Reply, Request, Times
from harness.core.jsonvalue import Json
from harness.core.outcome import (
    Declared,
    ErrorClass,
    ErrorReply,
    Images,
    Outcome,
    Refused,
    Usage,
)
from harness.core.record import Provenance, Record
from harness.core.verdict import Finding, Status, Verdict
from harness.diagnosis.findings import findings
from harness.spec import price
from harness.spec.request import build_request
from harness.transport.bodies.body import read_body
from harness.transport.bodies.images import ImageCollector
from harness.wire.protocol import speak
from harness.wire.retry import Answer, Send
from tests.shipped import shipped_provider as shipped

LIVE = Provenance(kind="live", source="https://images.test", date="2026-12-01", by="qa")

BASE: dict[str, dict[str, Json]] = {
    "buble": {"model": "openai/gpt-image-2", "mode": "text_to_image", "prompt": "a fox"},
    "sub2api": {"model": "gpt-image-2", "prompt": "a fox", "n": 1, "quality": "low"},
    "apiframe": {"model": "gpt-image-2", "prompt": "a fox", "quality": "low"},
    "nanobanana": {"model": "gpt-image-2", "prompt": "a fox", "quality": "low"},
    "aimlapi": {"model": "openai/gpt-image-2", "prompt": "a fox"},
}
"""A plain valid request for each provider."""


def case(  # noqa: PLR0913 - a case has this many parts
    name: str = "sub2api",
    *,
    expect: Expect = "accept",
    about: str | None = None,
    breaks: str | None = None,
    covers: tuple[str, ...] = (),
    id: str = "",  # noqa: A002 - the field's own name
    **changes: Json,
) -> Case:
    """Build a case from the plain request; a change to None leaves its argument out."""
    given: dict[str, Json] = {**BASE[name], **changes}
    arguments: dict[str, Json] = {k: v for k, v in given.items() if v is not None}
    return Case(
        id=f"generate/{id or about or breaks or 'plain'}",
        provider=name,
        operation="generate",
        expect=expect,
        about=about or breaks,
        breaks=breaks,
        covers=covers,
        arguments=arguments,
    )


def shot(asked: Case) -> PlannedRequest:
    shop = shipped(asked.provider)
    operation = shop.operation(asked.operation)
    listed = price.price_of(shop, operation, asked.arguments)
    return PlannedRequest(
        case=asked,
        request=build_request(shop, operation, asked.arguments),
        price=price.free_price(shop) if asked.expect == "refuse" else listed,
        at_risk=listed,
    )


def record(
    asked: Case, outcome: Outcome | None, *, answers: Sequence[Answer] = (), skipped: str = ""
) -> Record:
    made = shot(asked)
    return Record(
        shot=made,
        evidence=LIVE,
        outcome=outcome,
        exchanges=tuple(_exchange(made.request, answer) for answer in answers),
        skipped=skipped or None,
    )


def _exchange(sent: Request, answer: Answer) -> Exchange:
    return Exchange(request=sent, answer=answer, times=Times(due_s=0, sent_s=0, end_s=1))


def picture(
    width: int = 1024, height: int = 1024, *, kind: str = "png", number: int = 0
) -> Picture:
    return Picture(
        digest=f"{number:064x}",
        format=kind,
        size_bytes=1000,
        state="decoded",
        width_px=width,
        height_px=height,
    )


def broken_picture(why: str = "truncated") -> Picture:
    return Picture(digest="0", format="unknown", size_bytes=3, state="undecodable", why=why)


def absent_picture(why: str = "the recording holds no bytes") -> Picture:
    return Picture(digest="", format="unknown", size_bytes=0, state="absent", why=why)


def served(  # noqa: PLR0913 - an outcome has this many parts
    *pictures: Picture,
    size: str | None = None,
    quality: str | None = None,
    output_format: str | None = None,
    usage: Usage | None = None,
    charged: str | None = None,
    missing: tuple[str, ...] = (),
) -> Images:
    return Images(
        pictures=pictures,
        declared=Declared(size=size, quality=quality, output_format=output_format),
        usage=usage,
        charged=None if charged is None else Decimal(charged),
        missing=missing,
    )


def refused(
    message: str = "Invalid value",
    *,
    error_class: ErrorClass = "validation",
    status: int = 400,
    code: str | None = "invalid_value",
    parameter: str | None = None,
) -> Refused:
    return Refused(
        error=ErrorReply(
            error_class=error_class,
            status=status,
            code=code,
            message=message,
            parameter=parameter,
            recognised=True,
        )
    )


def verdicts(*records: Record) -> tuple[Verdict, ...]:
    said = judge_records(
        records, {r.shot.case.provider: shipped(r.shot.case.provider) for r in records}
    )
    return tuple(said)


def said(check: str, *records: Record) -> list[Status]:
    """Return what one check says, in the order of its words."""
    return [verdict.status for verdict in verdicts(*records) if verdict.check == check]


def failures(*records: Record) -> list[tuple[str, str]]:
    """Return the failed checks with their reasons."""
    return [(one.check, one.why) for one in verdicts(*records) if one.status == "fail"]


def found(*records: Record) -> tuple[Finding, ...]:
    shops = {r.shot.case.provider: shipped(r.shot.case.provider) for r in records}
    return findings(records, judge_records(records, shops), shops)


# ------------------------------------------------------------------------- replies over the wire
def image_bytes(
    width: int = 1024, height: int = 1024, *, kind: str = "PNG", mode: str = "RGB", grey: int = 0
) -> bytes:
    written = io.BytesIO()
    colour = (grey,) * len(Image.new(mode, (1, 1)).getbands())
    Image.new(mode, (width, height), colour).save(written, kind)
    return written.getvalue()


def base64_image(width: int = 1024, height: int = 1024, *, kind: str = "PNG", grey: int = 0) -> str:
    return base64.b64encode(image_bytes(width, height, kind=kind, grey=grey)).decode()


def reply(body: bytes, *, status: int = 200) -> Reply:
    """Read a body as the transport does, its images taken out."""
    read = read_body(body, ImageCollector(lambda _name, _raw: None))
    return Reply(status=status, document=read.document, text=read.text, pictures=read.pictures)


def spoken(asked: Case, answers: Iterable[Answer]) -> Record:
    """Drive the wire over these answers, in their order, and return the record."""
    made = shot(asked)
    shop = shipped(asked.provider)
    wire = speak(shop, shop.operation(asked.operation), made)
    coming = iter(answers)
    exchanges: list[Exchange] = []
    answer: Answer | None = None
    try:
        while True:
            step = wire.send(answer)
            answer = None
            if isinstance(step, Send):
                answer = next(coming, Failure(kind="network", why="no more replies", sent=True))
                exchanges.append(_exchange(step.request, answer))
    except StopIteration as done:
        return Record(shot=made, evidence=LIVE, outcome=done.value, exchanges=tuple(exchanges))
