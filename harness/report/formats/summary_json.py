"""`summary.json`: the report for machines, in the schema that CI scripts read."""

from harness.core.jsonvalue import Json
from harness.report.discovered import discovered_json
from harness.report.formats.benchmark_json import benchmark_json
from harness.report.formats.format import report_format
from harness.report.jsontext import finite_numbers, json_safe, json_text
from harness.report.model import Report, Shown, Summary, Waiting
from harness.stats.conformance.completion import Completion
from harness.stats.conformance.latency import Latency
from harness.stats.conformance.streams import Streams

SCHEMA = 1
"""The number of the schema; `summary.schema.json` beside this module spells it out."""


def summary_document(report: Report) -> dict[str, Json]:
    """Return the report as JSON: `schema run providers verdicts findings flaky ...`.

    Amounts are numbers in the provider's own unit, durations seconds, shares between 0 and 1; what
    is not known is null. Keys always stand in the same order; `benchmark` stands last, in runs that
    are one.
    """
    found: dict[str, Json] = {
        "schema": SCHEMA,
        "run": _run(report),
        "providers": {row.provider: _provider(row) for row in report.providers},
        "verdicts": [json_safe(item) for item in report.verdicts],
        "findings": [_finding(item) for item in report.findings],
        "flaky": [_doubtful(item) for item in report.flaky],
        "unconfirmed": [_doubtful(item) for item in report.unconfirmed],
        "discovered": discovered_json(report.discovered),
        "latency": [_latency(row, report) for row in report.latency],
        "errors": [json_safe(row) for row in report.errors],
    }
    if report.benchmark is not None:
        found["benchmark"] = benchmark_json(report.benchmark)
    return found


@report_format("summary.json", rank=10)
def summary_json(report: Report) -> str:
    """Return the summary as JSON text, indented, with a lone surrogate spelled as its escape."""
    return json_text(summary_document(report))


def _run(report: Report) -> dict[str, Json]:
    header = report.header
    return {
        "run": header.run,
        "harness": header.harness,
        "created": header.created,
        "finished": header.finished,
        "interrupted": header.interrupted,
        "against": header.against,
        "seed": header.seed,
        "about_providers": any(row.about_provider for row in report.providers),
        "banner": f"{report.banner.title}. {report.banner.text}",
        "spec_digests": dict(header.spec_digests),
        "plan_digests": dict(header.plan_digests),
        "versions": dict(header.versions),
        "notes": list(header.notes),
        "files": list(report.files),
        "jobs_to_pick_up": [_waiting(item) for item in report.waiting],
    }


def _waiting(item: Waiting) -> dict[str, Json]:
    return {
        "provider": item.provider,
        "operation": item.operation,
        "case": item.case,
        "job": item.job,
        "why": item.why,
    }


def _provider(row: Summary) -> dict[str, Json]:
    evidence = row.evidence
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
        "requests": row.cost.requests,
        "images_paid": row.cost.images_paid,
        "images_delivered": row.cost.images_delivered,
        "cost": {
            "amount": float(row.cost.amount),
            "unit": row.cost.unit,
            "basis": row.cost.basis,
            "wasted": float(row.cost.wasted_amount),
            "unsettled": float(row.cost.unsettled_amount),
        },
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


def _finding(shown: Shown) -> dict[str, Json]:
    finding = shown.finding
    return {
        "provider": finding.provider,
        "operation": finding.operation,
        "constraint": finding.constraint,
        "combination": list(finding.combination),
        "check": finding.check,
        "expected": finding.expected,
        "observed": finding.observed,
        "failed": finding.failed,
        "tried": finding.tried,
        "arguments": finite_numbers(dict(finding.record.shot.case.arguments)),
        "curl": shown.curl,
        "notes": list(shown.notes),
        "cases": list(finding.cases),
        "source": shown.source,
        "evidence": finding.record.evidence.kind,
        "reproduction": shown.reproduction.folder,
    }


def _doubtful(shown: Shown) -> dict[str, Json]:
    """Return what is no confirmed finding in the same shape, with how often and why not."""
    return {
        **_finding(shown),
        "interval": json_safe(shown.share),
        "doubt": shown.finding.doubt,
    }


def _latency(row: Latency, report: Report) -> dict[str, Json]:
    here = (row.provider, row.operation)
    jobs = [item for item in report.completion if (item.provider, item.operation) == here]
    streams = [item for item in report.streams if (item.provider, item.operation) == here]
    return {
        "provider": row.provider,
        "operation": row.operation,
        "n": row.n,
        "unit": row.median.unit,
        "median": json_safe(row.median),
        "p95": json_safe(row.p95),
        "fastest": row.fastest_s,
        "slowest": row.slowest_s,
        "timeouts": row.timeouts,
        "untimed": row.untimed,
        "left_out": row.left_out,
        "recorded": row.provider in report.recorded,
        "completion": _completion(jobs[0]) if jobs else None,
        "streams": _streams(streams[0]) if streams else None,
    }


def _completion(row: Completion) -> dict[str, Json]:
    return {
        "n": row.n,
        "after": json_safe(row.after),
        "before": json_safe(row.before),
        "widest_gap": row.widest_gap_s,
        "webhook": json_safe(row.delivered),
        "untimed": row.untimed,
    }


def _streams(row: Streams) -> dict[str, Json]:
    return {
        "n": row.n,
        "headers": json_safe(row.headers),
        "first_byte": json_safe(row.first_byte),
        "first_partial": json_safe(row.first_partial),
        "completed": json_safe(row.completed),
        "last_byte": json_safe(row.last_byte),
        "events": json_safe(row.events),
        "untimed": row.untimed,
    }
