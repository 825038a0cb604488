"""How fast one provider served one workload in one stage."""

from collections.abc import Iterable, Sequence

from harness.core.verdict import Estimate
from harness.stats import intervals, meantime, survival
from harness.stats.benchmark.model import PHASES, Attempt, CurveStep, EndMedians, Speed
from harness.stats.survival import CensoredTimes


def times_of(seen: Iterable[Attempt]) -> CensoredTimes:
    """Return the times to pixels: ended where they were served, else only waited for.

    Refused and failed attempts are in no time: they are competing outcomes.
    """
    counted = [one for one in seen if one.end in ("served", "timeout", "cut_off")]
    return CensoredTimes(
        seconds=tuple(one.seconds for one in counted),
        ended=tuple(one.end == "served" for one in counted),
    )


def speed(seen: Sequence[Attempt]) -> Speed:
    """Return the row of these attempts, which are of one provider, workload, stage and basis."""
    one, times = seen[0], times_of(seen)
    served = [each for each in seen if each.end == "served"]
    clocks = sorted({name for each in served for name in each.server_s})
    return Speed(
        provider=one.provider,
        basis=one.basis,
        emulated=one.emulated,
        workload=one.workload,
        stage=one.stage,
        fit=one.fit,
        n=times.n,
        served=len(served),
        timeouts=sum(each.end == "timeout" for each in seen),
        cut_off=sum(each.end == "cut_off" for each in seen),
        median=survival.censored_quantile(times, 0.5),
        p95=survival.censored_quantile(times, 0.95),
        p99=survival.censored_quantile(times, 0.99),
        mean=meantime.restricted_mean_estimate(times),
        horizon_s=meantime.horizon_s(times),
        phases={
            name: _median(found)
            for name in PHASES
            if (found := [each.phases[name] for each in served if name in each.phases])
        },
        completion=_completion(served),
        server={
            name: _median([each.server_s[name] for each in served if name in each.server_s])
            for name in clocks
        },
        curve=(
            CurveStep(at_s=0.0, waiting=1.0),
            *(
                CurveStep(at_s=float(at_s), waiting=float(share))
                for at_s, share in zip(*times.curve, strict=True)
            ),
        ),
        body_bytes=_median([each.body_bytes for each in served], unit="bytes"),
    )


def _completion(served: Iterable[Attempt]) -> EndMedians | None:
    """Return the medians of the two bounds of when jobs ended: the true median lies between them.

    Each end is bounded by the polls on both sides; an interval from the lower interval's low to the
    upper one's high holds the true median at their confidence.
    """
    bounds = [one.completion for one in served if one.completion is not None]
    if not bounds:
        return None
    return EndMedians(
        after=_median([bound.after_s for bound in bounds]),
        before=_median([bound.before_s for bound in bounds]),
    )


def _median(values: Sequence[float], *, unit: str = "s") -> Estimate:
    return intervals.quantile_estimate(values, 0.5, unit=unit)
