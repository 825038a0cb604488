"""When a request left and its images came, on two clocks: ours, and the `Date` of its replies."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import inf

from harness.core.exchange import Exchange, Reply
from harness.core.record import ClockReading, Record

PROCESSING = "openai-processing-ms"
"""The header by which OpenAI says how long it worked: never longer than the whole round trip."""

LONGEST_PROCESSING_S = 3_600.0
"""What a header says beyond this is no duration of a request."""

DATE_RESOLUTION_S = 1.0
"""A `Date` is cut to the whole second."""

DATE_KEPT_S = 5.0
"""How old a `Date` may be that a busy server wrote once for many replies: 1 to 2 s were seen."""

_ELSEWHERE = ("download", "deliveries")
"""Round trips with other hosts than the provider's own."""

_BESIDE = ("upload", "download", "cancel", "follow_up", "deliveries")
"""Round trips that neither ask for images nor say that they are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time of a request on one clock, in seconds since 1970 in UTC.

    `left_s` is when it left, or earlier; missing where that is not known. `came_s` is when the
    reply that holds or names its images was there: their download, where there is one, is left out.
    """

    left_s: float | None
    came_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One request on our wall clock and on that of its replies; None where there is no such clock.

    In a live run `came_s` of both is on our clock, and `clock_offset` says how far off that is.
    `noted_s` is when a recorder noted the request by a clock of its own, to some minutes.
    """

    ours: Window | None = None
    theirs: Window | None = None
    noted_s: float | None = None


def wall_s(readings: Sequence[ClockReading], at_s: float) -> float | None:
    """Return what our wall clock showed at a moment of the run's clock; None without a reading.

    The last reading before it counts: a run that goes on after days has read both clocks again.
    """
    before = [reading for reading in readings if reading.at_s <= at_s]
    reading = before[-1] if before else next(iter(readings), None)
    return None if reading is None else reading.unix_s + (at_s - reading.at_s)


def unix_s(text: str | None) -> float | None:
    """Return an ISO 8601 moment in seconds since 1970; None for what is none, or has no zone."""
    if text is None or "T" not in text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.timestamp() if moment.tzinfo is not None else None
    except (ValueError, OverflowError, OSError):
        return None


def dated_s(exchange: Exchange) -> float | None:
    """Return the `Date` of a reply, in seconds since 1970; None where it has none that is one."""
    text = exchange.answer.header("date") if isinstance(exchange.answer, Reply) else None
    try:
        moment = parsedate_to_datetime(text) if text else None
        if moment is None:
            return None
        # RFC 9110: a Date is in UTC; one without a zone reads so, too.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None


def timing(record: Record, readings: Sequence[ClockReading]) -> Timing:
    """Return when a record's request left and its images came, on both clocks.

    It left with its first submission: where it was sent again, the images may be those of the
    first. `readings` are the run's; those of a replay or of somebody else's recording are none.
    """
    first, last = _submission(record.exchanges), _delivery(record.exchanges)
    if first is None or last is None:
        return Timing()
    if record.evidence.kind == "recorded" or not readings:
        date = record.evidence.date
        return Timing(theirs=_recorded(first, last, date), noted_s=unix_s(date))
    left, came = (wall_s(readings, at_s) for at_s in (first.times.sent_s, last.times.end_s))
    if left is None or came is None:
        return Timing()
    theirs = _left_by_date(first, record.exchanges)
    return Timing(
        ours=Window(left_s=left, came_s=came),
        theirs=None if theirs is None else Window(left_s=theirs, came_s=came),
    )


def _left_by_date(first: Exchange, exchanges: Sequence[Exchange]) -> float | None:
    """Return the departure by the `Date` of the submission's reply; of others where it has none.

    That `Date` was written between the request's departure and the headers' arrival, wherever in
    between: less the time from the one to the other it is no later than the departure.
    """
    dates = [
        dated - (_headers_s(exchange) - first.times.sent_s)
        for exchange in ([first] if dated_s(first) is not None else exchanges)
        if (dated := dated_s(exchange)) is not None
    ]
    return min(dates, default=None)


def clock_offset(records: Iterable[Record], readings: Sequence[ClockReading]) -> float | None:
    """Return by how many seconds the clock of a provider's replies is ahead of ours.

    A `Date` was written between a request's departure and the arrival of its reply's headers,
    nobody says when: some servers write it as a request comes, and others as their reply begins.
    So each bounds the difference from both sides; a clock that no `Date` disproves is right: 0.
    One that is disproved is off by what the latest `Date` says, as if written as a reply began.
    None without any `Date`, of recordings, and where the Dates disprove one another.
    """
    bounds = (
        (dated - came_s, dated + DATE_RESOLUTION_S + DATE_KEPT_S - left_s)
        for record in records
        if record.evidence.kind != "recorded"
        for exchange in record.exchanges
        if exchange.step not in _ELSEWHERE
        and (dated := dated_s(exchange)) is not None
        and (came_s := wall_s(readings, _headers_s(exchange))) is not None
        and (left_s := wall_s(readings, exchange.times.sent_s)) is not None
    )
    least, most = -inf, inf
    for low, high in bounds:
        least, most = max(least, low), min(most, high)
    if least > most or least == -inf:
        return None
    return 0.0 if least <= 0 <= most else least


def _recorded(first: Exchange, last: Exchange, recorded: str) -> Window | None:
    """Return the window by the `Date` of recorded replies, or by the day and time of recording.

    How long the request took says the recording, else OpenAI's own header, else nobody.
    """
    said = dated_s(last)
    came = unix_s(recorded) if said is None else said + DATE_RESOLUTION_S / 2
    if came is None:
        return None
    began = dated_s(first)
    if began is None:
        began = came
    took = max(first.times.end_s - first.times.sent_s, _processing_s(first))
    return Window(left_s=began - took if took > 0 else None, came_s=came)


def _processing_s(exchange: Exchange) -> float:
    text = exchange.answer.header(PROCESSING) if isinstance(exchange.answer, Reply) else None
    try:
        seconds = float(text or 0) / 1000
    except ValueError:
        return 0.0
    return seconds if 0 <= seconds <= LONGEST_PROCESSING_S else 0.0


def _headers_s(exchange: Exchange) -> float:
    times = exchange.times
    return times.end_s if times.headers_s is None else times.headers_s


def _submission(exchanges: Sequence[Exchange]) -> Exchange | None:
    return next((exchange for exchange in exchanges if exchange.step == "submit"), None)


def _delivery(exchanges: Sequence[Exchange]) -> Exchange | None:
    """Return the round trip that held or named the images: the last of those that ask for them."""
    asking = [exchange for exchange in exchanges if exchange.step not in _BESIDE]
    return asking[-1] if asking else None
