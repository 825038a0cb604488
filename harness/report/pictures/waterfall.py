"""Where the time of one request went."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from harness.core.exchange import Exchange, Reply, submission
from harness.core.outcome import Images
from harness.core.record import Record
from harness.report.benchmark.words import name
from harness.report.charts.axis import Axis, time_axis
from harness.report.text import one_line, seconds
from harness.spec.expressions import first_match
from harness.spec.lifecycle import Job, ended_between
from harness.spec.provider import Operation, Provider
from harness.stats.conformance.time_to_images import NEEDED, seconds_to_images
from harness.store.spool import Picked

PartKind = Literal[
    "late",
    "files",
    "connect",
    "send",
    "wait",
    "reply",
    "job",
    "end",
    "result",
    "download",
    "decode",
]
"""`late`: not yet sent, by our own fault; `wait`: until the status came; `job`: known to be under
way; `end`: the job ended somewhere in it, no poll tells where."""

WORDS: Mapping[PartKind, str] = {
    "late": "late by us",
    "files": "sending files",
    "connect": "connecting",
    "send": "sending the request",
    "wait": "waiting for the status",
    "reply": "reading the reply",
    "job": "job under way",
    "end": "job ended in here",
    "result": "asking for the result",
    "download": "download",
    "decode": "decoding",
}


@dataclass(frozen=True, slots=True)
class Span:
    """A part with its begin and end in seconds; a job's with the state that polls saw it in."""

    kind: PartKind
    begin_s: float
    end_s: float
    state: str = ""

    @property
    def text(self) -> str:
        """What it is and how long it took."""
        state = f" ({one_line(self.state, 40)})" if self.state else ""
        return f"{WORDS[self.kind]}{state} {seconds(self.end_s - self.begin_s)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterfallPart:
    """A part of a request, in percent of the axis; `text` says what it is and how long it took."""

    kind: PartKind
    x: float
    width: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterfallRow:
    """One provider's typical request: the served one of which `n` are as fast or as slow.

    `polls` are the places at which we asked for the job.
    A row without parts says in `why` that the recording kept no times.
    """

    provider: str
    emulated: bool
    case: str
    n: int
    total: str
    parts: tuple[WaterfallPart, ...]
    polls: tuple[float, ...]
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """One workload's or operation's typical requests on one axis; `measured` in a benchmark."""

    title: str
    measured: bool
    axis: Axis
    rows: tuple[WaterfallRow, ...]


def waterfalls(
    records: Sequence[Record],
    providers: Mapping[str, Provider],
) -> tuple[Waterfall, ...]:
    """Return the typical served request of each provider, on an axis for each operation.

    A benchmark has an axis for each workload instead. Typical is the one whose time is the median
    (the lower of the two middle ones) of the valid requests that were served.
    """
    groups: dict[tuple[bool, str], dict[str, array[int]]] = {}
    for at, record in enumerate(records):
        case, slot = record.shot.case, record.shot.slot
        valid = case.expect == "accept" or (slot is not None and not slot.warm_up)
        if valid and isinstance(record.outcome, Images):
            place = (slot is not None, slot.workload if slot else case.operation)
            groups.setdefault(place, {}).setdefault(case.provider, array("Q")).append(at)
    drawn = (
        _waterfall(place, {name: Picked(records, at) for name, at in of.items()}, providers)
        for place, of in groups.items()
    )
    return tuple(each for each in drawn if each is not None)


def _waterfall(
    place: tuple[bool, str], of: Mapping[str, Sequence[Record]], providers: Mapping[str, Provider]
) -> Waterfall | None:
    typical = {provider: _typical(records) for provider, records in of.items()}
    spans = {
        provider: _spans(record, providers[provider])
        for provider, (record, _) in typical.items()
        if record is not None
    }
    axis = time_axis([span.end_s for parts in spans.values() for span in parts], log=False)
    if axis is None:
        return None
    rows = [
        _row(record, spans[provider], axis, timed)
        if record is not None
        else _untimed(of[provider][0])
        for provider, (record, timed) in typical.items()
    ]
    return Waterfall(title=name(place[1]), measured=place[0], axis=axis, rows=tuple(rows))


def _typical(records: Sequence[Record]) -> tuple[Record | None, int]:
    """Return the record whose time is the (lower) median, and how many have a time.

    None where no time is known.
    """
    times_s, places = array("d"), array("Q")
    for at, record in enumerate(records):
        time_s = seconds_to_images(record)
        if time_s:
            times_s.append(time_s)
            places.append(at)
    if not times_s:
        return None, 0
    ranked = np.sort(times_s)
    middle = (len(ranked) - 1) // 2
    alike = [places[at] for at in np.flatnonzero(np.asarray(times_s) == ranked[middle])]
    named = sorted((records[at].shot.case.id, at) for at in alike)
    return records[named[middle - np.searchsorted(ranked, ranked[middle])][1]], len(ranked)


