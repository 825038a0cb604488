"""Figures of a choice in words."""

from decimal import Decimal

from harness.choosing.model import UnitPrice
from harness.core.money import unit_of
from harness.core.verdict import Estimate


def amount(value: Decimal) -> str:
    """Return an amount with about three digits, whole from 100 on: `0.0062`, `1,240`."""
    short = Decimal(f"{value:.3g}") if abs(value) < 100 else value.quantize(Decimal(1))  # noqa: PLR2004 - three digits
    return f"{short.normalize():,f}"


def price(known: UnitPrice) -> str:
    """Return a price with its unit: `0.05 usd`, `at most 4 credits`, `0.05 usd (0.05 to 0.055)`."""
    text = f"{amount(known.value)} {unit_of(known.value, known.unit)}"
    if known.low is None:
        return f"at most {text}"
    low, high = amount(known.low), amount(known.high)
    return text if low == high else f"{text} ({low} to {high})"


def share(value: float) -> str:
    """Return a share in percent: `2 %`, `8.8 %`."""
    return f"{value * 100:.3g} %"


def span(estimate: Estimate) -> str:
    """Return a share with its interval: `12.5 %, 2.2 to 47.1 %`."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "nothing to count"
    return f"{share(estimate.value)}, {share(estimate.low)[:-2]} to {share(estimate.high)}"


def listing(names: list[str]) -> str:
    """Return names as a list in a sentence: `a, b and c`."""
    *first, last = names
    return " and ".join(filter(None, (", ".join(first), last)))
