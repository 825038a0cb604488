"""Each provider of a benchmark beside one of them, the reference, in the same blocks."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from harness.core.benchmark import Design
from harness.core.money import currency
from harness.core.rate import Rate, rate_of
from harness.core.verdict import Estimate
from harness.core.workload import Fit
from harness.stats.benchmark.model import Relative, Spend
from harness.stats.benchmark.observed import Observed
from harness.stats.difference import Counts, difference_estimate
from harness.stats.intervals import TOO_FEW, fewest_samples, rank_positions

METHOD = (
    "median of the blocks' ratios, a block's being the geometric mean of its pairs (a timeout is"
    " longer than what was waited for); distribution-free interval between binomial order"
    " statistics (T. P. Hettmansperger and S. J. Sheather, Stat. Probab. Lett. 4, 1986), open where"
    " it ends at a timeout; pairs of which one was refused, failed or cut off are left out"
)
Block = tuple[str, str, int]
"""A vantage point, a stage and a block's number."""


def relative_to_reference(
    design: Design, observed: Observed, spends: Sequence[Spend], *, emulated: bool
) -> tuple[Relative, ...]:
    """Return each other provider at each workload beside the design's reference; none without one.

    Warm-ups count nowhere, nor do attempts that are not `emulated` where that is asked for, and the
    other way round. Only who serves a workload exactly is compared.
    """
    if design.reference is None:
        return ()
    reference, rows = design.reference, []
    for workload in design.workloads:
        fits = {fit.provider: fit for fit in design.fits if fit.workload == workload.name}
        beside = _side(observed, workload.name, reference, emulated=emulated)
        rows += [
            _relative(
                fit,
                reference,
                (_side(observed, workload.name, fit.provider, emulated=emulated), beside),
                why=_incomparable(fit) or _incomparable(fits.get(reference)),
                price=_price(
                    (fit.provider, _of(spends, workload.name, fit.provider)),
                    (reference, _of(spends, workload.name, reference)),
                    design.exchange_rates,
                ),
            )
            for fit in fits.values()
            if fit.provider != reference
        ]
    return tuple(rows)


def _of(spends: Iterable[Spend], workload: str, provider: str) -> list[Spend]:
    return [row for row in spends if (row.workload, row.provider) == (workload, provider)]


Place = tuple[str, str, int, str]
"""A block and a case in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One provider's attempts at one workload: of how many how many were usable, by block.

    `times` are seconds by place, with a minus where it timed out.
    """

    times: dict[Place, float]
    usable: dict[Block, tuple[int, int]]
    emulated: bool


def _side(observed: Observed, workload: str, provider: str, *, emulated: bool) -> _Side:
    times: dict[Place, float] = {}
    counts: dict[Block, tuple[int, int]] = {}
    asked = False
    rows = [row for row in observed.rows if (row.workload, row.provider) == (workload, provider)]
    for row in rows:
        for each in observed.of(row):
            if each.warm_up or each.emulated != emulated:
                continue
            asked = True
            block = (each.vantage, each.stage, each.block)
            if each.end in ("served", "timeout"):
                times[*block, each.case] = math.copysign(
                    each.seconds, 1 if each.end == "served" else -1
                )
            if each.end != "cut_off":
                usable, n = counts.get(block, (0, 0))
                counts[block] = usable + each.usable, n + 1
    return _Side(times=times, usable=counts, emulated=emulated and asked)


def _relative(
    fit: Fit,
    reference: str,
    sides: tuple[_Side, _Side],
    *,
    price: tuple[float | None, str],
    why: str,
) -> Relative:
    pairs = {} if why else _ratios(*sides)
    usable, others = ((), ()) if why else _usable(*sides)
    price_value, price_why = price
    return Relative(
        provider=fit.provider,
        reference=reference,
        workload=fit.workload,
        emulated=sides[0].emulated,
        pairs=sum(map(len, pairs.values())),
        time=_time([*pairs.values()]),
        price=None if why else price_value,
        price_why=why or price_why,
        usable=difference_estimate(usable, others),
        why=why,
    )


def _incomparable(fit: Fit | None) -> str:
    """Say why a provider is not compared at a workload; empty where it serves it exactly."""
    if fit is None or fit.kind == "unsupported":
        return f"{fit.provider if fit else 'the reference'} cannot be asked for it"
    return "" if fit.kind == "exact" else f"{fit.provider} is asked for something near it only"


