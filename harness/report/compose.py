"""Records, verdicts and findings to one report, from which every format is drawn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from harness.adaptive.discovery.discovery import discoveries
from harness.adaptive.discovery.question import Discovered
from harness.core.inspection import Inspection
from harness.core.outcome import Fault
from harness.core.record import Provenance, Record, RunHeader
from harness.core.verdict import Finding, Standing, Verdict
from harness.diagnosis.history import FAILS
from harness.diagnosis.known import expecting
from harness.known.model import KnownShown
from harness.report.benchmark.answers import of_run
from harness.report.choosing import choice_of_run
from harness.report.discovered import discovered_toml, observations
from harness.report.exhibits.exhibits import transcripts
from harness.report.explored import explored
from harness.report.keyed import Summed
from harness.report.labels import (
    Named,
    about_provider,
    cases_text,
    doubt_text,
    finding_name,
    provenance_banner,
)
from harness.report.matrix import matrix, with_known
from harness.report.model import Matrix, Report, Shown, Waiting
from harness.report.pictures.pictures import pictures
from harness.report.pictures.thumbnails import thumbnails
from harness.report.reproduction.curl import files_of, fitting, repeat
from harness.report.reproduction.folder import reproduction
from harness.report.standing import provider_summaries
from harness.report.tally import Place, Tally, tallies
from harness.report.unjudged import unjudged
from harness.spec.credentials import constraint_of
from harness.spec.provider import Provider
from harness.stats.authenticity.authenticity import authenticity
from harness.stats.conformance import completion, errors, latency, streams
from harness.stats.conformance.doubt import in_doubt
from harness.stats.conformance.observers import behaviours
from harness.stats.intervals import proportion_estimate
from harness.stats.money.billing import billing
from harness.stats.money.maker_cost import maker_costs
from harness.stats.money.prices import compare_prices
from harness.stats.suspicions.suspicions import suspicions
from harness.store.convoy import Passes
from harness.store.spool import Spool, chained, picked

_RANK: dict[Standing, int] = {"confirmed": 0, "flaky": 1, "unconfirmed": 2}


def compose(  # noqa: PLR0913 - all that a report is made of
    header: RunHeader,
    records: Sequence[Record],
    verdicts: Sequence[Verdict],
    findings: Sequence[Finding],
    providers: Mapping[str, Provider],
    *,
    inspections: Mapping[str, Inspection] = MappingProxyType({}),
    known: Sequence[KnownShown] = (),
) -> Report:
    """Return everything a report says; reads no clock and no file, so equal input, equal report.

    `providers` decides which providers stand in the report and in which order; a record, verdict
    or finding of another one is a KeyError. `inspections` are what image files show, by digest.
    `known` are known deviations with what these findings say of them.
    """
    told, tallied, ordered = _judged(header, records, verdicts, findings, providers, known)
    return _with_evidence(told, ordered, tallied, providers, inspections)


def compose_verdicts(  # noqa: PLR0913 - all that a report is made of
    header: RunHeader,
    records: Sequence[Record],
    verdicts: Sequence[Verdict],
    findings: Sequence[Finding],
    providers: Mapping[str, Provider],
    *,
    known: Sequence[KnownShown] = (),
) -> Report:
    """Return a report of what was judged and measured, from which an exit code follows.

    It lacks what `compose` tells beside that: transcripts, pictures, and what is known of images
    and money, which take three quarters of its time.
    """
    return _judged(header, records, verdicts, findings, providers, known)[0]


def _judged(  # noqa: PLR0913, PLR0917 - all that a report is made of
    header: RunHeader,
    records: Sequence[Record],
    verdicts: Sequence[Verdict],
    findings: Sequence[Finding],
    providers: Mapping[str, Provider],
    known: Sequence[KnownShown],
) -> tuple[Report, Mapping[Place, Tally], Sequence[Record]]:
    """Return the report, what speaks for each promise, and the records in their order there."""
    order = _order(providers)
    rests_on, tallied, table, records = _tabled(
        header, records, verdicts, findings, providers, order
    )
    findings = sorted(
        findings,
        key=lambda row: (
            _RANK[row.standing],
            expecting(row, known) is not None,
            order[row.provider, row.operation],
        ),
    )
    table = with_known(table, findings, known)
    with Passes(records) as passes:
        texts = passes.begin(cases_text, records, findings)
        doubts = passes.begin(in_doubt, records)
        discovereds = {
            name: passes.begin(_discovered, provider, records)
            for name, provider in providers.items()
        }
        measured = passes.begin(of_run, header, records, verdicts, providers)
        summaries = passes.begin(
            provider_summaries, records, table, providers, rests_on, findings, known=known
        )
        observed = passes.begin(observations, records, providers)
        open_verdicts = passes.begin(unjudged, verdicts, records)
        faults = passes.begin(errors.errors_by_class, records)
        times = passes.begin(latency.latency_by_operation, records)
        ends = passes.begin(completion.completion_by_operation, records, providers)
        streamed = passes.begin(streams.streams_by_operation, records, providers)
        waiting = passes.begin(lambda: tuple(_waiting(records)))
        case_times_s = passes.begin(_case_times_s, records)
        drawn_later = passes.begin(lambda: tuple(explored(records, verdicts)))
    words, benchmark = texts.result, measured.result
    found = {name: each.result for name, each in discovereds.items()}
    files = fitting([name for finding in findings for name in files_of(finding.record)])
    shown = [
        replace(
            _shown(finding, providers[finding.provider], files, words, number),
            known=expecting(finding, known),
        )
        for number, finding in enumerate(findings, 1)
    ]
    report = Report(
        header=replace(header, notes=(*header.notes, *map(doubt_text, doubts.result))),
        banner=provenance_banner(rests_on),
        providers=summaries.result,
        matrix=table,
        findings=tuple(row for row in shown if row.finding.standing == "confirmed"),
        flaky=tuple(row for row in shown if row.finding.standing == "flaky"),
        unconfirmed=tuple(row for row in shown if row.finding.standing == "unconfirmed"),
        verdicts=verdicts,
        observations=observed.result,
        discovered=tuple(row for rows in found.values() for row in rows),
        discovered_toml={
            name: discovered_toml(providers[name], rows) for name, rows in found.items() if rows
        },
        unjudged=open_verdicts.result,
        errors=faults.result,
        latency=times.result,
        completion=ends.result,
        streams=streamed.result,
        waiting=waiting.result,
        files=files,
        case_times_s=case_times_s.result,
        case_words=words,
        benchmark=benchmark,
        choice=choice_of_run(header, benchmark, providers),
        explored=drawn_later.result,
        in_doubt=doubts.result,
        known=tuple(known),
    )
    return report, tallied, records


def _tabled(  # noqa: PLR0913, PLR0917 - all that a matrix is made of
    header: RunHeader,
    records: Sequence[Record],
    verdicts: Sequence[Verdict],
    findings: Sequence[Finding],
    providers: Mapping[str, Provider],
    order: Mapping[tuple[str, str], int],
) -> tuple[dict[str, Provenance | None], dict[Place, Tally], Matrix, Sequence[Record]]:
    """Return each provider's provenance, what speaks for each promise, the matrix, and the records.

    These stand in one order for every table: that of the documents, not that of the replies.
    """
    with Passes(records) as passes:
        passes.begin(_refuse_unknown, records, verdicts, findings, providers)
        rests_on = passes.begin(_evidence, header, records, providers)
        counted = passes.begin(tallies, records, verdicts, findings)
        sorted_already = passes.begin(_is_in_order, records, order)
    tallied = counted.result
    with Passes(records) as passes:
        table = passes.begin(matrix, records, verdicts, findings, providers, tallied=tallied)
        placed = passes.begin(_in_order, records, order) if not sorted_already.result else None
    return rests_on.result, tallied, table.result, placed.result if placed else records


def _with_evidence(
    told: Report,
    records: Sequence[Record],
    tallied: Mapping[Place, Tally],
    providers: Mapping[str, Provider],
    inspections: Mapping[str, Inspection],
) -> Report:
    """Return the report with what stands behind its verdicts, and what is told beside them."""
    header, verdicts = told.header, told.verdicts
    rates = header.benchmark.design.exchange_rates if header.benchmark else {}
    day = _day(header.created)
    with Passes(records) as passes:
        transcribed = passes.begin(
            transcripts,
            records,
            verdicts,
            [row.finding for row in told.all_findings],
            providers,
            words=told.case_words,
            written=told.files,
            tallied=tallied,
        )
        pictured = passes.begin(
            pictures,
            records,
            verdicts,
            providers,
            benchmark=told.benchmark,
            inspections=inspections,
        )
        seen_beside = passes.begin(lambda: tuple(behaviours(records, providers)))
        authentic = passes.begin(authenticity, header, records, providers, inspections)
        suspected = passes.begin(suspicions, records, providers, inspections)
        billed = passes.begin(billing, records, providers)
        makers = passes.begin(
            lambda: maker_costs(
                picked(records, lambda each: about_provider(each.evidence)),
                providers,
                rates,
                on=day,
            )
        )
    behind, drawn = transcribed.result, pictured.result
    seen = (digest for each in behind.by_case.values() for digest in each.images)
    return replace(
        told,
        behaviours=seen_beside.result,
        authenticity=authentic.result,
        suspicions=suspected.result,
        billing=billed.result,
        price_comparison=compare_prices(providers.values(), rates, on=day),
        maker_costs=makers.result,
        transcripts=behind,
        pictures=drawn,
        thumbnails=thumbnails((*drawn.images_shown, *seen), inspections),
    )


def _order(providers: Mapping[str, Provider]) -> dict[tuple[str, str], int]:
    """Return the place of each operation in the documents."""
    operations = (
        (name, operation)
        for name, provider in providers.items()
        for operation in provider.operations
    )
    return {operation: place for place, operation in enumerate(operations)}


def _is_in_order(records: Sequence[Record], order: Mapping[tuple[str, str], int]) -> bool:
    last = -1
    for record in records:
        place = order[record.shot.case.provider, record.shot.case.operation]
        if place < last:
            return False
        last = place
    return True


def _in_order(records: Sequence[Record], order: Mapping[tuple[str, str], int]) -> Sequence[Record]:
    """Return the records in the order of their operations.

    They are written again, so that a pass goes from block to block.
    """
    parts: dict[int, Spool[Record]] = {}
    for record in records:
        case = record.shot.case
        parts.setdefault(order[case.provider, case.operation], Spool()).append(record)
    return chained([parts[place] for place in sorted(parts)])


def _discovers(record: Record, provider: Provider) -> bool:
    case = record.shot.case
    return case.provider == provider.name and case.stage == "discover"


def _day(created: str) -> date:
    """Return the day of a run; its header may have been altered."""
    try:
        return date.fromisoformat(created[:10])
    except ValueError:
        return date.min


def _discovered(provider: Provider, records: Sequence[Record]) -> tuple[Discovered, ...]:
    """Return the answers to a provider's open questions, where a run sent requests for them."""
    discovers = any(_discovers(record, provider) for record in records)
    return discoveries(provider, records) if discovers else ()


