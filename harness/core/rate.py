"""What a provider's own unit is worth, as the user knows it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from harness.core.jsonvalue import Amount

STALE_DAYS = 90
"""A rate of more days ago may hold no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What one `unit` of a provider costs in US dollars, and who says so (a page, a file's line).

    Without a `unit` it is the one of the provider's price list. `date` is the day of which it is,
    as ISO 8601 writes it; empty where nobody says, and then JSON has no such key.
    """

    usd: Amount
    unit: str = ""
    source: str = ""
    date: Annotated[str, Field(exclude_if=lambda day: not day)] = ""

    def of_unit(self, unit: str) -> bool:
        """Tell whether the rate is for amounts in this unit."""
        return self.unit.lower() in ("", unit.lower())

    def age_days(self, on: dt.date) -> int | None:
        """Return how many days old it is on a day; None where its own is unknown."""
        try:
            return (on - dt.date.fromisoformat(self.date)).days
        except ValueError:
            return None

    def describe(self, unit: str, on: dt.date) -> str:
        """Return it in words with its source, its date and, where that is long ago, its age.

        `1 credit = 0.002 usd (acme.test/prices, 2026-03-01: 273 days old)`
        """
        age = self.age_days(on)
        said = self.date if age is not None else "no date said"
        if age is not None and age > STALE_DAYS:
            said += f": {age} days old"
        elif age is not None and age < 0:
            said += ": a day to come"
        who = ", ".join(filter(None, (self.source, said)))
        return f"1 {self.unit or unit} = {self.usd.normalize():f} usd ({who})"


def rate_of(provider: str, unit: str, rates: Mapping[str, Rate]) -> Rate | None:
    """Return the rate for a provider's amounts in a unit; None where none is known for it."""
    rate = rates.get(provider)
    return rate if rate is not None and rate.of_unit(unit) else None
