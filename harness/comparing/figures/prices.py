"""What an image cost in each of two runs."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from harness.comparing.figures.rows import Name, Row, rows_of
from harness.comparing.model import Comparison, Sample
from harness.core.verdict import Estimate
from harness.stats.intervals import median_estimate
from harness.stats.paired import paired_shift
from harness.stats.stratified import stratified_shift
from harness.stats.tested import Shift

LISTED = "equal requests have one price on either side: nothing is left to chance"

Prices = Mapping[tuple[Name, str], tuple[Decimal, Decimal]]


def prices_of(base: Sequence[Sample], head: Sequence[Sample]) -> Iterator[Comparison]:
    """Yield comparisons of what an image cost for equal questions, for each row in one unit.

    Where each question has one price on either side, there is one comparison of the questions that
    are dearer and one of those that are cheaper, without a p; else one by pairs.
    """
    for row in rows_of(base, head, _paid):
        if row.name[1:] == ("", "") or len(_units(row)) > 1:
            continue
        fixed = _fixed(row)
        yield from [_by_chance(row)] if fixed is None else _by_list(row, fixed)


def price_obstacles(base: Sequence[Sample], head: Sequence[Sample]) -> Iterator[str]:
    """Yield a sentence for each row whose prices are in units that cannot be compared."""
    for row in rows_of(base, head, _paid):
        mine, others = ({each.unit for each in side} for side in (row.base, row.head))
        if row.name[1:] != ("", "") and len(_units(row)) > 1:
            yield (
                f"{' '.join(filter(None, row.name))}: prices are not compared: paid in"
                f" {' and '.join(sorted(mine))} in BASE, in {' and '.join(sorted(others))} in HEAD"
            )


def _paid(sample: Sample) -> bool:
    return sample.end == "served" and sample.images > 0 and bool(sample.spent)


def _units(row: Row) -> set[str]:
    return {each.unit for each in (*row.base, *row.head)}


def _price(sample: Sample) -> Decimal:
    return (sample.spent or Decimal(0)) / sample.images


def _fixed(row: Row) -> Prices | None:
    """Return both prices by question; None where one varies, or cannot be known to be fixed.

    One sample shows no spread: then its price has to be that of the price list, and the list the
    same in both runs.
    """
    prices = {}
    for question, (mine, others) in row.questions.items():
        first, second = ({_price(each) for each in side} for side in (mine, others))
        by_list = (
            all(each.spent == each.listed for each in mine)
            and len({each.listed / each.images for each in (*mine, *others)}) == 1
        )
        seen_twice = len(mine) > 1 and len(others) > 1
        if len(first) > 1 or len(second) > 1 or not (by_list or seen_twice):
            return None
        prices[question] = first.pop(), second.pop()
    return prices


def _by_list(row: Row, prices: Prices) -> Iterator[Comparison]:
    dearer = [pair for pair in prices.values() if pair[1] > pair[0]]
    cheaper = [pair for pair in prices.values() if pair[1] < pair[0]]
    for moved in filter(None, (dearer, cheaper)):
        yield _exactly(row, moved, len(prices))
    if not dearer and not cheaper:
        yield _exactly(row, [*prices.values()], len(prices))


def _exactly(row: Row, pairs: Sequence[tuple[Decimal, Decimal]], questions: int) -> Comparison:
    """Compare the mean price of some questions, each of which counts alike."""
    mine, others = (float(sum(pair[side] for pair in pairs)) / len(pairs) for side in (0, 1))
    change = others / mine
    method = f"{LISTED}; {len(pairs)} of {questions} questions"
    unit = row.base[0].unit

    def exact(value: float, of: str) -> Estimate:
        return Estimate(
            value=value,
            low=value,
            high=value,
            confidence=0.95,
            n=len(pairs),
            unit=of,
            method=method,
        )

    return _comparison(row, exact(mine, unit), exact(others, unit), exact(change, "ratio"))


def _by_chance(row: Row) -> Comparison:
    """Compare prices that vary, by pairs, or by equal questions where there are none."""
    pairs, unit = row.paired, row.base[0].unit
    if pairs:
        shift = paired_shift([_log(head) - _log(base) for base, head in pairs])
    else:
        shift = stratified_shift(
            {
                repr(question): ([_log(each) for each in mine], [_log(each) for each in others])
                for question, (mine, others) in row.questions.items()
            }
        )
    sides = ([pair[side] for pair in pairs] for side in (0, 1)) if pairs else (row.base, row.head)
    mine, others = (median_estimate([float(_price(each)) for each in side], unit) for side in sides)
    return replace(_comparison(row, mine, others, shift), pairs=len(pairs))


def _log(sample: Sample) -> float:
    # Rounded, so that equal prices of different divisions are equal.
    return round(math.log(_price(sample)), 12)


def _comparison(row: Row, base: Estimate, head: Estimate, change: Estimate | Shift) -> Comparison:
    provider, operation, workload = row.name
    shift = change if isinstance(change, Shift) else None
    estimate = change.estimate if isinstance(change, Shift) else change
    return Comparison(
        kind="dearer",
        provider=provider,
        operation=operation,
        workload=workload,
        promise="",
        base=base,
        head=head,
        change=estimate,
        p=shift.test.up if shift else None,
        p_better=shift.test.down if shift else None,
        method=estimate.method,
        least_p=shift.test.least if shift else 0.0,
    )
