"""Traffic recorded elsewhere, turned back into cases and driven through the same wire."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from harness.cases.tokens import tokens
from harness.core.case import Case, Expect, Shot
from harness.core.exchange import Exchange, Failure, Request
from harness.core.outcome import Outcome
from harness.core.record import Evidence, Record
from harness.spec import price
from harness.spec.dialect import Reading, read
from harness.spec.judge import broken
from harness.spec.provider import Constraint, Operation, Provider
from harness.spec.rules import OneOf
from harness.transport.pictures import Pictures
from harness.transport.recordings import Foreign, Recording
from harness.transport.recordings import read as read_recording
from harness.wire.protocol import speak
from harness.wire.step import Send


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What a file held: records of the provider, and what is none of its exchanges, by name."""

    path: Path
    format: str
    records: tuple[Record, ...]
    strangers: tuple[str, ...]
    unreadable: tuple[str, ...]


def judge_file(path: Path, provider: Provider, pictures: Pictures) -> Traffic:
    """Read one recording and turn the provider's exchanges in it into records.

    Polls and downloads belong to the request that they follow up. Raises RecordingError where the
    file is no recording.
    """
    recording = read_recording(path, pictures)
    pool = _Pool(list(recording.exchanges))
    records = []
    for foreign in recording.exchanges:
        reading = _reading(provider, foreign)
        if reading is not None:
            pool.take(foreign)
            records.append(_record(provider, reading, foreign, recording, pool))
    return Traffic(
        path=path,
        format=recording.format,
        records=tuple(records),
        strangers=tuple(_name(foreign) for foreign in pool.left),
        unreadable=recording.unreadable,
    )


@dataclass(slots=True)
class _Pool:
    """The exchanges of a file that nobody has claimed yet."""

    left: list[Foreign] = field(default_factory=list)

    def take(self, foreign: Foreign) -> None:
        self.left.remove(foreign)

    def answer(self, request: Request) -> Exchange | None:
        """Hand out the next exchange that made this request, a poll or a download."""
        wanted = urlsplit(request.target)
        for foreign in self.left:
            made = foreign.exchange.request
            same_path = foreign.path == wanted.path or (
                not wanted.scheme and foreign.path.endswith(wanted.path)
            )
            if made.method.upper() == request.method and same_path:
                self.left.remove(foreign)
                return foreign.exchange
        return None


def _reading(provider: Provider, foreign: Foreign) -> Reading | None:
    request = foreign.exchange.request
    return read(provider, request.method, foreign.path, request.body, request.form)


def _record(
    provider: Provider, reading: Reading, foreign: Foreign, recording: Recording, pool: _Pool
) -> Record:
    shot = _shot(provider, reading, foreign, recording)
    operation = provider.operation(reading.operation)
    outcome, exchanges = _replayed(provider, operation, shot, foreign.exchange, pool)
    return Record(
        shot=shot,
        evidence=Evidence(
            kind="recorded",
            source=foreign.host or "unknown",
            date=foreign.recorded or "unknown",
            by=recording.path.name,
        ),
        outcome=outcome,
        exchanges=tuple(exchanges),
    )


def _replayed(
    provider: Provider, operation: Operation, shot: Shot, sent: Exchange, pool: _Pool
) -> tuple[Outcome, list[Exchange]]:
    """Drive the wire over what was recorded; what was not is a failure that convicts nobody."""
    wire = speak(provider, operation, shot)
    exchanges: list[Exchange] = []
    answer = None
    try:
        while True:
            step = wire.send(answer)
            answer = None
            if isinstance(step, Send):
                first = not exchanges
                found = sent if first else pool.answer(step.request)
                if found is not None:
                    exchanges.append(found)
                    answer = found.answer
                else:
                    why = f"{step.request.method} {step.request.target} was not recorded"
                    answer = Failure(kind="not_on_tape", why=why, sent=False)
    except StopIteration as done:
        return done.value, exchanges


def _shot(provider: Provider, reading: Reading, foreign: Foreign, recording: Recording) -> Shot:
    operation = provider.operation(reading.operation)
    expect, breaks, why = _promise(provider, operation, reading)
    case = Case(
        id=f"{reading.operation}/{recording.path.name}#{foreign.index}",
        provider=provider.name,
        operation=reading.operation,
        expect=expect,
        about=breaks,
        breaks=breaks,
        covers=tokens(operation, reading.arguments),
        arguments=reading.arguments,
        why=why,
    )
    cost = price.of(provider, operation, reading.arguments)
    return Shot(
        case=case,
        request=foreign.exchange.request,
        price=price.free(provider) if expect == "refuse" else cost,
        at_risk=cost,
    )


def _promise(
    provider: Provider, operation: Operation, reading: Reading
) -> tuple[Expect, str | None, str]:
    """Say what the documents promise for a request as it was sent: the expectation and why.

    Only a request that breaks one documented rule and is otherwise inside the documents must be
    refused; one that breaks several, or holds what no document mentions, is looked at.
    """
    breaks, unsaid = broken(operation, reading.arguments)
    outside = [_told(item, reading) for item in (*breaks, *unsaid)]
    outside += [f"{key}: not a documented parameter" for key in reading.unknown]
    if not outside:
        return "accept", None, f"inside {provider.name}'s documents"
    why = f"outside {provider.name}'s documents: {'; '.join(outside)}"
    alone = len(outside) == 1 and len(breaks) == 1
    if alone and breaks[0].documented and not _other_subject(breaks[0]):
        return "refuse", breaks[0].id, why
    return "observe", breaks[0].id if breaks else None, why


def _told(item: Constraint, reading: Reading) -> str:
    if item.parameter not in reading.arguments:
        return f"{item.id} (missing)"
    shown = str(reading.arguments[item.parameter])
    return f"{item.id} ({shown if len(shown) <= 60 else shown[:57] + '...'})"  # noqa: PLR2004


def _other_subject(constraint: Constraint) -> bool:
    """Tell whether breaking a rule only means that the request is about another model."""
    return isinstance(constraint.rule, OneOf) and constraint.rule.other_models


def _name(foreign: Foreign) -> str:
    request = foreign.exchange.request
    return f"#{foreign.index} {request.method.upper()} {foreign.host}{foreign.path}"


def notes(traffic: Sequence[Traffic], provider: Provider) -> tuple[str, ...]:
    """Return one sentence for everything in the files that was not judged."""
    found = []
    for one in traffic:
        found += [
            f"{one.path.name}: {name} is no exchange that {provider.name}'s documents describe"
            for name in one.strangers
        ]
        found += [f"{one.path.name}: {reason}" for reason in one.unreadable]
    return tuple(found)