# ------------------------------------------------------------------------------------- time
Span = tuple[float, float, float]
"""The logarithm of a ratio between the least and the most that it can be."""


def _ratios(first: _Side, second: _Side) -> dict[Block, list[Span]]:
    """Return how many times as long `first` took as `second`, pair by pair, by block."""
    blocks: dict[Block, list[Span]] = {}
    for place, seconds in first.times.items():
        other = second.times.get(place)
        if other is not None:
            blocks.setdefault(place[:-1], []).append(_ratio(seconds, other))
    return blocks


def _ratio(first: float, second: float) -> Span:
    apart = math.log(max(abs(first), 1e-6)) - math.log(max(abs(second), 1e-6))
    low = apart if math.copysign(1, second) > 0 else -math.inf
    return low, apart, apart if math.copysign(1, first) > 0 else math.inf


def _time(blocks: Sequence[Sequence[Span]]) -> Estimate:
    """Return the median of the blocks' ratios with its interval."""
    n = len(blocks)
    spans = np.array([np.mean(pairs, axis=0) for pairs in blocks]).reshape(n, 3)
    positions = rank_positions(n, 0.5) if n else None
    low = high = None
    if positions is not None:
        low, high = _at(spans[:, 0], positions[0]), _at(spans[:, 2], positions[1])
    told = [middle for low_, middle, high_ in spans if math.isfinite(low_) or math.isfinite(high_)]
    return Estimate(
        value=math.exp(float(np.median(told))) if told else None,
        low=low,
        high=high,
        confidence=0.95,
        n=n,
        unit="ratio",
        method=METHOD if positions else TOO_FEW.format(n=n, needed=fewest_samples(0.5)),
    )


def _at(logs: "np.ndarray[tuple[int], np.dtype[np.float64]]", position: float) -> float | None:
    """Return the ratio at a place between order statistics, counted from 1; None for no bound."""
    ordered, below = np.sort(logs), math.floor(position)
    first, second = ordered[below - 1], ordered[math.ceil(position) - 1]
    if not (math.isfinite(first) and math.isfinite(second)):
        return None
    return math.exp(float(first + (position - below) * (second - first)))


# ---------------------------------------------------------------------------------- quality
def _usable(first: _Side, second: _Side) -> tuple[Counts, Counts]:
    """Return usable attempts by block, of those blocks in which both were asked."""
    shared = [block for block in first.usable if block in second.usable]
    mine, others = ([side.usable[block] for block in shared] for side in (first, second))
    return mine, others


# ------------------------------------------------------------------------------------ price
Paid = tuple[str, Sequence[Spend]]


def _price(first: Paid, second: Paid, rates: Mapping[str, Rate]) -> tuple[float | None, str]:
    """Return how many times as much a usable image costs at `first`, or None and why not."""
    each: list[tuple[str, str, Decimal]] = []
    for name, rows in (first, second):
        usable, units = sum(row.usable for row in rows), {row.unit for row in rows}
        if not usable:
            return None, f"{name} delivered no usable image"
        if any(row.at_most for row in rows):
            return None, f"the replies of {name} do not count what its price depends on"
        if len(units) > 1:
            return None, f"{name} was paid in several units"
        spent = sum((row.spent for row in rows), Decimal(0))
        each.append((name, rows[0].unit, spent / usable))
    (_, unit, amount), (other_name, other_unit, other) = each
    if not currency(unit) or currency(unit) != currency(other_unit):
        lacking = [name for name, of, _ in each if _rate(name, of, rates) is None]
        if lacking:
            return None, f"no rate for {' and '.join(lacking)}"
        amount, other = (money * (_rate(name, of, rates) or 0) for name, of, money in each)
    if not other:
        return None, f"{other_name} cost nothing"
    return float(amount / other), ""


def _rate(name: str, unit: str, rates: Mapping[str, Rate]) -> Decimal | None:
    """Return what one unit of a provider's is worth in US dollars, where that is known."""
    rate = rate_of(name, unit, rates)
    if rate is not None:
        return rate.usd
    return Decimal(1) if currency(unit) == "usd" else None
