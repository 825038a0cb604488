"""Spans of a run, made of what was recorded: no clock is read, and nothing is drawn.

No prompt, no key and no image is in them: an address keeps its path where that is the documents'
own, and of its query the names. The ids follow from the run's own identity, so that whoever exports
a run twice, or in two places, exports the same spans.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, quote, urlsplit

from harness.core.exchange import Exchange, Failure
from harness.core.outcome import Images, error_of
from harness.core.record import Provenance, Record, RunHeader
from harness.core.verdict import Verdict
from harness.spec.provider import Operation, Provider
from harness.stats.authenticity.clocks import unix_s, wall_s
from harness.stats.conformance.cost import paid_of
from harness.store.spool import Chained, Spool, ordered
from harness.telemetry import names
from harness.transport.outgoing import uri_of

Attribute = str | bool | int | float | tuple[str, ...]

_NANOSECONDS = 1_000_000_000
_BAD_REQUEST = 400
_LARGEST = 2**63
"""No whole number of an attribute is as large."""

_SHOWN = 200
"""The longest text of an attribute: names of cases are shorter, but strangers write some."""

_REDACTED = "REDACTED"
"""What the conventions put in the place of a value that is nobody's business."""

_WORST_FIRST = ("fail", "error", "inconclusive", "pass", "skip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span before any library has it: ids as integers, times in nanoseconds since 1970.

    `parent` is the id of the span around it, None for the run's own; `failed` says that its status
    is an error, and `why` says of what kind, in names only.
    """

    name: str
    trace: int
    id: int
    parent: int | None
    kind: Literal["internal", "client"]
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    failed: bool = False
    why: str = ""


def spans_of(
    header: RunHeader,
    records: Sequence[Record],
    verdicts: Sequence[Verdict],
    providers: Mapping[str, Provider],
    *,
    findings: int = 0,
) -> Sequence[Span]:
    """Return the spans of a run: its own first, then cases as they began, each with its exchanges.

    A case that was not sent has none; the run's own counts them. Times are those of our wall clock
    as the run noted it; where it noted none, they count from the run's beginning.
    """
    run = _Run(header, verdicts, providers)
    groups = Spool(tuple(run.of_record(record)) for record in records if record.exchanges)
    below = Spool(span for group in ordered(groups, _begin) for span in group)
    began = _ns(unix_s(header.created) or 0.0)
    ended = _ns(unix_s(header.finished) or 0.0)
    root = Span(
        name=f"harness run {header.against}",
        trace=run.trace,
        id=run.root,
        parent=None,
        kind="internal",
        start_ns=min(began, min((span.start_ns for span in below), default=began)),
        end_ns=max(began, ended, max((span.end_ns for span in below), default=ended)),
        attributes={
            names.RUN_ID: _sendable(header.run)[:_SHOWN],
            names.RUN_AGAINST: header.against,
            names.RUN_SEED: header.seed,
            names.RUN_INTERRUPTED: header.interrupted,
            names.RUN_CASES: len(groups),
            names.RUN_UNSENT: len(records) - len(groups),
            names.RUN_FINDINGS: findings,
        },
        failed=bool(findings),
        why="promises broken" if findings else "",
    )
    return Chained([(root,), below])


_Judged = frozenset[tuple[str, str]]
"""What was said of a case: checks with their status."""


def _judged(verdicts: Iterable[Verdict]) -> dict[tuple[str, str], _Judged]:
    """Return what was said of each case; cases of which the same was said share it."""
    shared: dict[_Judged, _Judged] = {}
    found: dict[tuple[str, str], _Judged] = {}
    for verdict in verdicts:
        case = (verdict.provider, verdict.case)
        said = found.get(case, frozenset()) | {(verdict.check, verdict.status)}
        found[case] = shared.setdefault(said, said)
    return found


class _Run:
    """What the spans of one run have in common."""

    def __init__(
        self, header: RunHeader, verdicts: Sequence[Verdict], providers: Mapping[str, Provider]
    ) -> None:
        self.header, self.providers = header, providers
        self.identity = f"{header.run}\0{header.created}\0{header.word}"
        self.trace = self._number("trace", size=16)
        self.root = self._number("run")
        self.judged = _judged(verdicts)
        self.times: Counter[str] = Counter()

    def _number(self, *path: str, size: int = 8) -> int:
        """Return an id that is never zero, which would be none."""
        digest = hashlib.sha256("\0".join((self.identity, *path)).encode(errors="replace")).digest()
        return int.from_bytes(digest[:size]) or 1

    def of_record(self, record: Record) -> Iterator[Span]:
        """Yield the span of a case, then those of its exchanges."""
        case, first = record.shot.case, record.exchanges[0]
        place = f"{case.provider}\0{case.id}\0{first.times.sent_s!r}"
        self.times[place] += 1
        own = self._number("case", place, str(self.times[place]))
        exchanges = [
            self._of_exchange(record, exchange, own, str(at))
            for at, exchange in enumerate(record.exchanges)
        ]
        judged = self.judged.get((case.provider, case.id), frozenset())
        failed = sorted(check for check, status in judged if status == "fail")
        error = error_of(record.outcome)
        fault = record.outcome is not None and record.outcome.kind == "fault"
        model = _text(case.arguments.get("model"))
        yield Span(
            name=f"{names.GENERATE} {model}" if model else names.GENERATE,
            trace=self.trace,
            id=own,
            parent=self.root,
            kind="client",
            start_ns=min(span.start_ns for span in exchanges),
            end_ns=max(span.end_ns for span in exchanges),
            attributes={**self._of_case(record, judged), names.CHECKS_FAILED: tuple(failed)},
            failed=bool(failed) or fault,
            why=", ".join(failed) if failed else error[0] if error and fault else "",
        )
        yield from exchanges

    def _of_case(self, record: Record, judged: _Judged) -> dict[str, Attribute]:
        case, evidence = record.shot.case, record.evidence
        error = error_of(record.outcome)
        statuses = {status for _, status in judged}
        found: dict[str, Attribute | None] = {
            names.GEN_AI_OPERATION: names.GENERATE,
            names.GEN_AI_PROVIDER: case.provider,
            names.GEN_AI_OUTPUT: names.IMAGE,
            names.GEN_AI_MODEL: _text(case.arguments.get("model")),
            names.GEN_AI_CHOICES: _several(case.arguments.get("n")),
            names.GEN_AI_STREAM: True if case.arguments.get("stream") is True else None,
            names.ERROR_TYPE: error[0] if error else None,
            names.CASE_ID: case.id[:_SHOWN],
            names.CASE_OPERATION: case.operation,
            names.CASE_EXPECT: case.expect,
            names.CASE_PROMISE: case.breaks or case.about,
            names.CASE_STAGE: case.stage,
            names.OUTCOME: record.outcome.kind if record.outcome else "none",
            names.VERDICT: next((one for one in _WORST_FIRST if one in statuses), None),
            names.EVIDENCE: evidence.kind,
            names.EVIDENCE_DATE: evidence.date or None,
            **_server(evidence, ""),
            **_served(record),
            **self._paid(record),
        }
        return _known(found)

    def _paid(self, record: Record) -> dict[str, Attribute | None]:
        provider = self.providers.get(record.shot.case.provider)
        paid = paid_of(provider, record) if provider is not None else None
        if paid is None:
            return {}
        unit = record.shot.price.unit
        return {
            names.PRICE: float(paid.amount),
            names.PRICE_UNIT: unit,
            names.IMAGES_PAID: paid.images,
        }

    def _of_exchange(self, record: Record, exchange: Exchange, case: int, at: str) -> Span:
        request, answer, times = exchange.request, exchange.answer, exchange.times
        error, status = _error_of(exchange)
        template = self._template(record, exchange)
        found: dict[str, Attribute | None] = {
            names.HTTP_METHOD: request.method,
            names.HTTP_STATUS: status,
            names.HTTP_SIZE: None if isinstance(answer, Failure) else answer.size_bytes,
            names.URL_FULL: _address(record.evidence, request.target, template),
            names.URL_TEMPLATE: template,
            **_server(record.evidence, request.target),
            names.ERROR_TYPE: error,
            names.STEP: exchange.step,
            names.FIRST_BYTE_S: _since(times.sent_s, times.first_byte_s),
        }
        return Span(
            name=f"{request.method} {template}" if template else request.method,
            trace=self.trace,
            id=self._number("exchange", str(case), at),
            parent=case,
            kind="client",
            start_ns=self._at(record, times.sent_s),
            end_ns=max(self._at(record, times.sent_s), self._at(record, times.end_s)),
            attributes=_known(found),
            failed=error is not None,
            why=error or "",
        )

    def _template(self, record: Record, exchange: Exchange) -> str | None:
        """Return the documents' own path where the exchange went to it."""
        provider = self.providers.get(record.shot.case.provider)
        operation = provider.operations.get(record.shot.case.operation) if provider else None
        return None if operation is None or exchange.step != "submit" else _path(operation)

    def _at(self, record: Record, at_s: float) -> int:
        readings = self.header.clocks.get(record.shot.case.provider, ())
        wall = wall_s(readings, at_s)
        return _ns((unix_s(self.header.created) or 0.0) + at_s if wall is None else wall)


def _begin(spans: Sequence[Span]) -> tuple[int, int]:
    return (spans[0].start_ns, spans[0].id)


def _path(operation: Operation) -> str:
    return operation.path.partition("?")[0]


def _ns(unix: float) -> int:
    """Return nanoseconds since 1970; no span begins before, whatever an altered file says."""
    return min(max(0, round(unix * _NANOSECONDS)), 2**63 - 1)


def _since(begin_s: float, end_s: float | None) -> float | None:
    return None if end_s is None else max(0.0, end_s - begin_s)


def _text(value: object) -> str | None:
    return _sendable(value[:_SHOWN]) if isinstance(value, str) and value else None


def _sendable(text: str) -> str:
    """Return a text as UTF-8 can carry it: of strangers' JSON, half a character may come alone."""
    return text.encode(errors="replace").decode()


def _known(found: Mapping[str, Attribute | None]) -> dict[str, Attribute]:
    """Return the attributes that have a value, each as it can be sent."""
    return {
        name: _sendable(value) if isinstance(value, str) else value
        for name, value in found.items()
        if value is not None
    }


def _several(value: object) -> int | None:
    """Return a number of images other than one, as the conventions want it."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if value != 1 and abs(value) < _LARGEST else None


def _served(record: Record) -> dict[str, Attribute | None]:
    if not isinstance(record.outcome, Images):
        return {names.IMAGES: 0}
    usage = record.outcome.usage
    return {
        names.IMAGES: len(record.outcome.pictures),
        names.GEN_AI_RESPONSE_MODEL: _text(record.outcome.declared.model),
        names.GEN_AI_INPUT_TOKENS: usage.input if usage else None,
        names.GEN_AI_OUTPUT_TOKENS: usage.output if usage else None,
    }


def _error_of(exchange: Exchange) -> tuple[str | None, int | None]:
    """Return the class of an error and the status of the reply, each None where there is none."""
    answer = exchange.answer
    if isinstance(answer, Failure):
        return answer.kind, answer.partial.status if answer.partial else None
    return (str(answer.status) if answer.status >= _BAD_REQUEST else None), answer.status


def _base(evidence: Provenance) -> str:
    """Return the address that replies came from; a name that resolves nowhere where none is known.

    An emulator is on this machine, wherever that is: it has no address that anybody else could use.
    """
    source = evidence.source.split(",")[0].strip()
    if "://" in source:
        return source
    host = source if source and " " not in source and "." in source else ""
    return (
        f"https://{host}" if host else f"http://{source if source.isalpha() else 'unknown'}.invalid"
    )


def _server(evidence: Provenance, target: str) -> dict[str, Attribute | None]:
    try:
        parts = urlsplit(uri_of(target, _base(evidence)))
        port = parts.port
    except ValueError:
        return {}
    standard = {"http": 80, "https": 443}.get(parts.scheme)
    return {names.SERVER_ADDRESS: parts.hostname, names.SERVER_PORT: port or standard}


def _address(evidence: Provenance, target: str, template: str | None) -> str | None:
    """Return where a request went: no user, no password, and of the query the names alone.

    A documented path stands as the documents have it: what takes a place in it may be a prompt.
    """
    try:
        parts = urlsplit(uri_of(target, _base(evidence)))
        port = f":{parts.port}" if parts.port else ""
        path = urlsplit(uri_of(template or target, _base(evidence))).path
    except ValueError:
        return None
    query = "&".join(f"{quote(name)}={_REDACTED}" for name, _ in parse_qsl(parts.query))
    return f"{parts.scheme}://{parts.hostname}{port}{path}{'?' if query else ''}{query}"
