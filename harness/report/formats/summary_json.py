"""`summary.json`: the report for machines, in the schema that CI scripts read."""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from operator import attrgetter

from harness.core.jsonvalue import Json
from harness.core.slicing import Part
from harness.core.verdict import more_cases
from harness.known.model import KnownShown
from harness.report.benchmark.answers import Benchmarked
from harness.report.formats.format import report_format
from harness.report.formats.most import MOST_ATTEMPTS, WrittenVerdicts, first_rows
from harness.report.jsontext import json_parts, json_safe
from harness.report.known import in_order
from harness.report.model import Report, Shown, Summary
from harness.report.overview.overview import overview
from harness.report.summary_model import (
    BenchmarkSummary,
    DoubtfulSummary,
    FindingSummary,
    InDoubtSummary,
    KnownSummary,
    LatencySummary,
    NeighbourSummary,
    OverviewSummary,
    PartSummary,
    ProviderSummary,
    RunReport,
    RunSummary,
)
from harness.report.text import hidden
from harness.stats.conformance.doubt import InDoubtCounts
from harness.stats.conformance.latency import Latency


def summary_document(report: Report) -> dict[str, Json]:
    """Return the report as JSON: `schema run overview providers verdicts findings flaky ...`.

    Amounts are numbers in the provider's own unit, durations seconds, shares between 0 and 1; what
    is not known is null. Keys always stand in the same order; `benchmark` and `choice` stand last,
    in runs that are one. `RunReport` says what each key holds. Of very many verdicts those that
    passed are left out, and of very many requests of a benchmark all but the first (`most`).
    """
    return {key: json_safe(section) for key, section in _document(report).items()}


def _document(report: Report) -> Mapping[str, object]:
    """Return the values of the summary, of which very many stand in `Written` rows."""
    verdicts = WrittenVerdicts(report.verdicts)
    doubts = {counts.provider: counts for counts in report.in_doubt}
    document: RunReport = {
        "schema": 1,
        "run": _run(report),
        "overview": _overview(report),
        "providers": {row.provider: _provider(row, doubts) for row in report.providers},
        "verdicts": verdicts,
        "findings": tuple(map(_finding, report.findings)),
        "flaky": tuple(map(_doubtful, report.flaky)),
        "unconfirmed": tuple(map(_doubtful, report.unconfirmed)),
        "discovered": report.discovered,
        "latency": tuple(_latency(row, report) for row in report.latency),
        "errors": report.errors,
        "behaviours": report.behaviours,
        "authenticity": report.authenticity,
        "suspicions": report.suspicions,
        "billing": report.billing,
        "price_comparison": report.price_comparison,
        "maker_costs": report.maker_costs,
    }
    if verdicts.left_out:
        document["verdicts_left_out"] = verdicts.left_out
    if report.known:
        document["known"] = tuple(map(_known, in_order(report.known)))
    if report.explored:
        document["explored"] = report.explored
    if report.benchmark is not None:
        document["benchmark"] = _benchmark(report.benchmark)
    if report.choice is not None:
        document["choice"] = report.choice
    return document


@report_format("summary.json", rank=10)
def summary_parts(report: Report) -> Iterator[str]:
    """Yield the summary as JSON text, indented, with hidden characters spelled as escapes.

    It reads the same, and does nothing to a terminal or an editor that shows it.
    """
    for part in json_parts(_document(report)):
        yield _UNUSUAL.sub(_spelled, part)


def summary_json(report: Report) -> str:
    """Return the summary as one JSON text."""
    return "".join(summary_parts(report))


# JSON has escaped the others itself, and has none outside of its strings.
_UNUSUAL = re.compile("[^\n -~]")


def _spelled(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1] if hidden(found[0]) else found[0]


def _overview(report: Report) -> OverviewSummary:
    seen = overview(report)
    return {"sentence": seen.sentence, "certainty": seen.certainty, "tone": seen.tone}


def _run(report: Report) -> RunSummary:
    header = report.header
    run: RunSummary = {
        "run": header.run,
        "harness": header.harness,
        "created": header.created,
        "finished": header.finished,
        "interrupted": header.interrupted,
        "against": header.against,
        "seed": header.seed,
        "about_providers": any(row.about_provider for row in report.providers),
        "banner": f"{report.banner.title}. {report.banner.text}",
        "spec_digests": header.spec_digests,
        "plan_digests": header.plan_digests,
        "versions": header.versions,
        "notes": header.notes,
        "files": report.files,
        "jobs_to_pick_up": report.waiting,
    }
    if header.slice is not None:
        run["slice"] = str(header.slice)
    if header.vantage:
        run["vantage"] = header.vantage
    if header.parts:
        run["parts"] = tuple(map(_part, header.parts))
    return run


def _part(part: Part) -> PartSummary:
    return {
        "run": part.run,
        "slice": str(part.slice),
        "vantage": part.vantage,
        "created": part.created,
        "finished": part.finished,
        "interrupted": part.interrupted,
        "moved_s": part.moved_s,
        "cases": part.requests,
        "images_paid": part.images,
    }


