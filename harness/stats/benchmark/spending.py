"""What a benchmark cost, for which images, and what stopping early saved."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from harness.core.case import Price
from harness.stats.benchmark.model import Attempt, Saved, Spend

NOTHING = Decimal(0)


def spend(seen: Sequence[Attempt]) -> Spend:
    """Return the row of these attempts, which are of one provider, workload and basis.

    An attempt costs what its reply says it was charged, else what the price list says of what was
    delivered; one that brought nothing is free, or unsettled.
    """
    attempt = seen[0]
    served = [each for each in seen if each.end == "served"]
    paid = [each for each in seen if _charge(each) is not None]
    spent = _sum(_charge(each) for each in paid)
    usable = sum(each.images for each in served if each.usable)
    charged = [each.charged for each in seen if each.charged is not None]
    return Spend(
        provider=attempt.provider,
        basis=attempt.basis,
        emulated=attempt.emulated,
        workload=attempt.workload,
        fit=attempt.fit,
        unit=attempt.unit,
        requests=len(seen),
        images=sum(each.images for each in served),
        usable=usable,
        listed=_sum(each.listed for each in served),
        charged=_sum(charged) if charged else None,
        spent=spent,
        per_image=spent / usable if usable else None,
        wasted=_sum(_charge(each) for each in paid if not each.usable),
        unsettled=_sum(each.listed for each in seen if _unsettled(each)),
    )


def saved(seen: Sequence[Attempt], designed: Mapping[str, Price]) -> tuple[Saved, ...]:
    """Return what each provider's part of the design would have cost, and what was spent of it.

    `designed` is by the price list. Where a provider charges otherwise, or fails for nothing, its
    whole design is taken to cost more or less in the proportion of what was asked. What may have
    been paid for what never came counts as spent.
    """
    return tuple(
        _saved([attempt for attempt in seen if attempt.provider == name], name, price)
        for name, price in designed.items()
    )


def _saved(attempts: Sequence[Attempt], name: str, price: Price) -> Saved:
    spent = _sum(_at_worst(attempt) for attempt in attempts)
    asked = _sum(attempt.listed for attempt in attempts)
    designed = price.amount * spent / asked if asked else price.amount
    return Saved(provider=name, unit=price.unit, spent=spent, designed=max(designed, spent))


def _at_worst(attempt: Attempt) -> Decimal | None:
    return attempt.listed if _unsettled(attempt) else _charge(attempt)


def _unsettled(attempt: Attempt) -> bool:
    return attempt.may_be_paid and _charge(attempt) is None


def _charge(attempt: Attempt) -> Decimal | None:
    """Return what an attempt cost; None where nothing came and nothing was charged."""
    if attempt.charged is not None:
        return attempt.charged
    return attempt.listed if attempt.end == "served" else None


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((amount for amount in amounts if amount is not None), NOTHING)
