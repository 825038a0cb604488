"""Traffic recorded elsewhere, turned back into cases and driven through the same wire."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from harness.core.case import Case, Expect, PlannedRequest
from harness.core.errors import RecordingError
from harness.core.exchange import Credential, Exchange, Failure, Reply
from harness.core.jsonvalue import canonical
from harness.core.outcome import Outcome
from harness.core.placeholders import WEBHOOKS
from harness.core.record import Provenance, Record
from harness.runner.recording import recorded_evidence
from harness.runner.traffic.hidden import hidden_arguments
from harness.runner.traffic.placeholders import without_placeholders
from harness.runner.traffic.pool import Pool
from harness.runner.traffic.unaddressed import lacks_address, only_reading
from harness.spec import price
from harness.spec.beside import argument_headers
from harness.spec.credentials import IN_WORDS, KEY_REQUIRED, key_constraint
from harness.spec.evaluate import tokens
from harness.spec.explain.said import TOOL, Said, said_of
from harness.spec.expressions import first_match
from harness.spec.lifecycle import job_id_of
from harness.spec.provider import Operation, Provider
from harness.spec.request import Reading, read_request
from harness.spec.rules.body import BODY
from harness.store.spool import Spool
from harness.transport.bodies.images import ImageCollector
from harness.transport.cassettes.cassette import Tape
from harness.transport.foreign.document import Watch, unwatched
from harness.transport.foreign.read import Foreign, Recording, read_recording
from harness.transport.foreign.stubs import NO_HOST
from harness.transport.outgoing import LOOPBACK
from harness.wire.errors import OK, REDIRECT
from harness.wire.protocol import speak
from harness.wire.retry import Answer, Send

INBOX_HOST = urlsplit(WEBHOOKS).hostname
ANY_ID = re.escape("{id}")


def goes_along(provider: Provider, foreign: Foreign) -> bool:
    """Tell whether an exchange only goes with a request: an upload, a poll, our inbox."""
    if foreign.host == INBOX_HOST:
        return True
    places: list[tuple[str, str]] = []
    for operation in provider.operations.values():
        places += [("POST", operation.upload.path)] if operation.upload else []
        if (job := operation.job) is not None:
            places += [("GET", path) for path in (job.poll_path, job.result_path) if path]
            places += [(job.cancel_method, job.cancel_path)] if job.cancel_path else []
    return any(
        foreign.exchange.request.method.upper() == method
        and re.search(rf"{re.escape(path).replace(ANY_ID, '[^/]+')}$", foreign.path)
        for method, path in places
    )


OUTSIDE = "outside "
"""How a case's `why` begins where its request breaks a rule or holds what no document mentions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What a file held: records of the provider, and the names of all other exchanges.

    `name` tells the file from the others that are judged with it.
    """

    name: str
    format: str
    records: Sequence[Record]
    strangers: tuple[str, ...]
    unreadable: tuple[str, ...]


def judge_file(  # noqa: PLR0913 - what is read, with what, and who hears of it
    path: Path,
    provider: Provider,
    pictures: ImageCollector,
    *,
    name: str | None = None,
    keys: Mapping[str, str] | None = None,
    watch: Watch = unwatched,
) -> Traffic:
    """Read one recording and turn the provider's exchanges in it into records.

    Polls, downloads and a client's own repetitions belong to the request that they follow up.
    `watch` receives how many bytes of the file, which is read twice, and how many interactions have
    been read. Raises RecordingError where the file is no recording.
    """
    recording = read_recording(
        path, pictures, keys=keys, headers=argument_headers(provider), watch=watch
    )
    name = name or path.name
    pool = Pool.of(provider, recording.exchanges)
    records: Spool[Record] = Spool()
    own: Provenance | None = None
    for foreign in recording.exchanges:
        if foreign.index not in pool.unclaimed:
            continue  # a repetition of an earlier request, and reported with it
        reading = _reading(provider, foreign)
        if reading is not None:
            pool.take(foreign)
            own = own if records else _own_evidence(path, recording, name)
            record = _record(provider, reading, foreign, name, pool)
            record = replace(record, evidence=own) if own else record
            records.append(_as_recorded(provider, record))
            pool.drop_repeated(foreign, provider.operation(reading.operation))
    return Traffic(
        name=name,
        format=recording.format,
        records=records,
        strangers=tuple(
            _name(foreign)
            for foreign in pool.unclaimed.values()
            if not goes_along(provider, foreign)
        ),
        unreadable=recording.unreadable,
    )


def _as_recorded(provider: Provider, record: Record) -> Record:
    """Return a record with its placeholders absent; our own emulator's replies have none."""
    if record.evidence.emulated:
        return record
    return without_placeholders(record, provider.operation(record.shot.case.operation))


