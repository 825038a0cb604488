"""A judged run as a baseline: all that another run is compared with."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Literal, Self

from harness.checks.verdicts import beside
from harness.comparing.codec import dumped_baseline
from harness.comparing.model import (
    AuthenticityShown,
    Baseline,
    DeviationShown,
    ErrorShown,
    Figure,
    PromiseShown,
    PromiseState,
    Sample,
)
from harness.core.benchmark import Benchmark
from harness.core.case import Case
from harness.core.errors import NothingTested, StoreError
from harness.core.jsonvalue import Json, Seconds, digest, number
from harness.core.outcome import Images, error_of
from harness.core.record import Record
from harness.core.verdict import Finding, Standing, Verdict
from harness.diagnosis.history import FAILS
from harness.report.labels import STATES, finding_name
from harness.report.model import Report
from harness.report.tally import FRESH, Tally, broken_promise, tallies
from harness.report.text import one_line, visible
from harness.spec.credentials import constraint_of
from harness.spec.provider import Constraint, Provider
from harness.stats.authenticity.model import Authenticity, Count
from harness.stats.benchmark.attempts import attempt_of, end_of, listed_for
from harness.stats.conformance.cost import paid_of
from harness.stats.conformance.doubt import is_open
from harness.stats.conformance.errors import errors_by_class
from harness.stats.conformance.time_to_images import NEEDED, seconds_to_images
from harness.store.disk import write_through
from harness.store.spool import picked

_DIGITS = 16
"""Of a digest: enough for the questions and rules of a run, and a file stays small."""
_SHOWN = 200
"""Characters of a foreign text; what a provider says may repeat a prompt."""
_QUESTIONS = 8
"""Of one deviation: a few tell whether another run asked the same."""
_NOTES = 20

_NO_SOURCE = {"source", "quote", "second_source", "second_quote", "note"}
"""What of a rule promises nothing."""


def baseline_of(
    report: Report,
    records: Sequence[Record],
    providers: Mapping[str, Provider],
    *,
    documents: Mapping[str, str],
) -> Baseline:
    """Return what a run showed; `documents` are the TOMLs by which it was planned, by provider."""
    header = report.header
    fresh = picked(records, _is_fresh)
    return Baseline(
        run=header.run,
        harness=header.harness,
        created=header.created,
        finished=header.finished,
        interrupted=header.interrupted,
        against=header.against,
        seed=header.seed,
        benchmark=header.benchmark is not None,
        evidence=dict(header.evidence),
        spec_digests=dict(header.spec_digests),
        plan_digests=dict(header.plan_digests),
        documents={name: text for name, text in documents.items() if name in header.evidence},
        promises=tuple(_promises(report, records, providers)),
        samples=tuple(_samples(fresh, providers)),
        requests=_requests(fresh),
        errors=tuple(_errors(fresh)),
        authenticity=tuple(_authenticity(report.authenticity)),
        notes=tuple(one_line(note, _SHOWN) for note in header.notes[:_NOTES]),
        own_s=late_s(header.benchmark),
    )


def late_s(benchmark: Benchmark | None) -> Seconds:
    """Return how late our own process woke up while a benchmark ran, to the millisecond."""
    watched = benchmark.watched if benchmark is not None else ()
    return round(max((each.lag_p99_s for each in watched), default=0.0), 3)


def _is_fresh(record: Record) -> bool:
    """Tell whether a request was sent for its own sake, and counts."""
    slot = record.shot.slot
    sent = record.outcome is not None and record.shot.case.stage in FRESH
    return sent and not (slot is not None and slot.warm_up)


# --------------------------------------------------------------------------- deviations
@dataclass(frozen=True, slots=True, kw_only=True)
class Askings:
    """A run's first askings that findings name, and how many askings for the same failed.

    `asked` has a question by provider and case; `counted` has, by the place of a finding among all,
    how many askings for a value with which any failed did so, and how many tell.
    """

    asked: Mapping[tuple[str, str], str]
    counted: Mapping[int, tuple[int, int]]

    @classmethod
    def of(
        cls, records: Sequence[Record], verdicts: Sequence[Verdict], found: Sequence[Finding]
    ) -> Self:
        """Gather them; a check that convicts a case for one promise convicts it."""
        named = {(finding.provider, case) for finding in found for case in finding.cases}
        cases: dict[tuple[str, str], Case] = {}
        for record in records if named else ():
            case = record.shot.case
            if case.stage in FRESH and (case.provider, case.id) in named:
                cases[case.provider, case.id] = replace(case, arguments=_without_prompt(case))
        once = [
            _Once.of(finding, cases)
            for finding in found
            if finding.tried == 1 and finding.check != FAILS
        ]
        for case_, spoken in beside(records, verdicts, _fresh_case) if once else ():
            if case_ is not None:
                for each in once:
                    each.count(case_, spoken)
        return cls(
            asked={place: question_of(case) for place, case in cases.items()},
            counted={id(each.finding): each.told for each in once},
        )

    def deviation(self, finding: Finding) -> DeviationShown:
        """Return what a check says of a promise.

        What was not repeated is counted among first askings: how many failed of those that asked
        for a value with which any did.
        """
        failed, tried = finding.failed, finding.tried
        if tried == 1 and finding.check != FAILS:
            failed, tried = self.counted.get(id(finding), (1, 1))
        asked = [self.asked.get((finding.provider, case)) for case in finding.cases]
        about_text = any(
            name.partition(".")[0].partition("=")[0] == "prompt"
            for name in (finding.constraint or "", *finding.combination)
        )
        questions = dict.fromkeys(
            each for each in (*asked, question_of(finding.record.shot.case)) if each is not None
        )
        return DeviationShown(
            check=finding.check,
            state=_STATES[finding.standing],
            failed=failed,
            tried=tried,
            observed=one_line(finding.observed, _SHOWN),
            questions=() if about_text else tuple(questions)[:_QUESTIONS],
            of_refusal=finding.record.shot.case.expect == "refuse",
        )


def _without_prompt(case: Case) -> dict[str, Json]:
    return {name: value for name, value in case.arguments.items() if name != "prompt"}


def _fresh_case(record: Record) -> Case | None:
    return record.shot.case if record.shot.case.stage in FRESH else None


@dataclass(slots=True)
class _Once:
    """A finding that was not repeated: how many askings for the same failed, and how many tell."""

    finding: Finding
    questions: frozenset[str]
    values: frozenset[str]
    failed: int = 0
    passed: int = 0

    @classmethod
    def of(cls, finding: Finding, cases: Mapping[tuple[str, str], Case]) -> Self:
        """Return it, with what its cases ask for."""
        failing = [
            case
            for name in finding.cases
            if (case := cases.get((finding.provider, name))) is not None
        ]
        return cls(
            finding=finding,
            questions=frozenset(map(question_of, failing)),
            values=frozenset(
                value for case in failing for value in _values(case, finding.constraint)
            ),
        )

    def count(self, case: Case, spoken: Sequence[Verdict]) -> None:
        """Count a case, if it asks for the same, by what the check says of it."""
        finding = self.finding
        if (case.provider, case.operation) != (finding.provider, finding.operation):
            return
        statuses = {each.status for each in spoken if each.check == finding.check}
        if not statuses & {"fail", "pass"}:
            return
        if question_of(case) in self.questions or self.values & _values(case, finding.constraint):
            self.failed += "fail" in statuses
            self.passed += "fail" not in statuses

    @property
    def told(self) -> tuple[int, int]:
        """How many failed of how many that tell."""
        return (self.failed, self.failed + self.passed) if self.failed else (1, 1)


_STATES: dict[Standing, Literal["broken", "flaky", "unconfirmed"]] = {
    "confirmed": "broken",
    "flaky": "flaky",
    "unconfirmed": "unconfirmed",
}


def _values(case: Case, constraint: str | None) -> set[str]:
    """Return the values of a promise that a valid case asks for: `quality.one_of=high`."""
    return {each for each in case.covers if each.startswith(f"{constraint}=")}


# ------------------------------------------------------------------------------ promises
def _promises(
    report: Report, records: Sequence[Record], providers: Mapping[str, Provider]
) -> Iterator[PromiseShown]:
    """Yield what each promise came to, combinations last; what is no promise is left out."""
    found = [shown.finding for shown in report.all_findings]
    askings = Askings.of(records, report.verdicts, found)
    tallied = tallies(records, report.verdicts, found)
    for row in report.matrix.rows:
        for column, cell in zip(report.matrix.columns, row.cells, strict=True):
            if cell.state == "absent":
                continue
            provider = providers[column.provider]
            place = column.provider, column.operation, row.id
            broken_by = _about(found, *place)
            tally = tallied.get(place, Tally())
            constraint = constraint_of(provider, provider.operation(column.operation), row.id)
            yield PromiseShown(
                provider=column.provider,
                operation=column.operation,
                promise=row.id,
                kind=row.kind,
                state=cell.state,
                rule=one_line(cell.rule, _SHOWN),
                source=one_line(cell.source, _SHOWN),
                checks=tuple(dict.fromkeys(finding.check for finding in broken_by)),
                failed=tally.failed,
                tried=tally.tried,
                refusals=tally.tried_refusals,
                observed=one_line(broken_by[0].observed, _SHOWN) if broken_by else "",
                fingerprint=fingerprint(constraint),
                deviations=tuple(map(askings.deviation, broken_by)),
            )
    yield from _combinations(found, askings)


def _combinations(found: Iterable[Finding], askings: Askings) -> Iterator[PromiseShown]:
    """Yield each combination of values that fails, with every check that says so."""
    together: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in found:
        if broken_promise(finding) is None:
            place = finding.provider, finding.operation, finding_name(finding)
            together.setdefault(place, []).append(finding)
    for (provider, operation, name), alike in together.items():
        states = {STATES[finding.standing] for finding in alike}
        gravest: PromiseState = next(state for state in STATES.values() if state in states)
        yield PromiseShown(
            provider=provider,
            operation=operation,
            promise=name,
            kind="combination",
            state=gravest,
            rule=one_line(alike[0].expected, _SHOWN),
            checks=tuple(dict.fromkeys(finding.check for finding in alike)),
            failed=alike[0].failed,
            tried=alike[0].tried,
            observed=one_line(alike[0].observed, _SHOWN),
            deviations=tuple(map(askings.deviation, alike)),
        )


def _about(
    found: Iterable[Finding], provider: str, operation: str, promise: str
) -> tuple[Finding, ...]:
    """Return the findings of one promise, the gravest first."""
    mine = [
        finding
        for finding in found
        if (finding.provider, finding.operation) == (provider, operation)
        and broken_promise(finding) == promise
    ]
    order = list(STATES)
    return tuple(sorted(mine, key=lambda finding: order.index(finding.standing)))


def fingerprint(constraint: Constraint | None) -> str:
    """Return a digest of what a rule promises; empty where there is no rule."""
    if constraint is None:
        return ""
    rule = constraint.rule.model_dump(mode="json", exclude=_NO_SOURCE, exclude_defaults=True)
    return digest([constraint.id, rule])[:_DIGITS]


# ------------------------------------------------------------------------------- samples
def question_of(case: Case) -> str:
    """Return a digest of what a case asks for; neither the prompt nor its length is in it."""
    arguments = {name: value for name, value in case.arguments.items() if name != "prompt"}
    return digest([case.operation, arguments])[:_DIGITS]


def _samples(records: Iterable[Record], providers: Mapping[str, Provider]) -> Iterator[Sample]:
    """Yield a sample for each valid request, or each that has a place in a benchmark."""
    for record in records:
        provider = providers[record.shot.case.provider]
        if record.shot.slot is not None:
            yield from _measured(record, provider)
        elif record.shot.case.expect == "accept":
            yield _tested(record, provider)


def _tested(record: Record, provider: Provider) -> Sample:
    """Return a request of a run for conformance."""
    case, outcome = record.shot.case, record.outcome
    end = end_of(record)
    error = error_of(outcome)
    images = len(outcome.pictures) if isinstance(outcome, Images) else 0
    return Sample(
        provider=case.provider,
        operation=case.operation,
        workload="",
        place=visible(case.id),
        question=question_of(case),
        end=end,
        seconds=_rounded(seconds_to_images(record) if end == "served" else _waited_s(record)),
        error_class=error[0] if error and end != "cut_off" else None,
        images=images,
        spent=_spent(record, provider),
        listed=_written(listed_for(record, provider, images)[0]),
        unit=record.shot.price.unit,
    )


def _measured(record: Record, provider: Provider) -> Iterator[Sample]:
    """Yield a request of a benchmark as its report has it; one without times is none."""
    attempt = attempt_of(record, provider, usable=True)
    if attempt is None:
        return
    yield Sample(
        provider=attempt.provider,
        operation=record.shot.case.operation,
        workload=attempt.workload,
        place=visible(f"{attempt.stage}/{attempt.block}/{attempt.case}"),
        question=question_of(record.shot.case),
        end=attempt.end,
        seconds=_rounded(attempt.seconds),
        error_class=attempt.error_class,
        images=attempt.images,
        spent=_spent(record, provider),
        listed=_written(attempt.listed),
        unit=attempt.unit,
        fit=attempt.fit,
    )


def _spent(record: Record, provider: Provider) -> Decimal | None:
    """Return what a request cost; None where it was free for it brought nothing, or is unsettled.

    What may still be paid for is no price.
    """
    cost = paid_of(provider, record)
    return None if cost is None or cost.basis == "free" else cost.amount


def _waited_s(record: Record) -> float | None:
    """Return how long a request was waited for that brought no images."""
    times = [exchange.times for exchange in record.exchanges if exchange.step in NEEDED]
    return max(times[-1].end_s - times[0].sent_s, 0.0) or None if times else None


def _written(amount: Decimal) -> Decimal:
    """Return an amount as a file has it: one of a folder and one of a file are then equal."""
    return Decimal(str(number(amount)))


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)


# ----------------------------------------------------------------- errors, authenticity
def _requests(records: Iterable[Record]) -> dict[str, int]:
    cases = (record.shot.case for record in records)
    return dict(Counter(f"{case.provider} {case.operation}" for case in cases))


def _errors(records: Sequence[Record]) -> Iterator[ErrorShown]:
    """Yield the errors that nobody asked for; what we cut off ourselves is none."""
    for row in errors_by_class(record for record in records if not is_open(record)):
        if row.occasion == "unexpected":
            yield ErrorShown(
                provider=row.provider,
                operation=row.operation,
                error_class=row.error_class,
                count=row.count,
                of=row.share.n,
            )


def _authenticity(rows: Iterable[Authenticity]) -> Iterator[AuthenticityShown]:
    """Yield the figures of each provider's images of which anything is known."""
    for row in rows:
        figures: dict[Figure, Count] = {
            "drawn as asked": row.drawn_as_asked,
            "with a manifest": row.manifests,
            "signed by the maker": row.signed,
            "fresh": row.fresh,
        }
        for figure, counted in figures.items():
            if counted.of:
                yield AuthenticityShown(
                    provider=row.provider, figure=figure, count=counted.count, of=counted.of
                )


# ---------------------------------------------------------------------------------- file
def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write a baseline into a file, whole or not at all; a link or a device there stays one.

    StoreError where that cannot be; NothingTested for a run that received nothing.
    """
    if not baseline.requests:
        raise NothingTested(
            f"{baseline.run} received nothing: no baseline is written",
            hint="give the whole folder of a run that sent something",
        )
    try:
        write_through(path, dumped_baseline(baseline))
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be written: {error.strerror or error}",
            hint="choose another file with --baseline",
        ) from error
