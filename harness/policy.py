"""The one policy of verdicts and exit codes, for the command line, pytest and Python alike."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from harness.checks.check import CHECKS
from harness.checks.judge import judge_records
from harness.comparing.documents.unscored import (
    Unknown,
    known_then,
    scored,
    unscored_notes,
    without_unknown,
)
from harness.core.errors import UsageError
from harness.core.exchange import Failure
from harness.core.inspection import Inspection
from harness.core.outcome import Fault, Images
from harness.core.record import Record, RunHeader
from harness.core.verdict import Finding, Verdict
from harness.diagnosis.findings import DECLARATION, findings, settled
from harness.diagnosis.history import ACCEPTANCE, FAILS
from harness.diagnosis.known import known_shown
from harness.known.model import KnownDeviation
from harness.report.compose import compose, compose_verdicts
from harness.report.labels import failure_rate, fault_lines, faults_text
from harness.report.model import Exit, Report, Shown
from harness.report.text import count
from harness.spec.provider import Provider
from harness.stats.conformance.doubt import is_open
from harness.stats.conformance.faults import unserved_values
from harness.store.convoy import Passes
from harness.store.spool import picked

HELD, BROKEN, NOTHING, OURS, UNCLEAR, INTERRUPTED = 0, 1, 2, 3, 4, 130
"""Every promise that was tried held; one was broken; nothing was tested; we failed ourselves;
unreachable, keys refused or inconclusive throughout; interrupted."""

ANSWERS = ("accepts_what_it_documents", "refuses_what_it_forbids")
"""The checks whose passing says that a provider did what it had to."""

BUDGET = "budget: "
"""How the runner begins the reason for which a case is too expensive."""

RECORDINGS = "recordings"
"""What a run is `against` that judges the traffic of others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """A report with the exit code that follows from it, and the sentence that says why."""

    report: Report
    code: int
    why: str


def conclude(  # noqa: PLR0913 - what is judged, and by what
    header: RunHeader,
    records: Sequence[Record],
    providers: Mapping[str, Provider],
    *,
    inspections: Mapping[str, Inspection] = MappingProxyType({}),
    unknown: Mapping[str, Unknown] = MappingProxyType({}),
    known: Sequence[KnownDeviation] = (),
    brief: bool = False,
) -> Conclusion:
    """Judge the records by these providers' promises and compose the report; sends nothing.

    Of the `providers`, those that the header names stand in the report, in its order. Nothing is
    written. UsageError for a record of an operation that its provider has not. `inspections`, by
    the digests of image files, are told and change no verdict. What is `unknown` to the run, by
    provider, is not scored.

    A suspicion that could have been asked again and was not is no finding: it leaves the run
    unclear. One that was, and did not come again (flaky), breaks nothing. In traffic of others
    nothing could be asked again, and any verdict counts: nobody chose the requests.

    What is `known` is reported, and breaks nothing; one that is stale or has expired does
    (`harness.diagnosis.known`). A `brief` report says what was judged and nothing beside it.
    """
    providers = {name: providers[name] for name in header.evidence}
    confirmed = False
    for record in records:
        case = record.shot.case
        confirmed |= case.stage == "confirm"
        if case.operation not in providers[case.provider].operations:
            raise UsageError(
                f"{case.id}: {case.provider} has no operation {case.operation!r}",
                hint="the run is not of this version, or its journal was altered",
            )
    verdicts: Sequence[Verdict] = scored(
        judge_records(records, providers), records, providers, unknown
    )
    all_findings = findings(records, verdicts, providers, repeatable=_repeatable(header, confirmed))
    all_findings, verdicts = without_unknown(all_findings, verdicts, unknown)
    verdicts = settled(verdicts, all_findings)
    header = replace(header, notes=(*header.notes, *unscored_notes(verdicts, unknown)))
    shown = known_shown(known, header, records, verdicts, all_findings, providers)
    told = known_then(records, unknown)
    report = (
        compose_verdicts(header, told, verdicts, all_findings, providers, known=shown)
        if brief
        else compose(
            header,
            told,
            verdicts,
            all_findings,
            providers,
            inspections=inspections,
            known=shown,
        )
    )
    code, why = _outcome(report, records)
    return Conclusion(report=replace(report, exit=Exit(code=code, why=why)), code=code, why=why)