def _provider(row: Summary, doubts: Mapping[str, InDoubtCounts]) -> ProviderSummary:
    evidence, cost = row.evidence, row.cost
    return {
        "evidence": evidence.kind if evidence else None,
        "source": evidence.source if evidence else None,
        "date": evidence.date if evidence else None,
        "by": evidence.by if evidence else None,
        "about_provider": row.about_provider,
        "standing": row.standing,
        "sentence": row.sentence,
        "cases": row.cases,
        "skipped": row.skipped,
        "requests": cost.requests,
        "images_paid": cost.images_paid,
        "images_delivered": cost.images_delivered,
        "valid_requests": row.faults.valid,
        "faults": row.faults.faults,
        "faults_by_class": dict(row.faults.by_class),
        "images_unsettled": row.faults.unsettled_images,
        "cost": {
            "amount": cost.amount,
            "unit": cost.unit,
            "basis": cost.basis,
            "wasted": cost.wasted_amount,
            "unsettled": cost.unsettled_amount,
        },
        "in_doubt": _in_doubt(doubts.get(row.provider)),
        "promises": {
            "held": row.held,
            "broken": row.broken,
            "flaky": row.flaky,
            "unconfirmed": row.unconfirmed,
            "undocumented": row.undocumented,
            "inconclusive": row.inconclusive,
            "not_tried": row.not_tried,
        },
    }


def _in_doubt(counts: InDoubtCounts | None) -> InDoubtSummary:
    if counts is None:
        return {"cases": (), "requests": 0, "images": 0, "amount": Decimal(0)}
    return {
        "cases": counts.cases,
        "requests": counts.requests,
        "images": counts.images,
        "amount": counts.amount,
    }


def _known(shown: KnownShown) -> KnownSummary:
    known = shown.known
    return {
        "provider": known.provider,
        "operation": known.operation,
        "promise": known.promise,
        "check": known.check,
        "reason": known.reason,
        "link": known.link,
        "since": known.since,
        "expires": known.expires,
        "state": shown.state,
        "sentence": shown.sentence,
    }


def _finding(shown: Shown) -> FindingSummary:
    finding = shown.finding
    summary: FindingSummary = {
        "provider": finding.provider,
        "operation": finding.operation,
        "constraint": finding.constraint,
        "combination": finding.combination,
        "check": finding.check,
        "expected": finding.expected,
        "observed": finding.observed,
        "failed": finding.failed,
        "tried": finding.tried,
        "arguments": finding.record.shot.case.arguments,
        "curl": shown.curl,
        "notes": shown.notes,
        "cases": finding.cases,
        "source": shown.source,
        "evidence": finding.record.evidence.kind,
        "reproduction": shown.reproduction.folder,
        "not_reduced": finding.not_reduced,
        "interval": shown.share,
        "neighbours": _neighbours(shown),
    }
    if left_out := more_cases(finding.cases):
        summary["cases_left_out"] = left_out
    if shown.known is not None:
        summary["known"] = True
        summary["known_reason"] = shown.known.reason
    return summary


def _neighbours(shown: Shown) -> NeighbourSummary | None:
    if shown.other_share is None:
        return None
    finding = shown.finding
    return {
        "failed": finding.other_failed,
        "tried": finding.others,
        "interval": shown.other_share,
        "chance": finding.chance,
    }


def _doubtful(shown: Shown) -> DoubtfulSummary:
    return {**_finding(shown), "doubt": shown.finding.doubt}


def _latency(row: Latency, report: Report) -> LatencySummary:
    place = attrgetter("provider", "operation")
    jobs = (jobs for jobs in report.completion if place(jobs) == place(row))
    streams = (streams for streams in report.streams if place(streams) == place(row))
    return {
        "provider": row.provider,
        "operation": row.operation,
        "n": row.n,
        "unit": "s",
        "median": row.median,
        "p95": row.p95,
        "fastest": row.fastest_s,
        "slowest": row.slowest_s,
        "served": row.served,
        "timeouts": row.timeouts,
        "cut_off": row.cut_off,
        "untimed": row.untimed,
        "left_out": row.left_out,
        "recorded": row.provider in report.recorded,
        "completion": next(jobs, None),
        "streams": next(streams, None),
    }


def _benchmark(benchmarked: Benchmarked) -> BenchmarkSummary:
    benchmark, measured = benchmarked.benchmark, benchmarked.measured
    observations = first_rows(measured.observations, MOST_ATTEMPTS)
    summary: BenchmarkSummary = {
        "design": benchmark.design,
        "fits": benchmark.design.fits,
        "answers": benchmarked.answers,
        "rankings": measured.rankings,
        "comparisons": measured.comparisons,
        "speeds": measured.speeds,
        "reliability": measured.reliability,
        "spend": measured.spend,
        "saved": measured.saved,
        "stopped": benchmark.stopped or {},
        "calibrations": benchmark.calibrations,
        "watched": benchmark.watched,
        "cautions": benchmarked.cautions,
        "observations": observations,
    }
    if measured.by_vantage:
        summary["by_vantage"] = measured.by_vantage
    if observations.left_out:
        summary["observations_left_out"] = observations.left_out
    if benchmark.design.reference is not None:
        summary["reference"] = benchmark.design.reference
        summary["exchange_rates"] = benchmark.design.exchange_rates
        summary["relative"] = measured.relative
    return summary
