"""Shots and records of made-up providers, for what decides who leaves when."""

from decimal import Decimal

from harness.core.case import Case, PlannedRequest, Price, Stage
from harness.core.exchange import Picture, Request
from harness.core.outcome import ErrorClass, ErrorReply, Fault, Images, Outcome, Refused
from harness.core.record import Record
from harness.runner.execution.budget import QueuedRequest, Reservation
from tests.runner.journals import EVIDENCE

PICTURE = Picture(digest="", format="png", size_bytes=1, state="decoded")
IMAGES = Images(pictures=(PICTURE,))


def price(amount: Decimal | str = "1", images: int = 1) -> Price:
    return Price(amount=Decimal(amount), unit="usd", images=images)


def stake(
    amount: Decimal | str = "1", images: int = 1, requests: int = 1, of: str = "generate"
) -> Reservation:
    return Reservation(operation=of, price=price(amount, images), requests=requests)


def shot(  # noqa: PLR0913 - what decides when it may leave
    name: str,
    at_risk: Price | None = None,
    *,
    breaks: str | None = None,
    depends_on: tuple[str, ...] = (),
    stage: Stage = "plan",
    follows: str | None = None,
) -> PlannedRequest:
    """A shot of `OPERATION/NAME`, to be served unless `breaks` names a rule."""
    made = Case(
        id=name,
        provider="sub2api",
        operation=name.partition("/")[0],
        expect="refuse" if breaks else "accept",
        about=breaks,
        breaks=breaks,
        covers=(),
        arguments={},
        depends_on=depends_on,
        stage=stage,
        follows=follows,
    )
    request = Request(method="POST", target="/images", body={"prompt": name})
    return PlannedRequest(case=made, request=request, price=price(), at_risk=at_risk or price())


def entry(
    one: PlannedRequest, *, requests: int = 1, already_sent: bool = False, cannot: str | None = None
) -> QueuedRequest:
    at_stake = Reservation(operation=one.case.operation, price=one.at_risk, requests=requests)
    return QueuedRequest(shot=one, reservation=at_stake, already_sent=already_sent, cannot=cannot)


def record(one: PlannedRequest, outcome: Outcome | None, *, skipped: str | None = None) -> Record:
    return Record(shot=one, evidence=EVIDENCE, outcome=outcome, skipped=skipped)


def fault(error_class: ErrorClass, why: str = "HTTP 500", *, paid: bool = False) -> Fault:
    return Fault(error_class=error_class, why=why, may_be_paid=paid)


def refused(error_class: ErrorClass = "validation", message: str = "n is too high") -> Refused:
    error = ErrorReply(
        error_class=error_class,
        status=400,
        code=None,
        message=message,
        parameter=None,
        recognised=True,
    )
    return Refused(error=error)