def _own_evidence(path: Path, recording: Recording, name: str) -> Provenance | None:
    """Return what a cassette of our own says it rests on; None for everybody else's.

    What our emulator answered must never read as a provider's word.
    """
    hosts = {foreign.host for foreign in recording.exchanges}
    if recording.format != "vcrpy" or hosts.isdisjoint(LOOPBACK):
        return None
    try:
        own = recorded_evidence(Tape.load(path))
    except RecordingError:
        return None
    return replace(own, by=f"{own.by}, {name}")


def _reading(provider: Provider, foreign: Foreign) -> Reading | None:
    """Read a request as one of the provider's operations; None where it is none of them.

    The Responses API serves text first of all: only a request with the image tool is about images.
    """
    request = foreign.exchange.request
    if lacks_address(request):
        return only_reading(provider, request)
    reading = read_request(
        provider,
        request.method,
        foreign.path,
        request.body,
        request.form,
        query=parse_qsl(urlsplit(request.target).query, keep_blank_values=True),
        headers=request.headers,
    )
    if reading is None or provider.operation(reading.operation).protocol != "responses":
        return reading
    tools = request.body.get("tools") if isinstance(request.body, dict) else None
    for tool in tools if isinstance(tools, list) else ():
        if isinstance(tool, dict) and tool.get("type") == TOOL:
            return reading
    return None


def _record(
    provider: Provider, reading: Reading, foreign: Foreign, name: str, pool: Pool
) -> Record:
    shot = _shot(provider, reading, foreign, name)
    operation = provider.operation(reading.operation)
    outcome, exchanges = _replayed(provider, operation, shot, foreign, pool)
    return Record(
        shot=shot,
        evidence=Provenance(
            kind="recorded",
            source=foreign.host if foreign.host not in ("", NO_HOST) else "unknown",
            date=foreign.recorded or "unknown",
            by=name,
        ),
        outcome=outcome,
        exchanges=tuple(exchanges),
    )


def _replayed(
    provider: Provider, operation: Operation, shot: PlannedRequest, sent: Foreign, pool: Pool
) -> tuple[Outcome, list[Exchange]]:
    """Drive the wire over what was recorded; what was not is a failure that convicts nobody.

    A client that gave up after a 429 is not asked for more: the last answer stands.
    """
    wire = speak(provider, operation, shot)
    exchanges: list[Exchange] = []
    answer: Answer | None = None
    try:
        while True:
            step = wire.send(answer)
            answer = None
            if not isinstance(step, Send):
                continue
            exchange: Exchange | None = sent.exchange
            if step.step == "poll" and (why := _untold(operation, sent, pool)):
                answer = Failure(kind="not_on_tape", why=why, sent=False)
                continue
            if exchanges:
                exchange = pool.answer(step.request, after=sent.index)
            if exchange is None:
                answer = _unrecorded(step, exchanges[-1], shot)
            else:
                exchanges.append(replace(exchange, step=step.step))
                answer = exchange.answer
    except StopIteration as done:
        return done.value, exchanges


def _untold(operation: Operation, sent: Foreign, pool: Pool) -> str:
    """Say why nobody can tell which polls are a job's; nothing where that is clear."""
    reply, job = sent.exchange.answer, operation.job
    if job is None or not isinstance(reply, Reply):
        return ""
    job_id = job_id_of(first_match(job.id, reply.document))
    shared = job_id in pool.shared_ids
    return f"the recording has the id {job_id[:80]!r} for several jobs" if shared else ""


def _unrecorded(step: Send, last: Exchange, shot: PlannedRequest) -> Answer:
    """Answer what a recording does not hold: the last word again, or that there is none.

    A download that succeeded and brought no image is not asked for again: it is what there was.
    """
    request = step.request
    if request == shot.request and last.request == request:
        return last.answer
    again = step.step == last.step == "download" and last.request.target.endswith(request.target)
    if again and isinstance(last.answer, Reply) and OK <= last.answer.status < REDIRECT:
        return last.answer
    why = f"{request.method} {request.target} was not recorded"
    return Failure(kind="not_on_tape", why=why, sent=False)


