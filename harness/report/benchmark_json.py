"""A benchmark as JSON: numbers as numbers, plain durations in seconds under names that end in `_s`.

A figure with an interval is an object that names its own unit. Amounts are in `unit`.
"""

from collections.abc import Mapping
from decimal import Decimal

from harness.core.asjson import price_json
from harness.core.benchmark import Calibration, Design, Watched
from harness.core.jsontype import Json
from harness.core.verdict import Estimate
from harness.core.workload import Fit, Workload
from harness.report.benchmark import Benchmarked
from harness.report.jsontext import finite
from harness.stats.measured import Comparison, Observation, Reliability, Speed, Spend


def benchmark_json(value: Benchmarked) -> dict[str, Json]:
    """Return all that was measured, one observation per attempt; see `summary.schema.json`."""
    held, measured = value.benchmark, value.measured
    found: dict[str, Json] = {
        "design": _design(held.design),
        "fits": [_fit(one) for one in held.design.fits],
        "answers": [
            {
                "workload": one.workload,
                "basis": one.basis,
                "emulated": one.emulated,
                "decided": one.decided,
                "sentence": one.sentence,
                "sure": one.sure,
            }
            for one in value.answers
        ],
        "rankings": [
            {
                "workload": one.workload,
                "places": [{"place": at, "provider": name} for at, name in one.places],
                "decided": one.decided,
                "why": one.why,
            }
            for one in measured.rankings
        ],
        "comparisons": [_comparison(one) for one in measured.comparisons],
        "speeds": [_speed(one) for one in measured.speeds],
        "reliability": [_reliability(one) for one in measured.reliability],
        "spend": [_spend(one) for one in measured.spend],
        "saved": [
            {
                "provider": one.provider,
                "unit": one.unit,
                "spent": float(one.spent),
                "designed": float(one.designed),
            }
            for one in measured.saved
        ],
        "stopped": dict(held.stopped or {}),
        "calibrations": [_calibration(one) for one in held.calibrations],
        "watched": [_watched(one) for one in held.watched],
        "cautions": [
            {"kind": one.kind, "text": one.text, "remedy": one.remedy} for one in value.cautions
        ],
        "observations": [_observation(one) for one in measured.observations],
    }
    return {key: finite(item) for key, item in found.items()}


def estimate_json(item: Estimate) -> dict[str, Json]:
    """Return a figure with its interval, its n, its unit and its method."""
    return {
        "value": item.value,
        "low": item.low,
        "high": item.high,
        "confidence": item.confidence,
        "n": item.n,
        "unit": item.unit,
        "method": item.method,
    }


def _estimates(items: Mapping[str, Estimate]) -> dict[str, Json]:
    return {name: estimate_json(item) for name, item in items.items()}


def _design(design: Design) -> dict[str, Json]:
    slo = design.slo
    return {
        "seed": design.seed,
        "workloads": [_workload(one) for one in design.workloads],
        "arrivals": design.arrivals,
        "stages": [
            {
                "name": one.name,
                "blocks": one.blocks,
                "concurrency": one.concurrency,
                "rate_per_s": one.rate_per_s,
            }
            for one in design.stages
        ],
        "warm_up": design.warm_up,
        "timeout_s": design.timeout_s,
        "slo": None if slo is None else {"quantile": slo.quantile, "ceiling_s": slo.seconds},
        "until_decided": design.until_decided,
        "alpha": design.alpha,
    }


def _workload(one: Workload) -> dict[str, Json]:
    return {
        "name": one.name,
        "operation": one.operation,
        "size": one.size,
        "quality": one.quality,
        "output_format": one.output_format,
        "n": one.n,
        "references": one.references,
        "prompt_lengths": list(one.prompt_lengths),
        "weight": one.weight,
    }


def _fit(one: Fit) -> dict[str, Json]:
    return {
        "workload": one.workload,
        "provider": one.provider,
        "kind": one.kind,
        "arguments": dict(one.arguments),
        "differences": [
            {
                "parameter": item.parameter,
                "asked": item.asked,
                "sent": item.sent,
                "why": item.why,
            }
            for item in one.differences
        ],
        "price": None if one.price is None else price_json(one.price),
    }