def _repeatable(header: RunHeader, asked_again: bool) -> bool:  # noqa: FBT001 - what a run has
    """Tell whether a suspicion could be asked again: of a cassette only if it was when recorded."""
    if header.against == RECORDINGS or header.benchmark is not None:
        return False
    return header.against != "cassettes" or asked_again


def _outcome(report: Report, records: Sequence[Record]) -> tuple[int, str]:
    if report.header.interrupted:
        cut = "interrupted: what was received is saved, go on with --resume"
        lacking = "slices are missing, or have not come to their end; these are named"
        return INTERRUPTED, f"not the whole run: {lacking}" if report.header.parts else cut
    whys = off_tape(records if report.header.against != RECORDINGS else ())
    if (first := next(whys, None)) is not None:
        missing = 1 + sum(1 for _ in whys)
        number = "1 request is" if missing == 1 else f"{missing} requests are"
        return OURS, f"{number} not on the tape: {first}"
    if report.header.benchmark is not None:
        return _measured(report, records)
    return _tested(report, records)


def off_tape(records: Iterable[Record]) -> Iterator[str]:
    """Yield why requests were not found in the cassettes of a replay: our own failure."""
    for record in records:
        for exchange in record.exchanges:
            if isinstance(exchange.answer, Failure) and exchange.answer.kind == "not_on_tape":
                yield exchange.answer.why


def _crashed(report: Report) -> str:
    for first in report.verdicts:
        if first.status == "error":
            return f"{first.check} crashed on {first.case}: {first.why}"
    return ""


def _measured(report: Report, records: Sequence[Record]) -> tuple[int, str]:
    known = _expected(report)
    for code, why in (
        (NOTHING, _unmeasured(records)),
        (OURS, _crashed(report)),
        (BROKEN, "; ".join(filter(None, [_broken(report), _missed(report)]))),
        (UNCLEAR, _unserved(records)),
    ):
        if why:
            return code, "; ".join(filter(None, [why, known]))
    all_ = "all other promises" if known else "all promises"
    return HELD, "; ".join(filter(None, [f"measured; {all_} that were tried held", known]))


def _broken(report: Report) -> str:
    """Say what fails a build: stale and expired known deviations, then what nobody expects."""
    failing = [each.sentence for each in report.failing_known]
    said = [f"known deviation {each.state}" for each in report.failing_known[:1]]
    parts = [f"{said[0]}: {failing[0]}"] if said else []
    if len(failing) > 1:
        parts.append(f"{count(len(failing) - 1, 'more known deviation')} stale or expired")
    if report.broken:
        names = [named(shown) for shown in report.broken[:_MOST_NAMED]] if report.known else []
        more = len(report.broken) - len(names)
        names += [f"{more} more"] if names and more else []
        about = f": {', '.join(names)}" if names else ""
        parts.append(f"{count(len(report.broken), 'promise')} broken{about}")
    return "; ".join(parts)


def _expected(report: Report) -> str:
    """Count the findings that are known; nothing where none is."""
    number = len(report.expected)
    return f"{count(number, 'known deviation')}, as expected" if number else ""


def _missed(report: Report) -> str:
    """Say who missed the ceiling for certain; nothing where nobody did."""
    late: dict[str, list[str]] = {}
    for row in () if report.benchmark is None else report.benchmark.measured.reliability:
        if row.slo == "missed":
            late.setdefault(row.provider, []).append(f"{row.workload} ({row.stage})")
    sentences = (f"{name} missed the ceiling at {', '.join(where)}" for name, where in late.items())
    return "; ".join(sentences)


def _unmeasured(records: Sequence[Record]) -> str:
    """Say why nothing was measured: nothing was sent. Nothing where something was."""
    if any(record.outcome is not None for record in records):
        return ""
    why = next((record.skipped for record in records if record.skipped), "the plan holds no case")
    return f"nothing was measured: {why.removeprefix(BUDGET)}"


def _unserved(records: Sequence[Record]) -> str:
    """Say that nobody served anything, and how that looked; nothing where anybody did."""
    if any(isinstance(record.outcome, Images) for record in records):
        return ""
    faults = (record.outcome.why for record in records if isinstance(record.outcome, Fault))
    why = next(faults, None)
    first = f": {why}" if why is not None else ""
    return f"none of {count(len(records), 'request')} was served{first}"