def _shot(provider: Provider, reading: Reading, foreign: Foreign, name: str) -> PlannedRequest:
    operation = provider.operation(reading.operation)
    credential = foreign.exchange.request.credential
    if credential == "own":
        expect, breaks, why = _promise(provider, operation, reading)
    else:
        expect, breaks, why = _of_key(provider, credential)
    case = Case(
        id=f"{reading.operation}/{name}#{foreign.index}",
        provider=provider.name,
        operation=reading.operation,
        expect=expect,
        about=breaks,
        breaks=breaks,
        covers=tokens(operation, reading.arguments) if credential == "own" else (),
        arguments=reading.arguments,
        why=why,
        credential=credential,
    )
    cost = price.price_of(provider, operation, reading.arguments)
    return PlannedRequest(
        case=case,
        request=foreign.exchange.request,
        price=price.free_price(provider) if expect == "refuse" else cost,
        at_risk=cost,
    )


def _of_key(provider: Provider, credential: Credential) -> tuple[Expect, str | None, str]:
    """Say what the documents promise for a request that a run of ours sent without the key."""
    documented = key_constraint(provider).documented
    return "refuse" if documented else "observe", KEY_REQUIRED, IN_WORDS[credential]


def _promise(
    provider: Provider, operation: Operation, reading: Reading
) -> tuple[Expect, str | None, str]:
    """Say what the documents promise for a request as it was sent: the expectation and why.

    Only a request that breaks one documented rule and is otherwise inside the documents must be
    refused; one that breaks several, or holds what no document mentions, is looked at.
    """
    said = said_of(operation, reading.arguments, unknown=reading.unknown, odd=reading.odd)
    objected = [each for each in (*said.breaks, *said.unsettled) if each.parameter != BODY]
    if hidden := hidden_arguments(operation, reading, objected):
        return "observe", None, f"the recording holds a placeholder for {', '.join(hidden)}"
    broken = (each for each in said.breaks if each.parameter != BODY)
    outside = [_described(each.id, each.parameter, reading) for each in broken]
    outside += [f"{key}: not a documented parameter" for key in said.unknown]
    if not outside:
        return _inside(provider, operation, said, reading)
    why = f"{OUTSIDE}{provider.name}'s documents: {'; '.join(outside)}"
    first = next(iter(said.breaks), None)
    about = first or next(iter(objected), None)
    unsure = _doubted(said, reading)
    alone = len(outside) == 1 and len(said.breaks) == 1
    if alone and first is not None and not first.rule.other_subject and not unsure:
        return "refuse", first.id, why
    if unsure:
        why += f"; silent or at odds on: {unsure}"
    return "observe", about.id if about is not None else None, why


def _inside(
    provider: Provider, operation: Operation, said: Said, reading: Reading
) -> tuple[Expect, str | None, str]:
    """Promise a request that breaks nothing, unless the documents are unsure of what it asks."""
    unsure = _doubted(said, reading)
    if not unsure:
        return "accept", None, f"inside {provider.name}'s documents"
    named = {doubt.about for doubt in said.doubts}
    broken = [each.id for each in said.unsettled if each.parameter != BODY]
    touched = [each.id for each in operation.constraints if {each.id, each.parameter} & named]
    why = f"{provider.name}'s documents are silent or at odds on: {unsure}"
    return "observe", next(iter((*broken, *touched)), None), why


def _doubted(said: Said, reading: Reading) -> str:
    """Name what no document settles, each with the request's value or with what is not said."""
    words = [
        _described(each.id, each.parameter, reading)
        for each in said.unsettled
        if each.parameter != BODY
    ]
    for doubt in said.doubts:
        name = doubt.about.split(".")[0]
        given = name in reading.arguments and "files go there" not in doubt.says
        words.append(
            _described(doubt.about, name, reading) if given else f"{doubt.about} ({doubt.says})"
        )
    return "; ".join(dict.fromkeys(words))


def _described(about: str, parameter: str, reading: Reading) -> str:
    if parameter not in reading.arguments:
        return f"{about} (missing)"
    value = reading.arguments[parameter]
    shown = value if isinstance(value, str) else canonical(value)
    return f"{about} ({shown if len(shown) <= 60 else shown[:57] + '...'})"  # noqa: PLR2004


def _name(foreign: Foreign) -> str:
    request = foreign.exchange.request
    return f"#{foreign.index} {request.method.upper()} {foreign.host}{foreign.path}"


def traffic_notes(traffic: Sequence[Traffic], provider: Provider) -> tuple[str, ...]:
    """Return one sentence for everything in the files that was not judged."""
    sentences = []
    for file in traffic:
        sentences += [
            f"{file.name}: {name} is no exchange that {provider.name}'s documents describe"
            for name in file.strangers
        ]
        sentences += [f"{file.name}: {reason}" for reason in file.unreadable]
    return tuple(sentences)