def _refuse_unknown(
    records: Sequence[Record],
    verdicts: Sequence[Verdict],
    findings: Sequence[Finding],
    providers: Mapping[str, Provider],
) -> None:
    named = {record.shot.case.provider for record in records}
    named |= {verdict.provider for verdict in verdicts}
    named |= {finding.provider for finding in findings}
    unknown = named - set(providers)
    if unknown:
        raise KeyError(f"no provider given for results of {', '.join(sorted(unknown))}")


def _waiting(records: Sequence[Record]) -> Iterator[Waiting]:
    """Yield the jobs that may still deliver the images that they were paid for."""
    for record in records:
        case, outcome = record.shot.case, record.outcome
        if isinstance(outcome, Fault) and outcome.job is not None and outcome.can_be_picked_up:
            yield Waiting(
                provider=case.provider,
                operation=case.operation,
                case=case.id,
                job=outcome.job,
                why=f"{outcome.error_class}: {outcome.why}",
            )


def _evidence(
    header: RunHeader, records: Sequence[Record], providers: Mapping[str, Provider]
) -> dict[str, Provenance | None]:
    """Return the provenance of each provider's records, or the header's where it has none."""
    provenances = {name: header.evidence.get(name) for name in providers}
    for record in records:
        name = record.shot.case.provider
        held = provenances[name]
        # One emulated record is enough to make the whole no statement about the provider.
        if held is None or (about_provider(held) and not about_provider(record.evidence)):
            provenances[name] = record.evidence
    return provenances


def _shown(
    finding: Finding, provider: Provider, files: Sequence[str], words: Named, number: int
) -> Shown:
    operation = provider.operation(finding.operation)
    constraint = constraint_of(provider, operation, finding.constraint)
    again = repeat(finding.record, provider, written=files)
    source = str(constraint.rule.source if constraint else operation.source)
    compared = finding.check == FAILS
    return Shown(
        finding=finding,
        name=finding_name(finding),
        title=provider.title,
        share=proportion_estimate(finding.failed, finding.tried, exact=compared),
        other_share=(
            proportion_estimate(finding.other_failed, finding.others, exact=True)
            if compared
            else None
        ),
        curl=again.text,
        notes=again.notes,
        source=source,
        reproduction=reproduction(finding, provider, number=number, source=source, written=files),
        cases=tuple((case, words.get((finding.provider, case), "")) for case in finding.cases),
    )


def _case_times_s(records: Sequence[Record]) -> Mapping[tuple[str, ...], float]:
    return Summed(
        (
            (case.provider, case.operation, case.id),
            max(record.exchanges[-1].times.end_s - record.exchanges[0].times.sent_s, 0.0),
        )
        for record in records
        if record.exchanges
        for case in (record.shot.case,)
    )
