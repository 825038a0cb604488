"""Which share of valid requests failed in each of two runs."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.comparing.figures.rows import Row, name_of, rows_of
from harness.comparing.model import Comparison, Sample
from harness.core.verdict import Estimate
from harness.stats.difference import difference_estimate
from harness.stats.intervals import proportion_estimate
from harness.stats.two_shares import METHOD, compared_shares, independent

ALIKE = 0.05
"""How far the parts of a whole may be apart in two runs for its failure rates to be compared."""


def failures_of(base: Sequence[Sample], head: Sequence[Sample]) -> Iterator[Comparison]:
    """Yield a comparison of the share of requests that failed or timed out, for each row.

    Requests that were refused for their content or cut off by us count on neither side. Samples
    stand in the order in which they were sent: failures that come in a row are fewer than they
    seem.
    """
    for row in rows_of(base, head, _counts):
        if row.name[1:] != ("", "") or _mixed_alike(row):
            yield _comparison(row)


def _counts(sample: Sample) -> bool:
    return sample.end in ("served", "failed", "timeout")


def _failed(samples: Sequence[Sample]) -> list[bool]:
    return [each.end != "served" for each in samples]


def _mixed_alike(row: Row) -> bool:
    """Tell whether each part is about the same share of the whole in both runs."""
    sides = [[name_of(each) for each in samples] for samples in (row.base, row.head)]
    return all(
        abs(sides[0].count(name) / len(sides[0]) - sides[1].count(name) / len(sides[1])) <= ALIKE
        for name in dict.fromkeys(sides[0])
    )


def _comparison(row: Row) -> Comparison:
    provider, operation, workload = row.name
    mine, others = _failed(row.base), _failed(row.head)
    first, second, why = independent(mine, others)
    test = compared_shares(first, second)
    return Comparison(
        kind="failing",
        provider=provider,
        operation=operation,
        workload=workload,
        promise="",
        base=proportion_estimate(sum(mine), len(mine)),
        head=proportion_estimate(sum(others), len(others)),
        change=_change(first, second, (mine, others)),
        p=test.up,
        p_better=test.down,
        method=f"{METHOD}{why}",
        least_p=test.least,
    )


def _change(
    first: tuple[int, int], second: tuple[int, int], flags: tuple[list[bool], list[bool]]
) -> Estimate:
    """Return the change in points as counted, with the interval of what counts independently."""
    mine, others = flags
    value = 100 * (sum(others) / len(others) - sum(mine) / len(mine))
    change = difference_estimate([second], [first])
    if change.low is not None and change.high is not None:
        change = replace(change, low=min(change.low, value), high=max(change.high, value))
    return replace(change, value=value, n=min(first[1], second[1]))
