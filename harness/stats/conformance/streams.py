"""When the parts of a streamed reply came."""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from harness.core.exchange import Event, Exchange, Reply, submission
from harness.core.outcome import Images
from harness.core.record import Record
from harness.core.verdict import Estimate
from harness.spec.lifecycle import Stream
from harness.spec.provider import Provider
from harness.stats.intervals import median_estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """Medians over the served streams of one provider's operation, in seconds since departure.

    Each median has an n of its own: not every stream is asked for partial images. `events` counts
    the events of a stream, all kinds together. `untimed` streams were served without a recorded
    duration.
    """

    provider: str
    operation: str
    headers: Estimate
    first_byte: Estimate
    first_partial: Estimate
    completed: Estimate
    last_byte: Estimate
    events: Estimate
    untimed: int

    @property
    def n(self) -> int:
        """How many streams the figures rest on."""
        return self.last_byte.n


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """One stream: seconds since its request left; missing where there was none."""

    headers_s: float | None
    first_byte_s: float | None
    first_partial_s: float | None
    completed_s: float | None
    last_byte_s: float
    events: int


def streams_by_operation(
    records: Iterable[Record], providers: Mapping[str, Provider]
) -> tuple[Streams, ...]:
    """Return one row for each provider and operation of which a stream was served and timed.

    Rows stand in the order in which the records name them; KeyError for a provider not given.
    """
    groups: dict[tuple[str, str], _Arrived] = {}
    for record in records:
        case = record.shot.case
        stream = providers[case.provider].operation(case.operation).stream
        exchange = _streamed(record)
        if stream is not None and exchange is not None:
            streams = groups.setdefault((case.provider, case.operation), _Arrived())
            streams.add(stream_arrivals(stream, exchange))
    return tuple(
        _row(provider, operation, streams)
        for (provider, operation), streams in groups.items()
        if streams.times["last_byte_s"]
    )


class _Arrived:
    """When the parts of one operation's streams came: the numbers of each part by its name."""

    def __init__(self) -> None:
        self.times = {each.name: array("d") for each in fields(Arrivals)}
        self.untimed = 0

    def add(self, arrivals: Arrivals | None) -> None:
        """Add a stream; None of one without times."""
        if arrivals is None:
            self.untimed += 1
            return
        for name, times in self.times.items():
            if (at := getattr(arrivals, name)) is not None:
                times.append(at)


def stream_arrivals(stream: Stream, exchange: Exchange) -> Arrivals | None:
    """Return when the parts of a streamed reply came; None where the recording kept no times."""
    times, answer = exchange.times, exchange.answer
    if not isinstance(answer, Reply) or times.end_s <= times.sent_s:
        return None

    def since(at_s: float | None) -> float | None:
        return None if at_s is None else max(at_s - times.sent_s, 0.0)

    return Arrivals(
        headers_s=since(times.headers_s),
        first_byte_s=since(times.first_byte_s),
        first_partial_s=since(_first(answer.events, stream.partial)),
        completed_s=since(_first(answer.events, stream.completed)),
        last_byte_s=times.end_s - times.sent_s,
        events=len(answer.events),
    )


def _streamed(record: Record) -> Exchange | None:
    """Return the round trip of a served request that was answered with events."""
    sent = submission(record.exchanges)
    if sent is None or not isinstance(record.outcome, Images):
        return None
    return sent if isinstance(sent.answer, Reply) and sent.answer.events else None


def _first(events: tuple[Event, ...], name: str) -> float | None:
    return next((event.at_s for event in events if event.name == name), None)


def _row(provider: str, operation: str, streams: _Arrived) -> Streams:
    times = streams.times
    return Streams(
        provider=provider,
        operation=operation,
        headers=median_estimate(times["headers_s"]),
        first_byte=median_estimate(times["first_byte_s"]),
        first_partial=median_estimate(times["first_partial_s"]),
        completed=median_estimate(times["completed_s"]),
        last_byte=median_estimate(times["last_byte_s"]),
        events=median_estimate(map(int, times["events"]), "event"),
        untimed=streams.untimed,
    )
