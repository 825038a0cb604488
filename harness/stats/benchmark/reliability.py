"""What became of the attempts: shares, errors, and whether a ceiling was kept."""

from collections import Counter
from collections.abc import Sequence

from harness.core.benchmark import Slo
from harness.core.verdict import Estimate
from harness.stats import proportion
from harness.stats.benchmark.model import Attempt, ErrorShare, Reliability, SloWord


def reliability(seen: Sequence[Attempt], slo: Slo | None) -> Reliability:
    """Return the row of these attempts, which are of one provider, workload, stage and basis.

    `within` leaves out what we cut off before the ceiling was reached; a timeout counts as not
    within it, however short we waited: nothing had come.
    """
    one = seen[0]
    errors = Counter(each.error_class for each in seen if each.error_class is not None)
    ranked = sorted(errors.items(), key=lambda item: (-item[1], item[0]))
    within = _within(seen, slo)
    return Reliability(
        provider=one.provider,
        basis=one.basis,
        emulated=one.emulated,
        workload=one.workload,
        stage=one.stage,
        fit=one.fit,
        sent=len(seen),
        served=proportion.proportion_estimate(
            sum(each.end == "served" for each in seen), len(seen)
        ),
        usable=proportion.proportion_estimate(sum(each.usable for each in seen), len(seen)),
        errors=tuple(
            ErrorShare(
                error_class=name,
                count=count,
                share=proportion.proportion_estimate(count, len(seen)),
            )
            for name, count in ranked
        ),
        within=within,
        slo=None if slo is None or within is None else slo_word(within, slo.quantile),
        goodput_per_min=_goodput_per_min(seen, slo),
        rate_limited=sum(each.rate_limited for each in seen),
        waited_s=sum(each.waited_s for each in seen),
    )


def slo_word(within: Estimate, quantile: float) -> SloWord:
    """Tell whether a share is known to be at least `quantile`, known to be less, or neither."""
    if within.low is not None and within.low >= quantile:
        return "met"
    if within.high is not None and within.high < quantile:
        return "missed"
    return "open"


def _within(seen: Sequence[Attempt], slo: Slo | None) -> Estimate | None:
    if slo is None:
        return None
    known = [one for one in seen if one.end != "cut_off" or one.seconds >= slo.seconds]
    return proportion.proportion_estimate(sum(_good(one, slo) for one in known), len(known))


def _good(one: Attempt, slo: Slo | None) -> bool:
    return one.usable and (slo is None or one.seconds <= slo.seconds)


def _goodput_per_min(seen: Sequence[Attempt], slo: Slo | None) -> float | None:
    """Return usable images per minute, from the first intended start to the last end."""
    minutes = (max(one.end_s for one in seen) - min(one.due_s for one in seen)) / 60
    good = sum(one.images for one in seen if _good(one, slo))
    return good / minutes if minutes > 0 else None