def _untimed(record: Record) -> WaterfallRow:
    return WaterfallRow(
        provider=record.shot.case.provider,
        emulated=record.evidence.emulated,
        case=record.shot.case.id,
        n=0,
        total="",
        parts=(),
        polls=(),
        why="served, but the recording kept no times: the parts cannot be known",
    )


def _row(record: Record, spans: Sequence[Span], axis: Axis, n: int) -> WaterfallRow:
    case, start_s = record.shot.case, _start_s(record)
    polls = [one for one in record.exchanges if one.step == "poll"]
    return WaterfallRow(
        provider=case.provider,
        emulated=record.evidence.emulated,
        case=one_line(case.id, 120),
        n=n,
        total=seconds(max(span.end_s for span in spans)),
        parts=tuple(_part(span, axis) for span in spans),
        polls=tuple(axis.place(one.times.sent_s - start_s) for one in polls),
    )


def _part(span: Span, axis: Axis) -> WaterfallPart:
    left, right = axis.place(span.begin_s), axis.place(span.end_s)
    return WaterfallPart(
        kind=span.kind, x=left, width=round(max(right - left, 0.0), 2), text=span.text
    )


def _state(job: Job, one: Exchange) -> str:
    """Return the state that a reply names; empty where it names none."""
    document = one.answer.document if isinstance(one.answer, Reply) else None
    state = first_match(job.state, document)
    return state if isinstance(state, str) else ""


def _start_s(record: Record) -> float:
    """Return when a request was due, in a benchmark; else when the first of it left."""
    first = record.exchanges[0].times
    return first.due_s if record.shot.slot else first.sent_s


def _spans(record: Record, provider: Provider) -> list[Span]:
    """Return the parts in their order, in seconds from the start; those of no length are none."""
    start_s = _start_s(record)
    operation = provider.operation(record.shot.case.operation)
    spans = [
        replace(span, begin_s=max(span.begin_s - start_s, 0.0), end_s=span.end_s - start_s)
        for span in _moments(record, operation, start_s)
    ]
    return sorted(
        (span for span in spans if span.end_s > span.begin_s), key=lambda span: span.begin_s
    )


_FETCHING: Mapping[str, PartKind] = {"upload": "files", "result": "result", "download": "download"}


def _moments(record: Record, operation: Operation, start_s: float) -> Iterator[Span]:
    yield Span("late", start_s, record.exchanges[0].times.sent_s)
    sent = submission(record.exchanges)
    for one in record.exchanges:
        if one.step in _FETCHING:
            yield Span(_FETCHING[one.step], one.times.sent_s, one.times.end_s)
    if sent is not None:
        yield from _submitted(sent)
        yield from _job(operation.job, record.exchanges, sent) if operation.job else ()
    needed = [one.times for one in record.exchanges if one.step in NEEDED]
    last_s = max((times.end_s for times in needed), default=start_s)
    yield Span("decode", last_s, max((times.pixels_s for times in needed), default=start_s))


def _submitted(one: Exchange) -> Iterator[Span]:
    """Yield the parts of the request itself, as far as the connection told them."""
    times = one.times
    made_s = times.sent_s + sum(part or 0.0 for part in (times.dns_s, times.connect_s, times.tls_s))
    written_s = made_s if times.written_s is None else max(times.written_s, made_s)
    status_s = times.end_s if times.headers_s is None else max(times.headers_s, written_s)
    yield Span("connect", times.sent_s, made_s)
    yield Span("send", made_s, written_s)
    yield Span("wait", written_s, status_s)
    yield Span("reply", status_s, times.end_s)


def _job(job: Job, exchanges: Sequence[Exchange], sent: Exchange) -> Iterator[Span]:
    """Yield for how long a job is known to have been under way, and in which time it ended."""
    bounds = ended_between(job, exchanges)
    if bounds is None:
        return
    begin_s, state = sent.times.end_s, _state(job, sent)
    after_s = max(bounds[0], begin_s)
    for poll in (one for one in exchanges if one.step == "poll" and one.times.sent_s <= after_s):
        seen = _state(job, poll)
        if seen != state:  # it changed at some time since the poll before
            yield Span("job", begin_s, poll.times.sent_s, state)
            begin_s, state = poll.times.sent_s, seen
    yield Span("job", begin_s, after_s, state)
    yield Span("end", after_s, bounds[1])