def _tested(report: Report, records: Sequence[Record]) -> tuple[int, str]:
    """Return the code and the reason of a run that tested promises; every reason counts the faults.

    Faults that convict nobody leave the run unclear where most requests ended so, or where they
    kept a documented value from being served at all: nobody knows whether that promise holds. Where
    each value was served in the end, nothing is open.
    """
    code, why = _judged_promises(report, records)
    parts = [_expected(report), *_fault_reasons(report), _in_doubt(report)]
    faults = "; ".join(filter(None, parts))
    if why.endswith("."):
        return code, f"{why} {faults[:1].upper()}{faults[1:]}." if faults else why
    return code, "; ".join(filter(None, [why, faults]))


def _fault_reasons(report: Report) -> tuple[str, ...]:
    if len(report.providers) > 1:
        return fault_lines(report)
    return tuple(text for row in report.providers if (text := faults_text(row.faults)))


def _most_failed(report: Report) -> str:
    known = Counter(
        {shown.finding.provider: len(shown.finding.cases) for shown in _known_faults(report)}
    )
    most = any(
        2 * (row.faults.faults + row.faults.other_faults - known[row.provider])
        > row.faults.valid + row.faults.others - known[row.provider]
        for row in report.providers
    )
    return "most requests ended in faults" if most else ""


def _values_unserved(records: Iterable[Record]) -> str:
    """Name the documented values that only requests held that ended in faults."""
    names = [
        f"{provider} {operation} {promise}={value}"
        for (provider, operation, promise), values in unserved_values(records).items()
        for value in values
    ]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"not served: {', '.join(names[:_MOST_NAMED])}{more}" if names else ""


_MOST_NAMED = 4


def _judged_promises(report: Report, records: Sequence[Record]) -> tuple[int, str]:
    if crashed := _crashed(report):
        return OURS, crashed
    if broken := _broken(report):
        return BROKEN, "; ".join(filter(None, [broken, _flaky(report), _unconfirmed(report)]))
    if _unconfirmed(report):
        return UNCLEAR, "; ".join(filter(None, [_unconfirmed(report), _flaky(report)]))
    if unjudged := _unjudged(report, records):
        return unjudged
    if faulty := _unknown(report, records):
        return UNCLEAR, "; ".join(filter(None, [faulty, _flaky(report)]))
    if _flaky(report) or any(map(faults_text, (row.faults for row in report.providers))):
        return HELD, "; ".join(filter(None, ["no promise broken for certain", _flaky(report)]))
    if all(record.shot.case.expect == "observe" for record in records):
        return HELD, f"no promise broken: {_of_replies(report)}"
    return HELD, f"all {'other ' if report.expected else ''}promises that were tried held"


def _of_replies(report: Report) -> str:
    """Say what was judged of requests of which no document says whether they are served."""
    held = sum(row.held for row in report.providers)
    if not held:
        return "the documents promise nothing about these requests"
    return (
        "the documents do not say whether these requests are served, and "
        f"{count(held, 'promise')} about the replies held"
    )


def _unknown(report: Report, records: Sequence[Record]) -> str:
    """Say why nobody knows whether all promises hold; nothing where that is known.

    Requests that fail as a known deviation expects leave nothing open.
    """
    known = [shown.finding for shown in _known_faults(report)]

    def is_known(record: Record) -> bool:
        case = record.shot.case
        return any(case.provider == each.provider and case.id in each.cases for each in known)

    others = picked(records, lambda record: not is_known(record)) if known else records
    with Passes(others) as passes:
        unserved = passes.begin(_values_unserved, others)
        doubtful = passes.begin(_only_in_doubt, report, others)
    return doubtful.result or _most_failed(report) or unserved.result


def _known_faults(report: Report) -> list[Shown]:
    return [shown for shown in report.expected if shown.finding.check == FAILS]


def _in_doubt(report: Report) -> str:
    """Say how many questions are open because their requests were cut off."""
    open_ = sum(len(counts.cases) for counts in report.in_doubt)
    return f"in doubt: {count(open_, 'case')}" if open_ else ""


def _only_in_doubt(report: Report, records: Iterable[Record]) -> str:
    """Name the promises of which nothing is known because all that asks for them was cut off."""
    places = {
        (column.provider, column.operation): at for at, column in enumerate(report.matrix.columns)
    }
    states = {
        (row.id, at): cell.state for row in report.matrix.rows for at, cell in enumerate(row.cells)
    }
    names: dict[str, None] = {}
    for case in (record.shot.case for record in records if is_open(record)):
        covered = (
            [case.breaks] if case.breaks else [*(each.partition("=")[0] for each in case.covers)]
        )
        place = places[case.provider, case.operation]
        for promise in covered if case.expect != "observe" else ():
            if states.get((promise, place)) in ("inconclusive", "not tried"):
                names[f"{case.provider} {case.operation} {promise}"] = None
    if not names:
        return ""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"nobody knows of {', '.join([*names][:_MOST_NAMED])}{more}: cut off each time"


