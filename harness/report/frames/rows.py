"""The rows of the frames: plain values by the name of their column; what is missing is left out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from harness.core.exchange import Reply, submission
from harness.core.jsonvalue import canonical
from harness.core.money import currency
from harness.core.outcome import Fault, Images, Refused
from harness.core.rate import Rate, rate_of
from harness.core.record import ClockReading, Record
from harness.core.verdict import Verdict
from harness.report.model import Shown
from harness.stats.conformance.time_to_images import seconds_to_images

Row = dict[str, object]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_S = 7_258_118_400
"""The year 2200: a clock that shows later is none, and pandas' nanoseconds end soon after."""


def attempt_row(record: Record, clocks: Sequence[ClockReading] = ()) -> Row:
    """Return a request as a row of attempts; `clocks` are its provider's, for the day it left."""
    planned, case = record.shot, record.shot.case
    sent = submission(record.exchanges)
    replies = [exchange.answer for exchange in record.exchanges]
    row: Row = {
        "provider": case.provider,
        "operation": case.operation,
        "case": case.id,
        "stage": case.stage,
        "expect": case.expect,
        "breaks": case.breaks,
        "evidence": record.evidence.kind,
        "provenance": record.evidence.words,
        "arguments_json": canonical(case.arguments),
        "skipped": record.skipped,
        "exchanges": len(record.exchanges),
        "images_asked": planned.at_risk_once.images,
        "seconds_to_images": seconds_to_images(record),
        "reply_bytes": sum(reply.size_bytes for reply in replies if isinstance(reply, Reply)),
        "unit": planned.price.unit,
        "listed_amount": float(planned.price.amount),
    }
    if sent is not None:
        row |= {"due_s": sent.times.due_s, "sent_s": sent.times.sent_s}
        row |= {"end_s": record.exchanges[-1].times.end_s}
        row |= {"status": sent.answer.status if isinstance(sent.answer, Reply) else None}
        row |= {"sent_at": _moment(sent.times.sent_s, clocks)}
    if (slot := planned.slot) is not None:
        row |= {"workload": slot.workload, "block": slot.block, "warm_up": slot.warm_up}
    return row | _outcome(record)


def _moment(at_s: float, clocks: Sequence[ClockReading]) -> datetime | None:
    """Return a time of the run's own clock as a moment; None where nobody read both clocks."""
    before = [clock for clock in clocks if clock.at_s <= at_s] or clocks[:1]
    if not before:
        return None
    unix_s = before[-1].unix_s + at_s - before[-1].at_s
    return _EPOCH + timedelta(seconds=unix_s) if 0 <= unix_s < _LATEST_S else None


def _outcome(record: Record) -> Row:
    match record.outcome:
        case None:
            return {"images": 0}
        case Images(pictures=pictures, charged=charged):
            first = pictures[0] if pictures else None
            return {
                "outcome": "images",
                "images": len(pictures),
                "width_px": first and first.width_px,
                "height_px": first and first.height_px,
                "format": first and first.format,
                "charged_amount": None if charged is None else float(charged),
            }
        case Refused(error=error):
            return {
                "outcome": "refused",
                "images": 0,
                "error_class": error.error_class,
                "error_message": error.message,
            }
        case Fault() as fault:
            return {
                "outcome": "fault",
                "images": 0,
                "images_may_be_paid": record.shot.at_risk.images if fault.may_be_paid else 0,
                "error_class": fault.error_class,
                "error_message": fault.why,
            }


def verdict_row(verdict: Verdict) -> Row:
    """Return a verdict as a row."""
    return asdict(verdict)


def finding_row(shown: Shown) -> Row:
    """Return a finding as a row."""
    finding = shown.finding
    return {
        "provider": finding.provider,
        "operation": finding.operation,
        "promise": finding.constraint or "+".join(finding.combination) or finding.check,
        "check": finding.check,
        "standing": finding.standing,
        "known": shown.known is not None,
        "evidence": finding.record.evidence.kind,
        "expected": finding.expected,
        "observed": finding.observed,
        "failed": finding.failed,
        "tried": finding.tried,
        "case": finding.record.shot.case.id,
        "request_json": canonical(finding.record.shot.case.arguments),
        "curl": shown.curl,
        "source": shown.source,
        "doubt": finding.doubt or None,
        "reproduction": shown.reproduction.folder,
    }


def price_rows(record: Record, rates: Mapping[str, Rate]) -> Iterator[Row]:
    """Yield the prices of a request that was sent; none of one that the documents give away."""
    planned, outcome = record.shot, record.outcome
    if outcome is None:
        return
    price = planned.price
    if price.amount or price.images:
        yield _price(record, "listed", price.amount, price.images, rates) | {
            "at_most": price.at_most
        }
    if isinstance(outcome, Images) and outcome.charged is not None:
        yield _price(record, "charged", outcome.charged, len(outcome.pictures), rates) | {
            "at_most": False
        }


def _price(
    record: Record, source: str, amount: Decimal, images: int, rates: Mapping[str, Rate]
) -> Row:
    case, unit = record.shot.case, record.shot.price.unit
    rate = rate_of(case.provider, unit, rates)
    worth = None if rate is None else amount * rate.usd
    usd = amount if currency(unit) == "usd" else worth
    row: Row = {
        "provider": case.provider,
        "operation": case.operation,
        "case": case.id,
        "expect": case.expect,
        "evidence": record.evidence.kind,
        "source": source,
        "unit": unit,
        "amount": float(amount),
        "images": images,
        "usd": None if usd is None else float(usd),
    }
    if images:
        row["amount_per_image"] = float(amount / images)
        row["usd_per_image"] = None if usd is None else float(usd / images)
    return row
