"""A benchmark as JSON: numbers as numbers, plain durations in seconds under names that end in `_s`.

A figure with an interval is an object that names its own unit. Amounts are in `unit`. What is
called in JSON as it is called here is written by `plain`; what is not stands in this module.
"""

from harness.core.benchmark import Design, Watched
from harness.core.jsonvalue import Json
from harness.core.plain import price_json
from harness.core.workload import Fit
from harness.report.benchmark.answers import Benchmarked
from harness.report.jsontext import finite_numbers, json_safe
from harness.stats.benchmark.model import Attempt, Ranking, Reliability, Speed


def benchmark_json(value: Benchmarked) -> dict[str, Json]:
    """Return all that was measured, one observation per attempt; see `summary.schema.json`."""
    held, measured = value.benchmark, value.measured
    found: dict[str, Json] = {
        "design": _design(held.design),
        "fits": [_fit(one) for one in held.design.fits],
        "answers": [json_safe(one) for one in value.answers],
        "rankings": [_ranking(one) for one in measured.rankings],
        "comparisons": [json_safe(one) for one in measured.comparisons],
        "speeds": [_speed(one) for one in measured.speeds],
        "reliability": [_reliability(one) for one in measured.reliability],
        "spend": [json_safe(one) for one in measured.spend],
        "saved": [json_safe(one) for one in measured.saved],
        "stopped": dict(held.stopped or {}),
        "calibrations": [json_safe(one) for one in held.calibrations],
        "watched": [_watched(one) for one in held.watched],
        "cautions": [json_safe(one) for one in value.cautions],
        "observations": [_observation(one) for one in measured.observations],
    }
    return {key: finite_numbers(item) for key, item in found.items()}


def _design(design: Design) -> dict[str, Json]:
    found, slo = json_safe(design), design.slo
    del found["fits"]  # they stand beside it
    found["slo"] = None if slo is None else {"quantile": slo.quantile, "ceiling_s": slo.seconds}
    return found


def _fit(one: Fit) -> dict[str, Json]:
    return {**json_safe(one), "price": None if one.price is None else price_json(one.price)}


def _ranking(one: Ranking) -> dict[str, Json]:
    return {
        **json_safe(one),
        "places": [{"place": at, "provider": name} for at, name in one.places],
    }


def _speed(one: Speed) -> dict[str, Json]:
    between = one.completion
    return {
        **json_safe(one),
        "completion": None
        if between is None
        else {"after": json_safe(between[0]), "before": json_safe(between[1])},
        "curve": [{"at_s": at_s, "waiting": share} for at_s, share in one.curve],
    }


def _reliability(one: Reliability) -> dict[str, Json]:
    errors: list[Json] = [
        {"error_class": kind, "count": number, "share": json_safe(share)}
        for kind, number, share in one.errors
    ]
    return {**json_safe(one), "errors": errors}


def _watched(one: Watched) -> dict[str, Json]:
    found = json_safe(one)
    return {"duration_s": found.pop("seconds"), **found}


def _observation(one: Attempt) -> dict[str, Json]:
    found, between = json_safe(one), one.completion
    return {
        "observed_s": found.pop("seconds"),
        "phases_s": found.pop("phases"),
        **found,
        "completion": None if between is None else {"after_s": between[0], "before_s": between[1]},
    }