def _unjudged(report: Report, records: Sequence[Record]) -> tuple[int, str] | None:
    """Return the code and the reason where a provider could not be judged; None where all were.

    Nothing was tested where no request was sent at all.
    """
    traffic = report.header.against == RECORDINGS
    telling = tuple(CHECKS) if traffic else ANSWERS
    judged = _judged(report.verdicts, telling)
    unclear = [name for name in report.header.evidence if name not in judged]
    if not unclear:
        return None
    sent = {record.shot.case.provider for record in records if record.outcome is not None}
    reasons: dict[str, list[str]] = {}
    for name in unclear:
        state = "not judged" if name in sent else "not tested"
        reasons.setdefault(state + _reason(name, records), []).append(name)
    sentences = [f"{', '.join(names)}: {why.rstrip('.')}." for why, names in reasons.items()]
    return (UNCLEAR if sent else NOTHING), " ".join(sentences)


def _judged(verdicts: Iterable[Verdict], telling: Sequence[str]) -> set[str]:
    """Return the providers of which any verdict says whether they did what they had to."""
    return {
        verdict.provider
        for verdict in verdicts
        if verdict.status == "fail" or (verdict.status == "pass" and verdict.check in telling)
    }


def _reason(name: str, records: Iterable[Record]) -> str:
    """Say why a provider was not judged: by what its requests came to, where any was sent.

    That one of them could not be sent, or paid for, is no reason why others failed.
    """
    skipped, stopped = "", None
    faults: Counter[str] = Counter()
    sent = planned = False
    for record in records:
        if record.shot.case.provider != name:
            continue
        planned, why = True, record.skipped or ""
        skipped = skipped or why
        stopped = why if stopped is None and why.startswith("because ") else stopped
        sent |= record.outcome is not None
        fault = record.outcome.why if isinstance(record.outcome, Fault) else None
        if fault is not None and (fault in faults or len(faults) < _MOST_WHYS):
            faults[fault] += 1
    if stopped:
        return f", {stopped}"
    if faults:
        ((why, _),) = faults.most_common(1)
        return f". Every verdict is inconclusive: {why.removeprefix('not judged: ')}"
    if skipped and not sent:
        return f". {skipped.removeprefix(BUDGET)}"
    return ". Every verdict is inconclusive" if planned else ". No case was planned"


_MOST_WHYS = 1_000
"""Reasons that differ in each request are not all kept to find the commonest."""


def _unconfirmed(report: Report) -> str:
    unconfirmed = [shown for shown in report.unconfirmed if shown.known is None]
    if not unconfirmed:
        return ""
    suspicions = count(len(unconfirmed), "suspicion")
    doubts = dict.fromkeys(shown.finding.doubt for shown in unconfirmed)
    return f"{suspicions} could not be confirmed: {next(iter(doubts)) or 'asked only once'}"


def _flaky(report: Report) -> str:
    flaky = [shown for shown in report.flaky if shown.known is None]
    if not flaky:
        return ""
    first = flaky[0]
    return f"{len(flaky)} flaky: {named(first)} ({failure_rate(first.finding)})"


def named(shown: Shown) -> str:
    """Return what a finding is about: its provider, its operation and its name."""
    return f"{shown.finding.provider} {shown.finding.operation} {shown.name}"


def finding_behind(verdict: Verdict, report: Report) -> Finding | None:
    """Return the finding that a failed verdict is a part of; None for a verdict that is none's.

    A mismatch of image and declaration that only repeats another finding belongs to that one.
    """
    return next(_behind(verdict, [shown.finding for shown in report.all_findings]), None)


def _behind(verdict: Verdict, all_findings: Sequence[Finding]) -> Iterator[Finding]:
    near = [
        finding
        for finding in all_findings
        if (finding.provider, finding.operation) == (verdict.provider, verdict.operation)
    ]
    for finding in near:
        same = finding.check in ACCEPTANCE or finding.constraint == verdict.constraint
        if finding.check == verdict.check and verdict.case in finding.cases and same:
            yield finding
    if verdict.check == DECLARATION:
        yield from (finding for finding in near if finding.constraint == verdict.constraint)
