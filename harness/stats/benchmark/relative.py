"""Each provider of a benchmark beside one of them, the reference, in the same blocks."""

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

import numpy as np

from harness.core.benchmark import Design
from harness.core.money import currency
from harness.core.rate import Rate, rate_of
from harness.core.verdict import Estimate
from harness.core.workload import Fit
from harness.stats.benchmark.model import Attempt, Relative, Spend
from harness.stats.difference import Counts, difference_estimate
from harness.stats.intervals import TOO_FEW, fewest_samples, rank_positions

METHOD = (
    "median of the blocks' ratios, a block's being the geometric mean of its pairs (a timeout is"
    " longer than what was waited for); distribution-free interval between binomial order"
    " statistics (T. P. Hettmansperger and S. J. Sheather, Stat. Probab. Lett. 4, 1986), open where"
    " it ends at a timeout; pairs of which one was refused, failed or cut off are left out"
)
Block = tuple[str, int]


def relative_to_reference(
    design: Design, attempts: Iterable[Attempt], spends: Iterable[Spend]
) -> tuple[Relative, ...]:
    """Return each other provider at each workload beside the design's reference; none without one.

    `attempts` are those that may be compared, warm-up left out. Only who serves a workload exactly
    is compared.
    """
    if design.reference is None:
        return ()
    attempts, spends, reference = [*attempts], [*spends], design.reference
    rows = []
    for workload in design.workloads:
        fits = {fit.provider: fit for fit in design.fits if fit.workload == workload.name}
        rows += [
            _relative(
                fit,
                reference,
                (
                    _of(attempts, workload.name, fit.provider),
                    _of(attempts, workload.name, reference),
                ),
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


Row = TypeVar("Row", Attempt, Spend)


def _of(rows: Iterable[Row], workload: str, provider: str) -> list[Row]:
    return [row for row in rows if (row.workload, row.provider) == (workload, provider)]


def _relative(
    fit: Fit,
    reference: str,
    attempts: tuple[Sequence[Attempt], Sequence[Attempt]],
    *,
    price: tuple[float | None, str],
    why: str,
) -> Relative:
    pairs = {} if why else _ratios(*attempts)
    usable, others = ((), ()) if why else _usable(*attempts)
    price_value, price_why = price
    return Relative(
        provider=fit.provider,
        reference=reference,
        workload=fit.workload,
        emulated=any(each.emulated for each in attempts[0]),
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


def _ratios(first: Iterable[Attempt], second: Iterable[Attempt]) -> dict[Block, list[Span]]:
    """Return how many times as long `first` took as `second`, pair by pair, by block."""
    others = {_place(each): each for each in second if each.end in ("served", "timeout")}
    blocks: dict[Block, list[Span]] = {}
    for each in first:
        other = others.get(_place(each))
        if other is not None and each.end in ("served", "timeout"):
            blocks.setdefault((each.stage, each.block), []).append(_ratio(each, other))
    return blocks


def _place(attempt: Attempt) -> tuple[str, int, str]:
    return attempt.stage, attempt.block, attempt.case


def _ratio(first: Attempt, second: Attempt) -> Span:
    apart = math.log(max(first.seconds, 1e-6)) - math.log(max(second.seconds, 1e-6))
    low = apart if second.end == "served" else -math.inf
    return low, apart, apart if first.end == "served" else math.inf


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
def _usable(first: Iterable[Attempt], second: Iterable[Attempt]) -> tuple[Counts, Counts]:
    """Count usable attempts by block, of those blocks in which both were asked."""
    both = [_by_block(attempts) for attempts in (first, second)]
    shared = [block for block in both[0] if block in both[1]]
    mine, others = ([counts[block] for block in shared] for counts in both)
    return mine, others


def _by_block(attempts: Iterable[Attempt]) -> dict[Block, tuple[int, int]]:
    counts: dict[Block, tuple[int, int]] = {}
    for each in attempts:
        if each.end != "cut_off":
            usable, n = counts.get((each.stage, each.block), (0, 0))
            counts[each.stage, each.block] = usable + each.usable, n + 1
    return counts


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
