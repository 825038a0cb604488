"""What things cost, in words."""

import re
from decimal import Decimal

from harness.core.case import Price


def money(price: Price) -> str:
    """Return an amount with its unit, as short as it is exact: `at most 0.5 credits`."""
    most = "at most " if price.at_most else ""
    return f"{most}{price.amount.normalize():f} {unit_of(price.amount, price.unit)}"


def currency(unit: str) -> str:
    """Return the code of a currency, `usd`, in small letters; empty for a unit of a provider's own.

    One provider's credit is not another's; a dollar is a dollar everywhere.
    """
    return unit.lower() if _CURRENCY.fullmatch(unit) else ""


_CURRENCY = re.compile("[A-Za-z]{3}")


def unit_of(amount: Decimal, unit: str) -> str:
    """Return the unit as it stands behind an amount: credits and images are counted."""
    return f"{unit}s" if unit in {"credit", "image"} and amount != 1 else unit