def _comparison(one: Comparison) -> dict[str, Json]:
    return {
        "first": one.first,
        "second": one.second,
        "workload": one.workload,
        "pairs": one.pairs,
        "ratio": estimate_json(one.ratio),
        "evidence": one.evidence,
        "needed": one.needed,
        "word": one.word,
        "p_fixed": one.p_fixed,
    }


def _place(one: Speed | Reliability | Observation) -> dict[str, Json]:
    return {
        "provider": one.provider,
        "basis": one.basis,
        "emulated": one.emulated,
        "workload": one.workload,
        "stage": one.stage,
        "fit": one.fit,
    }


def _speed(one: Speed) -> dict[str, Json]:
    between = one.completion
    return {
        **_place(one),
        "n": one.n,
        "served": one.served,
        "timeouts": one.timeouts,
        "cut_off": one.cut_off,
        "median": estimate_json(one.median),
        "p95": estimate_json(one.p95),
        "p99": estimate_json(one.p99),
        "mean": estimate_json(one.mean),
        "horizon_s": one.horizon_s,
        "phases": _estimates(one.phases),
        "completion": None
        if between is None
        else {"after": estimate_json(between[0]), "before": estimate_json(between[1])},
        "server": _estimates(one.server),
        "curve": [{"at_s": at_s, "waiting": share} for at_s, share in one.curve],
        "body_bytes": estimate_json(one.body_bytes),
    }


def _reliability(one: Reliability) -> dict[str, Json]:
    return {
        **_place(one),
        "sent": one.sent,
        "served": estimate_json(one.served),
        "usable": estimate_json(one.usable),
        "errors": [
            {"error_class": kind, "count": number, "share": estimate_json(share)}
            for kind, number, share in one.errors
        ],
        "within": None if one.within is None else estimate_json(one.within),
        "slo": one.slo,
        "goodput_per_min": one.goodput_per_min,
        "rate_limited": one.rate_limited,
        "waited_s": one.waited_s,
    }


def _spend(one: Spend) -> dict[str, Json]:
    return {
        "provider": one.provider,
        "basis": one.basis,
        "emulated": one.emulated,
        "workload": one.workload,
        "fit": one.fit,
        "unit": one.unit,
        "requests": one.requests,
        "images": one.images,
        "usable": one.usable,
        "listed": float(one.listed),
        "charged": _number(one.charged),
        "spent": float(one.spent),
        "per_image": _number(one.per_image),
        "wasted": float(one.wasted),
        "unsettled": float(one.unsettled),
    }


def _number(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def _calibration(one: Calibration) -> dict[str, Json]:
    return {
        "concurrency": one.concurrency,
        "body_bytes": one.body_bytes,
        "n": one.n,
        "p50_s": one.p50_s,
        "p99_s": one.p99_s,
        "first_p50_s": one.first_p50_s,
        "first_p99_s": one.first_p99_s,
        "failed": one.failed,
    }


def _watched(one: Watched) -> dict[str, Json]:
    return {
        "duration_s": one.seconds,
        "lag_p99_s": one.lag_p99_s,
        "lag_max_s": one.lag_max_s,
        "own_cpu_share": one.own_cpu_share,
        "cpu_share": one.cpu_share,
        "memory_peak_bytes": one.memory_peak_bytes,
        "memory_left_share": one.memory_left_share,
        "clock_step_s": one.clock_step_s,
    }


def _observation(one: Observation) -> dict[str, Json]:
    between = one.completion
    return {
        **_place(one),
        "block": one.block,
        "warm_up": one.warm_up,
        "case": one.case,
        "due_s": one.due_s,
        "end_s": one.end_s,
        "end": one.end,
        "observed_s": one.seconds,
        "phases_s": dict(one.phases),
        "completion": None if between is None else {"after_s": between[0], "before_s": between[1]},
        "server_s": dict(one.server_s),
        "error_class": one.error_class,
        "images": one.images,
        "body_bytes": one.body_bytes,
        "unit": one.unit,
        "listed": float(one.listed),
        "charged": _number(one.charged),
        "may_be_paid": one.may_be_paid,
        "usable": one.usable,
        "rate_limited": one.rate_limited,
        "waited_s": one.waited_s,
        "limit_s": one.limit_s,
    }
