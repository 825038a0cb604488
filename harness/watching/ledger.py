"""What of a month's budget a day may spend: what is left, in equal parts, less a reserve."""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from harness.watching.model import Spent

AGAIN = "-again"
"""What the name of a run holds, behind that of its canary, in which something was asked again."""

RESERVE = Decimal("0.3")
"""The share of a month's budget that is kept to ask again for what is suspected."""

A_DAY_S = Decimal("0.6")
"""The share of the reserve that is left which one day may take: another change may come."""

MOST_DAYS, LEAST_IMAGES = 3, 6
"""How many days' shares a canary takes at most, however many were missed (a watch may begin on the
last day of a month); and how many images that is at least."""

ROUNDS, AGAIN_IMAGES = 4, (4, 8, 12, 20)
"""In how many rounds a day asks again, and for how many images in each at most: a later one only
where those before it leave it open."""

DEFAULT_IMAGES = 240
"""A month's images where nothing is said: some 8 a day, what is asked again among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a provider's watch may cost in a month; None is no limit."""

    images: int | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a day may spend: on its canary, and to ask again (`again`); both together at most.

    `left` is what is left of the month before the day.
    """

    canary: Budget
    again: Budget
    left: Budget


def month_of(spent: Mapping[str, Mapping[str, Spent]], provider: str, day: date) -> Spent:
    """Return what all runs of the day's month may have cost at a provider."""
    total = Spent()
    for run, each in spent.items():
        if run.startswith(f"{day:%Y-%m}") and provider in each:
            total = total.plus(each[provider])
    return total


def share_of(
    budget: Budget, spent: Mapping[str, Mapping[str, Spent]], provider: str, day: date
) -> Share:
    """Return what a day may spend of what is left of its month.

    What a missed day did not spend is spread over the days that are left; a day that spent more
    leaves less to them. A second canary of a day shares what the first one left of it.
    """
    of_month = month_of(spent, provider, day)
    again = Spent()
    today = Spent()
    for run, each in spent.items():
        if provider in each and run.startswith(f"{day:%Y-%m}"):
            if AGAIN in run:
                again = again.plus(each[provider])
            elif run[:10] == f"{day}":
                today = today.plus(each[provider])
    images = amount = None
    if budget.images is not None:
        images = _parts(
            *(budget.images, of_month.images, again.images, today.images),
            day=day,
        )
    if budget.amount is not None:
        amount = _parts(
            *(budget.amount, of_month.amount, again.amount, today.amount),
            day=day,
        )
    kinds = [
        Budget(
            images=None if images is None else int(images[place]),
            amount=None if amount is None else amount[place],
        )
        for place in range(3)
    ]
    return Share(canary=kinds[0], again=kinds[1], left=kinds[2])


def _parts(
    month: Decimal | int,
    spent: Decimal | int,
    again: Decimal | int,
    today: Decimal | int,
    *,
    day: date,
) -> tuple[Decimal, Decimal, Decimal]:
    """Return what there is for the canary, to ask again, and in all."""
    days = monthrange(day.year, day.month)[1]
    days_left = days - day.day + 1
    most = MOST_DAYS * (1 - RESERVE) * month / days
    if isinstance(month, int):
        most = max(most, Decimal(LEAST_IMAGES))
    left = max(Decimal(month) - spent, Decimal(0))
    reserve = max(min(RESERVE * month - again, left), Decimal(0))
    canary = max(min((left - reserve + today) / days_left, most) - today, Decimal(0))
    return canary, A_DAY_S * reserve if days_left > 1 else reserve, left
